"""The first page: an instrument's price with indicators, and what a pinned analysis says of it."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import dash
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

from quant.errors import QuantError
from webapp.auth.session import current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.charts import current_theme
from webapp.dashboard.components.dashboard import sidebar as side
from webapp.dashboard.components.dashboard.panels import panels
from webapp.dashboard.components.dashboard.price import heading, price_card
from webapp.dashboard.components.dashboard.recent import recent_card
from webapp.dashboard.figures.palette import Figure
from webapp.dashboard.figures.prices import Mark, price_chart
from webapp.errors import InvalidInput, NotFound
from webapp.permissions import Permission
from webapp.services import analyses, charts, dashboard_choices, outlooks, prices
from webapp.services import indicators as catalogue
from webapp.services.charts import ChartView
from webapp.services.dashboard_choices import DashboardChoices
from webapp.services.outlooks import Outlook, Pinnable
from webapp.services.prices import InstrumentView

PATH = paths.DASHBOARD
TITLE = "Dashboard · Assay"

_N_RECENT = 6
_LARGEST = 2**31 - 1


def layout(instrument: str = "", range: str = "", **_query: str) -> Component:  # noqa: A002  # as it stands in the address
    """Return the page as one left it; the address may name another instrument and range."""
    actor = current_actor()
    with read() as session:
        choices = dashboard_choices.get_choices(session, actor)
        found = [each for each in prices.search_instruments(session, actor, limit=500) if each.n_bars]
        recent = analyses.list_recent(session, actor, limit=_N_RECENT).items
    last = recent_card(recent, may_run=actor.may(Permission.ANALYSES_RUN))
    if not found:
        return html.Div(
            [html.H1("Dashboard", className="page-header"), html.Div([_no_prices(), last], className="stack")]
        )
    wanted = [instrument, choices.instrument]
    chosen = next((each for name in wanted for each in found if each.id == name), found[0])
    choices = choices.model_copy(update={"range": range} if range in charts.RANGES else {})
    with read() as session:
        pins = outlooks.list_pinnable(session, actor, chosen.id)
    wanted_pin = choices.pins.get(chosen.id)
    pinned = wanted_pin if wanted_pin in {each.id for each in pins} else None
    return html.Div(
        [
            side.sidebar(choices, found, chosen, pins, may_bring=actor.may(Permission.PRICES_WRITE)),
            html.Div(_price(choices, chosen, pinned), className="board-main"),
            html.Div(
                _panels(chosen.id, wanted_pin, choices.capital), id="dashboard-panels", className="stack board-aside"
            ),
            html.Div(last, className="board-last"),
            dcc.Store(id="dashboard-view"),
            dcc.Store(id="dashboard-saved"),
            dcc.Store(id="dashboard-address"),
        ],
        className="board",
    )


def search(text: str | None) -> tuple[Any, bool]:
    """Return the instruments whose symbol or name has the text, and whether there are any."""
    words = text.strip()[:100] if isinstance(text, str) else ""
    with read() as session:
        found = prices.search_instruments(session, current_actor(), text=words, limit=500)
    options = side.instrument_options([each for each in found if each.n_bars])
    return options, bool(options)


def offer_pins(instrument: str) -> tuple[Any, str]:
    """Return what can be pinned to another instrument, and what is."""
    with read() as session:
        actor = current_actor()
        pins = outlooks.list_pinnable(session, actor, _checked(instrument))
        pinned = dashboard_choices.get_choices(session, actor).pins.get(instrument)
    return side.pin_options(pins), str(pinned) if pinned in {each.id for each in pins} else side.NOTHING


def draw(  # all that decides what is drawn
    instrument: str, interval: str, range_: str, style: str, indicators: Any, pin: str, view: Any
) -> tuple[Any, ...]:
    """Return chart, its height and heading as they were chosen; a zoomed part only of what is still looked at."""
    instrument = _checked(instrument)
    choices = _choices(interval=interval, range=range_, style=style, indicators=indicators)
    shown, figure = _draw(choices, instrument, _pinned(pin), view)
    return figure, {"height": f"{figure['layout']['height']}px"}, heading(shown)


def show_panels(instrument: str, pin: str, capital: Any) -> list[Component]:
    """Return what another pinned analysis says."""
    choices = _choices(capital=capital)
    return _panels(_checked(instrument), _pinned(pin), choices.capital)


def look_between(start: str, end: str, instrument: str, interval: str, range_: str) -> Any:
    """Return the view between two days, once both are known."""
    if not start or not end:
        return no_update
    days = _days(start, end)
    if days[0] > days[1]:
        message = f"Expected the first day before the last; found {start} and {end}."
        raise InvalidInput(message, fields={"from": message})
    return {"key": _key(instrument, interval, range_), "start": start, "end": end}


def add_indicator(name: str, texts: Any) -> tuple[Any, ...]:
    """Add an indicator as the catalogue has it."""
    if not name or name == side.NOTHING:
        return (no_update,) * 5
    return _changed([*_texts(texts), catalogue.write_indicator(catalogue.parse_indicator(str(name)))])


def remove_indicator(n_clicks: Sequence[int | None], texts: Any) -> tuple[Any, ...]:
    """Remove the indicators whose button was pressed."""
    kept = [text for text, clicked in zip(_texts(texts), n_clicks, strict=False) if not clicked]
    return (no_update,) * 5 if not any(n_clicks) else _changed(kept)


def change_indicators(values: Sequence[Any], names: Sequence[Mapping[str, Any]]) -> tuple[Any, str]:
    """Return the indicators with the parameters that stand in the fields, or what is wrong with one of them."""
    if not names:
        return no_update, ""
    written: dict[int, str] = {}
    for name, value in zip(names, values, strict=False):
        place = int(name["place"])
        start = f"{name['feature']}:" if place not in written else f"{written[place]},"
        written[place] = f"{start}{name['name']}={value}"
    try:
        entries = catalogue.parse_indicators([written[place] for place in sorted(written)])
    except InvalidInput as error:
        return no_update, str(error)
    return [catalogue.write_indicator(entry) for entry in entries], ""


def remember(  # all that is remembered
    instrument: str, interval: str, range_: str, style: str, indicators: Any, pin: str, capital: Any
) -> Any:
    """Keep what was chosen for the next time, here or on another machine."""
    actor = current_actor()
    chosen = {
        "instrument": _checked(instrument),
        "interval": interval,
        "range": range_,
        "style": style,
        "indicators": indicators,
        "capital": capital,
    }
    with write() as session:
        prices.get_instrument(session, actor, instrument)
        before = dashboard_choices.get_choices(session, actor)
        pins = {key: value for key, value in before.pins.items() if key != instrument}
        if pinned := _pinned(pin):
            pins[instrument] = pinned
        dashboard_choices.save_choices(session, actor, _choices(**chosen, pins=pins))
    return instrument


def register(app: Dash) -> None:
    """Register the page and wire what can be chosen to what is shown."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("dashboard-instrument", "options"),
        Output("dashboard-none", "hidden"),
        Input("dashboard-search", "value"),
        prevent_initial_call=True,
    )(search)
    app.callback(
        Output("dashboard-pin", "options"),
        Output("dashboard-pin", "value"),
        Input("dashboard-instrument", "value"),
        prevent_initial_call=True,
    )(offer_pins)
    chosen = [Input(f"dashboard-{part}", "value") for part in ("instrument", "interval", "range", "style")]
    chosen += [Input("dashboard-indicators", "data"), Input("dashboard-pin", "value")]
    app.callback(
        Output("dashboard-chart", "figure"),
        Output("dashboard-plot", "style"),
        Output("dashboard-heading", "children"),
        *chosen,
        Input("dashboard-view", "data"),
        prevent_initial_call=True,
    )(draw)
    app.callback(
        Output("dashboard-saved", "data"), *chosen, Input("dashboard-capital", "value"), prevent_initial_call=True
    )(remember)
    app.callback(
        Output("dashboard-panels", "children"),
        Input("dashboard-instrument", "value"),
        Input("dashboard-pin", "value"),
        Input("dashboard-capital", "value"),
        prevent_initial_call=True,
    )(show_panels)
    app.callback(
        Output("dashboard-view", "data"),
        Input("dashboard-from", "value"),
        Input("dashboard-to", "value"),
        State("dashboard-instrument", "value"),
        State("dashboard-interval", "value"),
        State("dashboard-range", "value"),
        prevent_initial_call=True,
    )(look_between)
    app.clientside_callback(  # type: ignore[no-untyped-call]  # Dash has no types here
        ClientsideFunction("assayDashboard", "address"),
        Output("dashboard-address", "data"),
        Input("dashboard-instrument", "value"),
        Input("dashboard-range", "value"),
        prevent_initial_call=True,
    )
    _register_indicators(app)


