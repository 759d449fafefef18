"""The side of the Dashboard: instrument, interval, style, custom range, indicators, pinned analysis, capital."""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from quant.features.catalog import FeatureEntry
from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import icon
from webapp.services import indicators
from webapp.services.dashboard_choices import DashboardChoices
from webapp.services.outlooks import Pinnable
from webapp.services.prices import InstrumentView

PARAMETER = "dashboard-parameter"
REMOVE = "dashboard-remove"
NOTHING = "none"
MOST_LISTED = 50

RANGES = {"1m": "1M", "6m": "6M", "ytd": "YTD", "1y": "1Y", "5y": "5Y", "all": "All"}
_INTERVALS = {"1d": "Day", "1w": "Week", "1mo": "Month"}
_STYLES = {"candles": "Candles", "line": "Line"}


def sidebar(
    choices: DashboardChoices,
    found: Sequence[InstrumentView],
    chosen: InstrumentView,
    pins: Sequence[Pinnable],
    *,
    may_bring: bool,
) -> Component:
    """Return all that can be chosen; a drawer on narrow screens."""
    return html.Aside(
        [
            html.Div(
                [
                    html.H2("What to look at"),
                    html.Button(
                        icon("x-lg"),
                        type="button",
                        className="btn btn-quiet btn-icon",
                        **aria(label="Close"),
                        **data(drawer_close="dashboard-side"),
                    ),
                ],
                className="side-head",
            ),
            _section("Instrument", *_instruments(found, chosen), *([_bring()] if may_bring else [])),
            _section("Bars", _segments("dashboard-interval", _INTERVALS, choices.interval, "Length of a bar")),
            _section("Price as", _segments("dashboard-style", _STYLES, choices.style, "How the price is drawn")),
            _section("Custom range", _dates()),
            _section("Indicators", *_indicators(choices)),
            _section("Pinned analysis", *_pin(pins, choices.pins.get(chosen.id))),
            _section("Capital", _capital(choices.capital)),
        ],
        id="dashboard-side",
        className="side no-print",
        **aria(label="What to look at"),
    )


def instrument_options(found: Sequence[InstrumentView]) -> list[dict[str, Any]]:
    """Return what the list of instruments offers."""
    return [
        {
            "value": each.id,
            "label": html.Span(
                [
                    html.Span([html.Strong(each.symbol), html.Span(each.source, className="muted small")]),
                    html.Span(each.name, className="side-name muted small"),
                ],
                className="side-instrument",
            ),
        }
        for each in found[:MOST_LISTED]
    ]


def pin_options(pins: Sequence[Pinnable]) -> list[dict[str, str]]:
    """Return what can be pinned, and nothing first."""
    none = "None" if pins else "No answered analysis yet"
    return [{"label": none, "value": NOTHING}, *({"label": _pin_label(each), "value": each.id} for each in pins)]


def indicator_rows(entries: Sequence[FeatureEntry]) -> list[Component]:
    """Return the chosen indicators with their parameters."""
    return [_indicator(place, entry) for place, entry in enumerate(entries)]


def indicator_options(entries: Sequence[FeatureEntry]) -> list[dict[str, Any]]:
    """Return what can be added."""
    is_full = len(entries) >= indicators.MOST_INDICATORS
    first = f"{indicators.MOST_INDICATORS} are the most" if is_full else "Add an indicator"
    listed = [{"label": each.title, "value": _name(each), "disabled": is_full} for each in indicators.INDICATORS]
    return [{"label": first, "value": NOTHING}, *listed]


def _section(title: str, *children: Component) -> Component:
    return html.Section([html.H3(title), *children], className="side-section")


def _segments(part: str, words: dict[str, str], value: str, label: str) -> Component:
    options = [{"label": word, "value": name} for name, word in words.items()]
    radios: Component = dbc.RadioItems(id=part, options=options, value=value, className="segments", inline=True)
    return html.Div(radios, role="group", **aria(label=label))


def _instruments(found: Sequence[InstrumentView], chosen: InstrumentView) -> list[Component]:
    return [
        html.Label("Find an instrument", htmlFor="dashboard-search", className="visually-hidden"),
        dbc.Input(id="dashboard-search", type="search", placeholder="Symbol or name", debounce=250, maxLength=100),
        html.Div(
            dbc.RadioItems(
                id="dashboard-instrument",
                options=instrument_options(found),
                value=chosen.id,
                className="side-list",
            ),
            className="side-scroll",
            role="group",
            **aria(label="Instruments"),
        ),
        html.P("No instrument matches.", id="dashboard-none", className="muted small", hidden=True),
    ]


