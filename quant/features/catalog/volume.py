"""Volume: how much is traded, and at which prices."""

from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

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


class OnBalanceVolume(FeatureEntry):
    """Granville's on-balance volume, as it changed."""

    title: ClassVar[str] = "On-balance volume"
    summary: ClassVar[str] = (
        "Change of on-balance volume over the last bars, over all volume in them: 1 if every bar rose, -1 if "
        "every bar fell."
    )
    category: ClassVar[str] = "Volume"
    implementation: ClassVar[str] = "quant.features.flows:obv"
    reference: ClassVar[str] = "Granville 1963; on_balance_volume equals TA-Lib's OBV. 0 where nothing was traded."

    name: Literal["obv"] = "obv"
    window: int = Field(default=20, ge=2, le=260, description="Changes to look back.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Which way the close went, and volume."""
        return ("close", "volume")

    @property
    def warm_up(self) -> int:
        """`window` changes need `window + 1` closes."""
        return self.window


class AccumulationDistribution(FeatureEntry):
    """Where the accumulation/distribution line stands among its own last values."""

    title: ClassVar[str] = "Accumulation/distribution line"
    summary: ClassVar[str] = (
        "How many deviations the accumulation/distribution line is above its mean of the last bars, or below it."
    )
    category: ClassVar[str] = "Volume"
    implementation: ClassVar[str] = "quant.features.flows:accumulation_line"
    reference: ClassVar[str] = (
        "Chaikin; accumulation_distribution equals TA-Lib's AD, whose level says nothing: it depends on where the "
        "series begins. 0 where it did not move."
    )

    name: Literal["accumulation"] = "accumulation"
    window: int = Field(default=20, ge=2, le=260, description="Bars of the mean, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Where the close is in its bar, and volume."""
        return ("high", "low", "close", "volume")

    @property
    def warm_up(self) -> int:
        """The mean needs `window` bars."""
        return self.window - 1


class ChaikinMoneyFlow(FeatureEntry):
    """Change of the accumulation/distribution line over volume."""

    title: ClassVar[str] = "Chaikin money flow"
    summary: ClassVar[str] = (
        "Change of the accumulation/distribution line over the last bars, over all volume in them (CMF); -1 to 1."
    )
    category: ClassVar[str] = "Volume"
    implementation: ClassVar[str] = "quant.features.flows:cmf"
    reference: ClassVar[str] = "Chaikin; accumulation_distribution equals TA-Lib's AD. 0 where nothing was traded."

    name: Literal["cmf"] = "cmf"
    window: int = Field(default=20, ge=2, le=260, description="Bars to look back, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """Where the close is in its bar, and volume."""
        return ("high", "low", "close", "volume")

    @property
    def warm_up(self) -> int:
        """Each bar has all it takes."""
        return self.window - 1


class VwapDistance(FeatureEntry):
    """Distance of the close from the volume-weighted average price."""

    title: ClassVar[str] = "Distance from VWAP"
    summary: ClassVar[str] = "Close over the average typical price of the last bars, weighted by volume, minus one."
    category: ClassVar[str] = "Volume"
    implementation: ClassVar[str] = "quant.features.flows:vwap_distance"
    reference: ClassVar[str] = "Where nothing was traded in all bars, they weigh the same."

    name: Literal["vwap"] = "vwap"
    window: int = Field(default=20, ge=2, le=260, description="Bars to look back, this bar included.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The typical price, and what was traded at it."""
        return ("high", "low", "close", "volume")

    @property
    def warm_up(self) -> int:
        """The average needs `window` bars."""
        return self.window - 1


class AmihudIlliquidity(FeatureEntry):
    """Amihud's illiquidity against its own recent mean."""

    title: ClassVar[str] = "Amihud illiquidity"
    summary: ClassVar[str] = (
        "Logarithm of (1 + move per money traded, over its mean of many bars) / 2; 0 is usual, positive is hard "
        "to trade."
    )
    category: ClassVar[str] = "Volume"
    implementation: ClassVar[str] = "quant.features.flows:amihud"
    reference: ClassVar[str] = (
        "Amihud 2002, Journal of Financial Markets 5(1), p. 34; bars without volume are left out. 0 where nothing "
        "is known."
    )

    name: Literal["amihud"] = "amihud"
    window: int = Field(default=20, ge=1, le=130, description="Returns of the newest mean.")
    baseline: int = Field(default=120, ge=2, le=400, description="Returns of the usual mean.")

    @model_validator(mode="after")
    def _window_below_baseline(self) -> Self:
        if self.window >= self.baseline:
            raise ValueError(f"window must be below baseline; found window {self.window} and baseline {self.baseline}")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """Returns, and money traded."""
        return ("close", "volume")

    @property
    def warm_up(self) -> int:
        """`baseline` returns need one close more."""
        return self.baseline


VolumeFeature: TypeAlias = (
    RelativeVolume | OnBalanceVolume | AccumulationDistribution | ChaikinMoneyFlow | VwapDistance | AmihudIlliquidity
)
