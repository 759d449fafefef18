"""How what a model says changes with one feature, and how much rows differ in it; and with two, the others at rest."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.errors import InvalidSpec
from quant.frames import Features
from quant.models.importance import Predict

N_POINTS = 20
GRID_POINTS = 25  # to each side of the map of two features
MOST_ROWS = 200  # of the background: means of more differ little
_OUTER, _SPREAD = 0.02, 0.1  # quantiles between which a feature is varied, and of the curves of single rows


def partial_dependence(
    model: Any, features: Features, *, predict: Predict, n_points: int = N_POINTS, most_rows: int = MOST_ROWS
) -> pd.DataFrame:
    """Return what a model says on average when one feature is set to a value and all others are left as they are.

    Parameters
    ----------
    model : Pipeline
        A fitted model.
    features : DataFrame of shape (n_rows, n_features)
        Rows that the others are taken from, in the order of time: those it was trained on.
    predict : callable
        `predict(model, features)` returns what is predicted of each row; of two numbers a row the first is taken.
    n_points : int, default=20
        Values of each feature, at least 2: quantiles of its known values, evenly from 2 % to 98 %.
    most_rows : int, default=200
        Rows that are used, evenly spaced; at least 1.

    Returns
    -------
    DataFrame of shape (at most n_features * n_points, 5)
        `feature`, `value` (ascending), `mean` of the predictions; `lower` and `upper`, between which eight of ten rows
        lie when the curve of each is shifted to the common mean: where they are far from `mean`, the feature works
        differently from row to row, through others. A feature that is never known has no row.

    Raises
    ------
    InvalidSpec
        If there is no row, or one of the numbers is below its least.
    ModelError
        If the model predicts something that is not finite.

    Notes
    -----
    Timing: of training rows; it describes the model, and says nothing about whether it is right. Values are set even
    where others make them unlikely: of features that resemble each other it shows combinations that never came.

    References
    ----------
    Friedman 2001, Annals of Statistics 29(5), section 8.2; scikit-learn's `partial_dependence` by brute force over the
    same values. Spread: Goldstein et al. 2015, Journal of Computational and Graphical Statistics 24(1), centred curves.
    """
    if not len(features) or n_points < 2 or most_rows < 1:  # noqa: PLR2004  # both ends
        raise InvalidSpec(
            f"Expected rows, at least 2 values and at least 1 row of them; found {len(features)} rows, {n_points} and "
            f"{most_rows}.",
            field="features",
        )
    places = np.unique(np.linspace(0, len(features) - 1, min(most_rows, len(features))).round().astype(np.int64))
    background = features.iloc[places]
    tables = [_of_feature(model, features[name], background, predict, n_points) for name in features.columns]
    return pd.concat(tables, ignore_index=True)


def decision_boundary(
    model: Any, features: Features, across: str, up: str, *, predict: Predict, n_points: int = GRID_POINTS
) -> pd.DataFrame:
    """Return what a model says over a grid of two features, with all others at their medians.

    Parameters
    ----------
    model : Pipeline
        A fitted model.
    features : DataFrame of shape (n_rows, n_features)
        Rows that say where features lie: those it was trained on.
    across, up : str
        Two of the features.
    predict : callable
        `predict(model, features)` returns what is predicted of each row; of several numbers a row the first is taken.
    n_points : int, default=25
        Values of each of the two, at least 2, in equal steps between the quantiles of 2 % and 98 % of its known values.

    Returns
    -------
    DataFrame of shape (at most n_points², 5)
        `across` and `up`, their names; `x` and `y`, their values, ascending, `x` within `y`; `predicted`. No row if one
        of them is never known.

    Raises
    ------
    InvalidSpec
        If there is no row, the two are one or not among the features, or `n_points` is below 2.
    ModelError
        If the model predicts something that is not finite.

    Notes
    -----
    Timing: that of `partial_dependence`: it describes the model. It is a cut through what the model says, not its mean:
    what works through a feature that rests at its median is not seen.

    References
    ----------
    Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, section 2.3, for the picture.
    """
    if across == up or not {across, up} <= set(features.columns) or not len(features) or n_points < 2:  # noqa: PLR2004
        raise InvalidSpec(
            f"Expected rows, two different features of them and at least 2 values of each; found {len(features)} rows, "
            f"{across} and {up}, and {n_points}.",
            field="features",
        )
    x, y = (_steps(features[name], n_points) for name in (across, up))
    rest = {name: float(features[name].median()) for name in features.columns}
    grid = pd.DataFrame(rest, index=range(len(x) * len(y)), columns=list(features.columns), dtype=np.float64)
    grid[across], grid[up] = np.tile(x, len(y)), np.repeat(y, len(x))
    said = np.asarray(predict(model, grid), dtype=np.float64) if len(grid) else np.zeros(0)
    predicted = said if said.ndim == 1 else said[:, 0]
    return pd.DataFrame({"across": across, "up": up, "x": grid[across], "y": grid[up], "predicted": predicted})


def most_moving(curves: pd.DataFrame) -> list[str]:
    """Return the features of `partial_dependence` by how far the mean prediction moves with each, farthest first."""
    reach = curves.groupby("feature", sort=False)["mean"].agg(np.ptp)
    return [str(name) for name in reach.sort_values(ascending=False, kind="stable").index]


def _steps(feature: pd.Series, n_points: int) -> NDArray[np.float64]:
    known = feature.dropna().to_numpy(dtype=np.float64)
    if not len(known):
        return known
    low, high = np.quantile(known, [_OUTER, 1.0 - _OUTER])
    return np.unique(np.linspace(low, high, n_points))


def _of_feature(model: Any, feature: pd.Series, background: Features, predict: Predict, n_points: int) -> pd.DataFrame:
    known = feature.dropna().to_numpy(dtype=np.float64)
    grid = np.unique(np.quantile(known, np.linspace(_OUTER, 1.0 - _OUTER, n_points))) if len(known) else known
    if not len(grid):
        empty: NDArray[np.float64] = np.zeros(0)
        return pd.DataFrame({"feature": [], "value": empty, "mean": empty, "lower": empty, "upper": empty})
    n_rows = len(background)
    rows = pd.concat([background] * len(grid)).assign(**{str(feature.name): np.repeat(grid, n_rows)})
    said = np.asarray(predict(model, rows), dtype=np.float64)
    curves = (said if said.ndim == 1 else said[:, 0]).reshape(len(grid), n_rows)
    mean = curves.mean(axis=1)
    centred = curves - curves.mean(axis=0) + mean.mean()
    lower, upper = np.quantile(centred, [_SPREAD, 1.0 - _SPREAD], axis=1)
    return pd.DataFrame({"feature": str(feature.name), "value": grid, "mean": mean, "lower": lower, "upper": upper})
