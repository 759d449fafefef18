"""From prices to the side that a rule takes: the lines it compares are those that features are made of."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec
from quant.features.extremes import rolling_maximum, rolling_minimum
from quant.features.momentum import relative_strength_index
from quant.features.trend import exponential_moving_average, simple_moving_average
from quant.features.windows import rolling_moments
from quant.frames import Prices, to_panel
from quant.strategies.catalog import NO_LINE, Line, PairSpread, RuleEntry
from quant.strategies.plans import FloatArray, levels_of, write_sides

_HALF = 50.0  # of the relative strength index, which runs from 0 to 100
_SMALLEST_DEVIATION = 1e-12  # of prices in units of the first one; smaller is rounding


def rule_sides(prices: Prices, rule: RuleEntry) -> pd.Series:
    """Return the side that a rule takes at each close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    rule : RuleEntry
        The rule, of one instrument.

    Returns
    -------
    Series of shape (n_bars,)
        `side`, float64: 1.0 long, -1.0 short, 0.0 neither; NaN in the warm-up, `rule.warm_up` bars, during which the
        rule is followed but not acted upon.

    Notes
    -----
    Timing: the side at `t` uses prices up to the close of `t`; it can be taken at the next open.

    Prices are taken in units of the first close, so that their scale does not matter.
    """
    lines = draw(prices, rule.plan.lines)
    return _walked(lines, rule, prices.index)


def pair_sides(first: Prices, second: Prices, rule: PairSpread) -> pd.DataFrame:
    """Return the sides of two instruments at each bar that both have.

    Parameters
    ----------
    first, second : DataFrame of shape (n_bars, 8)
        Adjusted price frames, as defined in `quant.frames`.
    rule : PairSpread
        The rule.

    Returns
    -------
    DataFrame of shape (n_common_bars, 2)
        Columns 0 and 1: 1.0 long, -1.0 short, 0.0 neither, NaN in the warm-up; one is always the other's opposite.

    Notes
    -----
    Timing: the sides at `t` use closes up to `t`; they can be taken at the next open.

    With a measured hedge, the spread is what the regression of the log prices over the window leaves at its last bar,
    in standard deviations (ddof=0) of all that it leaves there. Where the ratio is not positive, the two do not move
    together, and there is no side.

    References
    ----------
    Chan 2013, Algorithmic Trading, ch. 3, for the ratio by regression over a rolling window.
    """
    one, other, index = _log_prices(first, second)
    if rule.hedge == "measured":
        ratio, residual, deviation = _regressed(one, other, rule.window)
        moved = deviation > _SMALLEST_DEVIATION
        spread = np.divide(residual, deviation, out=np.zeros_like(residual), where=moved)
        spread[~(ratio > 0.0)] = np.nan
    else:
        spread = _deviations(one - other, rule.window)
    side = _walked(-spread[np.newaxis], rule, index)
    return pd.DataFrame({0: side, 1: -side + 0.0}, index=index)


def pair_stakes(first: Prices, second: Prices, rule: PairSpread) -> pd.DataFrame:
    """Return which part of a full position each of a pair is, so that the two together are as large as at equal money.

    Parameters
    ----------
    first, second : DataFrame of shape (n_bars, 8)
        Adjusted price frames, as defined in `quant.frames`.
    rule : PairSpread
        The rule.

    Returns
    -------
    DataFrame of shape (n_common_bars, 2)
        Columns 0 and 1, which add up to 2: the second is the hedge ratio times the first; 1 where the ratio is not
        known or not positive, where nothing is held.

    Notes
    -----
    Timing: the ratio at `t` is of the closes of the window that ends at `t`. The ratio of log prices is one of money:
    so much of the second moves as one of the first does.
    """
    one, other, index = _log_prices(first, second)
    ratio = _regressed(one, other, rule.window)[0] if rule.hedge == "measured" else np.ones(len(index))
    ratio = np.where(ratio > 0.0, ratio, 1.0)
    return pd.DataFrame({0: 2.0 / (1.0 + ratio), 1: 2.0 * ratio / (1.0 + ratio)}, index=index)


def _log_prices(first: Prices, second: Prices) -> "tuple[FloatArray, FloatArray, pd.Index[pd.Timestamp]]":
    """Return the log closes of both at the bars that both have, since the first of them."""
    both = pd.concat([first["close"], second["close"]], axis="columns", join="inner")
    logs = np.log(both.to_numpy(dtype=np.float64))
    return logs[:, 0] - logs[:1, 0], logs[:, 1] - logs[:1, 1], both.index


def _regressed(one: FloatArray, other: FloatArray, window: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the slope of `one` on `other` over each window, what it leaves at its last bar, and the deviation of that.

    The slope is NaN before there is a window, and where `other` does not move.
    """
    means, deviations = [], []
    for values in (one, other, one + other):
        means.append(np.empty_like(values))
        deviations.append(np.empty_like(values))
        rolling_moments(np.ascontiguousarray(values), window, 0, means[-1], deviations[-1])
    of_one, of_other, of_both = (each**2 for each in deviations)
    moved = deviations[1] > _SMALLEST_DEVIATION
    together = 0.5 * (of_both - of_one - of_other)
    slope = np.divide(together, of_other, out=np.full(len(one), np.nan), where=moved)
    residual = (one - means[0]) - slope * (other - means[1])
    return slope, residual, np.sqrt(np.maximum(of_one - slope * together, 0.0))


