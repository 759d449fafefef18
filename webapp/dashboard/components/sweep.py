"""What a sweep tried, which combination was the best, and how much its neighbours agree with it."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import check_line, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.form.words import label_of
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.figures import sweep as figures
from webapp.dashboard.figures.palette import Theme
from webapp.services.results import ResultView

FRAME = "sweep"
_BEST_SHOWN = 10
_MEASURES = {"sharpe_ratio": ("Sharpe ratio a bar", ".3f"), "total_return": ("Total return", ".0%")}


def sweep_panels(result: ResultView, theme: Theme) -> list[Component]:
    """Return what was chosen, a map of each two numbers that were varied, and the best of all."""
    facts, frame = result.facts["sweep"], result.frames[FRAME]
    return [
        panel("What was chosen", html.Ul(_lines(result, facts, frame), className="check-list")),
        *_maps(facts, frame, theme),
        _best(facts, frame),
    ]


def _lines(result: ResultView, facts: Mapping[str, Any], frame: pd.DataFrame) -> list[Component]:
    title = _MEASURES[facts["choose_by"]][0]
    numbers = ", ".join(f"{label_of(name).lower()} {value:g}" for name, value in facts["best"].items())
    luck = result.facts["honesty"]["luck"]
    deflated = luck["deflated_sharpe_ratio"]
    n_alike = int((frame[facts["choose_by"]] > 0.0).sum())
    chosen = (
        f"Of {facts['n_combinations']:,} combinations of “{result.facts['chosen']['title']}”, {numbers} had the "
        f"greatest {title} on {facts['n_bars']:,} bars, {facts['first_at'][:10]} to {facts['last_at'][:10]}, "
        "after costs."
    )
    kept = (
        "The choice did not see the bars after them; wealth, metrics and trades are of those alone."
        if facts["held_out"]
        else "Wealth, metrics and trades are of the same bars: the best of many looks good on them by luck."
    )
    lines = [
        check_line(None, chosen),
        check_line(facts["held_out"] or None, kept),
        check_line(
            None, f"{formats.percent(n_alike / len(frame), 0)} of the combinations have a {title} above zero there."
        ),
    ]
    if deflated is not None:
        lines.append(
            check_line(
                deflated >= 0.95,  # noqa: PLR2004  # as in the verdict
                "Each is a trial in the ledger. They amount to about "
                f"{luck['n_effective_trials']:,.0f} independent ones. The Sharpe ratio of the curve, deflated by all "
                f"{luck['n_trials']:,}, is {deflated:.2f}, by the independent ones "
                f"{luck['deflated_by_effective']:.2f}; 0.95 convinces.",
            )
        )
    if facts["n_sampled"] < facts["n_combinations"]:
        lines.append(
            check_line(
                None,
                "How alike they are, and how often the best on one half is below the middle on the other (Honesty), "
                f"is told of an even sample of {facts['n_sampled']}.",
            )
        )
    if facts["slowly_because"]:
        lines.append(
            check_line(None, f"Each had a whole account, which takes longer, because {facts['slowly_because']}.")
        )
    return lines


def _maps(facts: Mapping[str, Any], frame: pd.DataFrame, theme: Theme) -> list[Component]:
    names = [axis["parameter"] for axis in facts["axes"]]
    title, digits = _MEASURES[facts["choose_by"]]
    best = facts["best"]
    if len(names) == 1:
        cells = pd.DataFrame({"across": frame[names[0]], "value": frame[facts["choose_by"]]})
        drawn = figures.line(cells, label_of(names[0]), best[names[0]], theme=theme, measure=title, digits=digits)
        picture = chart("analysis-sweep-0", drawn, label=f"{title} by {label_of(names[0])}")
        return [panel(f"{title}, by {label_of(names[0]).lower()}", picture, note="the ring is the best")]
    panels = []
    for place, (across, up) in enumerate(combinations(names, 2)):
        others = [name for name in names if name not in {across, up}]
        at_best = frame
        for name in others:
            at_best = at_best[at_best[name] == best[name]]
        cells = pd.DataFrame({"across": at_best[across], "up": at_best[up], "value": at_best[facts["choose_by"]]})
        drawn = figures.heat_map(
            cells, label_of(across), label_of(up), (best[across], best[up]), theme=theme, measure=title, digits=digits
        )
        fixed = "".join(f"; {label_of(name).lower()} {best[name]:g}" for name in others)
        words = f"{label_of(across).lower()} and {label_of(up).lower()}"
        picture = chart(f"analysis-sweep-{place}", drawn, label=f"{title} by {words}")
        panels.append(panel(f"{title}, by {words}", picture, note=f"the ring is the best{fixed}"))
    return panels if len(panels) == 1 else [html.Div(panels, className="grid-2")]


def _best(facts: Mapping[str, Any], frame: pd.DataFrame) -> Component:
    names = [axis["parameter"] for axis in facts["axes"]]
    ordered = frame.sort_values(facts["choose_by"], ascending=False, kind="stable", na_position="last")
    columns = [
        Column("#"),
        *(Column(label_of(name)) for name in names),
        Column("Sharpe, a bar", help_text="Mean over deviation of returns above the risk-free rate"),
        Column("Total return"),
        Column("Deepest drawdown"),
        Column("Trades"),
        Column("Time in market"),
    ]
    rows = [
        [
            str(place),
            *(f"{row[name]:g}" for name in names),
            formats.number(row["sharpe_ratio"], 3),
            formats.percent(row["total_return"]),
            formats.percent(row["max_drawdown"]),
            formats.count(row["n_trades"]),
            formats.percent(row["time_in_market"], 0),
        ]
        for place, row in enumerate(ordered.head(_BEST_SHOWN).to_dict("records"), start=1)
    ]
    note = f"of {facts['n_combinations']:,}, on the bars that the choice saw; all of them are under Export"
    return panel("The best combinations", data_table(columns, rows), note=note)
