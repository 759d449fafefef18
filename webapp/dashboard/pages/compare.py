"""Two or more finished analyses side by side; everything is drawn from the address."""

import json
import math
from string import ascii_uppercase
from typing import Any

import dash
from dash import Dash, dcc, html
from dash.development.base_component import Component

from quant.risk.definitions import DEFINITIONS
from webapp.auth.session import current_actor, parts, read
from webapp.dashboard import formats, paths
from webapp.dashboard.components.cards import check_line, empty_state, icon, panel
from webapp.dashboard.components.charts import chart, current_theme
from webapp.dashboard.components.form.sections import path_in_words, value_in_words
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.results import unit_word, written
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.figures.comparison import compared_curves
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.services import comparison
from webapp.services.analyses import AnalysisSummary
from webapp.services.comparison import FEWEST, MOST, Cause, Comparison, MetricLine, Pair

PATH = paths.COMPARE
TITLE = "Compare · Assay"

_LIKELY_LUCK = 0.05
_LONGEST_VALUE = 60
_CAUSES = {
    "parameters": "Parameters",
    "data": "Prices",
    "seed": "Seed",
    "library": "Libraries",
    "code": "Program",
}


def layout(ids: str = "", **_query: str) -> Component:
    """Return the comparison of the analyses in the address, or what is missing for one."""
    wanted = [each for each in str(ids).split(",") if each]
    if not all(paths.is_public_id(each) for each in wanted):
        return not_found()
    try:
        with read() as session:
            found = comparison.compare(session, parts().store, current_actor(), wanted)
    except NotFound:
        return not_found()
    except InvalidInput:
        return _nothing(f"Pick {FEWEST} to {MOST} different analyses in the list, then choose Compare.")
    except Conflict as error:
        return _nothing(str(error))
    return html.Div(
        [
            html.Div(
                [html.Div(html.H1(f"Compare {len(found.analyses)} analyses"), className="page-header-main")],
                className="page-header",
            ),
            html.Div(
                [_legend(found), _curves(found), _tests(found), _parameters(found), _metrics(found), _causes(found)],
                className="stack",
            ),
        ]
    )


