"""Which column of a table has what, and which of several instruments is read."""

import itertools
import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quant.data.files.headers import is_english, role_of, roles_of, wide_columns
from quant.data.files.layout import NUMBER_ROLES, PRICE_ROLES, ColumnRole, LayoutChoices, Shape
from quant.data.files.moments import parse_moments
from quant.data.files.numbers import MISSING, parse_numbers
from quant.data.files.reading import RawTable
from quant.data.files.verdicts import Record
from quant.data.findings import BoolArray
from quant.errors import InvalidSpec

_MOST_INSTRUMENTS = 200
_LOOKED_AT = 200  # rows that tell what a column without a name has
_MOSTLY = 0.8
_FORMULA = r"^\s*[=@+-]"
_SIGNED = r"^\s*[+-]\s*[$€£¥]?[\d.,'\s]*([eE][+-]?\d+)?\s*[KMBkmb%$€£¥]?\s*$"


@dataclass(frozen=True, eq=False)
class Structure:
    """What a table is made of: its shape, the columns in use, its instruments, and the rows of the one that is read."""

    table: RawTable
    shape: Shape
    columns: dict[ColumnRole, str]
    instruments: tuple[str, ...] = ()
    instrument: str | None = None


def find_structure(table: RawTable, choices: LayoutChoices) -> Structure:
    """Find out which column has what.

    Parameters
    ----------
    table : RawTable
        All rows.
    choices : LayoutChoices
        What a person has said.

    Returns
    -------
    Structure
        With the rows of the instrument that is read; with all rows, if it has to be chosen.

    Raises
    ------
    InvalidSpec
        If a column or instrument was chosen that the file does not have.
    """
    if choices.columns is not None:
        unknown = sorted(set(choices.columns.values()) - set(table.names))
        if unknown:
            raise InvalidSpec(
                f"Expected columns of the file, {', '.join(table.names[:30])}; found {', '.join(unknown)}.",
                field="columns",
            )
        return _instrument_of_rows(Structure(table, "single", dict(choices.columns)), choices)
    if table.header_line is None and table.kind != "parquet":
        return Structure(table, "single", _by_content(table))
    found = roles_of(table.names)
    if not set(found) & set(PRICE_ROLES):
        wide = _wide(table, found)
        if wide:
            return _instrument_of_columns(table, found, wide, choices)
    return _instrument_of_rows(Structure(table, "single", found), choices)


def judge_structure(structure: Structure, record: Record, choices: LayoutChoices) -> None:
    """Note what there is to say about the names of the columns, and what is missing among them."""
    table = structure.table
    if table.encoding not in {"", "utf-8", "utf-8-sig"}:
        record.add(
            "encoding", 1, f"Expected UTF-8; found {table.encoding}, and read it as such. Look at the preview.",
            detected=table.encoding,
        )  # fmt: skip
    if len(table.sheets_with_prices) > 1 and choices.sheet is None:
        record.add(
            "several_sheets", len(table.sheets_with_prices),
            f"Expected one sheet with prices; found {', '.join(table.sheets_with_prices[:8])}. Choose the one to read; "
            "upload the file again for each of the others.",
            option="sheet",
        )  # fmt: skip
    if table.preamble:
        record.add(
            "preamble", len(table.preamble),
            "Expected the names of the columns in the first line; found text above them. It is not read.",
            lines=table.preamble,
        )  # fmt: skip
    if table.header_line is None and table.kind != "parquet" and choices.columns is None:
        record.add(
            "header_missing", 1,
            "Expected a line with names of columns; found none. Say which column has what; the preview shows a guess "
            "by their content.",
            option="columns",
        )  # fmt: skip
    _judge_names(structure, record)
    if choices.columns is None:
        _judge_unnamed(structure, record)
        _judge_repeated(structure, record)
    _judge_formulas(structure, record)
    if structure.instruments and structure.instrument is None:
        shown = ", ".join(structure.instruments[:8])
        record.add(
            "several_instruments", len(structure.instruments),
            f"Expected one instrument; found {len(structure.instruments)}: {shown}. Choose the one to read; upload "
            "the file again for each of the others.",
            option="instrument",
        )  # fmt: skip
    _judge_missing(structure, record, choices)


