"""What the Dashboard shows, for programs: a chart, what a pinned analysis says, and what a person has chosen to see."""

from typing import Annotated, Literal

import numpy as np
from flask import Response
from pydantic import Field

from webapp.api.answers import to_json
from webapp.api.columns import Moment, View
from webapp.api.operations import NOT_NOW, NOT_THERE, Answer, operation
from webapp.api.reading import PRINTABLE, Body, Query, QueryNumber
from webapp.api.schemas import Instrument
from webapp.auth.session import current_actor, parts, read, write
from webapp.errors import InvalidInput
from webapp.permissions import Permission
from webapp.services import charts, dashboard_choices, indicators, outlooks, prices
from webapp.services.charts import MOST_POINTS, Interval, Range
from webapp.services.dashboard_choices import DashboardChoices

_LARGEST = 2**31 - 1
_Values = list[float | None]
_Indicator = Annotated[str, Field(max_length=120, pattern=PRINTABLE)]


class ChartQuery(Query):
    """Which part of the history, and what is drawn with it."""

    interval: Interval = Field(default="1d", description="Length of a bar; weeks and months are made of days.")
    range: Range = Field(default="1y", description="How far back from the newest bar.")
    first: QueryNumber | None = Field(
        default=None, ge=0, le=_LARGEST, description="First bar, counted from 0; with `last`, in place of `range`."
    )
    last: QueryNumber | None = Field(default=None, ge=0, le=_LARGEST, description="Last bar, included.")
    indicator: tuple[_Indicator, ...] = Field(
        default=(), max_length=indicators.MOST_INDICATORS, description="Such as `sma:window=50`; may be repeated."
    )
    points: QueryNumber = Field(default=500, ge=20, le=MOST_POINTS, description="At most this many candles in range.")


class ChartLine(View):
    """One line of an indicator; NaN is null."""

    indicator: str = Field(description="The indicator that it belongs to, every parameter said.")
    name: str
    is_price: bool = Field(description="Whether it is in the unit of the price.")
    values: _Values = Field(description="So many for each candle: its farthest from the last, then the last.")


class Chart(View):
    """Candles of one or several bars, with half the range more on both sides."""

    instrument: Instrument
    interval: str
    n_bars: int = Field(description="In the whole history.")
    bars_per_candle: int
    points_per_candle: int = Field(description="Values of a line for each candle.")
    bar: list[int] = Field(description="Last bar of each candle, counted from 0.")
    session: list[str] = Field(description="Its date.")
    open: _Values
    high: _Values
    low: _Values
    close: _Values
    volume: _Values
    lines: list[ChartLine]


class OutlookQuery(Query):
    """For how much money."""

    capital: QueryNumber = Field(
        default=100_000, ge=1, le=10**12, description="Money that the position is sized for, in whole units."
    )


class PositionView(View):
    """What the analysis's sizing makes of the capital."""

    weight: float = Field(description="Share of the capital, negative for short.")
    full_weight: float = Field(description="The same if the signal were long.")
    value: float = Field(description="Money in the position.")
    shares: int
    close: float = Field(description="The newest close, as traded.")


class PredictionView(View):
    """What was predicted last."""

    as_of: Moment = Field(description="Close of the bar at which it was made, without a look at what came after.")
    is_final: bool = Field(description="Whether by the final model; else by the last walk-forward one.")
    forecast: dict[str, float] = Field(description="What was predicted, by name.")
    interval: tuple[float, float] | None = Field(
        description="Between which returns the outcome will lie, as fractions; null if it is not known."
    )
    level: float | None = Field(description="In what share of cases.")
    signal: Literal[-1, 0, 1] = Field(description="1 long, 0 flat, -1 short.")


class Outlook(View):
    """What an analysis says about an instrument."""

    analysis_id: str
    title: str
    verdict: str | None
    is_credible: bool | None
    model: str
    prediction: PredictionView
    n_bars_since: int = Field(description="Newer bars, of which it knows nothing.")
    position: PositionView
    drawdown: float = Field(description="At the end of the out-of-sample curve, 0 or less.")
    worst_drawdown: float
    is_imported: bool = Field(description="Whether it was computed elsewhere and came in a bundle.")


