"""What else is looked at in the chosen model, as part of a question."""

from collections.abc import Sequence

from pydantic import Field

from quant.catalog import Spec
from quant.models.entry import ModelEntry


class ExplanationSpec(Spec):
    """What else is looked at in the chosen model; each part costs predictions or fits."""

    partial_dependence: bool = Field(
        default=False, description="Draw how the final model's predictions change with each feature; one more fit."
    )
    decision_boundary: bool = Field(
        default=False, description="Map what the final model says over two features, the others at their medians."
    )
    boundary_x: str | None = Field(
        default=None, max_length=80, description="Column across the map; empty: the one that moves predictions most."
    )
    boundary_y: str | None = Field(
        default=None, max_length=80, description="Column up the map; empty: that of the second largest moves."
    )
    shap: bool = Field(
        default=False,
        description="Say what each feature adds to predictions on average (SHAP values); of models of XGBoost.",
    )
    single_feature: bool = Field(
        default=False, description="Score each feature alone on the purged folds; as many fits as features and folds."
    )
    clusters: bool = Field(
        default=False, description="Shuffle features that resemble each other together; a fit a walk-forward fold."
    )
    likeness: float = Field(
        default=0.5, gt=0, lt=1, description="Absolute correlation from which features are shuffled together."
    )
    learning_curve: bool = Field(
        default=False, description="Score the model by the length of its training; five fits a walk-forward fold."
    )

    def check_columns(self, columns: Sequence[str]) -> None:
        """Refuse a boundary between columns that the features of the question do not have.

        Raises
        ------
        ValueError
            If a column is unknown, or there are not two different ones.
        """
        chosen = [name for name in (self.boundary_x, self.boundary_y) if name]
        unknown = [name for name in chosen if name not in columns]
        if unknown:
            raise ValueError(
                f"explanation.boundary_x and boundary_y ask for columns of the features ({', '.join(columns)}); found "
                f"{', '.join(unknown)}"
            )
        if len(set(chosen)) < len(chosen) or (self.decision_boundary and len(columns) < len(("x", "y"))):
            raise ValueError(
                "explanation.decision_boundary asks for two different columns of the features; found "
                f"{(chosen or list(columns))[0]} alone"
            )

    def check_models(
        self, models: Sequence[type[ModelEntry]], catalogue: Sequence[type[ModelEntry]], combining: Sequence[str]
    ) -> None:
        """Refuse to say what features add where models do not tell.

        Parameters
        ----------
        models, catalogue : sequence of ModelEntry classes
            The candidates of the question, and all models there are.
        combining : sequence of str
            Titles of the steps of the preparation that combine features.

        Raises
        ------
        ValueError
            If a candidate does not tell, or features are combined before they reach it.
        """
        if not self.shap:
            return
        others = [model.title for model in models if not model.tells_shares]
        if others:
            fitting = ", ".join(model.title for model in catalogue if model.tells_shares)
            raise ValueError(
                f"explanation.shap asks for models that tell what each feature added ({fitting}); found "
                f"{', '.join(others)}. Leave {'it' if len(others) == 1 else 'them'} out, or look at importance and "
                "partial dependence instead"
            )
        if combining:
            raise ValueError(
                f"explanation.shap asks for features that reach the model one by one; found {', '.join(combining)}"
            )
