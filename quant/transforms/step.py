"""What the steps have in common. Importing this module imports scikit-learn, so only a catalogue entry's `load` does.

Each step takes bare rows, float64, and learns in `fit` only.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class Step(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A transformer of numbers that says which column each of its columns is made of.

    A subclass has `_learn(rows, labels)`, which sets `sources_` and what else it learns, and may have `_apply(rows)`;
    without it, columns are selected. `_takes_unknown` says whether NaN may stand in its rows.

    Attributes
    ----------
    sources_ : ndarray of shape (n_columns_out,)
        Positions of the columns that each column is made of; absent if each is made of all.
    """

    _takes_unknown = False
    _needs_labels = False

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803  # scikit-learn's names
        """Learn from training rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows, in the order of time.
        y : array-like of shape (n_rows,), default=None
            Their labels, which a selection may look at.

        Returns
        -------
        Self
            The fitted step.
        """
        rows = self._rows(X, reset=True)
        self._learn(rows, np.asarray(y) if self._needs_labels else np.empty(0))
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:  # noqa: N803  # scikit-learn's name
        """Return rows as the model sees them.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows of any part.

        Returns
        -------
        ndarray of shape (n_rows, n_columns_out)
            Each row depends on that row alone, and on what was learned.
        """
        check_is_fitted(self)
        return self._apply(self._rows(X, reset=False))

    def _rows(self, rows: Any, *, reset: bool) -> NDArray[np.float64]:
        finite = "allow-nan" if self._takes_unknown else True
        valid: NDArray[np.float64] = validate_data(
            self, rows, reset=reset, dtype=np.float64, order="C", ensure_all_finite=finite
        )
        return valid

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:
        raise NotImplementedError

    def _apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        chosen: NDArray[np.float64] = np.ascontiguousarray(rows[:, self.sources_])
        return chosen
