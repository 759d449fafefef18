"""Structural breaks: departures from a level, and histories in which the price runs away from itself."""

import numpy as np
from numba import types
from numpy.typing import ArrayLike, NDArray

from quant.features.arrays import COUNT, INPUT, NUMBER, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import CusumBreak, ExplosiveRoot
from quant.features.columns import column_values, feature
from quant.features.runs import LANES, for_lanes, over_runs, returns_of
from quant.frames import Prices

# Of the critical value at five per cent, found by simulation: Chu, Stinchcombe & White 1996.
_CRITICAL = 4.6

_TABLE, _CUBE = types.Array(types.float64, 2, "C"), types.Array(types.float64, 3, "C")

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
    return over_runs(as_values(increments), window, lambda run, outputs: _cusum_break(for_lanes(run), window, outputs))


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

    def compute(run: Values, outputs: Values) -> None:
        if n_lags == 1:
            _sadf_with_a_lag(for_lanes(run), window, min_rows, outputs)
        else:
            _sadf(for_lanes(run), window, min_rows, n_lags, outputs)

    return over_runs(as_values(increments), window, compute)


@kernel(INPUT, OUTPUT)
def _add_squares(values: Values, squares: Values) -> None:
    for lane in range(squares.size):
        squares[lane] += values[lane] * values[lane]


@kernel(INPUT, NUMBER, OUTPUT, OUTPUT)
def _depart(values: Values, limit: float, moved: Values, farthest: Values) -> None:
    for lane in range(moved.size):
        moved[lane] += values[lane]
        departure = moved[lane] / limit
        farthest[lane] = departure if abs(departure) > abs(farthest[lane]) else farthest[lane]


@kernel(INPUT, COUNT, OUTPUT)
def _cusum_break(increments: Values, window: int, outputs: Values) -> None:
    limits = np.empty(window + 1)
    for n in range(1, window + 1):
        limits[n] = np.sqrt(n * (_CRITICAL + np.log(n)))
    squares, moved, farthest = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for first in range(window, outputs.size + 1, LANES):  # the end of the window in the first lane
        squares[:], moved[:], farthest[:] = 0.0, 0.0, 0.0
        for i in range(first - window, first):
            _add_squares(increments[i:], squares)
        for n in range(1, window + 1):
            _depart(increments[first - n :], limits[n], moved, farthest)
        for lane in range(min(LANES, outputs.size + 1 - first)):
            spread = np.sqrt(squares[lane] / window)
            outputs[first - 1 + lane] = farthest[lane] / spread if spread > 0.0 else 0.0


@kernel(INPUT, OUTPUT)
def _subtract(values: Values, outputs: Values) -> None:
    for lane in range(outputs.size):
        outputs[lane] -= values[lane]


@kernel(INPUT, INPUT, OUTPUT)
def _add_products(values: Values, others: Values, sums: Values) -> None:
    for lane in range(sums.size):
        sums[lane] += values[lane] * others[lane]


@kernel(INPUT, INPUT, OUTPUT)
def _subtract_products(values: Values, others: Values, sums: Values) -> None:
    for lane in range(sums.size):
        sums[lane] -= values[lane] * others[lane]


@kernel(INPUT, INPUT, OUTPUT)
def _divide(values: Values, others: Values, quotients: Values) -> None:
    for lane in range(quotients.size):
        quotients[lane] = values[lane] / others[lane]


@kernel(INPUT, INPUT, OUTPUT)
def _check(values: Values, wholes: Values, is_sound: Values) -> None:
    """Set to zero what is sound where a value is no more than a rounding of what it is left of."""
    for lane in range(is_sound.size):
        is_sound[lane] = is_sound[lane] if values[lane] > _ROUNDING * wholes[lane] else 0.0


