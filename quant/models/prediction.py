"""What a fitted model says about bars it has not seen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.errors import ModelError
from quant.frames import Features


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
    rows = features if hasattr(model, "feature_names_in_") else features.to_numpy(dtype=np.float64)
    probability = np.asarray(model.predict_proba(rows), dtype=np.float64)[:, 1]
    bad = ~np.isfinite(probability)
    if bad.any():
        raise ModelError(
            f"Expected finite probabilities; found {int(bad.sum())} of {len(probability)} that are not, the first in "
            f"row {int(np.argmax(bad))}. Look for extreme feature values."
        )
    return probability
