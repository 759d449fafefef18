"""The labels that can be asked for: what happened after a bar.

Each entry's implementation takes an adjusted price frame of one instrument and the entry's parameters as keywords, and
returns a labels frame as `quant.frames` defines it.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from quant.catalog import CatalogEntry, Spec, Task


class WeightSpec(Spec):
    """How much each sample weighs when a model learns, and by `by` also when it is scored.

    Computed in each fold: of its training rows for learning, of its test rows for scoring.
    """

    by: Literal["equal", "uniqueness", "attribution"] = Field(
        default="equal",
        description="Samples weigh the same, less where their labels overlap (`uniqueness`), or by the return that "
        "belongs to their label alone (`attribution`); in learning, and in scores.",
    )
    decay: float = Field(
        default=1.0,
        gt=-1.0,
        le=1.0,
        description="What the weights of the oldest samples are multiplied by, rising to 1 for the latest. Below 0: so "
        "large a part of the oldest weighs nothing.",
    )
    balanced: bool = Field(default=False, description="Give all classes the same weight in total.")

    @property
    def is_used(self) -> bool:
        """Whether any sample may weigh other than 1."""
        return self != WeightSpec()


class EventSpec(Spec):
    """Which bars a model learns from and is scored on; every bar is predicted."""

    at: Literal["all", "cusum"] = Field(
        default="all",
        description="All bars, or those at which the price has moved far enough since the last one (`cusum`).",
    )
    threshold: float = Field(
        default=2.0,
        ge=0.1,
        le=50.0,
        description="How far is enough, in standard deviations of a one-bar return (`cusum` only).",
    )
    volatility_window: int = Field(
        default=50, ge=5, le=500, description="Bars, up to the bar itself, over which volatility is measured."
    )


class LabelEntry(CatalogEntry):
    """A label: known only after its bar.

    One that `has_side` is about a position whose side a rule has chosen: its parameters `rule`, `fast` and `slow` are
    those of `quant.labels.meta.primary_side`.
    """

    has_side: ClassVar[bool] = False

    @property
    def horizon_bars(self) -> int:
        """Most bars after `t` that the label of bar `t` looks at."""
        raise TypeError(f"{type(self).__name__} does not declare its horizon.")

    @property
    def looks_back_bars(self) -> int:
        """Bars up to and with `t` that the label of bar `t` rests on: those that set its size."""
        return 0

    @property
    def task(self) -> Task:
        """What a model of this label is asked for."""
        return "two_way"


class ForwardReturn(LabelEntry):
    """Whether the return over the next bars is above a threshold."""

    title: ClassVar[str] = "Forward return"
    summary: ClassVar[str] = "1 if the return from the next open over the horizon is above the threshold, else 0."
    category: ClassVar[str] = "Fixed horizon"
    implementation: ClassVar[str] = "quant.labels.forward_return:forward_return"
    reference: ClassVar[str] = "Starts at the next open, because that is the first price at which one could trade."

    name: Literal["forward_return"] = "forward_return"
    horizon: int = Field(
        default=5, ge=1, le=120, description="Bars from the next open to the open at which the label ends."
    )
    threshold: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="Return, as a fraction, above which the label is 1."
    )

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1


class ForwardReturnSize(LabelEntry):
    """The return over the next bars itself."""

    title: ClassVar[str] = "Forward return, its size"
    summary: ClassVar[str] = "The return from the next open over the horizon itself, for models that predict numbers."
    category: ClassVar[str] = "Fixed horizon"
    implementation: ClassVar[str] = "quant.labels.forward_return:forward_return_size"
    reference: ClassVar[str] = "Starts at the next open, because that is the first price at which one could trade."

    name: Literal["forward_return_size"] = "forward_return_size"
    horizon: int = Field(
        default=5, ge=1, le=120, description="Bars from the next open to the open at which the label ends."
    )

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1

    @property
    def task(self) -> Task:
        """A number."""
        return "regression"


class TripleBarrier(LabelEntry):
    """Which of two barriers, set by the volatility, the price reaches first."""

    title: ClassVar[str] = "Triple barrier"
    summary: ClassVar[str] = (
        "1 if the price first rises by a multiple of its volatility, -1 if it first falls by one, 0 if neither."
    )
    category: ClassVar[str] = "Path"
    implementation: ClassVar[str] = "quant.labels.triple_barrier:triple_barrier"
    reference: ClassVar[str] = "López de Prado 2018, sections 3.2 to 3.4; by highs and lows from the next open."

    name: Literal["triple_barrier"] = "triple_barrier"
    horizon: int = Field(
        default=10, ge=1, le=120, description="Bars from the next open to the open at which waiting ends."
    )
    width: float = Field(
        default=1.0,
        ge=0.1,
        le=10.0,
        description="Distance of the barriers, in standard deviations of a return over the horizon.",
    )
    stop_width: float | None = Field(
        default=None,
        ge=0.1,
        le=10.0,
        description="Distance of the lower barrier, if it is another; empty: both are equally far.",
    )
    volatility_window: int = Field(
        default=50, ge=5, le=500, description="Bars, up to the bar itself, over which volatility is measured."
    )
    classes: Literal["three_way", "two_way"] = Field(
        default="three_way",
        description="If neither is reached: 0 (`three_way`), or 1 for a gain at the end and else 0 (`two_way`).",
    )
    path: Literal["range", "close"] = Field(
        default="range",
        description="What touches a barrier: highs and lows, of both in one bar the lower (`range`), or closes.",
    )

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1

    @property
    def looks_back_bars(self) -> int:
        """Closes of the returns whose deviation is the volatility."""
        return self.volatility_window + 1

    @property
    def task(self) -> Task:
        """As many classes as were asked for."""
        return self.classes


class TrendScanning(LabelEntry):
    """Which way the price goes, over the stretch ahead on which it goes there most clearly."""

    title: ClassVar[str] = "Trend scanning"
    summary: ClassVar[str] = (
        "Lines are fitted to the closes ahead, over longer and longer stretches; the one with the largest t-value says "
        "1 for up, else 0."
    )
    category: ClassVar[str] = "Path"
    implementation: ClassVar[str] = "quant.labels.trend_scanning:trend_scanning"
    reference: ClassVar[str] = "López de Prado 2020, Machine Learning for Asset Managers, section 5.4."

    name: Literal["trend_scanning"] = "trend_scanning"
    shortest: int = Field(default=5, ge=2, le=120, description="Fewest bars ahead that a trend may take.")
    longest: int = Field(
        default=20, ge=2, le=120, description="Most bars ahead that a trend may take; the label ends with them."
    )
    classes: Literal["two_way", "three_way"] = Field(
        default="two_way",
        description="1 for up and else 0 (`two_way`), or 1, -1, and 0 where no trend is clear (`three_way`).",
    )
    least_t: float = Field(
        default=2.0, ge=0.0, le=1000.0, description="Size of a t-value from which a trend is clear (`three_way` only)."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.shortest > self.longest:
            raise ValueError(f"expected shortest ≤ longest; found {self.shortest} and {self.longest}")
        return self

    @property
    def horizon_bars(self) -> int:
        """From the close of bar t to that of the last bar of the longest stretch."""
        return self.longest

    @property
    def looks_back_bars(self) -> int:
        """Its own close, at which trends begin."""
        return 1

    @property
    def task(self) -> Task:
        """As many classes as were asked for."""
        return self.classes


class MetaLabel(LabelEntry):
    """Whether following a simple rule pays."""

    title: ClassVar[str] = "Meta-label"
    summary: ClassVar[str] = (
        "A simple rule takes a side at each close; 1 if following it earns something before profit, stop or time end "
        "it, else 0. The model decides when to follow."
    )
    category: ClassVar[str] = "Side given"
    implementation: ClassVar[str] = "quant.labels.meta:meta_label"
    reference: ClassVar[str] = "López de Prado 2018, section 3.6."
    has_side: ClassVar[bool] = True

    name: Literal["meta_label"] = "meta_label"
    rule: Literal["trailing_return", "crossover", "strategy"] = Field(
        default="trailing_return",
        description="The side: the sign of the return over the slow window, of the fast less the slow average, or that "
        "of the rule which the strategy filters.",
    )
    fast: int = Field(default=20, ge=1, le=500, description="Bars of the fast average (`crossover` only).")
    slow: int = Field(default=50, ge=2, le=500, description="Bars of the slow average, or of the trailing return.")
    horizon: int = Field(
        default=10, ge=1, le=120, description="Bars from the next open to the open at which waiting ends."
    )
    width: float = Field(
        default=1.0, ge=0.1, le=10.0, description="Distance of the profit, in standard deviations of a return."
    )
    stop_width: float | None = Field(
        default=None,
        ge=0.1,
        le=10.0,
        description="Distance of the stop, if it is another; empty: as far as the profit.",
    )
    volatility_window: int = Field(
        default=50, ge=5, le=500, description="Bars, up to the bar itself, over which volatility is measured."
    )
    path: Literal["range", "close"] = Field(
        default="range",
        description="What touches a barrier: highs and lows, of both in one bar the stop (`range`), or closes.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.rule == "crossover" and self.fast >= self.slow:
            raise ValueError(f"expected fast < slow; found {self.fast} and {self.slow}")
        return self

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1

    @property
    def looks_back_bars(self) -> int:
        """Closes of the volatility, or of the rule, whichever are more."""
        return max(self.volatility_window + 1, self.slow + (self.rule == "trailing_return"))


LABELS: tuple[type[LabelEntry], ...] = (ForwardReturn, ForwardReturnSize, TripleBarrier, TrendScanning, MetaLabel)
LabelSpec = Annotated[
    ForwardReturn | ForwardReturnSize | TripleBarrier | TrendScanning | MetaLabel, Field(discriminator="name")
]
