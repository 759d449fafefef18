"""Sheets of Excel workbooks as rows of text."""

import datetime
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError  # only the exception

from quant.data.files.headers import role_of
from quant.data.files.sniffing import refuse

_MOST_COLUMNS = 256
_MOST_ROWS = 1_048_576  # of a sheet, by the format
_MOST_SHEETS = 50  # in which they are looked for
_LOOKED_AT = 30  # rows in which names of columns are looked for
_ENOUGH_ROLES = 3
_MOST_CELLS = 12_000_000  # with something in them: a sheet of all its rows and eleven columns

_DAMAGES = (
    zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError,
    OSError, LookupError,
)  # fmt: skip  # what openpyxl lets through when a part is missing or broken


@dataclass(frozen=True, eq=False)
class Book:
    """One sheet as rows of text, what other sheets there are, and which have names of price columns."""

    sheet: str
    sheets: tuple[str, ...]
    with_prices: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]


def read(path: Path, sheet: str | None) -> Book:
    """Read a sheet: the one that is named, or else the first in which names of price columns stand.

    Parameters
    ----------
    path : Path
        A workbook whose unfolded size has been checked.
    sheet : str, optional
        Name of the sheet.

    Returns
    -------
    Book
        Values as they were last computed; formulas are not evaluated. Rows without text are left out.

    Raises
    ------
    UnreadableFile
        If the workbook is damaged or has no such sheet.
    """
    import openpyxl  # noqa: PLC0415  # only who reads a workbook waits for this import

    try:
        # An open file: of a path, openpyxl asks how its name ends.
        with path.open("rb") as stream, warnings.catch_warnings(action="ignore"):  # about styles: nobody looks at them
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            sheets = tuple(each.title for each in book.worksheets)
            if sheet is not None and sheet not in sheets:
                refuse("no_such_sheet", f"Expected one of the sheets {', '.join(sheets)}; found {sheet!r}.")
            with_prices = _with_prices(book.worksheets)
            wanted = sheet or next(iter(with_prices), sheets[0])
            rows, lines = _rows(book[wanted], _MOST_ROWS)
    except _DAMAGES as error:
        refuse(
            "damaged_file",
            f"Expected a whole workbook; found one that cannot be read ({type(error).__name__}). Save it again.",
        )
    if not rows:
        refuse("empty_file", f"Expected a table of prices; found the sheet {wanted!r} empty. Choose another sheet.")
    return Book(wanted, sheets, with_prices, rows, lines)


def _with_prices(sheets: list[Any]) -> tuple[str, ...]:
    """Return the sheets in whose first rows the names of price columns stand."""
    if not sheets:
        refuse("empty_file", "Expected a sheet with prices; found a workbook without sheets.")
    found = []
    for sheet in sheets[:_MOST_SHEETS]:
        rows, _ = _rows(sheet, _LOOKED_AT)
        if any(len({role_of(cell) for cell in row} - {None}) >= _ENOUGH_ROLES for row in rows):
            found.append(str(sheet.title))
    return tuple(found)


def _rows(sheet: Any, most: int) -> tuple[list[list[str]], list[int]]:
    rows, lines, n_cells = [], [], 0
    values = sheet.iter_rows(max_row=most, max_col=_MOST_COLUMNS, values_only=True)
    for line, row in enumerate(values, start=1):
        if row.count(None) == len(row):  # a cell far below has a million of these above it
            continue
        cells = [_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append(cells)
            lines.append(line)
            n_cells += len(cells)
            if n_cells > _MOST_CELLS:
                refuse("too_large", f"Expected at most {_MOST_CELLS:,} cells in a sheet; found more. Split it.")
    return rows, lines


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        # Excel keeps moments as parts of a day: what is less than a millisecond is rounding.
        rounded = (value + datetime.timedelta(microseconds=500)).replace(microsecond=0)
        exact = abs(rounded - value) < datetime.timedelta(milliseconds=1)
        return (rounded if exact else value).isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
