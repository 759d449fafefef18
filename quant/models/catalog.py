"""The models that can be asked for.

Each entry's implementation is `function(*, entry_parameters..., seed) -> sklearn Pipeline` (unfitted, single-threaded,
deterministic for a seed; its last step is named `model`). Parallelism is over folds and trials, never inside a fit, so
that results do not depend on it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quant.catalog import Spec
from quant.models.ensembles_catalog import (
    BaggedTrees,
    BaggedTreesRegression,
    Stacking,
    StackingRegression,
    Voting,
    VotingRegression,
)
from quant.models.entry import Choices, FloatRange, IntegerRange, ModelEntry, SearchRange


class LogisticRegression(ModelEntry):
    """Regularised logistic regression on standardised features: the baseline."""

    title: ClassVar[str] = "Logistic regression"
    summary: ClassVar[str] = (
        "A straight-line baseline. If a forest does not beat it, there is little to find in the curves."
    )
    category: ClassVar[str] = "Baseline"
    implementation: ClassVar[str] = "quant.models.linear:logistic_regression"
    search_space: ClassVar[dict[str, SearchRange]] = {"c": FloatRange(low=1e-3, high=10.0, log=True)}

    name: Literal["logistic"] = "logistic"
    c: float = Field(default=0.1, gt=0, le=1000, description="Inverse strength of the L2 penalty; smaller is simpler.")


class RandomForest(ModelEntry):
    """Random forest classifier."""

    title: ClassVar[str] = "Random forest"
    summary: ClassVar[str] = "Many decision trees on resampled rows; robust, hard to overfit by accident."
    category: ClassVar[str] = "Trees"
    implementation: ClassVar[str] = "quant.models.trees:random_forest"
    reference: ClassVar[str] = "Breiman 2001."
    search_space: ClassVar[dict[str, SearchRange]] = {
        "max_depth": IntegerRange(low=2, high=10),
        "min_samples_leaf": IntegerRange(low=5, high=100, log=True),
        "max_features": FloatRange(low=0.2, high=1.0),
    }

    name: Literal["random_forest"] = "random_forest"
    n_trees: int = Field(default=300, ge=10, le=2000, description="Number of trees.")
    max_depth: int = Field(default=5, ge=1, le=30, description="Greatest depth of a tree.")
    min_samples_leaf: int = Field(default=20, ge=1, le=1000, description="Fewest bars in a leaf.")
    max_features: float = Field(default=0.5, gt=0, le=1, description="Share of features tried at each cut.")


class XgBoost(ModelEntry):
    """Gradient boosted trees by XGBoost."""

    title: ClassVar[str] = "XGBoost"
    summary: ClassVar[str] = "Trees that each mend the errors of those before; strong, and quick to learn noise."
    category: ClassVar[str] = "Trees"
    implementation: ClassVar[str] = "quant.models.trees:xgboost"
    reference: ClassVar[str] = "Chen and Guestrin 2016."
    splits_rows: ClassVar[bool] = True
    later_parameters: ClassVar[frozenset[str]] = frozenset({"stop_early", "device"})
    search_space: ClassVar[dict[str, SearchRange]] = {
        "max_depth": IntegerRange(low=1, high=6),
        "learning_rate": FloatRange(low=0.005, high=0.2, log=True),
        "n_rounds": IntegerRange(low=50, high=500, log=True),
        "subsample": FloatRange(low=0.4, high=1.0),
        "column_share": FloatRange(low=0.3, high=1.0),
        "l2": FloatRange(low=0.1, high=30.0, log=True),
    }

    name: Literal["xgboost"] = "xgboost"
    n_rounds: int = Field(default=200, ge=10, le=3000, description="Number of boosting rounds.")
    max_depth: int = Field(default=3, ge=1, le=12, description="Greatest depth of a tree.")
    learning_rate: float = Field(default=0.03, gt=0, le=1, description="Weight of each new tree.")
    subsample: float = Field(default=0.7, gt=0, le=1, description="Share of bars each tree sees.")
    column_share: float = Field(default=0.7, gt=0, le=1, description="Share of features each tree sees.")
    l2: float = Field(default=1.0, ge=0, le=1000, description="L2 penalty on leaf values.")
    stop_early: bool = Field(
        default=False,
        description="Use fewer rounds: those after which a purged last fifth of the training rows is predicted best.",
    )
    device: Literal["cpu", "gpu"] = Field(
        default="cpu", description="Where trees are grown. A graphics card's last digits differ from a processor's."
    )


class SupportVectorMachine(ModelEntry):
    """Support vector machine with probabilities calibrated on rows it was not fitted on."""

    title: ClassVar[str] = "Support vector machine"
    summary: ClassVar[str] = (
        "A smooth border between the classes; its probabilities are fitted on purged parts of the training rows."
    )
    category: ClassVar[str] = "Kernel"
    implementation: ClassVar[str] = "quant.models.kernel:support_vector_machine"
    reference: ClassVar[str] = "Cortes and Vapnik 1995; Platt 1999."
    splits_rows: ClassVar[bool] = True
    search_space: ClassVar[dict[str, SearchRange]] = {
        "c": FloatRange(low=0.05, high=20.0, log=True),
        "gamma": FloatRange(low=0.05, high=3.0, log=True),
    }

    name: Literal["svm"] = "svm"
    c: float = Field(default=0.5, gt=0, le=100, description="Cost of a row on the wrong side; smaller is simpler.")
    gamma: float = Field(
        default=0.3,
        gt=0,
        le=10,
        description="How near rows must be to count as alike, over the number of features; smaller is smoother.",
    )


class Ridge(ModelEntry):
    """Regularised linear regression on standardised features: the baseline for returns."""

    title: ClassVar[str] = "Ridge regression"
    summary: ClassVar[str] = "A straight-line baseline for the size of the return."
    category: ClassVar[str] = "Baseline, for returns"
    implementation: ClassVar[str] = "quant.models.linear:ridge"
    reference: ClassVar[str] = "Hoerl and Kennard 1970."
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    search_space: ClassVar[dict[str, SearchRange]] = {"alpha": FloatRange(low=1.0, high=1e5, log=True)}

    name: Literal["ridge"] = "ridge"
    alpha: float = Field(default=100.0, gt=0, le=1e7, description="Strength of the L2 penalty; larger is simpler.")


class RandomForestRegression(RandomForest):
    """Random forest regressor."""

    title: ClassVar[str] = "Random forest for returns"
    summary: ClassVar[str] = "Many regression trees on resampled rows, averaged."
    category: ClassVar[str] = "Trees, for returns"
    implementation: ClassVar[str] = "quant.models.trees:random_forest_regression"
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"

    name: Literal["random_forest_regression"] = "random_forest_regression"  # type: ignore[assignment]  # of its own


class XgBoostRegression(XgBoost):
    """Gradient boosted regression trees by XGBoost."""

    title: ClassVar[str] = "XGBoost for returns"
    summary: ClassVar[str] = "Regression trees that each mend the errors of those before."
    category: ClassVar[str] = "Trees, for returns"
    implementation: ClassVar[str] = "quant.models.trees:xgboost_regression"
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"

    name: Literal["xgboost_regression"] = "xgboost_regression"  # type: ignore[assignment]  # of its own


class SupportVectorRegression(ModelEntry):
    """Support vector regression on standardised features and returns."""

    title: ClassVar[str] = "Support vector regression"
    summary: ClassVar[str] = "A smooth surface through the returns that small errors do not move."
    category: ClassVar[str] = "Kernel, for returns"
    implementation: ClassVar[str] = "quant.models.kernel:support_vector_regression"
    reference: ClassVar[str] = "Drucker et al. 1997."
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    search_space: ClassVar[dict[str, SearchRange]] = {
        "c": FloatRange(low=0.01, high=5.0, log=True),
        "gamma": FloatRange(low=0.05, high=3.0, log=True),
        "epsilon": FloatRange(low=0.01, high=1.0, log=True),
    }

    name: Literal["svm_regression"] = "svm_regression"
    c: float = Field(default=0.1, gt=0, le=100, description="Cost of an error; smaller is simpler.")
    gamma: float = Field(
        default=0.3,
        gt=0,
        le=10,
        description="How near rows must be to count as alike, over the number of features; smaller is smoother.",
    )
    epsilon: float = Field(
        default=0.1, ge=0, le=5, description="Errors that cost nothing, in standard deviations of the label."
    )


class ElasticNet(ModelEntry):
    """Linear regression that keeps few features."""

    title: ClassVar[str] = "Elastic net"
    summary: ClassVar[str] = "A straight line through the returns that drops features which add too little."
    category: ClassVar[str] = "Baseline, for returns"
    implementation: ClassVar[str] = "quant.models.linear:elastic_net"
    reference: ClassVar[str] = "Zou and Hastie 2005."
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    search_space: ClassVar[dict[str, SearchRange]] = {
        "penalty": FloatRange(low=1e-3, high=0.3, log=True),
        "l1_share": FloatRange(low=0.05, high=1.0),
    }

    name: Literal["elastic_net"] = "elastic_net"
    penalty: float = Field(
        default=0.01, gt=0, le=100, description="Strength, in standard deviations of the label; larger is simpler."
    )
    l1_share: float = Field(default=0.5, ge=0.01, le=1, description="Share of the penalty that drops features.")


class HistogramBoosting(ModelEntry):
    """Gradient boosted trees on histograms of the features, by scikit-learn."""

    title: ClassVar[str] = "Histogram boosting"
    summary: ClassVar[str] = "Boosted trees that cut at few places of each feature; quick, also with many bars."
    category: ClassVar[str] = "Trees"
    implementation: ClassVar[str] = "quant.models.trees:histogram_boosting"
    reference: ClassVar[str] = "Friedman 2001; Ke et al. 2017."
    search_space: ClassVar[dict[str, SearchRange]] = {
        "n_rounds": IntegerRange(low=30, high=300, log=True),
        "learning_rate": FloatRange(low=0.01, high=0.3, log=True),
        "max_leaves": IntegerRange(low=4, high=31),
        "min_samples_leaf": IntegerRange(low=10, high=100, log=True),
        "l2": FloatRange(low=0.1, high=30.0, log=True),
    }

    name: Literal["hist_boosting"] = "hist_boosting"
    n_rounds: int = Field(default=100, ge=10, le=2000, description="Number of boosting rounds; all are used.")
    learning_rate: float = Field(default=0.05, gt=0, le=1, description="Weight of each new tree.")
    max_leaves: int = Field(default=8, ge=2, le=255, description="Most leaves of a tree.")
    min_samples_leaf: int = Field(default=20, ge=1, le=1000, description="Fewest bars in a leaf.")
    l2: float = Field(default=1.0, ge=0, le=1000, description="L2 penalty on leaf values.")


class HistogramBoostingRegression(HistogramBoosting):
    """Gradient boosted regression trees on histograms of the features, by scikit-learn."""

    title: ClassVar[str] = "Histogram boosting for returns"
    summary: ClassVar[str] = "Boosted regression trees that cut at few places of each feature."
    category: ClassVar[str] = "Trees, for returns"
    implementation: ClassVar[str] = "quant.models.trees:histogram_boosting_regression"
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"

    name: Literal["hist_boosting_regression"] = "hist_boosting_regression"  # type: ignore[assignment]  # of its own


class NearestNeighbours(ModelEntry):
    """The outcomes of the most similar bars of the past."""

    title: ClassVar[str] = "Nearest neighbours"
    summary: ClassVar[str] = "How often it came true after the training bars that are most like this one."
    category: ClassVar[str] = "Neighbours"
    implementation: ClassVar[str] = "quant.models.neighbours:nearest_neighbours"
    reference: ClassVar[str] = "Cover and Hart 1967."
    search_space: ClassVar[dict[str, SearchRange]] = {
        "n_neighbours": IntegerRange(low=10, high=300, log=True),
        "by_distance": Choices(values=(False, True)),
    }

    name: Literal["neighbours"] = "neighbours"
    n_neighbours: int = Field(default=50, ge=1, le=2000, description="Bars to look at; more is smoother.")
    by_distance: bool = Field(default=False, description="Nearer bars count for more.")


class NearestNeighboursRegression(NearestNeighbours):
    """The mean return after the most similar bars of the past."""

    title: ClassVar[str] = "Nearest neighbours for returns"
    summary: ClassVar[str] = "The mean return after the training bars that are most like this one."
    category: ClassVar[str] = "Neighbours, for returns"
    implementation: ClassVar[str] = "quant.models.neighbours:nearest_neighbours_regression"
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"

    name: Literal["neighbours_regression"] = "neighbours_regression"  # type: ignore[assignment]  # of its own


class CalibrationSpec(Spec):
    """Whether probabilities are corrected so that they mean what they say."""

    method: Literal["none", "sigmoid", "isotonic"] = Field(
        default="none",
        description="The curve that corrects what a model of classes says: none, a smooth one, or steps, which need "
        "many bars.",
    )
    n_parts: int = Field(
        default=3,
        ge=2,
        le=10,
        description="Parts of the training rows, each predicted by a model of the others, purged, to fit the curve on; "
        "so many more fits there are.",
    )

    @property
    def is_used(self) -> bool:
        """Whether anything is corrected."""
        return self.method != "none"


__all__ = [
    "MODELS",
    "CalibrationSpec",
    "Choices",
    "FloatRange",
    "IntegerRange",
    "ModelEntry",
    "ModelSpec",
    "SearchRange",
]

MODELS: tuple[type[ModelEntry], ...] = (
    LogisticRegression,
    RandomForest,
    XgBoost,
    SupportVectorMachine,
    Ridge,
    RandomForestRegression,
    XgBoostRegression,
    SupportVectorRegression,
    HistogramBoosting,
    NearestNeighbours,
    BaggedTrees,
    Voting,
    Stacking,
    ElasticNet,
    HistogramBoostingRegression,
    NearestNeighboursRegression,
    BaggedTreesRegression,
    VotingRegression,
    StackingRegression,
)
ModelSpec = Annotated[
    LogisticRegression
    | RandomForest
    | XgBoost
    | SupportVectorMachine
    | Ridge
    | RandomForestRegression
    | XgBoostRegression
    | SupportVectorRegression
    | HistogramBoosting
    | NearestNeighbours
    | BaggedTrees
    | Voting
    | Stacking
    | ElasticNet
    | HistogramBoostingRegression
    | NearestNeighboursRegression
    | BaggedTreesRegression
    | VotingRegression
    | StackingRegression,
    Field(discriminator="name"),
]
