import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.analysis_list import ListState, filters, mark, position, rows
from webapp.services.analyses import AnalysisPage
from webapp.services.listing import Archived, Members, Scope, Sort
from webapp.services.workflow import Status


def test_a_state_goes_into_the_address_and_comes_back():
    state = ListState("a & b", Scope.SHARED, "failed", "no", "to do", Archived.ALSO, Members.ONLY, Sort.TITLE, 3)
    written = dict(part.split("=") for part in state.search[1:].split("&"))

    assert written["text"] == "a+%26+b"
    assert ListState.read({**vars(state)}) == state
    assert ListState().search == ""
    assert not ListState(page=2, sort=Sort.TITLE).is_filtered
    assert state.is_filtered


@pytest.mark.parametrize(
    "values",
    [{}, {"scope": "x", "status": "x", "credible": "x", "archived": "x", "sort": "x", "page": "-1"}, {"text": None}],
)
def test_what_makes_no_sense_is_left_out(values):
    assert ListState.read(values) == ListState()
    assert ListState.read({"page": "9" * 20}).page == 100_000


def test_of_everybodys_content_is_not_asked_for():
    state = ListState(scope=Scope.ALL, credible="yes", tag="x", sort=Sort.TITLE, text="ada")

    assert (state.filters.is_credible, state.filters.tag, state.order, state.filters.text) == (
        None,
        "",
        Sort.NEWEST,
        "ada",
    )
    assert ListState(text="a\x00").filters.text == ""
    assert ListState(status="failed").filters.status == (Status.FAILED,)


def test_only_who_may_is_offered_everybodys():
    offered = [
        [each["value"] for each in reading.by_id(filters(ListState(), [], sees_all=sees), "analyses-scope").options]
        for sees in (False, True)
    ]

    assert offered == [["mine", "shared"], ["mine", "shared", "all"]]


def test_a_mark_changes_with_what_is_shown(summary):
    page = AnalysisPage((summary(),), 1, 50, 0, None)
    other = AnalysisPage((summary(tags=("idea",)),), 1, 50, 0, None)

    assert mark(page) != mark(other)


def test_a_row_says_what_it_is_and_whose(summary):
    shared = summary(
        id="b2", owner="Ada", is_own=False, is_archived=True, tags=("idea",), verdict="Best reached -0.139."
    )
    metadata = summary(
        id="c3", owner="Ada", title="", symbols=(), is_own=False, tags=(), verdict=None, n_bytes=2_500_000
    )
    first, second = rows(AnalysisPage((shared, metadata), 2, 50, 0, None))

    assert (first["href"], first["verdict"]) == ("/app/analyses/b2", "Best reached −0.139.")
    assert first["tags"] == [
        "idea", {"text": "shared by Ada", "icon": "person"}, {"text": "archived", "icon": "archive"}
    ]  # fmt: skip
    assert (second["href"], second["title"], second["symbols"], second["tags"]) == (None, "Ada, c3", None, None)
    assert second["verdict"].replace("\u00a0", " ") == "2.5 MB stored"


def test_where_a_page_stands(summary):
    assert position(AnalysisPage((summary(),), 1_200, 50, 100, None)) == "101–101 of 1,200"
    assert position(AnalysisPage((), 7, 50, 100, None)) == ""


def test_what_was_computed_elsewhere_is_marked_also_where_there_is_no_room_for_tags(summary):
    here, elsewhere = (
        rows(AnalysisPage((summary(verdict="Luck.", is_imported=each),), 1, 50, 0, None))[0] for each in (False, True)
    )

    assert (here["verdict"], elsewhere["verdict"]) == ("Luck.", "Imported. Luck.")
    assert elsewhere["tags"][-1]["text"] == "imported"
