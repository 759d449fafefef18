"""What all our classifiers say alike: the class to which they give the highest probability."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin


class MostProbable(ClassifierMixin):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier by its `predict_proba`; stands before the class that has it, as scikit-learn's mixins do."""

    classes_: NDArray[np.int64]

    def predict(self, X: Any) -> Any:  # noqa: N803  # scikit-learn's name
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,)
            Classes; of equally probable ones the first in the order of `classes_`.
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
