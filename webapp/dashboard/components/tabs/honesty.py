"""Why one may believe the answer, or not: what was checked, what was counted, and what that does not prove."""

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from quant.catalog import in_a_sentence
from quant.validation.scores import SCORES
from webapp import formats
from webapp.dashboard.components import luck
from webapp.dashboard.components.cards import check_line, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.components.tabs.overview import verdict
from webapp.dashboard.figures import honesty as figures
from webapp.dashboard.figures.palette import Theme
from webapp.reports.words import nested_in_words
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES = luck.FRAMES

_PARTS = {
    "features": "Features",
    "labels": "Labels",
    "split": "Split",
    "predictions": "Predictions, the scaler included",
    "intervals": "Prediction intervals",
    "signals": "Signals and weights",
    "account": "Fills and account",
}
_OF_BARS = {"bars": "Bars, gathered again"}

_SPLITS = {
    "walk_forward": "Walking forward, the traded curve",
    "purged_k_fold": "Purged folds, choosing the model",
    "nested": "Purged folds, choosing anew for each fold",
    "paths": "Combinatorial splits, judging by paths",
    "final": "Final model, the latest prediction",
}

_TIMELINES = {
    "walk_forward": "Folds that are traded",
    "purged_k_fold": "Folds that choose the model",
    "paths": "Splits that make the paths",
}

_LIMITS = (
    (
        "The audit finds values that change when later bars are removed or replaced. It cannot find knowledge that is "
        "not in these prices: an instrument chosen because it is known to have survived and grown, or an idea from a "
        "book about it."
    ),
    (
        "The deflated Sharpe ratio of the verdict counts the trials of this question. Other questions about the same "
        "prices count too (see Luck), and so do ideas tried on paper or in another program: only you know how many."
    ),
    "The choice of the model is not repeated by the audit; it sees training rows only.",
    "How orders are filled and what that costs are assumptions of the question; large orders move prices.",
    "The future need not resemble the span that was tested.",
)


def content(_view: AnalysisView, result: ResultView, theme: Theme) -> Component:
    """Return the tab."""
    honesty = result.facts["honesty"]
    return html.Div(
        [
            verdict(result),
            html.Div(
                [
                    panel("Look-ahead audit", _audit(honesty["audit"])),
                    panel("Purge certificate", _purge(honesty["purge"])),
                ],
                className="grid-2",
            ),
            _timelines(honesty["purge"], theme),
            html.Div(luck.panels(result, theme), className="grid-3"),
            *_nested(honesty.get("nested")),
            luck.paths_panel(result, theme),
            luck.chance_runs_panel(result, theme),
            html.Div(
                [
                    panel("What this does not prove", _limits()),
                    panel(
                        "Data",
                        _data(result),
                        note="What was found in the prices before anything was computed from them.",
                    ),
                ],
                className="grid-2",
            ),
        ],
        className="stack",
    )


def _audit(audit: Mapping[str, Any] | None) -> Component:
    if audit is None:
        return html.Ul(
            [check_line(None, "The audit was switched off in the question; look-ahead was not searched for.")],
            className="check-list",
        )
    broken = {each["part"]: each for each in reversed(audit["differences"])}
    asked = _OF_BARS | _PARTS if "bars" in audit["compared"] else _PARTS
    lines = [_audited_part(name, title, audit["compared"].get(name, 0), broken) for name, title in asked.items()]
    n_cuts = formats.plural(len(audit["cuts"]), "bar")
    if not audit["compared"].get("predictions") and not audit["n_signal_cuts"]:  # of a rule
        lines = [_audited_part(name, asked[name], n, broken) for name, n in audit["compared"].items()]
    other = ", and once more replaced by other bars," if "n_replaced" in audit else ""  # older answers: removed only
    more = f"; at {audit['n_signal_cuts']:,} more, the signals" if audit["n_signal_cuts"] else ""
    return html.Div(
        [
            html.P(
                f"At {n_cuts} of the traded span everything later was removed{other} and the run repeated{more}. "
                "Up to the cut both must say the same, to the last bit."
            ),
            html.Ul(lines, className="check-list"),
        ]
    )


def _audited_part(name: str, title: str, n_compared: int, broken: Mapping[str, Mapping[str, Any]]) -> Component:
    if name in broken:
        return check_line(False, [html.Strong(title), f": {broken[name]['in_words']}"])
    if not n_compared:
        return check_line(None, [html.Strong(title), ": nothing to compare"])
    return check_line(True, [html.Strong(title), f": {formats.plural(n_compared, 'value')} equal"])


