"""The steps that can prepare features inside a fold.

Each entry's implementation is `function(*, entry_parameters..., learns, gap, seed) -> scikit-learn transformer`,
unfitted. It becomes a step of the model's pipeline, so it is fitted on the training rows of each fold and on nothing
else. What it learns depends on those rows, their labels and the seed, never on the number of cores; what it makes of a
row depends on that row alone.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quant.catalog import CatalogEntry


class TransformEntry(CatalogEntry):
    """A step of the preparation; one that `takes_unknown` values passes them on or fills them in, others refuse.

    One that `takes_orders` gets `places`: the columns that are fractional differences, by their order. One that
    `combines` features leaves columns that are made of several.
    """

    takes_unknown: ClassVar[bool] = False
    takes_orders: ClassVar[bool] = False
    combines: ClassVar[bool] = False


class Impute(TransformEntry):
    """Unknown values become the median of the training rows."""

    title: ClassVar[str] = "Fill in unknown values"
    summary: ClassVar[str] = (
        "The median of the training rows stands where a value is unknown; without this step such a bar stops the run."
    )
    category: ClassVar[str] = "Filling and clipping"
    implementation: ClassVar[str] = "quant.transforms.elementwise:impute"
    takes_unknown: ClassVar[bool] = True

    name: Literal["impute"] = "impute"
    indicator: bool = Field(
        default=True, description="Add a column that says where a value was unknown, for each feature that had any."
    )


class Clip(TransformEntry):
    """Values beyond two quantiles of the training rows become those quantiles."""

    title: ClassVar[str] = "Clip extremes"
    summary: ClassVar[str] = "Values beyond the outer quantiles of the training rows are brought back to them."
    category: ClassVar[str] = "Filling and clipping"
    implementation: ClassVar[str] = "quant.transforms.elementwise:clip"
    takes_unknown: ClassVar[bool] = True

    name: Literal["clip"] = "clip"
    share: float = Field(default=0.01, gt=0, lt=0.5, description="Share of the training rows to clip on either side.")


class StandardScale(TransformEntry):
    """Each feature less its mean, over its standard deviation, both of the training rows."""

    title: ClassVar[str] = "Standard scaling"
    summary: ClassVar[str] = "Mean 0 and standard deviation 1 on the training rows."
    category: ClassVar[str] = "Scaling"
    implementation: ClassVar[str] = "quant.transforms.elementwise:standard_scale"
    takes_unknown: ClassVar[bool] = True

    name: Literal["standard_scale"] = "standard_scale"


class RobustScale(TransformEntry):
    """Each feature less its median, over the distance of its quartiles, both of the training rows."""

    title: ClassVar[str] = "Robust scaling"
    summary: ClassVar[str] = "Median 0 and quartiles 1 apart on the training rows; a few extremes do not move it."
    category: ClassVar[str] = "Scaling"
    implementation: ClassVar[str] = "quant.transforms.elementwise:robust_scale"
    takes_unknown: ClassVar[bool] = True

    name: Literal["robust_scale"] = "robust_scale"


class ChooseOrder(TransformEntry):
    """The least fractional difference that passes for stationary on the training rows."""

    title: ClassVar[str] = "Choose the fractional order"
    summary: ClassVar[str] = (
        "Of the fractional differences among the features, only that of the smallest order is kept which passes for "
        "stationary on the training rows of every instrument; of the greatest if none passes. Where one learns from "
        "events alone, bars between them are not seen: the test takes events days apart for neighbours, and a smaller "
        "order may pass."
    )
    category: ClassVar[str] = "Selection"
    implementation: ClassVar[str] = "quant.transforms.orders:choose_order"
    reference: ClassVar[str] = (
        "López de Prado 2018, section 5.6; Dickey & Fuller 1979, critical values of MacKinnon 2010."
    )
    takes_unknown: ClassVar[bool] = True
    takes_orders: ClassVar[bool] = True

    name: Literal["fractional_order"] = "fractional_order"
    n_lags: int = Field(default=1, ge=0, le=20, description="Earlier changes that the test takes into account.")
    level: Literal["one", "five", "ten"] = Field(
        default="five", description="In how many of a hundred cases the test may be wrong about a series that wanders."
    )


class SelectByVariance(TransformEntry):
    """Only features that vary on the training rows."""

    title: ClassVar[str] = "Select by variance"
    summary: ClassVar[str] = "Features that hardly vary on the training rows are left out."
    category: ClassVar[str] = "Selection"
    implementation: ClassVar[str] = "quant.transforms.selection:by_variance"
    takes_unknown: ClassVar[bool] = True

    name: Literal["select_variance"] = "select_variance"
    least_variance: float = Field(
        default=0.0, ge=0, le=1e12, description="Variance that a feature must exceed; 0 leaves out constants only."
    )


class SelectByInformation(TransformEntry):
    """The features that share most information with the label, one by one."""

    title: ClassVar[str] = "Select by mutual information"
    summary: ClassVar[str] = "The features that, each by itself, say most about the label of the training rows."
    category: ClassVar[str] = "Selection"
    implementation: ClassVar[str] = "quant.transforms.selection:by_information"
    reference: ClassVar[str] = "Kraskov, Stögbauer and Grassberger 2004; Ross 2014."

    name: Literal["select_information"] = "select_information"
    n_kept: int = Field(default=10, ge=1, le=200, description="Features to keep; all if there are fewer.")


class SelectByElimination(TransformEntry):
    """The features that remain when the least important ones are dropped again and again."""

    title: ClassVar[str] = "Recursive elimination"
    summary: ClassVar[str] = "A small forest is fitted again and again, each time without its least important features."
    category: ClassVar[str] = "Selection"
    implementation: ClassVar[str] = "quant.transforms.selection:by_elimination"
    reference: ClassVar[str] = "Guyon, Weston, Barnhill and Vapnik 2002."

    name: Literal["select_elimination"] = "select_elimination"
    n_kept: int = Field(default=10, ge=1, le=200, description="Features to keep; all if there are fewer.")


class SelectByClusters(TransformEntry):
    """The groups of similar features without which a forest predicts worse."""

    title: ClassVar[str] = "Select by clustered importance"
    summary: ClassVar[str] = (
        "Features that resemble each other are shuffled together on purged parts of the training rows; groups whose "
        "loss is not felt are left out."
    )
    category: ClassVar[str] = "Selection"
    implementation: ClassVar[str] = "quant.transforms.clusters:by_clusters"
    reference: ClassVar[str] = "López de Prado 2020, Machine Learning for Asset Managers, sections 4 and 6.5."

    name: Literal["select_clusters"] = "select_clusters"
    likeness: float = Field(
        default=0.5, gt=0, lt=1, description="Absolute correlation from which features belong to one group."
    )


class PrincipalComponents(TransformEntry):
    """Few uncorrelated combinations of the standardised features."""

    title: ClassVar[str] = "Principal components"
    summary: ClassVar[str] = "Features are standardised and replaced by the few directions in which they vary most."
    category: ClassVar[str] = "Components"
    implementation: ClassVar[str] = "quant.transforms.components:principal_components"
    reference: ClassVar[str] = "Pearson 1901; Hotelling 1933."
    combines: ClassVar[bool] = True

    name: Literal["pca"] = "pca"
    share: float = Field(default=0.95, gt=0, le=1, description="Share of the variance to keep.")


TRANSFORMS: tuple[type[TransformEntry], ...] = (
    Impute,
    Clip,
    StandardScale,
    RobustScale,
    ChooseOrder,
    SelectByVariance,
    SelectByInformation,
    SelectByElimination,
    SelectByClusters,
    PrincipalComponents,
)
TransformSpec = Annotated[
    Impute
    | Clip
    | StandardScale
    | RobustScale
    | ChooseOrder
    | SelectByVariance
    | SelectByInformation
    | SelectByElimination
    | SelectByClusters
    | PrincipalComponents,
    Field(discriminator="name"),
]
