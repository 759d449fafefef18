"""Tables of AG Grid: sorted, filtered and walked by keyboard in the browser; a row opens by click and by Enter.

For what people look through: analyses, trades, users, jobs, instruments. For a few rows that are read whole, and for
what screen readers and printers need most, `components.tables` has tables of plain HTML.
"""

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import dash_ag_grid as dag
import numpy as np
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import skeleton

Kind: TypeAlias = Literal[
    "name", "text", "code", "date", "ago", "badge", "action", "tags",
    "count", "number", "ratio", "percent", "p_value", "price", "money", "duration",
]  # fmt: skip

Row: TypeAlias = Mapping[str, Any]

ROW_HEIGHT = 32
HEADER_HEIGHT = 34
MOST_ROWS = 16
_MOST_DRAWN = 20  # columns; of more, those in view are drawn, on paper too
_BELOW = 18  # as in assets/grid.js
_PADDING = 20
_OUTER = 8  # more, beside the edge of a card
_SORT_SIGN = 22
_FIGURE_WIDTH = 8.0  # of a tabular figure of Inter at 12.5 px
_LETTER_WIDTH = 6.9
_BESIDE = 34  # what an icon, or the frame of a button, takes beside a word
_CODE_WIDTH = 7.3  # of the monospaced letters of hashes and ids
_WIDEST_TEXT = 280
_NARROWEST_GROWING = 200


@dataclass(frozen=True)
class _Number:
    """How a number is written: by Python to know its width, by the browser to show it."""

    written: Callable[[float | None, int, bool], str]
    in_browser: str
    digits: int


_NUMBERS: dict[Kind, _Number] = {
    "count": _Number(lambda value, digits, sign: formats.number(value, digits, signed=sign), "assayNumber", 0),
    "number": _Number(lambda value, digits, sign: formats.number(value, digits, signed=sign), "assayNumber", 2),
    "ratio": _Number(lambda value, digits, sign: formats.number(value, digits, signed=sign), "assayNumber", 2),
    "price": _Number(lambda value, digits, sign: formats.number(value, digits, signed=sign), "assayNumber", 2),
    "money": _Number(lambda value, digits, sign: formats.number(value, digits, signed=sign), "assayNumber", 0),
    "percent": _Number(lambda value, digits, sign: formats.percent(value, digits, signed=sign), "assayPercent", 1),
    "p_value": _Number(lambda value, _digits, _sign: formats.p_value(value), "assayPValue", 2),
    "duration": _Number(lambda value, _digits, _sign: formats.duration(value), "assayDuration", 0),
}

_RENDERERS: dict[Kind, str] = {
    "name": "AssayName",
    "badge": "AssayBadge",
    "ago": "AssayAgo",
    "action": "AssayAction",
    "tags": "AssayTags",
}


@dataclass(frozen=True)
class GridColumn:
    """A column.

    Parameters
    ----------
    field : str
        The key of its cells in the rows.
    title : str
        Its heading, with the unit: "Return, %".
    kind : str, default="text"
        What its cells are. "name" grows, and opens the row's `href`. Numbers are plain numbers, fractions for
        "percent", seconds for "duration"; "ago" is a datetime, "date" text or a day. "badge" and "action" cells are
        made by `badge` and `action`; a column of actions is left out while no row has one. "tags" cells are lists of
        words, and of `fact`s.
    help_text : str, optional
        What the heading says on hover.
    digits : int, optional
        Decimals, where not those of the kind.
    is_signed : bool, default=False
        Whether the sign matters: a plus is written, gain and loss are coloured.
    is_optional : bool, default=False
        Whether it is left out where there is little room.
    grows : int, default=0
        Its share of the width that is left; a "name" always has 3.
    wraps : bool, default=False
        Whether long text goes on in further lines of a higher row; else the rest is told on hover.
    below : str, default=""
        Of a "name": the field whose text stands below it where there is little room for a column of its own.
    unknown : str, default=""
        What an "ago" says of what never was.
    widest : str, default=""
        The longest text that may come to stand in it, where rows come and change while the table stands.
    """

    field: str
    title: str
    kind: Kind = "text"
    help_text: str = ""
    digits: int | None = None
    is_signed: bool = False
    is_optional: bool = False
    grows: int = 0
    wraps: bool = False
    below: str = ""
    unknown: str = ""
    widest: str = ""


def badge(text: str, icon_name: str, tone: str, *, share: int | None = None) -> dict[str, Any]:
    """Return a cell with an icon and a word; `tone` is one of the statuses in the style sheet, `share` makes a ring."""
    return {"text": text, "icon": icon_name, "tone": tone, **({} if share is None else {"share": share})}


