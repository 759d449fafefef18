"""Volatility: how widely the price moves."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry, settling_after


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
        return self.column("bollinger_position"), self.column("bollinger_width")


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
    def needs(self) -> tuple[str, ...]:
        """A range has both ends, and the close before."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """`window` true ranges need `window + 1` bars."""
        return self.window

    @property
    def settling(self) -> int:
        """Wilder's average gives its newest value the weight 1 / `window`."""
        return settling_after(1.0 / self.window)


VolatilityFeature: TypeAlias = Volatility | BollingerBands | AverageTrueRange
