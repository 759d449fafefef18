import datetime
import math

import numpy as np
import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.cards import empty_state
from webapp.dashboard.components.grid import GridColumn, action, badge, column_definitions, fact, grid, row_data

NOW = datetime.datetime(2024, 3, 15, 14, 2, 31, 900, tzinfo=datetime.UTC)
COLUMNS = (
    GridColumn("title", "Analysis", "name"),
    GridColumn("status", "Status", "badge"),
    GridColumn("earned", "Return, %", "percent", "After all costs", is_signed=True),
    GridColumn("took", "Took", "duration", is_optional=True),
    GridColumn("at", "Submitted", "ago"),
    GridColumn("stop", "", "action"),
)
ROW = {
    "id": 7,
    "href": "/app/analyses/7",
    "title": "One",
    "status": badge("Queued", "clock", "queued"),
    "earned": np.float64(-0.1),
    "took": math.nan,
    "at": NOW,
    "stop": action("Cancel", "x-lg"),
    "secret": "not a column",
}


def show(rows):
    return grid("page-table", COLUMNS, rows, label="Analyses", empty=empty_state("inbox", "Nothing yet."))


def by_field(definitions):
    return {each["field"]: each for each in definitions}


def test_rows_carry_their_columns_and_nothing_else():
    (row,) = row_data(COLUMNS, [ROW])

    assert set(row) == {"id", "href", "title", "status", "earned", "took", "at", "stop"}
    assert (row["id"], row["href"]) == ("7", "/app/analyses/7")


def test_cells_are_what_json_can_carry():
    (row,) = row_data(COLUMNS, [ROW])

    assert row["at"] == "2024-03-15T14:02:31+00:00"
    assert (type(row["earned"]), row["took"]) == (float, None)
    assert row_data([GridColumn("day", "Day", "date")], [{"id": 1, "day": NOW.date()}])[0]["day"] == "2024-03-15"


def test_figures_stand_right_with_thousands_and_decimals_of_their_kind():
    columns = by_field(column_definitions(COLUMNS, [ROW]))

    assert columns["earned"]["type"] == "rightAligned"
    assert columns["earned"]["valueFormatter"] == {"function": "assayPercent(params.value, 1, true)"}
    assert columns["earned"]["headerTooltip"] == "After all costs"
    assert columns["took"]["valueFormatter"] == {"function": "assayDuration(params.value)"}
    assert "type" not in columns["title"]


def test_only_a_signed_figure_is_coloured():
    columns = by_field(column_definitions(COLUMNS, [ROW]))

    # What is written as 0.0 is neither.
    assert columns["earned"]["cellClassRules"] == {
        "is-gain": "params.value >= 0.0005000000",
        "is-loss": "params.value <= -0.0005000000",
    }
    assert "cellClassRules" not in columns["took"]


def test_the_name_takes_the_width_that_is_left_and_the_rest_what_they_need():
    columns = by_field(column_definitions(COLUMNS, [ROW]))

    assert [field for field, each in columns.items() if "flex" in each] == ["title"]
    narrow, wide = (
        by_field(column_definitions([GridColumn("n", "N", "count")], [{"id": 1, "n": n}]))["n"]["width"]
        for n in (1, -123_456_789)
    )
    assert wide > narrow


@pytest.mark.parametrize("rows", [[], [{"id": 1}], [{"id": 1, "earned": math.nan, "status": None}]])
def test_what_is_unknown_has_a_width_too(rows):
    assert all(each.get("flex") or each["width"] > 40 for each in column_definitions(COLUMNS[:5], rows))


def test_a_text_of_any_length_does_not_push_the_others_out():
    (definition,) = column_definitions([GridColumn("note", "Note")], [{"id": 1, "note": "x" * 4000}])

    assert definition["width"] < 320


