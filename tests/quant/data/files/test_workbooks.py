"""Sheets of workbooks."""

import datetime

import openpyxl
import pytest

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


def test_a_damaged_workbook_is_refused(tmp_path, book):
    file = tmp_path / "broken.xlsx"
    content = bytearray(book.read_bytes())
    middle = content.rindex(b"xl/worksheets/sheet2.xml", 0, len(content) // 2) + 40
    content[middle : middle + 30] = bytes(30)
    file.write_bytes(content)

    with pytest.raises(UnreadableFile) as caught:
        read(file, None)
    assert caught.value.reason == "damaged_file"
