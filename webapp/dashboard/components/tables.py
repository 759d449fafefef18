"""Tables of plain HTML: readable by screen readers, printable, and quick for up to a few hundred rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import aria

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Shade of a month by the size of its return; the last step is everything beyond.
_SHADES = (0.005, 0.02, 0.05)


@dataclass(frozen=True)
class Column:
    """A column: its heading, whether its cells are numbers, and what the heading says on hover."""

    title: str
    is_number: bool = True
    help_text: str = ""


Cell = Component | str


def data_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, caption: str = "") -> Component:
    """Return a table whose first column names the rows."""
    head = html.Thead(html.Tr([_heading(column) for column in columns]))
    body = html.Tbody([html.Tr([_cell(columns, place, cell) for place, cell in enumerate(row)]) for row in rows])
    parts = [head, body]
    if caption:
        parts.insert(0, html.Caption(caption))
    return html.Div(
        html.Table(parts, className="data-table"),
        className="table-scroll",
        tabIndex="0",
        role="region",
        **aria(label=caption or columns[0].title),
    )


def _heading(column: Column) -> Component:
    return html.Th(
        column.title, scope="col", className="number" if column.is_number else None, title=column.help_text or None
    )


def _cell(columns: Sequence[Column], place: int, cell: Cell) -> Component:
    if place == 0:
        return html.Th(cell, scope="row", className="number" if columns[0].is_number else None)
    return html.Td(cell, className="number" if columns[place].is_number else None)


def definition(name: str, *, summary: str, formula: str = "", source: str = "") -> Component:
    """Return a name that opens its meaning, formula and source."""
    body: list[Any] = [html.P(summary)]
    if formula:
        body.append(html.Code(formula))
    if source:
        body.append(html.Div(["Source: ", source], className="small"))
    return html.Details([html.Summary(name), html.Div(body, className="definition-body")], className="definition")


def monthly_heat_map(monthly: pd.DataFrame) -> Component:
    """Return the months as a heat map with the figure in each cell, and the years' totals at the right.

    Parameters
    ----------
    monthly : DataFrame of shape (n_months, at least 3)
        `year`, `month` (1 to 12) and `return`, a fraction; NaN is unknown.

    Returns
    -------
    Component
        A table; a year's total compounds its known months.
    """
    table = monthly.pivot_table(index="year", columns="month", values="return", aggfunc="last", dropna=False)
    table = table.reindex(columns=range(1, 13))
    head = html.Tr(
        [
            html.Th(html.Span("Year", className="visually-hidden"), scope="col"),
            *[html.Th(name, scope="col") for name in MONTHS],
            html.Th("Year’s total"),
        ]
    )
    rows = [_year_row(int(year), table.loc[year].to_numpy(dtype=np.float64)) for year in table.index]
    return html.Div(
        html.Table([html.Thead(head), html.Tbody(rows)], className="heat"),
        className="table-scroll",
        tabIndex="0",
        role="region",
        **aria(label="Monthly returns in per cent"),
    )


def _year_row(year: int, returns: np.ndarray[Any, np.dtype[np.float64]]) -> Component:
    known = returns[~np.isnan(returns)]
    total = float(np.prod(1.0 + known) - 1.0) if len(known) else float("nan")
    cells = [_month_cell(float(each)) for each in returns]
    total_class = f"total {shade(total)}".strip()
    return html.Tr(
        [html.Th(str(year), scope="row"), *cells, html.Td(formats.number(total * 100, 1), className=total_class)]
    )


def _month_cell(value: float) -> Component:
    if np.isnan(value):
        return html.Td("", **aria(label="no bars"))
    return html.Td(formats.number(value * 100, 1), className=shade(value))


def shade(value: float) -> str:
    """Return the class of a cell: `p` for gains, `n` for losses, 1 to 4 by size; none for nothing.

    Examples
    --------
    >>> shade(0.1), shade(-0.01), shade(0.0)
    ('p4', 'n2', '')
    """
    if np.isnan(value) or round(value, 3) == 0:
        return ""
    step = 1 + sum(abs(value) >= edge for edge in _SHADES)
    return f"{'p' if value > 0 else 'n'}{step}"
