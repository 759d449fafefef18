"""Why one may believe the answer, or not: what was checked, what was counted, and what that does not prove."""

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp.dashboard import formats
from webapp.dashboard.components.cards import check_line, facts, panel
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.components.tabs.overview import verdict
from webapp.dashboard.figures.palette import Theme
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES: tuple[str, ...] = ()

_PARTS = {
    "features": "Features",
    "labels": "Labels",
    "split": "Split",
    "predictions": "Predictions, the scaler included",
    "intervals": "Prediction intervals",
    "signals": "Signals and weights",
    "account": "Fills and account",
}

_SPLITS = {
    "walk_forward": "Walking forward, the traded curve",
    "purged_k_fold": "Purged folds, choosing the model",
    "final": "Final model, the latest prediction",
}

_LIMITS = (
    (
        "The audit finds values that change when later bars are removed. It cannot find knowledge that is not in these "
        "prices: an instrument chosen because it is known to have survived and grown, or an idea from a book about it."
    ),
    (
        "The deflated Sharpe ratio of the verdict counts the trials of this question. Other questions about the same "
        "prices count too (see Luck), and so do ideas tried on paper or in another program: only you know how many."
    ),
    "The choice of the model is not repeated by the audit; it sees the first training window only.",
    "Fills at the next open with fixed slippage are an assumption; large orders move prices.",
    "The future need not resemble the span that was tested.",
)


def content(_view: AnalysisView, result: ResultView, _theme: Theme) -> Component:
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
            html.Div([panel("Luck", _luck(result)), panel("What this does not prove", _limits())], className="grid-2"),
            panel("Data", _data(result), note="What was found in the prices before anything was computed from them."),
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
    lines = [_audited_part(name, title, audit["compared"].get(name, 0), broken) for name, title in _PARTS.items()]
    n_cuts = formats.plural(len(audit["cuts"]), "bar")
    return html.Div(
        [
            html.P(
                f"At {n_cuts} of the traded span everything later was removed and the run repeated; at "
                f"{audit['n_signal_cuts']:,} more, the signals. Up to the cut both must say the same, to the last bit."
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


def _least(certificate: Mapping[str, Any]) -> int | None:
    gaps = [gap for gap in (certificate["least_bars_before"], certificate["least_bars_after"]) if gap is not None]
    return min(gaps, default=None)


def _luck(result: ResultView) -> Component:
    luck = result.facts["honesty"]["luck"]
    years = luck["minimum_track_record_length"]
    return html.Div(
        [
            html.P(
                f"{formats.plural(luck['n_trials'], 'trial was', 'trials were')} made for this answer, and "
                f"{formats.plural(result.n_ledger_trials, 'trial')} by anyone on these prices so far. The best of many "
                "tries looks good by luck; the deflated Sharpe ratio asks how likely this one is better than that."
            ),
            facts(
                [
                    ("Deflated Sharpe ratio", formats.p_value(luck["deflated_sharpe_ratio"])),
                    (
                        f"The same, counting {formats.plural(result.n_ledger_trials, 'trial')}",
                        formats.p_value(result.deflated_by_ledger),
                    ),
                    ("Probabilistic, one trial", formats.p_value(luck["probabilistic_sharpe_ratio"])),
                    ("Sharpe ratio, a bar", formats.number(luck["sharpe_ratio"], 4)),
                    ("Best of the trials by luck", formats.number(luck["expected_best_sharpe"], 4)),
                    ("Bars measured", formats.count(luck["n_returns"])),
                    ("Bars needed at 95 %", formats.count(years)),
                    ("Skewness", formats.ratio(luck["skewness"])),
                    ("Kurtosis, normal is 3", formats.ratio(luck["raw_kurtosis"])),
                ]
            ),
            html.P(
                "Bailey and López de Prado 2014, Journal of Portfolio Management 40(5).", className="muted small mt-3"
            ),
        ]
    )


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
            formats.count(each["n_bars"]),
            _findings(each["findings"]),
        ]
        for each in data["instruments"]
    ]
    return data_table(columns, rows)


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
