import pytest
from dash import html

from tests.webapp.dashboard import reading
from webapp.dashboard.components import cards


def test_an_icon_beside_a_word_is_silent_and_one_alone_speaks():
    assert reading.attribute(cards.icon("clock"), "aria-hidden") == "true"
    alone = cards.icon("clock", label="waiting")
    assert (alone.role, reading.attribute(alone, "aria-label")) == ("img", "waiting")


def test_a_panel_has_a_heading_and_leaves_out_what_is_none():
    tree = cards.panel("Title", html.P("one"), None, html.P("two"), note="why")

    assert reading.text(tree) == "Title why one two"
    assert reading.of_type(tree, "H2")[0].children == "Title"


def test_a_metric_always_has_three_lines_so_that_rows_align():
    with_aside, without = cards.metric_card("Sharpe", "0.41", aside="benchmark 0.72"), cards.metric_card("Beta", "0.55")

    assert reading.text(with_aside) == "Sharpe 0.41 benchmark 0.72"
    assert len(with_aside.children) == len(without.children) == 3


def test_the_main_metric_is_marked():
    assert "metric-main" in cards.metric_card("a", "b", is_main=True).className
    assert "metric-main" not in cards.metric_card("a", "b").className


def test_facts_are_a_list_of_terms():
    tree = cards.facts([("Seed", "7"), ("Worker", html.Span("w"))])

    assert [reading.text(each) for each in reading.of_type(tree, "Dt")] == ["Seed", "Worker"]
    assert [reading.text(each) for each in reading.of_type(tree, "Dd")] == ["7", "w"]


def test_an_empty_state_says_what_to_do():
    tree = cards.empty_state("inbox", "Nothing yet.", html.A("Begin"))

    assert reading.text(tree) == "Nothing yet. Begin"


def test_a_skeleton_has_the_height_of_what_comes():
    assert cards.skeleton(440).style == {"height": "440px"}


@pytest.mark.parametrize(("passed", "word"), [(True, "Passed"), (False, "Failed"), (None, "Not tried")])
def test_a_check_says_aloud_how_it_went(passed, word):
    line = cards.check_line(passed, "Features")

    assert reading.attribute(reading.of_type(line, "I")[0], "aria-label") == word


def test_a_hash_is_whole_and_can_be_copied():
    tree = cards.hash_value("ab" * 32)

    assert reading.text(tree) == "ab" * 32
    assert reading.attribute(reading.of_type(tree, "Button")[0], "data-copy") == "ab" * 32
    assert reading.text(cards.hash_value(None)) == "–"
