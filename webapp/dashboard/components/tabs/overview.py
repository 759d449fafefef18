"""The first tab: the verdict in words, the few numbers that matter, wealth against the benchmark."""

from dash import html
from dash.development.base_component import Component

from webapp.dashboard import formats
from webapp.dashboard.components.cards import icon, metric_card, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.results import Metrics, benchmark_in_words, benchmark_name
from webapp.dashboard.figures.palette import Theme
from webapp.dashboard.figures.performance import equity_curve
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
        [verdict(result), html.Div(_cards(result), className="metric-row"), _curve(view, result, theme)],
        className="stack",
    )


def verdict(result: ResultView) -> Component:
    """Return the verdict in words, with an icon that says how good it is."""
    facts = result.facts["verdict"]
    tone, icon_name = _TONES.get(facts["level"], ("doubt", "question-circle"))
    return html.Div(
        [
            html.Div(icon(icon_name), className="verdict-icon"),
            html.Div(html.Div(facts["text"], className="verdict-words")),
        ],
        className=f"verdict verdict-{tone}",
    )


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
    note = f"{first} to {last}, out of sample, after costs. Ticks between the panels: a new model, trained on the past."
    figure = equity_curve(equity, list(folds["test_start"]), theme=theme, benchmark=benchmark)
    label = f"Wealth of the strategy and of {benchmark_in_words(view)} from {first} to {last}, with drawdowns below"
    return panel("Wealth and drawdown", chart("analysis-equity", figure, label=label, ranges=True), note=note)
