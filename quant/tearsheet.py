"""What a curve is shown by, beside its measures: periods, drawdowns, stress, rolling measures, luck, sizes in words."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from quant.errors import NotEnoughData
from quant.frames import of_instrument
from quant.returns import per_period_rate
from quant.risk.betting import advice_in_words, advise, fraction_for_volatility
from quant.risk.catalog import RiskSpec
from quant.risk.drawdown import drawdown_table
from quant.risk.exposure import rolling_measures
from quant.risk.factors import correlation_matrix, factor_betas
from quant.risk.performance import annualised_volatility, monthly_returns, yearly_returns
from quant.risk.resampling import Method, judge_luck, luck_in_words
from quant.risk.stress import named_windows, worst_windows
from quant.stages import Json

N_DRAWDOWNS = 10
VOLATILITY_TARGET = 0.10  # a year: what positions are compared with in words
_CLEAR = 2.0  # of a t-value: about what chance exceeds once in twenty times
_METHODS: tuple[Method, ...] = ("block_bootstrap", "normal")


def tearsheet_frames(
    equity: pd.DataFrame, benchmark: pd.DataFrame, prices: pd.DataFrame, spec: RiskSpec, periods_per_year: float
) -> dict[str, pd.DataFrame]:
    """Return the tables and lines that show a curve.

    Parameters
    ----------
    equity, benchmark : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`; `equity`, the initial capital first, and `return`.
    prices : DataFrame of shape (n_rows, n_columns)
        Panel with `adjusted_close` of every instrument.
    spec : RiskSpec
        Risk-free rate and rolling window.
    periods_per_year : float
        Bars a year.

    Returns
    -------
    dict of str to DataFrame
        `monthly_returns`, `yearly_returns`, `drawdowns`, `stress`, `rolling` and, with more than one instrument,
        `correlations`.

    Notes
    -----
    Timing: uses all bars; outcomes, never an input of a decision.
    """
    own, other = equity["equity"], benchmark["equity"]
    stress = [worst_windows(own, other), named_windows(own, other)]
    frames = {
        "monthly_returns": monthly_returns(own, other),
        "yearly_returns": yearly_returns(own, other),
        "drawdowns": drawdown_table(own, n=N_DRAWDOWNS),
        "stress": pd.concat(stress, ignore_index=True),
        "rolling": rolling_measures(
            equity["return"],
            benchmark["return"],
            window=spec.rolling_window,
            periods_per_year=periods_per_year,
            risk_free_annual=spec.risk_free_annual,
        ),
    }
    if len(prices.index.unique("instrument")) > 1:
        frames["correlations"] = _correlations(prices)
    return frames


def uncertainty(
    equity: pd.DataFrame, trades: pd.DataFrame, spec: RiskSpec, periods_per_year: float, *, seed: int
) -> dict[str, Json]:
    """Return what luck could have made of a curve, and what its trades say about the size of positions.

    Parameters
    ----------
    equity : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`, with `return`.
    trades : DataFrame of shape (n_trades, n_columns)
        Round trips with `return_on_entry_value` and `is_open`.
    spec : RiskSpec
        Risk-free rate.
    periods_per_year : float
        Bars a year.
    seed : int
        Of the question; each part draws from a stream of its own.

    Returns
    -------
    dict of str to JSON
        `luck`, one entry for each way of making curves, `bet` and `volatility`, each with its sentence `in_words`; an
        empty list and None where there is too little to go by.

    Notes
    -----
    Timing: uses all bars and closed trades.
    """
    returns = equity["return"].to_numpy()
    luck = [
        judge_luck(
            returns,
            periods_per_year=periods_per_year,
            seed=seed,
            risk_free_annual=spec.risk_free_annual,
            method=method,
        )
        for method in _METHODS
    ]
    closed = trades["return_on_entry_value"].to_numpy()[~trades["is_open"].to_numpy(dtype=np.bool_)]
    bet = advise(closed, seed=seed)
    return {
        "luck": [{**dataclasses.asdict(each), "in_words": luck_in_words(each)} for each in luck if each is not None],
        "bet": None if bet is None else {**dataclasses.asdict(bet), "in_words": advice_in_words(bet)},
        "volatility": _volatility(annualised_volatility(returns, periods_per_year=periods_per_year)),
    }


def factor_exposures(
    equity: pd.DataFrame, prices: pd.DataFrame, spec: RiskSpec, periods_per_year: float
) -> dict[str, Json]:
    """Return how much of a curve is explained by the instruments of its question, held all the time.

    Parameters
    ----------
    equity : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`, with `return`.
    prices : DataFrame of shape (n_rows, n_columns)
        Panel with `adjusted_close` of every instrument: the factors are their simple returns.
    spec : RiskSpec
        Risk-free rate, which is taken from both sides.
    periods_per_year : float
        Bars a year.

    Returns
    -------
    dict of str to JSON
        `betas`, one entry an instrument with `instrument`, `beta`, `error` (Newey and West's) and `t_value` (None where
        it is not known); `alpha_annualised`, what no factor explains, times the bars of a year, `alpha_t_value`,
        `r_squared`, `n_bars`, and a sentence `in_words`. Without betas and numbers where they cannot be told apart: the
        sentence then says why.

    Notes
    -----
    Timing: uses all bars at which all are known; a statement about the past.

    References
    ----------
    See `quant.risk.factors.factor_betas`.
    """
    rate = per_period_rate(spec.risk_free_annual, periods_per_year)
    instruments = prices.index.unique("instrument").sort_values()
    closes = pd.DataFrame({n: of_instrument(prices, n)["adjusted_close"] for n in instruments})
    try:
        found = factor_betas(equity["return"] - rate, closes / closes.shift(1) - 1.0 - rate)
    except NotEnoughData as error:
        return {"betas": [], "in_words": str(error)}
    rows, alpha = found.coefficients.iloc[1:], found.coefficients.iloc[0]
    kept = float(alpha["coefficient"]) * periods_per_year
    share, certain = _or_none(found.r_squared), _or_none(float(alpha["t_value"]))
    betas = [
        {
            "instrument": int(name),
            "beta": float(row["coefficient"]),
            "error": float(row["robust_error"]),
            "t_value": _or_none(float(row["t_value"])),
        }
        for name, (_, row) in zip(instruments, rows.iterrows(), strict=True)
    ]
    return {
        "betas": betas,
        "alpha_annualised": kept,
        "alpha_t_value": certain,
        "r_squared": share,
        "n_bars": found.n_observations,
        "in_words": _explained(share, kept, certain),
    }


def _explained(share: float | None, alpha: float, t_value: float | None) -> str:
    if share is None or t_value is None:
        return "The curve hardly moved: there is nothing to explain."
    is_clear = abs(t_value) >= _CLEAR
    verdict = "more than chance would make of it" if is_clear else "no more than chance could make of it"
    return (
        f"Moves of the instruments, in fixed parts, explain {share:.0%} of the curve's variance; what is left is "
        f"{alpha:+.1%} a year, {verdict} (t = {t_value:.1f})."
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _volatility(volatility: float) -> Mapping[str, Json] | None:
    """Return how positions would have to change for the volatility to be the target; None if nothing varied."""
    factor = fraction_for_volatility(volatility, VOLATILITY_TARGET)
    if np.isnan(factor):
        return None
    words = (
        f"As it was traded, the curve had a volatility of {volatility:.1%} a year; positions {factor:.2f} times as "
        f"large would have had {VOLATILITY_TARGET:.0%}."
    )
    return {"annualised": volatility, "target": VOLATILITY_TARGET, "factor": factor, "in_words": words}


def _correlations(prices: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each pair of instruments."""
    instruments = prices.index.unique("instrument").sort_values()
    closes = pd.concat({n: of_instrument(prices, n)["adjusted_close"] for n in instruments}, axis="columns")
    matrix = correlation_matrix(closes / closes.shift(1) - 1.0)
    first, second = np.triu_indices(len(matrix), 1)
    return pd.DataFrame(
        {
            "instrument": instruments.to_numpy()[first],
            "other": instruments.to_numpy()[second],
            "correlation": matrix.to_numpy()[first, second],
        }
    )
