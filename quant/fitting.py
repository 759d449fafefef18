"""Fitting a question's model fold by fold: the one place where a run, its trials and its audit fit anything."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.frames import CLASSES, Features, Labels, Predictions
from quant.labels.weights import label_spans, sample_weights
from quant.models.catalog import ModelEntry
from quant.models.prediction import PREDICT
from quant.pipeline import Builder
from quant.spec import AnalysisSpec
from quant.validation.cross_validation import FitParameters, FoldResult, Weigh, fit_predict_folds
from quant.validation.splits import Fold


def fit_folds(
    spec: AnalysisSpec,
    model: ModelEntry,
    features: Features,
    labels: Labels,
    folds: Sequence[Fold],
    *,
    bars: pd.Series,
    n_jobs: int = 1,
    on_fold: Callable[[FoldResult], None] | None = None,
) -> tuple[Predictions, list[Any]]:
    """Fit a model on each fold's training rows, weighted as was asked, and predict its test rows.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    model : ModelEntry
        The model with its parameters.
    features, labels : DataFrame
        Panels of the same samples.
    folds : sequence of Fold
        Splits of these rows.
    bars : Series of shape (n_bars,)
        Panel of the log returns of all bars, see `quant.preparation.bar_returns`: at least those of the labels' spans.
    n_jobs : int, default=1
        Folds at a time; it does not change the result.
    on_fold : callable, default=None
        As `quant.validation.cross_validation.fit_predict_folds` takes it.

    Returns
    -------
    predictions : DataFrame of shape (n_test, n_columns)
        Panel of all test rows, see `quant.frames`.
    models : list
        The fitted models, in the order of `folds`.

    Raises
    ------
    ModelError
        If a model does not fit.

    Notes
    -----
    Timing: that of `fit_predict_folds`. Weights are computed inside each fold, of its training labels and the bars of
    their spans, which end before the test block or begin after it.
    """
    return fit_predict_folds(
        Builder(spec, model, tuple(features.columns)),
        features,
        labels,
        folds,
        predict=PREDICT[spec.label.task],
        n_jobs=n_jobs,
        task=spec.label.task,
        on_fold=on_fold,
        fit_parameters=_fit_parameters(spec, model, labels, bars),
    )


def fit_chosen(
    spec: AnalysisSpec,
    models: Mapping[int, ModelEntry],
    features: Features,
    labels: Labels,
    folds: Sequence[Fold],
    *,
    bars: pd.Series,
    n_jobs: int = 1,
    on_fold: Callable[[FoldResult], None] | None = None,
) -> Predictions:
    """Fit on each fold the model that was chosen for it, and predict its test rows.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    models : mapping of int to ModelEntry
        The model with its parameters, by the number of its fold.
    features, labels, folds, bars, n_jobs, on_fold
        As `fit_folds` takes them; test blocks follow one another in time.

    Returns
    -------
    DataFrame of shape (n_test, n_columns)
        Panel of all test rows, see `quant.frames`.

    Raises
    ------
    ModelError
        If a model does not fit.

    Notes
    -----
    Timing: that of `fit_folds`.
    """
    predicted = [
        fit_folds(
            spec,
            model,
            features,
            labels,
            [fold for fold in folds if models[fold.number] == model],
            bars=bars,
            n_jobs=n_jobs,
            on_fold=on_fold,
        )[0]
        for model in dict.fromkeys(models[fold.number] for fold in folds)
    ]
    return pd.concat(predicted).sort_index() if len(predicted) > 1 else predicted[0]


def score_weights(spec: AnalysisSpec, labels: Labels, bars: pd.Series) -> Weigh | None:
    """Return what tells how much rows count when they are scored: as much as in learning, but for their age.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel.
    bars : Series of shape (n_bars,)
        As `fit_folds` takes it.

    Returns
    -------
    callable or None
        `weigh(rows)`, of positions in `labels` whose labels are known: their weights among themselves. None if all
        count the same. Decay is left out, for the past of a score is no older than another's, and so is the balance of
        classes, which makes another score of one.

    Notes
    -----
    Timing: of the labels that are scored; no label outside them is looked at.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 7.5 and 8.3.2: what weighs in fitting weighs
    in scoring, too.
    """
    by = spec.weights.by
    if by == "equal":
        return None
    by_instrument = bars.swaplevel().sort_index()
    axis, returns = by_instrument.index, by_instrument.to_numpy(dtype=np.float64)

    def weigh(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return sample_weights(*label_spans(labels.iloc[rows], axis), by=by, decay=1.0, returns=returns)

    return weigh


def _fit_parameters(spec: AnalysisSpec, model: ModelEntry, labels: Labels, bars: pd.Series) -> FitParameters | None:
    """Return what tells a fold's model how much each training row weighs, where its label lies, and whose it is."""
    choosers = [step.name for step in spec.preparation if type(step).takes_orders]
    takes_spans = spec.weights.is_used or type(model).takes_spans
    if not (takes_spans or choosers):
        return None
    instruments = labels.index.get_level_values("instrument").to_numpy()
    by_instrument = bars.swaplevel().sort_index()
    axis, returns = by_instrument.index, by_instrument.to_numpy(dtype=np.float64)

    def of_fold(fold: Fold) -> dict[str, NDArray[Any]]:
        # A calibrated model is one step that hands on what its own steps take.
        parameters: dict[str, NDArray[Any]] = {
            f"{'model' if spec.calibration.is_used else name}__instruments": instruments[fold.train]
            for name in choosers
        }
        if not takes_spans:
            return parameters
        training = labels.iloc[fold.train]
        starts, ends = label_spans(training, axis)
        if type(model).takes_spans:
            parameters["model__label_spans"] = np.column_stack((starts, ends))
        if spec.weights.is_used:
            classes = training["label"].to_numpy(dtype=np.float64).astype(np.int64) - min(
                CLASSES[spec.label.task], default=0
            )
            parameters["model__sample_weight"] = sample_weights(
                starts,
                ends,
                by=spec.weights.by,
                decay=spec.weights.decay,
                returns=returns,
                classes=classes if spec.weights.balanced else None,
            )
        return parameters

    return of_fold
