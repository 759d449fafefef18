"""Volume: how much is traded, and at which prices."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry


class RelativeVolume(FeatureEntry):
    """Volume against its own recent mean."""

    title: ClassVar[str] = "Relative volume"
    summary: ClassVar[str] = (
        "Logarithm of (1 + volume over its mean of the last bars) / 2; 0 is usual, positive is busy, -0.69 no volume."
    )
    category: ClassVar[str] = "Volume"
    implementation: ClassVar[str] = "quant.features.volume:relative_volume"

    name: Literal["relative_volume"] = "relative_volume"
    window: int = Field(default=20, ge=2, le=260, description="Bars of the mean, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Volume alone."""
        return ("volume",)

    @property
    def warm_up(self) -> int:
        """The mean needs `window` bars."""
        return self.window - 1


VolumeFeature: TypeAlias = RelativeVolume
