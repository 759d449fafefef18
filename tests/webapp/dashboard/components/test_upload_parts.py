"""How a file of prices is drawn."""

import datetime

import pytest

from tests.webapp.dashboard.reading import text as text_of
from webapp.dashboard.components import upload_parts
from webapp.dashboard.components.upload_parts import NOTHING
from webapp.services.uploads import DecisionView, FindingView, UploadView

NOW = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
FINDING = FindingView(
    "split_suspected", "warning", "asked", ("repair", "keep"), 1, (258,), (), "Found a jump.", None, {"ratio": 7.0}
)
ORDER = FindingView("date_order_unknown", "error", "asked", (), 1, (), ("Date",), "Choose.", "date_format", {})


def upload(**values):
    layout = {
        "kind": "csv", "names": ["Date", "<b>Close</b>"], "columns": {"date": "Date", "close": "<b>Close</b>"},
        "decimal": ".", "date_format": None, "instruments": ["GOOG", "IBM"], "instrument": None, "encoding": "utf-8",
    }  # fmt: skip
    defaults = {
        "id": "0" * 16, "filename": "my prices.csv", "content_hash": "0" * 64, "n_bytes": 5, "status": "checked",
        "version": 1, "choices": {}, "layout": layout, "preview": [[2, ["2012-01-03", "=1+1"]]], "interval": "1d",
        "n_rows": 1, "n_kept": 1, "n_quarantined": 0, "is_storable": True, "findings": (FINDING, ORDER),
        "decisions": (), "created_at": NOW, "stored_at": None, "instrument_id": None, "symbol": None, "revision": None,
    }  # fmt: skip
    return UploadView(**{**defaults, **values})


def test_findings_say_where_and_what_becomes_of_them():
    text = text_of(upload_parts.findings_list(upload()))

    assert "Split suspected · 1 · Needs your answer" in text
    assert "Line 258" in text
    assert "Keep as it is" in str(upload_parts.findings_list(upload()))
    assert "Nothing to say" in text_of(upload_parts.findings_list(upload(findings=())))


def test_what_is_stored_is_not_decided_about_any_more():
    drawn = str(upload_parts.findings_list(upload(status="stored")))

    assert upload_parts.DECISION not in drawn
    assert "disabled=True" in str(upload_parts.reading_form(upload(status="stored")))


def test_every_part_of_the_layout_can_be_corrected():
    drawn = str(upload_parts.reading_form(upload()))

    for name in ("date_format", "decimal", "stamps", "calendar", "encoding", "delimiter", "instrument", "timezone"):
        assert f"'name': '{name}'" in drawn
    assert "'name': 'encoding'" not in str(upload_parts.reading_form(upload(layout={"kind": "parquet"})))


def test_only_what_was_corrected_or_asked_is_sent():
    same = {"decimal": ".", "date_format": NOTHING, "timezone": "", "close_only": False}
    columns = {"date": "Date", "close": "<b>Close</b>", "open": NOTHING}

    assert upload_parts.choices_of(upload(), same, columns) == {}
    assert upload_parts.choices_of(upload(), {**same, "date_format": "dmy"}, columns) == {"date_format": "dmy"}
    assert upload_parts.choices_of(upload(), {"decimal": ","}, {**columns, "open": "Date"}) == {
        "decimal": ",", "columns": {"date": "Date", "close": "<b>Close</b>", "open": "Date"},
    }  # fmt: skip
    kept = upload(choices={"decimal": ","})
    assert upload_parts.choices_of(kept, {"decimal": NOTHING}, columns) == {"decimal": None}


def test_a_guess_at_columns_is_confirmed_by_checking_again():
    guess = FindingView("header_missing", "warning", "asked", (), 1, (), (), "Say.", "columns", {})
    columns = {"date": "Date", "close": "<b>Close</b>"}

    assert upload_parts.choices_of(upload(findings=(guess,)), {}, columns) == {"columns": columns}


def test_the_first_rows_stand_as_in_the_file():
    text = text_of(upload_parts.preview_table(upload()))

    assert "=1+1" in text
    assert "<b>Close</b>" in text  # as text, never as markup


def test_decisions_are_listed_with_their_reasons():
    assert upload_parts.decisions_table(upload()) is None
    made = upload(decisions=(DecisionView("gap", None, "we know it", 1, NOW),))
    assert "we know it" in text_of(upload_parts.decisions_table(made))


@pytest.mark.parametrize(
    ("filename", "symbol"), [("my prices.csv", "MYPRICES"), ("^GSPC.parquet", "^GSPC"), ("é.csv", "")]
)
def test_a_symbol_is_proposed_from_the_name_of_the_file(filename, symbol):
    assert f"value='{symbol}'" in str(upload_parts.store_form(upload(filename=filename)))
