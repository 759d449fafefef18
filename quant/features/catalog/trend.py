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


class WeightedMovingAverage(FeatureEntry):
    """Distance of the close from its linearly weighted moving average."""

    title: ClassVar[str] = "Distance from WMA"
    summary: ClassVar[str] = (
        "Close over its weighted moving average, minus one; the newest bar weighs most, and weights fall in a "
        "straight line."
    )
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.trend:wma_distance"
    reference: ClassVar[str] = "Equal to TA-Lib's WMA."

    name: Literal["wma"] = "wma"
    window: int = Field(default=20, ge=2, le=400, description="Bars of the average.")

    @property
    def warm_up(self) -> int:
        """The average needs `window` bars."""
        return self.window - 1


class DirectionalMovement(FeatureEntry):
    """Wilder's directional movement system."""

    title: ClassVar[str] = "ADX and DMI"
    summary: ClassVar[str] = (
        "How strong a trend is whichever way it goes (ADX), and the shares of upward and downward movement in the "
        "range; 0 to 100."
    )
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.directional:adx"
    reference: ClassVar[str] = "Wilder 1978, section IV; seeds as in TA-Lib."

    name: Literal["adx"] = "adx"
    window: int = Field(default=14, ge=2, le=130, description="Bars of Wilder's averages.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Ranges, and the close before each."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """`window` bars of movement, and then `window` strengths of which each needs those."""
        return 2 * self.window - 1

    @property
    def settling(self) -> int:
        """The movements have to settle, and then the average of the strengths that are made of them."""
        return 2 * settling_after(1.0 / self.window)

    @property
    def columns(self) -> tuple[str, ...]:
        """Strength, and the two shares."""
        return self.column("adx"), self.column("plus_di"), self.column("minus_di")


class Aroon(FeatureEntry):
    """How long ago the highest high and the lowest low were."""

    title: ClassVar[str] = "Aroon"
    summary: ClassVar[str] = (
        "100 if the highest high (up) or the lowest low (down) of the last bars is this bar's, 0 if it is the oldest's."
    )
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.directional:aroon_indicator"
    reference: ClassVar[str] = "Chande 1995; of equal extremes the newest counts, as in TA-Lib."

    name: Literal["aroon"] = "aroon"
    window: int = Field(default=25, ge=2, le=260, description="Bars to look back, this bar not counted.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The extremes of bars."""
        return ("high", "low")

    @property
    def warm_up(self) -> int:
        """`window` bars, and this one."""
        return self.window

    @property
    def columns(self) -> tuple[str, ...]:
        """For highs, and for lows."""
        return self.column("aroon_up"), self.column("aroon_down")


class Ichimoku(FeatureEntry):
    """Ichimoku Kinko Hyo, as it is known at the close."""

    title: ClassVar[str] = "Ichimoku"
    summary: ClassVar[str] = (
        "Close over the conversion line, the base line, and the top and bottom of the cloud that stands under "
        "this bar, minus one."
    )
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.channels:ichimoku_distance"
    reference: ClassVar[str] = (
        "Hosoda 1969. Charts draw the cloud `shift` bars ahead; what stands under a bar was known `shift` bars "
        "before it."
    )

    name: Literal["ichimoku"] = "ichimoku"
    fast: int = Field(default=9, ge=2, le=100, description="Bars of the conversion line.")
    base: int = Field(default=26, ge=3, le=200, description="Bars of the base line.")
    slow: int = Field(default=52, ge=4, le=300, description="Bars of the slow side of the cloud.")
    shift: int = Field(default=26, ge=1, le=100, description="Bars ago at which the cloud under this bar was made.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.fast < self.base < self.slow:
            raise ValueError(f"expected fast below base below slow; found {self.fast}, {self.base} and {self.slow}")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """Midpoints of ranges, and the close beside them."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """The slow side of the cloud needs `slow` bars, `shift` bars ago."""
        return self.slow - 1 + self.shift

    @property
    def columns(self) -> tuple[str, ...]:
        """Distances from the lines."""
        return tuple(self.column(f"ichimoku_{line}") for line in ("conversion", "base", "cloud_top", "cloud_bottom"))


class RegressionSlope(FeatureEntry):
    """The straight line of least squares through the last closes."""

    title: ClassVar[str] = "Regression slope"
    summary: ClassVar[str] = (
        "Slope of the line of best fit through the last closes, per bar over the close; and how much of their "
        "movement it explains."
    )
    category: ClassVar[str] = "Trend"
    implementation: ClassVar[str] = "quant.features.regression:regression_slope"
    reference: ClassVar[str] = (
        "Ordinary least squares; slope equal to TA-Lib's LINEARREG_SLOPE, share explained to its CORREL with "
        "time, squared."
    )

    name: Literal["regression"] = "regression"
    window: int = Field(default=20, ge=3, le=260, description="Closes that the line is fitted to.")

    @property
    def warm_up(self) -> int:
        """The line needs `window` closes."""
        return self.window - 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Slope, and share explained."""
        return self.column("regression_slope"), self.column("regression_r2")


TrendFeature: TypeAlias = (
    SimpleMovingAverage
    | ExponentialMovingAverage
    | Macd
    | WeightedMovingAverage
    | DirectionalMovement
    | Aroon
    | Ichimoku
    | RegressionSlope
)
