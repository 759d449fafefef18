"""Everything that is needed to get the same answer again, and whether a re-run did."""

import json
from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.cards import Children, check_line, copy_button, facts, hash_value, panel
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.figures.palette import Theme
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES: tuple[str, ...] = ()

_SPEC = "analysis-spec-json"


def content(view: AnalysisView, result: ResultView, _theme: Theme) -> Component:
    """Return the tab."""
    return html.Div(
        [
            *_comparison(view, result),
            *_import(view),
            panel(
                "What makes this answer",
                facts(
                    [
                        ("Question (spec) hash", hash_value(view.spec_hash)),
                        ("Prices (snapshot) hash", hash_value(result.facts["data"]["snapshot_hash"])),
                        ("Result hash", hash_value(result.result_hash)),
                        ("Seed", html.Span(str(result.facts["seed"]), className="mono")),
                    ],
                    in_rows=True,
                ),
                note="The same question, prices, seed and library versions give the same result hash, on any worker.",
            ),
            html.Div([panel("Question", _spec(view)), _versions(result)], className="grid-2"),
        ],
        className="stack",
    )


def _comparison(view: AnalysisView, result: ResultView) -> Sequence[Component]:
    """Say whether this re-run gave the same answer as the analysis that it repeats."""
    if view.parent_id is None:
        return ()
    link = dcc.Link("the analysis that it repeats", href=paths.analysis(view.parent_id, tab="reproduce"))
    if view.parent_result_hash is None:
        line = check_line(None, ["This is a re-run of ", link, ", which has no result to compare with."])
    elif view.parent_result_hash == result.result_hash:
        line = check_line(True, ["Same result hash: yes. This re-run and ", link, " agree to the last bit."])
    else:
        line = check_line(
            False,
            ["Same result hash: no. This re-run and ", link, " differ; compare the library versions of both."],
        )
    return (panel("Re-run", html.Ul([line], className="check-list")),)


def _import(view: AnalysisView) -> Sequence[Component]:
    """Say where an imported answer was computed, and what of it is known here."""
    origin = view.imported
    if origin is None:
        return ()
    there: list[tuple[str, Children]] = [
        ("Analysis there", html.Span(origin.id, className="mono")),
        ("Computed", formats.moment(origin.finished_at)),
        ("Exported", formats.moment(origin.packed_at)),
        ("Imported", formats.moment(origin.imported_at)),
        ("Bundle (SHA-256)", hash_value(origin.bundle_hash)),
    ]
    unchanged = check_line(True, ["Nothing was changed since it was exported: every hash was computed again."])
    prices = check_line(
        True if origin.has_prices else None,
        [
            "The prices it was computed from are here, to the last bit: Re-run shows whether its numbers are true."
            if origin.has_prices
            else "The prices it was computed from are not here, so nobody can run it again here, and nothing but the "
            "word of whoever exported it stands behind its numbers."
        ],
    )
    checks = html.Ul([unchanged, prices], className="check-list mt-3")
    return (panel("Imported", facts(there, in_rows=True), checks, note="Computed in another installation."),)


def _spec(view: AnalysisView) -> Component:
    return html.Div(
        [
            html.Div(
                [
                    "Every default filled in, as it was understood when it was submitted. ",
                    copy_button(_SPEC, label="Copy the JSON"),
                ],
                className="muted small mb-2",
            ),
            html.Pre(json.dumps(view.spec, indent=2), id=_SPEC, className="code-block", tabIndex="0"),
        ]
    )


def _versions(result: ResultView) -> Component:
    rows: list[list[Component | str]] = [
        [name, html.Span(version, className="mono")] for name, version in sorted(result.versions.items())
    ]
    return panel(
        "Libraries that decide numbers",
        data_table([Column("Library", is_number=False), Column("Version", is_number=False)], rows),
    )
