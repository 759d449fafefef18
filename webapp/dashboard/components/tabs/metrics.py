"""All numbers with their meaning, beside the benchmark's, and the months."""

from dash import html
from dash.development.base_component import Component

from quant.risk.definitions import DEFINITIONS, Definition
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import panel
from webapp.dashboard.components.results import Metrics, benchmark_in_words, unit_word, written
from webapp.dashboard.components.tables import definition, monthly_heat_map
from webapp.dashboard.figures.palette import Theme
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES = ("monthly_returns",)

_GROUPS = {"return": "Return", "risk": "Risk", "benchmark": "Against the benchmark", "trading": "Trading"}


def content(view: AnalysisView, result: ResultView, _theme: Theme) -> Component:
    """Return the tab."""
    months = monthly_heat_map(result.frames["monthly_returns"])
    return html.Div(
        [
            panel("Monthly returns", months, note="Per cent, after costs; the first and last month may be parts."),
            html.Div(
                [_group(view, Metrics(result), group, title) for group, title in _GROUPS.items()], className="grid-2"
            ),
        ],
        className="stack",
    )


def _group(view: AnalysisView, metrics: Metrics, group: str, title: str) -> Component:
    """Return one group of metrics; without the benchmark's column where none has a meaning for it."""
    shown = [each for each in DEFINITIONS.values() if each.group == group]
    compares = any(metrics.benchmark(each.name) is not None for each in shown)
    names = ["Strategy", *(["Benchmark"] if compares else [])]
    heads = [
        html.Th("A name opens its meaning", scope="col"),
        *[html.Th(name, scope="col", className="number") for name in names],
    ]
    rows = [_row(each, metrics, compares=compares) for each in shown]
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="data-table")
    scrolling = html.Div(table, className="table-scroll", tabIndex="0", role="region", **aria(label=title))
    note = f"benchmark: {benchmark_in_words(view)}" if compares else "out of sample, after costs"
    return panel(title, scrolling, note=note, flush=True)


def _row(each: Definition, metrics: Metrics, *, compares: bool) -> Component:
    word = unit_word(each)
    name = f"{each.title}, {word}" if word and word not in each.title else each.title
    opened = definition(name, summary=each.definition, formula=each.formula, source=each.source)
    values = [metrics.value(each.name), *([metrics.benchmark(each.name)] if compares else [])]
    return html.Tr(
        [html.Th(opened, scope="row"), *[html.Td(written(value, each.unit), className="number") for value in values]]
    )
