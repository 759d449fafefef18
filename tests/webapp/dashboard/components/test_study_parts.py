import pytest

from tests import factories
from tests.webapp.dashboard.reading import text
from webapp.dashboard.components import study_parts
from webapp.services.study_boards import Cell, HeatMap, Measure, Over
from webapp.services.study_views import AxisView, State, StudySummary
from webapp.services.workflow import Status


def summary(state=State.RUNNING, **counts):
    every = {status: counts.get(status.value, 0) for status in Status}
    return StudySummary("a1", "Mine", state, sum(every.values()), every, 0.5, factories.NOW)


def test_where_a_study_is_stands_in_words():
    assert study_parts.in_words(summary(succeeded=3, failed=1)) == "3 of 4 succeeded, 1 failed"
    assert study_parts.state_cell(summary(succeeded=1, queued=1))["text"].startswith("Running 50")
    assert study_parts.state_cell(summary(State.FINISHED, succeeded=1))["text"] == "Finished"
    assert study_parts.state_cell(summary(State.FINISHED, failed=1))["text"] == "Without an answer"
    assert study_parts.state_cell(summary(State.PAUSED, queued=1))["text"] == "Paused"


def test_a_heat_map_writes_each_figure_and_says_what_has_none():
    rows, columns = AxisView("model", "Model", ("A", "B"), ("a", "b")), AxisView("seed", "Seed", ("1", "2"), (1, 2))
    cells = ((Cell(1.5, 2, 1, 1), Cell(None, 1, 0, 1)), (Cell(-0.4, 1, 1, 0), Cell(None, 1, 0, 0)))
    shown = study_parts.heat_table(HeatMap(rows, columns, Measure.SHARPE_RATIO, Over.MEDIAN, cells))

    assert text(shown).split() == ["Model", "↓", "Seed", "→", "1", "2", "A", "1.50", "✕", "✕", "B", "−0.40", "…"]
    body = shown.children.children[1].children
    assert [cell.className for cell in body[0].children[1:]] == ["p4", "muted"]
    assert body[1].children[1].className == "n2"
    assert body[0].children[1].title == "A, 1: 1.50, 1 of 2 succeeded, 1 failed"


@pytest.mark.parametrize(
    ("measure", "value", "expected"),
    [(Measure.TOTAL_RETURN, 0.123, "12.3"), (Measure.N_TRADES, 1234.0, "1,234"), (Measure.DEFLATED, 0.614, "0.61")],
)
def test_each_measure_is_written_in_its_own_way(measure, value, expected):
    assert study_parts.measured(measure, value).startswith(expected)