def _judge_names(structure: Structure, record: Record) -> None:
    table, used = structure.table, set(structure.columns.values())
    if table.header_line is None and table.kind != "parquet":
        return
    foreign = [name for name in table.names if name in used and not is_english(name) and structure.shape != "wide"]
    if foreign:
        by_name = {name: role for role, name in structure.columns.items()}
        record.add(
            "unknown_headers", len(foreign),
            "Expected the names of columns that this program writes; found "
            + ", ".join(f"{name} (read as {by_name[name]})" for name in foreign) + ". Correct what is wrong.",
            columns=tuple(foreign), option="columns",
        )  # fmt: skip
    others = [name for name in table.names if name not in used]
    if structure.shape == "wide":
        others = [name for name in others if role_of(name) is None and not any(name in by.values() for by in
                  wide_columns(table.names).values()) and name not in structure.instruments]  # fmt: skip
    if others:
        record.add(
            "unknown_column", len(others),
            f"Expected a date, prices and a volume; found also {', '.join(others[:10])}. What these columns have is "
            "not read.",
            columns=tuple(others[:50]), option="columns",
        )  # fmt: skip


def _judge_unnamed(structure: Structure, record: Record) -> None:
    """Note columns of values behind the last name: names and values may be shifted against each other."""
    table = structure.table
    if table.header_line is None:
        return
    places = itertools.takewhile(lambda place: table.names[place] == f"column {place + 1}",
                                 range(len(table.names) - 1, -1, -1))  # fmt: skip
    filled = [table.names[place] for place in places if _is_mostly_filled(table.column(table.names[place]))]
    if filled:
        record.add(
            "unnamed_cells", len(filled),
            f"Expected a name for each column; found values in {len(filled)} more at the end of the lines. Names and "
            "values may be shifted against each other, as when decimals stand behind a comma that also parts the "
            "cells, or when the name of the first column is missing. Say which column has what, or export the file "
            "again.",
            columns=tuple(filled[:50]), option="columns",
        )  # fmt: skip


def _judge_repeated(structure: Structure, record: Record) -> None:
    """Note columns that are called like one in use and have something else."""
    table = structure.table
    for role, name in structure.columns.items():
        others = [other for other in table.names if re.fullmatch(re.escape(name) + r" \(\d+\)", other)]
        others = [other for other in others if not table.column(other).equals(table.column(name))]
        if others:
            record.add(
                "repeated_column", 1 + len(others),
                f"Expected one column called {name}; found {1 + len(others)} that have different values. Say which of "
                f"them is the {role.replace('_', ' ')}; {', '.join(others[:5])} stands further to the right.",
                columns=(name, *others[:49]), option="columns",
            )  # fmt: skip


def _is_mostly_filled(cells: pa.StringArray) -> bool:
    n_filled = pc.sum(pc.not_equal(pc.utf8_trim_whitespace(cells), "")).as_py() or 0
    return bool(2 * n_filled >= len(cells))


def _judge_formulas(structure: Structure, record: Record) -> None:
    table = structure.table
    found = np.zeros(table.cells.num_rows, dtype=np.bool_)
    names = []
    for name in table.names:
        cells = _formulas(table.column(name))
        if cells.any():
            names.append(name)
            found |= cells
    where = np.flatnonzero(found)
    if len(where):
        record.add(
            "formula_cell", len(where),
            f"Expected values; found cells that a spreadsheet would run as formulas, in {', '.join(names[:10])}. "
            "Nothing is run; what is downloaded from here has them disarmed.",
            lines=table.lines[where], columns=tuple(names[:50]),
        )  # fmt: skip


def _formulas(cells: pa.StringArray) -> BoolArray:
    """Return which cells a spreadsheet would run: those that begin as formulas do and are no number, nor none."""
    begins = pc.match_substring_regex(cells, _FORMULA)
    if not pc.any(begins).as_py():
        return np.zeros(len(cells), dtype=np.bool_)
    harmless = pc.or_(
        pc.match_substring_regex(cells, _SIGNED),
        pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(cells)), pa.array(MISSING)),
    )
    found: BoolArray = pc.and_not(begins, harmless).to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


def _judge_missing(structure: Structure, record: Record, choices: LayoutChoices) -> None:
    missing = [role for role in ("date", *PRICE_ROLES) if role not in structure.columns]
    if missing == ["open", "high", "low"]:
        if choices.close_only:
            record.add(
                "close_only", len(missing),
                "Expected open, high, low and close; found one price a row, which is taken for all four, as you chose. "
                "Fills at the open are then fills at the close: an analysis of it is not realistic.",
                treatment="said", option="close_only",
            )  # fmt: skip
        else:
            record.add(
                "close_only", len(missing),
                "Expected open, high, low and close; found one price a row. Upload a file with all four, or choose to "
                "take the close for all; fills at the open are then not realistic.",
                option="close_only",
            )  # fmt: skip
            record.add(
                "missing_column", len(missing),
                "Expected the columns open, high and low; found none of them. Nothing is put in their place unless you "
                "choose so.",
                columns=tuple(missing), option="close_only", treatment="asked",
            )  # fmt: skip
    elif missing:
        record.add(
            "missing_column", len(missing),
            f"Expected a date, open, high, low and close; found no {' and no '.join(missing)} among "
            f"{', '.join(structure.table.names[:20])}. Say which column has it, or export the file with it; nothing is "
            "put in its place.",
            columns=tuple(missing), option="columns",
        )  # fmt: skip
    if "volume" not in structure.columns and "date" not in missing:
        treatment = record.treatment("no_volume")
        record.add(
            "no_volume", 1,
            "Expected a volume; found none. " + (
                "Zero is stored, as you chose: do not use features of volume."
                if treatment == "repaired"
                else "Say which column has it, or decide to store zero in its place."
            ),
            option="columns",
        )  # fmt: skip


