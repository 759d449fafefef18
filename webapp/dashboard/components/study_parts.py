"""Parts of the pages about studies: state, progress, leaderboard and heat map."""

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.analysis_list import FAILURES
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.grid import GridColumn, badge
from webapp.services.study_boards import Board, BoardRow, Cell, HeatMap, Measure, Over
from webapp.services.study_views import State, StudySummary
from webapp.services.workflow import Status

MEASURES: dict[Measure, str] = {
    Measure.SHARPE_RATIO: "Sharpe ratio",
    Measure.DEFLATED: "Deflated Sharpe ratio",
    Measure.BY_INDEPENDENT: "Deflated by independent trials",
    Measure.TOTAL_RETURN: "Total return",
    Measure.MAX_DRAWDOWN: "Maximum drawdown",
    Measure.N_TRADES: "Trades",
}
OVERS: dict[Over, str] = {Over.MEDIAN: "Median over the rest", Over.BEST: "Best of the rest"}

_STATES = {
    State.QUEUED: ("Queued", "clock", "queued"),
    State.RUNNING: ("Running", "", "running"),
    State.PAUSED: ("Paused", "pause-circle", "queued"),
    State.FINISHED: ("Finished", "check-circle", "succeeded"),
}
STATE_WORDS = {state: words[0] for state, words in _STATES.items()}
_MEMBERS = {
    Status.QUEUED: ("Queued", "clock", "queued"),
    Status.SUCCEEDED: ("Succeeded", "check-circle", "succeeded"),
    Status.FAILED: ("Failed", "x-circle", "failed"),
    Status.CANCELLED: ("Cancelled", "slash-circle", "cancelled"),
}
_STEPS = 4  # of shade

BOARD = (
    GridColumn("rank", "#", "count", "Place by the measure that the board is sorted by"),
    GridColumn("title", "Analysis", "name", below="short"),
    GridColumn("status", "Status", "badge", widest="Running 100 %", is_optional=True),
    GridColumn("sharpe", "Sharpe", "ratio", "Out of sample, after costs, a year"),
    GridColumn(
        "deflated",
        "Deflated",
        "ratio",
        "Probability of being more than luck after all trials of this study",
        is_optional=True,
    ),
    GridColumn(
        "independent",
        "By independent",
        "ratio",
        "The same after the independent trials that all of these amount to",
        is_optional=True,
    ),
    GridColumn("return", "Return, %", "percent", is_signed=True, is_optional=True),
    GridColumn("drawdown", "Drawdown, %", "percent", is_optional=True),
    GridColumn("trades", "Trades", "count", is_optional=True),
    GridColumn("verdict", "Verdict, or why it failed", grows=4, is_optional=True),
)


def state_cell(summary: StudySummary) -> dict[str, Any]:
    """Return where a study is as a cell of a grid."""
    word, icon_name, tone = _STATES[summary.state]
    if summary.state is State.RUNNING:
        percent = _percent(summary.progress)
        return badge(f"{word} {percent}{formats.NO_BREAK}%", "", tone, share=percent)
    if summary.state is State.FINISHED and summary.counts[Status.SUCCEEDED] == 0:
        return badge("Without an answer", "x-circle", "failed")
    return badge(word, icon_name, tone)


def in_words(summary: StudySummary) -> str:
    """Return how many members are where: "3 of 4 succeeded, 1 failed"."""
    counts = summary.counts
    words = [f"{formats.count(counts[Status.SUCCEEDED])} of {formats.count(summary.n_members)} succeeded"]
    words += [
        f"{formats.count(counts[status])} {status.value}"
        for status in (Status.FAILED, Status.CANCELLED, Status.RUNNING, Status.QUEUED)
        if counts[status]
    ]
    return ", ".join(words)


def progress_bar(summary: StudySummary) -> Component:
    """Return how much of a study is done."""
    percent = 100 if summary.state is State.FINISHED else _percent(summary.progress)
    return html.Div(
        html.Span(style={"width": f"{percent}%"}),
        className="big-progress",
        role="progressbar",
        **aria(valuenow=str(percent), valuemin="0", valuemax="100", label="Progress"),
    )


