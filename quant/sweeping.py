"""Thousands of combinations of a rule's numbers on the same prices: measures of each, and nothing else.

Combinations share their lines: a hundred averages serve ten thousand pairs of them. Of a combination nothing is kept
but its measures, so memory does not grow with the number of bars times combinations.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pandas as pd
from numba import njit

from quant.backtest.alignment import align
from quant.backtest.catalog import BacktestSpec, CostSpec
from quant.backtest.costs import to_rates
from quant.backtest.quick_account import MEASURES, Market, QuickRules, quick_account, to_market
from quant.backtest.sizing import full_sizes
from quant.errors import NotEnoughData
from quant.frames import Prices
from quant.rules import draw
from quant.strategies.catalog import NO_LINE, Crossover, PairSpread
from quant.strategies.combinations import Combinations, NumberArray, PlaceArray, combine
from quant.strategies.plans import write_sides
from quant.strategies.sweep_catalog import Range

LEAST_BARS = 3  # two returns, without which nothing has a deviation
# What the quick account knows; whatever else may be asked of an account must stand at its default.
# The last two do not matter to an account of one instrument without limits.
_KNOWN = frozenset(
    {"initial_cash", "sizing", "costs", "whole_shares", "rebalance_threshold", "touched_limits", "delisting"}
)
_KNOWN_COSTS = frozenset(
    {"commission_bps", "commission_per_share", "commission_minimum", "slippage_bps", "borrow_annual"}
)
_KNOWN_SIZES = frozenset({"fixed_fraction", "volatility_target"})
_MOST_LINE_BYTES = 32_000_000  # that are drawn at once
_LEAST_PART = 64  # combinations that a thread takes at once
_COLUMNS = pd.Index(MEASURES, dtype="str")  # made once: strings take longer than the frame


def sweep_rule(
    combinations: Combinations,
    raw: Prices,
    adjusted: Prices,
    spec: BacktestSpec,
    *,
    periods_per_year: float,
    risk_free: float = 0.0,
    part: slice = slice(None),
    n_threads: int = 1,
) -> pd.DataFrame:
    """Measure combinations of a rule's numbers, each in an account of its own.

    Parameters
    ----------
    combinations : Combinations
        Of a rule of one instrument.
    raw, adjusted : DataFrame of shape (n_bars, 8)
        Raw and forward-adjusted price frame of the instrument, on the same bars.
    spec : BacktestSpec
        The account, such as `why_not_quick` has nothing against.
    periods_per_year : float
        Bars a year.
    risk_free : float, default=0.0
        Risk-free rate a bar.
    part : slice, optional
        Which combinations; default: all. Parts of a sweep give together what the whole gives, bit for bit.
    n_threads : int, default=1
        Threads that measure side by side. They change no number.

    Returns
    -------
    DataFrame of shape (n_combinations, 6)
        `sharpe_ratio` (a bar's, of returns above the risk-free rate), `total_return`, `max_drawdown`, `n_trades`,
        `turnover` (two-way, of all bars together) and `time_in_market`; NaN where there is too little to tell.

    Raises
    ------
    NotEnoughData
        If there are too few bars after the warm-up.

    Notes
    -----
    Timing: as of the rule by itself: decided at a close, filled at the next open, from the bar on at which every
    combination may be acted upon. All numbers are of the whole range, and the best of them looks good by luck.
    """
    first = combinations.warm_up
    n_bars = len(adjusted) - first
    if n_bars < LEAST_BARS:
        raise NotEnoughData(
            f"Expected at least {LEAST_BARS} bars after the {first} that the slowest combination waits for; found "
            f"{max(n_bars, 0)}. Use a longer history or shorter windows."
        )
    bars = align({0: raw}, start=adjusted.index[first])
    market = to_market(bars)
    sizes = full_sizes(adjusted, spec.sizing, periods_per_year=periods_per_year)[first:]
    account = QuickRules(spec.initial_cash, spec.whole_shares, spec.rebalance_threshold, to_rates(spec), risk_free)
    lines, places = combinations.lines()
    places, levels = places[part], combinations.levels()[part]
    measures = np.empty((len(places), len(MEASURES)))
    may_short = combinations.rule.direction == "long_short"
    shared = may_short, first, sizes, market, account
    for block in _blocks(places, len(lines), max(4, _MOST_LINE_BYTES // (8 * len(adjusted)))):
        used = _used(places[block], len(lines))
        drawn = draw(adjusted, [lines[line] for line in used])
        rows = np.full(len(lines) + 1, NO_LINE)  # by the place in `lines`; the last one is that of no line
        rows[used] = np.arange(len(used))
        _spread(drawn, rows[places[block]], levels[block], shared, measures[block], n_threads)
    return pd.DataFrame(measures, columns=_COLUMNS, copy=False)


def compile_sweeps(prices: Prices) -> None:
    """Compile or load the kernels of sweeps."""
    combinations = combine(Crossover(), [Range(parameter="fast", first=5, last=10, step=5)])
    sweep_rule(combinations, prices, prices, BacktestSpec(), periods_per_year=252)


def why_not_quick(combinations: Combinations, spec: BacktestSpec, n_instruments: int) -> str | None:
    """Return what keeps combinations from being measured in one compiled call, in words; None if nothing does."""
    if isinstance(combinations.rule, PairSpread):
        return "the rule trades two instruments"
    if n_instruments > 1:
        return "instruments share the account"
    usual, costs = BacktestSpec(), CostSpec()
    # Half a spread is one rate with slippage.
    asked = spec.model_copy(update={"liquidity": spec.liquidity.model_copy(update={"half_spread_bps": 0.0})})
    others = [
        name for name in type(spec).model_fields if name not in _KNOWN and getattr(asked, name) != getattr(usual, name)
    ]
    others += [
        f"costs.{name}"
        for name in type(costs).model_fields
        if name not in _KNOWN_COSTS and getattr(spec.costs, name) != getattr(costs, name)
    ]
    if spec.sizing.name not in _KNOWN_SIZES:
        others.append(f"sizing by {spec.sizing.name}")
    return f"the account has {', '.join(others)}" if others else None


def _used(places: PlaceArray, n_lines: int) -> PlaceArray:
    """Return which lines are used."""
    return np.flatnonzero(np.bincount(places.ravel() - NO_LINE, minlength=n_lines + 1)[1:])


def _blocks(places: PlaceArray, n_lines: int, n_most: int) -> Iterator[slice]:
    """Yield consecutive combinations that have at most so many lines together."""
    if len(_used(places, n_lines)) <= n_most:
        yield slice(len(places))
        return
    begin, known = 0, set[int]()
    for number, row in enumerate(places.tolist()):
        wider = known.union(row)
        if len(wider) > n_most:
            yield slice(begin, number)
            begin, wider = number, set(row)
        known = wider
    yield slice(begin, len(places))


def _spread(
    lines: NumberArray,
    places: PlaceArray,
    levels: NumberArray,
    shared: tuple[bool, int, NumberArray, Market, QuickRules],
    measures: NumberArray,
    n_threads: int,
) -> None:
    """Measure combinations in as many threads."""
    parts = [slice(begin, end) for begin, end in pairwise(_ends(len(places), n_threads))]

    def evaluate(part: slice) -> None:
        _evaluate(lines, places[part], levels[part], *shared, measures[part])

    if len(parts) == 1:
        evaluate(parts[0])
        return
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(evaluate, parts))


def _ends(n_combinations: int, n_threads: int) -> list[int]:
    """Return where parts for threads end: half of what is left for all of them at a time, and few at the end.

    Some combinations trade more than others and take longer; so no thread waits long for the last one.
    """
    ends = [0]
    while (left := n_combinations - ends[-1]) > 0:
        size = max(left // (2 * n_threads), _LEAST_PART) if n_threads > 1 else left
        ends.append(ends[-1] + min(size, left))
    return ends


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate(  # noqa: PLR0913, PLR0917 - a kernel's arrays
    lines: NumberArray,
    places: PlaceArray,
    levels: NumberArray,
    may_short: bool,  # noqa: FBT001 - numba kernels take positions only
    first: int,
    sizes: NumberArray,
    market: Market,
    account: QuickRules,
    measures: NumberArray,
) -> None:
    sides = np.zeros(lines.shape[1], dtype=np.int8)
    for number in range(places.shape[0]):
        enter_long, leave_long, enter_short, leave_short = levels[number]
        each = (enter_long, leave_long, enter_short, leave_short)
        write_sides(lines, places[number, 0], places[number, 1], places[number, 2], each, may_short, sides)
        quick_account(sides[first:], sizes, market, account, measures[number])
