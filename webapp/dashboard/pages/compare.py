"""Two or more finished analyses side by side; everything is drawn from the address."""

import json
import math
from string import ascii_uppercase
from typing import Any

import dash
from dash import Dash, dcc, html
from dash.development.base_component import Component

from quant.risk.definitions import DEFINITIONS
from webapp import formats
from webapp.auth.session import current_actor, parts, read
from webapp.dashboard import paths
from webapp.dashboard.components.cards import check_line, empty_state, icon, panel
from webapp.dashboard.components.charts import chart, current_theme
from webapp.dashboard.components.form.sections import path_in_words, value_in_words
from webapp.dashboard.components.grid import GridColumn, Kind, grid
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
_SPAN = "Each over its own whole out-of-sample span, after costs"
_FEW = 10  # of more, each has a row in one table of all that is told of it, not columns in several
_LONGEST_VALUE = 60
_GRID_KINDS: dict[str, Kind] = {
    "fraction": "percent",
    "ratio": "ratio",
    "money": "money",
    "count": "count",
    "days": "count",
}
_INTERVAL = "Basic interval of the paired block bootstrap"
_P_VALUE = "Of the paired block bootstrap, made larger for the number of pairs (Holm 1979)"
_ALONE = "p-value of their test of this pair alone (2008), without resamples"
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
            html.Div(_few(found) if len(found.analyses) <= _FEW else _many(found), className="stack"),
        ]
    )


