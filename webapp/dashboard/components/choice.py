"""Whether the model that was chosen is better than the others by more than chance, in words."""

from dash import html
from dash.development.base_component import Component

from quant.validation.scores import Score
from webapp.dashboard.components.cards import check_line
from webapp.reports.words import comparison_in_words
from webapp.services.results import ResultView


def compared(result: ResultView, score: Score) -> list[Component]:
    """Return what the paired test says of the chosen model beside the next best of each; nothing in older answers."""
    lines = comparison_in_words(result, score)
    if not lines:
        return []
    note = (
        "Paired test of the purged folds, corrected for training rows that they share and for the number of "
        "comparisons. It does not allow for the choice itself, which makes differences look greater."
    )
    return [
        html.Ul([check_line(is_good, text) for is_good, text in lines], className="check-list mt-3"),
        html.P(note, className="small muted mt-2"),
    ]