def action(text: str, icon_name: str = "") -> dict[str, Any]:
    """Return a cell with a button; the grid's `cellRendererData` says in which row (`rowId`) and column (`colId`)."""
    return {"text": text, "icon": icon_name}


def fact(text: str, icon_name: str) -> dict[str, Any]:
    """Return what stands among tags and is none: words behind an icon."""
    return {"text": text, "icon": icon_name}


def grid(
    grid_id: str,
    columns: Sequence[GridColumn],
    rows: Sequence[Row],
    *,
    label: str,
    empty: Component,
    selects: bool = False,
    most_rows: int = MOST_ROWS,
    sorts: bool = True,
) -> Component:
    """Return a table whose place is reserved from the start.

    Parameters
    ----------
    grid_id : str
        Id of the grid, `<page>-<part>`. Its `rowData` may be replaced by `row_data`: table, height and empty state
        follow.
    columns : sequence of GridColumn
        The columns; one of them should be a "name".
    rows : sequence of mappings
        Cells by field. `id` is required and identifies the row; `href` is what it opens, if anything.
    label : str
        What the table shows, for people who do not see it.
    empty : Component
        What stands there when there is no row: an `empty_state`.
    selects : bool, default=False
        Whether rows that open something can be picked; the grid's `selectedRows` has them.
    most_rows : int, default=16
        How many rows are shown before the table scrolls inside.
    sorts : bool, default=True
        Whether headings sort and filter; not where the rows are one page of many, which that would hide.

    Returns
    -------
    Component
        The table, or its empty state.
    """
    height = HEADER_HEIGHT + ROW_HEIGHT * min(len(rows), most_rows) + _BELOW
    table = dag.AgGrid(
        id=grid_id,
        columnDefs=column_definitions(columns, rows),
        rowData=row_data(columns, rows),
        getRowId="params.data.id",
        defaultColDef={"sortable": sorts, "filter": sorts, "resizable": True, "suppressHeaderMenuButton": True},
        dashGridOptions=_options(label, selects=selects, is_wide=len(columns) > _MOST_DRAWN),
        eventListeners={
            "modelUpdated": [f"assayChanged(params, '{grid_id}')"],
            "gridSizeChanged": [f"assaySized(params, '{grid_id}')"],
        },
        style={"height": "100%", "width": "100%"},
    )
    return html.Div(
        [
            html.Div(empty, className="grid-empty", hidden=bool(rows)),
            html.Div(
                [skeleton(height), table], className="grid-body", style={"height": f"{height}px"}, hidden=not rows
            ),
        ],
        className="grid",
        role="region",
        **aria(label=label),
        **data(grid=grid_id, most=str(most_rows)),
    )


def row_data(columns: Sequence[GridColumn], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as the browser takes them: instants as text, what is unknown as nothing."""
    fields = [field for column in columns for field in (column.field, column.below) if field]
    return [
        {"id": str(row["id"]), "href": row.get("href"), **{field: _cell(row.get(field)) for field in fields}}
        for row in rows
    ]


def column_definitions(columns: Sequence[GridColumn], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the columns as AG Grid takes them, wide enough for what stands in them."""
    name = next((column.field for column in columns if column.kind == "name"), None)
    definitions = [_definition(column, [row.get(column.field) for row in rows], name) for column in columns]
    if len(columns) > _MOST_DRAWN:  # what a row is about stays in view
        definitions = [each | {"pinned": "left"} if each["field"] == name else each for each in definitions]
    for outer in (definitions[0], definitions[-1]):
        outer |= {size: outer[size] + _OUTER for size in ("width", "minWidth") if size in outer}
    return definitions


def _options(label: str, *, selects: bool, is_wide: bool) -> dict[str, Any]:
    options: dict[str, Any] = {
        "animateRows": False,
        "rowHeight": ROW_HEIGHT,
        "headerHeight": HEADER_HEIGHT,
        "tooltipShowDelay": 300,
        "suppressColumnVirtualisation": not is_wide,
        "suppressContentVisibilityAuto": True,  # paper and searches in the page find what is not in view
        "suppressMovableColumns": True,
        "enableCellTextSelection": True,
        "ensureDomOrder": True,
        "tabToNextCell": {"function": "assayLeave()"},
        "tabToNextHeader": {"function": "assayLeave()"},
        "localeText": {"noRowsToShow": "No row matches the filter.", "ariaLabel": label},
    }
    if selects:
        options["rowSelection"] = {
            "mode": "multiRow",
            "headerCheckbox": False,
            "enableClickSelection": False,
            "isRowSelectable": {"function": "assayOpens(params)"},
            "hideDisabledCheckboxes": True,
        }
        options["selectionColumnDef"] = {"width": 40, "pinned": "left", "suppressHeaderMenuButton": True}
    return options


def _definition(column: GridColumn, cells: Sequence[Any], name: str | None) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "field": column.field,
        "headerName": column.title,
        "cellDataType": False,
        "context": {
            "optional": column.is_optional,
            "name": name,
            "below": column.below or None,
            "isAction": column.kind == "action",
            "unknown": column.unknown or formats.UNKNOWN,
        },
        **({"headerTooltip": column.help_text} if column.help_text else {}),
        **({"cellRenderer": _RENDERERS[column.kind]} if column.kind in _RENDERERS else {}),
    }
    if column.kind in _NUMBERS:
        definition |= _number_definition(column)
    elif getter := _getter(column):
        definition["valueGetter"] = {"function": getter}
    if column.kind == "action":
        definition |= {"sortable": False, "filter": False}
    if column.kind == "code":
        definition["cellClass"] = "mono"
    if column.wraps or column.below:
        definition |= {"wrapText": True, "autoHeight": True}
        if column.below:  # goes on in further lines on phones only: on a desk rows would grow after they were drawn
            definition |= {"cellClass": "has-below", "tooltipField": column.field}
    elif column.kind in {"name", "text"}:
        definition["tooltipField"] = column.field
    width = _width(column, cells)
    if column.kind == "name":
        return definition | {"flex": 3, "minWidth": 160}
    if column.grows:
        return definition | {"flex": column.grows, "minWidth": min(width, _NARROWEST_GROWING)}
    return definition | {"width": width, "minWidth": min(width, 64)}


