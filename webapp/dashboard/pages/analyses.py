"""The list of analyses: what runs, what came of the rest. What is looked at stands in the address."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats
from webapp.auth.session import client_address, current_actor, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.analysis_list import COLUMNS, FIELDS, ListState, filters, mark, position, rows
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import empty_state, icon
from webapp.dashboard.components.grid import grid, row_data
from webapp.dashboard.components.toasts import tell
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.errors import NotFound
from webapp.permissions import Permission
from webapp.services import listing
from webapp.services.analyses import AnalysisPage
from webapp.services.comparison import FEWEST
from webapp.services.listing import Scope

PATH = paths.ANALYSES
TITLE = "Analyses · Assay"

PAGE_SIZE = 50
MOST_PICKED = 100


def layout(**query: str) -> Component:
    """Return the page with the part of the list that the address asks for."""
    # The address is changed without drawing the page anew; going back and forth then draws what it says.
    return html.Div([dcc.Location(id="analyses-url", refresh=False), html.Div(_body(query), id="analyses-page")])


def go(search: str | None, shown: str | None) -> Any:
    """Draw what the address says, when that is not what is shown: somebody has gone back, or forth."""
    said = ListState.read(dict(parse_qsl((search or "").removeprefix("?"))))
    if said.search == (shown or "").partition(" ")[0]:
        return no_update
    return _body(vars(said))


def show(*form: Any) -> tuple[Any, ...]:
    """Return what is shown of the list, whether polling may rest, a mark of it, and its address.

    An unchanged list is not sent again.
    """
    *values, n_next, n_previous, _n_polls, _n_changes, known, picked = form
    page = max(0, _count(n_next) - _count(n_previous))
    state = ListState.read({**dict(zip(FIELDS, values, strict=True)), "page": page})
    found = _search(state)
    is_idle, shown = _is_idle(found), f"{state.search} {mark(found)}"
    if shown == known:
        return (*[no_update] * 5, is_idle, shown, no_update)
    # Of a poll, what is picked is known best by the table itself.
    is_elsewhere = state.search != str(known or "").partition(" ")[0]
    marked = {"ids": _ids(picked)} if is_elsewhere else no_update
    return (
        row_data(COLUMNS, rows(found)),
        marked,
        _empty(state, found),
        position(found),
        found.total <= PAGE_SIZE,
        is_idle,
        shown,
        state.search,
    )


def first_page(*_filters: Any) -> tuple[int, int]:
    """Go back to the first page when a filter changes."""
    return 0, 0


def pick(selected: Any, shown: Any, picked: Any) -> tuple[Any, bool, str, str, bool]:
    """Remember which analyses are picked, on this page and on others, and say how many."""
    here = _rows_ids(shown)
    chosen = [id_ for id_ in _rows_ids(selected) if id_ in here]
    after = [id_ for id_ in _ids(picked) if id_ not in here] + chosen
    words = f"{formats.plural(len(after), 'analysis', 'analyses')} picked"
    return after[:MOST_PICKED], not after, words, paths.compare(after[:MOST_PICKED]), len(after) < FEWEST


def archive(n_clicks: int | None, picked: Any, n_changes: int | None) -> Any:
    """Leave the picked analyses out of lists."""
    return _note(n_clicks, picked, n_changes, lambda _tags: {"archived": True}, "archived")


def bring_back(n_clicks: int | None, picked: Any, n_changes: int | None) -> Any:
    """Take the picked analyses out of the archive."""
    return _note(n_clicks, picked, n_changes, lambda _tags: {"archived": False}, "brought back")


def add_tag(n_clicks: int | None, tag: str | None, picked: Any, n_changes: int | None) -> Any:
    """Put a tag on the picked analyses."""
    return _note(n_clicks and tag, picked, n_changes, lambda tags: {"tags": [*tags, tag]}, "tagged")


def remove_tag(n_clicks: int | None, tag: str | None, picked: Any, n_changes: int | None) -> Any:
    """Take a tag off the picked analyses."""
    gone = " ".join((tag or "").split()).lower()
    return _note(
        n_clicks and tag, picked, n_changes, lambda tags: {"tags": [each for each in tags if each != gone]}, "untagged"
    )


def register(app: Dash) -> None:
    """Register the page and wire list, filters and what is done with what is picked."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    chosen = [Input(f"analyses-{name}", "value") for name in FIELDS]
    app.callback(
        Output("analyses-grid", "rowData"),
        Output("analyses-grid", "selectedRows"),
        Output("analyses-empty", "children"),
        Output("analyses-position", "children"),
        Output("analyses-pager", "hidden"),
        Output("analyses-poll", "disabled"),
        Output("analyses-mark", "data"),
        Output("analyses-url", "search"),
        *chosen,
        Input("analyses-next", "n_clicks"),
        Input("analyses-previous", "n_clicks"),
        Input("analyses-poll", "n_intervals"),
        Input("analyses-changed", "data"),
        State("analyses-mark", "data"),
        State("analyses-picked", "data"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("analyses-page", "children"),
        Input("analyses-url", "search"),
        State("analyses-mark", "data"),
        prevent_initial_call=True,
    )(go)
    app.callback(
        Output("analyses-next", "n_clicks"),
        Output("analyses-previous", "n_clicks"),
        *chosen,
        prevent_initial_call=True,
    )(first_page)
    app.callback(
        Output("analyses-picked", "data"),
        Output("analyses-bar", "hidden"),
        Output("analyses-n-picked", "children"),
        Output("analyses-compare", "href"),
        Output("analyses-compare-shown", "hidden"),
        Input("analyses-grid", "selectedRows"),
        State("analyses-grid", "rowData"),
        State("analyses-picked", "data"),
        prevent_initial_call=True,
    )(pick)
    picked, changed = State("analyses-picked", "data"), State("analyses-changed", "data")
    for name, function, *tag in (
        ("archive", archive),
        ("bring-back", bring_back),
        ("add-tag", add_tag, State("analyses-tag-text", "value")),
        ("remove-tag", remove_tag, State("analyses-tag-text", "value")),
    ):
        app.callback(
            Output("analyses-changed", "data", allow_duplicate=True),
            Input(f"analyses-{name}", "n_clicks"),
            *tag,
            picked,
            changed,
            prevent_initial_call=True,
        )(function)


def _body(query: Mapping[str, Any]) -> Component:
    actor = current_actor()
    sees_all = actor.may(Permission.USERS_MANAGE)
    state = ListState.read(query)
    if state.scope is Scope.ALL and not sees_all:
        state = ListState.read({**query, "scope": Scope.MINE})
    with read() as session:
        tags = listing.list_tags(session, actor)
    found = _search(state)
    table = grid(
        "analyses-grid",
        COLUMNS,
        rows(found),
        label="Analyses",
        empty=html.Div(_empty(state, found), id="analyses-empty"),
        selects=True,
    )
    return html.Div(
        [
            html.Div(
                [html.Div(html.H1("Analyses"), className="page-header-main"), *_actions()],
                className="page-header",
            ),
            filters(state, tags, sees_all=sees_all),
            _bar(),
            html.Section(table, className="panel panel-flush"),
            html.Div(
                [
                    html.Div(position(found), id="analyses-position", className="muted small"),
                    _pager(state, is_one_page=found.total <= PAGE_SIZE),
                ],
                className="list-foot",
            ),
            dcc.Interval(id="analyses-poll", interval=POLL_MILLISECONDS, disabled=_is_idle(found)),
            dcc.Store(id="analyses-mark", data=f"{state.search} {mark(found)}"),
            dcc.Store(id="analyses-picked", data=[]),
            dcc.Store(id="analyses-changed", data=0),
        ]
    )


def _search(state: ListState) -> AnalysisPage:
    with read() as session:
        return listing.search(
            session,
            current_actor(),
            state.filters,
            sort=state.order,
            limit=PAGE_SIZE,
            offset=PAGE_SIZE * state.page,
        )


def _is_idle(page: AnalysisPage) -> bool:
    return all(item.status.is_final for item in page.items)


def _note(
    n_clicks: Any, picked: Any, n_changes: int | None, change: Callable[[Sequence[str]], dict[str, Any]], done: str
) -> Any:
    """Change what is noted on each picked analysis of one's own: all of them or, if one cannot be, none."""
    if not n_clicks or not (ids := _ids(picked)):
        return no_update
    try:
        with write() as session:
            for id_ in ids:
                tags = listing.note(session, current_actor(), id_).tags
                listing.note(session, current_actor(), id_, **change(tags), address=client_address())
    except NotFound as error:
        raise NotFound("Only analyses of your own can be tagged or archived. Pick those alone.") from error
    tell(f"{formats.plural(len(ids), 'analysis', 'analyses')} {done}.")
    return _count(n_changes) + 1


def _ids(picked: Any) -> list[str]:
    """Return what can be ids of what the browser says is picked."""
    return [each for each in picked if paths.is_public_id(each)][:MOST_PICKED] if isinstance(picked, list) else []


def _rows_ids(sent: Any) -> list[str]:
    """Return the ids of rows: the table tells whole rows, and is told ids alone."""
    if isinstance(sent, dict):
        return _ids(sent.get("ids"))
    return _ids([each.get("id") for each in sent if isinstance(each, dict)]) if isinstance(sent, list) else []


def _count(sent: Any) -> int:
    return sent if isinstance(sent, int) and 0 <= sent < 2**31 else 0


def _actions() -> list[Component]:
    if not current_actor().may(Permission.ANALYSES_RUN):
        return []
    bring = dcc.Link(
        [icon("box-arrow-in-down"), "Import a bundle"],
        href=paths.import_bundle(),
        className="btn btn-secondary",
        title="An analysis that another Assay exported",
    )
    return [html.Div([bring, _new_button()], className="page-header-actions")]


def _new_button() -> Component:
    return dcc.Link([icon("plus-lg"), "New analysis"], href=paths.new_analysis(), className="btn btn-primary")


def _bar() -> Component:
    """Return what can be done with what is picked; out of sight while nothing is."""
    buttons = [
        html.Button(
            [icon(icon_name), title], id=f"analyses-{name}", type="button", className="btn btn-secondary btn-sm"
        )
        for name, icon_name, title in (
            ("archive", "archive", "Archive"),
            ("bring-back", "arrow-counterclockwise", "Bring back"),
            ("add-tag", "tag", "Add tag"),
            ("remove-tag", "x-lg", "Remove tag"),
        )
    ]
    tag = dbc.Input(id="analyses-tag-text", type="text", placeholder="Tag", maxLength=listing.LONGEST_TAG, size="sm")
    label = html.Label("Tag to add or remove", htmlFor="analyses-tag-text", className="visually-hidden")
    words = html.Span(id="analyses-n-picked", role="status")
    link = dcc.Link(
        [icon("layout-split"), "Compare"], id="analyses-compare", href="", className="btn btn-primary btn-sm"
    )
    compare = html.Div(link, id="analyses-compare-shown", hidden=True)
    return html.Div(
        [words, compare, *buttons[:2], html.Div([label, tag], className="bar-tag"), *buttons[2:]],
        id="analyses-bar",
        className="list-bar no-print",
        hidden=True,
    )


def _pager(state: ListState, *, is_one_page: bool) -> Component:
    counts = {"previous": 0, "next": state.page}
    pages = [
        html.Button(
            icon(f"chevron-{side}"),
            id=f"analyses-{name}",
            type="button",
            n_clicks=counts[name],
            className="btn btn-secondary btn-icon",
            title=title,
            **aria(label=title),
        )
        for name, side, title in (("previous", "left", "Page before"), ("next", "right", "Next page"))
    ]
    return html.Div(pages, id="analyses-pager", className="pager list-pager no-print", hidden=is_one_page)


def _empty(state: ListState, page: AnalysisPage) -> Component:
    """Return what stands in the place of rows while there are none."""
    if state.scope is Scope.SHARED and not state.text:
        sentence = (
            "Nothing is shared with you yet. Others can share an analysis with you, a group of yours, or by a link."
        )
        return empty_state("people", sentence)
    if state.is_filtered or page.total:
        return empty_state("funnel", "No analysis matches. Change the filter or go back to newer ones.")
    sentence = "Nothing has been analysed yet. Ask whether a model would have made money, and whether to believe it."
    may_run = current_actor().may(Permission.ANALYSES_RUN)
    return empty_state("clipboard-data", sentence, _new_button() if may_run else None)
