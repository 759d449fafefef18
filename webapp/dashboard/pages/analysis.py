"""One analysis: its progress while it runs, and then its answer, without a reload."""

import datetime
from functools import partial
from typing import Any

import dash
from dash import Dash, Input, Output, Patch, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from quant.errors import QuantError
from webapp import jobs
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components import documents as document_parts
from webapp.dashboard.components import latest as latest_parts
from webapp.dashboard.components import share_dialog, tabs, trade_filters
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.charts import current_theme
from webapp.dashboard.components.difference_panel import difference_panel
from webapp.dashboard.components.export_menu import export_menu
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.progress import cancelled, failure, log_lines, progress
from webapp.dashboard.components.status import status_badge
from webapp.dashboard.components.tabs import trades as trades_tab
from webapp.dashboard.components.times import ago, now
from webapp.dashboard.components.toasts import tell
from webapp.dashboard.components.watching import POLL_MILLISECONDS, register_watch, watch
from webapp.errors import Conflict, NotFound, TooManyRequests
from webapp.permissions import Permission
from webapp.services import analyses, differences, documents, final_models, results, watching
from webapp.services.analyses import AnalysisView, ImportView
from webapp.services.trade_lists import TradeFilter, TradeList, read_trades
from webapp.services.workflow import FINAL, Status

PATH = paths.ANALYSIS
TITLE = "Analysis · Assay"

_LAST_LINE = 2**63 - 1  # the largest id that a database has


def layout(public_id: str = "", tab: str = "overview", **_query: str) -> Component:
    """Return the page of an analysis; what does not exist and what is another's look the same."""
    try:
        mark = _mark(public_id)  # first: what changes in between, the next look finds
        view = _view(public_id)
    except NotFound:
        return not_found()
    may_run = current_actor().may(Permission.ANALYSES_RUN)
    tab = _tab(tab)
    head_, hides = head(view)
    return html.Div(
        [
            html.Div(
                [
                    html.Div(
                        [html.H1(view.summary.title), html.Div(head_, id="analysis-head", className="page-facts")],
                        className="page-header-main",
                    ),
                    _actions(view, hides, may_run=may_run),
                ],
                className="page-header",
            ),
            html.Div(_body(view, tab), id="analysis-body", className="stack"),
            _log(),
            *([share_dialog.share_dialog()] if view.summary.is_own else []),
            dcc.Store(id="analysis-id", data=view.id),
            dcc.Store(id="analysis-status", data=view.status.value),
            dcc.Store(id="analysis-log-after", data=0),
            *watch(
                "analysis",
                paths.analysis_mark(view.id, tab=tab),
                mark=mark,
                is_over=view.status.is_final,
            ),
            dcc.Interval(id="analysis-log-poll", interval=POLL_MILLISECONDS, disabled=True),
            html.Div(hidden=True, **data(polls="analysis-log-poll")),
            dcc.Location(id="analysis-url", refresh="callback-nav"),
        ]
    )


def browser_title(public_id: str = "", **_variables: str) -> str:
    """Return what the browser's tab says: many analyses may be open side by side."""
    try:
        return f"{_view(public_id).summary.title} · Assay"
    except NotFound:
        return TITLE


def changes(public_id: str, tab: str) -> dict[str, dict[str, Any]]:
    """Return what the page shows of an analysis now, as properties by component."""
    view = _view(public_id)
    head_, (hides_cancel, disables_cancel, hides_rerun) = head(view)
    return {
        "analysis-head": {"children": head_},
        "analysis-body": {"children": _body(view, _tab(tab))},
        "analysis-cancel": {"hidden": hides_cancel, "disabled": disables_cancel},
        "analysis-rerun": {"hidden": hides_rerun},
        "analysis-status": {"data": view.status.value},
        "analysis-poll": {"disabled": view.status.is_final},
    }


def cancel(n_clicks: int | None, public_id: str) -> tuple[Any, Any]:
    """Ask for the end of an analysis; the next look shows it."""
    if not n_clicks:
        return no_update, no_update
    with write() as session:
        analyses.cancel(session, current_actor(), _checked(public_id), address=client_address())
    tell("The analysis is being cancelled.")
    return True, False


def rerun(n_clicks: int | None, public_id: str) -> Any:
    """Ask the same question of the same prices again, and go there."""
    if not n_clicks:
        return no_update
    with write() as session:
        new_id = analyses.rerun(session, current_actor(), _checked(public_id), address=client_address())
        parts().queue.send_after_commit(session, jobs.WORK)
    return paths.analysis(new_id)


