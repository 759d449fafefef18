"""Momentum: how far, and how steadily, the price has moved."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry, settling_after


class Return(FeatureEntry):
    """Simple return over the last bars."""

    title: ClassVar[str] = "Return"
    summary: ClassVar[str] = "Change of the close over the last bars, as a fraction."
    category: ClassVar[str] = "Momentum"
    implementation: ClassVar[str] = "quant.features.momentum:trailing_return"

    name: Literal["return"] = "return"
    window: int = Field(default=5, ge=1, le=260, description="Bars to look back.")

    @property
    def warm_up(self) -> int:
        """The first `window` bars have no earlier close to compare with."""
        return self.window


class RelativeStrengthIndex(FeatureEntry):
    """Wilder's relative strength index."""

    title: ClassVar[str] = "RSI"
    summary: ClassVar[str] = (
        "Share of gains in recent moves, 0 to 100; above 70 is called overbought, below 30 oversold."
    )
    category: ClassVar[str] = "Momentum"
    implementation: ClassVar[str] = "quant.features.momentum:rsi"
    reference: ClassVar[str] = "Wilder 1978, New Concepts in Technical Trading Systems."

    name: Literal["rsi"] = "rsi"
    window: int = Field(default=14, ge=2, le=260, description="Changes in Wilder's average.")

    @property
    def warm_up(self) -> int:
        """`window` changes need `window + 1` closes."""
        return self.window

    @property
    def settling(self) -> int:
        """Wilder's average gives its newest value the weight 1 / `window`."""
        return settling_after(1.0 / self.window)


MomentumFeature: TypeAlias = Return | RelativeStrengthIndex