def register(_app: Dash) -> None:
    """Register the page; it has nothing to wire."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here


def _nothing(sentence: str) -> Component:
    back = dcc.Link("To the analyses", href=paths.analyses(), className="btn btn-primary")
    title = html.Div(html.Div(html.H1("Compare"), className="page-header-main"), className="page-header")
    return html.Div([title, html.Section(empty_state("layout-split", sentence, back), className="panel")])


def _few(found: Comparison) -> list[Component]:
    return [_legend(found), _curves(found), _tests(found), _parameters(found), _metrics(found), _causes(found)]


def _many(found: Comparison) -> list[Component]:
    return [_curves(found), _each(found)]


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
    facts = [", ".join(each.symbols)]
    if not each.is_own:
        facts.append(f"shared by {each.owner}")
    if each.is_imported:
        facts.append("imported, computed elsewhere")
    return "; ".join(facts)


def _curves(found: Comparison) -> Component:
    n_bars = len(found.curves)
    if n_bars < 2:  # noqa: PLR2004  # a curve has two ends
        sentence = "These analyses have no bars in common, so their curves cannot be laid over one another."
        return panel("Equity from the same start", empty_state("graph-up", sentence, small=True))
    names = [f"{_letter(place)} {each.title}" for place, each in enumerate(found.analyses)]
    first, last = (formats.date(each.date()) for each in (found.curves.index[0], found.curves.index[-1]))
    figure = compared_curves(found.whole_curves, names, theme=current_theme())
    whose = ", ".join(names) if len(names) <= _FEW else f"{len(names)} analyses"
    return panel(
        "Equity from the same start",
        chart("compare-chart", figure, label=f"Wealth of {whose}, from 1", ranges=True),
        note=f"each on its own bars, after costs, and 1 at {first}, the first of {formats.plural(n_bars, 'common bar')}"
        f" (to {last})",
    )


def _tests(found: Comparison) -> Component:
    columns = [
        Column("Pair", is_number=False),
        Column("In words", is_number=False),
        Column("Sharpe ratio"),
        Column("of A"),
        Column("Difference"),
        Column("95 % interval", help_text=_INTERVAL),
        Column("p-value", help_text=_P_VALUE),
        Column("Ledoit and Wolf", help_text=_ALONE),
    ]
    rows = [
        [
            f"{_letter(place)} against A",
            _in_words(pair),
            formats.ratio(_known(pair.test.first)),
            formats.ratio(_known(pair.test.second)),
            formats.ratio(_known(pair.test.difference), signed=True),
            _interval(pair),
            formats.p_value(_known(pair.p_value)),
            formats.p_value(_known(pair.test.p_value)),
        ]
        for place, pair in enumerate(found.pairs, start=1)
    ]
    return panel("Is the difference real?", data_table(columns, rows), note=_resamples(found), flush=True)


def _resamples(found: Comparison) -> str:
    most = max(pair.resampled.n_resamples for pair in found.pairs)
    return f"paired block bootstrap, {formats.count(most)} resamples of the common bars" if most else ""


def _interval(pair: Pair) -> str:
    if math.isnan(pair.resampled.lower):
        return formats.UNKNOWN
    return f"{formats.ratio(pair.resampled.lower)} to {formats.ratio(pair.resampled.upper)}"


def _in_words(pair: Pair) -> str:
    if pair.is_same_answer:
        return "The same answer, to the last bit."
    if math.isnan(pair.p_value):
        return f"Cannot be told from {formats.plural(pair.test.n_returns, 'common bar')}."
    if pair.p_value >= _LIKELY_LUCK:
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
    note = f"{_SPAN}; the best is marked."
    columns = [Column("Metric", is_number=False), *_columns(found, is_number=True)]
    rows: list[list[Component | str]] = [
        [html.Span(_name(line), title=DEFINITIONS[line.name].definition), *_cells(line)] for line in found.metrics
    ]
    return panel("Metrics", data_table(columns, rows), note=note, flush=True)


def _each(found: Comparison) -> Component:
    """Return one table of many, with all that is told of each: of thousands of cells, those in view are drawn."""
    asked = [
        GridColumn(f"parameter{place}", path_in_words(each.path), help_text=each.path)
        for place, each in enumerate(found.parameters)
    ]
    metrics = [
        GridColumn(line.name, _name(line), _GRID_KINDS[DEFINITIONS[line.name].unit], DEFINITIONS[line.name].definition)
        for line in found.metrics
    ]
    columns = [
        GridColumn("title", "Analysis", "name"),
        GridColumn("whose", "Instruments"),
        GridColumn("verdict", "Verdict"),
        *asked,
        GridColumn("words", "Against A"),
        GridColumn("difference", "Sharpe ratio less A’s", "ratio", is_signed=True),
        GridColumn("interval", "95 % interval", help_text=_INTERVAL),
        GridColumn("p_value", "p-value", "p_value", _P_VALUE),
        GridColumn("alone", "p-value, Ledoit and Wolf", "p_value", _ALONE),
        *metrics,
        *[GridColumn(kind, name, help_text="Whether it is that of A") for kind, name in _CAUSES.items()],
    ]
    rows = [
        {
            "id": each.id,
            "href": paths.analysis(each.id),
            "title": f"{_letter(place)} {each.title}",
            "whose": _whose(each),
            "verdict": formats.sentence(each.verdict or ""),
            **{
                f"parameter{n}": _in_text(line.by_analysis[place], line.path) for n, line in enumerate(found.parameters)
            },
            **{line.name: line.by_analysis[place] for line in found.metrics},
            **(_against_first(found.pairs[place - 1]) if place else {}),
        }
        for place, each in enumerate(found.analyses)
    ]
    same = "" if found.parameters else "all were asked the same question"
    said = "; ".join(part for part in (_SPAN, _resamples(found), same) if part)
    note = f"{said}. A click on a heading sorts by it."
    return panel("Each of them", grid("compare-each", columns, rows, label="Each of them", empty=html.Div()), note=note)


def _against_first(pair: Pair) -> dict[str, Any]:
    return {
        "words": _in_words(pair),
        "difference": _known(pair.test.difference),
        "interval": _interval(pair),
        "p_value": _known(pair.p_value),
        "alone": _known(pair.test.p_value),
        **{cause.kind: _cause_in_short(cause) for cause in pair.causes},
    }


def _name(line: MetricLine) -> str:
    definition = DEFINITIONS[line.name]
    word = unit_word(definition)
    return f"{definition.title}, {word}" if word and word not in definition.title else definition.title


def _cells(line: MetricLine) -> list[Component | str]:
    unit = DEFINITIONS[line.name].unit
    return [
        html.Strong([icon("trophy", label="best"), f" {written(value, unit)}"])
        if place in line.best
        else written(value, unit)
        for place, value in enumerate(line.by_analysis)
    ]


def _causes(found: Comparison) -> Component:
    title, note = "Why did my number change?", "what differs from A, and what not"
    blocks = [
        html.Div(
            [
                html.H3(f"{_letter(place)} against A"),
                html.Ul([_cause(cause) for cause in pair.causes], className="check-list"),
            ]
        )
        for place, pair in enumerate(found.pairs, start=1)
    ]
    return panel(title, html.Div(blocks, className="grid-3"), note=note)


def _cause_in_short(cause: Cause) -> str:
    if cause.differs is None:
        return "cannot be told"
    return "differs" if cause.differs else "the same"


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
    """Return A to Z, then AA, AB and so on."""
    before, last = divmod(place, len(ascii_uppercase))
    return (_letter(before - 1) if before else "") + ascii_uppercase[last]


def _value(value: Any, path: str) -> Component:
    if value is None:
        return html.Span(formats.UNKNOWN, className="muted")
    text = _in_text(value, path)
    if value == [] or value_in_words(path, value) is not None:
        return html.Span(text)
    shown = text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
    return html.Span(shown, className="mono", title=text if shown != text else None)


def _in_text(value: Any, path: str) -> str:
    if value is None:
        return formats.UNKNOWN
    if value == []:
        return "none"
    words = value_in_words(path, value)
    return words if words is not None else value if isinstance(value, str) else json.dumps(value)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
