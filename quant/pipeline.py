"""What learns in a fold: the preparation that a question asks for, and a model, as one pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.features.catalog import FractionalDifference
from quant.models.build import build
from quant.models.catalog import ModelEntry
from quant.preparation import label_gap
from quant.spec import AnalysisSpec
from quant.transforms.build import build_steps

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def new_pipeline(spec: AnalysisSpec, model: ModelEntry, columns: Sequence[str] | None = None) -> "Pipeline":
    """Return the unfitted preparation and model of a question.

    Parameters
    ----------
    spec : AnalysisSpec
        The question: its `preparation`, seed and label.
    model : ModelEntry
        The model with its parameters.
    columns : sequence of str, default=None
        Names of the features that its rows will have; default: all of the question.

    Returns
    -------
    Pipeline
        The steps of the preparation, then those of the model; the last is named `model`. If probabilities are
        calibrated, one step that holds them all.

    Notes
    -----
    Timing: all that it learns, it learns in `fit`: it is made and fitted once a fold, with that fold's training rows.
    """
    gap = label_gap(spec)
    pipeline = build(model, spec.seed, gap=gap)
    orders = {
        column: feature.order
        for feature in spec.features
        if isinstance(feature, FractionalDifference)
        for column in feature.columns
    }
    if columns is None:
        columns = [column for feature in spec.features for column in feature.columns]
    pipeline.steps[:0] = build_steps(
        spec.preparation,
        learns=type(model).learns,
        seed=spec.seed,
        gap=gap,
        orders={place: orders[column] for place, column in enumerate(columns) if column in orders},
    )
    if not spec.calibration.is_used:
        return pipeline
    from quant.models.calibration import calibrated  # noqa: PLC0415  # imports scikit-learn, as the models do on use

    return calibrated(pipeline, **spec.calibration.model_dump(), gap=gap)


@dataclass(frozen=True)
class Builder:
    """Makes a fresh pipeline for each fold, see `new_pipeline`."""

    spec: AnalysisSpec
    model: ModelEntry
    columns: tuple[str, ...] | None = None

    @property
    def fills_in(self) -> bool:
        """Whether its pipelines fill in missing features."""
        return self.spec.fills_in

    def fit_on(self, pipeline: "Pipeline", n_threads: int) -> None:
        """Let a pipeline of this builder be fitted on several threads, if that gives the same; others stay as they are.

        Parameters
        ----------
        pipeline : Pipeline
            As this builder returns them.
        n_threads : int
            At least 1. Put it back to 1 before something is predicted: threads that add up a forest's votes do so in
            the order in which they are done.
        """
        if type(self.model).grows_apart and not self.spec.calibration.is_used:
            pipeline.set_params(model__n_jobs=n_threads)

    def __call__(self) -> "Pipeline":
        """Return an unfitted pipeline."""
        return new_pipeline(self.spec, self.model, self.columns)