def register(_app: Dash) -> None:
    """Register the page; it has nothing to wire."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here


def _nothing(sentence: str) -> Component:
    back = dcc.Link("To the analyses", href=paths.analyses(), className="btn btn-primary")
    title = html.Div(html.Div(html.H1("Compare"), className="page-header-main"), className="page-header")
    return html.Div([title, html.Section(empty_state("layout-split", sentence, back), className="panel")])


def _legend(found: Comparison) -> Component:
    rows: list[list[Component | str]] = [
        [
            _letter(place),
            dcc.Link(each.title, href=paths.analysis(each.id)),
            _whose(each),
            formats.sentence(each.verdict or ""),
        ]
        for place, each in enumerate(found.analyses)
    ]
    columns = [Column(title, is_number=False) for title in ("Letter", "Analysis", "Instruments", "Verdict")]
    return panel("What is compared", data_table(columns, rows), flush=True)


def _whose(each: AnalysisSummary) -> str:
    symbols = ", ".join(each.symbols)
    return symbols if each.is_own else f"{symbols}; shared by {each.owner}"


def _curves(found: Comparison) -> Component:
    n_bars = len(found.curves)
    if n_bars < 2:  # noqa: PLR2004  # a curve has two ends
        sentence = "These analyses have no bars in common, so their curves cannot be laid over one another."
        return panel("Equity from the same start", empty_state("graph-up", sentence, small=True))
    names = [f"{_letter(place)} {each.title}" for place, each in enumerate(found.analyses)]
    first, last = (formats.date(each.date()) for each in (found.curves.index[0], found.curves.index[-1]))
    figure = compared_curves(found.curves, names, theme=current_theme())
    return panel(
        "Equity from the same start",
        chart("compare-chart", figure, label=f"Wealth of {', '.join(names)}, from 1", ranges=True),
        note=f"{formats.plural(n_bars, 'common bar')}, {first} to {last}; wealth from 1 at the first, after costs",
    )


def _tests(found: Comparison) -> Component:
    columns = [
        Column("Pair", is_number=False),
        Column("In words", is_number=False),
        Column("Sharpe ratio"),
        Column("of A"),
        Column("Difference"),
        Column("95 % interval"),
        Column("p-value"),
    ]
    rows = [
        [
            f"{_letter(place)} against A",
            _in_words(pair),
            formats.ratio(_known(pair.test.first)),
            formats.ratio(_known(pair.test.second)),
            formats.ratio(_known(pair.test.difference)),
            _interval(pair),
            formats.p_value(_known(pair.test.p_value)),
        ]
        for place, pair in enumerate(found.pairs, start=1)
    ]
    note = "Paired test of Ledoit and Wolf (2008) on the common bars; with many pairs, some look different by luck."
    return panel("Is the difference real?", data_table(columns, rows), note=note, flush=True)


def _interval(pair: Pair) -> str:
    if math.isnan(pair.test.lower):
        return formats.UNKNOWN
    return f"{formats.ratio(pair.test.lower)} to {formats.ratio(pair.test.upper)}"


def _in_words(pair: Pair) -> str:
    if pair.is_same_answer:
        return "The same answer, to the last bit."
    if math.isnan(pair.test.p_value):
        return f"Cannot be told from {formats.plural(pair.test.n_returns, 'common bar')}."
    if pair.test.p_value >= _LIKELY_LUCK:
        return "Not distinguishable: chance alone makes a difference of this size easily."
    return f"{'Better' if pair.test.difference > 0 else 'Worse'} than A by more than chance usually makes."


def _parameters(found: Comparison) -> Component:
    if not found.parameters:
        return panel("Differing parameters", html.P("None: all were asked the same question.", className="muted"))
    columns = [Column("Parameter", is_number=False), *_columns(found, is_number=False)]
    rows: list[list[Component | str]] = [
        [
            html.Span(path_in_words(each.path), title=each.path),
            *[_value(value, each.path) for value in each.by_analysis],
        ]
        for each in found.parameters
    ]
    return panel(
        "Differing parameters",
        data_table(columns, rows),
        note="all others are equal",
        flush=True,
    )


def _metrics(found: Comparison) -> Component:
    columns = [Column("Metric", is_number=False), *_columns(found, is_number=True)]
    rows = [_metric(line) for line in found.metrics]
    note = "Each over its own whole out-of-sample span, after costs; the best is marked."
    return panel("Metrics", data_table(columns, rows), note=note, flush=True)


def _metric(line: MetricLine) -> list[Component | str]:
    definition = DEFINITIONS[line.name]
    word = unit_word(definition)
    title = f"{definition.title}, {word}" if word and word not in definition.title else definition.title
    cells: list[Component | str] = [html.Span(title, title=definition.definition)]
    for place, value in enumerate(line.by_analysis):
        text = written(value, definition.unit)
        is_best = place in line.best
        cells.append(html.Strong([icon("trophy", label="best"), f" {text}"]) if is_best else text)
    return cells


def _causes(found: Comparison) -> Component:
    blocks = [
        html.Div(
            [
                html.H3(f"{_letter(place)} against A"),
                html.Ul([_cause(cause) for cause in pair.causes], className="check-list"),
            ]
        )
        for place, pair in enumerate(found.pairs, start=1)
    ]
    return panel(
        "Why did my number change?", html.Div(blocks, className="grid-3"), note="what differs from A, and what not"
    )


def _cause(cause: Cause) -> Component:
    name = _CAUSES[cause.kind]
    if cause.differs is None:
        return check_line(None, f"{name}: cannot be told while something else differs")
    if not cause.differs:
        return check_line(True, f"{name}: the same")
    details = [path_in_words(each) if cause.kind == "parameters" else each for each in cause.details]
    shown = ", ".join(details[:6]) + (f" and {len(cause.details) - 6} more" if len(cause.details) > 6 else "")  # noqa: PLR2004
    words = f"{name}: not the same" + (f" ({shown})" if shown else "; all else being equal, the program has changed")
    return check_line(False, words)


def _columns(found: Comparison, *, is_number: bool) -> list[Column]:
    return [Column(_letter(place), is_number, each.title) for place, each in enumerate(found.analyses)]


def _letter(place: int) -> str:
    return ascii_uppercase[place]


def _value(value: Any, path: str) -> Component:
    if value is None:
        return html.Span(formats.UNKNOWN, className="muted")
    if (words := value_in_words(path, value)) is not None:
        return html.Span(words)
    text = value if isinstance(value, str) else json.dumps(value)
    shown = text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
    return html.Span(shown, className="mono", title=text if shown != text else None)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
