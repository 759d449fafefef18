"""Predictions become signals: by what the strategy says, or by thresholds with hysteresis, of each instrument alone."""

from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from quant.errors import DataError
from quant.frames import Predictions, is_panel_index, task_of
from quant.strategies.catalog import ForecastEntry, Thresholds

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


def signals_from_predictions(predictions: Predictions, spec: ForecastEntry) -> pd.DataFrame:
    """Turn predictions into signals to be long, short or out of the market.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel with `probability`, that the label is 1, in [0, 1] or NaN; of three classes also with `probability_down`,
        that it is -1; of returns `predicted_return` instead. With `side` (1, -1, or 0 and NaN for none) the probability
        is that following it pays. Sorted by timestamp and instrument.
    spec : ForecastEntry
        The strategy.

    Returns
    -------
    DataFrame of shape (n_rows, 1 or 2)
        Panel with the same index and `signal` (int64): 1 long, 0 out, -1 short (if the strategy does that). Some
        strategies say in `stake` how much of a full position.

    Raises
    ------
    DataError
        If the panel is not sorted by timestamp and instrument, has a row twice, or if a probability is outside [0, 1].

    Notes
    -----
    Timing: the signal at `t` uses the predictions up to `t`, which are known at the close of `t`; it can be acted upon
    at the next open. Cutting the panel off after any bar leaves the signals before it unchanged.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([range(5), [0]], names=["timestamp", "instrument"])
    >>> predictions = pd.DataFrame({"probability": [0.52, 0.60, 0.52, 0.49, 0.52]}, index=index)
    >>> signals_from_predictions(predictions, Thresholds())["signal"].tolist()
    [0, 1, 1, 0, 0]
    """
    index = predictions.index
    if not is_panel_index(index):
        raise DataError(
            "Expected predictions as a panel sorted by timestamp and instrument, each row once; sort the panel and "
            "remove duplicates first."
        )
    signals: pd.DataFrame = type(spec).load()(predictions, spec)
    return signals


def positions_of(signals: pd.DataFrame) -> pd.Series:
    """Return what signals want to hold, in full positions: the signal, times the stake where one is said.

    Parameters
    ----------
    signals : DataFrame of shape (n_rows, 1 or 2)
        As `signals_from_predictions` returns them.

    Returns
    -------
    Series of shape (n_rows,)
        From -1 to 1.

    Notes
    -----
    Timing: nothing is computed beyond each row.
    """
    return signals["signal"] * signals["stake"] if "stake" in signals else signals["signal"]


def forecasts(predictions: Predictions) -> FloatArray:
    """Return one number a row: the predicted return, or the probability of 1 with half of that of neither.

    Raises
    ------
    DataError
        If a probability is outside [0, 1].
    """
    if task_of(predictions) == "regression":
        predicted: FloatArray = predictions["predicted_return"].to_numpy(dtype=np.float64)
        return predicted
    forecast = _between_0_and_1(predictions["probability"])
    if "probability_down" in predictions:
        forecast = (1.0 + forecast - _between_0_and_1(predictions["probability_down"])) / 2.0
    return forecast


def threshold_signals(predictions: Predictions, spec: Thresholds) -> pd.DataFrame:
    """Turn predictions into signals by thresholds with hysteresis.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        As for `signals_from_predictions`.
    spec : Thresholds
        Thresholds and direction.

    Returns
    -------
    DataFrame of shape (n_rows, 1)
        Panel with `signal`.

    Notes
    -----
    Timing: the signal at `t` uses the probabilities of its instrument up to `t`, which are known at the close of `t`;
    it can be acted upon at the next open. Cutting the panel off after any bar leaves the signals before it unchanged.

    In this order, for each bar: an unknown probability (NaN) ends any position; at least `enter_above` is long; at most
    `short_below` is short; a long position ends below `exit_below`, a short one above `cover_above`; between the
    thresholds the signal stays what it was. Every instrument starts out of the market.

    Of three classes, what is held against the thresholds is the probability of 1 with half of that of 0: 0.5 where up
    and down are equally likely, and 0.55 where up is ten points likelier than down. Where a return is predicted, the
    thresholds are the returns of the specification instead.

    Where a side is given, only it is taken: entered at `enter_above`, left below `exit_below` or when the side is
    another. A short side is taken with `long_short` only; `short_below` and `cover_above` are not used.
    """
    index, forecast = predictions.index, forecasts(predictions)
    if task_of(predictions) == "regression":
        thresholds = (spec.enter_return, spec.exit_return, spec.short_return, spec.cover_return)
    else:
        thresholds = (spec.enter_above, spec.exit_below, spec.short_below, spec.cover_above)
    may_short = spec.direction == "long_short"
    if "side" not in predictions:
        return pd.DataFrame({"signal": _signals(forecast, index, thresholds, may_short=may_short)}, index=index)
    side = predictions["side"].to_numpy(dtype=np.float64)
    # Of each side by itself: where it is not taken nothing is known of it, which ends any position.
    long, short = (
        _signals(np.where(side == way, forecast, np.nan), index, thresholds, may_short=False) for way in (1.0, -1.0)
    )
    return pd.DataFrame({"signal": long - short if may_short else long}, index=index)


def _signals(
    forecast: FloatArray, index: "pd.Index[Any]", thresholds: tuple[float, float, float, float], *, may_short: bool
) -> IntArray:
    codes, instruments = index.codes[1], index.levels[1]  # type: ignore[attr-defined]  # a panel's index has them
    signal = np.empty(len(forecast), dtype=np.int64)
    _hysteresis(
        forecast.copy(),  # pandas hands out read-only memory, which would be compiled as another type
        codes.astype(np.int64),
        np.zeros(len(instruments), dtype=np.int64),
        thresholds,
        may_short,
        signal,
    )
    return signal


def _between_0_and_1(column: pd.Series) -> FloatArray:
    probability: FloatArray = column.to_numpy(dtype=np.float64)
    outside = (probability < 0) | (probability > 1)
    if outside.any():
        found = probability[int(np.argmax(outside))]
        raise DataError(f"Expected probabilities between 0 and 1; found {found} and {int(outside.sum()) - 1} others.")
    return probability


@njit(cache=True, nogil=True)
def _hysteresis(
    probability: FloatArray,
    instrument: IntArray,
    state: IntArray,
    thresholds: tuple[float, float, float, float],
    may_short: bool,  # noqa: FBT001 - numba kernels take positions only
    signal: IntArray,
) -> None:
    """Write the signal of each row; `state` carries the last one of each instrument."""
    for row in range(probability.size):
        held = state[instrument[row]]
        state[instrument[row]] = _next_signal(probability[row], held, thresholds, may_short)
        signal[row] = state[instrument[row]]


@njit(cache=True, nogil=True)
def _next_signal(
    probability: float,
    held: int,
    thresholds: tuple[float, float, float, float],
    may_short: bool,  # noqa: FBT001 - numba kernels take positions only
) -> int:
    """Return the signal after `held`."""
    enter_above, exit_below, short_below, cover_above = thresholds
    if np.isnan(probability):
        return 0
    if probability >= enter_above:
        return 1
    if may_short and probability <= short_below:
        return -1
    if (held > 0 and probability < exit_below) or (held < 0 and probability > cover_above):
        return 0
    return held
