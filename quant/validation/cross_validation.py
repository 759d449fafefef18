"""Models fitted and judged fold by fold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.catalog import Task
from quant.errors import InvalidSpec, ModelError
from quant.frames import (
    CLASSES,
    QUANTILES,
    Features,
    Labels,
    Predictions,
    forecast_columns,
    forecast_of,
    has_quantiles,
    task_of,
)
from quant.validation.catalog import ScoreName
from quant.validation.scores import SCORES, scores_for
from quant.validation.splits import Fold
from quant.validation.threads import run_in_threads


class Learner(Protocol):
    """What is fitted: scikit-learn's verb."""

    def fit(self, X: NDArray[np.float64], y: NDArray[Any], **parameters: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Learn from rows and their labels: classes counted from 0, or numbers."""


Predict: TypeAlias = Callable[[Any, Features], NDArray[np.float64]]
Weigh: TypeAlias = Callable[[NDArray[np.intp]], NDArray[np.float64]]
FitParameters: TypeAlias = Callable[[Fold], Mapping[str, NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What one fold gave.

    Attributes
    ----------
    fold : Fold
        The split.
    model : object
        The model fitted on the fold's training rows.
    predictions : DataFrame of shape (n_test, n_columns)
        Panel of the test rows: what was predicted, as `quant.frames` defines it, and the `fold` number.
    seconds : float
        Wall time of fit and prediction: of interest, and no part of the result.
    """

    fold: Fold
    model: Any
    predictions: Predictions
    seconds: float


def fit_predict_folds(  # noqa: PLR0913  # each is a part of what is fitted, or of who is told
    build: Callable[[], Learner],
    features: Features,
    labels: Labels,
    folds: Sequence[Fold],
    *,
    predict: Predict,
    n_jobs: int,
    task: Task = "two_way",
    on_fold: Callable[[FoldResult], None] | None = None,
    fit_parameters: FitParameters | None = None,
) -> tuple[Predictions, list[Any]]:
    """Fit a fresh model on each fold's training rows and predict its test rows.

    Parameters
    ----------
    build : callable
        `build()` returns an unfitted model, such as a scikit-learn pipeline that scales and learns. It is called once a
        fold, so that nothing, scaling included, is learned outside the fold's training rows. If what it returns fills
        in missing features, it has an attribute `fills_in` that is true. It may have a method `fit_on(model,
        n_threads)`, which lets a fit that does not depend on them use threads that no other fold needs.
    features : DataFrame of shape (n_rows, n_features)
        Panel without a missing value, unless `build` fills them in: leave out such rows before splitting.
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel of the same rows.
    folds : sequence of Fold
        Splits of these rows, at least one; no row is tested twice. A part of the folds gives a part of the predictions.
    predict : callable
        `predict(model, features)` returns what is predicted of each row: one number, or two in `three_way`, or in
        `regression` the median and the other quantiles.
    n_jobs : int
        Folds at a time, each on a thread of its own, at least 1. It does not change the result.
    task : {"two_way", "three_way", "regression"}, default="two_way"
        What the model learns. Classes are counted from 0 for it, from the lowest label on.
    on_fold : callable, default=None
        `on_fold(result)`, called in the calling thread after each fold, in the order in which they end: for progress,
        for storing, and for cancelling by raising. What it raises is raised here at once, and no further fold starts.
    fit_parameters : callable, default=None
        `fit_parameters(fold)` returns what `fit` is given by name beside rows and labels, each an array with a row for
        each training row, such as `model__sample_weight` of a pipeline. It must use the fold's training rows only.

    Returns
    -------
    predictions : DataFrame of shape (n_test, n_columns)
        Panel of all test rows in the order of `features`: what was predicted, float64, in the columns that
        `quant.frames` gives the task, `side` if the labels have one, and `fold`, int64. Rows whose label is unknown are
        predicted too.
    models : list
        The fitted models, in the order of `folds`.

    Raises
    ------
    InvalidSpec
        If rows of features and labels differ, there is no fold, a row is tested twice, or `n_jobs` is below 1.
    ModelError
        If a feature is infinite, or missing without being filled in, if the training labels of a fold are not all the
        classes of the task (no fold is fitted then), if a fit fails, or if a prediction is not finite.

    Notes
    -----
    Timing: a prediction uses the features of its own row and a model of its fold's training rows; it is as free of
    look-ahead as the folds are. Those of `walk_forward` may be traded from the close of the row's bar on.
    """
    _check(features, labels, folds, task, fills_in=getattr(build, "fills_in", False))
    tasks = [
        partial(
            _fit_predict,
            build,
            predict,
            features,
            labels,
            fold,
            task,
            fit_parameters,
            _n_threads(place, len(folds), n_jobs),
        )
        for place, fold in enumerate(folds)
    ]
    on_done = None if on_fold is None else lambda _number, result: on_fold(result)
    results = run_in_threads(tasks, n_jobs=n_jobs, on_done=on_done)
    order = np.argsort(np.concatenate([fold.test for fold in folds]), kind="stable")
    predictions = pd.concat([result.predictions for result in results]).iloc[order]
    return predictions, [result.model for result in results]


def score_folds(
    predictions: Predictions,
    labels: Labels,
    scores: Sequence[ScoreName] | None = None,
    *,
    weigh: Weigh | None = None,
) -> pd.DataFrame:
    """Score each fold's predictions.

    Parameters
    ----------
    predictions : DataFrame of shape (n_predicted, 2)
        As `fit_predict_folds` returns them.
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel that has all rows of `predictions`.
    scores : sequence of str, default=None
        Names of scores, each a column of the result; None: all of the task.
    weigh : callable, default=None
        `weigh(rows)` returns how much rows of `labels`, by their positions, count beside each other; None: the same.

    Returns
    -------
    DataFrame of shape (n_folds, 5 + n_scores)
        One row a fold, ascending: `fold`, `test_from`, `test_to` (timestamps), `n_rows` predicted, `n_scored` (those
        whose label is known), `share_positive` of the scored (label above 0), and each score; NaN where a score is not
        defined, such as the area under the curve of a fold whose labels are all alike.

    Raises
    ------
    InvalidSpec
        If a predicted row has no row in `labels`.
    ModelError
        If a probability is not finite.
    """
    if scores is None:
        scores = scores_for(task_of(predictions), has_quantiles=has_quantiles(predictions))
    rows = _rows_of(predictions, labels)
    scored = predictions.assign(label=labels["label"].to_numpy(dtype=np.float64)[rows], row=rows)
    facts: list[dict[str, Any]] = []
    for number, fold in scored.groupby("fold", sort=True):
        timestamps = fold.index.get_level_values("timestamp")
        label, forecast = fold["label"].to_numpy(), forecast_of(fold)
        known, weights = label[~np.isnan(label)], _weights(label, fold["row"].to_numpy(), weigh)
        facts.append(
            {
                "fold": number,
                "test_from": timestamps.min(),
                "test_to": timestamps.max(),
                "n_rows": len(fold),
                "n_scored": len(known),
                "share_positive": (known > 0).mean() if len(known) else np.nan,
                **{name: SCORES[name](label, forecast, weights) for name in scores},
            }
        )
    return pd.DataFrame(facts)


def score_together(
    predictions: Predictions, labels: Labels, scores: Sequence[ScoreName], *, weigh: Weigh | None = None
) -> dict[ScoreName, float]:
    """Return scores of all predictions together, NaN where one is not defined; else as `score_folds`."""
    rows = _rows_of(predictions, labels)
    label = labels["label"].to_numpy(dtype=np.float64)[rows]
    forecast, weights = forecast_of(predictions), _weights(label, rows, weigh)
    return {name: SCORES[name](label, forecast, weights) for name in scores}


def _rows_of(predictions: Predictions, labels: Labels) -> NDArray[np.intp]:
    rows = labels.index.get_indexer(predictions.index)
    if (rows < 0).any():
        raise InvalidSpec(
            f"Expected a label row for each prediction; found none for {int((rows < 0).sum())}.", field="labels"
        )
    return rows


def _weights(label: NDArray[np.float64], rows: NDArray[np.intp], weigh: Weigh | None) -> NDArray[np.float64] | None:
    """Return how much each row counts, those whose label is unknown not at all; None if all count the same."""
    if weigh is None:
        return None
    weights, is_known = np.zeros(len(label)), ~np.isnan(label)
    weights[is_known] = weigh(rows[is_known])
    return weights


def _check(features: Features, labels: Labels, folds: Sequence[Fold], task: Task, *, fills_in: bool) -> None:
    """Refuse what would fail in the middle of a run, before anything is fitted."""
    if not folds:
        raise InvalidSpec("Expected at least one fold; found none.", field="folds")
    if not features.index.equals(labels.index):
        raise InvalidSpec("Expected features and labels with the same rows; found different ones.", field="labels")
    tested = np.concatenate([fold.test for fold in folds])
    if len(np.unique(tested)) != len(tested):
        raise InvalidSpec(
            "Expected each row in one test block; found rows that are tested twice. Score such folds one by one.",
            field="folds",
        )
    values = features.to_numpy(dtype=np.float64)
    bad = np.isinf(values) if fills_in else ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ModelError(
            f"Expected finite features; found {int(bad.sum())} values that are not, the first in "
            f"{features.columns[column]} at {features.index[row][0].isoformat()}. Leave out such rows before "
            f"splitting{'' if fills_in else ', or let the preparation fill in what is unknown'}."
        )
    if task == "regression":
        return
    label, expected = labels["label"].to_numpy(dtype=np.float64), list(CLASSES[task])
    for fold in folds:
        classes = np.unique(label[fold.train])
        if classes.tolist() != expected:
            wanted = "both outcomes, 0 and 1," if task == "two_way" else "all outcomes, -1, 0 and 1,"
            remedy = "a label threshold that both outcomes reach" if task == "two_way" else "other barriers"
            raise ModelError(
                f"Expected {wanted} among the {len(fold.train)} training labels of fold {fold.number}; "
                f"found {', '.join(f'{value:g}' for value in classes)}. Choose a longer training window, or {remedy}."
            )


def _n_threads(place: int, n_folds: int, n_jobs: int) -> int:
    """Return how many threads a fold may use: those of the last round share what is left of them."""
    n_last = n_folds % n_jobs
    return n_jobs // n_last if place >= n_folds - n_last else 1


def _fit_predict(
    build: Callable[[], Learner],
    predict: Predict,
    features: Features,
    labels: Labels,
    fold: Fold,
    task: Task,
    fit_parameters: FitParameters | None,
    n_threads: int,
) -> FoldResult:
    started = perf_counter()
    model = build()
    fit_on = getattr(build, "fit_on", _on_its_own)
    parameters = {} if fit_parameters is None else fit_parameters(fold)
    rows = features.to_numpy(dtype=np.float64)[fold.train]  # models get bare rows: checking a frame costs 5 ms a fit
    fit_on(model, n_threads)
    try:
        model.fit(rows, targets(labels["label"].to_numpy(dtype=np.float64)[fold.train], task), **parameters)
    except (ValueError, ArithmeticError) as error:  # what scikit-learn and XGBoost raise when numbers defeat them
        raise ModelError(f"Expected a model that fits in fold {fold.number}; found {error}") from error
    fit_on(model, 1)
    test = features.iloc[fold.test]
    forecast = np.asarray(predict(model, test), dtype=np.float64)
    is_of_quantiles = task == "regression" and forecast.shape[1:] == (len(QUANTILES),)
    columns = forecast_columns(task, has_quantiles=is_of_quantiles)
    expected = (len(test),) if len(columns) == 1 else (len(test), len(columns))
    if forecast.shape != expected or not np.isfinite(forecast).all():
        raise ModelError(
            f"Expected finite predictions of shape {expected} in fold {fold.number}; found shape {forecast.shape} with "
            f"{int((~np.isfinite(forecast)).sum())} that are not finite."
        )
    values = dict(zip(columns, forecast.reshape(len(test), -1).T, strict=True))
    if "side" in labels:  # known at the close of the row, whatever becomes of its label
        values["side"] = labels["side"].to_numpy(dtype=np.float64)[fold.test]
    predictions = pd.DataFrame({**values, "fold": np.int64(fold.number)}, index=test.index)
    return FoldResult(fold=fold, model=model, predictions=predictions, seconds=perf_counter() - started)


def _on_its_own(_model: Learner, _n_threads: int) -> None:
    """Leave a fit on the thread it runs on."""


def targets(label: NDArray[np.float64], task: Task) -> NDArray[Any]:
    """Return known labels as a model gets them: classes counted from 0, or the numbers themselves.

    Parameters
    ----------
    label : ndarray of shape (n_rows,)
        Known labels of the task.
    task : {"two_way", "three_way", "regression"}
        What the model learns.

    Returns
    -------
    ndarray of shape (n_rows,)
        int64 for classes, float64 for numbers.

    Notes
    -----
    Timing: each row's value is that of its own label.
    """
    return label if task == "regression" else label.astype(np.int64) - CLASSES[task][0]
