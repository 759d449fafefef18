"""Sheets of workbooks."""

import datetime

import openpyxl
import pytest

from quant.data.files import workbooks
from quant.data.files.workbooks import read
from quant.errors import UnreadableFile


@pytest.fixture
def book(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "About"
    book.active.append(["Prices"])
    sheet = book.create_sheet("Prices")
    sheet.append(["date", "open", "high", "low", "close", "volume"])
    sheet.append([])
    sheet.append([datetime.datetime(2012, 1, 3, 16, 0), 1.5, 2, 1, 1.25, 1000])  # noqa: DTZ001  # as Excel has it
    file = tmp_path / "prices.xlsx"
    book.save(file)
    return file


def test_the_sheet_with_prices_is_read(book):
    found = read(book, None)

    assert (found.sheet, found.sheets) == ("Prices", ("About", "Prices"))
    assert found.rows[1] == ["2012-01-03 16:00:00", "1.5", "2", "1", "1.25", "1000"]
    assert found.lines == [1, 3]


def test_a_named_sheet_is_read_instead(book):
    assert read(book, "About").rows == [["Prices"]]
    with pytest.raises(UnreadableFile, match="About, Prices"):
        read(book, "No such")


def test_a_cell_far_below_costs_little_and_too_many_cells_are_refused(tmp_path, monkeypatch):
    book = openpyxl.Workbook()
    book.active.append(["date", "close"])
    book.active["XFD40000"] = 1
    book.active["B40001"] = 2
    book.save(tmp_path / "sparse.xlsx")
    looked_at = []
    text_of = workbooks._text
    monkeypatch.setattr(workbooks, "_text", lambda value: looked_at.append(value) or text_of(value))
    assert read(tmp_path / "sparse.xlsx", None).rows == [["date", "close"], ["", "2"]]
    assert len(looked_at) < 2_000  # of ten million cells
    monkeypatch.setattr(workbooks, "_MOST_CELLS", 3)
    with pytest.raises(UnreadableFile, match="at most 3 cells") as caught:
        read(tmp_path / "sparse.xlsx", None)
    assert caught.value.reason == "too_large"


def test_a_damaged_workbook_is_refused(tmp_path, book):
    file = tmp_path / "broken.xlsx"
    content = bytearray(book.read_bytes())
    middle = content.rindex(b"xl/worksheets/sheet2.xml", 0, len(content) // 2) + 40
    content[middle : middle + 30] = bytes(30)
    file.write_bytes(content)

    with pytest.raises(UnreadableFile) as caught:
        read(file, None)
    assert caught.value.reason == "damaged_file"