def board_rows(board: Board) -> list[dict[str, Any]]:
    """Return the leaderboard as rows of a grid."""
    return [
        {
            "id": row.analysis_id,
            "href": paths.analysis(row.analysis_id),
            "rank": row.rank,
            "title": row.title,
            "short": _short(row),
            "status": _member_cell(row),
            "sharpe": row.measures.get(Measure.SHARPE_RATIO),
            "deflated": row.measures.get(Measure.DEFLATED),
            "independent": row.measures.get(Measure.BY_INDEPENDENT),
            "return": row.measures.get(Measure.TOTAL_RETURN),
            "drawdown": row.measures.get(Measure.MAX_DRAWDOWN),
            "trades": row.measures.get(Measure.N_TRADES),
            "verdict": _cause(row) if row.status is Status.FAILED else formats.sentence(row.verdict or ""),
        }
        for row in board.rows
    ]


def heat_table(heat: HeatMap) -> Component:
    """Return a heat map as a table with the figure in each cell: colour says nothing that is not written there."""
    known = [abs(cell.value) for row in heat.cells for cell in row if cell is not None and cell.value is not None]
    largest = max(known, default=0.0)
    head = html.Tr(
        [
            html.Th(f"{heat.rows.title} ↓ {heat.columns.title} →", scope="col"),
            *(html.Th(word, scope="col") for word in heat.columns.words),
        ]
    )
    body = [
        html.Tr(
            [
                html.Th(word, scope="row"),
                *(
                    _heat_cell(cell, heat, f"{word}, {other}", largest)
                    for other, cell in zip(heat.columns.words, cells, strict=True)
                ),
            ]
        )
        for word, cells in zip(heat.rows.words, heat.cells, strict=True)
    ]
    return html.Div(
        html.Table([html.Thead(head), html.Tbody(body)], className="heat"),
        className="table-scroll",
        tabIndex="0",
        role="region",
        **aria(label=f"{MEASURES[heat.measure]} by {heat.rows.title} and {heat.columns.title}"),
    )


def measured(measure: Measure, value: float | None) -> str:
    """Return a value of a measure as people read it."""
    if measure in {Measure.TOTAL_RETURN, Measure.MAX_DRAWDOWN}:
        return formats.percent(value, 1)
    return formats.number(value, 0 if measure is Measure.N_TRADES else 2)


def _heat_cell(cell: Cell | None, heat: HeatMap, words: str, largest: float) -> Component:
    if cell is None:
        return html.Td("", title=f"{words}: the study asks the same elsewhere")
    if cell.value is None:
        if cell.n_failed == cell.n_members:
            return html.Td("✕", className="muted", title=f"{words}: failed")
        is_answered = cell.n_succeeded > 0
        return html.Td(
            formats.UNKNOWN if is_answered else "…",
            className="muted",
            title=f"{words}: {'unknown' if is_answered else 'not finished'}",
        )
    shown = measured(heat.measure, cell.value)
    said = f"{words}: {shown}, {formats.count(cell.n_succeeded)} of {formats.count(cell.n_members)} succeeded"
    if cell.n_failed:
        said += f", {formats.count(cell.n_failed)} failed"
    text = f"{shown} ✕" if cell.n_failed else shown
    return html.Td(text, className=_shade(cell.value, largest), title=said)


def _shade(value: float, largest: float) -> str | None:
    step = min(_STEPS, int(abs(value) / largest * _STEPS + 0.999)) if largest else 0
    return f"{'p' if value > 0 else 'n'}{step}" if step else None


def _member_cell(row: BoardRow) -> Mapping[str, Any]:
    if row.status is Status.RUNNING:
        percent = _percent(row.progress)
        return badge(f"Running {percent}{formats.NO_BREAK}%", "", "running", share=percent)
    if row.status is Status.SUCCEEDED and row.is_credible is False:
        return badge("Not credible", "exclamation-triangle", "not-credible")
    return badge(*_MEMBERS[row.status])


def _short(row: BoardRow) -> str:
    """Return what is most worth knowing of a member where there is room for three columns only."""
    if row.status is Status.FAILED:
        return f"Failed: {_cause(row)}"
    said = str(_member_cell(row)["text"])
    known = (
        ("deflated", measured(Measure.DEFLATED, row.measures.get(Measure.DEFLATED))),
        ("return", measured(Measure.TOTAL_RETURN, row.measures.get(Measure.TOTAL_RETURN))),
    )
    figures = [f"{word} {value}" for word, value in known] if row.status is Status.SUCCEEDED else []
    return " · ".join([said, *figures])


def _cause(row: BoardRow) -> str:
    code = row.error_code or "internal"
    return row.error_message or FAILURES.get(code, code.replace("_", " ").capitalize())


def _percent(progress: float) -> int:
    return min(99, int(progress * 100))