def make_document(
    n_html: int | None, n_pdf: int | None, n_bundle: int | None, _n_looks: int | None, public_id: str
) -> tuple[Any, bool]:
    """Ask for a document if a button was pressed, and say how far all are; stop looking once none is being made."""
    kind = document_parts.kind_of(ctx.triggered_id) if (n_html or n_pdf or n_bundle) else None
    if kind is not None:
        with write() as session:
            documents.ask(session, current_actor(), _checked(public_id), kind, address=client_address())
            parts().queue.send_after_commit(session, jobs.DOCUMENT)
    with read() as session:
        found = documents.list_of(session, current_actor(), _checked(public_id))
    return document_parts.states(public_id, found), not document_parts.is_moving(found)


def read_log(
    n_opened: int | None, _n_intervals: int | None, public_id: str, after: int, status: str
) -> tuple[Any, Any, bool]:
    """Return the lines that came since the last look, while the log is open, and whether to stop asking for more."""
    if not (n_opened or 0) % 2:
        return no_update, no_update, True
    with read() as session:
        entries = analyses.read_log(session, current_actor(), _checked(public_id), after=_line_id(after))
    is_whole = status in {each.value for each in FINAL}
    if not entries:
        return no_update, no_update, is_whole
    lines = Patch()
    lines.extend(log_lines(entries))
    return lines, entries[-1].id, is_whole


def open_tab(name: str, is_open: bool | None, public_id: str) -> Any:  # noqa: FBT001  # what the browser sends
    """Return a tab's content when it is first opened."""
    return _tab_content(name, _view(public_id)) if is_open else no_update


def filter_trades(*sent: Any) -> tuple[Any, Any, str]:
    """Return figures, charts and list of the trades that match, and where they are as a file.

    Sent are the filters, the order and the analysis's id.
    """
    *values, order, public_id = sent
    view, found, wanted = _trades(tuple(values), order, public_id)
    symbols = view.summary.symbols
    address = paths.trades(view.id, **trade_filters.to_query(wanted, order))
    return trades_tab.body(symbols, found, wanted, current_theme()), trades_tab.listed(symbols, found), address


def sort_trades(order: str, *sent: Any) -> tuple[Any, str]:
    """Return the list in another order, and where it is as a file; sent are the filters and the analysis's id."""
    *values, public_id = sent
    view, found, wanted = _trades(tuple(values), order, public_id)
    return (
        trades_tab.listed(view.summary.symbols, found),
        paths.trades(view.id, **trade_filters.to_query(wanted, order)),
    )


def turn_trades(page: str, *sent: Any) -> Any:
    """Return another page of the list; sent are the filters, the order and the analysis's id."""
    *values, order, public_id = sent
    view, found, _ = _trades(tuple(values), order, public_id)
    return trades_tab.trade_page(view.summary.symbols, found, trade_filters.to_page(page))


def clear_trades(n_clicks: int | None) -> list[Any]:
    """Take away every filter of the trades."""
    usual = list(trade_filters.CONTROLS.values())
    return usual if n_clicks else [no_update] * len(usual)


def draw_price(instrument: str, *sent: Any) -> Any:
    """Return the price chart of another instrument; sent are the filters of its trades and the analysis's id."""
    *values, public_id = sent
    _, found, wanted = _trades(tuple(values), trade_filters.USUAL_ORDER, public_id)
    places = [str(place) for place in range(len(found.result.facts["data"]["instruments"]))]
    if instrument not in places:
        raise NotFound("There is no such instrument in this analysis.")
    return trades_tab.price_chart(found, places.index(instrument), wanted, current_theme())


def predict_newest(n_clicks: int | None, public_id: str) -> Any:
    """Ask the kept model about the newest bar, or say why it cannot be asked."""
    if not n_clicks:
        return no_update
    try:
        with read() as session:
            said = final_models.predict_newest(session, parts().store, current_actor(), _checked(public_id))
    except (QuantError, Conflict, TooManyRequests) as error:
        return latest_parts.no_newest(error)
    return latest_parts.newest_prediction(said)