def _instrument_of_rows(structure: Structure, choices: LayoutChoices) -> Structure:
    """Return only the rows of one instrument, if a column says to which each belongs."""
    table, name = structure.table, structure.columns.get("symbol")
    if name is None:
        return structure
    cells = pc.utf8_trim_whitespace(table.column(name))
    found = sorted({value for value in pc.unique(cells).to_pylist() if value})
    wanted = choices.instrument
    if wanted is not None and wanted not in found:
        raise InvalidSpec(
            f"Expected an instrument of the file, {', '.join(found[:20])}; found {wanted!r}.", field="instrument"
        )
    if len(found) <= 1:
        return structure
    structure = replace(structure, shape="long", instruments=tuple(found[:_MOST_INSTRUMENTS]), instrument=wanted)
    if wanted is None:
        return structure
    mine: BoolArray = pc.equal(cells, wanted).to_numpy(zero_copy_only=False).astype(np.bool_)
    return replace(structure, table=table.rows(mine))


def _wide(table: RawTable, found: dict[ColumnRole, str]) -> dict[str, dict[ColumnRole, str]]:
    """Return the columns of each instrument, if they stand beside each other."""
    others = [name for name in table.names if name not in found.values()]
    joined = wide_columns(others)
    if any("close" in columns for columns in joined.values()):
        return joined
    numeric: dict[str, dict[ColumnRole, str]] = {name: {"close": name} for name in others if _is_numeric(table, name)}
    return numeric if "date" in found and numeric else {}


def _instrument_of_columns(
    table: RawTable, found: dict[ColumnRole, str], wide: dict[str, dict[ColumnRole, str]], choices: LayoutChoices
) -> Structure:
    wanted = choices.instrument or (next(iter(wide)) if len(wide) == 1 else None)
    if wanted is not None and wanted not in wide:
        raise InvalidSpec(
            f"Expected an instrument of the file, {', '.join(list(wide)[:20])}; found {wanted!r}.", field="instrument"
        )
    shared = {role: name for role, name in found.items() if role not in NUMBER_ROLES}
    shown = wide[wanted or next(iter(wide))]
    return Structure(table, "wide", {**shared, **shown}, tuple(wide)[:_MOST_INSTRUMENTS], wanted)


def _is_numeric(table: RawTable, name: str) -> bool:
    numbers = parse_numbers(table.column(name)[:_LOOKED_AT], ".")
    n_known = int((~numbers.is_missing).sum())
    return bool(n_known and np.isfinite(numbers.values).sum() >= _MOSTLY * n_known)


def _by_content(table: RawTable) -> dict[ColumnRole, str]:
    """Return a guess at columns without names: a date, then four prices of which the second is the highest."""
    head = {name: table.column(name)[:_LOOKED_AT] for name in table.names}
    dates = [name for name, cells in head.items() if _is_date(cells)]
    numbers = [name for name in table.names if name not in dates and _is_numeric(table, name)]
    columns: dict[ColumnRole, str] = {"date": dates[0]} if dates else {}
    for start in range(len(numbers) - 3):
        four = np.column_stack([parse_numbers(head[name], ".").values for name in numbers[start : start + 4]])
        fits = (four[:, 1] >= four.max(axis=1)) & (four[:, 2] <= four.min(axis=1))
        if fits.mean() >= _MOSTLY:
            columns.update(zip(PRICE_ROLES, numbers[start : start + 4], strict=True))
            if start + 4 < len(numbers):
                columns["volume"] = numbers[start + 4]
            break
    return columns


def _is_date(cells: pa.StringArray) -> bool:
    moments = parse_moments(cells)
    n_known = int((~moments.is_missing).sum())
    return bool(n_known and moments.is_unreadable.sum() <= (1 - _MOSTLY) * n_known)
