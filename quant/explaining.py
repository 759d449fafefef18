"""What a chosen model does with its features: parts of the answer that cost many predictions or fits, on request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from quant.errors import ModelError
from quant.fitting import fit_folds, score_weights
from quant.frames import Features, Labels
from quant.latest import final_fold
from quant.learning import TrainingSpan, learning_part
from quant.models.attribution import shap_summary
from quant.models.catalog import ModelEntry
from quant.models.dependence import decision_boundary, most_moving, partial_dependence
from quant.models.importance import (
    UNKNOWN_MEASURE,
    average_importance,
    both_importances,
    grouped_importance,
    impurity_importance,
    permutation_importance,
)
from quant.models.prediction import PREDICT
from quant.spec import AnalysisSpec
from quant.stages import Json
from quant.transforms.clusters import clusters_of
from quant.validation.cross_validation import Weigh, score_folds
from quant.validation.scores import SCORES
from quant.validation.splits import Fold

N_SHUFFLES = 3
LEAST_SCORED_ROWS = 30  # a score of fewer rows says nothing about a feature
TRAINING_SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)  # of the first training window, for the learning curve
_OF_THE_FIRST = ("single_feature", "clusters", "learning_curve")  # parts that score


@dataclass(frozen=True, eq=False)
class Explaining:
    """What is explained.

    Attributes
    ----------
    spec : AnalysisSpec
        The question.
    model : ModelEntry
        The final model with its parameters.
    first : ModelEntry
        That which the first training window chose. What is scored on later bars is of it: the choice of the final
        model has seen them, where each fold chooses for itself.
    rows, outcomes : DataFrame
        Panels of the samples.
    folds : sequence of Fold
        The walk-forward folds.
    span : TrainingSpan
        That of the choice.
    n_jobs : int
        Threads that fit models side by side.
    """

    spec: AnalysisSpec
    model: ModelEntry
    first: ModelEntry
    rows: Features
    outcomes: Labels
    folds: Sequence[Fold]
    span: TrainingSpan
    n_jobs: int = 1

    def parts(self) -> Mapping[str, Callable[[], pd.DataFrame]]:
        """Return what was asked for, by the name of its frame in the answer."""
        asked = self.spec.explanation
        parts = {
            "partial_dependence": (asked.partial_dependence, self.dependence),
            "decision_boundary": (asked.decision_boundary, self.boundary),
            "shap": (asked.shap, self.shap),
            "single_feature": (asked.single_feature, self.single_features),
            "clusters": (asked.clusters, self.clusters),
            "learning_curve": (asked.learning_curve, self.learning_curve),
        }
        return {name: compute for name, (is_asked, compute) in parts.items() if is_asked}

    def importance(self, fitted: Mapping[int, Any], on_fold: Callable[[int], None]) -> pd.DataFrame:
        """Return how much each feature mattered, in training and out of sample, averaged over the walk-forward folds.

        Parameters
        ----------
        fitted : mapping of int to object
            The fitted model of each fold by its number.
        on_fold : callable
            `on_fold(n_done)`, called after each fold.

        Returns
        -------
        DataFrame
            As `quant.models.importance.both_importances` defines it. That in training is unknown where folds chose
            models of different kinds, whose numbers have no mean.

        Notes
        -----
        Timing: shuffled and scored are test rows, after the models were fitted.
        """
        score, weigh = SCORES[self.spec.validation.score], self._weigh
        label = self.outcomes["label"]
        is_known = label.notna().to_numpy()
        inside, outside = [], []
        for n_done, fold in enumerate(self.folds, start=1):
            known, model = fold.test[is_known[fold.test]], fitted[fold.number]
            inside.append(impurity_importance(model, list(self.rows.columns)))
            if len(known) >= LEAST_SCORED_ROWS and np.ptp(label.to_numpy()[known]) > 0:
                outside.append(
                    permutation_importance(
                        model,
                        self.rows.iloc[known],
                        label.iloc[known],
                        score if weigh is None else partial(score, weights=weigh(known)),
                        self.spec.seed + fold.number,
                        N_SHUFFLES,
                        higher_is_better=score.higher_is_better,
                        predict=PREDICT[self.spec.label.task],
                    )
                )
            on_fold(n_done)
        if len({table["measure"].iloc[0] for table in inside}) > 1:  # folds that chose models of different kinds
            inside = [table.assign(mean=np.nan, std=np.nan, measure=UNKNOWN_MEASURE) for table in inside]
        return both_importances(inside, outside)

    def options(self, name: str) -> dict[str, Json]:
        """Return what a part depends on beside the model and the score."""
        asked = self.spec.explanation
        options: dict[str, dict[str, Json]] = {
            "clusters": {"likeness": asked.likeness},
            "decision_boundary": {"across": asked.boundary_x, "up": asked.boundary_y},
        }
        first = {"first": learning_part(self.spec, self.first)} if self.first != self.model else {}
        return {**options.get(name, {}), **(first if name in _OF_THE_FIRST else {})}

    def dependence(self) -> pd.DataFrame:
        """Return the partial dependence of the final model over the rows that it was trained on.

        Returns
        -------
        DataFrame
            As `quant.models.dependence.partial_dependence` defines it.

        Notes
        -----
        Timing: a description of the model that speaks about the last bar; nothing is scored.
        """
        final, rows = self._final
        return partial_dependence(final, rows, predict=PREDICT[self.spec.label.task])

    def boundary(self) -> pd.DataFrame:
        """Return what the final model says over a grid of two features, the others at their medians.

        Returns
        -------
        DataFrame
            As `quant.models.dependence.decision_boundary` defines it, of the features that were asked for; where none
            was, of those with which its mean prediction moves farthest (`quant.models.dependence.most_moving`).

        Notes
        -----
        Timing: that of `dependence`.
        """
        final, rows = self._final
        predict, asked = PREDICT[self.spec.label.task], self.spec.explanation
        chosen = [name for name in (asked.boundary_x, asked.boundary_y) if name]
        if len(chosen) < len(("across", "up")):
            others = most_moving(partial_dependence(final, rows, predict=predict))
            others += [name for name in rows.columns if name not in others]  # those that are never known
            chosen += [name for name in others if name not in chosen]
        across, up = chosen[:2]
        return decision_boundary(final, rows, across, up, predict=predict)

    def shap(self) -> pd.DataFrame:
        """Return how much each feature adds to the final model's predictions of the rows that it was trained on.

        Returns
        -------
        DataFrame
            As `quant.models.attribution.shap_summary` defines it.

        Notes
        -----
        Timing: that of `dependence`.
        """
        final, rows = self._final
        return shap_summary(final, rows)

    def single_features(self) -> pd.DataFrame:
        """Return the score of the model when it is given one feature alone, on the purged folds (SFI).

        Returns
        -------
        DataFrame of shape (n_features, 4)
            `feature`; `mean` and `std` of the score over the folds, and `n_folds`. NaN where it does not fit, or has
            no score.

        Notes
        -----
        Timing: the training span only. No feature stands in for another here, and none helps another.

        References
        ----------
        López de Prado 2018, Advances in Financial Machine Learning, section 8.4.1.
        """
        found = []
        for column in self.rows.columns:
            scores = np.array([])
            try:
                trial = self.span.of_features([column]).judge(
                    self.first, number=0, kind="candidate", n_jobs=self.n_jobs
                )
                scores = np.array([score for score in trial.fold_scores if score is not None])
            except ModelError:  # a step of the preparation, or the model, asks for more than one
                pass
            mean, std = _mean_and_std(scores)
            found.append({"feature": column, "mean": mean, "std": std, "n_folds": len(scores)})
        return pd.DataFrame(found)

    def clusters(self) -> pd.DataFrame:
        """Return what the score loses when all features of a group are shuffled together (clustered MDA).

        Returns
        -------
        DataFrame of shape (n_clusters, 4)
            `features`, their names; `n_features`; `mean` and `std` over the walk-forward folds of the score that is
            lost. Groups are those of the first training window's correlations.

        Notes
        -----
        Timing: shuffled and scored are test rows, after the models were fitted; grouped is by rows before them.

        References
        ----------
        López de Prado 2020, Machine Learning for Asset Managers, section 6.5.2.
        """
        known = self.span.features.fillna(self.span.features.median()).fillna(0.0)
        numbers = clusters_of(known.to_numpy(dtype=np.float64), self.spec.explanation.likeness)
        columns = list(self.rows.columns)
        groups = [
            [columns[place] for place in np.flatnonzero(numbers == number)] for number in range(numbers.max() + 1)
        ]
        score, weigh = SCORES[self.spec.validation.score], self._weigh
        labels = self.outcomes["label"]
        tables = []
        for fold, fitted in zip(self.folds, self._fit(self.first, self.folds)[1], strict=True):
            scored = fold.test[labels.notna().to_numpy()[fold.test]]
            if len(scored) < LEAST_SCORED_ROWS:
                continue
            table = grouped_importance(
                fitted,
                self.rows.iloc[scored],
                labels.iloc[scored],
                score if weigh is None else partial(score, weights=weigh(scored)),
                groups,
                seed=self.spec.seed + fold.number,
                n_repeats=N_SHUFFLES,
                higher_is_better=score.higher_is_better,
                predict=PREDICT[self.spec.label.task],
            )
            tables.append(table)
        frame = pd.DataFrame({"features": [", ".join(group) for group in groups], "n_features": list(map(len, groups))})
        if not tables:
            return frame.assign(mean=np.nan, std=np.nan)
        average = average_importance(tables)
        return frame.assign(mean=average["mean"], std=average["std"])

    def learning_curve(self) -> pd.DataFrame:
        """Return the score by how many bars a model is trained on, walking forward.

        Returns
        -------
        DataFrame of shape (n_lengths, 6)
            `n_bars`: the latest so many bars before a test window are trained on; `mean` and `std` over the folds of
            the score of test rows, `training_mean` and `training_std` of that of the training rows, and `n_folds`
            that have a score; those with fewer than 30 known labels are left out. NaN where a model does not fit on
            so few.

        Notes
        -----
        Timing: as in walking forward: training rows are purged before the test window, whose bars are the same for
        each length. Lengths are shares of the first training window. Nothing is chosen by it.
        """
        stamps, is_known = self.rows.index.get_level_values("timestamp"), self.outcomes["label"].notna().to_numpy()
        scored = [fold for fold in self.folds if is_known[fold.test].sum() >= LEAST_SCORED_ROWS] or self.folds
        found = []
        for share in TRAINING_SHARES:
            n_bars = max(1, round(share * self.spec.validation.train_bars))
            folds = [_latest_bars(fold, stamps, n_bars) for fold in scored]
            try:
                predictions, models = self._fit(self.first, folds)
            except ModelError:
                found.append({"n_bars": n_bars, **_scored([], [])})
                continue
            name = self.spec.validation.score
            found_outside = score_folds(predictions, self.outcomes, [name], weigh=self._weigh)
            outside = found_outside[name].dropna().to_numpy()
            predict = PREDICT[self.spec.label.task]
            inside = [
                SCORES[name](
                    self.outcomes["label"].iloc[fold.train],
                    predict(fitted, self.rows.iloc[fold.train]),
                    None if self._weigh is None else self._weigh(fold.train),
                )
                for fold, fitted in zip(folds, models, strict=True)
            ]
            found.append({"n_bars": n_bars, **_scored(outside, inside)})
        return pd.DataFrame(found)

    @cached_property
    def _weigh(self) -> Weigh | None:
        """How much rows count in a score."""
        return score_weights(self.spec, self.outcomes, self.span.bars)

    @cached_property
    def _final(self) -> tuple[Any, Features]:
        """The final model, fitted once for all parts that look at it, and the rows that it was trained on."""
        fold = final_fold(self.outcomes, len(self.folds))
        _, (final,) = self._fit(self.model, [fold])
        return final, self.rows.iloc[fold.train]

    def _fit(self, model: ModelEntry, folds: Sequence[Fold]) -> tuple[pd.DataFrame, list[Any]]:
        return fit_folds(self.spec, model, self.rows, self.outcomes, folds, bars=self.span.bars, n_jobs=self.n_jobs)


def _latest_bars(fold: Fold, stamps: pd.Index, n_bars: int) -> Fold:
    """Return a fold that trains on the latest bars of its training rows only."""
    times = stamps[fold.train]
    bars = times.unique()
    train = fold.train[times >= bars[max(0, len(bars) - n_bars)]]
    return replace(fold, train=train)


def _scored(outside: ArrayLike, inside: ArrayLike) -> dict[str, float | int]:
    of_tests = np.asarray(outside, dtype=np.float64)
    mean, std = _mean_and_std(of_tests)
    of_training = np.asarray(inside, dtype=np.float64)
    training_mean, training_std = _mean_and_std(of_training[~np.isnan(of_training)])
    return {
        "mean": mean,
        "std": std,
        "training_mean": training_mean,
        "training_std": training_std,
        "n_folds": len(of_tests),
    }


def _mean_and_std(scores: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    mean = float(scores.mean()) if len(scores) else np.nan
    return mean, float(scores.std(ddof=1)) if len(scores) > 1 else np.nan