def _bring() -> Component:
    return dcc.Link([icon("upload"), " Bring prices"], href=paths.upload(), className="small")


def _dates() -> Component:
    return html.Div(
        [
            html.Label([html.Span(word, className="muted small"), dbc.Input(id=part, type="date", value="", size="sm")])
            for word, part in (("From", "dashboard-from"), ("To", "dashboard-to"))
        ],
        className="side-pair",
    )


def _indicators(choices: DashboardChoices) -> list[Component]:
    entries = indicators.parse_indicators(choices.indicators)
    return [
        html.Div(indicator_rows(entries), id="dashboard-indicator-rows", className="stack side-rows"),
        html.Div("", id="dashboard-indicator-problem", className="field-problem", role="alert"),
        html.Label("Add an indicator", htmlFor="dashboard-add", className="visually-hidden"),
        dbc.Select(id="dashboard-add", options=indicator_options(entries), value=NOTHING, size="sm"),
        dcc.Store(id="dashboard-indicators", data=list(choices.indicators)),
    ]


def _indicator(place: int, entry: FeatureEntry) -> Component:
    parameters = entry.parameters()
    fields = type(entry).model_json_schema()["properties"]
    return html.Div(
        [
            html.Div(
                [
                    html.Span(entry.title.removeprefix("Distance from "), title=entry.summary),
                    html.Button(
                        icon("x"),
                        id={"part": REMOVE, "place": place},
                        type="button",
                        n_clicks=0,
                        className="btn btn-quiet btn-icon btn-sm",
                        **aria(label=f"Remove {entry.title}"),
                    ),
                ],
                className="side-indicator-head",
            ),
            html.Div(
                [_parameter(place, entry, name, value, fields[name]) for name, value in parameters.items()],
                className="side-parameters",
            ),
        ],
        className="side-indicator",
    )


def _parameter(place: int, entry: FeatureEntry, name: str, value: float | str, field: dict[str, Any]) -> Component:
    part = {"part": PARAMETER, "place": place, "feature": _name(type(entry)), "name": name}
    label = html.Span(name.capitalize(), className="muted small")
    return html.Label([label, _control(part, value, field)], title=field["description"])


def _control(part: dict[str, Any], value: float | str, field: dict[str, Any]) -> Component:
    control: Component
    if "enum" in field:
        options = [{"label": each.capitalize(), "value": each} for each in field["enum"]]
        control = dbc.Select(id=part, options=options, value=value, size="sm")
        return control
    control = dbc.Input(
        id=part,
        type="number",
        value=value,
        min=field.get("minimum"),
        max=field.get("maximum"),
        step=1 if field["type"] == "integer" else "any",
        debounce=True,
        size="sm",
        required=True,
    )
    return control


def _pin(pins: Sequence[Pinnable], pinned: str | None) -> list[Component]:
    value = pinned if pinned in {each.id for each in pins} else NOTHING
    return [
        html.Label("Pinned analysis", htmlFor="dashboard-pin", className="visually-hidden"),
        dbc.Select(id="dashboard-pin", options=pin_options(pins), value=value, size="sm"),
        html.P("Its trades are marked, and its newest prediction stands beside the chart.", className="form-text"),
    ]


def _pin_label(pin: Pinnable) -> str:
    by = f"by {pin.owner}" if pin.owner else ""
    return " · ".join(
        part for part in (pin.title, formats.date(pin.finished_at) if pin.finished_at else "", by) if part
    )


def _capital(value: float) -> Component:
    return html.Div(
        [
            html.Label("Capital", htmlFor="dashboard-capital", className="visually-hidden"),
            dbc.Input(
                id="dashboard-capital",
                type="number",
                value=value,
                min=1,
                max=1e12,
                step="any",
                debounce=True,
                size="sm",
            ),
            html.P("Money that positions are sized for.", className="form-text"),
        ]
    )


def _name(entry: type[FeatureEntry]) -> str:
    name: str = entry.model_fields["name"].default
    return name
