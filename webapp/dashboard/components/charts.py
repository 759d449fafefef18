"""A chart on a page: a readout line for a legend, range buttons, a fixed height, a skeleton until it is drawn."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component
from flask import has_request_context, request

from webapp.dashboard.components.attributes import aria, aria_bool, data
from webapp.dashboard.components.cards import skeleton
from webapp.dashboard.figures.palette import Figure, Theme

THEME_COOKIE = "assay_theme"
RANGES = (("1", "1M"), ("6", "6M"), ("ytd", "YTD"), ("12", "1Y"), ("60", "5Y"), ("all", "All"))

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toggleSpikelines"],
    "showTips": False,
    "responsive": True,
    "doubleClick": "autosize",
}


def current_theme() -> Theme:
    """Return the theme that the browser of this request shows, as `theme.js` wrote it into a cookie."""
    if has_request_context() and request.cookies.get(THEME_COOKIE) == "dark":
        return "dark"
    return "light"


def chart(chart_id: str, figure: Figure, *, label: str, ranges: bool = False) -> Component:
    """Return a chart over bars or anything else.

    Parameters
    ----------
    chart_id : str
        Id of the graph, `<page>-<part>`.
    figure : dict
        From `webapp.dashboard.figures`; its height is the chart's from the start.
    label : str
        What it shows, for people who do not see it.
    ranges : bool, default=False
        Whether to offer the last month, year, and so on.

    Returns
    -------
    Component
        The chart with its readout, if it is one over bars.
    """
    height = figure["layout"]["height"]
    bar: list[Component] = []
    if "days" in figure["layout"]["meta"]:
        bar.append(html.Div(className="chart-readout", **aria(hidden="true")))
    if ranges:
        bar.append(_range_buttons())
    graph = dcc.Graph(
        id=chart_id,
        figure=figure,
        config=CONFIG,  # type: ignore[arg-type]  # a plain dict is one
        style={"height": f"{height}px"},
        responsive=True,
    )
    plot = html.Div([skeleton(height), graph], className="chart-plot", style={"height": f"{height}px"})
    return html.Div(
        [*([html.Div(bar, className="chart-bar")] if bar else []), plot],
        className="chart",
        role="figure",
        **aria(label=label),
    )


def _range_buttons() -> Component:
    return html.Div(
        [
            html.Button(
                text,
                type="button",
                **aria(pressed=aria_bool(name == "all")),
                **data(range=name),
            )
            for name, text in RANGES
        ],
        className="chart-ranges no-print",
        role="group",
        **aria(label="Range"),
    )
