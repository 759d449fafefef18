"""From the bytes of a file to its cells as text, each row with its line in the file. Nothing is judged here."""

import re
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quant.data.files import delimited, workbooks
from quant.data.files.layout import FileKind, LayoutChoices
from quant.data.files.sniffing import decode, kind_of, refuse
from quant.data.findings import BoolArray

IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]

# What a small file may unfold to. A million rows of ten columns are far below.
_MOST_CELLS = 60_000_000
_MOST_BYTES = 1_500_000_000
_MOST_TEXT = 300_000_000  # of Parquet, where a text that is repeated costs nothing in the file


@dataclass(frozen=True, eq=False)
class RawTable:
    """The cells of a file, as text.

    Attributes
    ----------
    kind : {"csv", "parquet", "excel"}
        What kind of file it is.
    names : tuple of str
        Names of the columns, each once.
    cells : Table of shape (n_rows, n_columns)
        Text; what a file marks as null is the empty text.
    lines : ndarray of shape (n_rows,)
        Line of the file in which each row stands, from 1; of a workbook its row, of Parquet the number of the row.
    header_line : int or None
        Line of the names; None if the file has none.
    first_line : int
        Line of the first row.
    encoding, delimiter, sheet : str or None
        How it is written.
    sheets, sheets_with_prices : tuple of str
        All sheets of a workbook, and those in which names of price columns stand.
    preamble : tuple of int
        Lines with text before the names.
    ragged : tuple of (int, str)
        Lines with more or fewer cells than the others, and their text.
    """

    kind: FileKind
    names: tuple[str, ...]
    cells: pa.Table
    lines: IntArray
    header_line: int | None
    first_line: int
    encoding: str = ""
    delimiter: str = ""
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    sheets_with_prices: tuple[str, ...] = ()
    preamble: tuple[int, ...] = ()
    ragged: tuple[tuple[int, str], ...] = field(default=(), repr=False)

    def column(self, name: str) -> pa.StringArray:
        """Return the cells of one column."""
        chunks = self.cells.column(name)
        return chunks.combine_chunks() if isinstance(chunks, pa.ChunkedArray) else chunks

    def rows(self, where: BoolArray) -> "RawTable":
        """Return the table with only these rows."""
        return replace(self, cells=self.cells.filter(pa.array(where)), lines=self.lines[where])

    def text(self, row: int) -> str:
        """Return one row as it could stand in the file."""
        return (self.delimiter or ",").join(str(self.cells.column(place)[row]) for place in range(len(self.names)))


def read_table(path: Path, choices: LayoutChoices) -> RawTable:
    """Read the cells of a file.

    Parameters
    ----------
    path : Path
        The file, whose name says nothing.
    choices : LayoutChoices
        What a person has said about it.

    Returns
    -------
    RawTable
        All rows but those without any text.

    Raises
    ------
    UnreadableFile
        If there is no table in it: empty, a web page, another kind of file, damaged, or too large when unfolded.
    """
    kind = kind_of(path)
    table = {"csv": _read_text, "parquet": _read_parquet, "excel": _read_workbook}[kind](path, choices)
    if not table.names or table.cells.num_rows == 0:
        refuse("empty_file", "Expected rows of prices; found none below the names. Export the table again.")
    filled = np.zeros(table.cells.num_rows, dtype=np.bool_)
    for name in table.names:
        filled |= pc.not_equal(pc.utf8_trim_whitespace(table.column(name)), "").to_numpy(zero_copy_only=False)
    return table if filled.all() else table.rows(filled)


def _read_text(path: Path, choices: LayoutChoices) -> RawTable:
    text, encoding = decode(path.read_bytes(), choices.encoding)
    outline = delimited.outline_of(text, choices.delimiter)
    cells, lines, ragged = delimited.read_body(text, outline)
    return RawTable(
        "csv", outline.names, cells, lines, outline.header_line, outline.first_line, encoding, outline.delimiter,
        preamble=outline.preamble, ragged=ragged,
    )  # fmt: skip


