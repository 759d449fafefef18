"""Forests and boosted trees. Importing this module imports scikit-learn, so only a catalogue entry's `load` does it."""

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import Pipeline


def random_forest(*, n_trees: int, max_depth: int, min_samples_leaf: int, max_features: float, seed: int) -> Pipeline:
    """Return an unfitted random forest.

    Parameters
    ----------
    n_trees : int
        Number of trees.
    max_depth : int
        Greatest depth of a tree.
    min_samples_leaf : int
        Fewest training rows in a leaf.
    max_features : float
        Share of the features tried at each cut, above 0 and at most 1.
    seed : int
        Start of the random numbers that choose rows and features.

    Returns
    -------
    Pipeline
        One step, `model`. Trees only ask whether a value is above another, so they get no scaler.

    Notes
    -----
    Each tree sees as many rows as there are, drawn with replacement. Neighbouring labels overlap, so the rows outside
    a tree's sample are no independent test: out-of-bag scores are not used here.

    References
    ----------
    Breiman 2001, Machine Learning 45(1).
    """
    forest = RandomForestClassifier(
        n_estimators=n_trees,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        random_state=seed,
        n_jobs=1,
    )
    return Pipeline([("model", forest)])


def xgboost(
    *,
    n_rounds: int,
    max_depth: int,
    learning_rate: float,
    subsample: float,
    column_share: float,
    l2: float,
    seed: int,
) -> Pipeline:
    """Return an unfitted XGBoost classifier.

    Parameters
    ----------
    n_rounds : int
        Number of boosting rounds: all of them are used, there is no early stopping on rows that are scored later.
    max_depth : int
        Greatest depth of a tree.
    learning_rate : float
        Weight of each new tree.
    subsample : float
        Share of the training rows each tree sees.
    column_share : float
        Share of the features each tree sees.
    l2 : float
        L2 penalty on leaf values.
    seed : int
        Start of the random numbers that choose rows and features.

    Returns
    -------
    Pipeline
        One step, `model`. Trees only ask whether a value is above another, so they get no scaler.

    Notes
    -----
    One thread on the CPU: sums of gradients then have one order, and with it one result.

    References
    ----------
    Chen and Guestrin 2016, XGBoost: A Scalable Tree Boosting System, KDD.
    """
    from xgboost import XGBClassifier  # noqa: PLC0415  # a second of import that a random forest need not pay

    booster = XGBClassifier(
        n_estimators=n_rounds,
        max_depth=max_depth,
        learning_rate=learning_rate,
        subsample=subsample,
        colsample_bytree=column_share,
        reg_lambda=l2,
        objective="binary:logistic",
        tree_method="hist",
        device="cpu",
        random_state=seed,
        n_jobs=1,
    )
    return Pipeline([("model", booster)])


def random_forest_regression(
    *, n_trees: int, max_depth: int, min_samples_leaf: int, max_features: float, seed: int
) -> Pipeline:
    """Return an unfitted random forest that predicts numbers.

    Parameters
    ----------
    n_trees, max_depth, min_samples_leaf, max_features, seed
        As `random_forest` has them.

    Returns
    -------
    Pipeline
        One step, `model`; it minimises squared errors.

    References
    ----------
    Breiman 2001, Machine Learning 45(1).
    """
    forest = RandomForestRegressor(
        n_estimators=n_trees,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        random_state=seed,
        n_jobs=1,
    )
    return Pipeline([("model", forest)])


def xgboost_regression(
    *,
    n_rounds: int,
    max_depth: int,
    learning_rate: float,
    subsample: float,
    column_share: float,
    l2: float,
    seed: int,
) -> Pipeline:
    """Return an unfitted XGBoost model that predicts numbers.

    Parameters
    ----------
    n_rounds, max_depth, learning_rate, subsample, column_share, l2, seed
        As `xgboost` has them.

    Returns
    -------
    Pipeline
        One step, `model`; it minimises squared errors.

    References
    ----------
    Chen and Guestrin 2016, XGBoost: A Scalable Tree Boosting System, KDD.
    """
    from xgboost import XGBRegressor  # noqa: PLC0415  # a second of import that a random forest need not pay

    booster = XGBRegressor(
        n_estimators=n_rounds,
        max_depth=max_depth,
        learning_rate=learning_rate,
        subsample=subsample,
        colsample_bytree=column_share,
        reg_lambda=l2,
        objective="reg:squarederror",
        tree_method="hist",
        device="cpu",
        random_state=seed,
        n_jobs=1,
    )
    return Pipeline([("model", booster)])
