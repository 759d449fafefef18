"""A study's members held together: sentences, curves, shares over time, measures, and who was left out."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from dash import dcc, html
from dash.development.base_component import Component

from quant.portfolio.catalog import ALLOCATIONS, BooksSpec
from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.figures.books import stacked_shares
from webapp.dashboard.figures.comparison import compared_curves
from webapp.dashboard.figures.palette import Theme
from webapp.services import study_portfolios
from webapp.services.study_portfolios import LeftOut, StudyPortfolio

if TYPE_CHECKING:
    from quant.risk.resampling import Interval

DEFAULTS = BooksSpec()
METHODS: dict[str, str] = {str(entry.model_fields["name"].default): entry.title for entry in ALLOCATIONS}
WINDOWS: dict[int, str] = {n: f"Look back {n} bars" for n in (63, 126, 252, 504)}
STEPS: dict[int, str] = {n: f"Divide again every {n} bars" for n in (5, 21, 63, 126, 252)}
COSTS: dict[int, str] = {n: f"Moving costs {n} bps" for n in (0, 2, 5, 10, 25, 50)}

_FEW = 4  # left out for one reason, and named each
_NAME = "name-cell"  # on phones, where the numbers beside it scroll, not a line for each word


def portfolio(found: StudyPortfolio, theme: Theme) -> list[Component]:
    """Return what members are worth together."""
    titles = {each.id: each.title for each in found.members}
    curves = found.combined.curves
    names = ["Together", "Equal shares", *(titles[id_] for id_ in curves.columns[2:])]
    parts: list[Component] = [
        html.Ul([html.Li(text) for text in study_portfolios.in_words(found)], className="mb-0 ps-3"),
        html.H3("Wealth from 1, after costs", className="small-title"),
        chart("study-together", compared_curves(curves, names, theme=theme), label="Wealth of the members together"),
    ]
    if len(found.members) > 1:
        shares = found.combined.books.shares[list(titles)]
        drawn = stacked_shares(shares, list(titles.values()), theme=theme)
        parts += [
            html.H3("Shares over time", className="small-title"),
            chart("study-shares", drawn, label="Share of each member over time"),
        ]
    parts += [_measures(found, titles), _members(found)]
    if found.left_out:
        parts.append(_left_out(found.left_out))
    return parts


def _measures(found: StudyPortfolio, titles: Mapping[str, str]) -> Component:
    words: dict[str, Component | str] = {"together": "Together", "equal": "Equal shares"}
    words |= {id_: dcc.Link(title, href=paths.analysis(id_), className=_NAME) for id_, title in titles.items()}
    columns = [
        Column("", is_number=False),
        Column("Sharpe ratio", help_text="A year, of returns above the risk-free rate"),
        Column("95 % interval", help_text="Of 500 curves of the same returns in blocks in another order"),
        Column("Return a year"),
        Column("Volatility"),
        Column("Deepest drawdown"),
        Column("95 % interval", help_text="Of the same curves"),
        Column("Turnover a year", help_text="How often all capital was moved between members"),
    ]
    rows: list[list[Component | str]] = []
    for name, measured in found.combined.measures.items():
        luck = measured.luck
        ratio = "" if luck is None else _span(luck.sharpe_ratio, formats.ratio)
        depth = "" if luck is None else _span(luck.max_drawdown, partial(formats.percent, digits=0))
        rows.append(
            [
                words[name],
                formats.ratio(measured.sharpe_ratio),
                ratio,
                formats.percent(measured.annual_return),
                formats.percent(measured.volatility),
                formats.percent(measured.max_drawdown),
                depth,
                formats.number(measured.turnover, 1) if name in {"together", "equal"} else "",
            ]
        )
    return data_table(columns, rows, caption="What each came to on these bars, after costs")


def _span(interval: "Interval", written: Callable[[float], str]) -> Component:
    return html.Span(f"{written(interval.lower)} to {written(interval.upper)}", className="text-nowrap")


def _members(found: StudyPortfolio) -> Component:
    columns = [
        Column("Member", is_number=False),
        Column("Validation score", help_text="Mean over the purged folds of its training span"),
        Column("Its own bars", is_number=False),
        Column("Share, mean"),
        Column("Share, latest"),
    ]
    rows: list[list[Component | str]] = [
        [
            html.Span(each.title, className=_NAME),
            formats.number(each.score, 3),
            html.Span(
                f"{formats.date(each.first_at.date())} to {formats.date(each.last_at.date())}", className="text-nowrap"
            ),
            formats.percent(each.mean_share, 0),
            formats.percent(each.latest_share, 0),
        ]
        for each in found.members
    ]
    return data_table(columns, rows, caption="Held: best on validation, or named by you")


def _left_out(left_out: tuple[LeftOut, ...]) -> Component:
    reasons: dict[str, list[str]] = {}
    for each in left_out:
        reasons.setdefault(each.why, []).append(each.title)
    lines: list[Any] = []
    for why, titles in reasons.items():
        more = f" and {len(titles) - _FEW} more" if len(titles) > _FEW else ""
        lines.append(html.Li([html.B(f"{', '.join(titles[:_FEW])}{more}: "), why]))
    title = f"Left out: {formats.plural(len(left_out), 'member')}"
    return html.Details([html.Summary(title), html.Ul(lines, className="small")], className="fold mt-2")
