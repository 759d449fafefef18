"""Calendar: which day it is, as far as that can be known at the close."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry


class DayOfWeek(FeatureEntry):
    """Day of the week, on a circle."""

    title: ClassVar[str] = "Day of the week"
    summary: ClassVar[str] = "Sine and cosine of the day of the week, a week being one turn: Sunday is next to Monday."
    category: ClassVar[str] = "Calendar"
    implementation: ClassVar[str] = "quant.features.seasons:day_of_week"
    reference: ClassVar[str] = "French 1980, Journal of Financial Economics 8(1), p. 55."

    name: Literal["day_of_week"] = "day_of_week"

    @property
    def needs(self) -> tuple[str, ...]:
        """The date alone."""
        return ()

    @property
    def warm_up(self) -> int:
        """Known at the close: nothing but the date."""
        return 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Both coordinates."""
        return "day_of_week_sin", "day_of_week_cos"


class MonthOfYear(FeatureEntry):
    """Month of the year, on a circle."""

    title: ClassVar[str] = "Month"
    summary: ClassVar[str] = "Sine and cosine of the month, a year being one turn: December is next to January."
    category: ClassVar[str] = "Calendar"
    implementation: ClassVar[str] = "quant.features.seasons:month_of_year"
    reference: ClassVar[str] = "Rozeff and Kinney 1976, Journal of Financial Economics 3(4), p. 379."

    name: Literal["month_of_year"] = "month_of_year"

    @property
    def needs(self) -> tuple[str, ...]:
        """The date alone."""
        return ()

    @property
    def warm_up(self) -> int:
        """Known at the close: nothing but the date."""
        return 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Both coordinates."""
        return "month_of_year_sin", "month_of_year_cos"


class DaysToMonthEnd(FeatureEntry):
    """How much is left of the month."""

    title: ClassVar[str] = "Days to the end of the month"
    summary: ClassVar[str] = "Days of the calendar until the last of the month: 0 on the last."
    category: ClassVar[str] = "Calendar"
    implementation: ClassVar[str] = "quant.features.seasons:days_to_month_end"

    name: Literal["days_to_month_end"] = "days_to_month_end"

    @property
    def needs(self) -> tuple[str, ...]:
        """The date alone."""
        return ()

    @property
    def warm_up(self) -> int:
        """Known at the close: nothing but the date."""
        return 0

    @property
    def columns(self) -> tuple[str, ...]:
        """One number."""
        return ("days_to_month_end",)


class TurnOfMonth(FeatureEntry):
    """Whether the month turns."""

    title: ClassVar[str] = "Turn of the month"
    summary: ClassVar[str] = "1 on the last and first weekdays of a month, else 0; holidays are not left out."
    category: ClassVar[str] = "Calendar"
    implementation: ClassVar[str] = "quant.features.seasons:turn_of_month"
    reference: ClassVar[str] = "Lakonishok and Smidt 1988, Review of Financial Studies 1(4), p. 403."

    name: Literal["turn_of_month"] = "turn_of_month"
    before: int = Field(default=1, ge=0, le=10, description="Last weekdays of a month that count.")
    after: int = Field(default=3, ge=0, le=10, description="First weekdays of a month that count.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The date alone."""
        return ()

    @property
    def warm_up(self) -> int:
        """Known at the close: nothing but the date."""
        return 0


CalendarFeature: TypeAlias = DayOfWeek | MonthOfYear | DaysToMonthEnd | TurnOfMonth
