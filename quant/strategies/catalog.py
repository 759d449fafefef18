"""The strategies that can be asked for: what is held, by predictions, by a rule of prices alone, or by both.

A strategy of predictions is implemented by a function of a panel of predictions and of the entry, which returns signals
(`quant.strategies.signals`). A rule says in its `plan` which lines it compares with which levels; `quant.rules` draws
the lines from prices, and `quant.strategies.plans` walks along them.
"""

import math
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from quant.catalog import CatalogEntry

Direction = Literal["long_flat", "long_short"]
# What a line is drawn by, then its numbers; `quant.rules` knows how each is drawn.
Line = tuple[str, *tuple[float, ...]]
NO_LINE = -1  # in place of a line's position

_UNEQUAL = 1e-12  # lines of prices in units of the first one; nearer to each other they are equal but for rounding
_FORGOTTEN = 0.01  # share of an average's first value that is left when it counts as settled
_DIRECTION = "Long or in cash (`long_flat`), or short as well (`long_short`)."


class Plan(NamedTuple):
    """What a rule compares: entered by one line (or its distance from a second), left by the same or a third.

    Long from `enter_long` up, until the leaving line is below `leave_long`; short from `enter_short` down, until it is
    above `leave_short`.
    """

    enter: Line
    enter_long: float
    leave_long: float
    enter_short: float
    leave_short: float
    less: Line | None = None
    leave: Line | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that are there."""
        return tuple(line for line in (self.enter, self.less, self.leave) if line is not None)


class StrategyEntry(CatalogEntry):
    """A strategy: from what is known at a close to what is held from the next open on."""

    learns: ClassVar[bool] = True  # whether it asks a model

    @property
    def n_parts(self) -> int | None:
        """In how many equal parts the book is divided; None: one an instrument."""
        return None


# --- From predictions ------------------------------------------------------------------------------------------------


class ForecastEntry(StrategyEntry):
    """What is held by what a model says."""

    category: ClassVar[str] = "From predictions"


class Thresholds(ForecastEntry):
    """Thresholds on the predicted probability (of three classes, that of up with half of neither) or return."""

    title: ClassVar[str] = "Thresholds with hysteresis"
    summary: ClassVar[str] = "Entered where the prediction passes one threshold, and held until it passes another."
    implementation: ClassVar[str] = "quant.strategies.signals:threshold_signals"
    reference: ClassVar[str] = "A Schmitt trigger: two thresholds keep noise around one from being traded."

    name: Literal["thresholds"] = "thresholds"
    direction: Direction = Field(default="long_flat", description=_DIRECTION)
    enter_above: float = Field(
        default=0.55, ge=0.0, le=1.0, description="Go long when the probability is at least this."
    )
    exit_below: float = Field(
        default=0.50, ge=0.0, le=1.0, description="Leave a long position when the probability falls below this."
    )
    short_below: float = Field(
        default=0.40, ge=0.0, le=1.0, description="Go short when the probability is at most this (`long_short` only)."
    )
    cover_above: float = Field(
        default=0.50, ge=0.0, le=1.0, description="Leave a short position when the probability rises above this."
    )

    enter_return: float = Field(
        default=0.002, ge=-0.5, le=0.5, description="Models of returns: go long when at least this is predicted."
    )
    exit_return: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="Models of returns: leave a long position when less is predicted."
    )
    short_return: float = Field(
        default=-0.004,
        ge=-0.5,
        le=0.5,
        description="Models of returns: go short when at most this is predicted (`long_short` only).",
    )
    cover_return: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="Models of returns: leave a short position when more is predicted."
    )

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        for leave in ("exit_return", "cover_return"):
            if not self.short_return <= getattr(self, leave) <= self.enter_return:
                raise ValueError(
                    f"expected short_return ≤ {leave} ≤ enter_return; "
                    f"found {self.short_return}, {getattr(self, leave)} and {self.enter_return}"
                )
        if not self.short_below <= self.exit_below <= self.enter_above:
            raise ValueError(
                "expected short_below ≤ exit_below ≤ enter_above; "
                f"found {self.short_below}, {self.exit_below} and {self.enter_above}"
            )
        if not self.short_below <= self.cover_above <= self.enter_above:
            raise ValueError(
                "expected short_below ≤ cover_above ≤ enter_above; "
                f"found {self.short_below}, {self.cover_above} and {self.enter_above}"
            )
        return self


class SignOfForecast(ForecastEntry):
    """The side that is likelier, at every bar anew."""

    title: ClassVar[str] = "Sign of the prediction"
    summary: ClassVar[str] = "Long where a rise is likelier than not, or a gain predicted; else out, or short."
    implementation: ClassVar[str] = "quant.strategies.forecasts:sign_signals"
    reference: ClassVar[str] = "Leitch and Tanner 1991, American Economic Review 81(3): profit follows the sign."

    name: Literal["sign_of_forecast"] = "sign_of_forecast"
    direction: Direction = Field(default="long_flat", description=_DIRECTION)


class RankOfForecasts(ForecastEntry):
    """The instruments of which most is expected, and against those of which least is."""

    title: ClassVar[str] = "Rank across instruments"
    summary: ClassVar[str] = "At each close the best predictions are held, and the worst sold short, in equal parts."
    implementation: ClassVar[str] = "quant.strategies.forecasts:rank_signals"
    reference: ClassVar[str] = "Jegadeesh and Titman 1993, Journal of Finance 48(1), on portfolios by rank."

    name: Literal["rank_of_forecasts"] = "rank_of_forecasts"
    n_long: int = Field(default=1, ge=1, le=20, description="How many of the best are held.")
    n_short: int = Field(default=0, ge=0, le=20, description="How many of the worst are sold short.")

    @property
    def n_parts(self) -> int:
        """Each of the chosen gets an equal part of the book, however many there were to choose from."""
        return self.n_long + self.n_short


class BetSize(ForecastEntry):
    """The more certain, the more."""

    title: ClassVar[str] = "Bet size from probability"
    summary: ClassVar[str] = (
        "The likelier side, in a size that grows from nothing at 0.5 to a full position at certainty."
    )
    implementation: ClassVar[str] = "quant.strategies.forecasts:sized_signals"
    reference: ClassVar[str] = "López de Prado 2018, section 10.3 and snippets 10.1 and 10.3."

    name: Literal["bet_size"] = "bet_size"
    direction: Direction = Field(default="long_flat", description=_DIRECTION)
    step: float = Field(
        default=0.1, ge=0.01, le=0.5, description="Sizes are rounded to multiples of this, to trade less."
    )


# --- Rules of prices alone -------------------------------------------------------------------------------------------


class RuleEntry(StrategyEntry):
    """What is held by prices alone."""

    learns: ClassVar[bool] = False
    category: ClassVar[str] = "Rules"
    implementation: ClassVar[str] = "quant.rules:rule_sides"
    n_instruments: ClassVar[int | None] = None  # how many it takes; None: any number, each for itself

    direction: Direction = Field(default="long_flat", description=_DIRECTION)
    wait_bars: int = Field(
        default=0, ge=0, le=5000, description="First bars without a trade, if more than the rule needs anyway."
    )

    @property
    def is_possible(self) -> bool:
        """Whether its numbers go together; of arrays of numbers an array, as sweeps ask."""
        return True

    @property
    def plan(self) -> Plan:
        """Which lines are compared with which levels."""
        raise NotImplementedError

    @property
    def warm_up(self) -> int:
        """Number of leading bars before every line is known and has forgotten where it began."""
        raise NotImplementedError

    @property
    def begins_after(self) -> int:
        """Number of leading bars on which it is not acted upon."""
        return max(self.warm_up, self.wait_bars)


class Crossover(RuleEntry):
    """A fast average above a slow one."""

    title: ClassVar[str] = "Crossover of averages"
    summary: ClassVar[str] = "Long while the fast average of closes is above the slow one, short while it is below."
    reference: ClassVar[str] = "Brock, Lakonishok and LeBaron 1992, Journal of Finance 47(5)."

    name: Literal["crossover_rule"] = "crossover_rule"
    fast: int = Field(default=20, ge=1, le=500, description="Bars of the fast average.")
    slow: int = Field(default=50, ge=2, le=1000, description="Bars of the slow average.")
    average: Literal["simple", "exponential"] = Field(default="simple", description="Kind of both averages.")

    @property
    def is_possible(self) -> bool:
        """Whether the fast average is faster."""
        return self.fast < self.slow

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.is_possible:
            raise ValueError(f"expected fast < slow; found {self.fast} and {self.slow}")
        return self

    @property
    def plan(self) -> Plan:
        """The distance of the averages, against nothing."""
        levels = (_UNEQUAL, _UNEQUAL, -_UNEQUAL, -_UNEQUAL)
        return Plan((self.average, self.fast), *levels, less=(self.average, self.slow))

    @property
    def warm_up(self) -> int:
        """As many bars as the slow average has, or takes to settle."""
        settling = 0 if self.average == "simple" else _settling(2.0 / (self.slow + 1))
        return self.slow - 1 + settling


class Breakout(RuleEntry):
    """A close beyond the highest or lowest price of the bars before."""

    title: ClassVar[str] = "Breakout of a channel"
    summary: ClassVar[str] = (
        "Entered at a close above the highest high of the bars before, left below their lowest low."
    )
    reference: ClassVar[str] = "Donchian 1960; Faith 2003, The Original Turtle Trading Rules."

    name: Literal["breakout_rule"] = "breakout_rule"
    entry_bars: int = Field(default=20, ge=2, le=500, description="Bars before, whose range is left at an entry.")
    exit_bars: int = Field(default=10, ge=2, le=500, description="Bars before, whose other end is an exit.")

    @property
    def plan(self) -> Plan:
        """One channel to enter by, one to leave by."""
        beyond = 0.5  # a line of channels is -1, 0 or 1
        return Plan(("channel", self.entry_bars), beyond, -beyond, -beyond, beyond, leave=("channel", self.exit_bars))

    @property
    def warm_up(self) -> int:
        """As many bars as the longer channel has."""
        return max(self.entry_bars, self.exit_bars)


class Reversion(RuleEntry):
    """A close far from its mean, which is expected back."""

    title: ClassVar[str] = "Mean reversion"
    summary: ClassVar[str] = "Long when the close is far below its mean, in standard deviations; left when it is back."
    reference: ClassVar[str] = (
        "Bollinger 2001, Bollinger on Bollinger Bands, ch. 17; Chan 2013, Algorithmic Trading, ch. 3."
    )

    name: Literal["reversion_rule"] = "reversion_rule"
    window: int = Field(default=20, ge=5, le=500, description="Bars of mean and deviation.")
    enter: float = Field(default=2.0, ge=0.25, le=6.0, description="Deviations from the mean at which it is entered.")
    leave: float = Field(default=0.0, ge=-3.0, le=6.0, description="Deviations at which it is left again.")

    @property
    def is_possible(self) -> bool:
        """Whether it is left nearer to the mean than it is entered."""
        return self.leave <= self.enter

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_leave(self)
        return self

    @property
    def plan(self) -> Plan:
        """How far below the mean, against the levels."""
        return Plan(("distance", self.window), self.enter, self.leave, -self.enter, -self.leave)

    @property
    def warm_up(self) -> int:
        """All bars of the window but the last."""
        return self.window - 1


class Momentum(RuleEntry):
    """What has risen goes on rising."""

    title: ClassVar[str] = "Momentum"
    summary: ClassVar[str] = "Long after a rise over the window, short after a fall."
    reference: ClassVar[str] = "Moskowitz, Ooi and Pedersen 2012, Journal of Financial Economics 104(2)."

    name: Literal["momentum_rule"] = "momentum_rule"
    window: int = Field(default=252, ge=2, le=1000, description="Bars over which the return is taken.")
    gap: int = Field(default=0, ge=0, le=250, description="Latest bars that it leaves out.")

    @property
    def plan(self) -> Plan:
        """The return, against nothing."""
        return Plan(("trend", self.window, self.gap), _UNEQUAL, _UNEQUAL, -_UNEQUAL, -_UNEQUAL)

    @property
    def warm_up(self) -> int:
        """From the first close of the window to the bar."""
        return self.window + self.gap


class StrengthReversal(RuleEntry):
    """An oversold market is bought, an overbought one sold."""

    title: ClassVar[str] = "RSI reversal"
    summary: ClassVar[str] = "Long when the relative strength index is low, short when it is high; left at the middle."
    reference: ClassVar[str] = "Wilder 1978, New Concepts in Technical Trading Systems, section VI."

    name: Literal["rsi_rule"] = "rsi_rule"
    window: int = Field(default=14, ge=2, le=250, description="Bars of the index.")
    lower: float = Field(default=30.0, ge=1.0, le=50.0, description="Oversold: long at this or below.")
    upper: float = Field(default=70.0, ge=50.0, le=99.0, description="Overbought: short at this or above.")
    middle: float = Field(default=50.0, ge=1.0, le=99.0, description="Left when the index is beyond this.")

    @property
    def is_possible(self) -> bool:
        """Whether the middle is one."""
        return (self.lower <= self.middle) & (self.middle <= self.upper)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.is_possible:
            raise ValueError(
                f"expected lower ≤ middle ≤ upper; found {self.lower:g}, {self.middle:g} and {self.upper:g}"
            )
        return self

    @property
    def plan(self) -> Plan:
        """How far below 50 the index is, against the levels."""
        half = 50.0
        return Plan(
            ("weakness", self.window), half - self.lower, half - self.middle, half - self.upper, half - self.middle
        )

    @property
    def warm_up(self) -> int:
        """As many bars as the index has, and those in which it settles."""
        return self.window + _settling(1.0 / self.window)


class PairSpread(RuleEntry):
    """Two instruments that move together, when they have come apart."""

    title: ClassVar[str] = "Pairs spread"
    summary: ClassVar[str] = (
        "Of two instruments the one that has fallen behind is bought and the other sold short, until they have met."
    )
    reference: ClassVar[str] = "Gatev, Goetzmann and Rouwenhorst 2006, Review of Financial Studies 19(3)."
    n_instruments: ClassVar[int | None] = 2

    name: Literal["pairs_rule"] = "pairs_rule"
    direction: Literal["long_short"] = Field(default="long_short", description="One long, the other short.")
    window: int = Field(default=60, ge=10, le=500, description="Bars of mean and deviation of the log price ratio.")
    enter: float = Field(default=2.0, ge=0.25, le=6.0, description="Deviations from the mean at which it is entered.")
    leave: float = Field(default=0.0, ge=-3.0, le=6.0, description="Deviations at which it is left again.")
    hedge: Literal["equal_money", "measured"] = Field(
        default="equal_money",
        description=(
            "How much of the second stands against the first: as much money, or as much as the regression of their log "
            "prices over the window says at each bar. Where that is not positive, nothing is held."
        ),
    )

    @property
    def is_possible(self) -> bool:
        """Whether it is left nearer to the mean than it is entered."""
        return self.leave <= self.enter

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_leave(self)
        return self

    @property
    def plan(self) -> Plan:
        """How far the first is behind the second, against the levels."""
        return Plan(("spread", self.window), self.enter, self.leave, -self.enter, -self.leave)

    @property
    def warm_up(self) -> int:
        """All bars of the window but the last."""
        return self.window - 1


RULES: tuple[type[RuleEntry], ...] = (Crossover, Breakout, Reversion, Momentum, StrengthReversal, PairSpread)
# Those of one instrument, which a model can learn to follow.
RuleSpec = Annotated[Crossover | Breakout | Reversion | Momentum | StrengthReversal, Field(discriminator="name")]


# --- A rule and a model ----------------------------------------------------------------------------------------------


class FilteredRule(ForecastEntry):
    """A rule takes the side, a model decides when to follow it."""

    title: ClassVar[str] = "A rule, filtered by a model"
    summary: ClassVar[str] = "The side of a rule is taken only while the model thinks that following it will pay."
    category: ClassVar[str] = "Rule and model"
    implementation: ClassVar[str] = "quant.strategies.forecasts:filtered_signals"
    reference: ClassVar[str] = "López de Prado 2018, section 3.6, on meta-labelling."

    name: Literal["filtered_rule"] = "filtered_rule"
    rule: RuleSpec = Field(default_factory=Crossover, description="What takes the side.")
    enter_above: float = Field(
        default=0.5, ge=0.0, le=1.0, description="Follow the rule when the probability that it pays is at least this."
    )
    exit_below: float = Field(
        default=0.45, ge=0.0, le=1.0, description="Stop following it when the probability falls below this."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.exit_below > self.enter_above:
            raise ValueError(f"expected exit_below ≤ enter_above; found {self.exit_below} and {self.enter_above}")
        return self


STRATEGIES: tuple[type[StrategyEntry], ...] = (
    Thresholds, SignOfForecast, RankOfForecasts, BetSize, FilteredRule, *RULES
)  # fmt: skip
StrategySpec = Annotated[
    Thresholds
    | SignOfForecast
    | RankOfForecasts
    | BetSize
    | FilteredRule
    | Crossover
    | Breakout
    | Reversion
    | Momentum
    | StrengthReversal
    | PairSpread,
    Field(discriminator="name"),
]


def _check_leave(rule: Reversion | PairSpread) -> None:
    if not rule.is_possible:
        raise ValueError(f"expected leave ≤ enter; found {rule.leave:g} and {rule.enter:g}")


def _settling(share: float) -> int:
    """Return after how many steps an average that gives each new value `share` has forgotten its first one."""
    return math.ceil(math.log(_FORGOTTEN) / math.log1p(-share))
