"""What a fitted model says about bars it has not seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.catalog import Task
from quant.errors import ModelError
from quant.frames import QUANTILES, Features

_MIDDLE = len(QUANTILES) // 2
_MEDIAN_FIRST = [_MIDDLE, *(place for place in range(len(QUANTILES)) if place != _MIDDLE)]


def predict_probability(model: Any, features: Features) -> NDArray[np.float64]:
    """Return the probability that the label of each row is 1.

    Parameters
    ----------
    model : Pipeline
        A fitted model with scikit-learn's verbs that learned the classes 0 and 1.
    features : DataFrame of shape (n_rows, n_features)
        The columns the model was fitted on, in that order; no value missing.

    Returns
    -------
    ndarray of shape (n_rows,)
        Fractions from 0 to 1, float64. Each row's value depends on that row alone, bit for bit.

    Raises
    ------
    ModelError
        If the model did not see both outcomes in training, so that it has nothing to say (an always-equal probability
        would look like a forecast), or if a probability is not finite.

    Notes
    -----
    Timing: a probability at `t` uses the features at `t` only, and the model that was given.
    """
    classes = np.asarray(model.classes_)
    if classes.tolist() != [0, 1]:
        raise ModelError(
            f"Expected a model that has seen both outcomes, 0 and 1; found one trained on {classes.tolist()}. "
            "Choose a longer training window, or a label threshold that both outcomes reach."
        )
    return _finite(np.asarray(model.predict_proba(_rows(model, features)), dtype=np.float64)[:, 1])


def predict_three_way(model: Any, features: Features) -> NDArray[np.float64]:
    """Return the probabilities that the label of each row is 1, and that it is -1.

    Parameters
    ----------
    model : Pipeline
        A fitted model with scikit-learn's verbs that learned the classes 0, 1 and 2, which stand for -1, 0 and 1.
    features : DataFrame of shape (n_rows, n_features)
        The columns the model was fitted on, in that order; no value missing.

    Returns
    -------
    ndarray of shape (n_rows, 2)
        Fractions from 0 to 1, float64, which add up to at most 1. Each row's values depend on that row alone.

    Raises
    ------
    ModelError
        If the model did not see all three outcomes in training, or if a probability is not finite.

    Notes
    -----
    Timing: the probabilities at `t` use the features at `t` only, and the model that was given.
    """
    classes = np.asarray(model.classes_)
    if classes.tolist() != [0, 1, 2]:
        raise ModelError(
            f"Expected a model that has seen all outcomes, -1, 0 and 1; found one trained on {(classes - 1).tolist()}. "
            "Choose a longer training window, or other barriers."
        )
    probability = np.asarray(model.predict_proba(_rows(model, features)), dtype=np.float64)
    return _finite(np.ascontiguousarray(probability[:, [2, 0]]))


def predict_return(model: Any, features: Features) -> NDArray[np.float64]:
    """Return the predicted label of each row, for models that predict numbers.

    Parameters
    ----------
    model : Pipeline
        A fitted model with scikit-learn's verbs.
    features : DataFrame of shape (n_rows, n_features)
        The columns the model was fitted on, in that order; no value missing.

    Returns
    -------
    ndarray of shape (n_rows,) or (n_rows, 5)
        Float64, in the unit of the label. Each row's value depends on that row alone, bit for bit. Of a model that
        predicts quantiles, in the order of `quant.frames.forecast_columns`: the median, then the others, ascending.

    Raises
    ------
    ModelError
        If a prediction is not finite.

    Notes
    -----
    Timing: a prediction at `t` uses the features at `t` only, and the model that was given.

    Quantiles that were fitted one by one may cross in a row. They are sorted there, which brings them no further from
    the true ones (Chernozhukov, Fernández-Val and Galichon 2010, Econometrica 78(3)).
    """
    said = _finite(np.asarray(model.predict(_rows(model, features)), dtype=np.float64))
    if said.ndim == 1:
        return said
    return np.ascontiguousarray(np.sort(said, axis=1)[:, _MEDIAN_FIRST])


PREDICT: dict[Task, Callable[[Any, Features], NDArray[np.float64]]] = {
    "two_way": predict_probability,
    "three_way": predict_three_way,
    "regression": predict_return,
}


def _rows(model: Any, features: Features) -> Any:
    return features if hasattr(model, "feature_names_in_") else features.to_numpy(dtype=np.float64)


def _finite(forecast: NDArray[np.float64]) -> NDArray[np.float64]:
    bad = ~np.isfinite(forecast.reshape(len(forecast), -1)).all(axis=1)
    if bad.any():
        raise ModelError(
            f"Expected finite predictions; found {int(bad.sum())} of {len(forecast)} that are not, the first in "
            f"row {int(np.argmax(bad))}. Look for extreme feature values."
        )
    return forecast
