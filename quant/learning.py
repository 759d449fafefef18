"""Choosing a model inside the training span, and predicting bars that it never saw."""

import json
from collections.abc import Callable, Sequence
from copy import copy
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.fitting import fit_folds, score_weights
from quant.frames import Features, Labels, Predictions
from quant.models.catalog import ModelEntry
from quant.result import TriedModel
from quant.spec import AnalysisSpec, forecast_strategy
from quant.stages import Json
from quant.strategies.signals import positions_of, signals_from_predictions
from quant.validation.catalog import ScoreName
from quant.validation.cross_validation import FoldResult, score_folds
from quant.validation.overfitting import return_moments
from quant.validation.paired import LEVEL, holm, mean_test_share, score_difference
from quant.validation.scores import SCORES
from quant.validation.splits import Fold, purged_k_fold


class TrainingSpan:
    """The bars of the first training window: all that choosing and tuning may see.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    features, labels : DataFrame
        Panels of all samples; only the rows that the first walk-forward model may train on are kept.
    next_returns : Series
        Panel of one-bar outcomes, see `quant.preparation.next_bar_returns`.
    bars : Series
        Panel of the log returns of all bars, see `quant.preparation.bar_returns`.
    folds : sequence of Fold
        The walk-forward folds.
    """

    def __init__(
        self,
        spec: AnalysisSpec,
        features: Features,
        labels: Labels,
        *,
        next_returns: pd.Series,
        bars: pd.Series,
        folds: Sequence[Fold],
    ) -> None:
        self.spec = spec
        self.bars = bars
        self.next_returns = next_returns
        self.features = features.iloc[folds[0].train]
        self.labels = labels.iloc[folds[0].train]
        self.folds = purged_k_fold(self.labels, spec.validation.n_folds, spec.validation.embargo_bars)

    def asked_by(self, spec: AnalysisSpec) -> "TrainingSpan":
        """Return the same span for a question that differs in nothing that the span depends on."""
        span = copy(self)
        span.spec = spec
        return span

    def of_fold(self, features: Features, labels: Labels, fold: Fold) -> "TrainingSpan":
        """Return the span of another fold: its training rows, of the panels of all samples."""
        return TrainingSpan(self.spec, features, labels, next_returns=self.next_returns, bars=self.bars, folds=[fold])

    def of_features(self, columns: Sequence[str]) -> "TrainingSpan":
        """Return the same span with some of its features only."""
        span = copy(self)
        span.features = self.features[list(columns)]
        return span

    def chance(self) -> float | None:
        """Mean score, over the purged folds, of predicting each training row's classes by their shares alone.

        None of numbers, and where the score is not defined.
        """
        task = self.spec.label.task
        if task == "regression":
            return None
        classes = (1,) if task == "two_way" else (1, -1)  # in the order of `quant.frames.FORECAST_COLUMNS`
        label = self.labels["label"].to_numpy(dtype=np.float64)
        scores, weigh = [], score_weights(self.spec, self.labels, self.bars)
        for fold in self.folds:
            learned, tested = label[fold.train], label[fold.test]
            shares = [float((learned[~np.isnan(learned)] == which).mean()) for which in classes]
            is_known = ~np.isnan(tested)
            said = np.tile(shares, (int(is_known.sum()), 1))
            weights = None if weigh is None else weigh(fold.test[is_known])
            score = SCORES[self.spec.validation.score]
            scores.append(score(tested[is_known], said if len(classes) > 1 else said[:, 0], weights))
        known = [score for score in scores if not np.isnan(score)]
        return float(np.mean(known)) if known else None

    def judge(
        self,
        model: ModelEntry,
        *,
        number: int,
        kind: str,
        n_jobs: int,
        on_fold: Callable[[FoldResult], None] | None = None,
    ) -> TriedModel:
        """Score one model with its parameters on the purged folds.

        Raises
        ------
        ModelError
            If the model does not fit.

        Notes
        -----
        Timing: every label in the training span is known before the first traded bar; the test span is not touched.
        """
        predictions, _ = fit_folds(
            self.spec, model, self.features, self.labels, self.folds, bars=self.bars, n_jobs=n_jobs, on_fold=on_fold
        )
        score_name = self.spec.validation.score
        weigh = score_weights(self.spec, self.labels, self.bars)
        scores = score_folds(predictions, self.labels, [score_name], weigh=weigh)[score_name].to_numpy()
        known = scores[~np.isnan(scores)]
        earned = earned_by_signals(predictions, self.spec, self.next_returns).to_numpy(dtype=np.float64)
        sharpe = return_moments(earned).sharpe
        return TriedModel(
            number=number,
            kind=kind,
            model=model.name,  # type: ignore[attr-defined]  # every entry has a name
            parameters=json.loads(model.model_dump_json(exclude={"name"})),
            score_name=score_name,
            score=float(known.mean()) if len(known) else None,
            fold_scores=tuple(None if np.isnan(score) else float(score) for score in scores),
            sharpe_ratio=None if np.isnan(sharpe) else float(sharpe),
            earned=earned,
        )


def earned_by_signals(predictions: Predictions, spec: AnalysisSpec, next_returns: pd.Series) -> pd.Series:
    """Return what holding what the signals say earns at each bar, without costs: the mean over the instruments."""
    held = positions_of(signals_from_predictions(predictions, forecast_strategy(spec)))
    return (held * next_returns.reindex(held.index)).groupby(level="timestamp").mean()


