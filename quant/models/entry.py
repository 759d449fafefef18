"""What every model of the catalogue declares, and between which bounds its parameters are searched."""

from typing import Any, ClassVar, Literal

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
    """A model: what learns.

    `learns` says whether it learns classes or numbers. An entry that `splits_rows` divides its training rows by itself;
    its implementation takes `gap` as well: so many neighbouring rows may have labels that overlap. One that
    `takes_weights` accepts `sample_weight` in the `fit` of its last step. One that `takes_spans`, to draw rows by how
    their labels overlap, accepts `label_spans` there: int64 of shape (n_rows, 2), first and last bar of a row's label.
    The `predict` of one that `predicts_quantiles` returns a column for each of `quant.frames.QUANTILES`. One that
    `tells_shares` says exactly what each feature added to a prediction, see `quant.models.attribution`. The trees of
    one that `grows_apart` know nothing of one another: the last step's `n_jobs` threads grow the same ones.

    `later_parameters` are those that the entry did not always have: at their defaults they count for no hash.
    """

    learns: ClassVar[Literal["classes", "numbers"]] = "classes"
    splits_rows: ClassVar[bool] = False
    takes_weights: ClassVar[bool] = True
    takes_spans: ClassVar[bool] = False
    predicts_quantiles: ClassVar[bool] = False
    tells_shares: ClassVar[bool] = False
    grows_apart: ClassVar[bool] = False
    search_space: ClassVar[dict[str, SearchRange]] = {}
    later_parameters: ClassVar[frozenset[str]] = frozenset()
