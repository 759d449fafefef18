"""The models that can be asked for.

Each entry's implementation is `function(*, entry_parameters..., seed) -> sklearn Pipeline` (unfitted, single-threaded,
deterministic for a seed; its last step is named `model`). Parallelism is over folds and trials, never inside a fit, so
that results do not depend on it.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from quant.catalog import CatalogEntry, Spec


class Choices(Spec):
    """One of a few values."""

    kind: Literal["choices"] = "choices"
    values: tuple[Any, ...]


class IntegerRange(Spec):
    """An integer between two bounds, both included; uniform, or uniform in the logarithm."""

    kind: Literal["integer"] = "integer"
    low: int
    high: int
    log: bool = False


class FloatRange(Spec):
    """A number between two bounds; uniform, or uniform in the logarithm."""

    kind: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False


SearchRange = Choices | IntegerRange | FloatRange


class ModelEntry(CatalogEntry):
    """A model: what learns."""

    search_space: ClassVar[dict[str, SearchRange]] = {}


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


MODELS: tuple[type[ModelEntry], ...] = (LogisticRegression, RandomForest, XgBoost)
ModelSpec = Annotated[LogisticRegression | RandomForest | XgBoost, Field(discriminator="name")]
