"""Models that are made of trees: forests, and trees that mend one another's errors."""

from typing import ClassVar, Literal

from pydantic import Field

from quant.models.entry import FloatRange, IntegerRange, ModelEntry, SearchRange


class RandomForest(ModelEntry):
    """Random forest classifier."""

    title: ClassVar[str] = "Random forest"
    summary: ClassVar[str] = "Many decision trees on resampled rows; robust, hard to overfit by accident."
    category: ClassVar[str] = "Trees"
    implementation: ClassVar[str] = "quant.models.trees:random_forest"
    reference: ClassVar[str] = "Breiman 2001."
    grows_apart: ClassVar[bool] = True
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
    tells_shares: ClassVar[bool] = True
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
