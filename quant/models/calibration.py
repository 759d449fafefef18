"""Probabilities made to mean what they say, by rows that the model was not fitted on."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, clone
from sklearn.isotonic import IsotonicRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from quant.models.blocks import purged_blocks
from quant.models.kernel import PLATT
from quant.models.linear import SteadyLogisticRegression
from quant.models.most_probable import MostProbable

LEAST_PROBABILITY = 1e-6  # log odds of 0 and 1 are infinite; a forest says both

Numbers = NDArray[np.float64]


class CalibratedClassifier(MostProbable, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier whose probabilities are corrected by a curve fitted on rows that it had not seen.

    The training rows are cut into blocks in the order of time. Each is predicted by a copy fitted on the others,
    without the `gap` rows on either side of the block, whose labels may overlap it. The curve goes from these
    probabilities to what came true; it corrects what the classifier of all training rows says. It never falls: where
    more sure predictions came true less often, all become the base rate, and none is turned round.

    Parameters
    ----------
    pipeline : Pipeline
        The unfitted preparation and model; both are fitted anew beside each block.
    method : {"sigmoid", "isotonic"}, default="sigmoid"
        A logistic curve of the log odds, or steps.
    n_parts : int, default=3
        Blocks.
    gap : int, default=0
        Rows left out on either side of a block.
    """

    def __init__(self, pipeline: Any, method: str = "sigmoid", n_parts: int = 3, gap: int = 0) -> None:
        self.pipeline = pipeline
        self.method = method
        self.n_parts = n_parts
        self.gap = gap

    def fit(  # what a step may take
        self,
        X: Any,  # noqa: N803  # scikit-learn's names
        y: Any,
        sample_weight: Any = None,
        label_spans: Any = None,
        instruments: Any = None,
    ) -> Self:
        """Fit the classifier and the curves of its classes.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows in the order of time.
        y : array-like of shape (n_rows,)
            Their classes.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights, in the classifier and in the curves; None: all the same.
        label_spans : array-like of shape (n_rows, 2), default=None
            First and last bar of each row's label, for models that draw rows by them.
        instruments : array-like of shape (n_rows,), default=None
            Which instrument a row is of, for steps of the preparation that tell them apart.

        Returns
        -------
        Self
            The fitted model.

        Raises
        ------
        ValueError
            If the rows beside a block have not all classes.
        """
        rows, classes = np.asarray(X, dtype=np.float64), np.asarray(y)
        given = {"sample_weight": sample_weight, "label_spans": label_spans}
        known = {f"model__{name}": np.asarray(values) for name, values in given.items() if values is not None}
        if instruments is not None:
            choosers = [name for name, step in self.pipeline.steps if getattr(step, "takes_instruments", False)]
            known |= {f"{name}__instruments": np.asarray(instruments) for name in choosers}
        self.classes_, places = np.unique(classes, return_inverse=True)
        said = np.empty((len(rows), len(self.classes_)))
        for block, others in purged_blocks(len(rows), self.n_parts, self.gap):
            if len(np.unique(places[others])) < len(self.classes_):
                raise ValueError(
                    f"Expected all {len(self.classes_)} outcomes among the {len(others)} rows beside each of "
                    f"{self.n_parts} parts of the training rows; found fewer. Choose a longer training window, or do "
                    "not calibrate."
                )
            of_others = {name: values[others] for name, values in known.items()}
            copy = clone(self.pipeline).fit(rows[others], classes[others], **of_others)
            said[block] = copy.predict_proba(rows[block])
        weights = known.get("model__sample_weight")
        shown = [1] if len(self.classes_) == 2 else range(len(self.classes_))  # noqa: PLR2004  # two share one curve
        self.curves_ = [self._curve(said[:, place], places == place, weights) for place in shown]
        self.pipeline_ = clone(self.pipeline).fit(rows, classes, **known)
        self.n_features_in_ = rows.shape[1]
        return self

    def predict_proba(self, X: Any) -> Numbers:  # noqa: N803  # scikit-learn's name
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
            In the order of `classes_`; each row's values are the same whatever other rows `X` has.
        """
        check_is_fitted(self)
        said = np.asarray(self.pipeline_.predict_proba(X), dtype=np.float64)
        if len(self.curves_) == 1:
            likely = self._corrected(said[:, 1], *self.curves_[0])
            return np.column_stack([1.0 - likely, likely])
        parts = np.column_stack([self._corrected(said[:, place], *curve) for place, curve in enumerate(self.curves_)])
        total = parts[:, 0].copy()
        for place in range(1, parts.shape[1]):
            total += parts[:, place]
        even = np.full_like(parts, 1.0 / parts.shape[1])  # where no class is thought possible
        return np.divide(parts, total[:, None], out=even, where=total[:, None] > 0)

    def _curve(self, said: Numbers, came: NDArray[np.bool_], weights: Any) -> tuple[Numbers, Numbers]:
        """Return a curve: slope and shift of the log odds, or the ends of its steps and their heights."""
        if self.method == "isotonic":
            steps = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0)
            steps.fit(said, came.astype(np.float64), sample_weight=weights)
            return np.asarray(steps.X_thresholds_), np.asarray(steps.y_thresholds_)
        line = SteadyLogisticRegression(**PLATT).fit(_log_odds(said)[:, None], came, weights)
        slope, shift = float(line.coef_[0, 0]), float(line.intercept_[0])
        if slope < 0:
            slope, shift = 0.0, float(logit(np.average(came, weights=weights)))
        return np.array([slope]), np.array([shift])

    def _corrected(self, said: Numbers, first: Numbers, second: Numbers) -> Numbers:
        if self.method == "isotonic":
            return np.interp(said, first, second)
        corrected: Numbers = expit(_log_odds(said) * first[0] + second[0])
        return corrected


def calibrated(pipeline: Pipeline, *, method: str, n_parts: int, gap: int) -> Pipeline:
    """Return an unfitted classifier with calibrated probabilities.

    Parameters
    ----------
    pipeline : Pipeline
        The unfitted preparation and model.
    method : {"sigmoid", "isotonic"}
        A logistic curve of the log odds (Platt's), or steps; steps need many rows.
    n_parts : int
        Blocks of the training rows, at least 2; so many more fits there are.
    gap : int
        Rows left out on either side of a block.

    Returns
    -------
    Pipeline
        One step, `model`.

    Notes
    -----
    Timing: models, preparation and curves see training rows only, and each curve rows that the models behind it had
    not seen and whose labels do not overlap theirs.

    Differs from scikit-learn's `CalibratedClassifierCV(ensemble=False)` over the same blocks: the logistic curve is one
    of log odds for every model, so that probabilities that mean what they say are left alone; it has no prior (Platt's
    targets, which matter with few rows), and does not fall. Steps are the same.

    References
    ----------
    Platt 1999, Advances in Large Margin Classifiers. Zadrozny and Elkan 2002, KDD, who also say how curves of several
    classes are put together: each against the others, then scaled to a sum of 1.
    """
    return Pipeline([("model", CalibratedClassifier(pipeline, method, n_parts, gap))])


def _log_odds(probability: Numbers) -> Numbers:
    odds: Numbers = logit(np.clip(probability, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY))
    return odds
