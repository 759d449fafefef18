from tests.webapp.dashboard import reading
from webapp.dashboard.components.dashboard.recent import recent_card


def test_each_analysis_leads_to_its_page_and_says_what_came_of_it(summary):
    tree = recent_card([summary(id="a1", title="First")], may_run=True)

    assert reading.of_class(tree, "list-title")[0].href == "/app/analyses/a1"
    assert "Not distinguishable from luck." in reading.text(tree)


def test_nothing_yet_is_said_with_the_button_for_those_who_may(summary):
    assert [each.href for each in reading.of_type(recent_card([], may_run=True), "Link")] == ["/app/new"]
    assert reading.of_type(recent_card([], may_run=False), "Link") == []


def test_what_was_computed_elsewhere_is_marked(summary):
    assert "imported" not in reading.text(recent_card([summary()], may_run=True))
    assert "imported, computed elsewhere" in reading.text(recent_card([summary(is_imported=True)], may_run=True))