@kernel(INPUT, INPUT, INPUT, INPUT, NUMBER, OUTPUT)
def _keep_greater(
    solved: Values, pivots: Values, left: Values, is_sound: Values, degrees: float, greatest: Values
) -> None:
    for lane in range(LANES):
        statistic = solved[lane] / np.sqrt(pivots[lane] * (left[lane] / degrees))
        # Passes over NaN; a choice in words becomes a store under a mask, which some processors are slow at.
        greatest[lane] = np.fmax(greatest[lane], statistic if is_sound[lane] > 0.0 else -np.inf)


@kernel(_CUBE, _TABLE, INPUT, COUNT, _CUBE, _CUBE, _TABLE, OUTPUT)
def _test(
    sums: NDArray[np.float64],
    crossed: NDArray[np.float64],
    total: Values,
    n_rows: int,
    reduced: NDArray[np.float64],
    factors: NDArray[np.float64],
    solved: NDArray[np.float64],
    greatest: Values,
) -> None:
    """Keep the statistic of the last regressor, found by elimination, in each lane where it is the greatest so far."""
    n = crossed.shape[0]
    left, is_sound, part = np.empty(LANES), np.ones(LANES), np.empty(LANES)
    left[:] = total
    for i in range(n):
        solved[i] = crossed[i]
        for j in range(i + 1):
            reduced[i, j] = sums[i, j]
            for k in range(j):
                _subtract_products(reduced[i, k], factors[j, k], reduced[i, j])
            if j < i:
                _divide(reduced[i, j], reduced[j, j], factors[i, j])
                _subtract_products(factors[i, j], solved[j], solved[i])
        _check(reduced[i, i], sums[i, i], is_sound)
        _divide(solved[i], reduced[i, i], part)
        _subtract_products(solved[i], part, left)
    _check(left, total, is_sound)
    _keep_greater(solved[n - 1], reduced[n - 1, n - 1], left, is_sound, float(n_rows - n), greatest)


@kernel(INPUT, COUNT, COUNT, COUNT, OUTPUT)
def _sadf(increments: Values, window: int, min_rows: int, n_lags: int, outputs: Values) -> None:
    # Regressors: a constant, the lags, and last the level, so that the last step of the elimination is its statistic.
    n = n_lags + 2
    rows, crossed, solved = np.empty((n, LANES)), np.empty((n, LANES)), np.empty((n, LANES))
    sums, reduced, factors = np.empty((n, n, LANES)), np.empty((n, n, LANES)), np.empty((n, n, LANES))
    total, greatest = np.empty(LANES), np.empty(LANES)
    for first in range(window, outputs.size + 1, LANES):  # the end of the window in the first lane
        sums[:], crossed[:], total[:], greatest[:] = 0.0, 0.0, 0.0, -np.inf
        rows[:] = 0.0
        rows[0] = 1.0
        for n_rows in range(1, window - n_lags + 1):
            at = first - n_rows
            change = increments[at : at + LANES]
            _subtract(change, rows[n - 1])  # the level of the bar before, against that of the last
            for lag in range(1, n_lags + 1):
                rows[lag] = increments[at - lag : at - lag + LANES]
            _add_squares(change, total)
            for i in range(n):
                _add_products(rows[i], change, crossed[i])
                for j in range(i + 1):
                    _add_products(rows[i], rows[j], sums[i, j])
            if n_rows >= min_rows:
                _test(sums, crossed, total, n_rows, reduced, factors, solved, greatest)
        for lane in range(min(LANES, outputs.size + 1 - first)):
            outputs[first - 1 + lane] = greatest[lane] if greatest[lane] > -np.inf else 0.0


# What `_sadf_with_a_lag` keeps of each lane: the newest row, then sums of it and of its products.
_CHANGE, _LAG, _LEVEL, _CHANGES, _LAGS, _LEVELS = (LANES * place for place in range(6))
_CHANGE_CHANGE, _LAG_CHANGE, _LEVEL_CHANGE, _LAG_LAG, _LEVEL_LAG, _LEVEL_LEVEL = (
    LANES * place for place in range(6, 12)
)


