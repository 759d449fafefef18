"""How far returns strayed from earlier predictions, and so how far they may stray from the next one."""

from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from quant.frames import Labels, Predictions, has_quantiles, known_at, task_of
from quant.validation.catalog import IntervalSpec

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

LEAST_KNOWN = 50  # with fewer outcomes, a quantile near the edge is one of them
STEP = 0.02  # of the miss rate after each outcome, see Gibbs and Candès, section 3
LEAST_MISS_RATE, MOST_MISS_RATE = 0.005, 0.9
# Of predicted quantiles: the level between each pair, and what the pair is called once it is widened or narrowed.
BANDS = (
    (0.5, ("quantile_25", "quantile_75"), ("conformal_25", "conformal_75")),
    (0.8, ("quantile_10", "quantile_90"), ("conformal_10", "conformal_90")),
)
NUMBER, CLASSES, BAND = range(3)  # what an interval is made around
NEIGHBOURS = 3  # a classifier's interval is made of this part of the window: the predictions most like the new one


def prediction_intervals(predictions: Predictions, labels: Labels, spec: IntervalSpec) -> pd.DataFrame:
    """Return an interval for the outcome of each prediction, made of outcomes known at that moment only.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of out-of-sample predictions, see `quant.frames`.
    labels : DataFrame of shape (n_labels, n_columns)
        Labels panel that has all rows of `predictions`.
    spec : IntervalSpec
        Level, window and whether the level adapts.

    Returns
    -------
    DataFrame of shape (n_rows, 3 or 7)
        `lower` and `upper` bound of the outcome, the simple return that the label is about; `uncertainty`, see
        `uncertainty_of`; and of models that predict quantiles `conformal_25`, `conformal_75`, `conformal_10` and
        `conformal_90`, bounds that should hold a half and four fifths of the outcomes. Bounds are NaN until 50 outcomes
        of the instrument's own predictions are known.

    Notes
    -----
    Timing: the interval at `t` uses the prediction at `t` and outcomes of earlier predictions of the same instrument
    that were known (`quant.frames.known_at`) at the close of `t`, the latest to become so. An outcome that never does
    is left out.

    Of models that predict a return, errors of the latest predictions are ordered, and the interval is the new
    prediction plus the errors between which the level lies: split conformal prediction on a rolling window. Returns are
    not exchangeable, so nothing is guaranteed; therefore the level adapts. After each outcome that lay outside, the
    share of misses allowed is lowered, and after each inside it is raised, so that in the long run as many lie inside
    as were asked for. Coverage is measured, see `coverage`.

    A band of predicted quantiles is moved in the same way: its lower bound by the errors of lower bounds, its upper one
    by those of upper bounds, half of the misses allowed to each. So it is as wide as the model says where the model
    says more than the past does, and holds what it should nevertheless. Where the bounds cross, they change places,
    which makes of an empty band one that holds something.

    A probability has no errors of that kind: one outcome says nothing about how wrong 0.6 was. So for classifiers the
    interval is that of the outcomes that followed the most similar third of the latest predictions.

    References
    ----------
    Gibbs and Candès 2021, Adaptive Conformal Inference Under Distribution Shift. Romano, Patterson and Candès 2019,
    Conformalized Quantile Regression, NeurIPS, theorem 2, of which a predicted number is the case of equal bounds.
    Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World, for the order statistics.
    """
    if task_of(predictions) == "regression":
        kind, said = NUMBER, np.array(predictions["predicted_return"], dtype=np.float64)
    else:
        kind, said = CLASSES, _strength(predictions)
    asked = [(spec.level, kind, said, said, ("lower", "upper"))]
    if has_quantiles(predictions):
        for level, between, names in BANDS:
            below, above = (np.array(predictions[each], dtype=np.float64) for each in between)
            asked.append((level, BAND, below, above, names))
    outcomes = _Outcomes(predictions, labels)
    bounds: dict[str, FloatArray] = {}
    for level, around, below, above, names in asked:
        found = outcomes.bounds((1.0 - level, spec.window, spec.adaptive, around), below, above)
        bounds |= dict(zip(names, found.T, strict=True))
    bounds["uncertainty"] = uncertainty_of(predictions, bounds["lower"], bounds["upper"])
    return pd.DataFrame(bounds, index=predictions.index)


