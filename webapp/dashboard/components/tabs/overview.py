"""The first tab: the verdict in words, the few numbers that matter, wealth against the benchmark."""

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import icon, metric_card, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.latest import latest_prediction
from webapp.dashboard.components.results import (
    Metrics,
    bars_in_words,
    benchmark_in_words,
    benchmark_name,
    is_of_rule,
)
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.figures.palette import Theme
from webapp.dashboard.figures.performance import equity_curve
from webapp.reports.words import SCENARIOS
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES = ("equity", "fold_scores")

_TONES = {
    "promising": ("good", "check-circle"),
    "behind_benchmark": ("doubt", "exclamation-circle"),
    "luck": ("doubt", "question-circle"),
    "no_trades": ("doubt", "dash-circle"),
    "not_credible": ("bad", "exclamation-triangle"),
}


def content(view: AnalysisView, result: ResultView, theme: Theme) -> Component:
    """Return the tab."""
    return html.Div(
        [
            verdict(result),
            html.Div(_cards(result), className="metric-row"),
            _curve(view, result, theme),
            *([bracket(result)] if "brackets" in result.facts else []),  # older answers have none
            *([latest_prediction(view, result)] if "latest" in result.facts else []),  # older answers have none
        ],
        className="stack",
    )


def verdict(result: ResultView) -> Component:
    """Return the verdict in words, with an icon that says how good it is."""
    facts = result.facts["verdict"]
    tone, icon_name = _TONES.get(facts["level"], ("doubt", "question-circle"))
    return html.Div(
        [
            html.Div(icon(icon_name), className="verdict-icon"),
            html.Div(html.Div(formats.sentence(facts["text"]), className="verdict-words")),
        ],
        className=f"verdict verdict-{tone}",
    )


def bracket(result: ResultView) -> Component:
    """Return how much of the answer hangs on costs and on the price within a bar, in words and numbers."""
    found = result.facts["brackets"]
    columns = [
        Column("Same decisions", is_number=False),
        Column("Wealth at the end"),
        Column("Total return"),
        Column("Sharpe ratio"),
        Column("Trades"),
    ]
    rows: list[list[Component | str]] = [
        [
            SCENARIOS[each["name"]],
            formats.money(each["final_equity"]),
            formats.percent(each["total_return"], signed=True),
            formats.ratio(each["sharpe_ratio"]),
            formats.count(each["n_trades"]),
        ]
        for each in found["scenarios"]
    ]
    words = html.P([formats.sentence(found["costs_in_words"]), " ", formats.sentence(found["fills_in_words"])])
    return panel("Cost bracket", words, data_table(columns, rows), note="one side of a trade, in basis points")


def _cards(result: ResultView) -> list[Component]:
    metrics = Metrics(result)
    luck = result.facts["honesty"]["luck"]
    deflated = metric_card(
        "Deflated Sharpe",
        formats.p_value(luck["deflated_sharpe_ratio"]),
        aside=f"after {formats.plural(luck['n_trials'], 'trial')}; 0.95 convinces",
        help_text="Probability that the true Sharpe ratio is above what the best of so many trials reaches by luck.",
        is_main=True,
    )
    return [
        deflated,
        metrics.card("sharpe_ratio"),
        metrics.card("total_return"),
        metrics.card("compound_annual_growth_rate", label="Growth a year"),
        metrics.card("annualised_volatility", label="Volatility a year"),
        metrics.card("max_drawdown"),
    ]


def _curve(view: AnalysisView, result: ResultView, theme: Theme) -> Component:
    equity, folds = result.frames["equity"], result.frames["fold_scores"]
    benchmark = benchmark_name(view)
    first, last = formats.date(equity.index[0]), formats.date(equity.index[-1])
    span = "out of sample, after costs. Ticks between the panels: a new model, trained on the past."
    if is_of_rule(result) and (result.facts.get("sweep") or {}).get("held_out"):
        span = "bars that the choice of the combination did not see, after costs."
    elif is_of_rule(result):
        span = "the whole range, after costs: a rule learns nothing, so no bars were kept from it."
    note = f"{bars_in_words(result)}{first} to {last}, {span}"
    figure = equity_curve(equity, list(folds["test_start"]), theme=theme, benchmark=benchmark)
    label = f"Wealth of the strategy and of {benchmark_in_words(view)} from {first} to {last}, with drawdowns below"
    return panel("Wealth and drawdown", chart("analysis-equity", figure, label=label, ranges=True), note=note)