def _getter(column: GridColumn) -> str:
    """Return how the browser makes the text by which a cell is sorted, filtered and known to have changed."""
    if column.kind == "tags":
        return f"assayTags(params.data.{column.field})"
    if column.kind in {"badge", "action"}:
        return f"assayText(params.data.{column.field})"
    return f"assayLines(params.data.{column.field}, params.data.{column.below})" if column.below else ""


def _number_definition(column: GridColumn) -> dict[str, Any]:
    number = _NUMBERS[column.kind]
    digits = number.digits if column.digits is None else column.digits
    arguments = ("params.value", str(digits), "true" if column.is_signed else "false")
    n_arguments = 1 if column.kind in {"p_value", "duration"} else len(arguments)
    definition: dict[str, Any] = {
        "type": "rightAligned",
        "filter": "agNumberColumnFilter",
        "valueFormatter": {"function": f"{number.in_browser}({', '.join(arguments[:n_arguments])})"},
    }
    if column.is_signed:  # what is written as 0 is neither
        least = 0.5 * 10.0 ** -(digits + (2 if column.kind == "percent" else 0))
        rules = {"is-gain": f"params.value >= {least:.10f}", "is-loss": f"params.value <= -{least:.10f}"}
        definition["cellClassRules"] = rules
    return definition


def _cell(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="seconds")
    if isinstance(value, datetime.date):
        return formats.date(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _width(column: GridColumn, cells: Sequence[Any]) -> int:
    """Return the pixels that the widest of heading and cells takes."""
    heading = len(column.title) * _LETTER_WIDTH + _SORT_SIGN
    return math.ceil(_PADDING + max(heading, min(_WIDEST_TEXT, _widest(column, cells))))


def _widest(column: GridColumn, cells: Sequence[Any]) -> float:
    if column.widest:
        return len(column.widest) * _LETTER_WIDTH + (_BESIDE if column.kind in {"badge", "action"} else 0)
    known = [cell for cell in cells if cell is not None]
    if column.kind in _NUMBERS:
        number = _NUMBERS[column.kind]
        digits = number.digits if column.digits is None else column.digits
        finite = [float(cell) for cell in known if math.isfinite(cell)]
        extremes = (min(finite), max(finite)) if finite else ()
        return max((len(number.written(each, digits, True)) for each in extremes), default=1) * _FIGURE_WIDTH
    if column.kind in {"badge", "action"}:
        return max((len(cell["text"]) for cell in known), default=8) * _LETTER_WIDTH + _BESIDE
    if column.kind == "tags":
        return max((sum(_tag_width(each) for each in cell) for cell in known), default=0)
    if column.kind in {"ago", "date"}:
        return len("2024-03-15") * _FIGURE_WIDTH
    longest = max((len(str(cell)) for cell in known), default=8)
    return longest * (_CODE_WIDTH if column.kind == "code" else _LETTER_WIDTH)


def _tag_width(tag: str | dict[str, Any]) -> float:
    text = tag["text"] if isinstance(tag, dict) else tag
    return len(text) * _LETTER_WIDTH + 18
