"""Which features mattered: inside a model, and for its predictions.

Frames have one row a feature, in the order of the features, and the columns `feature`, `mean`, `std` and `measure`,
which says in words what `mean` is.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.errors import InvalidSpec, ModelError
from quant.frames import Features
from quant.models.prediction import predict_probability

Importance: TypeAlias = pd.DataFrame
ScoreFunction: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
Predict: TypeAlias = Callable[[Any, Features], NDArray[np.float64]]

FOREST_MEASURE = "share of the decrease in impurity"
BOOSTER_MEASURE = "share of the decrease in loss"
LINEAR_MEASURE = "size of the coefficient per standard deviation of the feature"
UNKNOWN_MEASURE = "not defined for this model"
PERMUTATION_MEASURE = "score lost when shuffled"


def impurity_importance(model: Any, columns: Sequence[str]) -> Importance:
    """Return how much a fitted model leans on each feature, as seen in training.

    Parameters
    ----------
    model : Pipeline
        A fitted model of this room, whose last step is named `model`.
    columns : sequence of str
        The features the model was fitted on, in that order.

    Returns
    -------
    DataFrame of shape (n_features, 4)
        `feature`; `mean`: for forests and bagged trees the mean decrease in impurity (MDI) over the trees, for boosted
        trees the total decrease in loss of all cuts on the feature, both as fractions that sum to 1; for logistic
        regression the absolute coefficient of the standardised feature, in log odds, averaged over the classes if there
        are more than two, and for other linear regressions the same in units of the label; of models of quantiles the
        mean over the quantiles. `std`: the sample standard
        deviation over the trees of a forest, NaN for the others. `measure`: which of these it is. All 0 if no tree cut
        anything, and NaN for kernel machines, neighbours and ensembles of models, which have no such number, and behind
        principal components, which are made of all features. A feature that the preparation left out has 0; the
        column that says where it was unknown counts for it.

    Raises
    ------
    ModelError
        If the model is none of these, or was fitted on another number of features.

    Notes
    -----
    Timing: measured in training. It says what the model used, not whether that helped on later bars: for that see
    `permutation_importance`. Features that resemble each other share their importance.

    Where a forest tries one feature at a cut, a tree's 0 means that the feature was never tried: such zeros are unknown
    (NaN) and left out of the mean. Where it tries several, a 0 means that others were better, and it counts.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 8.3.1 and snippet 8.2.
    """
    learner = model.named_steps["model"]
    if hasattr(learner, "pipeline_"):  # probabilities are calibrated: what is leaned on is what the model inside does
        return impurity_importance(learner.pipeline_, columns)
    if model.n_features_in_ != len(columns):
        raise ModelError(
            f"Expected the {model.n_features_in_} features that the model was fitted on; found {len(columns)} columns."
        )
    unknown = np.full(len(columns), np.nan)
    shares = feature_shares(model, len(columns))
    if shares is None or hasattr(learner, "machine_") or getattr(learner, "has_no_importance", False):
        return _frame(columns, unknown, unknown, UNKNOWN_MEASURE)
    if hasattr(learner, "get_booster"):
        return _frame(columns, _total_gain(learner) @ shares, unknown, BOOSTER_MEASURE)
    boosters = getattr(learner, "by_quantile_", [learner])
    if hasattr(boosters[0], "_predictors"):
        gains = np.mean([_histogram_gain(booster, len(shares)) for booster in boosters], axis=0)
        return _frame(columns, gains @ shares, unknown, BOOSTER_MEASURE)
    if hasattr(learner, "estimators_"):
        mean, std = _mean_decrease_in_impurity(learner, shares)
        return _frame(columns, mean, std, FOREST_MEASURE)
    if hasattr(learner, "coef_"):
        sizes = np.abs(np.atleast_2d(learner.coef_)).mean(axis=0)
        return _frame(columns, sizes @ shares, unknown, LINEAR_MEASURE)
    raise ModelError(
        f"Expected a fitted forest, booster, linear or kernel model; found {type(learner).__name__}, whose "
        "importances are not defined. Use permutation_importance instead."
    )


def permutation_importance(
    model: Any,
    features: Features,
    labels: pd.Series,
    score: ScoreFunction,
    seed: int,
    n_repeats: int = 5,
    *,
    higher_is_better: bool = True,
    predict: Predict = predict_probability,
) -> Importance:
    """Return how much of a model's score on unseen rows is lost when a feature is shuffled (MDA).

    Parameters
    ----------
    model : Pipeline
        A fitted model.
    features : DataFrame of shape (n_rows, n_features)
        **Test** rows of the fold, which the model has not seen and which were purged from its training.
    labels : Series of shape (n_rows,)
        Their labels; rows whose label is NaN are left out.
    score : callable
        `score(labels, forecast)`, two arrays in, a number out.
    seed : int
        Start of the shuffles. A feature's shuffles depend on the seed and its position only.
    n_repeats : int, default=5
        Shuffles of each feature, at least 1.
    higher_is_better : bool, default=True
        Whether a higher score is better, as it is for the area under the curve and is not for a loss.
    predict : callable, default=predict_probability
        `predict(model, features)` returns the forecasts that are scored.

    Returns
    -------
    DataFrame of shape (n_features, 4)
        `feature`; `mean` of the loss over the shuffles, in units of the score, positive where the feature helped and
        negative where it misled; `std`, the sample standard deviation over the shuffles, NaN for one; `measure`. All
        NaN if the score is not defined on these rows (the area under the curve when all labels are alike).

    Raises
    ------
    InvalidSpec
        If rows of features and labels differ, or `n_repeats` is below 1.
    ModelError
        If the model predicts something that is not finite.

    Notes
    -----
    Timing: test rows only, after the model was fitted. Rows are shuffled over time and instruments together. Of two
    features that resemble each other, each can stand in for the other: both may look useless.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 8.3.2 and snippet 8.3, which shows the loss as
    a fraction of the best possible one; here it stays in units of the score.
    """
    groups = [[str(column)] for column in features.columns]
    return grouped_importance(
        model, features, labels, score, groups,
        seed=seed, n_repeats=n_repeats, higher_is_better=higher_is_better, predict=predict,
    )  # fmt: skip


def grouped_importance(  # noqa: PLR0913  # those of permutation_importance, and the groups
    model: Any,
    features: Features,
    labels: pd.Series,
    score: ScoreFunction,
    groups: Sequence[Sequence[str]],
    *,
    seed: int,
    n_repeats: int = 5,
    higher_is_better: bool = True,
    predict: Predict = predict_probability,
) -> Importance:
    """Return how much of a model's score on unseen rows is lost when the features of a group are shuffled together.

    Parameters
    ----------
    model, features, labels, score
        As `permutation_importance` has them.
    groups : sequence of sequences of str
        Columns; those of a group keep their rows together, so that none can stand in for another of its group.
    seed, n_repeats, higher_is_better, predict
        As `permutation_importance` has them; a group's shuffles depend on the seed and its place only.

    Returns
    -------
    DataFrame of shape (n_groups, 4)
        As `permutation_importance` returns it; `feature` has the names of a group, joined by commas.

    Raises
    ------
    InvalidSpec
        If rows of features and labels differ, or `n_repeats` is below 1.
    ModelError
        If the model predicts something that is not finite.

    Notes
    -----
    Timing: that of `permutation_importance`.

    References
    ----------
    López de Prado 2020, Machine Learning for Asset Managers, section 6.5.2.
    """
    if not features.index.equals(labels.index):
        raise InvalidSpec("Expected features and labels with the same rows; found different ones.", field="labels")
    if n_repeats < 1:
        raise InvalidSpec(f"Expected at least 1 shuffle; found {n_repeats}.", field="n_repeats")
    known = labels.notna().to_numpy()
    outcomes = labels.to_numpy(dtype=np.float64)[known]
    table = features.loc[known]
    sign = 1.0 if higher_is_better else -1.0
    baseline = score(outcomes, predict(model, table)) if len(outcomes) else np.nan
    losses = np.full((len(groups), n_repeats), np.nan)
    for place, group in enumerate(groups if np.isfinite(baseline) else ()):
        for repeat in range(n_repeats):
            order = np.random.default_rng([seed, place, repeat]).permutation(len(table))
            shuffled = {column: table[column].to_numpy()[order] for column in group}
            losses[place, repeat] = sign * (baseline - score(outcomes, predict(model, table.assign(**shuffled))))
    std = losses.std(axis=1, ddof=1) if n_repeats > 1 else np.full(len(losses), np.nan)
    return _frame([", ".join(group) for group in groups], losses.mean(axis=1), std, PERMUTATION_MEASURE)


def average_importance(importances: Sequence[Importance]) -> Importance:
    """Return the importance of each feature over several folds.

    Parameters
    ----------
    importances : sequence of DataFrame
        Frames of one measure and the same features, one a fold, at least one.

    Returns
    -------
    DataFrame of shape (n_features, 4)
        `feature`; `mean` and `std` of the folds' means, the latter a sample standard deviation; `measure`. Folds whose
        importance is NaN are left out; `std` is NaN where fewer than two remain.

    Raises
    ------
    InvalidSpec
        If there is none, or if features or measures differ.
    """
    if not importances:
        raise InvalidSpec("Expected the importances of at least one fold; found none.", field="importances")
    first = importances[0]
    for other in importances[1:]:
        if not other[["feature", "measure"]].equals(first[["feature", "measure"]]):
            raise InvalidSpec(
                "Expected importances of the same features by the same measure; found different ones.",
                field="importances",
            )
    means = pd.concat([frame["mean"] for frame in importances], axis=1)
    return first.assign(mean=means.mean(axis=1), std=means.std(axis=1, ddof=1))


def both_importances(inside: Sequence[Importance], outside: Sequence[Importance]) -> Importance:
    """Return the importance in training and out of sample side by side, with their spread over the folds.

    Parameters
    ----------
    inside : sequence of DataFrame
        As `impurity_importance` returns them, one a fold, at least one.
    outside : sequence of DataFrame
        As `permutation_importance` returns them, of the folds in which it could be measured; there may be none.

    Returns
    -------
    DataFrame of shape (n_features, 8)
        `feature`; `mean` and `std` out of sample (MDA) and `measure`, what they are; `n_folds`, in how many it was
        measured; `impurity` and `impurity_std` in training (MDI, or what stands for it) and `impurity_measure`. `std`
        and `impurity_std` are sample standard deviations over the folds. NaN where nothing was measured.

    Raises
    ------
    InvalidSpec
        If `inside` is empty, or features or measures differ between folds.

    Notes
    -----
    Timing: that of the two functions.
    """
    trained = average_importance(inside)
    nowhere = trained.assign(mean=np.nan, std=np.nan, measure=PERMUTATION_MEASURE)
    frame = average_importance(outside) if outside else nowhere
    return frame.assign(
        n_folds=sum(int(each["mean"].notna().any()) for each in outside),
        impurity=trained["mean"].to_numpy(),
        impurity_std=trained["std"].to_numpy(),
        impurity_measure=trained["measure"].to_numpy(),
    )


def feature_shares(model: Any, n_features: int) -> NDArray[np.float64] | None:
    """Return which feature each column is made of that the last step of a model sees.

    Parameters
    ----------
    model : Pipeline
        A fitted model. A step of its preparation says by `sources_` where its columns come from; a scaler of a model's
        own leaves columns where they are.
    n_features : int
        Features that the first step gets.

    Returns
    -------
    ndarray of shape (n_columns, n_features) or None
        1 where a column is made of a feature, else 0; None if columns are made of several.
    """
    sources = np.arange(n_features)
    for _, step in model.steps[:-1]:
        if hasattr(step, "components_"):
            return None
        sources = sources[getattr(step, "sources_", slice(None))]
    return np.eye(n_features)[sources]


def _mean_decrease_in_impurity(
    forest: Any, shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    by_tree = pd.DataFrame([tree.feature_importances_ @ shares for tree in forest.estimators_])
    if forest.estimators_[0].max_features_ == 1 < by_tree.shape[1]:
        by_tree = by_tree.mask((by_tree == 0) & shares.any(axis=0))  # what the preparation left out has 0 for sure
    total = by_tree.mean().sum() or 1.0
    return (by_tree.mean() / total).to_numpy(), (by_tree.std(ddof=1) / total).to_numpy()


def _total_gain(booster_model: Any) -> NDArray[np.float64]:
    booster = booster_model.get_booster()
    names = booster.feature_names or [f"f{position}" for position in range(booster.num_features())]
    gain = booster.get_score(importance_type="total_gain")  # names only the features that were cut on
    values = np.array([gain.get(name, 0.0) for name in names])
    return values / (values.sum() or 1.0)


def _histogram_gain(booster: Any, n_columns: int) -> NDArray[np.float64]:
    """Return the share of each column in the gain of all cuts; scikit-learn keeps them, and says nothing of them."""
    gain = np.zeros(n_columns)
    for one_round in booster._predictors:  # noqa: SLF001  # there is no other place where cuts are kept
        for tree in one_round:
            cuts = tree.nodes[tree.nodes["is_leaf"] == 0]
            np.add.at(gain, cuts["feature_idx"].astype(np.int64), cuts["gain"])
    return gain / (gain.sum() or 1.0)


def _frame(columns: Sequence[str], mean: NDArray[np.float64], std: NDArray[np.float64], measure: str) -> Importance:
    return pd.DataFrame({"feature": list(columns), "mean": mean, "std": std, "measure": measure})
