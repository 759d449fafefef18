"""Transforms: a feature as it was, or as it compares with its own last values."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry
from quant.features.catalog.momentum import Return
from quant.features.catalog.plain import PlainFeatureSpec


class TransformEntry(FeatureEntry):
    """A feature that is made of another one, `of`, which is itself made of prices."""

    of: PlainFeatureSpec = Field(default_factory=Return, description="The feature that it is made of.")

    @property
    def needs(self) -> tuple[str, ...]:
        """What the feature needs that it is made of."""
        return self.of.needs

    @property
    def others(self) -> tuple[str, ...]:
        """Those of the feature that it is made of."""
        return self.of.others

    @property
    def needs_days(self) -> bool:
        """As the feature that it is made of."""
        return self.of.needs_days

    @property
    def settling(self) -> int:
        """A window begins to forget a seed when what it is made of has."""
        return self.of.settling

    @property
    def cost(self) -> float:
        """Its own, which was measured on a return, and that of what it is made of."""
        return super().cost - Return().cost + self.of.cost


class Lag(TransformEntry):
    """Another feature, some bars ago."""

    title: ClassVar[str] = "Lag"
    summary: ClassVar[str] = "What another feature was some bars ago."
    category: ClassVar[str] = "Transforms"
    implementation: ClassVar[str] = "quant.features.transforms:lag"

    name: Literal["lag"] = "lag"
    bars: int = Field(default=1, ge=1, le=260, description="Bars ago.")

    @property
    def warm_up(self) -> int:
        """What there was to know `bars` ago."""
        return self.of.warm_up + self.bars

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the other feature, and how long ago."""
        return tuple(f"{column}_lag_{self.bars}" for column in self.of.columns)


class Rolling(TransformEntry):
    """Another feature beside its own last values."""

    title: ClassVar[str] = "Rolling"
    summary: ClassVar[str] = (
        "Mean, deviation, z-score, rank (0 lowest, 1 highest) or change of another feature over its last values."
    )
    category: ClassVar[str] = "Transforms"
    version: ClassVar[int] = 2  # a change over an unknown value is unknown
    implementation: ClassVar[str] = "quant.features.transforms:rolling"
    reference: ClassVar[str] = "Sample deviation; equal values share a rank. Without any movement z-score 0, rank 0.5."

    name: Literal["rolling"] = "rolling"
    statistic: Literal["z_score", "rank", "mean", "deviation", "change"] = Field(
        default="z_score", description="What is said of the last values."
    )
    window: int = Field(default=60, ge=2, le=260, description="Values, the newest included.")

    @property
    def warm_up(self) -> int:
        """`window` values of what it is made of; a change is that to the oldest of them."""
        return self.of.warm_up + self.window - 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the other feature, what is said of it, and over how many values."""
        return tuple(f"{column}_{self.statistic}_{self.window}" for column in self.of.columns)


TransformFeature: TypeAlias = Lag | Rolling
