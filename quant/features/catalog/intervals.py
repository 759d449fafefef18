"""Higher intervals: what weeks and months say, as far as they are over."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry, settling_after

# Most bars of a period, those of a market that never closes.
MOST_BARS = {"1w": 7, "1mo": 31}


class HigherInterval(FeatureEntry):
    """A measure of the closes of weeks or months that are over."""

    title: ClassVar[str] = "Higher interval"
    summary: ClassVar[str] = "A measure of the closes of weeks or months that are over; it changes when one has ended."
    category: ClassVar[str] = "Higher intervals"
    implementation: ClassVar[str] = "quant.features.intervals:interval_feature"
    reference: ClassVar[str] = "A period counts as over when a bar of a later one has closed, which needs no calendar."

    name: Literal["higher_interval"] = "higher_interval"
    interval: Literal["1w", "1mo"] = Field(default="1w", description="Weeks from Monday to Sunday, or calendar months.")
    measure: Literal["return", "volatility", "sma", "rsi"] = Field(
        default="return", description="Return, deviation of returns, distance from the average, or RSI."
    )
    window: int = Field(default=4, ge=2, le=52, description="Periods of the measure.")

    @property
    def warm_up(self) -> int:
        """Count a first period that may have begun before the history, and the measure's own, at their longest."""
        n_closes = self.window if self.measure == "sma" else self.window + 1
        return (n_closes + 1) * MOST_BARS[self.interval]

    @property
    def settling(self) -> int:
        """Wilder's average gives its newest period the weight 1 / `window`."""
        return settling_after(1.0 / self.window) * MOST_BARS[self.interval] if self.measure == "rsi" else 0

    @property
    def needs_days(self) -> bool:
        """Weeks and months have their closes from days."""
        return True


IntervalFeature: TypeAlias = HigherInterval
