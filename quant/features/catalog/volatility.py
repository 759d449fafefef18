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


class KeltnerChannels(FeatureEntry):
    """Position in and width of the Keltner channels."""

    title: ClassVar[str] = "Keltner channels"
    summary: ClassVar[str] = (
        "Where the close stands between lines of so many average true ranges around its EMA (0 lower, 1 upper), "
        "and their width over it."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.channels:keltner_position"
    reference: ClassVar[str] = "Raschke's form: an EMA of the close, and Wilder's ATR."

    name: Literal["keltner"] = "keltner"
    window: int = Field(default=20, ge=2, le=260, description="Span of the middle, in bars.")
    width: float = Field(default=2.0, ge=0.5, le=5.0, description="Average true ranges from the middle to a line.")
    atr_window: int = Field(default=10, ge=2, le=260, description="True ranges in Wilder's average.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Ranges, and the close."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """Both the average and the range."""
        return max(self.window - 1, self.atr_window)

    @property
    def settling(self) -> int:
        """The slower of the two."""
        return (
            max(
                self.window - 1 + settling_after(2.0 / (self.window + 1)),
                self.atr_window + settling_after(1.0 / self.atr_window),
            )
            - self.warm_up
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Position and width."""
        return self.column("keltner_position"), self.column("keltner_width")


class DonchianChannel(FeatureEntry):
    """Position in and width of the Donchian channel."""

    title: ClassVar[str] = "Donchian channel"
    summary: ClassVar[str] = (
        "Where the close stands between the lowest low and the highest high of the last bars (0 to 1), and their "
        "distance over its middle."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.channels:donchian_position"
    reference: ClassVar[str] = "Donchian; this bar belongs to the channel. Without any range 0.5."

    name: Literal["donchian"] = "donchian"
    window: int = Field(default=20, ge=2, le=260, description="Bars to look back, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """A range, and the close in it."""
        return ("high", "low", "close")

    @property
    def warm_up(self) -> int:
        """The channel needs `window` bars."""
        return self.window - 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Position and width."""
        return self.column("donchian_position"), self.column("donchian_width")


class Parkinson(FeatureEntry):
    """Parkinson's volatility, of ranges."""

    title: ClassVar[str] = "Parkinson volatility"
    summary: ClassVar[str] = (
        "Standard deviation per bar as the ranges of the last bars tell it; exact if there are neither gaps nor drift."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.ranges:parkinson"
    reference: ClassVar[str] = "Parkinson 1980, Journal of Business 53(1), p. 61."

    name: Literal["parkinson"] = "parkinson"
    window: int = Field(default=20, ge=1, le=260, description="Bars to look back, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Ranges alone."""
        return ("high", "low")

    @property
    def warm_up(self) -> int:
        """Each bar has its range."""
        return self.window - 1


class GarmanKlass(FeatureEntry):
    """Garman and Klass' volatility, of ranges and of opens and closes."""

    title: ClassVar[str] = "Garman-Klass volatility"
    summary: ClassVar[str] = (
        "Standard deviation per bar as range and move inside each of the last bars tell it; exact if there are "
        "neither gaps nor drift."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.ranges:garman_klass"
    reference: ClassVar[str] = "Garman and Klass 1980, Journal of Business 53(1), p. 67, the practical form."

    name: Literal["garman_klass"] = "garman_klass"
    window: int = Field(default=20, ge=1, le=260, description="Bars to look back, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """All four prices."""
        return ("open", "high", "low", "close")

    @property
    def warm_up(self) -> int:
        """Each bar has all it takes."""
        return self.window - 1


class RogersSatchell(FeatureEntry):
    """Rogers and Satchell's volatility, which allows for drift."""

    title: ClassVar[str] = "Rogers-Satchell volatility"
    summary: ClassVar[str] = (
        "Standard deviation per bar as the last bars tell it from inside, whatever the drift; gaps are not seen."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.ranges:rogers_satchell"
    reference: ClassVar[str] = "Rogers and Satchell 1991, Annals of Applied Probability 1(4), p. 504."

    name: Literal["rogers_satchell"] = "rogers_satchell"
    window: int = Field(default=20, ge=1, le=260, description="Bars to look back, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """All four prices."""
        return ("open", "high", "low", "close")

    @property
    def warm_up(self) -> int:
        """Each bar has all it takes."""
        return self.window - 1


class YangZhang(FeatureEntry):
    """Yang and Zhang's volatility, which allows for drift and gaps."""

    title: ClassVar[str] = "Yang-Zhang volatility"
    summary: ClassVar[str] = (
        "Standard deviation per bar of gaps, moves from open to close, and ranges together; whatever the drift."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.ranges:yang_zhang"
    reference: ClassVar[str] = "Yang and Zhang 2000, Journal of Business 73(3), p. 477."

    name: Literal["yang_zhang"] = "yang_zhang"
    window: int = Field(default=20, ge=2, le=260, description="Bars to look back, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """All four prices."""
        return ("open", "high", "low", "close")

    @property
    def warm_up(self) -> int:
        """The first gap is that of the second bar."""
        return self.window


class EwmaVolatility(FeatureEntry):
    """Exponentially weighted volatility of log returns about zero."""

    title: ClassVar[str] = "EWMA volatility"
    summary: ClassVar[str] = (
        "Standard deviation of returns per bar in which the weight of a return falls by one factor a bar."
    )
    category: ClassVar[str] = "Volatility"
    implementation: ClassVar[str] = "quant.features.ranges:ewma_volatility"
    reference: ClassVar[str] = "RiskMetrics 1996, section 5.2: decay 0.94 for days."

    name: Literal["ewma_volatility"] = "ewma_volatility"
    decay: float = Field(default=0.94, ge=0.5, le=0.99, description="Weight of a return beside that of the next.")
    seed_bars: int = Field(default=20, ge=2, le=260, description="Returns whose mean square begins the average.")

    @property
    def warm_up(self) -> int:
        """The seed needs `seed_bars` returns."""
        return self.seed_bars

    @property
    def settling(self) -> int:
        """The seed is forgotten at the pace of the decay."""
        return settling_after(1.0 - self.decay)


VolatilityFeature: TypeAlias = (
    Volatility
    | BollingerBands
    | AverageTrueRange
    | KeltnerChannels
    | DonchianChannel
    | Parkinson
    | GarmanKlass
    | RogersSatchell
    | YangZhang
    | EwmaVolatility
)
