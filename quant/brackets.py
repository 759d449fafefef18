"""Within which bounds an answer lies: other costs, the costs at which nothing is left, other prices of the bars."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from quant.backtest.catalog import BacktestSpec
from quant.backtest.costs import BASIS_POINT, flat, scaled
from quant.backtest.engine import BacktestResult, run_backtest
from quant.backtest.fill_range import best_and_worst
from quant.backtest.simulation import FILL_PRICE, FILL_SHARES
from quant.backtest.trades import find_round_trips
from quant.risk.performance import headline
from quant.stages import Json

COST_MULTIPLES = (0.0, 1.0, 2.0, 5.0)
MOST_BPS = 1_000.0  # dearer trading than this is not looked at
_BPS_RESOLUTION = 0.01
_MOST_RUNS = 40


def bracket(
    outcome: BacktestResult,
    decisions: pd.DataFrame,
    spec: BacktestSpec,
    *,
    periods_per_year: float,
    risk_free_annual: float,
) -> dict[str, Json]:
    """Return what an account would have become under other costs and at other prices within the bars.

    Parameters
    ----------
    outcome : BacktestResult
        The headline: what `run_backtest` made of the decisions.
    decisions : DataFrame of shape (n_rows, n_columns)
        Panel with `target_weight`.
    spec : BacktestSpec
        As it was asked.
    periods_per_year : float
        Bars a year.
    risk_free_annual : float
        Rate a year that the Sharpe ratios are above.

    Returns
    -------
    dict of str to JSON
        `scenarios`, each with `name` (`costs_0x`, `costs_1x`, `costs_2x`, `costs_5x`, `worst_fills`, `best_fills`),
        `final_equity`, `total_return`, `sharpe_ratio` (None: undefined, and of other fills) and `n_trades`; `paid_bps`,
        the commissions and slippage (spread and impact included) that were paid, of all that was traded, None without a
        trade; `break_even_bps`, the cost of each trade in place of all these at which the account ends with what it
        began with, None if it loses without any, if it still gains at `MOST_BPS`, and without a trade; and two
        sentences, `costs_in_words` and `fills_in_words`.

    Notes
    -----
    Timing: decisions stay as they are; each run turns them into shares by its own equity. Outcomes, never inputs.

    Within a bar, uncertain is where an order at the open was filled (see `best_and_worst`); with a stop and a
    take-profit, which of two levels was touched first; and whether a limit was filled that was only touched. Best and
    worst are the farthest ends of all of these.

    Costs are all that `quant.backtest.costs.scaled` multiplies: interest on debt, not that on cash. The break-even is
    found by false position on whole runs, to a hundredth of a basis point; with borrow fees and interest as they were
    asked, which are no cost of a trade.
    """
    runs = {multiple: _run(outcome, decisions, spec, multiple) for multiple in COST_MULTIPLES}
    curves = {f"costs_{multiple:.0f}x": (run.equity["equity"], run) for multiple, run in runs.items()}
    curves |= _at_other_prices(outcome, decisions, spec)
    scenarios = [
        {
            "name": name,
            "final_equity": float(equity.iloc[-1]),
            "total_return": float(equity.iloc[-1] / spec.initial_cash - 1.0),
            "sharpe_ratio": _sharpe_ratio(name, equity, periods_per_year, risk_free_annual),
            "n_trades": len(find_round_trips(run).outcomes["pnl"]),
        }
        for name, (equity, run) in curves.items()
    ]
    gains = {str(scenario["name"]): float(str(scenario["total_return"])) for scenario in scenarios}
    paid, break_even = _paid_bps(outcome), _break_even_bps(outcome, decisions, spec)
    return {
        "scenarios": scenarios,
        "paid_bps": paid,
        "break_even_bps": break_even,
        "costs_in_words": _costs_in_words(gains, paid, break_even),
        "fills_in_words": _fills_in_words(gains, paid),
    }


def _at_other_prices(
    outcome: BacktestResult, decisions: pd.DataFrame, spec: BacktestSpec
) -> dict[str, tuple[pd.Series, BacktestResult]]:
    """Return the curves at the worst and the best prices; of levels that a bar touches, by every convention."""
    runs = [outcome]
    asked = [spec]
    if spec.exits.is_used:
        other = "target_first" if spec.exits.intrabar == "stop_first" else "stop_first"
        asked.append(spec.model_copy(update={"exits": spec.exits.model_copy(update={"intrabar": other})}))
    if spec.has_limits:
        touched = "missed" if spec.touched_limits == "filled" else "filled"
        asked += [each.model_copy(update={"touched_limits": touched}) for each in asked]
    runs += [run_backtest(outcome.bars, decisions, each) for each in asked[1:]]
    ranges = [(best_and_worst(run), run) for run in runs]
    best, by_best = max(((curves[0], run) for curves, run in ranges), key=lambda each: float(each[0][-1]))
    worst, by_worst = min(((curves[1], run) for curves, run in ranges), key=lambda each: float(each[0][-1]))
    index = outcome.bars.timestamps
    return {"worst_fills": (pd.Series(worst, index), by_worst), "best_fills": (pd.Series(best, index), by_best)}


def _run(outcome: BacktestResult, decisions: pd.DataFrame, spec: BacktestSpec, multiple: float) -> BacktestResult:
    if multiple == 1.0:
        return outcome
    return run_backtest(outcome.bars, decisions, scaled(spec, multiple))


def _sharpe_ratio(name: str, equity: pd.Series, periods_per_year: float, risk_free_annual: float) -> float | None:
    """Return the ratio of a scenario; of other fills none: sizes stay, so what is lost is a lever on what is left."""
    if name in {"worst_fills", "best_fills"}:
        return None
    ratio = headline(equity, periods_per_year=periods_per_year, risk_free_annual=risk_free_annual).sharpe_ratio
    return None if np.isnan(ratio) else ratio


def _paid_bps(outcome: BacktestResult) -> float | None:
    """Return commissions and slippage as a part of what was traded."""
    fills = outcome.fill_table
    traded = float(np.abs(fills[FILL_SHARES] * fills[FILL_PRICE]).sum())
    if traded == 0.0:
        return None
    return float(outcome.fills[["commission", "slippage_cost"]].to_numpy().sum()) / traded / BASIS_POINT


def _break_even_bps(outcome: BacktestResult, decisions: pd.DataFrame, spec: BacktestSpec) -> float | None:
    if outcome.fill_table.shape[1] == 0:
        return None

    def gain(bps: float) -> float:
        return run_backtest(outcome.bars, decisions, flat(spec, bps)).final_equity - spec.initial_cash

    return _last_positive(gain, MOST_BPS, _BPS_RESOLUTION)


def _last_positive(function: Callable[[float], float], most: float, resolution: float) -> float | None:
    """Return where a function that is positive at 0 and not at `most` changes sign; None if it is not so.

    False position by the Illinois rule: an end that stays twice counts half (Dowell and Jarratt 1971, BIT 11).
    """
    low, high = 0.0, most
    at_low, at_high = function(low), function(high)
    if at_low <= 0.0 or at_high > 0.0:
        return None
    kept = 0
    for _ in range(_MOST_RUNS):
        if high - low <= resolution:
            break
        middle = low + (high - low) * min(max(at_low / (at_low - at_high), 0.01), 0.99)
        value = function(middle)
        if value > 0.0:
            low, at_low = middle, value
            at_high *= 0.5 if kept > 0 else 1.0
            kept = 1
        else:
            high, at_high = middle, value
            at_low *= 0.5 if kept < 0 else 1.0
            kept = -1
    return 0.5 * (low + high)


def _costs_in_words(gains: dict[str, float], paid: float | None, break_even: float | None) -> str:
    if paid is None:
        return "Nothing was traded, so nothing was paid."
    free = gains["costs_0x"]
    if free <= 0.0:
        return f"Without any costs it would have earned {free:+.1%}: costs are not what it fails by."
    spent = f"It paid {paid:.1f} basis points of what it traded"
    if break_even is None:
        return f"{spent}; even {MOST_BPS:,.0f} a trade would have left a gain."
    return f"{spent}; at {break_even:.1f} a trade nothing would have been left of {free:+.1%} without costs."


def _fills_in_words(gains: dict[str, float], paid: float | None) -> str:
    if paid is None:
        return "Nothing was traded, so no price within a bar matters."
    return (
        f"Fills at the worst price of their bars would have made {gains['worst_fills']:+.1%} of "
        f"{gains['costs_1x']:+.1%}, fills at the best {gains['best_fills']:+.1%}."
    )
