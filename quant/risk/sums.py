"""The sums that the measures are made of, compiled: one call for all that several measures ask of the same values.

Sums are those of `quant.sums`, and so those of numpy.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numba import njit, types

from quant.sums import half_of, pairwise_square_sum, pairwise_sum

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
IntArray: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Function = TypeVar("Function", bound=Callable[..., object])

_MICROSECONDS_PER_DAY = 86_400_000_000
_AT_ONCE = 512  # values that stay in the nearest cache
_MARGIN = 1e-12
_INPUT = types.Array(types.float64, 1, "C", readonly=True)
_STAMPS = types.Array(types.int64, 1, "C", readonly=True)
_OUTPUT = types.Array(types.float64, 1, "C")


class Tally(NamedTuple):
    """What the measures of one sample rest on; NaN without values.

    `square_sum` is of the centred values; `third` and `fourth` are means of powers of the standardised ones, which mean
    nothing where the values do not differ. `gained` and `missed` are the sums above and below zero, both positive, and
    `missed_squares` the sum of squares below.
    """

    mean: float
    square_sum: float
    third: float
    fourth: float
    n_above: float
    gained: float
    missed: float
    missed_squares: float


class JointTally(NamedTuple):
    """What the measures of two curves rest on, of the bars at which both returns are known.

    `active` is the difference of the two. `up` are the bars in which the other gained, `down` those in which it lost:
    their number, the means of both, and the largest move of the other in size.
    """

    n: float
    own_mean: float
    other_mean: float
    covariance_sum: float
    own_square_sum: float
    other_square_sum: float
    active_mean: float
    active_square_sum: float
    n_up: float
    own_up: float
    other_up: float
    largest_up: float
    n_down: float
    own_down: float
    other_down: float
    largest_down: float


class Use(NamedTuple):
    """How an account was used after its first bar: of the known exposures and turnovers their number and sum.

    `n_held` are the exposures that are not zero; costs are those of all bars.
    """

    n_exposures: float
    n_held: float
    exposure_sum: float
    n_turnovers: float
    turnover_sum: float
    cost_sum: float


class Growth(NamedTuple):
    """What the headline of a curve rests on: the mean and the sum of centred squares of its returns, and its depth.

    The first two are those of all returns only while the curve is above zero.
    """

    mean: float
    square_sum: float
    depth: float


class Fall(NamedTuple):
    """What the measures of drawdowns rest on: the deepest, the sum of all squared, and the longest two ways."""

    depth: float
    square_sum: float
    n_bars: float
    n_days: float


def tally(numbers: FloatArray) -> Tally:
    """Return the sums over known values, in their order."""
    found = np.empty(len(Tally._fields))
    _tally(np.ascontiguousarray(numbers), found)
    return Tally._make(found.tolist())


def depth(equity: FloatArray) -> float:
    """Return the deepest drawdown of an equity curve; NaN if a drawdown is unknown, or there are no values."""
    return float(_depth(np.ascontiguousarray(equity))) if len(equity) else np.nan


def growth(equity: FloatArray, rate: float) -> Growth:
    """Return what the headline of a curve of at least two values rests on, its returns less a rate."""
    found = np.empty(len(Growth._fields))
    _growth(np.ascontiguousarray(equity), rate, found)
    return Growth._make(found.tolist())


def tally_jointly(own: FloatArray, other: FloatArray) -> JointTally:
    """Return the sums over two series of one length; pairs of which one is unknown are left out."""
    found = np.empty(len(JointTally._fields))
    _tally_jointly(np.ascontiguousarray(own), np.ascontiguousarray(other), found)
    return JointTally._make(found.tolist())


def tally_use(exposure: FloatArray, turnover: FloatArray, costs: FloatArray) -> Use:
    """Return the sums over what an account held, traded and paid, of the same bars; unknown values are left out."""
    found = np.empty(len(Use._fields))
    _tally_use(np.ascontiguousarray(exposure), np.ascontiguousarray(turnover), np.ascontiguousarray(costs), found)
    return Use._make(found.tolist())


def fall(equity: FloatArray, stamps: IntArray) -> Fall:
    """Return how far and how long an equity curve was below its peaks; stamps are microseconds since 1970 in UTC."""
    found = np.empty(len(Fall._fields))
    _fall(np.ascontiguousarray(equity), stamps, found)
    return Fall._make(found.tolist())


def _compiled(signature: Any) -> Callable[[Function], Function]:
    """Compile for one signature, on import, cached on disk: as `quant.features.arrays.kernel`, and for its reasons."""
    return cast("Callable[[Function], Function]", njit(signature, cache=True, nogil=True, error_model="numpy"))


@_compiled(types.void(_INPUT, _OUTPUT))
def _tally(numbers: FloatArray, found: FloatArray) -> None:
    n = numbers.size
    room, standardised = np.empty(n), np.empty(n)
    mean = pairwise_sum(numbers, 0, n) / n
    n_above = 0
    for i in range(n):
        n_above += numbers[i] > 0.0
    square_sum = pairwise_square_sum(numbers, 0, n, mean)
    deviation = np.sqrt(square_sum / n)
    for i in range(n):
        standardised[i] = (numbers[i] - mean) / deviation
        room[i] = standardised[i] * standardised[i] * standardised[i]
    third = pairwise_sum(room, 0, n) / n
    for i in range(n):
        squared = standardised[i] * standardised[i]
        room[i] = squared * squared
    fourth = pairwise_sum(room, 0, n) / n
    for i in range(n):
        room[i] = numbers[i] if numbers[i] > 0.0 else 0.0  # noqa: FURB136  # max() also asks which one is NaN
    gained = pairwise_sum(room, 0, n)
    for i in range(n):
        room[i] = -numbers[i] if numbers[i] < 0.0 else 0.0
    missed = pairwise_sum(room, 0, n)
    found[0], found[1], found[2], found[3] = mean, square_sum, third, fourth
    found[4], found[5], found[6], found[7] = n_above, gained, missed, pairwise_square_sum(room, 0, n, 0.0)


@_compiled(types.void(_INPUT, _OUTPUT))
def _deepen(part: FloatArray, fallen: FloatArray) -> None:
    """Take the next values of a curve into its peak, its deepest drawdown, and the value that may be a deeper one.

    Values that set no peak and may be no deeper are passed by, many at once. What may be is asked with a margin that is
    far larger than the rounding of a quotient.
    """
    peak, deepest, bound = fallen[0], fallen[1], fallen[2]
    n_asked = 0
    for i in range(part.size):
        n_asked += (not bound <= part[i]) | (not part[i] <= peak)  # true of NaN
    if n_asked == 0 and peak > 0.0:
        return
    for value in part:
        peak = value if value > peak else peak  # noqa: FURB136  # max() also asks which one is NaN
        below = value / peak - 1.0
        deepest = below if below < deepest or np.isnan(below) else deepest
    fallen[0], fallen[1] = peak, deepest
    fallen[2] = peak * (1.0 + deepest) + peak * (1.0 - deepest) * _MARGIN


@_compiled(types.float64(_INPUT))
def _depth(equity: FloatArray) -> float:
    fallen = np.array([equity[0], 0.0, np.inf])
    for begin in range(0, equity.size, _AT_ONCE):
        _deepen(equity[begin : min(begin + _AT_ONCE, equity.size)], fallen)
    depth: float = fallen[1]
    return depth


@_compiled(types.void(_INPUT, types.int64, types.int64, types.float64, _OUTPUT))
def _write_returns(equity: FloatArray, begin: int, end: int, rate: float, returns: FloatArray) -> None:
    """Write the returns of a stretch less a rate."""
    before, after = equity[begin:end], equity[begin + 1 : end + 1]
    for i in range(before.size):
        returns[i] = after[i] / before[i] - 1.0 - rate


@_compiled(types.float64(_INPUT, types.int64, types.int64, types.float64, _OUTPUT, _OUTPUT))
def _sum_of_returns(
    equity: FloatArray, begin: int, end: int, rate: float, room: FloatArray, fallen: FloatArray
) -> float:
    """Return the sum of a stretch of returns in the order in which numpy adds; take its values into the drawdown."""
    if end - begin > _AT_ONCE:
        middle = begin + half_of(end - begin)
        left = _sum_of_returns(equity, begin, middle, rate, room, fallen)
        return left + _sum_of_returns(equity, middle, end, rate, room, fallen)
    _write_returns(equity, begin, end, rate, room)
    _deepen(equity[begin + 1 : end + 1], fallen)
    return pairwise_sum(room, 0, end - begin)


@_compiled(types.float64(_INPUT, types.int64, types.int64, types.float64, types.float64, _OUTPUT))
def _square_sum_of_returns(
    equity: FloatArray, begin: int, end: int, rate: float, centre: float, room: FloatArray
) -> float:
    """Return the sum of their squared distances from a centre. The returns are made anew: keeping them takes longer."""
    if end - begin > _AT_ONCE:
        middle = begin + half_of(end - begin)
        left = _square_sum_of_returns(equity, begin, middle, rate, centre, room)
        return left + _square_sum_of_returns(equity, middle, end, rate, centre, room)
    _write_returns(equity, begin, end, rate, room)
    for i in range(end - begin):
        room[i] = (room[i] - centre) * (room[i] - centre)
    return pairwise_sum(room, 0, end - begin)


@_compiled(types.void(_INPUT, types.float64, _OUTPUT))
def _growth(equity: FloatArray, rate: float, found: FloatArray) -> None:
    n = equity.size - 1
    room, fallen = np.empty(_AT_ONCE), np.array([equity[0], 0.0, np.inf])
    mean = _sum_of_returns(equity, 0, n, rate, room, fallen) / n
    found[0], found[1], found[2] = mean, _square_sum_of_returns(equity, 0, n, rate, mean, room), fallen[1]


@_compiled(types.void(_INPUT, _INPUT, _OUTPUT))
def _tally_jointly(own: FloatArray, other: FloatArray, found: FloatArray) -> None:
    n = 0
    ours, theirs, room = np.empty(own.size), np.empty(own.size), np.empty(own.size)
    for i in range(own.size):
        if not (np.isnan(own[i]) or np.isnan(other[i])):
            ours[n], theirs[n] = own[i], other[i]
            n += 1
    own_mean, other_mean = pairwise_sum(ours, 0, n) / n, pairwise_sum(theirs, 0, n) / n
    found[0], found[1], found[2] = n, own_mean, other_mean
    for i in range(n):
        room[i] = (ours[i] - own_mean) * (theirs[i] - other_mean)
    found[3] = pairwise_sum(room, 0, n)
    found[4] = pairwise_square_sum(ours, 0, n, own_mean)
    found[5] = pairwise_square_sum(theirs, 0, n, other_mean)
    for i in range(n):
        room[i] = ours[i] - theirs[i]
    active_mean = pairwise_sum(room, 0, n) / n
    found[6], found[7] = active_mean, pairwise_square_sum(room, 0, n, active_mean)
    chosen = np.empty(n)
    for place, side in ((8, 1.0), (12, -1.0)):
        count, largest = 0, 0.0
        for i in range(n):
            move = side * theirs[i]
            room[count], chosen[count] = ours[i], theirs[i]
            count += move > 0.0  # the next one is written over what was not chosen: no branch to be guessed
            largest = move if move > largest else largest  # noqa: FURB136  # as above
        found[place] = count
        found[place + 1] = pairwise_sum(room, 0, count) / count
        found[place + 2] = pairwise_sum(chosen, 0, count) / count
        found[place + 3] = largest


@_compiled(types.void(_INPUT, _INPUT, _INPUT, _OUTPUT))
def _tally_use(exposure: FloatArray, turnover: FloatArray, costs: FloatArray, found: FloatArray) -> None:
    room = np.empty(exposure.size)
    n = n_held = 0
    for i in range(1, exposure.size):
        if not np.isnan(exposure[i]):
            room[n] = exposure[i]
            n_held += exposure[i] != 0.0
            n += 1
    found[0], found[1], found[2] = n, n_held, pairwise_sum(room, 0, n)
    n = 0
    for i in range(1, turnover.size):
        if not np.isnan(turnover[i]):
            room[n] = turnover[i]
            n += 1
    found[3], found[4], found[5] = n, pairwise_sum(room, 0, n), pairwise_sum(costs, 0, costs.size)


@_compiled(types.void(_INPUT, _STAMPS, _OUTPUT))
def _fall(equity: FloatArray, stamps: IntArray, found: FloatArray) -> None:
    n = equity.size
    room = np.empty(n)
    peak, depth = -np.inf, np.inf
    for i in range(n):
        peak = equity[i] if equity[i] > peak else peak  # noqa: FURB136  # as above
        room[i] = peak
    top, n_bars, n_days = 0, 0, 0  # `top` is the last bar at the peak
    for i in range(n):
        room[i] = equity[i] / room[i] - 1.0
    for i in range(n):
        depth = room[i] if room[i] < depth else depth  # noqa: FURB136  # as above
        if room[i] < 0.0 and i < n - 1:
            continue
        if top < i - 1 or room[i] < 0.0:
            n_bars = max(n_bars, i - top)
            n_days = max(n_days, stamps[i] // _MICROSECONDS_PER_DAY - stamps[top] // _MICROSECONDS_PER_DAY)
        top = i
    found[0], found[1] = depth, pairwise_square_sum(room, 1, n, 0.0) if n > 1 else np.nan
    found[2], found[3] = n_bars, n_days
