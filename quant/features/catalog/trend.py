"""Trend: averages, and how far the price is from them."""

from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from quant.features.catalog.entry import FeatureEntry, settling_after


class SimpleMovingAverage(FeatureEntry):
    """Distance of the close from its simple moving average."""

    title: ClassVar[str] = "Distance from SMA"
    summary: ClassVar[str] = "Close over its simple moving average, minus one."
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.trend:sma_distance"

    name: Literal["sma"] = "sma"
    window: int = Field(default=50, ge=2, le=400, description="Bars of the average.")

    @property
    def warm_up(self) -> int:
        """The average needs `window` bars."""
        return self.window - 1


class ExponentialMovingAverage(FeatureEntry):
    """Distance of the close from its exponential moving average."""

    title: ClassVar[str] = "Distance from EMA"
    summary: ClassVar[str] = "Close over its exponential moving average, minus one."
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.trend:ema_distance"
    reference: ClassVar[str] = "Seeded by the simple mean of the first `window` closes, as TA-Lib does."

    name: Literal["ema"] = "ema"
    window: int = Field(default=20, ge=2, le=400, description="Span of the average, in bars.")

    @property
    def warm_up(self) -> int:
        """The seed needs `window` bars."""
        return self.window - 1

    @property
    def settling(self) -> int:
        """The seed is forgotten at the pace of the average."""
        return settling_after(2.0 / (self.window + 1))


class Macd(FeatureEntry):
    """Moving average convergence divergence, over the close."""

    title: ClassVar[str] = "MACD"
    summary: ClassVar[str] = "Fast minus slow EMA, its signal line and their difference, each divided by the close."
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.trend:macd_relative"
    reference: ClassVar[str] = (
        "Appel; seeds as in TA-Lib: both averages start on the bar at which the slow one is complete."
    )

    name: Literal["macd"] = "macd"
    fast: int = Field(default=12, ge=2, le=200, description="Span of the fast average.")
    slow: int = Field(default=26, ge=3, le=400, description="Span of the slow average.")
    signal: int = Field(default=9, ge=2, le=100, description="Span of the signal line.")

    @model_validator(mode="after")
    def _fast_below_slow(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast must be below slow; found fast {self.fast} and slow {self.slow}")
        return self

    @property
    def warm_up(self) -> int:
        """The signal line needs `signal` values of a slow average that needs `slow` bars."""
        return self.slow + self.signal - 2

    @property
    def settling(self) -> int:
        """The slow average has to settle, and then the signal line that is made of it."""
        return settling_after(2.0 / (self.slow + 1)) + settling_after(2.0 / (self.signal + 1))

    @property
    def columns(self) -> tuple[str, ...]:
        """The line, its signal and their difference."""
        return self.column("macd"), self.column("macd_signal"), self.column("macd_histogram")


TrendFeature: TypeAlias = SimpleMovingAverage | ExponentialMovingAverage | Macd
