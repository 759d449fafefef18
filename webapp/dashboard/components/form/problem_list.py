"""The mistakes of a question as a list that leads to their fields."""

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.attributes import data
from webapp.dashboard.components.form.controls import anchor
from webapp.dashboard.components.form.problems import Problem
from webapp.dashboard.components.form.sections import place_of


def problem_list(problems: Sequence[Problem]) -> Component | None:
    """Return the mistakes as a list that leads to their fields, or nothing."""
    if not problems:
        return None
    lines = [
        html.Li(
            html.A(
                [html.Strong(f"{place_of(problem.path)}: "), problem.text],
                href=f"#{anchor(problem.path)}",
                **data(goto=anchor(problem.path)),
            )
        )
        for problem in problems
    ]
    head = html.Strong(f"{formats.plural(len(problems), 'thing')} to mend before this can run")
    alert: Component = dbc.Alert([head, html.Ul(lines, className="mb-0 ps-3")], color="danger")
    return alert