def learning_part(spec: AnalysisSpec, model: ModelEntry) -> dict[str, Json]:
    """Return what a fitted model depends on, besides its features."""
    steps = [[type(step).version, step.model_dump(mode="json")] for step in spec.preparation]
    followed = spec.followed
    return {
        "model": [type(model).version, model.model_dump(mode="json")],
        "label": [type(spec.label).version, spec.label.model_dump(mode="json")],
        "events": spec.events.model_dump(mode="json"),
        "weights": spec.weights.model_dump(mode="json"),
        **({} if spec.weights.by == "equal" else {"scores": "weighed"}),  # they were not always
        "validation": spec.validation.model_dump(mode="json", exclude={"target", "nested"}),
        "seed": spec.seed,
        **({"preparation": steps} if steps else {}),
        **({"calibration": spec.calibration.model_dump(mode="json")} if spec.calibration.is_used else {}),
        **({"followed": [type(followed).version, followed.model_dump(mode="json")]} if followed else {}),
    }


def did_not_fit(spec: AnalysisSpec, model: ModelEntry, *, number: int, kind: str) -> TriedModel:
    """Return the trial of a model that failed: without any score, and counted like the others."""
    return TriedModel(
        number=number,
        kind=kind,
        model=model.name,  # type: ignore[attr-defined]  # every entry has a name
        parameters=json.loads(model.model_dump_json(exclude={"name"})),
        score_name=spec.validation.score,
        score=None,
        fold_scores=(),
        sharpe_ratio=None,
    )


def best_of(trials: Sequence[TriedModel]) -> TriedModel:
    """Return the trial with the best score; of equals the first. One without a score is never better."""
    best = trials[0]
    for trial in trials[1:]:
        # That of a rule is no score of predictions; nobody compares rules here.
        name = cast("ScoreName", trial.score_name)
        if SCORES[name].is_better(_number(trial.score), _number(best.score)):
            best = trial
    return best


def meets_target(spec: AnalysisSpec, trial: TriedModel, chance: float | None) -> bool | None:
    """Whether a trial is good enough: at its target, and better than chance, see `TrainingSpan.chance`.

    None if no target was set. Where one class is common, its share alone may reach a target that a coin does not.
    """
    score, value, target = SCORES[spec.validation.score], _number(trial.score), spec.validation.target
    if target is None:
        return None
    return score.meets(value, target) and (chance is None or score.is_better(value, chance))


def compare_trials(
    trials: Sequence[TriedModel], chosen: TriedModel, folds: Sequence[Fold]
) -> list[dict[str, Json]] | None:
    """Test whether the chosen trial is better than the next best of each model by more than chance.

    Parameters
    ----------
    trials : sequence of TriedModel
        All that were made.
    chosen : TriedModel
        The best of them.
    folds : sequence of Fold
        The purged folds on which they were scored.

    Returns
    -------
    list of dict or None
        JSON facts, one a model that has another trial with a score, in the order of the trials: `trial`, its row in
        `candidates`, `model`, `difference` of the mean scores (chosen minus the other), `standard_error`, `p_value`,
        `p_value_adjusted` for the number of comparisons (None where it cannot be told), `n_folds`, and
        `is_distinguishable`. None if the chosen one has no score.

    Notes
    -----
    Timing: the training span only. See `quant.validation.paired.score_difference`.
    """
    if chosen.score is None:
        return None
    others = [trial for trial in trials if trial is not chosen and trial.score is not None]
    of_model = [[trial for trial in others if trial.model == name] for name in dict.fromkeys(t.model for t in others)]
    next_best = [best_of(each) for each in of_model]
    share = mean_test_share(folds)
    found = [
        score_difference(_numbers(chosen.fold_scores), _numbers(other.fold_scores), test_share=share)
        for other in next_best
    ]
    adjusted = holm([each.p_value for each in found])
    return [
        {
            "trial": next(place for place, trial in enumerate(trials) if trial is other),
            "model": other.model,
            "difference": _known(each.difference),
            "standard_error": _known(each.standard_error),
            "p_value": _known(each.p_value),
            "p_value_adjusted": _known(raised),
            "n_folds": each.n_folds,
            "is_distinguishable": bool(raised < LEVEL),
        }
        for other, each, raised in zip(next_best, found, adjusted, strict=True)
    ]


def _numbers(scores: Sequence[float | None]) -> list[float]:
    return [_number(score) for score in scores]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def to_model(spec: AnalysisSpec, trial: TriedModel) -> ModelEntry:
    """Return the specification of the model that a trial tried."""
    for entry in spec.models:
        if entry.name == trial.model:
            return type(entry).model_validate(dict(trial.parameters))
    raise KeyError(trial.model)


def candidates_frame(trials: Sequence[TriedModel]) -> pd.DataFrame:
    """Return the trials as a frame, one row each; parameters as JSON text."""
    return pd.DataFrame(
        {
            "number": np.arange(len(trials)),
            "kind": [trial.kind for trial in trials],
            "model": [trial.model for trial in trials],
            "parameters": [json.dumps(dict(trial.parameters), sort_keys=True) for trial in trials],
            "score": np.array([_number(trial.score) for trial in trials]),
            "sharpe_ratio": np.array([_number(trial.sharpe_ratio) for trial in trials]),
        }
    )


def cv_scores_frame(trials: Sequence[TriedModel]) -> pd.DataFrame:
    """Return the score of each trial in each purged fold, one row a pair."""
    return pd.DataFrame(
        [
            {"number": number, "fold": fold, "score": _number(score)}
            for number, trial in enumerate(trials)
            for fold, score in enumerate(trial.fold_scores)
        ]
    )


def trial_returns(trials: Sequence[TriedModel]) -> NDArray[np.float64]:
    """Return what each trial that could be fitted earned at each bar of the training span, a column a trial."""
    return np.column_stack([trial.earned for trial in trials if trial.earned is not None])
