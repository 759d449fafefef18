"""What each feature added to each prediction: SHAP values, which XGBoost computes exactly by itself."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.errors import ModelError
from quant.frames import QUANTILES, Features
from quant.models.importance import feature_shares

MOST_ROWS = 1000  # means of more differ little


def shap_values(model: Any, features: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each feature added to each prediction of boosted trees of XGBoost.

    Parameters
    ----------
    model : Pipeline
        A fitted model whose last step is one of XGBoost, with the steps of its preparation.
    features : DataFrame of shape (n_rows, n_features)
        The columns that the model was fitted on, in that order.

    Returns
    -------
    values : ndarray of shape (n_rows, n_features)
        In log odds that the label is 1 (of three classes: in the score of that class), or in the unit of the label; of
        quantiles for the median as it was fitted, before `predict_return` sorts a row whose quantiles cross. What says
        where a feature was unknown counts for it. If probabilities are calibrated, of the model before.
    expected : ndarray of shape (n_rows,)
        What is predicted of the training rows on average, in the same unit. Together with a row's values it is what the
        model says of the row.

    Raises
    ------
    ModelError
        If the model is none of XGBoost, or its features were combined before they reached it.

    Notes
    -----
    Timing: of the rows that are given. It describes the model, and says nothing about whether it is right.

    References
    ----------
    Lundberg and Lee 2017, A Unified Approach to Interpreting Model Predictions, NIPS 30. Lundberg et al. 2020, Nature
    Machine Intelligence 2, for trees; XGBoost's `pred_contribs` computes them with the paths' own weights.
    """
    learner = model.named_steps["model"]
    if hasattr(learner, "pipeline_"):
        return shap_values(learner.pipeline_, features)
    shares = feature_shares(model, features.shape[1])
    if not hasattr(learner, "get_booster") or shares is None:
        found = type(learner).__name__ if shares is not None else "features that were combined before they reached it"
        raise ModelError(
            f"Expected a model of XGBoost on features of its own, which tells what each added; found {found}. Choose "
            "XGBoost without principal components, or look at importance and partial dependence."
        )
    from xgboost import DMatrix  # noqa: PLC0415  # a second of import

    rows = features.to_numpy(dtype=np.float64)
    for _, step in model.steps[:-1]:
        rows = step.transform(rows)
    added = np.asarray(learner.get_booster().predict(DMatrix(rows), pred_contribs=True), dtype=np.float64)
    if added.ndim > 2:  # noqa: PLR2004  # a table a class or quantile
        added = added[:, added.shape[1] // 2 if added.shape[1] == len(QUANTILES) else -1]
    return added[:, :-1] @ shares, added[:, -1]


def shap_summary(model: Any, features: Features, *, most_rows: int = MOST_ROWS) -> pd.DataFrame:
    """Return how much each feature adds to predictions on average, and which way.

    Parameters
    ----------
    model, features
        As `shap_values` takes them.
    most_rows : int, default=1000
        Rows that are used, evenly spaced; at least 1.

    Returns
    -------
    DataFrame of shape (n_features, 4)
        `feature`; `mean` and `std` of the absolute values over the rows; `direction`: the rank correlation of the
        feature and its values, NaN if one of them never changes.

    Raises
    ------
    ModelError
        As `shap_values`.

    Notes
    -----
    Timing: that of `shap_values`.
    """
    places = np.unique(np.linspace(0, len(features) - 1, min(most_rows, len(features))).round().astype(np.int64))
    shown = features.iloc[places]
    values, _ = shap_values(model, shown)
    table = pd.DataFrame(values, columns=shown.columns, index=shown.index)
    return pd.DataFrame(
        {
            "feature": list(shown.columns),
            "mean": table.abs().mean().to_numpy(),
            "std": table.abs().std(ddof=1).to_numpy(),
            "direction": [_rank_correlation(shown[name], table[name]) for name in shown.columns],
        }
    )


def _rank_correlation(one: pd.Series, other: pd.Series) -> float:
    known = one.notna()
    if not known.any() or np.ptp(one[known]) == 0.0 or np.ptp(other[known]) == 0.0:
        return float("nan")
    return float(one[known].rank().corr(other[known].rank()))
