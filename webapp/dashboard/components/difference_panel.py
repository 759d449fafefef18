"""What differs between a re-run and the analysis that it repeats."""

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import panel
from webapp.dashboard.components.tables import Column, data_table
from webapp.services.differences import Comparison

_KINDS = {"library": "Library", "fact": "Fact", "table": "Table"}


def difference_panel(comparison: Comparison) -> Component:
    """Return every difference as a row, libraries first; or that there is none."""
    title = "What differs from the analysis that it repeats"
    if comparison.is_same:
        sentence = "Nothing: every fact and every value of every table is the same to the last bit."
        return panel(title, html.P(sentence, className="small"))
    columns = [Column(name, is_number=False) for name in ("Where", "What", "Before", "Now")]
    rows: list[list[Component | str]] = [
        [_KINDS[each.kind], html.Span(each.name, className="mono"), each.before, each.after]
        for each in comparison.differences
    ]
    note = formats.plural(comparison.n_differences, "difference")
    if comparison.n_differences > len(rows):
        note += f", of which the first {len(rows)} are shown"
    return panel(title, data_table(columns, rows), note=note)
