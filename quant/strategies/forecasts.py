"""Predictions become signals bar by bar: by their sign, by their rank, by how sure they are, and as a rule's filter."""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from quant.frames import Predictions, task_of
from quant.strategies.catalog import BetSize, FilteredRule, RankOfForecasts, SignOfForecast, Thresholds
from quant.strategies.signals import FloatArray, forecasts, threshold_signals

_EVEN = 0.5


def sign_signals(predictions: Predictions, spec: SignOfForecast) -> pd.DataFrame:
    """Return the side that is likelier at each bar.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        As for `quant.strategies.signals.signals_from_predictions`.
    spec : SignOfForecast
        Direction.

    Returns
    -------
    DataFrame of shape (n_rows, 1)
        Panel with `signal`: 1 above a probability of one half or a return of 0, -1 below (with `long_short` only), 0
        at it and where nothing is known. With `side` that side above one half, else 0.

    Notes
    -----
    Timing: the signal at `t` uses the prediction of `t` only.
    """
    signal = _sides(predictions, _edge(predictions), may_short=spec.direction == "long_short")
    return pd.DataFrame({"signal": signal.astype(np.int64)}, index=predictions.index)


def rank_signals(predictions: Predictions, spec: RankOfForecasts) -> pd.DataFrame:
    """Return which instruments are among the best and the worst of each bar.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        As for `quant.strategies.signals.signals_from_predictions`.
    spec : RankOfForecasts
        How many are held and sold short.

    Returns
    -------
    DataFrame of shape (n_rows, 1)
        Panel with `signal`: 1 of the best, -1 of the worst, 0 of the rest. Of equals the earlier instrument is better;
        where fewer are known than there are places, the best come first, and none is on both sides.

    Notes
    -----
    Timing: the signals at `t` use the predictions of `t` only.
    """
    forecast = pd.Series(forecasts(predictions), index=predictions.index)
    by_bar = forecast.groupby(level="timestamp")
    is_best = by_bar.rank(method="first", ascending=False) <= spec.n_long
    # The last of all orders: of equals the later instrument is worse.
    from_below = by_bar.transform("count") - by_bar.rank(method="first", ascending=False) + 1
    is_worst = (from_below <= spec.n_short) & ~is_best
    return pd.DataFrame({"signal": is_best.astype(np.int64) - is_worst.astype(np.int64)}, index=predictions.index)


def sized_signals(predictions: Predictions, spec: BetSize) -> pd.DataFrame:
    """Return the likelier side and how much of a full position to stake on it.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        As for `quant.strategies.signals.signals_from_predictions`, of classes.
    spec : BetSize
        Direction and step.

    Returns
    -------
    DataFrame of shape (n_rows, 2)
        Panel with `signal`, and `stake` in [0, 1]: 2Φ(z) − 1 with z = (p − ½) / √(p(1 − p)), rounded to the step. The
        signal is 0 where the stake is.

    Notes
    -----
    Timing: both at `t` use the prediction of `t` only.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 10.3.
    """
    edge = _edge(predictions)
    likelier = np.minimum(_EVEN + np.abs(edge), 1.0)
    with np.errstate(divide="ignore"):  # certainty is a full position
        z = (likelier - _EVEN) / np.sqrt(likelier * (1.0 - likelier))
    stake = np.minimum(np.round((2.0 * ndtr(z) - 1.0) / spec.step) * spec.step, 1.0)
    signal = _sides(predictions, edge, may_short=spec.direction == "long_short")
    signal = np.where(stake > 0.0, signal, 0.0)
    stake = np.where(signal == 0.0, 0.0, stake)
    return pd.DataFrame({"signal": signal.astype(np.int64), "stake": stake}, index=predictions.index)


def filtered_signals(predictions: Predictions, spec: FilteredRule) -> pd.DataFrame:
    """Return the side of a rule where a model thinks that following it pays.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel with `probability` that following `side` pays.
    spec : FilteredRule
        Thresholds; the direction is that of its rule.

    Returns
    -------
    DataFrame of shape (n_rows, 1)
        Panel with `signal`, as `threshold_signals` returns it.

    Notes
    -----
    Timing: that of `threshold_signals`.
    """
    thresholds = Thresholds(
        direction=spec.rule.direction,
        enter_above=spec.enter_above,
        exit_below=spec.exit_below,
        short_below=0.0,
        cover_above=spec.exit_below,
    )
    return threshold_signals(predictions, thresholds)


def _edge(predictions: Predictions) -> FloatArray:
    """Return how far a forecast is above what says nothing: a probability of one half, or a return of 0."""
    return forecasts(predictions) - (0.0 if task_of(predictions) == "regression" else _EVEN)


def _sides(predictions: Predictions, edge: FloatArray, *, may_short: bool) -> FloatArray:
    """Return 1, 0 or -1 by the sign of the edge; of a given side, that side where the edge is positive."""
    known = np.nan_to_num(edge)
    if "side" in predictions:
        side = np.nan_to_num(predictions["side"].to_numpy(dtype=np.float64))
        sides = np.where(known > 0.0, side, 0.0)
    else:
        sides = np.sign(known)
    return sides if may_short else np.maximum(sides, 0.0)