def test_badges_and_buttons_are_sorted_and_read_by_their_words():
    columns = by_field(column_definitions(COLUMNS, [ROW]))

    assert columns["status"]["valueGetter"] == {"function": "assayText(params.data.status)"}
    assert (columns["stop"]["sortable"], columns["stop"]["filter"]) == (False, False)
    assert columns["stop"]["context"]["name"] == "title"


@pytest.mark.parametrize(("n_rows", "height"), [(1, 84), (3, 148), (1000, 564)])
def test_its_height_is_reserved_and_ends(n_rows, height):
    tree = show([{**ROW, "id": number} for number in range(n_rows)])

    (body,) = reading.of_class(tree, "grid-body")
    assert (body.style["height"], body.hidden) == (f"{height}px", False)
    assert reading.of_class(tree, "skeleton")[0].style["height"] == f"{height}px"


def test_no_rows_are_an_empty_state_and_no_empty_box():
    tree = show([])

    assert reading.of_class(tree, "grid-empty")[0].hidden is False
    assert reading.of_class(tree, "grid-body")[0].hidden is True
    assert "Nothing yet." in reading.text(tree)
    assert reading.by_id(tree, "page-table").rowData == []


def test_rows_can_be_picked_where_the_page_asks_for_it():
    picks = grid("page-table", COLUMNS, [ROW], label="Analyses", empty=empty_state("inbox", "None."), selects=True)

    assert reading.by_id(picks, "page-table").dashGridOptions["rowSelection"]["mode"] == "multiRow"
    assert "rowSelection" not in reading.by_id(show([ROW]), "page-table").dashGridOptions


def test_it_has_a_name_for_those_who_do_not_see_it():
    tree = show([ROW])

    assert (tree.role, reading.attribute(tree, "aria-label")) == ("region", "Analyses")


def test_long_text_wraps_tags_are_searched_as_words_and_a_name_has_a_second_line():
    columns = (
        GridColumn("title", "Analysis", "name", below="verdict"),
        GridColumn("verdict", "Verdict", grows=5, is_optional=True),
        GridColumn("tags", "Tags", "tags"),
        GridColumn("seen", "Seen", "ago", unknown="never"),
        GridColumn("sentence", "What", grows=1, wraps=True),
        GridColumn("status", "Status", "badge", widest="Running 100 %"),
    )
    rows = [{"id": 1, "title": "A", "tags": ["idea", fact("archived", "archive")], "status": badge("Queued", "x", "y")}]
    title, verdict, tags, seen, sentence, status = column_definitions(columns, rows)

    assert title["valueGetter"] == {"function": "assayLines(params.data.title, params.data.verdict)"}
    assert all(each["autoHeight"] and each["wrapText"] for each in (title, sentence))
    assert (verdict["flex"], sentence["flex"]) == (5, 1)
    assert "tooltipField" in verdict
    assert "tooltipField" not in sentence
    assert tags["valueGetter"] == {"function": "assayTags(params.data.tags)"}
    assert seen["context"]["unknown"] == "never"
    assert status["width"] > column_definitions([GridColumn("status", "Status", "badge")], rows)[0]["width"]
    assert row_data(columns, rows)[0]["tags"] == ["idea", {"text": "archived", "icon": "archive"}]


def test_of_many_columns_those_in_view_are_drawn():
    columns = [GridColumn(f"c{place}", "Number", "number") for place in range(30)]
    wide = grid("page-table", columns, [ROW], label="Rows", empty=empty_state("inbox", "Nothing."))
    assert reading.by_id(wide, "page-table").dashGridOptions["suppressColumnVirtualisation"] is False
    assert reading.by_id(show([ROW]), "page-table").dashGridOptions["suppressColumnVirtualisation"] is True


def test_only_what_opens_something_can_be_picked():
    tree = grid("page-table", COLUMNS, [ROW], label="x", empty=empty_state("inbox", "Nothing yet."), selects=True)
    selection = reading.by_id(tree, "page-table").dashGridOptions["rowSelection"]

    assert selection["isRowSelectable"] == {"function": "assayOpens(params)"}
    assert selection["hideDisabledCheckboxes"]
