"""Structural breaks: departures from a level, and histories in which the price runs away from itself."""

import numpy as np
from numba import njit, types
from numpy.typing import ArrayLike, NDArray

from quant.features.arrays import COUNT, INPUT, NUMBER, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import CusumBreak, ExplosiveRoot
from quant.features.columns import as_features, column_values
from quant.features.runs import over_runs, returns_of
from quant.frames import Features, Prices

# Of the critical value at five per cent, found by simulation: Chu, Stinchcombe & White 1996.
_CRITICAL = 4.6

_TABLE = types.Array(types.float64, 2, "C")

# Parts of a sum of squares this small are rounding: a regression that explains all but that explains everything.
_ROUNDING = 1e-10


def rolling_cusum_break(increments: ArrayLike, window: int) -> Values:
    """Return the farthest departure from a level of the window, over what chance seldom reaches.

    Parameters
    ----------
    increments : array-like of shape (n_bars,)
        Changes of what is watched, one a bar, such as logarithmic returns; finite or NaN (unknown).
    window : int
        Increments to look back, at least 2.

    Returns
    -------
    ndarray of shape (n_bars,)
        Beyond 1 upwards, or -1 downwards, there is a break at the level of five per cent on that side. NaN before the
        window is full and while it holds an unknown value. 0 if nothing moves.

    Raises
    ------
    InvalidSpec
        If `window` is less than 2 or `increments` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses increments `t - window + 1` to `t` and is known when `increments[t]` is.

    With the level `y`, for each bar `n` of the window: `(y[t] - y[n]) / (s sqrt(t - n))` over
    `sqrt(4.6 + log(t - n))`, where `s` is the root of the mean square increment of the window. The one that is farthest
    from zero is returned.

    References
    ----------
    Chu, Stinchcombe & White 1996, Econometrica 64(5), 1045; López de Prado 2018, section 17.3.2; Homm & Breitung 2012.
    """
    check_at_least(2, window=window)
    return over_runs(as_values(increments), window, lambda run, outputs: _cusum_break(run, window, outputs))


def rolling_sadf(increments: ArrayLike, window: int, min_rows: int, n_lags: int = 1) -> Values:
    """Return the greatest Dickey-Fuller statistic of the histories that end at each bar.

    Parameters
    ----------
    increments : array-like of shape (n_bars,)
        Changes of what is watched, one a bar, such as logarithmic returns; finite or NaN (unknown).
    window : int
        Increments of the longest history.
    min_rows : int
        Rows of the shortest regression, at least `n_lags + 4`; with the lags at most `window`.
    n_lags : int, default=1
        Earlier changes that are taken into account, at least 0.

    Returns
    -------
    ndarray of shape (n_bars,)
        The statistic: below -2.9 the level returns to its mean, above about 1 it explodes. NaN before the window is
        full and while it holds an unknown value. 0 if no regression can be made, because too little moves.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds or `increments` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses increments `t - window + 1` to `t` and is known when `increments[t]` is.

    Each change is regressed on the level before, a constant, and `n_lags` changes before; the statistic is that of the
    level. One history after another is made by adding a row at its front to the same sums, so that the cost of a value
    grows with the window and not with its square.

    References
    ----------
    Phillips, Wu & Yu 2011, International Economic Review 52(1), 201; López de Prado 2018, section 17.4.2.
    """
    check_at_least(0, n_lags=n_lags)
    check_at_least(n_lags + 4, min_rows=min_rows)
    check_at_least(min_rows + n_lags, window=window)
    return over_runs(as_values(increments), window, lambda run, outputs: _sadf(run, window, min_rows, n_lags, outputs))


