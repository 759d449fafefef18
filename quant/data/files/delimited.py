"""Tables of text: which signs part the cells, where the names stand, and the rows below them with their lines."""

import csv
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from quant.data.files.headers import role_of, roles_of
from quant.data.files.sniffing import refuse

DELIMITERS = (",", ";", "\t", "|")

_LOOKED_AT = 80  # lines of the beginning, which tell the rest
_MOST_RAGGED = 1_000  # lines that are kept with their text; of more, only their number
_LONGEST_LINE = 100_000
_LONGEST_TEXT = 500
_LONGEST_NUMBER = 60  # the pattern below takes the cube of the length in time
MOST_COLUMNS = 2_000
_NUMBER = re.compile(r"^[\s$€£¥+(-]*[\d.,'\u00a0\u202f ]*\d[\d.,%)\s]*(?:[eE][+-]?\d+)?[KMBkmb]?$")
_BEGINS_LIKE_A_DATE = re.compile(r"^\s*[A-Za-z]{0,9}[., ]*\d{1,4}[-./ ]?(?:\d{1,2}|[A-Za-zéû]{3,9})")
_LEAST_ROLES = 2

Ragged = tuple[tuple[int, str], ...]
IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True)
class Outline:
    """Where the parts of a table stand: the delimiter, names of columns, the line of the names and of the first row."""

    delimiter: str
    names: tuple[str, ...]
    header_line: int | None
    first_line: int
    preamble: tuple[int, ...]


def outline_of(text: str, delimiter: str | None = None) -> Outline:
    """Find the delimiter and the names of the columns of a text.

    Raises
    ------
    UnreadableFile
        If no delimiter parts the lines into rows of equal length.
    """
    head = list(itertools.islice(_lines_of(text), _LOOKED_AT))
    if max(map(len, head), default=0) > _LONGEST_LINE:
        refuse("not_a_table", f"Expected lines of cells; found one of more than {_LONGEST_LINE:,} characters.")
    tried = [(_score(rows), outline) for sign in ([delimiter] if delimiter else DELIMITERS)
             for rows, outline in [_tried(head, sign)] if outline is not None]  # fmt: skip
    if not tried:
        refuse(
            "not_a_table",
            "Expected rows of cells parted by a comma, semicolon, tab or bar, with a date and prices; found no such "
            "rows. Open the file in an editor: it may be something else, such as a message of an error.",
        )
    return max(tried, key=lambda each: each[0])[1]


def outline_of_rows(rows: Sequence[list[str]], lines: Sequence[int]) -> Outline:
    """Find the names of the columns of rows that are parted already.

    Raises
    ------
    UnreadableFile
        If there are no two rows of equal length.
    """
    outline = _outline(rows[:_LOOKED_AT], lines[:_LOOKED_AT], "")
    if outline is None:
        refuse("not_a_table", "Expected a table with a date and prices; found no such rows. Choose another sheet.")
    return outline