def _register_indicators(app: Dash) -> None:
    texts = State("dashboard-indicators", "data")

    def changed() -> list[Output]:
        parts_ = (("indicators", "data"), ("indicator-rows", "children"), ("add", "options"), ("add", "value"))
        outputs = [Output(f"dashboard-{part}", name, allow_duplicate=True) for part, name in parts_]
        return [*outputs, Output("dashboard-indicator-problem", "children", allow_duplicate=True)]

    app.callback(*changed(), Input("dashboard-add", "value"), texts, prevent_initial_call=True)(add_indicator)
    app.callback(*changed(), Input({"part": side.REMOVE, "place": ALL}, "n_clicks"), texts, prevent_initial_call=True)(
        remove_indicator
    )
    fields = {"part": side.PARAMETER, "place": ALL, "feature": ALL, "name": ALL}
    app.callback(
        Output("dashboard-indicators", "data", allow_duplicate=True),
        Output("dashboard-indicator-problem", "children", allow_duplicate=True),
        Input(fields, "value"),
        State(fields, "id"),
        prevent_initial_call=True,
    )(change_indicators)


def _no_prices() -> Component:
    if current_actor().may(Permission.PRICES_WRITE):
        button = dcc.Link([icon("upload"), "Bring prices"], href=paths.upload(), className="btn btn-primary")
        return panel("Price", empty_state("graph-up", "There are no prices yet. Bring a file of them.", button))
    sentence = "There are no prices yet. Somebody who may change prices has to bring some."
    return panel("Price", empty_state("graph-up", sentence))


