"""A study: how far it is, its leaderboard and heat map, and what its owner may do with it."""

from collections.abc import Callable, Mapping
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from webapp import formats, jobs
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import empty_state, facts, icon, panel, skeleton
from webapp.dashboard.components.charts import current_theme
from webapp.dashboard.components.grid import grid, row_data
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.study_parts import (
    BOARD,
    MEASURES,
    OVERS,
    STATE_WORDS,
    board_rows,
    heat_table,
    in_words,
    progress_bar,
)
from webapp.dashboard.components.study_portfolio import COSTS, DEFAULTS, METHODS, STEPS, WINDOWS, portfolio
from webapp.dashboard.components.toasts import tell
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.permissions import Permission
from webapp.services import studies, study_boards, study_portfolios, study_views
from webapp.services.study_boards import Board, Measure, Over
from webapp.services.study_views import State as StudyState
from webapp.services.study_views import StudyView
from webapp.services.workflow import Status

PATH = paths.STUDY
TITLE = "Study · Assay"

_FEWEST_AXES = 2


def layout(public_id: str = "", **_variables: str) -> Component:
    """Return the page of a study."""
    try:
        view, board = _read(public_id, Measure.SHARPE_RATIO)
    except NotFound:
        return not_found()
    return html.Div(
        [
            html.Div(_header(view), id="study-header"),
            html.Div(
                [
                    html.Div(_progress(view), id="study-progress"),
                    _board_panel(view, board),
                    _heat_panel(view, board),
                    _portfolio_panel(board),
                    _question(view),
                ],
                className="stack",
            ),
            html.Div(hidden=True, **data(polls="study-poll")),
            dcc.Interval(id="study-poll", interval=POLL_MILLISECONDS, disabled=view.state is StudyState.FINISHED),
            dcc.Store(id="study-id", data=public_id),
            dcc.Store(id="study-mark", data=_mark(view)),
            dcc.Location(id="study-url", refresh="callback-nav"),
        ]
    )


def show(*form: Any) -> tuple[Any, ...]:
    """Return head, progress, board and heat map, whether asking may rest, and a mark; the board only if it changed."""
    _n_polls, sort, rows, columns, measure, over, study_id, mark = form
    ranked, shown = _measure(sort), _measure(measure)
    with read() as session:
        view = study_views.get(session, current_actor(), _checked(study_id))
        asked = f"{_mark(view)} {ranked} {rows} {columns} {shown} {over}"
        is_idle = view.state is StudyState.FINISHED
        if asked == mark:
            return no_update, _progress(view), no_update, no_update, no_update, is_idle, asked
        board = study_boards.leaderboard(session, current_actor(), view.id, sort=ranked)
    heat = _heat(board, str(rows or ""), str(columns or ""), shown, str(over))
    return _header(view), _progress(view), row_data(BOARD, board_rows(board)), board.sentence, heat, is_idle, asked


def offer(_header: Any, study_id: str, offered: Any) -> Any:
    """Return which members can be held together, if no other will come and they are others; they are combined then."""
    view, board = _read(_checked(study_id), Measure.SHARPE_RATIO)
    choices = _choices(board)
    return no_update if view.state is not StudyState.FINISHED or choices == offered else choices


def combine(method: str | None, window: Any, step: Any, cost: Any, members: Any, _offered: Any, study_id: str) -> Any:
    """Return what members are worth together, or why that cannot be said."""
    asked = {
        "method": method if method in METHODS else DEFAULTS.method,
        "window": _one_of(WINDOWS, window, DEFAULTS.window),
        "rebalance_bars": _one_of(STEPS, step, DEFAULTS.rebalance_bars),
        "cost_bps": _one_of(COSTS, cost, int(DEFAULTS.cost_bps)),
    }
    ids = [str(each) for each in members or []]
    try:
        with read() as session:
            found = study_portfolios.hold(
                session,
                parts().store,
                current_actor(),
                _checked(study_id),
                spec=DEFAULTS.model_copy(update=asked),
                members=ids,
            )
    except (Conflict, InvalidInput) as error:
        return empty_state("pie-chart", str(error), small=True)
    return portfolio(found, current_theme())


def cancel(n_clicks: int | None, study_id: str) -> Any:
    """Stop all that has not ended."""
    return _command(n_clicks, study_id, studies.cancel, "What had not ended is being cancelled.")


def pause(n_clicks: int | None, study_id: str) -> Any:
    """Start nothing more for now."""
    return _command(n_clicks, study_id, studies.pause, "Nothing more is started; what runs, finishes.")


def resume(n_clicks: int | None, study_id: str) -> Any:
    """Go on."""
    return _command(n_clicks, study_id, studies.resume, "The study goes on.")


def retry(n_clicks: int | None, study_id: str) -> Any:
    """Ask anew what has failed."""
    return _command(n_clicks, study_id, studies.retry_failed, "What had failed is asked anew.")