def _read_parquet(path: Path, choices: LayoutChoices) -> RawTable:
    del choices  # a Parquet file says all of it
    try:
        file = pq.ParquetFile(path)
        simple = [each for each in file.schema_arrow if _is_simple(each.type)]
        # Texts stay numbers of a dictionary, so that one long text in a million rows is held once.
        texts = [each.name for each in simple if not pa.types.is_primitive(each.type)]
        file = pq.ParquetFile(path, read_dictionary=texts)
        facts = file.metadata
        _check_size(
            sum(facts.row_group(place).total_byte_size for place in range(facts.num_row_groups)),
            facts.num_rows,
            facts.num_columns,
        )
        table = file.read(columns=[each.name for each in simple], use_threads=False)
    except MemoryError:  # one of Arrow's, too
        raise
    except (pa.ArrowException, OSError) as error:
        refuse(
            "damaged_file", f"Expected a whole Parquet file; found a damaged one ({_short(error)}). Export it again."
        )
    _check_text(sum(map(_unfolded_bytes, table.columns)))
    columns: dict[str, pa.ChunkedArray] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        try:
            plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
            columns[_joined(name)] = pc.fill_null(plain.cast(pa.string()), "")
        except (pa.ArrowException, NotImplementedError):
            continue  # lists and structures: no price is in them
    cells = pa.table(columns)
    lines = np.arange(1, cells.num_rows + 1, dtype=np.int64)
    return RawTable("parquet", tuple(columns), cells, lines, None, 1)


def _read_workbook(path: Path, choices: LayoutChoices) -> RawTable:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if not any(part.filename.endswith("workbook.xml") for part in parts):
                refuse("not_a_table", "Expected an Excel workbook (.xlsx); found another zip archive. Unpack it first.")
            _check_size(sum(part.file_size for part in parts), 0, 0)
    except zipfile.BadZipFile as error:
        refuse("damaged_file", f"Expected a whole workbook; found a damaged one ({_short(error)}). Save it again.")
    book = workbooks.read(path, choices.sheet)
    outline = delimited.outline_of_rows(book.rows, book.lines)
    cells, lines, ragged = delimited.body_of_rows(book.rows, book.lines, outline)
    return RawTable(
        "excel", outline.names, cells, lines, outline.header_line, outline.first_line, sheet=book.sheet,
        sheets=book.sheets, sheets_with_prices=book.with_prices, preamble=outline.preamble, ragged=ragged,
    )  # fmt: skip


def _joined(name: str) -> str:
    """Return the words of a name that pandas has made of several, such as `('Close', 'IBM')`."""
    words = re.findall(r"'([^']*)'", name) if re.fullmatch(r"\('[^']*'(, '[^']*')+\)", name) else [name]
    return " ".join(word for word in words if word)


def _is_simple(kind: pa.DataType) -> bool:
    """Whether a column of this kind has one short value or one text a row: in others, no price is."""
    if pa.types.is_dictionary(kind):
        return _is_simple(kind.value_type)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    is_number = pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
    return bool(is_number or is_text or is_bytes)


def _unfolded_bytes(column: pa.ChunkedArray) -> int:
    """Return the length of all texts of a column that is kept as a dictionary; 0 for any other."""
    if not pa.types.is_dictionary(column.type) or pa.types.is_primitive(column.type.value_type):
        return 0
    return sum(
        pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices).cast(pa.int64())).as_py() or 0
        for chunk in column.chunks
    )


def _check_text(n_bytes: int) -> None:
    if n_bytes > _MOST_TEXT:
        refuse(
            "too_large",
            f"Expected columns of text that unfold to at most {_MOST_TEXT:,} bytes; found {n_bytes:,}. Keep only the "
            "columns with dates and prices.",
        )


def _check_size(n_bytes: int, n_rows: int, n_columns: int) -> None:
    if n_bytes > _MOST_BYTES or n_rows * n_columns > _MOST_CELLS or n_columns > delimited.MOST_COLUMNS:
        refuse(
            "too_large",
            f"Expected a file that unfolds to at most {_MOST_BYTES:,} bytes and {_MOST_CELLS:,} cells; found "
            f"{n_bytes:,} bytes, {n_rows:,} rows and {n_columns:,} columns. Split it.",
        )


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
