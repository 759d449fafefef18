"""Several finished accounts as one: what they would have earned together, beside equal shares and each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quant.calendars import counted_periods_per_year
from quant.luck import look_at_returns
from quant.one_core import one_core
from quant.portfolio.books import LEAST_BARS, Books, hold_together, on_common_bars
from quant.portfolio.catalog import BooksSpec
from quant.returns import per_period_rate
from quant.risk.drawdown import max_drawdown
from quant.risk.exposure import annualised_turnover
from quant.risk.performance import annualised_volatility, compound_annual_growth_rate, sharpe_ratio, total_return
from quant.risk.resampling import Luck, judge_luck
from quant.validation.comparison import SharpeDifference, sharpe_difference
from quant.validation.overfitting import deflated_sharpe_ratio, return_moments

TOGETHER, EQUAL = "together", "equal"
_FEWEST_FOR_A_VARIANCE = 2


@dataclass(frozen=True)
class Trials:
    """What the combination is deflated by: all that was tried, and how widely it varied.

    Attributes
    ----------
    n_trials : int
        Each counted as one.
    n_independent : float
        How many independent ones they amount to.
    variance : float
        Of the trials' Sharpe ratios, per bar.
    """

    n_trials: int
    n_independent: float
    variance: float


@dataclass(frozen=True)
class Measured:
    """What a curve came to, after costs; NaN where unknown.

    Attributes
    ----------
    total_return, annual_return, volatility, sharpe_ratio, max_drawdown : float
        As of `quant.risk`; all but the first and the last a year.
    turnover : float
        How often a year capital was moved, one way; 0 for a single account.
    luck : Luck or None
        Where Sharpe ratio and drawdown could as well have been; None where nobody looked, or nothing moved.
    """

    total_return: float
    annual_return: float
    volatility: float
    sharpe_ratio: float
    max_drawdown: float
    turnover: float
    luck: Luck | None


@dataclass(frozen=True, eq=False)
class Combined:
    """Accounts held together, beside the same in equal shares and each alone, all on the same bars.

    Attributes
    ----------
    books : Books
        As divided.
    curves : DataFrame of shape (n_bars, n_accounts + 2)
        Wealth from 1: `together`, `equal`, and each account.
    measures : mapping of str to Measured
        By column of `curves`.
    best : str
        The account with the greatest Sharpe ratio of these bars, which nobody could know before.
    test : SharpeDifference
        Of `together` against `equal`, annualised; NaN where it cannot be told.
    deflated, deflated_by_independent : float
        Probability that the Sharpe ratio of `together` is more than the best of all trials, or of the independent ones
        that they amount to, reaches by luck; NaN if nothing moved.
    left_out : mapping of str to int
        Accounts with too few common bars, and how many they have in common with the longest.
    """

    books: Books
    curves: pd.DataFrame
    measures: Mapping[str, Measured]
    best: str
    test: SharpeDifference
    deflated: float
    deflated_by_independent: float
    left_out: Mapping[str, int]


def combine(
    wealth: Mapping[str, pd.Series],
    spec: BooksSpec,
    trials: Trials,
    *,
    periods_per_year: float | None,
    risk_free_annual: float = 0.0,
    seed: int = 0,
) -> Combined:
    """Hold finished accounts together, walking forward, and say what came of it.

    Parameters
    ----------
    wealth : mapping of str to Series
        Out-of-sample equity of each account by `timestamp`, ascending. The names are not `together` and `equal`.
    spec : BooksSpec
        How to divide, how often, and what it costs.
    trials : Trials
        What was tried before there were these accounts.
    periods_per_year : float or None
        Bars a year; None: as many as the common bars were on average, for such as end by activity.
    risk_free_annual : float, default=0.0
        Risk-free rate a year.
    seed : int, default=0
        Of the intervals.

    Returns
    -------
    Combined
        All on the common bars, from the first division on.

    Raises
    ------
    NotEnoughData
        If no account has the window and 20 bars after it.

    Notes
    -----
    Timing: shares use only what was known, see `quant.portfolio.books.hold_together`; measures are of the past, and
    `best` is known afterwards only.
    """
    common = on_common_bars(wealth, least=spec.window + LEAST_BARS)
    if periods_per_year is None:
        periods_per_year = counted_periods_per_year(common.returns.index)
    with one_core():
        books = hold_together(common.returns, spec)
        equal = hold_together(common.returns, spec.model_copy(update={"method": "equal"}))
    alone = (1.0 + common.returns.loc[books.curve.index[1:]]).cumprod()
    alone = pd.concat([pd.DataFrame(1.0, index=books.curve.index[:1], columns=alone.columns), alone])
    curves = pd.concat(
        [books.curve["equity"].rename(TOGETHER), equal.curve["equity"].rename(EQUAL), alone], axis="columns"
    )
    moved = {TOGETHER: books.curve["turnover"], EQUAL: equal.curve["turnover"]}
    rate = per_period_rate(risk_free_annual, periods_per_year)
    changes = curves.pct_change(fill_method=None).iloc[1:].fillna(0.0)  # of nothing there is nothing to earn
    excess = changes - rate
    ratios = {name: sharpe_ratio(excess[name], periods_per_year=periods_per_year) for name in alone.columns}
    best = max(ratios, key=lambda name: -np.inf if np.isnan(ratios[name]) else ratios[name])
    measures = {
        name: _measured(
            curves[name],
            moved.get(name),
            judge_luck(changes[name], periods_per_year=periods_per_year, seed=seed, risk_free_annual=risk_free_annual)
            if name in {TOGETHER, EQUAL, best}
            else None,
            periods_per_year,
            rate,
        )
        for name in curves.columns
    }
    deflated, by_independent = (_deflated(excess[TOGETHER], trials, n) for n in (trials.n_trials, trials.n_independent))
    return Combined(
        books=books,
        curves=curves,
        measures=measures,
        best=best,
        test=sharpe_difference(excess[TOGETHER], excess[EQUAL], periods_per_year=periods_per_year),
        deflated=deflated,
        deflated_by_independent=by_independent,
        left_out=common.left_out,
    )


def look_at_members(wealth: Mapping[str, pd.Series]) -> Mapping[str, Any] | None:
    """Return how often the best of several accounts on half of their bars is no better than the median on the rest.

    Parameters
    ----------
    wealth : mapping of str to Series
        Equity of each account by `timestamp`, ascending.

    Returns
    -------
    mapping or None
        Facts of `quant.luck.look_at_returns`, of the bars that all have; None with fewer than five accounts or 32 bars.

    Notes
    -----
    Timing: a statement about the past. Accounts that have no bar in common with the rest count as `on_common_bars`
    has it: the fewest are left out that leave 32 bars.
    """
    if not wealth or max(map(len, wealth.values())) < LEAST_BARS:
        return None
    earned = on_common_bars(wealth, least=min(LEAST_OF_A_CHOICE, max(map(len, wealth.values())))).returns
    return look_at_returns(earned.iloc[1:].to_numpy()).facts


def spread_of(sharpe_ratios: list[float], known: list[float]) -> float:
    """Return how widely trials vary: the variance of curves' Sharpe ratios, or what was known of it, whichever is more.

    Parameters
    ----------
    sharpe_ratios : list of float
        Of the curves, per bar.
    known : list of float
        Variances that each question found of its own trials, per bar.

    Returns
    -------
    float
        Zero or more.
    """
    own = float(np.var(sharpe_ratios, ddof=1)) if len(sharpe_ratios) >= _FEWEST_FOR_A_VARIANCE else 0.0
    return max([own, *known])


LEAST_OF_A_CHOICE = 33  # bars: 32 returns, two in each block


def _measured(
    curve: pd.Series, moved: pd.Series | None, luck: Luck | None, periods_per_year: float, rate: float
) -> Measured:
    changes = curve.pct_change(fill_method=None).iloc[1:].fillna(0.0)
    return Measured(
        total_return=total_return(curve),
        annual_return=compound_annual_growth_rate(curve, periods_per_year=periods_per_year),
        volatility=annualised_volatility(changes, periods_per_year=periods_per_year),
        sharpe_ratio=sharpe_ratio(changes - rate, periods_per_year=periods_per_year),
        max_drawdown=max_drawdown(curve),
        turnover=0.0 if moved is None else annualised_turnover(moved.iloc[1:], periods_per_year=periods_per_year),
        luck=luck,
    )


def _deflated(excess: pd.Series, trials: Trials, n_trials: float) -> float:
    moments = return_moments(excess)
    if np.isnan(moments.sharpe):
        return float("nan")
    variance = max(trials.variance, 1.0 / (moments.n_returns - 1))  # what chance gives over so many bars
    return deflated_sharpe_ratio(
        moments.sharpe,
        moments.n_returns,
        moments.skewness,
        moments.raw_kurtosis,
        trial_variance=variance,
        n_trials=max(n_trials, 1.0),
    )