def register(app: Dash) -> None:
    """Register the page and wire progress, buttons, log and tabs."""
    dash.register_page(__name__, path_template=PATH, title=browser_title, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    register_watch(app, "analysis")
    app.callback(
        Output("analysis-cancel", "disabled", allow_duplicate=True),
        Output("analysis-poll", "disabled", allow_duplicate=True),
        Input("analysis-cancel", "n_clicks"),
        State("analysis-id", "data"),
        prevent_initial_call=True,
    )(cancel)
    app.callback(
        Output("analysis-url", "href"),
        Input("analysis-rerun", "n_clicks"),
        State("analysis-id", "data"),
        running=[(Output("analysis-rerun", "disabled"), True, False)],
        prevent_initial_call=True,
    )(rerun)
    app.callback(
        Output("analysis-log", "children"),
        Output("analysis-log-after", "data"),
        Output("analysis-log-poll", "disabled"),
        Input("analysis-log-open", "n_clicks"),
        Input("analysis-log-poll", "n_intervals"),
        State("analysis-id", "data"),
        State("analysis-log-after", "data"),
        State("analysis-status", "data"),
        prevent_initial_call=True,
    )(read_log)
    app.callback(
        Output("analysis-documents", "children"),
        Output("analysis-documents-poll", "disabled"),
        Input("analysis-document-html", "n_clicks"),
        Input("analysis-document-pdf", "n_clicks"),
        Input("analysis-document-bundle", "n_clicks"),
        Input("analysis-documents-poll", "n_intervals"),
        State("analysis-id", "data"),
        prevent_initial_call=True,
    )(make_document)
    app.callback(
        Output("analysis-newest-said", "children"),
        Input("analysis-newest", "n_clicks"),
        State("analysis-id", "data"),
        running=[(Output("analysis-newest", "disabled"), True, False)],
        prevent_initial_call=True,
    )(predict_newest)
    for name in paths.TABS:
        app.callback(
            Output(tabs.panel_id(name), "children"),
            Input(tabs.store_id(name), "data"),
            State("analysis-id", "data"),
            prevent_initial_call=True,
        )(partial(open_tab, name))
    _register_trades(app)
    share_dialog.register(app)


def _register_trades(app: Dash) -> None:
    """Wire the filters of the trades, their order, their pages and their charts."""
    of, filters = State("analysis-id", "data"), tuple(trade_filters.CONTROLS)
    states = [State(name, "value") for name in filters]
    order = State(trade_filters.ORDER, "value")
    app.callback(
        Output(trades_tab.BODY, "children"),
        Output(trades_tab.LIST, "children"),
        Output(trades_tab.FILE, "href"),
        *(Input(name, "value") for name in filters),
        order,
        of,
        prevent_initial_call=True,
    )(filter_trades)
    app.callback(
        Output(trades_tab.LIST, "children", allow_duplicate=True),
        Output(trades_tab.FILE, "href", allow_duplicate=True),
        Input(trade_filters.ORDER, "value"),
        *states,
        of,
        prevent_initial_call=True,
    )(sort_trades)
    app.callback(
        Output(trades_tab.ROWS, "children"),
        Input(trades_tab.PAGE, "value"),
        *states,
        order,
        of,
        prevent_initial_call=True,
    )(turn_trades)
    app.callback(
        *(Output(name, "value") for name in filters),
        Input(trade_filters.CLEAR, "n_clicks"),
        prevent_initial_call=True,
    )(clear_trades)
    app.callback(
        Output(trades_tab.PRICE, "children"),
        Input(trades_tab.INSTRUMENT, "value"),
        *states,
        of,
        prevent_initial_call=True,
    )(draw_price)


def head(view: AnalysisView) -> tuple[list[Component], tuple[bool, bool, bool]]:
    """Return the facts under the title, and whether Cancel is hidden, Cancel is disabled and Re-run is hidden."""
    moment = now()
    summary = view.summary
    shown: list[Component] = [
        html.Span(status_badge(summary), role="status"),
        html.Span(", ".join(summary.symbols)),
        html.Span(["submitted ", ago(summary.submitted_at, moment)]),
    ]
    if summary.finished_at is not None:
        shown.append(html.Span(["finished ", ago(summary.finished_at, moment)]))
    if view.imported is not None:
        shown.append(_imported(view.imported, moment))
    if view.study_id is not None:
        shown.append(html.Span(["part of ", dcc.Link("a study", href=paths.study(view.study_id))]))
    if not summary.is_own:
        shown.append(html.Span([icon("eye"), f"shared by {summary.owner}, read only"], className="share-badge"))
    if summary.status is Status.SUCCEEDED:
        shown.append(export_menu(view.id))
    hides_cancel, hides_rerun = summary.status.is_final, not summary.status.is_final
    return shown, (hides_cancel or not summary.is_own, view.cancel_requested, hides_rerun or not summary.is_own)


def _imported(origin: ImportView, moment: datetime.datetime) -> Component:
    """Return that an answer was not computed here, and where the button to run it again leads."""
    again = "Re-run computes it here." if origin.has_prices else "Its prices are not here, so it cannot be run again."
    words: list[Component | str] = ["imported, computed elsewhere ", ago(origin.finished_at, moment)]
    title = f"Analysis {origin.id} there. Unchanged since it was exported; nobody here has checked its numbers. {again}"
    return html.Span([icon("box-arrow-in-down"), *words], className="share-badge", title=title)


def _view(public_id: object) -> AnalysisView:
    with read() as session:
        return analyses.get(session, current_actor(), _checked(public_id))


def _trades(values: tuple[Any, ...], order: object, public_id: object) -> tuple[AnalysisView, TradeList, TradeFilter]:
    """Return the trades that the filters of the browser mean."""
    by, descending = trade_filters.to_order(order)
    with read() as session:
        view = analyses.get(session, current_actor(), _checked(public_id))
        wanted = trade_filters.to_filter(values)
        found = read_trades(
            session,
            parts().store,
            current_actor(),
            view.id,
            wanted,
            order=by,
            descending=descending,
            names=trades_tab.FRAMES,
        )
    return view, found, wanted


def _mark(public_id: object) -> str:
    with read() as session:
        return watching.look_at(session, current_actor(), _checked(public_id)).mark


def _tab(name: str) -> str:
    return name if name in paths.TABS else paths.TABS[0]


def _checked(public_id: object) -> str:
    """Return the id if it can be one: what the browser sends is input, not memory."""
    if not paths.is_public_id(public_id):
        raise NotFound("There is no such analysis.")
    return str(public_id)


def _line_id(sent: object) -> int:
    """Return the id of the last line that the browser has, or 0 if what it sent can be none."""
    return sent if isinstance(sent, int) and 0 <= sent <= _LAST_LINE else 0


def _actions(view: AnalysisView, hides: tuple[bool, bool, bool], *, may_run: bool) -> Component:
    """Return the buttons; they are on the page, out of sight, also for those whom the services would refuse."""
    hides_cancel, disables_cancel, hides_rerun = hides
    return html.Div(
        [
            html.Button(
                [icon("slash-circle"), "Cancel"],
                id="analysis-cancel",
                type="button",
                className="btn btn-secondary",
                hidden=hides_cancel,
                disabled=disables_cancel,
            ),
            html.Button(
                [icon("arrow-repeat"), "Re-run"],
                id="analysis-rerun",
                type="button",
                className="btn btn-secondary",
                title="The same question, prices and seeds again",
                hidden=hides_rerun,
            ),
            dcc.Link(
                [icon("pencil"), "Edit and run again"],
                href=paths.new_analysis(from_id=view.id),
                className="btn btn-secondary",
            ),
            dcc.Link(
                [icon("grid-3x3"), "Vary in a study"],
                href=paths.new_study(from_id=view.id),
                className="btn btn-secondary",
                title="The same question with other instruments, models or parameters, all at once",
            ),
            share_dialog.share_button(is_hidden=not view.summary.is_own),
        ],
        className="page-header-actions no-print",
        hidden=not may_run,
    )


def _body(view: AnalysisView, tab: str) -> list[Component]:
    if view.status is Status.FAILED:
        return [failure(view)]
    if view.status is Status.CANCELLED:
        return [cancelled(view)]
    if view.status is Status.SUCCEEDED:
        return tabs.draw_tabs(tab, _tab_content(tab, view))
    return [progress(view)]


def _tab_content(name: str, view: AnalysisView) -> Component:
    tab = tabs.TABS[name]
    is_rerun = name == "reproduce" and view.parent_id is not None
    with read() as session:
        actor, store = current_actor(), parts().store
        result = results.load(
            session,
            store,
            actor,
            view.id,
            names=tab.frames,
            looks_for_model=name == "overview",
            looks_for_likeness=name == "honesty",
        )
        compared = differences.compare_with_parent(session, store, actor, view.id) if is_rerun else None
    content = tab.content(view, result, current_theme())
    return html.Div([difference_panel(compared), content], className="stack") if compared else content


def _log() -> Component:
    return html.Details(
        [
            html.Summary([icon("terminal"), " Log"], id="analysis-log-open", n_clicks=0),
            html.Div([], id="analysis-log", className="log", tabIndex="0", role="log", **aria(label="Log")),
        ],
        className="fold mt-3",
    )