def read_body(text: str, outline: Outline) -> tuple[pa.Table, IntArray, Ragged]:
    """Return the cells below the names, the line of each row, and the lines that have another number of cells.

    Raises
    ------
    UnreadableFile
        If a cell is opened by a quotation mark that never closes, or a line is longer than any row can be.
    """
    start = 0
    for _ in range(outline.first_line - 1):
        start = text.find("\n", start) + 1
    body = text[start:]
    if not body.strip():
        return _to_table([], outline.names), np.array([], dtype=np.int64), ()
    if '"' in body and _has_breaks_in_cells(body):
        return _by_row(csv.reader((f"{line}\n" for line in _lines_of(body)), delimiter=outline.delimiter), outline)
    ragged: list[tuple[int, str]] = []
    skipped: list[int] = []

    def note(row: Any) -> str:
        skipped.append(row.number - 1)
        if len(ragged) < _MOST_RAGGED and row.text.strip(outline.delimiter + " \t"):
            ragged.append((outline.first_line + row.number - 1, row.text[:_LONGEST_TEXT]))
        return "skip"

    try:
        cells = pyarrow.csv.read_csv(
            pa.BufferReader(body.encode()),
            read_options=pyarrow.csv.ReadOptions(column_names=outline.names, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=outline.delimiter, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(outline.names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        refuse("damaged_file", f"Expected rows of cells; found lines that cannot be read: {str(error)[:200]}")
    kept = np.ones(cells.num_rows + len(skipped), dtype=np.bool_)
    kept[skipped] = False
    return cells, np.flatnonzero(kept) + np.int64(outline.first_line), tuple(ragged)


def body_of_rows(
    rows: Sequence[list[str]], lines: Sequence[int], outline: Outline
) -> tuple[pa.Table, IntArray, Ragged]:
    """Return the cells of rows that are parted already, their lines, and the lines that have too many cells."""
    n_columns = len(outline.names)
    below = [(line, row) for line, row in zip(lines, rows, strict=True) if line >= outline.first_line]
    fits = [(line, row + [""] * (n_columns - len(row))) for line, row in below if len(row) <= n_columns]
    ragged = tuple((line, ",".join(row)[:_LONGEST_TEXT]) for line, row in below if len(row) > n_columns)
    numbers = np.array([line for line, _ in fits], dtype=np.int64)
    return _to_table([row for _, row in fits], outline.names), numbers, ragged


def _by_row(reader: Any, outline: Outline) -> tuple[pa.Table, IntArray, Ragged]:
    """Read rows one by one: the way for cells that hold line breaks, a row being named by its first line."""
    rows, lines, ragged, before = [], [], [], 0
    try:
        for row in reader:
            line, n_lines, before = outline.first_line + before, reader.line_num - before, reader.line_num
            if n_lines > 1 and _has_rows_in_cells(row, outline):
                refuse(
                    "damaged_file",
                    f"Expected a quotation mark that closes in its row; found one from line {line} on that takes the "
                    f"{n_lines - 1:,} lines below into one cell. Remove it, or close it.",
                )
            if len(row) == len(outline.names):
                rows.append(row)
                lines.append(line)
            elif any(row):
                ragged.append((line, outline.delimiter.join(row)[:_LONGEST_TEXT]))
    except csv.Error as error:
        refuse("damaged_file", f"Expected rows of cells; found a quotation mark that never closes ({error}).")
    return _to_table(rows, outline.names), np.array(lines, dtype=np.int64), tuple(ragged[:_MOST_RAGGED])


def _to_table(rows: Sequence[Sequence[str]], names: Sequence[str]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})


def _has_rows_in_cells(row: Sequence[str], outline: Outline) -> bool:
    """Whether a cell has lines that are rows of the table: then it was opened by mistake."""
    inner = (line for cell in row for line in cell.split("\n")[1:])
    # The line in which a stray mark is closed belongs to the row only in part.
    return any(
        line.count(outline.delimiter) >= len(outline.names) - 1 and _is_data(line.split(outline.delimiter))
        for line in inner
    )


def _has_breaks_in_cells(body: str) -> bool:
    return any(line.count('"') % 2 for line in _lines_of(body))


def _lines_of(text: str) -> Any:
    """Yield the lines of a text one by one, so that a large one is not held twice."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _tried(head: Sequence[str], delimiter: str) -> tuple[list[list[str]], Outline | None]:
    try:
        rows = list(csv.reader(head, delimiter=delimiter))
    except csv.Error:
        return [], None
    return rows, _outline(rows, range(1, len(rows) + 1), delimiter)


def _score(rows: Sequence[Sequence[str]]) -> tuple[int, float, int]:
    """Return how well a delimiter fits: names that are known, lines of equal length, and cells in them."""
    filled = [row for row in rows if any(row)]
    width, n_rows = Counter(map(len, filled)).most_common(1)[0]
    n_roles = max(len({role_of(cell) for cell in row} - {None}) for row in filled)
    return n_roles, n_rows / len(filled), width


def _outline(rows: Sequence[Sequence[str]], lines: Sequence[int], delimiter: str) -> Outline | None:
    filled = [(line, row) for line, row in zip(lines, rows, strict=False) if any(cell.strip() for cell in row)]
    # The rows of data decide how wide the table is: those that are mostly numbers, or, if none are, all.
    widths = Counter(len(row) for _, row in filled if _is_data(row)) or Counter(len(row) for _, row in filled)
    if not widths:
        return None
    width = widths.most_common(1)[0][0]
    if width < _LEAST_ROLES:
        return None
    if width > MOST_COLUMNS:
        refuse("too_large", f"Expected at most {MOST_COLUMNS:,} columns; found {width:,}. Split the table.")
    place = _place_of_names(filled, width)
    if place is None:
        at = next((at for at, (_, row) in enumerate(filled) if len(row) == width and _is_data(row)), None)
        if at is None:
            return None
        numbered = tuple(f"column {number}" for number in range(1, width + 1))
        return Outline(delimiter, numbered, None, filled[at][0], tuple(line for line, _ in filled[:at]))
    line, found = filled[place]
    preamble = tuple(before for before, _ in filled[:place])
    stacked = _stacked_names(filled, place)
    if stacked is not None:
        names, first_line = stacked
        return Outline(delimiter, _unique(names, width), line, first_line, preamble)
    first_line = filled[place + 1][0] if place + 1 < len(filled) else line + 1
    return Outline(delimiter, _unique(found, width), line, first_line if not delimiter else line + 1, preamble)


def _place_of_names(filled: Sequence[tuple[int, Sequence[str]]], width: int) -> int | None:
    """Return which of the rows has the names: with most that are known, or else text above numbers."""
    n_roles = [len(roles_of(row)) if len(row) <= width and not _is_data(row) else 0 for _, row in filled]
    if max(n_roles) >= _LEAST_ROLES:
        return n_roles.index(max(n_roles))
    for place, (_, row) in enumerate(filled[:-1]):
        names = [cell for cell in row if cell.strip()]
        is_text = len(names) >= _LEAST_ROLES and not any(map(_is_number, names))
        if is_text and len(row) <= width and _is_data(filled[place + 1][1]):
            return place
    return None


def _stacked_names(filled: Sequence[tuple[int, Sequence[str]]], place: int) -> tuple[list[str], int] | None:
    """Return names that stand in three lines, as yfinance writes them: fields, tickers, and the name of the index."""
    if len(filled) < place + 4:
        return None
    fields, tickers, index = (filled[place + down][1] for down in range(3))
    if [row[0].strip() for row in (fields, tickers)] != ["Price", "Ticker"] or not index[0].strip():
        return None
    several = len(set(tickers[1:])) > 1
    names = [f"{ticker} {name}" if several else name for ticker, name in zip(tickers[1:], fields[1:], strict=False)]
    return [index[0], *names], filled[place + 3][0]


def _is_data(row: Sequence[str]) -> bool:
    """Whether a row has numbers, and most of what it has are numbers or dates."""
    cells = [cell for cell in row if cell.strip()]
    n_numbers = sum(map(_is_number, cells))
    n_dates = sum(bool(_BEGINS_LIKE_A_DATE.match(cell)) and not _is_number(cell) for cell in cells)
    return n_numbers >= 1 and 2 * (n_numbers + n_dates) >= len(cells) and n_numbers + n_dates >= _LEAST_ROLES


def _is_number(cell: str) -> bool:
    return len(cell) <= _LONGEST_NUMBER and _NUMBER.match(cell) is not None


def _unique(names: Sequence[str], width: int) -> tuple[str, ...]:
    """Return one name a column, each once, without what no page or database takes."""
    found: dict[str, None] = {}
    repeats: Counter[str] = Counter()
    for number in range(1, width + 1):
        text = names[number - 1].strip() if number <= len(names) else ""
        name = "".join(each for each in text if each.isprintable())[:100] or f"column {number}"
        plain = name
        while name in found:
            repeats[plain] += 1
            name = f"{plain} ({repeats[plain] + 1})"
        found[name] = None
    return tuple(found)