def _purge(certificates: Mapping[str, Mapping[str, Any]]) -> Component:
    if not certificates:
        return html.Ul(
            [check_line(None, "There is no split to purge: a rule of prices alone learns nothing.")],
            className="check-list",
        )
    columns = [
        Column("Split", is_number=False),
        Column("Folds"),
        Column("Labels checked"),
        Column("Purged"),
        Column("Embargoed"),
        Column("Least gap, bars", help_text="Fewest bars between the end of a training label and a test window"),
    ]
    rows = [
        [
            title,
            formats.count(each["n_folds"]),
            formats.count(each["n_labels_checked"]),
            formats.count(each["n_purged"]),
            formats.count(each["n_embargoed"]),
            formats.count(_least(each)),
        ]
        for name, title in _SPLITS.items()
        if (each := certificates.get(name)) is not None
    ]
    return html.Div(
        [
            html.Ul(
                [
                    check_line(
                        True,
                        "No training label meets a test window in any fold; a run in which one does is stopped.",
                    )
                ],
                className="check-list mb-2",
            ),
            data_table(columns, rows),
        ]
    )


def _timelines(certificates: Mapping[str, Mapping[str, Any]], theme: Theme) -> Component:
    """Return when each fold trains and tests; answers from before spans were kept have none."""
    panels = []
    for name, title in _TIMELINES.items():
        folds = certificates.get(name, {}).get("folds", [])
        if not folds or "train_spans" not in folds[0]:
            continue
        figure = figures.fold_timeline(folds, theme=theme, name=f"{name}-timeline")
        picture = chart(f"analysis-{name.replace('_', '-')}-timeline", figure, label=f"{title}: when each fold trains")
        is_cut = len(folds) > figures.MOST_FOLDS
        panels.append(panel(title, picture, note=f"the first {figures.MOST_FOLDS} of {len(folds)}" if is_cut else None))
    return html.Div(panels, className="grid-2")


def _nested(found: Mapping[str, Any] | None) -> list[Component]:
    """Return what each fold chose for itself; nothing if one choice holds for all."""
    if found is None:
        return []
    folds = found["folds"]
    columns = [
        Column("Fold"),
        Column("Model", is_number=False),
        Column("Parameters", is_number=False),
        Column(SCORES[found["score_name"]].title),
    ]
    rows = [
        [
            "final" if each is folds[-1] else formats.count(each["fold"] + 1),
            each["title"],
            ", ".join(f"{name} {value}" for name, value in each["parameters"].items()),
            formats.number(each["score"], 4),
        ]
        for each in folds
    ]
    return [
        panel("A choice for each fold", html.P(nested_in_words(found), className="measure"), data_table(columns, rows))
    ]


def _least(certificate: Mapping[str, Any]) -> int | None:
    gaps = [gap for gap in (certificate["least_bars_before"], certificate["least_bars_after"]) if gap is not None]
    return min(gaps, default=None)


def _limits() -> Component:
    return html.Ul([html.Li(text) for text in _LIMITS], className="ps-3 mb-0 measure d-grid gap-2")


def _data(result: ResultView) -> Component:
    data = result.facts["data"]
    columns = [
        Column("Instrument", is_number=False),
        Column("Source", is_number=False),
        Column("Sessions", is_number=False),
        Column("Bars"),
        Column("Findings", is_number=False),
    ]
    rows = [
        [
            each["symbol"],
            each["source"],
            html.Span(f"{each['first_session']} to {each['last_session']}", className="text-nowrap"),
            _bars(each, data),
            _findings(each["findings"]),
        ]
        for each in data["instruments"]
    ]
    return data_table(columns, rows)


def _bars(instrument: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Return how many bars there are and, of longer ones, of what kind and of how many days."""
    n_bars = formats.count(instrument["n_bars"])
    if "bars" not in data:
        return n_bars
    return f"{n_bars} {in_a_sentence(data['bars']['title'])}, of {formats.plural(instrument['n_days'], 'day')}"


def _findings(findings: list[Mapping[str, Any]]) -> Component | str:
    if not findings:
        return "none"
    return html.Details(
        [
            html.Summary(formats.plural(len(findings), "finding")),
            html.Ul([html.Li(f"{each['severity']}: {each['message']}") for each in findings], className="ps-3 mb-0"),
        ],
        className="fold",
    )