class Choices(DashboardChoices, Body):
    """What to show on the Dashboard."""


class ChoicesView(DashboardChoices, View):
    """What is shown on the Dashboard."""


@operation(
    "GET",
    "/instruments/<instrument_id>/chart",
    tag="Dashboard",
    summary="Read a chart",
    permission=Permission.PRICES_READ,
    query=ChartQuery,
    answers={200: Answer("Candles, oldest first, and lines at the same places.", Chart)},
    refusals=NOT_THERE,
)
def read_chart(instrument_id: str, query: ChartQuery) -> Response:
    """Return bars adjusted for splits and dividends, thinned to so many candles, with indicators.

    For the eye: prices before a split or dividend are scaled by it. `GET /instruments/{instrument_id}/prices` has every
    bar.
    """
    if (query.first is None) != (query.last is None):
        message = "Expected first and last bar, both or neither; found one of them."
        raise InvalidInput(message, fields={"first": message})
    window: charts.Window = query.range
    if query.first is not None and query.last is not None:
        window = (query.first, query.last)
    with read() as session:
        view = charts.read_chart(
            session,
            parts().store,
            current_actor(),
            instrument_id,
            interval=query.interval,
            window=window,
            indicators=indicators.parse_indicators(query.indicator),
            n_points=query.points,
        )
    columns = {name: getattr(view, name) for name in ("open", "high", "low", "close", "volume")}
    return to_json(
        {
            "instrument": Instrument.model_validate(view.instrument).model_dump(),
            "interval": view.interval,
            "n_bars": view.n_bars,
            "bars_per_candle": view.bars_per_candle,
            "points_per_candle": view.points_per_candle,
            "bar": view.at,
            "session": np.datetime_as_string(view.days.astype("datetime64[D]")).tolist(),
            **{name: np.ascontiguousarray(values) for name, values in columns.items()},
            "lines": [
                {
                    "indicator": line.indicator,
                    "name": line.name,
                    "is_price": line.is_price,
                    "values": np.ascontiguousarray(line.y),
                }
                for line in view.lines
            ],
        }
    )


@operation(
    "GET",
    "/instruments/<instrument_id>/outlooks/<analysis_id>",
    tag="Dashboard",
    summary="Read what an analysis says about an instrument",
    permission=Permission.ANALYSES_READ,
    query=OutlookQuery,
    answers={200: Answer("The newest prediction, the position and the drawdown.", Outlook)},
    refusals=NOT_NOW,
)
def read_outlook(instrument_id: str, analysis_id: str, query: OutlookQuery) -> Response:
    """Return the newest prediction that an analysis made for an instrument, and the position it asks for.

    Nothing is predicted anew: `as_of` says how old it is, `n_bars_since` how many bars have come since.
    """
    with read() as session:
        prices.get_instrument(session, current_actor(), instrument_id)
        outlook = outlooks.read_outlook(
            session, parts().store, current_actor(), instrument_id, analysis_id, capital=float(query.capital)
        )
    return to_json(Outlook.model_validate(outlook))


@operation(
    "GET",
    "/dashboard",
    tag="Dashboard",
    summary="Read what you have chosen to see",
    permission=Permission.PRICES_READ,
    answers={200: Answer("Your choices.", ChoicesView)},
)
def read_choices() -> Response:
    """Return instrument, range, indicators, pinned analyses and capital as the Dashboard opens for you."""
    with read() as session:
        return to_json(dashboard_choices.get_choices(session, current_actor()))


@operation(
    "PUT",
    "/dashboard",
    tag="Dashboard",
    summary="Choose what to see",
    permission=Permission.PRICES_READ,
    body=Choices,
    answers={200: Answer("Your choices.", ChoicesView)},
)
def save_choices(body: Choices) -> Response:
    """Replace what you have chosen; what is left out becomes what everybody begins with."""
    choices = DashboardChoices.model_validate(body.model_dump())
    with write() as session:
        dashboard_choices.save_choices(session, current_actor(), choices)
    return to_json(choices)
