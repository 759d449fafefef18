"""Fractional differences: between the level of a series, which remembers everything, and its change, which nothing."""

from functools import lru_cache

import numpy as np
from numba import njit, types
from numpy.typing import ArrayLike

from quant.errors import InvalidSpec
from quant.features.arrays import COUNT, INPUT, OUTPUT, Values, as_values, kernel
from quant.features.catalog import FractionalDifference
from quant.features.catalog.memory import n_weights
from quant.features.columns import column_values, feature
from quant.features.runs import over_runs, returns_of
from quant.frames import Prices
from quant.stationarity import dickey_fuller

# Outputs worked on at a time, so that they stay in the processor's first cache while all weights pass over them.
_CHUNK = 1024
_LONG = 20_000


@lru_cache(maxsize=64)
def difference_weights(order: float, cut_off: float) -> Values:
    """Return the weights of a fractional difference, the newest bar's first.

    Parameters
    ----------
    order : float
        Order of the difference, above 0 and at most 1.
    cut_off : float
        Weights from the first that is smaller than this are left out; above 0 and at most 1.

    Returns
    -------
    ndarray of shape (n_weights,)
        `1, -d, -d (1 - d) / 2, ...`; it cannot be written to.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.

    References
    ----------
    Hosking 1981, Biometrika 68(1), 165; López de Prado 2018, Advances in Financial Machine Learning, section 5.4.2.

    Examples
    --------
    >>> difference_weights(0.4, 1e-2)[:6].round(6)
    array([ 1.      , -0.4     , -0.12    , -0.064   , -0.0416  , -0.029952])
    """
    if not 0.0 < order <= 1.0:
        raise InvalidSpec(f"Expected an order above 0 and at most 1; found {order:g}.", field="order")
    if not 0.0 < cut_off <= 1.0:
        raise InvalidSpec(f"Expected a cut-off above 0 and at most 1; found {cut_off:g}.", field="cut_off")
    steps = np.arange(1, n_weights(order, cut_off), dtype=np.float64)
    weights = np.concatenate([[1.0], np.cumprod((steps - 1.0 - order) / steps)])
    weights.flags.writeable = False
    return weights


def fractional_difference(values: ArrayLike, order: float, cut_off: float = 1e-4) -> Values:
    """Return the fractional difference of a series over a window of fixed width.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as the logarithm of the close; finite or NaN (unknown).
    order : float
        Order of the difference, above 0 and at most 1; 1 is the plain difference.
    cut_off : float, default=1e-4
        Weights smaller than this are left out: the width is the number of the others.

    Returns
    -------
    ndarray of shape (n_bars,)
        In the unit of `values`. NaN at the first `width - 1` bars and wherever the window holds an unknown value.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - width + 1` to `t` and is known when `values[t]` is.

    Of a run of more than 20,000 values it is made by Fourier transforms of overlapping parts, in half the time, and the
    last bits of a value then depend on later ones. The feature is summed directly, whatever its length.

    References
    ----------
    López de Prado 2018, section 5.5 and snippet 5.3. Equal to mlfinpy's `frac_diff_ffd`.

    Examples
    --------
    >>> fractional_difference([1.0, 2.0, 4.0], 1.0)
    array([nan,  1.,  2.])
    """
    weights = difference_weights(order, cut_off)

    def compute(run: Values, outputs: Values) -> None:
        (_weigh_long if run.size > _LONG else _weigh)(run, weights, outputs)

    return over_runs(as_values(values), weights.size, compute)


