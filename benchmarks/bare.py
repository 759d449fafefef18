"""The floor under an analysis: the same fits and predictions, called as anybody would call the libraries.

Features, labels and folds are there already, as arrays. The same folds, parameters and seeds, one thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier

from benchmarks.fits import fits_through
from quant.analysis import run_analysis
from quant.models import catalog
from quant.pipeline import Builder
from quant.preparation import fetch_instruments
from quant.result import AnalysisResult
from quant.spec import AnalysisSpec
from quant.validation.cross_validation import fit_predict_folds
from quant.validation.splits import Fold


@dataclass(frozen=True)
class Job:
    """Folds that an analysis fitted with one model."""

    model: catalog.ModelEntry
    seed: int
    rows: NDArray[np.float64]
    labels: NDArray[np.float64]
    folds: Sequence[Fold]

    def run(self) -> NDArray[np.float64]:
        """Fit and predict each fold; return the probabilities, fold after fold."""
        probabilities = []
        for fold in self.folds:
            model = _BUILD[type(self.model)](self.model, self.seed)
            model.fit(self.rows[fold.train], self.labels[fold.train].astype(np.int64))
            probabilities.append(model.predict_proba(self.rows[fold.test])[:, 1])
        return np.concatenate(probabilities)


class BareRun:
    """All fits and predictions of an analysis, recorded from the library's own run of it, ready to be made again."""

    def __init__(self, spec: AnalysisSpec) -> None:
        self._jobs: list[Job] = []
        with fits_through(self._record):
            self.answer: AnalysisResult = run_analysis(spec, fetch_instruments)

    @property
    def n_fits(self) -> int:
        """How many models a run fits."""
        return sum(len(job.folds) for job in self._jobs)

    def run(self) -> NDArray[np.float64]:
        """Make all fits and predictions; return the probabilities of the walk-forward folds.

        The job after them, the last one, is the final model.
        """
        with threadpool_limits(limits=1):
            return [job.run() for job in self._jobs][-2]

    def _record(self, build: Builder, features: Any, labels: Any, folds: Sequence[Fold], **options: Any) -> Any:
        self._jobs.append(Job(build.model, build.spec.seed, features.to_numpy(), labels["label"].to_numpy(), folds))
        return fit_predict_folds(build, features, labels, folds, **options)


def _logistic(entry: Any, seed: int) -> Any:
    model = LogisticRegression(C=entry.c, solver="lbfgs", tol=1e-6, max_iter=2000, random_state=seed)
    return make_pipeline(StandardScaler(), model)


def _forest(entry: Any, seed: int) -> Any:
    return RandomForestClassifier(
        n_estimators=entry.n_trees,
        max_depth=entry.max_depth,
        min_samples_leaf=entry.min_samples_leaf,
        max_features=entry.max_features,
        random_state=seed,
        n_jobs=1,
    )


def _booster(entry: Any, seed: int) -> Any:
    return XGBClassifier(
        n_estimators=entry.n_rounds,
        max_depth=entry.max_depth,
        learning_rate=entry.learning_rate,
        subsample=entry.subsample,
        colsample_bytree=entry.column_share,
        reg_lambda=entry.l2,
        objective="binary:logistic",
        tree_method="hist",
        device="cpu",
        random_state=seed,
        n_jobs=1,
    )


_BUILD: dict[type[catalog.ModelEntry], Callable[[Any, int], Any]] = {
    catalog.LogisticRegression: _logistic,
    catalog.RandomForest: _forest,
    catalog.XgBoost: _booster,
}
