"""Models that are made of several: bagged trees, votes, stacks."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from quant.models.entry import Choices, FloatRange, IntegerRange, ModelEntry, SearchRange

LEAST_MEMBERS = 2


class BaggedTrees(ModelEntry):
    """Decision trees, each of rows that overlap little."""

    title: ClassVar[str] = "Bagged trees"
    summary: ClassVar[str] = (
        "Trees of rows drawn one after the other, each the likelier the less its label overlaps those already drawn."
    )
    category: ClassVar[str] = "Trees"
    implementation: ClassVar[str] = "quant.models.bagging:bagged_trees"
    reference: ClassVar[str] = "Breiman 1996; López de Prado 2018, sections 4.5 and 6.3."
    takes_spans: ClassVar[bool] = True
    search_space: ClassVar[dict[str, SearchRange]] = {
        "max_depth": IntegerRange(low=2, high=10),
        "min_samples_leaf": IntegerRange(low=5, high=100, log=True),
        "max_features": FloatRange(low=0.2, high=1.0),
    }

    name: Literal["bagged_trees"] = "bagged_trees"
    n_trees: int = Field(default=100, ge=10, le=1000, description="Number of trees.")
    max_depth: int = Field(default=5, ge=1, le=30, description="Greatest depth of a tree.")
    min_samples_leaf: int = Field(default=20, ge=1, le=1000, description="Fewest bars in a leaf.")
    max_features: float = Field(default=1.0, gt=0, le=1, description="Share of features tried at each cut.")
    sequential: bool = Field(
        default=True, description="Draw rows by how little their labels overlap; if not, evenly, as a forest does."
    )


class BaggedTreesRegression(BaggedTrees):
    """Regression trees, each of rows that overlap little."""

    title: ClassVar[str] = "Bagged trees for returns"
    summary: ClassVar[str] = "Regression trees of rows whose labels overlap little, averaged."
    category: ClassVar[str] = "Trees, for returns"
    implementation: ClassVar[str] = "quant.models.bagging:bagged_trees_regression"
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"

    name: Literal["bagged_trees_regression"] = "bagged_trees_regression"  # type: ignore[assignment]  # of its own


class Ensemble(ModelEntry):
    """Several models as one; each has its own default parameters."""

    splits_rows: ClassVar[bool] = True
    members: ClassVar[dict[str, str]] = {}

    @model_validator(mode="after")
    def _of_several(self) -> Self:
        chosen = self.chosen
        if len(chosen) < LEAST_MEMBERS:
            raise ValueError(f"expected at least {LEAST_MEMBERS} models to combine; found {len(chosen)}")
        return self

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the entries that are combined."""
        return tuple(entry for switch, entry in self.members.items() if getattr(self, switch))

    def parameters(self) -> dict[str, Any]:
        """Return the names of what is combined, and the other parameters."""
        rest = self.model_dump(exclude={"name", *self.members})
        return {"members": self.chosen, **rest}


class Voting(Ensemble):
    """The middle of what several models say."""

    title: ClassVar[str] = "Vote of several models"
    summary: ClassVar[str] = "Several models, each with its default parameters, and the middle of what they say."
    category: ClassVar[str] = "Ensembles"
    implementation: ClassVar[str] = "quant.models.ensembles:voting"
    reference: ClassVar[str] = "Clemen 1989."
    members: ClassVar[dict[str, str]] = {
        "linear": "logistic",
        "forest": "random_forest",
        "boosting": "xgboost",
        "histograms": "hist_boosting",
        "neighbours": "neighbours",
        "kernel": "svm",
    }
    search_space: ClassVar[dict[str, SearchRange]] = {"combine": Choices(values=("mean", "median"))}

    name: Literal["voting"] = "voting"
    linear: bool = Field(default=True, description="Logistic (or ridge) regression takes part.")
    forest: bool = Field(default=True, description="A random forest takes part.")
    boosting: bool = Field(default=True, description="XGBoost takes part.")
    histograms: bool = Field(default=False, description="Histogram boosting takes part.")
    neighbours: bool = Field(default=False, description="Nearest neighbours take part.")
    kernel: bool = Field(default=False, description="A support vector machine takes part.")
    combine: Literal["mean", "median"] = Field(
        default="mean", description="The mean of what they say, or the median, which no single model can pull away."
    )


class VotingRegression(Voting):
    """The middle of the returns that several models predict."""

    title: ClassVar[str] = "Vote of several models for returns"
    summary: ClassVar[str] = "Several models of the return, and the middle of what they say."
    category: ClassVar[str] = "Ensembles, for returns"
    implementation: ClassVar[str] = "quant.models.ensembles:voting_regression"
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    members: ClassVar[dict[str, str]] = {
        "linear": "ridge",
        "forest": "random_forest_regression",
        "boosting": "xgboost_regression",
        "histograms": "hist_boosting_regression",
        "neighbours": "neighbours_regression",
        "kernel": "svm_regression",
    }

    name: Literal["voting_regression"] = "voting_regression"  # type: ignore[assignment]  # of its own


class Stacking(Ensemble):
    """A logistic regression of what several models say."""

    title: ClassVar[str] = "Stack of several models"
    summary: ClassVar[str] = (
        "Several models, each with its default parameters, weighed by what they said about purged parts of the "
        "training rows that they had not seen."
    )
    category: ClassVar[str] = "Ensembles"
    implementation: ClassVar[str] = "quant.models.ensembles:stacking"
    reference: ClassVar[str] = "Wolpert 1992; Breiman 1996, Stacked Regressions."
    members: ClassVar[dict[str, str]] = Voting.members
    search_space: ClassVar[dict[str, SearchRange]] = {"pull": FloatRange(low=0.01, high=10.0, log=True)}

    name: Literal["stacking"] = "stacking"
    linear: bool = Field(default=True, description="Logistic (or ridge) regression takes part.")
    forest: bool = Field(default=True, description="A random forest takes part.")
    boosting: bool = Field(default=True, description="XGBoost takes part.")
    histograms: bool = Field(default=False, description="Histogram boosting takes part.")
    neighbours: bool = Field(default=False, description="Nearest neighbours take part.")
    kernel: bool = Field(default=False, description="A support vector machine takes part.")
    pull: float = Field(default=1.0, gt=0, le=1000, description="Strength with which weights are held together.")


class StackingRegression(Stacking):
    """Weights, none below zero, of the returns that several models predict."""

    title: ClassVar[str] = "Stack of several models for returns"
    summary: ClassVar[str] = (
        "Several models of the return, weighed by what they predicted of purged parts of the training rows."
    )
    category: ClassVar[str] = "Ensembles, for returns"
    implementation: ClassVar[str] = "quant.models.ensembles:stacking_regression"
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    members: ClassVar[dict[str, str]] = VotingRegression.members

    name: Literal["stacking_regression"] = "stacking_regression"  # type: ignore[assignment]  # of its own
