"""The kinds of bars that trades can be gathered into.

Each entry's implementation takes trades, as `quant.bars.trades` defines them, and the entry's parameters as keywords,
and returns the bars that are finished, see `quant.bars.gathering`: later trades add bars and change none. What a bar
needs to end is known before it begins: a number that was given, or an estimate from bars that are closed.
"""

from typing import ClassVar, Literal

from pydantic import Field

from quant.catalog import CatalogEntry

Measure = Literal["ticks", "volume", "dollars"]
Estimate = Literal["fixed", "expanding", "ewma"]

_AFML = "López de Prado 2018, Advances in Financial Machine Learning, section "


class BarEntry(CatalogEntry):
    """A kind of bars."""


class TimeBars(BarEntry):
    """Bars of equal length in time."""

    title: ClassVar[str] = "Time bars"
    summary: ClassVar[str] = "One bar for each span of the clock in which something was traded."
    category: ClassVar[str] = "Clock"
    implementation: ClassVar[str] = "quant.bars.activity:time_bars"
    reference: ClassVar[str] = f"{_AFML}2.3.1."

    name: Literal["time"] = "time"
    seconds: int = Field(default=3600, ge=1, le=86_400, description="Length of a bar, counted from 1970 in UTC.")


class TickBars(BarEntry):
    """Bars of equally many trades."""

    title: ClassVar[str] = "Tick bars"
    summary: ClassVar[str] = "A bar ends with the trade that makes the number full."
    category: ClassVar[str] = "Activity"
    implementation: ClassVar[str] = "quant.bars.activity:tick_bars"
    reference: ClassVar[str] = f"{_AFML}2.3.1."

    name: Literal["tick"] = "tick"
    n_trades: int = Field(default=1000, ge=1, le=10_000_000, description="Trades of a bar.")


class VolumeBars(BarEntry):
    """Bars of about equal volume."""

    title: ClassVar[str] = "Volume bars"
    summary: ClassVar[str] = "A bar ends with the trade that brings its volume to the threshold."
    category: ClassVar[str] = "Activity"
    implementation: ClassVar[str] = "quant.bars.activity:volume_bars"
    reference: ClassVar[str] = f"{_AFML}2.3.1. A split changes what a share is: dollar bars do not mind."

    name: Literal["volume"] = "volume"
    threshold: float = Field(default=1e5, gt=0.0, le=1e15, description="Shares of a bar; of the first, if estimated.")
    estimate: Estimate = Field(default="fixed", description="How the threshold follows the bars that are closed.")
    n_trades: int = Field(default=1000, ge=1, le=10_000_000, description="Trades that an estimated threshold aims at.")
    span: int = Field(default=20, ge=1, le=1000, description="Bars that an exponential estimate remembers.")


class DollarBars(BarEntry):
    """Bars of about equal value traded."""

    title: ClassVar[str] = "Dollar bars"
    summary: ClassVar[str] = "A bar ends with the trade that brings the value traded to the threshold."
    category: ClassVar[str] = "Activity"
    implementation: ClassVar[str] = "quant.bars.activity:dollar_bars"
    reference: ClassVar[str] = f"{_AFML}2.3.1."

    name: Literal["dollar"] = "dollar"
    threshold: float = Field(default=1e7, gt=0.0, le=1e18, description="Value of a bar; of the first, if estimated.")
    estimate: Estimate = Field(default="fixed", description="How the threshold follows the bars that are closed.")
    n_trades: int = Field(default=1000, ge=1, le=10_000_000, description="Trades that an estimated threshold aims at.")
    span: int = Field(default=20, ge=1, le=1000, description="Bars that an exponential estimate remembers.")


class ImbalanceBars(BarEntry):
    """Bars that end when buying and selling part more than was expected."""

    title: ClassVar[str] = "Imbalance bars"
    summary: ClassVar[str] = "A bar ends when what buyers and what sellers moved part by more than was expected of it."
    category: ClassVar[str] = "Information"
    implementation: ClassVar[str] = "quant.bars.information:imbalance_bars"
    reference: ClassVar[str] = f"{_AFML}2.3.2.1 and 2.3.2.2."

    name: Literal["imbalance"] = "imbalance"
    measure: Measure = Field(default="dollars", description="What is counted: trades, shares, or their value.")
    n_trades: int = Field(default=1000, ge=2, le=10_000_000, description="Trades of the first bar.")
    span: int = Field(default=20, ge=1, le=1000, description="Bars that the expectations remember.")
    bound: float = Field(
        default=5.0, ge=1.0, le=1000.0, description="Times by which the expected number of trades may leave the first."
    )


class RunBars(BarEntry):
    """Bars that end when one side moved more than was expected of either."""

    title: ClassVar[str] = "Run bars"
    summary: ClassVar[str] = "A bar ends when buyers, or sellers, moved more than was expected of the busier of them."
    category: ClassVar[str] = "Information"
    implementation: ClassVar[str] = "quant.bars.information:run_bars"
    reference: ClassVar[str] = f"{_AFML}2.3.2.3 and 2.3.2.4."

    name: Literal["run"] = "run"
    measure: Measure = Field(default="dollars", description="What is counted: trades, shares, or their value.")
    n_trades: int = Field(default=1000, ge=2, le=10_000_000, description="Trades of the first bar.")
    span: int = Field(default=20, ge=1, le=1000, description="Bars that the expectations remember.")
    bound: float = Field(
        default=5.0, ge=1.0, le=1000.0, description="Times by which the expected number of trades may leave the first."
    )


BARS: tuple[type[BarEntry], ...] = (TimeBars, TickBars, VolumeBars, DollarBars, ImbalanceBars, RunBars)
