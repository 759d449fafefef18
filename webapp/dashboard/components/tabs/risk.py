"""What could be lost: value at risk, drawdowns, stress, luck, rolling measures, exposure."""

import pandas as pd
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components import uncertain
from webapp.dashboard.components.cards import empty_state, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.results import Metrics
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.figures.palette import Theme
from webapp.dashboard.figures.performance import exposure, rolling_measure
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES = ("equity", "drawdowns", "rolling", "stress", "correlations", "division")

# Column of the frame, title, whether it is a fraction, level to compare with.
_ROLLING = (
    ("sharpe_ratio", "Rolling Sharpe ratio", False, 0.0),
    ("annualised_volatility", "Rolling volatility", True, None),
    ("beta", "Rolling beta", False, 1.0),
)


def content(view: AnalysisView, result: ResultView, theme: Theme) -> Component:
    """Return the tab."""
    risk = view.spec["risk"]
    return html.Div(
        [
            html.Div(_cards(Metrics(result), risk["confidence"]), className="metric-row"),
            panel(
                "Deepest drawdowns",
                drawdown_table(result.frames["drawdowns"]),
                note="From a peak of the equity curve to its recovery, after costs.",
                flush=True,
            ),
            *uncertain.panels(result),
            html.Div(_rolling(result, risk["rolling_window"], theme), className="grid-2"),
        ],
        className="stack",
    )


def drawdown_table(drawdowns: pd.DataFrame) -> Component:
    """Return the drawdowns, deepest first."""
    if drawdowns.empty:
        return empty_state("graph-up-arrow", "The equity curve never fell below an earlier peak.", small=True)
    columns = [
        Column("Depth"),
        Column("Peak", is_number=False),
        Column("Deepest", is_number=False),
        Column("Recovered", is_number=False),
        Column("Bars"),
        Column("Days"),
    ]
    rows: list[list[Component | str]] = [
        [
            html.Span(formats.percent(each["depth"]), className="is-loss"),
            _date(each["peak_at"]),
            _date(each["valley_at"]),
            "not yet" if pd.isna(each["recovery_at"]) else _date(each["recovery_at"]),
            formats.count(each["n_bars"]),
            formats.count(each["n_days"]),
        ]
        for each in drawdowns.to_dict("records")
    ]
    return data_table(columns, rows)


def _date(moment: pd.Timestamp) -> Component:
    """Return a date that is not broken at its hyphens where the table is narrow."""
    return html.Span(formats.date(moment), className="text-nowrap")


def _cards(metrics: Metrics, confidence: float) -> list[Component]:
    level = f"{confidence * 100:g}{formats.NO_BREAK}%"
    return [
        metrics.card("value_at_risk", label=f"Value at risk, a bar, {level}"),
        metrics.card("expected_shortfall", label=f"Expected shortfall, {level}"),
        metrics.card("max_drawdown"),
        metrics.card("longest_drawdown_days"),
        metrics.card("annualised_volatility"),
        metrics.card("beta"),
    ]


def _rolling(result: ResultView, window: int, theme: Theme) -> list[Component]:
    frame = result.frames["rolling"]
    panels = [
        panel(
            title,
            chart(
                f"analysis-rolling-{column.replace('_', '-')}",
                rolling_measure(frame, column, theme=theme, name=title, percent=percent, reference=reference),
                label=f"{title} over {window} bars",
            ),
            note=f"over {formats.plural(window, 'bar')}",
        )
        for column, title, percent, reference in _ROLLING
        if column in frame and frame[column].notna().any()
    ]
    invested = chart(
        "analysis-exposure", exposure(result.frames["equity"], theme=theme), label="Exposure after each close"
    )
    return [*panels, panel("Exposure", invested, note="share of equity at risk, shorts counted as positive")]