def uncertainty_of(predictions: Predictions, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Return how little each prediction says.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of predictions, see `quant.frames`.
    lower, upper : ndarray of shape (n_rows,)
        Bounds of their intervals.

    Returns
    -------
    ndarray of shape (n_rows,)
        Of classes the entropy of what was predicted over the most that there can be: 0 is certain of one class, 1 says
        nothing. Of returns half of the width of the interval, a return; NaN where there is none.

    Notes
    -----
    Timing: that of the predictions and their intervals.

    References
    ----------
    Shannon 1948, Bell System Technical Journal 27(3).
    """
    if task_of(predictions) == "regression":
        width: FloatArray = (upper - lower) / 2.0
        return width
    said = predictions[[name for name in ("probability", "probability_down") if name in predictions]]
    known = said.to_numpy(dtype=np.float64)
    shares = np.column_stack([known, np.maximum(1.0 - known.sum(axis=1), 0.0)])
    entropy: FloatArray = -(shares * np.log(np.where(shares > 0.0, shares, 1.0))).sum(axis=1)
    entropy /= np.log(shares.shape[1])
    return entropy


class _Outcomes:
    """What came of predictions, and when it was known."""

    def __init__(self, predictions: Predictions, labels: Labels) -> None:
        place = labels.index.get_indexer(predictions.index)
        self.stamps = predictions.index.get_level_values("timestamp").to_numpy(dtype="datetime64[us]").view(np.int64)
        known = known_at(labels).to_numpy(dtype="datetime64[us]").view(np.int64)[place]
        self.outcome = labels["outcome"].to_numpy(dtype=np.float64)[place]
        never = np.iinfo(np.int64).max
        is_unknown = np.isnan(self.outcome) | (known == np.iinfo(np.int64).min)  # the latter is NaT
        self.known = np.where(is_unknown, never, known)
        instruments = predictions.index.get_level_values("instrument").to_numpy()
        self.rows = [np.flatnonzero(instruments == instrument) for instrument in np.unique(instruments)]

    def bounds(self, settings: tuple[float, int, bool, int], below: FloatArray, above: FloatArray) -> FloatArray:
        """Return the bounds of each prediction, those of each instrument by its own."""
        bounds = np.full((len(self.stamps), 2), np.nan)
        for rows in self.rows:
            part = np.full((len(rows), 2), np.nan)
            # In the order in which outcomes become known; one that never does is waited for by none.
            came = np.argsort(self.known[rows], kind="stable")
            came = came[self.known[rows[came]] < np.iinfo(np.int64).max]
            known = self.known[rows[came]]
            _intervals(self.stamps[rows], came, known, below[rows], above[rows], self.outcome[rows], settings, part)
            bounds[rows] = part
        return bounds


def coverage(intervals: pd.DataFrame, outcome: pd.Series, *, window: int) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return how many outcomes lay inside their intervals: over all, and over the latest at each moment.

    Parameters
    ----------
    intervals : DataFrame of shape (n_rows, 2)
        As `prediction_intervals` returns them.
    outcome : Series of shape (n_rows,)
        What came; NaN where it is not known.
    window : int
        Outcomes over which the rolling share is taken.

    Returns
    -------
    facts : dict
        `n_scored`, `covered` (share inside) and `mean_width`; None where there is none.
    rolling : DataFrame of shape (n_timestamps, 1)
        Index `timestamp`: `covered`, the share inside among the latest `window` outcomes; NaN until there are as many.

    Notes
    -----
    Timing: the rolling share at `t` is about intervals made up to `t`, whose outcomes came later. It judges; nothing
    is decided by it.
    """
    is_scored = intervals["lower"].notna() & outcome.notna()
    scored, came = intervals[is_scored], outcome[is_scored]
    inside = ((came >= scored["lower"]) & (came <= scored["upper"])).astype(np.float64)
    rolling = inside.rolling(window).mean().groupby(level="timestamp").last().to_frame("covered")
    facts = {
        "n_scored": len(inside),
        "covered": float(inside.mean()) if len(inside) else None,
        "mean_width": float((scored["upper"] - scored["lower"]).mean()) if len(inside) else None,
    }
    return facts, rolling


def _strength(predictions: Predictions) -> FloatArray:
    """Return what was predicted of classes as one number a row."""
    rise: FloatArray = predictions["probability"].to_numpy(dtype=np.float64)
    if "probability_down" in predictions:
        fall: FloatArray = predictions["probability_down"].to_numpy(dtype=np.float64)
        return (1.0 + rise - fall) / 2.0
    return rise.copy()


@njit(cache=True, nogil=True)
def _intervals(
    stamps: IntArray,
    came: IntArray,
    known: IntArray,
    below: FloatArray,
    above: FloatArray,
    outcome: FloatArray,
    settings: tuple[float, int, bool, int],
    bounds: FloatArray,
) -> None:
    """Write the bounds of each row of one instrument, in the order of time; `came` are those that became `known`."""
    miss_rate, window, adaptive, around = settings
    allowed, n_known = miss_rate, 0
    for row in range(stamps.size):
        while n_known < came.size and known[n_known] <= stamps[row]:
            judged = came[n_known]
            if adaptive and not np.isnan(bounds[judged, 0]):
                inside = bounds[judged, 0] <= outcome[judged] <= bounds[judged, 1]
                allowed += STEP * (miss_rate - (0.0 if inside else 1.0))
                allowed = min(max(allowed, LEAST_MISS_RATE), MOST_MISS_RATE)
            n_known += 1
        first = max(0, n_known - window)
        if n_known - first < LEAST_KNOWN:
            continue
        latest, lower, upper = came[first:n_known], below[row], above[row]
        if around == CLASSES:
            distance = np.abs(below[latest] - lower)
            n_near = max(LEAST_KNOWN, distance.size // NEIGHBOURS)
            near = np.argsort(distance, kind="mergesort")[:n_near]
            under, lower, upper = np.sort(outcome[latest[near]]), 0.0, 0.0
        else:
            under = np.sort(outcome[latest] - below[latest])
        over = np.sort(outcome[latest] - above[latest]) if around == BAND else under
        n = under.size
        low = int(np.floor((n + 1) * allowed / 2.0)) - 1
        lower += under[max(low, 0)]
        upper += over[min(n - 1 - low, n - 1)]
        bounds[row, 0], bounds[row, 1] = min(lower, upper), max(lower, upper)
