"""The gate: a file is read, its layout told or asked, and every row kept, repaired and said so, or kept out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quant.data.files.history import (
    History,
    build_history,
    judge_gaps,
    judge_history,
    judge_order,
    judge_stack,
)
from quant.data.files.layout import FileLayout, LayoutChoices, chosen
from quant.data.files.reading import RawTable, read_table
from quant.data.files.rows import Rows, judge_cells, judge_formats, parse_rows
from quant.data.files.sessions import TIMEZONES, Placed, judge_sessions, place_rows
from quant.data.files.structure import Structure, find_structure, judge_structure
from quant.data.files.verdicts import FileFinding, Record, check_decisions
from quant.data.provider import Delivered
from quant.errors import InvalidPrices

_PREVIEW_ROWS = 20
_LONGEST_CELL = 80
_HALF = 0.5
_ORDER = ("refused", "asked", "quarantined", "repaired", "said")


@dataclass(frozen=True, eq=False)
class Examination:
    """What the gate says about a file.

    Attributes
    ----------
    layout : FileLayout
        How it is read.
    findings : tuple of FileFinding
        Everything there is to say; what has to be answered first.
    preview : list of (int, list of str)
        The first rows as they stand in the file, each with its line.
    n_rows, n_kept, n_quarantined : int
        Rows of the file, or of the chosen instrument; those that would be stored; those that stay out.
    interval : str
        Length of a bar.
    """

    layout: FileLayout
    findings: tuple[FileFinding, ...]
    preview: list[tuple[int, list[str]]]
    n_rows: int
    n_kept: int
    n_quarantined: int
    interval: str
    _table: RawTable
    _history: History | None
    _reasons: Mapping[int, str]

    @property
    def is_storable(self) -> bool:
        """Whether nothing has to be chosen or mended any more, and something is left to store."""
        blocked = any(finding.treatment in {"asked", "refused"} for finding in self.findings)
        return not blocked and self._history is not None and self.n_kept > 0

    @property
    def bars(self) -> pd.DataFrame:
        """The bars that would be stored, ascending."""
        if self._history is None:
            raise InvalidPrices("Expected a file that can be read; found one about which something has to be chosen.")
        return self._history.bars

    def quarantined(self) -> list[tuple[int, str, str]]:
        """Return the rows that stay out: line, code of the finding, and the text of the row."""
        rows = [(int(self._table.lines[place]), code, self._table.text(place)) for place, code in self._reasons.items()]
        ragged = [(line, "ragged_row", text) for line, text in self._table.ragged]
        return sorted([*rows, *ragged])

    def lightened(self) -> "Examination":
        """Return the same without the cells of rows that are not kept out."""
        places = np.array(sorted(self._reasons), dtype=np.int64)
        where = np.zeros(len(self._table.lines), dtype=np.bool_)
        where[places] = True
        reasons = {number: self._reasons[int(place)] for number, place in enumerate(places)}
        history = self._history
        if history is not None:
            history = History(history.bars, np.array([], dtype=np.intp), history.actions)
        return replace(self, _table=self._table.rows(where), _reasons=reasons, _history=history)

    def delivered(self, *, symbol: str, name: str, currency: str, asset_class: str) -> Delivered:
        """Return the kept bars as what a source delivered.

        Raises
        ------
        InvalidPrices
            If something has to be chosen or mended first.
        """
        if not self.is_storable or self._history is None:
            open_ = [finding for finding in self.findings if finding.treatment in {"asked", "refused"}]
            why = " ".join(finding.message for finding in open_) or "No row is left."
            raise InvalidPrices(f"Expected a file that can be stored; found one that cannot yet. {why}")
        return Delivered(
            symbol=symbol, bars=self._history.bars, currency=currency, calendar=self.layout.calendar,
            timezone=TIMEZONES[self.layout.calendar], instrument_name=name, asset_class=asset_class, basis="raw",
            actions=self._history.actions,
        )  # fmt: skip


def examine(
    path: Path,
    choices: LayoutChoices | None = None,
    decisions: Mapping[str, str] | None = None,
    *,
    now: pd.Timestamp | None = None,
) -> Examination:
    """Read a file of prices and judge it.

    Parameters
    ----------
    path : Path
        The file: CSV and its like, Parquet, or an Excel workbook. Its name says nothing.
    choices : LayoutChoices, optional
        What a person has said about its layout; the rest is detected, or asked.
    decisions : mapping of str to str, optional
        What a person has decided about findings, by code.
    now : Timestamp, optional
        The present moment, with a time zone; by default that of the clock.

    Returns
    -------
    Examination
        How it is read, everything that was found, and what would be stored.

    Raises
    ------
    UnreadableFile
        If there is no table in the file.
    InvalidSpec
        If a choice or decision is not possible for this file.

    Notes
    -----
    Timing: repairs look at a row alone, or at the rows of its session. Nothing is filled in from later rows, unless a
    person decides to repair a slip of the decimal point, a split or a change of unit, which only later rows show.
    """
    choices = choices or LayoutChoices()
    now = pd.Timestamp.now("UTC") if now is None else now
    table = read_table(path, choices)
    structure = find_structure(table, choices)
    record = Record(structure.table.lines, check_decisions(decisions or {}))
    judge_structure(structure, record, choices)
    rows = parse_rows(structure, choices)
    judge_formats(rows, structure, record)
    placed = None
    history = None
    if "date" in structure.columns and rows.moments.format is not None:
        placed = place_rows(rows.moments, choices, record, rows.market)
        if rows.decimal is not None:
            history = _judge_rows(rows, placed, structure, record, now)
    return _examination(structure, rows, placed, history, record, choices)


def _judge_rows(rows: Rows, placed: Placed, structure: Structure, record: Record, now: pd.Timestamp) -> History | None:
    """Judge every row; return what would be stored, or None if that cannot be said yet."""
    incomplete = {"missing_column", "several_instruments", "close_only", "unnamed_cells"}
    if any(finding.code in incomplete and finding.treatment in {"asked", "refused"} for finding in record.findings):
        return None
    judge_cells(rows, structure, record)
    if placed.interval != "1d":
        judge_order(placed, rows, record)
        return None
    judge_sessions(placed, record, now)
    judge_order(placed, rows, record)
    judge_stack(placed, record)
    judge_gaps(placed, record)
    history = build_history(rows, placed, record)
    if len(history.bars):
        history = judge_history(history, placed.calendar, record, now)
    n_rows = len(record.lines)
    if len(history.bars) < _HALF * n_rows:
        record.add(
            "mostly_quarantined", n_rows - len(history.bars),
            f"Expected most rows to be sound; found only {len(history.bars):,} of {n_rows:,} that can be stored. The "
            "columns, the order of dates or the decimal separator are probably not what was detected: correct them.",
            treatment="refused" if history.bars.empty else None,
        )  # fmt: skip
    return history


def _examination(
    structure: Structure, rows: Rows, placed: Placed | None, history: History | None, record: Record,
    choices: LayoutChoices,
) -> Examination:  # fmt: skip
    table = structure.table
    detected = chosen(
        choices, encoding=table.encoding, delimiter=table.delimiter, sheet=table.sheet, columns=structure.columns,
        instrument=structure.instrument, date_format=rows.moments.format, timezone=None,
        stamps=placed.stamps if placed else None, decimal=rows.decimal, calendar=placed.calendar if placed else "XNYS",
        close_only=False,
    )  # fmt: skip
    layout = FileLayout(
        kind=table.kind, sheets=table.sheets, header_line=table.header_line, first_line=table.first_line,
        names=table.names, shape=structure.shape, instruments=structure.instruments, **detected,
    )  # fmt: skip
    order = {treatment: rank for rank, treatment in enumerate(_ORDER)}
    findings = sorted(record.findings, key=lambda finding: order[finding.treatment])
    return Examination(
        layout, tuple(findings), _preview(table), len(table.lines), 0 if history is None else len(history.bars),
        len(record.reasons) + len(table.ragged), placed.interval if placed else "1d", table, history, record.reasons,
    )  # fmt: skip


def _preview(table: RawTable) -> list[tuple[int, list[str]]]:
    head = table.cells.slice(0, _PREVIEW_ROWS).to_pydict()
    columns = [[cell[:_LONGEST_CELL] for cell in head[name]] for name in table.names]
    lines = table.lines[:_PREVIEW_ROWS].tolist()
    return [(line, list(cells)) for line, cells in zip(lines, zip(*columns, strict=True), strict=True)]


def facts_of(findings: tuple[FileFinding, ...]) -> dict[str, Any]:
    """Return the number of findings by severity, for lists."""
    severities, counts = np.unique([finding.severity for finding in findings] or ["info"], return_counts=True)
    return dict(zip(severities.tolist(), counts.tolist(), strict=True)) if findings else {}
