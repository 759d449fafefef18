"""How far a prediction may be off: intervals of outcomes that were known, predicted quantiles, and what they held."""

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import empty_state, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.tables import Cell, Column, data_table
from webapp.dashboard.figures import model as figures
from webapp.dashboard.figures.palette import Theme
from webapp.reports.words import conformal_in_words, intervals_in_words, quantiles_in_words
from webapp.services.results import ResultView

FRAMES = ("coverage", "quantile_coverage")


def bands(result: ResultView, theme: Theme) -> list[Component]:
    """Return the panel of the intervals, and beside it that of the quantiles, if the model predicts any."""
    if "quantiles" not in result.facts:
        return [_intervals(result, theme)]
    return [html.Div([_intervals(result, theme), _quantiles(result, theme)], className="grid-2")]


def _intervals(result: ResultView, theme: Theme) -> Component:
    """Return how often outcomes lay inside their intervals."""
    facts = result.facts.get("intervals")
    title = "Prediction intervals"
    if facts is None:
        return panel(
            title, empty_state("arrows-expand", "This answer is older than intervals: run it again.", small=True)
        )
    if facts["covered"] is None:
        sentence = "Too few outcomes were known to make an interval of; a longer traded span has some."
        return panel(title, empty_state("arrows-expand", sentence, small=True))
    parts: list[Component] = [html.P(intervals_in_words(facts), className="small")]
    if result.frames["coverage"]["covered"].notna().any():
        figure = figures.coverage(result.frames["coverage"], level=facts["level"], theme=theme)
        parts.append(chart("analysis-coverage", figure, label="Share of outcomes inside their interval over time"))
    note = f"share inside, of the latest {facts['window']} outcomes; dotted: what was asked for"
    return panel(title, *parts, note=note)


def _quantiles(result: ResultView, theme: Theme) -> Component:
    """Return how often outcomes lay between predicted quantiles, and below each."""
    facts, title = result.facts["quantiles"], "Quantile bands"
    if facts["bands"][-1]["covered"] is None:
        return panel(title, empty_state("arrows-expand", "No outcome is known yet.", small=True))
    conformal = conformal_in_words(facts)
    parts: list[Component] = [
        html.P(each, className="small") for each in (quantiles_in_words(facts), conformal) if each is not None
    ]
    rolling = result.frames["quantile_coverage"]
    levels = {f"covered_{each['level'] * 100:.0f}": each["level"] for each in facts["bands"]}
    if rolling[list(levels)].notna().all(axis="columns").any():
        figure = figures.quantile_coverage(rolling, levels=levels, theme=theme)
        parts.append(chart("analysis-quantiles", figure, label="Share of outcomes inside their bands over time"))
    columns = [Column("Outcomes below the quantile of", is_number=False), Column("Should be"), Column("Were")]
    rows: list[list[Cell]] = [
        [formats.percent(each["quantile"], 0), formats.percent(each["quantile"]), formats.percent(each["below"])]
        for each in facts["quantiles"]
    ]
    note = f"share inside, of the latest {facts['window']} outcomes; dotted: what was asked for"
    return panel(title, *parts, data_table(columns, rows), note=note)