def minimum_order(
    values: ArrayLike, *, cut_off: float = 1e-3, n_steps: int = 20, n_lags: int = 1, level: float = 0.05
) -> float:
    """Return the smallest order whose fractional difference passes for stationary.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as the logarithm of the close: those one may learn from, and no others.
    cut_off : float, default=1e-3
        Weights smaller than this are left out.
    n_steps : int, default=20
        Orders that are tried: `1 / n_steps`, `2 / n_steps`, ... up to 1.
    n_lags : int, default=1
        Lags of the test.
    level : {0.01, 0.05, 0.1}, default=0.05
        Level of the test.

    Returns
    -------
    float
        The order; 1.0 if no smaller one passes, whether or not 1.0 does.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.
    NotEnoughData
        If there are too few values for the test of any order that was tried.

    Notes
    -----
    Timing: the order is about all of `values`. Chosen on a whole history it would tell of the future: pass the rows of
    a training window, and difference later bars by the order that those gave.

    References
    ----------
    López de Prado 2018, section 5.6.
    """
    if n_steps < 1:
        raise InvalidSpec(f"Expected n_steps to be at least 1; found {n_steps}.", field="n_steps")
    array = as_values(values)
    for step in range(1, n_steps + 1):
        order = step / n_steps
        if dickey_fuller(fractional_difference(array, order, cut_off), n_lags, level).is_stationary:
            return order
    return 1.0


# A product and a sum may become one operation, with one rounding: of all values alike, so that the bits of one depend
# on nothing else. Without it this takes a fifth longer.
@njit(types.void(INPUT, INPUT, COUNT, COUNT, OUTPUT), cache=True, nogil=True, fastmath={"contract"})
def _add_eight(values: Values, weights: Values, first: int, newest: int, sums: Values) -> None:
    """Add eight weights, from `first` on, to a chunk of sums, of which the first has its newest value at `newest`."""
    w0, w1, w2, w3 = weights[first], weights[first + 1], weights[first + 2], weights[first + 3]
    w4, w5, w6, w7 = weights[first + 4], weights[first + 5], weights[first + 6], weights[first + 7]
    at = newest - first
    a, b, c, d = values[at:], values[at - 1 :], values[at - 2 :], values[at - 3 :]
    e, f, g, h = values[at - 4 :], values[at - 5 :], values[at - 6 :], values[at - 7 :]
    for i in range(sums.size):
        total = sums[i] + w0 * a[i]
        total += w1 * b[i]
        total += w2 * c[i]
        total += w3 * d[i]
        total += w4 * e[i]
        total += w5 * f[i]
        total += w6 * g[i]
        sums[i] = total + w7 * h[i]


@kernel(INPUT, INPUT, OUTPUT)
def _weigh(values: Values, weights: Values, sums: Values) -> None:
    """Write the weighted sum of the last values wherever there is one for each weight."""
    n = weights.size
    for begin in range(n - 1, values.size, _CHUNK):
        chunk = sums[begin : min(begin + _CHUNK, values.size)]
        chunk[:] = 0.0
        eights = n - n % 8
        for k in range(0, eights, 8):
            _add_eight(values, weights, k, begin, chunk)
        for k in range(eights, n):
            for i in range(chunk.size):
                chunk[i] += weights[k] * values[begin - k + i]


def _weigh_long(values: Values, weights: Values, sums: Values) -> None:
    """Write what `_weigh` writes, up to rounding, by Fourier transforms of overlapping parts."""
    from scipy.signal import oaconvolve  # noqa: PLC0415  # takes 0.3 s, and only long series need it

    sums[weights.size - 1 :] = oaconvolve(values, weights, mode="valid")


@feature(FractionalDifference)
def fractional_feature(prices: Prices, *, order: float, cut_off: float) -> Values:
    """Return the fractional difference of the logarithm of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    order : float
        Order of the difference, within the bounds of `quant.features.catalog.FractionalDifference`.
    cut_off : float
        Weights smaller than this are left out.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The difference of the logarithm against its mean in the window. NaN until there is a bar for each weight, and
        wherever the window holds an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of bounds; pydantic's, which is a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.

    Weights that are cut off do not add up to zero. What they leave, some hundredths of the logarithm of the price,
    would change with a split or a currency, so each weight is lowered by their mean. `fractional_difference` is the
    definition without that.
    """
    weights = difference_weights(order, cut_off)
    weights = weights - weights.mean()

    def compute(run: Values, outputs: Values) -> None:
        moves = returns_of(run)
        moves[0] = 0.0
        _weigh(np.cumsum(moves), weights, outputs)

    return over_runs(column_values(prices, "close"), weights.size, compute)
