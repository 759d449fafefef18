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
from quant.models.quantiles_catalog import HistogramBoostingQuantiles, LinearQuantiles, XgBoostQuantiles
from quant.models.trees_catalog import (
    HistogramBoosting,
    HistogramBoostingRegression,
    RandomForest,
    RandomForestRegression,
    XgBoost,
    XgBoostRegression,
)


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
    "RandomForest",
    "SearchRange",
    "XgBoost",
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
    LinearQuantiles,
    HistogramBoostingQuantiles,
    XgBoostQuantiles,
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
    | StackingRegression
    | LinearQuantiles
    | HistogramBoostingQuantiles
    | XgBoostQuantiles,
    Field(discriminator="name"),
]
