"""The sums that the measures are made of, compiled: one call for all that several measures ask of the same values.

Sums are those of `quant.sums`, and so those of numpy.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numba import njit, types

from quant.returns import RETURN_ROUNDING
from quant.sums import half_of, pairwise_square_sum, pairwise_sum

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
IntArray: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Function = TypeVar("Function", bound=Callable[..., object])

_MICROSECONDS_PER_DAY = 86_400_000_000
_AT_ONCE = 512  # values that stay in the nearest cache
_MARGIN = 1e-12
INPUT = types.Array(types.float64, 1, "C", readonly=True)
STAMPS = types.Array(types.int64, 1, "C", readonly=True)
_OUTPUT = types.Array(types.float64, 1, "C")


def compiled(signature: Any) -> Callable[[Function], Function]:
    """Compile for one signature, on import, cached on disk: as `quant.features.arrays.kernel`, and for its reasons."""
    return cast("Callable[[Function], Function]", njit(signature, cache=True, nogil=True, error_model="numpy"))


def named(kind: type[tuple[float, ...]]) -> types.Type:
    """Return the type of a named tuple of floats, as kernels return it."""
    return cast("types.Type", cast("Any", types).NamedUniTuple(types.float64, len(cast("Any", kind)._fields), kind))


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


class Side(NamedTuple):
    """The bars in which the other of two curves moved to one side: their number, both means, how many moves count.

    A move counts that is more than the rounding of a return.
    """

    n: float
    own: float
    other: float
    n_counting: float


class JointTally(NamedTuple):
    """What the measures of two curves rest on, of the bars at which both returns are known.

    `active` is the difference of the two. `up` are the bars in which the other gained, `down` those in which it lost.
    """

    n: int
    own_mean: float
    other_mean: float
    covariance_sum: float
    own_square_sum: float
    other_square_sum: float
    active_mean: float
    active_square_sum: float
    up: Side
    down: Side


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


class _Known(NamedTuple):
    """Of the known values after the first: their sum, their number, and how many are not zero."""

    total: float
    n: int
    n_held: int


class Fall(NamedTuple):
    """What the measures of drawdowns rest on: the deepest, the sum of all squared, and the longest two ways."""

    depth: float
    square_sum: float
    n_bars: float
    n_days: float


_KNOWN = cast("Any", types).NamedTuple((types.float64, types.int64, types.int64), _Known)
_JOINT = cast("Any", types).NamedTuple((types.int64, *[types.float64] * 7, named(Side), named(Side)), JointTally)


@compiled(named(Tally)(INPUT, types.int64))
def tally(numbers: FloatArray, n: int) -> Tally:
    """Return the sums over the first `n` values, which are known, in their order."""
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
    missed_squares = pairwise_square_sum(room, 0, n, 0.0)
    return Tally(mean, square_sum, third, fourth, float(n_above), gained, missed, missed_squares)


@compiled(types.void(INPUT, _OUTPUT))
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


@compiled(types.float64(INPUT))
def depth(equity: FloatArray) -> float:
    """Return the deepest drawdown of an equity curve; NaN if a drawdown is unknown, or there are no values."""
    if equity.size == 0:
        return np.nan
    fallen = np.array([equity[0], 0.0, np.inf])
    for begin in range(0, equity.size, _AT_ONCE):
        _deepen(equity[begin : min(begin + _AT_ONCE, equity.size)], fallen)
    deepest: float = fallen[1]
    return deepest


@compiled(types.void(INPUT, types.int64, types.int64, types.float64, _OUTPUT))
def _write_returns(equity: FloatArray, begin: int, end: int, rate: float, returns: FloatArray) -> None:
    """Write the returns of a stretch less a rate."""
    before, after = equity[begin:end], equity[begin + 1 : end + 1]
    for i in range(before.size):
        returns[i] = after[i] / before[i] - 1.0 - rate


@compiled(types.float64(INPUT, types.int64, types.int64, types.float64, _OUTPUT, _OUTPUT))
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


@compiled(types.float64(INPUT, types.int64, types.int64, types.float64, types.float64, _OUTPUT))
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


@compiled(named(Growth)(INPUT, types.float64))
def growth(equity: FloatArray, rate: float) -> Growth:
    """Return what the headline of a curve of at least two values rests on, its returns less a rate."""
    n = equity.size - 1
    room, fallen = np.empty(_AT_ONCE), np.array([equity[0], 0.0, np.inf])
    mean = _sum_of_returns(equity, 0, n, rate, room, fallen) / n
    return Growth(mean, _square_sum_of_returns(equity, 0, n, rate, mean, room), fallen[1])


@compiled(named(Side)(INPUT, INPUT, types.int64, types.float64))
def _tally_side(own: FloatArray, other: FloatArray, n: int, side: float) -> Side:
    """Return the sums over the first `n` pairs in which the other moved to one side, 1 or -1."""
    ours, theirs = np.empty(n), np.empty(n)
    count = n_counting = 0
    for i in range(n):
        n_counting += side * other[i] > RETURN_ROUNDING
    for i in range(n):
        ours[count], theirs[count] = own[i], other[i]
        count += side * other[i] > 0.0  # the next one is written over what is not chosen: no branch to be guessed
    own_mean, other_mean = pairwise_sum(ours, 0, count) / count, pairwise_sum(theirs, 0, count) / count
    return Side(float(count), own_mean, other_mean, float(n_counting))


@compiled(_JOINT(INPUT, INPUT, types.int64))
def _tally_known(ours: FloatArray, theirs: FloatArray, n: int) -> JointTally:
    """Return the sums over the first `n` pairs, both of which are known."""
    room = np.empty(n)
    own_mean, other_mean = pairwise_sum(ours, 0, n) / n, pairwise_sum(theirs, 0, n) / n
    for i in range(n):
        room[i] = (ours[i] - own_mean) * (theirs[i] - other_mean)
    covariance_sum = pairwise_sum(room, 0, n)
    for i in range(n):
        room[i] = ours[i] - theirs[i]
    active_mean = pairwise_sum(room, 0, n) / n
    return JointTally(
        n=n,
        own_mean=own_mean,
        other_mean=other_mean,
        covariance_sum=covariance_sum,
        own_square_sum=pairwise_square_sum(ours, 0, n, own_mean),
        other_square_sum=pairwise_square_sum(theirs, 0, n, other_mean),
        active_mean=active_mean,
        active_square_sum=pairwise_square_sum(room, 0, n, active_mean),
        up=_tally_side(ours, theirs, n, 1.0),
        down=_tally_side(ours, theirs, n, -1.0),
    )


@compiled(_JOINT(INPUT, INPUT))
def tally_jointly(own: FloatArray, other: FloatArray) -> JointTally:
    """Return the sums over two series of one length; pairs of which one is unknown are left out."""
    n_unknown, begin = 0, min(own.size, 1)
    for i in range(begin, own.size):
        n_unknown += np.isnan(own[i]) or np.isnan(other[i])
    if begin > 0 and n_unknown == 0 and (np.isnan(own[0]) or np.isnan(other[0])):
        return _tally_known(own[begin:], other[begin:], own.size - begin)  # curves lack the return of their first bar
    ours, theirs, n = np.empty(own.size), np.empty(own.size), 0
    for i in range(own.size):
        ours[n], theirs[n] = own[i], other[i]
        n += not (np.isnan(own[i]) or np.isnan(other[i]))  # as above
    return _tally_known(ours, theirs, n)


@compiled(_KNOWN(INPUT))
def _sum_of_known(values: FloatArray) -> _Known:
    n = n_held = 0
    for i in range(1, values.size):
        n += not np.isnan(values[i])
    for i in range(1, values.size):
        n_held += not (np.isnan(values[i]) or values[i] == 0.0)
    if n == values.size - 1:
        return _Known(pairwise_sum(values, 1, values.size), n, n_held)
    known, place = np.empty(values.size), 0
    for i in range(1, values.size):
        known[place] = values[i]
        place += not np.isnan(values[i])  # as above
    return _Known(pairwise_sum(known, 0, n), n, n_held)


@compiled(named(Use)(INPUT, INPUT, INPUT))
def tally_use(exposure: FloatArray, turnover: FloatArray, costs: FloatArray) -> Use:
    """Return the sums over what an account held, traded and paid, of the same bars; unknown values are left out."""
    held, traded, cost_sum = _sum_of_known(exposure), _sum_of_known(turnover), pairwise_sum(costs, 0, costs.size)
    return Use(float(held.n), float(held.n_held), held.total, float(traded.n), traded.total, cost_sum)


@compiled(named(Fall)(INPUT, STAMPS))
def fall(equity: FloatArray, stamps: IntArray) -> Fall:
    """Return how far and how long an equity curve was below its peaks; stamps are microseconds since 1970 in UTC."""
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
    return Fall(depth, pairwise_square_sum(room, 1, n, 0.0) if n > 1 else np.nan, float(n_bars), float(n_days))
