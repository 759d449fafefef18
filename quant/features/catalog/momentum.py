"""Momentum: how far, and how steadily, the price has moved."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry, settling_after


class Return(FeatureEntry):
    """Simple return over the last bars."""

    title: ClassVar[str] = "Return"
    summary: ClassVar[str] = "Change of the close over the last bars, as a fraction; also called rate of change (ROC)."
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


class Stochastic(FeatureEntry):
    """Lane's stochastic oscillator."""

    title: ClassVar[str] = "Stochastic"
    summary: ClassVar[str] = (
        "Where the close stands in the range of the last bars, 0 lowest and 100 highest, smoothed (K), and the "
        "average of that (D)."
    )
    category: ClassVar[str] = "Momentum"
    implementation: ClassVar[str] = "quant.features.oscillators:stochastic"
    reference: ClassVar[str] = "Lane; simple averages, as TA-Lib's STOCH. Without any range the place is 50."

    name: Literal["stochastic"] = "stochastic"
    window: int = Field(default=14, ge=2, le=260, description="Bars of the range.")
    smooth: int = Field(default=3, ge=1, le=60, description="Bars of the first average, which makes K; 1 for none.")
    signal: int = Field(default=3, ge=1, le=60, description="Bars of the second average, which makes D.")

    @property
    def needs(self) -> tuple[str, ...]:
        """A range, and the close in it."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """A range, the average of places in it, and the average of those."""
        return self.window + self.smooth + self.signal - 3

    @property
    def columns(self) -> tuple[str, ...]:
        """K and D."""
        return self.column("stochastic_k"), self.column("stochastic_d")


class WilliamsR(FeatureEntry):
    """Williams' %R."""

    title: ClassVar[str] = "Williams %R"
    summary: ClassVar[str] = (
        "How far the close is below the highest high, in per cent of the range of the last bars: 0 highest, -100 "
        "lowest."
    )
    category: ClassVar[str] = "Momentum"
    implementation: ClassVar[str] = "quant.features.oscillators:williams"
    reference: ClassVar[str] = "Williams 1979; equal to TA-Lib's WILLR. Without any range -50."

    name: Literal["williams_r"] = "williams_r"
    window: int = Field(default=14, ge=2, le=260, description="Bars of the range.")

    @property
    def needs(self) -> tuple[str, ...]:
        """A range, and the close in it."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """The range needs `window` bars."""
        return self.window - 1


class CommodityChannelIndex(FeatureEntry):
    """Lambert's commodity channel index."""

    title: ClassVar[str] = "CCI"
    summary: ClassVar[str] = (
        "Distance of the typical price from its mean, in units of 0.015 mean absolute deviations; beyond 100 is "
        "unusual."
    )
    category: ClassVar[str] = "Momentum"
    implementation: ClassVar[str] = "quant.features.oscillators:cci"
    reference: ClassVar[str] = "Lambert 1980; equal to TA-Lib's CCI. Without any deviation 0."

    name: Literal["cci"] = "cci"
    window: int = Field(default=20, ge=2, le=260, description="Bars of the mean.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The typical price."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """The mean needs `window` bars."""
        return self.window - 1


class TrueStrengthIndex(FeatureEntry):
    """Blau's true strength index."""

    title: ClassVar[str] = "TSI"
    summary: ClassVar[str] = (
        "Twice averaged change of the close over the twice averaged size of that change; -100 only falls, 100 "
        "only rises."
    )
    category: ClassVar[str] = "Momentum"
    implementation: ClassVar[str] = "quant.features.oscillators:tsi"
    reference: ClassVar[str] = (
        "Blau 1991; each average seeded by a simple mean, as TA-Lib's EMA. Without any movement 0."
    )

    name: Literal["tsi"] = "tsi"
    slow: int = Field(default=25, ge=2, le=200, description="Span of the first average, in bars.")
    fast: int = Field(default=13, ge=2, le=200, description="Span of the average of that, in bars.")

    @property
    def warm_up(self) -> int:
        """`slow` changes need one close more; their average is averaged over `fast`."""
        return self.slow + self.fast - 1

    @property
    def settling(self) -> int:
        """One average has to settle, and then the one that is made of it."""
        return settling_after(2.0 / (self.slow + 1)) + settling_after(2.0 / (self.fast + 1))


class MoneyFlowIndex(FeatureEntry):
    """Quong and Soudack's money flow index."""

    title: ClassVar[str] = "MFI"
    summary: ClassVar[str] = (
        "Share of money traded while the typical price rose, 0 to 100: an RSI that weighs bars by what was traded."
    )
    category: ClassVar[str] = "Momentum"
    implementation: ClassVar[str] = "quant.features.oscillators:mfi"
    reference: ClassVar[str] = (
        "Quong and Soudack 1989; equal to TA-Lib's MFI. 50 if nothing was traded while the price moved."
    )

    name: Literal["mfi"] = "mfi"
    window: int = Field(default=14, ge=2, le=260, description="Changes to look back.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The typical price, and what was traded at it."""
        return ("high", "low", "close", "volume")

    @property
    def warm_up(self) -> int:
        """`window` changes need `window + 1` bars."""
        return self.window


MomentumFeature: TypeAlias = (
    Return | RelativeStrengthIndex | Stochastic | WilliamsR | CommodityChannelIndex | TrueStrengthIndex | MoneyFlowIndex
)