def _price(choices: DashboardChoices, instrument: InstrumentView, pinned: str | None) -> Component:
    try:
        view, figure = _draw(choices, instrument.id, pinned, None)
    except QuantError as error:
        return panel(instrument.symbol, empty_state("exclamation-triangle", str(error)))
    return price_card(view, figure, range_=choices.range)


def _draw(choices: DashboardChoices, instrument_id: str, pinned: str | None, view: Any) -> tuple[ChartView, Figure]:
    key = _key(instrument_id, choices.interval, choices.range)
    wanted = view if isinstance(view, Mapping) else {}
    n_points = wanted.get("points")
    with read() as session:
        shown = charts.read_chart(
            session,
            parts().store,
            current_actor(),
            instrument_id,
            interval=choices.interval,
            window=_window(wanted) if wanted.get("key") == key else choices.range,
            indicators=catalogue.parse_indicators(choices.indicators),
            n_points=n_points if isinstance(n_points, int) else charts.USUAL_POINTS,
        )
        marks = []
        if pinned and _is_pinnable(outlooks.list_pinnable(session, current_actor(), instrument_id), pinned):
            marks = charts.read_trades(
                session, parts().store, current_actor(), instrument_id, pinned, interval=choices.interval
            )
    figure = price_chart(
        shown,
        theme=current_theme(),
        symbol=shown.instrument.symbol,
        style=choices.style,
        marks=[Mark(each.kind, each.bar, each.price) for each in marks],
        key=key,
    )
    return shown, figure


def _panels(instrument_id: str, pinned: str | None, capital: float) -> list[Component]:
    actor = current_actor()
    with read() as session:
        pins = outlooks.list_pinnable(session, actor, instrument_id)
        outlook: Outlook | None = None
        is_lost = pinned is not None and not _is_pinnable(pins, pinned)
        if pinned and not is_lost:
            outlook = outlooks.read_outlook(session, parts().store, actor, instrument_id, pinned, capital=capital)
    return panels(outlook, pins, may_run=actor.may(Permission.ANALYSES_RUN), capital=capital, is_lost=is_lost)


def _is_pinnable(pins: Sequence[Pinnable], pinned: str) -> bool:
    """Whether an analysis can be read; one that is shared may be taken back while the page is open."""
    return any(each.id == pinned for each in pins)


def _choices(**chosen: Any) -> DashboardChoices:
    """Return what the browser sent as choices: it is input, not memory."""
    try:
        return DashboardChoices.model_validate(chosen)
    except ValidationError as error:
        fields = {".".join(map(str, each["loc"])): each["msg"] for each in error.errors(include_url=False)}
        raise InvalidInput("What was chosen has mistakes; each is named with its field.", fields=fields) from error


def _checked(public_id: object) -> str:
    if not paths.is_public_id(public_id):
        raise NotFound("There is no such instrument.")
    return str(public_id)


def _pinned(pin: object) -> str | None:
    return str(pin) if paths.is_public_id(pin) and pin != side.NOTHING else None


def _key(instrument_id: str, interval: str, range_: str) -> str:
    return f"{instrument_id}-{interval}-{range_}"


def _window(view: Mapping[str, Any]) -> charts.Window:
    """Return the part that a browser asks for."""
    if "start" in view:
        return _days(view.get("start"), view.get("end"))
    first, last = view.get("first"), view.get("last")
    if not isinstance(first, int) or not isinstance(last, int) or max(abs(first), abs(last)) > _LARGEST:
        raise InvalidInput(f"Expected first and last bar as whole numbers; found {first!r} and {last!r}."[:200])
    return first, last


def _days(start: object, end: object) -> tuple[datetime.date, datetime.date]:
    try:
        return datetime.date.fromisoformat(str(start)), datetime.date.fromisoformat(str(end))
    except ValueError as error:
        raise InvalidInput("Expected two dates such as 2024-03-15.", fields={"from": "a date"}) from error


def _texts(sent: Any) -> list[str]:
    return [str(each) for each in sent] if isinstance(sent, list) else []


def _changed(texts: list[str]) -> tuple[Any, ...]:
    """Return the indicators, their rows, what can be added, nothing chosen, and no problem."""
    entries = catalogue.parse_indicators(texts)
    return texts, side.indicator_rows(entries), side.indicator_options(entries), side.NOTHING, ""
