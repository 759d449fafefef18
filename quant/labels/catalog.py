"""The labels that can be asked for: what happened after a bar.

Each entry's implementation takes an adjusted price frame of one instrument and the entry's parameters as keywords, and
returns a labels frame as `quant.frames` defines it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quant.catalog import CatalogEntry, Spec, Task


class WeightSpec(Spec):
    """How much each sample weighs when a model learns; computed in each fold, of its training rows only."""

    by: Literal["equal", "uniqueness", "attribution"] = Field(
        default="equal",
        description="Samples weigh the same, less where their labels overlap (`uniqueness`), or by the return that "
        "belongs to their label alone (`attribution`).",
    )
    decay: float = Field(
        default=1.0,
        gt=-1.0,
        le=1.0,
        description="What the weights of the oldest samples are multiplied by, rising to 1 for the latest. Below 0: so "
        "large a part of the oldest weighs nothing.",
    )
    balanced: bool = Field(default=False, description="Give all classes the same weight in total.")

    @property
    def is_used(self) -> bool:
        """Whether any sample may weigh other than 1."""
        return self != WeightSpec()


class LabelEntry(CatalogEntry):
    """A label: known only after its bar."""

    @property
    def horizon_bars(self) -> int:
        """Most bars after `t` that the label of bar `t` looks at."""
        raise TypeError(f"{type(self).__name__} does not declare its horizon.")

    @property
    def task(self) -> Task:
        """What a model of this label is asked for."""
        return "two_way"


class ForwardReturn(LabelEntry):
    """Whether the return over the next bars is above a threshold."""

    title: ClassVar[str] = "Forward return"
    summary: ClassVar[str] = "1 if the return from the next open over the horizon is above the threshold, else 0."
    category: ClassVar[str] = "Fixed horizon"
    implementation: ClassVar[str] = "quant.labels.forward_return:forward_return"
    reference: ClassVar[str] = "Starts at the next open, because that is the first price at which one could trade."

    name: Literal["forward_return"] = "forward_return"
    horizon: int = Field(
        default=5, ge=1, le=120, description="Bars from the next open to the open at which the label ends."
    )
    threshold: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="Return, as a fraction, above which the label is 1."
    )

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1


class ForwardReturnSize(LabelEntry):
    """The return over the next bars itself."""

    title: ClassVar[str] = "Forward return, its size"
    summary: ClassVar[str] = "The return from the next open over the horizon itself, for models that predict numbers."
    category: ClassVar[str] = "Fixed horizon"
    implementation: ClassVar[str] = "quant.labels.forward_return:forward_return_size"
    reference: ClassVar[str] = "Starts at the next open, because that is the first price at which one could trade."

    name: Literal["forward_return_size"] = "forward_return_size"
    horizon: int = Field(
        default=5, ge=1, le=120, description="Bars from the next open to the open at which the label ends."
    )

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1

    @property
    def task(self) -> Task:
        """A number."""
        return "regression"


class TripleBarrier(LabelEntry):
    """Which of two barriers, set by the volatility, the price reaches first."""

    title: ClassVar[str] = "Triple barrier"
    summary: ClassVar[str] = (
        "1 if the price first rises by a multiple of its volatility, -1 if it first falls by as much, 0 if neither."
    )
    category: ClassVar[str] = "Path"
    implementation: ClassVar[str] = "quant.labels.triple_barrier:triple_barrier"
    reference: ClassVar[str] = "López de Prado 2018, sections 3.2 to 3.4; by highs and lows from the next open."

    name: Literal["triple_barrier"] = "triple_barrier"
    horizon: int = Field(
        default=10, ge=1, le=120, description="Bars from the next open to the open at which waiting ends."
    )
    width: float = Field(
        default=1.0,
        ge=0.1,
        le=10.0,
        description="Distance of both barriers, in standard deviations of a return over the horizon.",
    )
    volatility_window: int = Field(
        default=50, ge=5, le=500, description="Bars, up to the bar itself, over which volatility is measured."
    )
    classes: Literal["three_way", "two_way"] = Field(
        default="three_way",
        description="If neither is reached: 0 (`three_way`), or 1 for a gain at the end and else 0 (`two_way`).",
    )

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1

    @property
    def task(self) -> Task:
        """As many classes as were asked for."""
        return self.classes


LABELS: tuple[type[LabelEntry], ...] = (ForwardReturn, ForwardReturnSize, TripleBarrier)
LabelSpec = Annotated[ForwardReturn | ForwardReturnSize | TripleBarrier, Field(discriminator="name")]
