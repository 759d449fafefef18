"""The features that can be asked for.

Each entry's implementation takes an adjusted price frame of one instrument and the entry's parameters as keywords, and
returns a frame with `columns(entry)` in that order. A feature is free of scale: it does not change when all prices are
multiplied by one number, so that models see the same thing before and after a split.
"""

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from quant.catalog import CatalogEntry


class FeatureEntry(CatalogEntry):
    """A feature: known at the close of its bar."""

    @property
    def warm_up(self) -> int:
        """Number of leading bars of an instrument at which the feature is NaN."""
        raise TypeError(f"{type(self).__name__} does not declare its warm-up.")

    @property
    def settling(self) -> int:
        """Number of bars after the warm-up at which the feature still depends on where the history begins."""
        return 0

    @property
    def settled_after(self) -> int:
        """Number of leading bars of an instrument that no model should see."""
        return self.warm_up + self.settling

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the output columns, unique among all features and parameters."""
        name = type(self).model_fields["name"].default
        return (f"{name}_{'_'.join(f'{value:g}' for value in self.parameters().values())}",)


def _settling(weight: float) -> int:
    """Return after how many bars the seed of an exponential average, whose newest bar has `weight`, counts 1 %."""
    return math.ceil(math.log(0.01) / math.log(1.0 - weight))


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


class Volatility(FeatureEntry):
    """Sample standard deviation of simple returns."""

    title: ClassVar[str] = "Volatility"
    summary: ClassVar[str] = "Standard deviation of the returns of the last bars, per bar."
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.volatility:trailing_volatility"

    name: Literal["volatility"] = "volatility"
    window: int = Field(default=20, ge=2, le=260, description="Returns to look back.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


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
    def warm_up(self) -> int:
        """The mean needs `window` bars."""
        return self.window - 1


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
        return _settling(2.0 / (self.window + 1))


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
        return _settling(1.0 / self.window)


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
        return _settling(2.0 / (self.slow + 1)) + _settling(2.0 / (self.signal + 1))

    @property
    def columns(self) -> tuple[str, ...]:
        """The line, its signal and their difference."""
        suffix = f"{self.fast}_{self.slow}_{self.signal}"
        return (f"macd_{suffix}", f"macd_signal_{suffix}", f"macd_histogram_{suffix}")


class BollingerBands(FeatureEntry):
    """Position in and width of the Bollinger bands."""

    title: ClassVar[str] = "Bollinger bands"
    summary: ClassVar[str] = (
        "Where the close stands between the bands (0 lower, 1 upper), and their width over the middle."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.volatility:bollinger_position"
    reference: ClassVar[str] = "Bollinger 2001; population standard deviation."

    name: Literal["bollinger"] = "bollinger"
    window: int = Field(default=20, ge=2, le=260, description="Bars of the middle band.")
    width: float = Field(default=2.0, ge=0.5, le=5.0, description="Standard deviations from the middle to a band.")

    @property
    def warm_up(self) -> int:
        """The middle band needs `window` bars."""
        return self.window - 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Position and width."""
        suffix = f"{self.window}_{self.width:g}"
        return (f"bollinger_position_{suffix}", f"bollinger_width_{suffix}")


class AverageTrueRange(FeatureEntry):
    """Wilder's average true range over the close."""

    title: ClassVar[str] = "ATR"
    summary: ClassVar[str] = "Average true range as a fraction of the close: the usual size of a bar, gaps included."
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.volatility:atr_relative"
    reference: ClassVar[str] = "Wilder 1978; the first true range is that of the second bar, as in TA-Lib."

    name: Literal["atr"] = "atr"
    window: int = Field(default=14, ge=2, le=260, description="True ranges in Wilder's average.")

    @property
    def warm_up(self) -> int:
        """`window` true ranges need `window + 1` bars."""
        return self.window

    @property
    def settling(self) -> int:
        """Wilder's average gives its newest value the weight 1 / `window`."""
        return _settling(1.0 / self.window)


FEATURES: tuple[type[FeatureEntry], ...] = (
    Return,
    RelativeStrengthIndex,
    SimpleMovingAverage,
    ExponentialMovingAverage,
    Macd,
    Volatility,
    BollingerBands,
    AverageTrueRange,
    RelativeVolume,
)

FeatureSpec = Annotated[
    Return
    | RelativeStrengthIndex
    | SimpleMovingAverage
    | ExponentialMovingAverage
    | Macd
    | Volatility
    | BollingerBands
    | AverageTrueRange
    | RelativeVolume,
    Field(discriminator="name"),
]