@kernel(INPUT, COUNT, OUTPUT)
def _cusum_break(increments: Values, window: int, outputs: Values) -> None:
    limits = np.empty(window + 1)
    for n in range(1, window + 1):
        limits[n] = np.sqrt(n * (_CRITICAL + np.log(n)))
    for end in range(window, increments.size + 1):
        squares = 0.0
        for i in range(end - window, end):
            squares += increments[i] * increments[i]
        moved, farthest = 0.0, 0.0
        for n in range(1, window + 1):
            moved += increments[end - n]
            departure = moved / limits[n]
            if abs(departure) > abs(farthest):
                farthest = departure
        outputs[end - 1] = farthest / np.sqrt(squares / window) if squares > 0.0 else 0.0


@njit(types.float64(_TABLE, OUTPUT, NUMBER, COUNT, _TABLE, OUTPUT), cache=True, nogil=True, error_model="numpy")
def _statistic(
    sums: NDArray[np.float64],
    crossed: Values,
    total: float,
    n_rows: int,
    root: NDArray[np.float64],
    solved: Values,
) -> float:
    """Return the statistic of the last regressor by Cholesky's elimination; minus infinity if there is none."""
    n = crossed.size
    explained = 0.0
    for i in range(n):
        solved[i] = crossed[i]
        for j in range(i + 1):
            root[i, j] = sums[i, j]
            for k in range(j):
                root[i, j] -= root[i, k] * root[j, k]
            if j < i:
                root[i, j] /= root[j, j]
                solved[i] -= root[i, j] * solved[j]
        if not root[i, i] > _ROUNDING * sums[i, i]:
            return -np.inf
        root[i, i] = np.sqrt(root[i, i])
        solved[i] /= root[i, i]
        explained += solved[i] * solved[i]
    left = total - explained
    if not left > _ROUNDING * total:
        return -np.inf
    return float(solved[n - 1] / np.sqrt(left / (n_rows - n)))


@kernel(INPUT, COUNT, COUNT, COUNT, OUTPUT)
def _sadf(increments: Values, window: int, min_rows: int, n_lags: int, outputs: Values) -> None:
    # Regressors: a constant, the lags, and last the level, so that the last step of the elimination is its statistic.
    n = n_lags + 2
    row, crossed = np.empty(n), np.empty(n)
    sums, root, solved = np.empty((n, n)), np.empty((n, n)), np.empty(n)
    for end in range(window, increments.size + 1):
        sums[:] = 0.0
        crossed[:] = 0.0
        total, level, best = 0.0, 0.0, -np.inf
        row[0] = 1.0
        for at in range(end - 1, end - window + n_lags - 1, -1):
            change = increments[at]
            level -= change  # of the bar before, against that of the last
            for lag in range(1, n_lags + 1):
                row[lag] = increments[at - lag]
            row[n - 1] = level
            total += change * change
            for i in range(n):
                crossed[i] += row[i] * change
                for j in range(i + 1):
                    sums[i, j] += row[i] * row[j]
            n_rows = end - at
            if n_rows >= min_rows:
                best = max(best, _statistic(sums, crossed, total, n_rows, root, solved))
        outputs[end - 1] = best if best > -np.inf else 0.0


def cusum_feature(prices: Prices, *, window: int) -> Features:
    """Return the farthest departure of the close from a level of the window, over what chance reaches.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The departure, see `rolling_cusum_break`. NaN at the first `window` bars and wherever the window
        holds an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.CusumBreak`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    entry = CusumBreak(window=window)
    return as_features(prices, entry, rolling_cusum_break(returns_of(column_values(prices, "close")), window))


def sadf_feature(prices: Prices, *, window: int, min_rows: int, n_lags: int) -> Features:
    """Return the greatest Dickey-Fuller statistic of the histories of the logarithm of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Closes of the longest history.
    min_rows : int
        Rows of the shortest regression.
    n_lags : int
        Earlier changes that are taken into account.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The statistic, see `rolling_sadf`. NaN at the first `window - 1` bars and wherever the window holds
        an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.ExplosiveRoot`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    entry = ExplosiveRoot(window=window, min_rows=min_rows, n_lags=n_lags)
    return as_features(
        prices, entry, rolling_sadf(returns_of(column_values(prices, "close")), window - 1, min_rows, n_lags)
    )
