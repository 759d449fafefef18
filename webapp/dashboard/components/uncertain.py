"""How bad it was at its worst, what luck could have made of it, and what that says about the size of positions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import empty_state, panel
from webapp.dashboard.components.tables import Cell, Column, data_table
from webapp.services.results import ResultView

_METHODS = {
    "block_bootstrap": "Blocks in another order",
    "normal": "Normal returns",
}
_MOST_INSTRUMENTS = 12  # in the matrix of correlations; more are in its export


def panels(result: ResultView) -> list[Component]:
    """Return the panels; of an answer from before these were kept, none."""
    found = []
    if "stress" in result.frames:
        found.append(stress_panel(result.frames["stress"]))
    if "risk" in result.facts:
        found.append(
            html.Div([_luck_panel(result.facts["risk"]), _size_panel(result.facts["risk"])], className="grid-2")
        )
    if "factors" in result.facts:
        symbols = [instrument["symbol"] for instrument in result.facts["data"]["instruments"]]
        found.append(_factor_panel(result.facts["factors"], symbols))
    if "correlations" in result.frames:
        symbols = [instrument["symbol"] for instrument in result.facts["data"]["instruments"]]
        found.append(_correlation_panel(result.frames["correlations"], symbols))
    if "division" in result.frames:
        symbols = [instrument["symbol"] for instrument in result.facts["data"]["instruments"]]
        found.append(_division_panel(result.frames["division"], symbols))
    return found


def stress_panel(stress: pd.DataFrame) -> Component:
    """Return the worst windows of the curve, and the named ones that it lived through."""
    title, note = "Stress", "The worst spells of the curve, and falls of the American market that it covers."
    if stress.empty:
        return panel(title, empty_state("graph-up-arrow", "The curve is shorter than a week.", small=True))
    columns = [
        Column("Window", is_number=False),
        Column("Strategy"),
        Column("Benchmark"),
        Column("From", is_number=False),
        Column("To", is_number=False),
        Column("Bars"),
    ]
    rows: list[list[Cell]] = [
        [
            each["name"],
            html.Span(formats.percent(each["return"], signed=True), className=formats.sign_class(each["return"])),
            formats.percent(_known(each["benchmark_return"]), signed=True),
            html.Span(formats.date(each["start_at"]), className="text-nowrap"),
            html.Span(formats.date(each["end_at"]), className="text-nowrap"),
            formats.count(each["n_bars"]),
        ]
        for each in stress.to_dict("records")
    ]
    return panel(title, data_table(columns, rows), note=note, flush=True)


def _luck_panel(risk: Mapping[str, Any]) -> Component:
    """Return where Sharpe ratio and drawdown lie in most of the curves that are as likely."""
    title = "Room for luck"
    if not risk["luck"]:
        sentence = "The curve has fewer than 20 returns, or never moved: there is nothing to draw from."
        return panel(title, empty_state("dice-5", sentence, small=True))
    columns = [Column("Curves", is_number=False), Column("Sharpe ratio"), Column("Deepest drawdown")]
    first = risk["luck"][0]
    rows: list[list[Cell]] = [
        [
            "As it came",
            formats.ratio(first["sharpe_ratio"]["value"]),
            formats.percent(first["max_drawdown"]["value"]),
        ]
    ]
    rows += [
        [_METHODS[each["method"]], _span(each["sharpe_ratio"]), _depths(each["max_drawdown"])] for each in risk["luck"]
    ]
    body = [html.P(first["in_words"]), data_table(columns, rows)]
    note = f"{first['confidence']:.0%} of {first['n_curves']} curves each; how many strategies were tried is not in it."
    return panel(title, html.Div(body), note=note)


def _size_panel(risk: Mapping[str, Any]) -> Component:
    """Return what trades and volatility say about the size of a position, in words."""
    sentences = [risk[name]["in_words"] for name in ("bet", "volatility") if risk[name] is not None]
    if risk["bet"] is None:
        sentences.insert(
            0, "There are fewer than 10 closed trades: they say nothing about how much to stake on the next."
        )
    note = "Past trades and volatility, taken for those to come. No advice to invest."
    return panel("Size of a position", html.Div([html.P(each) for each in sentences]), note=note)


def _factor_panel(factors: Mapping[str, Any], symbols: list[str]) -> Component:
    """Return what moves the curve, among the instruments themselves."""
    title = "Betas of the instruments"
    sentence = html.P(factors["in_words"])
    if not factors["betas"]:
        return panel(title, sentence)
    columns = [Column("Instrument", is_number=False), Column("Beta"), Column("Standard error"), Column("t")]
    rows: list[list[Cell]] = [
        [
            symbols[each["instrument"]],
            formats.ratio(each["beta"]),
            formats.ratio(each["error"]),
            formats.ratio(each["t_value"]),
        ]
        for each in factors["betas"]
    ]
    note = (
        f"Of the curve's excess returns on theirs, all at once, over {formats.plural(factors['n_bars'], 'bar')}; "
        "errors that allow for spells of wild bars (Newey and West)."
    )
    return panel(title, html.Div([sentence, data_table(columns, rows)]), note=note)


def _correlation_panel(pairs: pd.DataFrame, symbols: list[str]) -> Component:
    """Return how closely the instruments move together."""
    shown = range(min(len(symbols), _MOST_INSTRUMENTS))
    known = {
        frozenset((each["instrument"], each["other"])): _known(each["correlation"]) for each in pairs.to_dict("records")
    }
    rows: list[list[Cell]] = [
        [symbols[i], *["1" if i == j else formats.ratio(known.get(frozenset((i, j)))) for j in shown]] for i in shown
    ]
    columns = [Column("Instrument", is_number=False), *[Column(symbols[i]) for i in shown]]
    note = "Of the returns of adjusted closes in the traded span."
    if len(symbols) > _MOST_INSTRUMENTS:
        note += f" The first {_MOST_INSTRUMENTS} of {len(symbols)}; all are in the export."
    return panel("Correlation of instruments", data_table(columns, rows), note=note, flush=True)


def _division_panel(division: pd.DataFrame, symbols: list[str]) -> Component:
    """Return how the book was divided among the instruments."""
    columns = [
        Column("Instrument", is_number=False),
        Column("Latest share"),
        Column("Mean"),
        Column("Least"),
        Column("Most"),
    ]
    rows: list[list[Cell]] = [
        [symbols[each["instrument"]], *[formats.percent(each[name]) for name in ("latest", "mean", "least", "most")]]
        for each in division.to_dict("records")
    ]
    note = "Each instrument's share of the book, estimated from past returns only; what signals leave of it is traded."
    return panel("Division of the book", data_table(columns, rows), note=note, flush=True)


def _span(interval: Mapping[str, float]) -> str:
    return f"{formats.ratio(interval['lower'])} to {formats.ratio(interval['upper'])}"


def _depths(interval: Mapping[str, float]) -> str:
    return f"{formats.percent(interval['upper'])} to {formats.percent(interval['lower'])}"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