@kernel(OUTPUT)
def _add_row(sums: Values) -> None:
    """Take a row at the front into the sums of each lane: with its change, the change before, and the level."""
    for lane in range(LANES):
        change, lag = sums[_CHANGE + lane], sums[_LAG + lane]
        level = sums[_LEVEL + lane] - change  # of the bar before, against that of the last
        sums[_LEVEL + lane] = level
        sums[_CHANGES + lane] += change
        sums[_LAGS + lane] += lag
        sums[_LEVELS + lane] += level
        sums[_CHANGE_CHANGE + lane] += change * change
        sums[_LAG_CHANGE + lane] += lag * change
        sums[_LEVEL_CHANGE + lane] += level * change
        sums[_LAG_LAG + lane] += lag * lag
        sums[_LEVEL_LAG + lane] += level * lag
        sums[_LEVEL_LEVEL + lane] += level * level


@kernel(INPUT, NUMBER, OUTPUT)
def _test_with_a_lag(sums: Values, n_rows: float, greatest: Values) -> None:
    """Do what `_test` does with one lag, in one pass; the greatest are squares with the sign of the statistic."""
    share = 1.0 / n_rows
    for lane in range(LANES):
        changes, lags, levels = sums[_CHANGES + lane], sums[_LAGS + lane], sums[_LEVELS + lane]
        left = sums[_CHANGE_CHANGE + lane] - share * changes * changes
        lag_change = sums[_LAG_CHANGE + lane] - share * lags * changes
        level_change = sums[_LEVEL_CHANGE + lane] - share * levels * changes
        lag = sums[_LAG_LAG + lane] - share * lags * lags
        level_lag = sums[_LEVEL_LAG + lane] - share * levels * lags
        level = sums[_LEVEL_LEVEL + lane] - share * levels * levels
        part = 1.0 / lag
        level_change -= part * level_lag * lag_change
        level -= part * level_lag * level_lag
        explained = level_change * level_change / level
        left -= part * lag_change * lag_change + explained
        square = (n_rows - 3.0) * explained / left  # three parameters are estimated
        signed = square if level_change > 0.0 else -square
        is_sound = (
            (lag > _ROUNDING * sums[_LAG_LAG + lane])
            & (level > _ROUNDING * sums[_LEVEL_LEVEL + lane])
            & (left > _ROUNDING * sums[_CHANGE_CHANGE + lane])
        )
        greatest[lane] = np.fmax(greatest[lane], signed if is_sound else -np.inf)


@kernel(INPUT, COUNT, COUNT, OUTPUT)
def _sadf_with_a_lag(increments: Values, window: int, min_rows: int, outputs: Values) -> None:
    """Do what `_sadf` does with one lag, which is the usual number, in a third of the time."""
    sums, greatest = np.empty(12 * LANES), np.empty(LANES)
    for first in range(window, outputs.size + 1, LANES):  # the end of the window in the first lane
        sums[:], greatest[:] = 0.0, -np.inf
        for n_rows in range(1, window):
            at = first - n_rows
            sums[_CHANGE : _CHANGE + LANES] = increments[at : at + LANES]
            sums[_LAG : _LAG + LANES] = increments[at - 1 : at - 1 + LANES]
            _add_row(sums)
            if n_rows >= min_rows:
                _test_with_a_lag(sums, float(n_rows), greatest)
        for lane in range(min(LANES, outputs.size + 1 - first)):
            root = np.sqrt(abs(greatest[lane]))
            outputs[first - 1 + lane] = (root if greatest[lane] > 0.0 else -root) if root < np.inf else 0.0


@feature(CusumBreak)
def cusum_feature(prices: Prices, *, window: int) -> Values:
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
    return rolling_cusum_break(returns_of(column_values(prices, "close")), window)


@feature(ExplosiveRoot)
def sadf_feature(prices: Prices, *, window: int, min_rows: int, n_lags: int) -> Values:
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
    return rolling_sadf(returns_of(column_values(prices, "close")), window - 1, min_rows, n_lags)
