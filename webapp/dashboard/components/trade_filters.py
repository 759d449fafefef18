"""The filters above the trades of an answer: what the browser sends, and the trades it means."""

import datetime
from typing import Any, cast

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from webapp.dashboard.components.attributes import aria
from webapp.errors import InvalidInput
from webapp.services.trade_lists import ORDERS, OUTCOMES, REASONS, SIDES, Order, TradeFilter

ALL = "all"
MOST_BARS = 10**6

SYMBOL = "analysis-trades-symbol"
SIDE = "analysis-trades-side"
OUTCOME = "analysis-trades-outcome"
REASON = "analysis-trades-reason"
FIRST = "analysis-trades-first"
LAST = "analysis-trades-last"
LEAST = "analysis-trades-least"
MOST = "analysis-trades-most"
CLEAR = "analysis-trades-clear"
ORDER = "analysis-trades-order"

# In the order in which callbacks take them, with what each says when nothing is left out.
CONTROLS: dict[str, str] = {
    SYMBOL: ALL, SIDE: ALL, OUTCOME: ALL, REASON: ALL, FIRST: "", LAST: "", LEAST: "", MOST: "",
}  # fmt: skip

LEFT_BY = {
    "signal": "Signal",
    "stop_loss": "Stop-loss",
    "take_profit": "Take-profit",
    "trailing_stop": "Trailing stop",
    "margin_call": "Margin call",
    "delisted": "Delisted",
    "open": "Still open",
}

_ORDERS = {
    "entry:ascending": "Entry, oldest first",
    "entry:descending": "Entry, newest first",
    "return:descending": "Return, best first",
    "return:ascending": "Return, worst first",
    "result:descending": "Result, largest gain first",
    "result:ascending": "Result, largest loss first",
    "bars:descending": "Bars held, longest first",
    "bars:ascending": "Bars held, shortest first",
    "worst:ascending": "Worst moment, deepest first",
    "best:descending": "Best moment, highest first",
    "costs:descending": "Costs, highest first",
}
USUAL_ORDER = "entry:ascending"


def filter_bar(symbols: tuple[str, ...]) -> Component:
    """Return the filters; with one instrument nothing asks which."""
    controls: tuple[tuple[str, Any], ...] = (
        ("Instrument", _select(SYMBOL, {str(place): symbol for place, symbol in enumerate(symbols)})),
        ("Side", _select(SIDE, {"long": "Long", "short": "Short"})),
        ("Outcome", _select(OUTCOME, {"won": "Winners", "lost": "Losers"})),
        ("Left by", _select(REASON, LEFT_BY)),
        ("Entered from", dbc.Input(id=FIRST, type="date", value="", size="sm")),
        ("Entered to", dbc.Input(id=LAST, type="date", value="", size="sm")),
        ("Held at least, bars", _number(LEAST)),
        ("Held at most, bars", _number(MOST)),
    )
    fields = [
        html.Div(
            [html.Label(label, htmlFor=control.id, className="metric-label"), control],
            hidden=control.id == SYMBOL and len(symbols) == 1,
        )
        for label, control in controls
    ]
    clear = html.Button("Clear", id=CLEAR, type="button", className="btn btn-secondary btn-sm")
    return html.Section(
        [*fields, html.Div(clear)], className="panel trade-filters no-print", **aria(label="Which trades are shown")
    )


def order_select() -> Component:
    """Return the choice of what the list is sorted by."""
    options = [{"label": label, "value": value} for value, label in _ORDERS.items()]
    return html.Div(
        [
            html.Label("Sorted by", htmlFor=ORDER, className="visually-hidden"),
            dbc.Select(id=ORDER, options=options, value=USUAL_ORDER, size="sm"),
        ]
    )


def to_filter(values: tuple[Any, ...]) -> TradeFilter:
    """Return the trades that are meant by what the browser sent, in the order of `CONTROLS`.

    Raises
    ------
    InvalidInput
        If it sent what no control offers.
    """
    symbol, side, outcome, reason, first, last, least, most = values
    return TradeFilter(
        instrument=None if symbol in (None, ALL) else _whole("instrument", symbol),
        side=cast("Any", _one_of("side", side, SIDES)),
        outcome=cast("Any", _one_of("outcome", outcome, OUTCOMES)),
        reason=cast("Any", _one_of("reason", reason, REASONS)),
        first=_day("first", first),
        last=_day("last", last),
        least_bars=_whole("least_bars", least),
        most_bars=_whole("most_bars", most),
    )


def to_order(value: Any) -> tuple[Order, bool]:
    """Return by what the list is sorted, and whether the greatest comes first.

    Raises
    ------
    InvalidInput
        If the browser sent what is not offered.
    """
    order, _, sense = str(_one_of("order", value, tuple(_ORDERS)) or USUAL_ORDER).partition(":")
    return next(each for each in ORDERS if each == order), sense == "descending"


def to_query(wanted: TradeFilter, order: Any) -> dict[str, str]:
    """Return filter and order as REST takes them, without what says nothing."""
    by, descending = to_order(order)
    query = {name: str(value) for name, value in vars(wanted).items() if value is not None}
    return query | {"order": by, "sense": "descending" if descending else "ascending"}


def to_page(value: Any) -> int:
    """Return the page, from 0, that the browser asks for.

    Raises
    ------
    InvalidInput
        If it is no whole number.
    """
    return _whole("page", value) or 0


def _select(control_id: str, options: dict[str, str]) -> Any:
    offered = [{"label": "All", "value": ALL}, *({"label": word, "value": value} for value, word in options.items())]
    return dbc.Select(id=control_id, options=offered, value=ALL, size="sm")


def _number(control_id: str) -> Any:
    return dbc.Input(id=control_id, type="number", value="", min=0, step=1, debounce=True, size="sm")


def _one_of(field: str, value: Any, offered: tuple[str, ...]) -> str | None:
    if value in (None, "", ALL):
        return None
    if value not in offered:
        raise _wrong(field, f"one of {', '.join(offered)}", value)
    return str(value)


def _whole(field: str, value: Any) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) <= len(str(MOST_BARS)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_BARS:
        raise _wrong(field, f"a whole number from 0 to {MOST_BARS:,}", value)
    return value


def _day(field: str, value: Any) -> datetime.date | None:
    if not value:
        return None
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(field, "a date such as 2024-03-15", value) from error


def _wrong(field: str, expected: str, found: object) -> InvalidInput:
    message = f"Expected {expected}; found {str(found)[:40]}."
    return InvalidInput(message, fields={field: message})
