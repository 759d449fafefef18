"""The chart of the Dashboard, with the newest close above it."""

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import icon, skeleton
from webapp.dashboard.components.charts import CONFIG
from webapp.dashboard.components.dashboard.sidebar import RANGES
from webapp.dashboard.figures.palette import Figure
from webapp.services.charts import ChartView


def price_card(view: ChartView, figure: Figure, *, range_: str) -> Component:
    """Return the card; chart and heading are changed in place later on."""
    ranges = [{"label": word, "value": name} for name, word in RANGES.items()]
    pixels = {"height": f"{figure['layout']['height']}px"}
    graph = dcc.Graph(id="dashboard-chart", figure=figure, config=CONFIG, style={"height": "100%"}, responsive=True)  # type: ignore[arg-type]  # a plain dict is one
    return html.Section(
        [
            html.Div(
                [
                    html.Div(heading(view), id="dashboard-heading", className="quote"),
                    html.Button(
                        [icon("sliders"), "Settings"],
                        type="button",
                        className="btn btn-secondary btn-sm d-lg-none no-print",
                        **aria(controls="dashboard-side", expanded="false"),
                        **data(drawer_open="dashboard-side"),
                    ),
                    html.Div(
                        dbc.RadioItems(
                            id="dashboard-range", options=ranges, value=range_, className="segments", inline=True
                        ),
                        role="group",
                        className="no-print",
                        **aria(label="Range"),
                    ),
                ],
                className="quote-bar",
            ),
            html.Div(
                [
                    html.Div(html.Div(className="chart-readout", **aria(hidden="true")), className="chart-bar"),
                    html.Div(
                        [skeleton(figure["layout"]["height"]), graph],
                        className="chart-plot",
                        id="dashboard-plot",
                        style=pixels,
                    ),
                ],
                className="chart",
                role="figure",
                **aria(label="Price, volume and indicators"),
            ),
        ],
        className="panel",
    )


def heading(view: ChartView) -> list[Component]:
    """Return what it is, its newest close, and how that changed."""
    quote, instrument = view.quote, view.instrument
    digits = 2 if quote.close >= 1 else 4
    change = formats.percent(quote.change, 2, signed=True)
    tone = formats.sign_class(quote.change)
    return [
        html.H1([instrument.symbol, html.Span(instrument.name, className="quote-name")], title=instrument.name),
        html.Div(
            [
                html.Span(formats.number(quote.close, digits), className="quote-close tabular"),
                html.Span(instrument.currency, className="muted small"),
                html.Span(change, className=f"tabular {tone}".strip(), title="Change since the close before"),
                html.Span(f"close of {quote.session}", className="muted small tabular"),
            ],
            className="quote-line",
        ),
    ]
