"""The kinds of bars that a question can ask for: its source delivers days, and longer bars are gathered from them.

Each entry's implementation takes `quant.bars.days.Days` and the entry's parameters as keywords, and returns the spans
of days that are finished bars. Later days add bars and change none; what a bar needs to end is known before it begins.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, TypeAdapter

from quant.bars.catalog import Measure
from quant.calendars import Period
from quant.catalog import CatalogEntry, in_a_sentence

_AFML = "López de Prado 2018, Advances in Financial Machine Learning, section "

_DAYS = {"1d": 1, "1w": 5, "1mo": 21}

_DaysWanted = Annotated[
    int, Field(ge=2, le=250, description="Days of the first bar, and those that later thresholds aim at.")
]
_Remembered = Annotated[int, Field(ge=1, le=1000, description="Bars that the estimate remembers.")]
_Follows = Annotated[
    Literal["expanding", "ewma"],
    Field(description="What the threshold is estimated from: all bars before, or rather the latest."),
]
_Bound = Annotated[
    float, Field(ge=1.0, le=1000.0, description="Times by which the expected days may leave the first; 1: never.")
]


class DayBarsEntry(CatalogEntry):
    """A kind of bars of a question.

    Attributes
    ----------
    gathers : bool
        Whether bars hold several days.
    interval : {"1d", "1w", "1mo"} or None
        Their length by the calendar; None of bars that end by what was traded: how many a year has is counted.
    """

    gathers: ClassVar[bool] = True
    interval: ClassVar[Period | None] = None

    @property
    def counts_volume(self) -> bool:
        """Whether it needs to know how much was traded."""
        return False

    @property
    def days_of_one(self) -> int:
        """About how many days a bar has: what it aims at, or those of the calendar."""
        return _DAYS[self.interval] if self.interval is not None else int(self.parameters()["n_days"])

    def check(self, n_instruments: int, sizing: str, made_of_days: Sequence[str]) -> None:
        """Refuse what else a question asks for, if it cannot be had with these bars.

        Parameters
        ----------
        n_instruments : int
            Instruments of the question.
        sizing : str
            How positions are sized.
        made_of_days : sequence of str
            Titles of features that gather days themselves.

        Raises
        ------
        ValueError
            If instruments would have their bars at different moments, if positions depend on how many bars a year will
            have had, or if a feature needs days.
        """
        if self.interval is None and n_instruments > 1:
            raise ValueError(
                f"{self.title} of several instruments end at different moments, at which one account cannot divide its "
                f"book; found {n_instruments} instruments. Ask about them one by one, or for weekly or monthly bars"
            )
        if self.interval is None and sizing == "volatility_target":
            raise ValueError(
                "a target of volatility a year asks for bars of which one knows how many a year has; found "
                f"{in_a_sentence(self.title)}, which are counted afterwards. Size by another rule, or ask for weekly "
                "or monthly bars"
            )
        if self.gathers and made_of_days:
            raise ValueError(
                f"{', '.join(dict.fromkeys(made_of_days))}: asks for daily bars, from which it gathers weeks and "
                f"months itself; found {in_a_sentence(self.title)}. Leave it out, or measure over more of these bars"
            )


class DailyBars(DayBarsEntry):
    """Days, as delivered."""

    title: ClassVar[str] = "Daily bars"
    summary: ClassVar[str] = "A bar a session, as the source delivers them."
    category: ClassVar[str] = "Clock"
    implementation: ClassVar[str] = "quant.bars.days:each_day"
    gathers: ClassVar[bool] = False
    interval: ClassVar[Period | None] = "1d"

    name: Literal["daily"] = "daily"


class WeeklyBars(DayBarsEntry):
    """Weeks of the exchange."""

    title: ClassVar[str] = "Weekly bars"
    summary: ClassVar[str] = (
        "A bar a week of the exchange, from Monday to Sunday, known at the close of its last session."
    )
    category: ClassVar[str] = "Clock"
    implementation: ClassVar[str] = "quant.bars.days:weeks"
    interval: ClassVar[Period | None] = "1w"

    name: Literal["weekly"] = "weekly"


class MonthlyBars(DayBarsEntry):
    """Months of the exchange."""

    title: ClassVar[str] = "Monthly bars"
    summary: ClassVar[str] = "A bar a calendar month, known at the close of its last session."
    category: ClassVar[str] = "Clock"
    implementation: ClassVar[str] = "quant.bars.days:months"
    interval: ClassVar[Period | None] = "1mo"

    name: Literal["monthly"] = "monthly"


class EqualDays(DayBarsEntry):
    """Bars of equally many days."""

    title: ClassVar[str] = "Tick bars"
    summary: ClassVar[str] = "A bar of so many bars of the source, counted from the first one that is asked about."
    category: ClassVar[str] = "Activity"
    implementation: ClassVar[str] = "quant.bars.days:equal_days"
    reference: ClassVar[str] = f"{_AFML}2.3.1."

    name: Literal["tick"] = "tick"
    n_days: int = Field(default=5, ge=2, le=250, description="Days of a bar.")


class EqualVolume(DayBarsEntry):
    """Bars of about equal volume."""

    title: ClassVar[str] = "Volume bars"
    summary: ClassVar[str] = "A bar ends with the day that brings its volume to the threshold; splits change nothing."
    category: ClassVar[str] = "Activity"
    implementation: ClassVar[str] = "quant.bars.days:equal_volume"
    reference: ClassVar[str] = f"{_AFML}2.3.1."

    name: Literal["volume"] = "volume"
    n_days: _DaysWanted = 5
    threshold: float | None = Field(
        default=None,
        gt=0.0,
        le=1e15,
        description="Shares of a bar, as on the first day; empty: estimated as bars close.",
    )
    estimate: _Follows = "ewma"
    span: _Remembered = 20

    @property
    def counts_volume(self) -> bool:
        """It does."""
        return True


class EqualValue(DayBarsEntry):
    """Bars of about equal value traded."""

    title: ClassVar[str] = "Dollar bars"
    summary: ClassVar[str] = "A bar ends with the day that brings the value traded to the threshold."
    category: ClassVar[str] = "Activity"
    implementation: ClassVar[str] = "quant.bars.days:equal_value"
    reference: ClassVar[str] = f"{_AFML}2.3.1."

    name: Literal["dollar"] = "dollar"
    n_days: _DaysWanted = 5
    threshold: float | None = Field(
        default=None, gt=0.0, le=1e18, description="Value of a bar, in its currency; empty: estimated as bars close."
    )
    estimate: _Follows = "ewma"
    span: _Remembered = 20

    @property
    def counts_volume(self) -> bool:
        """It does."""
        return True


class DayImbalance(DayBarsEntry):
    """Bars that end when rising and falling days part more than was expected."""

    title: ClassVar[str] = "Imbalance bars"
    summary: ClassVar[str] = "A bar ends when what rising and what falling days moved part by more than was expected."
    category: ClassVar[str] = "Information"
    implementation: ClassVar[str] = "quant.bars.days:by_imbalance"
    reference: ClassVar[str] = f"{_AFML}2.3.2.1 and 2.3.2.2, of days in the place of trades."

    name: Literal["imbalance"] = "imbalance"
    measure: Measure = Field(default="dollars", description="What is counted: days (ticks), shares, or their value.")
    n_days: _DaysWanted = 5
    span: _Remembered = 20
    bound: _Bound = 1.0  # few days balance by chance: what is expected of them would run away to one, or to hundreds

    @property
    def counts_volume(self) -> bool:
        """If it counts more than days."""
        return self.measure != "ticks"


class DayRuns(DayBarsEntry):
    """Bars that end when rising, or falling, days moved more than was expected of either."""

    title: ClassVar[str] = "Run bars"
    summary: ClassVar[str] = "A bar ends when rising days, or falling ones, moved more than was expected of the busier."
    category: ClassVar[str] = "Information"
    implementation: ClassVar[str] = "quant.bars.days:by_runs"
    reference: ClassVar[str] = f"{_AFML}2.3.2.3 and 2.3.2.4, of days in the place of trades."

    name: Literal["run"] = "run"
    measure: Measure = Field(default="dollars", description="What is counted: days (ticks), shares, or their value.")
    n_days: _DaysWanted = 5
    span: _Remembered = 20
    bound: _Bound = 1.0  # few days balance by chance: what is expected of them would run away to one, or to hundreds

    @property
    def counts_volume(self) -> bool:
        """If it counts more than days."""
        return self.measure != "ticks"


def _of_days(bars: object) -> object:
    """Refuse by name what days cannot be made into."""
    if isinstance(bars, dict) and bars.get("name") == "time":
        raise ValueError(
            "time bars of seconds ask for trades, and the prices of a question are of days: ask for weekly or monthly "
            "bars, or gather trades with `quant.bars.activity.time_bars`"
        )
    return bars


_Kinds = Annotated[
    DailyBars | WeeklyBars | MonthlyBars | EqualDays | EqualVolume | EqualValue | DayImbalance | DayRuns,
    Field(discriminator="name"),
]
BarsSpec = Annotated[_Kinds, BeforeValidator(_of_days)]
DAY_BARS: tuple[type[DayBarsEntry], ...] = get_args(get_args(_Kinds)[0])

_STORED: TypeAdapter[DayBarsEntry] = TypeAdapter(BarsSpec)


def stored_bars(bars: Mapping[str, Any] | None) -> DayBarsEntry:
    """Return the bars of a stored question; one that says none is from before one could, and had days."""
    return DailyBars() if bars is None else _STORED.validate_python(bars)
