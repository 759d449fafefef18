from tests.webapp.dashboard import reading
from webapp.dashboard.components.difference_panel import difference_panel
from webapp.services.differences import Comparison, Difference


def test_an_exact_rerun_has_nothing_to_show():
    same = Comparison("a", is_same=True, n_differences=0, differences=())
    assert "to the last bit" in reading.text(difference_panel(same))


def test_each_difference_is_a_row_and_what_is_left_out_is_said():
    found = (Difference("library", "numpy", "2", "3"), Difference("table", "equity.equity", "row 3: 99.0", "98.5"))
    words = reading.text(difference_panel(Comparison("a", is_same=False, n_differences=5, differences=found)))
    assert "Library numpy 2 3" in words
    assert "row 3: 99.0" in words
    assert "the first 2 are shown" in words