def rule_signals(rule: RuleEntry, adjusted: Mapping[int, Prices]) -> pd.DataFrame:
    """Return what a rule alone wants to hold, from where it may be acted upon.

    Parameters
    ----------
    rule : RuleEntry
        The rule.
    adjusted : mapping of int to DataFrame
        Adjusted price frames by the instruments' positions.

    Returns
    -------
    DataFrame of shape (n_rows, 1 or 2)
        Panel with `signal` (int64): 1 long, 0 out, -1 short; without the first `wait_bars` and the warm-up. Of a pair
        with a measured hedge `stake`, too, see `pair_stakes`.

    Raises
    ------
    InvalidSpec
        If the rule takes another number of instruments.

    Notes
    -----
    Timing: that of `rule_sides`.
    """
    n_left_out = max(rule.warm_up, rule.wait_bars)
    stakes: pd.DataFrame | None = None
    if isinstance(rule, PairSpread):
        if len(adjusted) != rule.n_instruments:
            raise InvalidSpec(
                f"Expected {rule.n_instruments} instruments for {rule.title!r}; found {len(adjusted)}.",
                field="instruments",
            )
        (one, first), (other, second) = sorted(adjusted.items())
        pair = pair_sides(first, second, rule)
        sides = {one: pair[0], other: pair[1]}
        if rule.hedge == "measured":
            stakes = pair_stakes(first, second, rule).set_axis([one, other], axis="columns")
    else:
        sides = {position: rule_sides(prices, rule) for position, prices in adjusted.items()}
    columns = {position: side.iloc[n_left_out:].fillna(0.0).astype(np.int64) for position, side in sides.items()}
    found = {position: side.to_frame("signal") for position, side in columns.items()}
    if stakes is not None:
        found = {position: frame.assign(stake=stakes[position]) for position, frame in found.items()}
    return to_panel(found)


def draw(prices: Prices, lines: Sequence[Line]) -> FloatArray:
    """Return lines of rules of one instrument.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame, as defined in `quant.frames`.
    lines : sequence of tuple
        What draws each, then its numbers: `("simple", 20)`.

    Returns
    -------
    ndarray of shape (n_lines, n_bars)
        `simple` and `exponential`: averages of closes in units of the first. `channel`: 1 where the close is above the
        highest high of so many bars before, -1 where it is below their lowest low, else 0. `distance`: how many
        standard deviations (ddof=0) the close is below its mean; 0 where nothing moved. `trend`: log return over the
        window that ends `gap` bars ago. `weakness`: how far the relative strength index is below 50. NaN in the
        warm-up.

    Notes
    -----
    Timing: the value at `t` uses prices up to the close of `t`.
    """
    drawn = np.empty((len(lines), len(prices)))
    if len(prices):
        closes = prices["close"].to_numpy(dtype=np.float64)
        closes = closes / closes[0]
        for place, line in enumerate(lines):
            drawn[place] = _drawn(prices, closes, line)
    return drawn


def _drawn(prices: Prices, closes: FloatArray, line: Line) -> FloatArray:
    kind, *numbers = line
    window = int(numbers[0])
    drawn: dict[str, Callable[[], FloatArray]] = {
        "simple": lambda: simple_moving_average(closes, window),
        "exponential": lambda: exponential_moving_average(closes, window),
        "channel": lambda: _beyond(prices, window),
        "distance": lambda: -_deviations(closes, window),
        "trend": lambda: _trend(closes, window, int(numbers[1])),
        "weakness": lambda: _HALF - relative_strength_index(closes, window),
    }
    return drawn[kind]()


def _walked(lines: FloatArray, rule: RuleEntry, index: "pd.Index[pd.Timestamp]") -> pd.Series:
    plan = rule.plan
    sides = np.zeros(lines.shape[1], dtype=np.int8)
    less, leave = (1 if line else NO_LINE for line in (plan.less, plan.leave))
    write_sides(lines, 0, less, leave, levels_of(plan), rule.direction == "long_short", sides)
    values = sides.astype(np.float64)
    values[: rule.warm_up] = np.nan
    return pd.Series(values, index=index, name="side")


def _beyond(prices: Prices, window: int) -> FloatArray:
    highs, lows, closes = (prices[name].to_numpy(dtype=np.float64) for name in ("high", "low", "close"))
    beyond = np.full(len(closes), np.nan)
    top, bottom = rolling_maximum(highs, window)[:-1], rolling_minimum(lows, window)[:-1]
    beyond[1:] = np.where(np.isnan(top), np.nan, (closes[1:] > top) * 1.0 - (closes[1:] < bottom) * 1.0)
    return beyond


def _deviations(values: FloatArray, window: int) -> FloatArray:
    """Return how many standard deviations each value is above the mean of its window."""
    means, deviations = np.empty_like(values), np.empty_like(values)
    rolling_moments(np.ascontiguousarray(values), window, 0, means, deviations)
    moved = deviations > _SMALLEST_DEVIATION
    distances = np.divide(values - means, deviations, out=np.zeros_like(values), where=moved)
    return np.where(np.isnan(means), np.nan, distances)


def _trend(closes: FloatArray, window: int, gap: int) -> FloatArray:
    trend = np.full(len(closes), np.nan)
    if len(closes) > window + gap:
        ends = closes[window : len(closes) - gap]
        trend[window + gap :] = np.log(ends / closes[: len(closes) - window - gap])
    return trend