def delete(n_clicks: int | None, study_id: str) -> Any:
    """Take a finished study out of all lists, and go to the others."""
    if not n_clicks:
        return no_update
    with write() as session:
        studies.hide(session, current_actor(), _checked(study_id), address=client_address())
    tell("The study is out of all lists. Its trials count as before.")
    return paths.studies()


def register(app: Dash) -> None:
    """Register the page and wire what changes on it."""
    dash.register_page(__name__, path_template=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    app.callback(
        Output("study-header", "children"),
        Output("study-progress", "children"),
        Output("study-board", "rowData"),
        Output("study-sentence", "children"),
        Output("study-heat", "children"),
        Output("study-poll", "disabled"),
        Output("study-mark", "data"),
        Input("study-poll", "n_intervals"),
        Input("study-sort", "value"),
        Input("study-rows", "value"),
        Input("study-columns", "value"),
        Input("study-measure", "value"),
        Input("study-over", "value"),
        State("study-id", "data"),
        State("study-mark", "data"),
        prevent_initial_call=True,
    )(show)
    app.callback(
        Output("study-portfolio", "children"),
        Input("study-method", "value"),
        Input("study-window", "value"),
        Input("study-step", "value"),
        Input("study-cost", "value"),
        Input("study-held", "value"),
        Input("study-held", "options"),
        State("study-id", "data"),
    )(combine)
    app.callback(
        Output("study-held", "options"),
        Input("study-header", "children"),
        State("study-id", "data"),
        State("study-held", "options"),
        prevent_initial_call=True,
    )(offer)
    for name, function in (("cancel", cancel), ("pause", pause), ("resume", resume), ("retry", retry)):
        app.callback(
            Output("study-poll", "disabled", allow_duplicate=True),
            Input(f"study-{name}", "n_clicks"),
            State("study-id", "data"),
            prevent_initial_call=True,
        )(function)
    app.callback(
        Output("study-url", "href"),
        Input("study-delete", "n_clicks"),
        State("study-id", "data"),
        prevent_initial_call=True,
    )(delete)


def _command(n_clicks: int | None, study_id: str, command: Callable[..., StudyView], told: str) -> Any:
    """Do something with the study; the next look, which is asked for by this, shows it."""
    if not n_clicks:
        return no_update
    with write() as session:
        view = command(session, current_actor(), _checked(study_id), address=client_address())
        parts().queue.send_after_commit(session, jobs.WORK, view.summary.counts[Status.QUEUED])
    tell(told)
    return False


def _read(study_id: str, sort: Measure) -> tuple[StudyView, Board]:
    with read() as session:
        view = study_views.get(session, current_actor(), study_id)
        return view, study_boards.leaderboard(session, current_actor(), study_id, sort=sort)


def _checked(study_id: object) -> str:
    """Return the id if it can be one: what the browser sends is input, not memory."""
    if not paths.is_public_id(study_id):
        raise NotFound("There is no such study.")
    return str(study_id)


def _measure(value: object) -> Measure:
    return Measure(str(value)) if value in set(Measure) else Measure.SHARPE_RATIO


def _mark(view: StudyView) -> str:
    """Return a text that changes when the board does: with the number of members in each state."""
    return f"{view.state} {[view.summary.counts[status] for status in Status]}"


def _header(view: StudyView) -> Component:
    is_finished, is_paused = view.state is StudyState.FINISHED, view.state is StudyState.PAUSED
    hidden = {
        "pause": is_finished or is_paused,
        "resume": not is_paused,
        "cancel": is_finished,
        "retry": not view.summary.counts[Status.FAILED],
        "delete": not is_finished,
    }
    words = {
        "pause": ("pause", "Pause"),
        "resume": ("play", "Resume"),
        "cancel": ("slash-circle", "Cancel"),
        "retry": ("arrow-repeat", "Retry failed"),
        "delete": ("trash", "Delete"),
    }
    may_run = current_actor().may(Permission.ANALYSES_RUN)
    buttons = [
        html.Button(
            [icon(icon_name), title],
            id=f"study-{name}",
            type="button",
            className="btn btn-secondary",
            hidden=hidden[name] or not may_run,
            title="Its trials count as before" if name == "delete" else None,
        )
        for name, (icon_name, title) in words.items()
    ]
    title = html.Div(
        [
            html.H1(view.summary.title),
            html.Div(f"{STATE_WORDS[view.state]}: {in_words(view.summary)}", className="muted"),
        ],
        className="page-header-main",
    )
    return html.Div([title, html.Div(buttons, className="page-header-actions")], className="page-header")


def _progress(view: StudyView) -> Component:
    pairs: list[tuple[str, Component | str]] = [
        ("Analyses", formats.count(view.summary.n_members)),
        *((status.value.capitalize(), formats.count(view.summary.counts[status])) for status in Status),
    ]
    if view.elapsed_seconds is not None:
        pairs.append(("Elapsed", formats.duration(view.elapsed_seconds)))
    if view.state is not StudyState.FINISHED:
        pairs.append(("Left, about", formats.duration(view.eta_seconds)))
    if view.waits_for is not None:
        pairs.append(("Place of the next in the queue", formats.count(view.queue_position)))
        pairs.append(("Why it waits", view.waits_for))
    if view.workers:
        pairs.append(("Workers", html.Span(", ".join(view.workers), className="mono")))
    if view.n_folded:
        pairs.append(("Asked once for several", formats.count(view.n_folded)))
    rests = " Paused: nothing more is started until you resume it." if view.state is StudyState.PAUSED else ""
    note = None if view.state is StudyState.FINISHED else f"You can close this page; nothing is lost.{rests}"
    return panel("Progress", html.Div([progress_bar(view.summary), facts(pairs)], className="stack gap-3"), note=note)


def _board_panel(view: StudyView, board: Board) -> Component:
    empty = empty_state("hourglass", "Nothing has finished yet.", small=True)
    return html.Section(
        [
            html.Div(
                [html.H2("Leaderboard"), _select("sort", "Ranked by", MEASURES, board.sort)], className="panel-header"
            ),
            html.P(board.sentence, id="study-sentence", className="px-3"),
            grid("study-board", BOARD, board_rows(board), label=f"Members of {view.summary.title}", empty=empty),
        ],
        className="panel panel-flush",
    )


def _heat_panel(view: StudyView, board: Board) -> Component:
    axes = {axis.path: axis.title for axis in view.axes}
    names = [*axes, ""]
    is_flat = len(axes) < _FEWEST_AXES
    controls = [
        _select("rows", "Rows", axes, names[0]),
        _select("columns", "Columns", axes, names[1]),
        _select("measure", "Measure", MEASURES, Measure.SHARPE_RATIO),
        _select("over", "Over other axes", OVERS, Over.MEDIAN),
    ]
    heat = _heat(board, names[0], names[1], Measure.SHARPE_RATIO, Over.MEDIAN)
    return html.Section(
        [
            html.Div([html.H2("Heat map"), html.Div(controls, className="filters mb-0")], className="panel-header"),
            html.Div(heat, id="study-heat"),
            html.P(
                "… not finished, ✕ failed, – unknown. The figure stands in each cell.", className="muted small mt-2"
            ),
        ],
        className="panel",
        hidden=is_flat,
    )


def _choices(board: Board) -> list[dict[str, str]]:
    """Return the members that can be held together."""
    return [
        {"label": row.title, "value": row.analysis_id}
        for row in sorted(board.rows, key=lambda row: row.number)
        if row.status is Status.SUCCEEDED and row.is_credible is not False
    ]


def _portfolio_panel(board: Board) -> Component:
    controls = [
        _select("method", "How to divide", METHODS, DEFAULTS.method),
        _select("window", "Window", WINDOWS, DEFAULTS.window),
        _select("step", "Rebalancing", STEPS, DEFAULTS.rebalance_bars),
        _select("cost", "Costs", COSTS, int(DEFAULTS.cost_bps)),
    ]
    chosen = dcc.Dropdown(
        id="study-held",
        options=_choices(board),
        multi=True,
        placeholder="Members: of each instrument the best on validation folds",
        maxHeight=280,
    )
    return html.Section(
        [
            html.Div([html.H2("Portfolio"), html.Div(controls, className="filters mb-0")], className="panel-header"),
            html.P(
                "What the members would have earned together, out of sample: capital is divided among their curves by "
                "bars before, stands until it is divided again, and moving it costs. Of what has finished as you look.",
                className="muted small",
            ),
            html.Label("Members", htmlFor="study-held", className="visually-hidden"),
            chosen,
            html.Div(skeleton(420), id="study-portfolio", className="stack gap-3 mt-3", **aria(live="polite")),
        ],
        className="panel",
    )


def _one_of(options: Mapping[int, str], value: Any, usual: int) -> int:
    return next((each for each in options if str(each) == str(value)), usual)


def _heat(board: Board, rows: str, columns: str, measure: Measure, over: str) -> Component:
    chosen = Over(over) if over in set(Over) else Over.MEDIAN
    try:
        return heat_table(study_boards.heat_map(board, rows, columns, measure=measure, over=chosen))
    except InvalidInput:
        return empty_state("grid-3x3", "Choose two different axes.", small=True)


def _question(view: StudyView) -> Component:
    pairs = [(axis.title, ", ".join(axis.words)) for axis in view.axes]
    return panel("What differs", facts(pairs, in_rows=True))


def _select(name: str, label: str, options: Any, value: Any) -> Component:
    choices = [{"label": word, "value": str(each)} for each, word in options.items()]
    control = dbc.Select(id=f"study-{name}", options=choices, value=str(value), size="sm", className="filter-select")
    return html.Div([html.Label(label, htmlFor=f"study-{name}", className="visually-hidden"), control])
