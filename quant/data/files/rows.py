"""Rows of a file by themselves: their cells as numbers and instants, and what cannot be."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quant.data.files.layout import NUMBER_ROLES, PRICE_ROLES, ColumnRole, LayoutChoices
from quant.data.files.moments import Moments, parse_moments
from quant.data.files.numbers import Decimal, Numbers, decimal_of, parse_numbers
from quant.data.files.structure import Structure
from quant.data.files.verdicts import Record, counted_rows, sentence
from quant.data.findings import BoolArray, FloatArray, runs_of

# A price this much outside its bar is thought to belong to it, and the bar is widened; more is a wrong price.
_WIDENED = 0.05
# This much is what is left of decimals in binary numbers after a program has multiplied them; no price is meant by it.
_DUST = 1e-9


@dataclass(eq=False)
class Rows:
    """The cells of the columns in use, row by row as in the file."""

    moments: Moments
    decimal: Decimal | None
    market: FloatArray  # open, high, low, close
    volume: FloatArray
    adjusted_close: FloatArray | None
    currencies: tuple[str, ...] = ()
    numbers: dict[ColumnRole, Numbers] = field(default_factory=dict)


def parse_rows(structure: Structure, choices: LayoutChoices) -> Rows:
    """Read the cells of the columns in use.

    Parameters
    ----------
    structure : Structure
        Which column has what.
    choices : LayoutChoices
        What a person has said about dates and decimals.

    Returns
    -------
    Rows
        Of all rows, in the order of the file; NaN and NaT where a cell has no value.
    """
    table, columns = structure.table, structure.columns
    n_rows = table.cells.num_rows
    cells = table.column(columns["date"]) if "date" in columns else pa.array([""] * n_rows)
    if "time" in columns:
        cells = pc.binary_join_element_wise(cells, _with_colons(table.column(columns["time"])), " ")
    moments = parse_moments(cells, choices.date_format)
    used = {role: table.column(columns[role]) for role in NUMBER_ROLES if role in columns}
    usual: Decimal | None = "." if table.kind != "csv" or table.delimiter == "," else None
    order = [used[role] for role in (*PRICE_ROLES, "adjusted_close", "volume") if role in used]
    decimal: Decimal | None = choices.decimal or decimal_of(order, usual=usual)
    numbers = {role: parse_numbers(each, decimal or ".") for role, each in used.items()}
    unknown = np.full(n_rows, np.nan)
    close = numbers["close"].values if "close" in numbers else unknown
    instead = close if choices.close_only else unknown
    market = np.column_stack([numbers[role].values if role in numbers else instead for role in PRICE_ROLES])
    currencies = {currency for each in numbers.values() for currency in each.currencies}
    if "currency" in columns:
        stated = pc.utf8_upper(pc.utf8_trim_whitespace(table.column(columns["currency"])))
        currencies |= {value for value in pc.unique(stated).to_pylist() if value}
    return Rows(
        moments, decimal, market,
        numbers["volume"].values.copy() if "volume" in numbers else np.zeros(n_rows),
        numbers["adjusted_close"].values if "adjusted_close" in numbers else None,
        tuple(sorted(currencies)), numbers,
    )  # fmt: skip


def _with_colons(times: pa.StringArray) -> pa.StringArray:
    """Return times of day that some programs write without colons, as 160000 or 930, as all others write them."""
    whole = pc.replace_substring_regex(pc.utf8_trim_whitespace(times), r"^(\d{1,2})(\d{2})(\d{2})$", r"\1:\2:\3")
    return pc.replace_substring_regex(pc.replace_substring_regex(whole, r"^(\d{1,2})(\d{2})$", r"\1:\2"), "^0$", "0:00")


def judge_formats(rows: Rows, structure: Structure, record: Record) -> None:
    """Note how dates and numbers are written, and what about it has to be asked."""
    columns = structure.columns
    if "date" in columns and rows.moments.format is None:
        possible = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
        candidates = rows.moments.candidates
        found = (
            f"cells that can be read as {' or as '.join(possible[each] for each in candidates)}"
            if candidates
            else "cells that contradict each other: some have the day first, some the month"
        )
        record.add(
            "date_order_unknown", 1, f"Expected dates whose order can be told; found {found}. Choose the order.",
            columns=(columns["date"],), option="date_format", candidates=list(candidates),
        )  # fmt: skip
    elif rows.moments.is_exchanged:
        record.add(
            "days_and_months_exchanged", 1,
            "Expected dates of one form; found some with the year first, whose day is never above 12, beside others "
            "whose day always is: a spreadsheet has taken days for months where it could. Set the column to text "
            "before the dates are put in, and export the table again.",
            columns=(columns["date"],),
        )  # fmt: skip
    elif rows.moments.format not in {"ymd", None}:
        record.add(
            "date_format", 1, f"Expected dates as 2012-12-31; found {_WRITTEN_AS[str(rows.moments.format)]}, and read "
            "them as such. Look at the preview.",
            columns=(columns["date"],), option="date_format", detected=rows.moments.format,
        )  # fmt: skip
    prices = [columns[role] for role in NUMBER_ROLES if role in columns]
    if rows.decimal is None:
        record.add(
            "number_format_unknown", 1,
            "Expected numbers whose decimals can be told; found cells such as 1,234 that may be thousands or decimals. "
            "Choose the decimal separator.",
            columns=tuple(prices), option="decimal",
        )  # fmt: skip
        return
    _judge_numbers(rows, structure, record)


_WRITTEN_AS = {
    "dmy": "the day first, then the month", "mdy": "the month first, then the day",
    "epoch_s": "seconds since 1970", "epoch_ms": "milliseconds since 1970", "epoch_us": "microseconds since 1970",
    "epoch_ns": "nanoseconds since 1970", "serial": "days as Excel counts them",
}  # fmt: skip


def _judge_numbers(rows: Rows, structure: Structure, record: Record) -> None:
    columns, lines = structure.columns, structure.table.lines
    written = [role for role in NUMBER_ROLES if role != "volume" and role in rows.numbers]
    rewritten = [columns[role] for role in written if rows.numbers[role].is_rewritten.any()]
    if rewritten:
        record.add(
            "number_format", len(rewritten),
            f"Expected numbers as 1234.5; found decimals after {'a comma' if rows.decimal == ',' else 'a point'}, "
            f"thousands or signs of currencies in {', '.join(rewritten)}, and read them as such. Look at the preview.",
            columns=tuple(rewritten), option="decimal", detected=rows.decimal,
        )  # fmt: skip
    volume = rows.numbers.get("volume")
    if volume is not None and volume.is_rewritten.any():
        where = np.flatnonzero(volume.is_rewritten)
        record.add(
            "volume_format", len(where),
            f"Expected volumes of digits only; found {len(where)} with separators or letters for thousands and "
            "millions. These are taken in.",
            lines=lines[where], columns=(columns["volume"],),
        )  # fmt: skip
    if len(rows.currencies) > 1:
        record.add(
            "mixed_currencies", len(rows.currencies),
            f"Expected prices in one currency; found {', '.join(rows.currencies)}. Split the file by currency.",
        )  # fmt: skip


def judge_cells(rows: Rows, structure: Structure, record: Record) -> None:
    """Note rows whose cells have no value, or none that can be; quarantine them, or repair what may be."""
    table = structure.table
    if table.ragged:
        lines = np.array([line for line, _ in table.ragged])
        treatment = record.treatment("ragged_row")
        found = (
            f"Expected {len(table.names)} cells in each line; found another number in {len(lines)} lines, the first "
            f"{lines[0]}."
        )
        record.add("ragged_row", len(lines), sentence(found, {}, treatment), lines=lines)
    unread = _judge_dates(rows, structure, record)
    _judge_unreadable_numbers(rows, structure, record, unread)
    _judge_missing(rows, record, unread)
    _judge_impossible(rows, record)


def _judge_dates(rows: Rows, structure: Structure, record: Record) -> BoolArray:
    bad = rows.moments.is_unreadable | rows.moments.is_missing
    footer = np.zeros_like(bad)
    good = np.flatnonzero(~bad)
    if len(good):
        footer[good[-1] + 1 :] = True
    totals = "Expected rows of prices down to the end; found {n} below the last one with a date."
    undated = "Expected a date in every row; found {n} in which there is none to be read."
    for code, where, what in (("footer_row", bad & footer, totals), ("unreadable_date", bad & ~footer, undated)):
        treatment = record.treatment(code)
        record.rows(
            code, where, sentence(what.format(n=counted_rows(where)), {}, treatment),
            columns=(structure.columns["date"],), option="date_format",
        )  # fmt: skip
    return bad


def _judge_unreadable_numbers(rows: Rows, structure: Structure, record: Record, unread: BoolArray) -> None:
    where = np.zeros_like(unread)
    names = []
    for role, numbers in rows.numbers.items():
        if role != "adjusted_close" and (numbers.is_unreadable & ~unread).any():
            where |= numbers.is_unreadable & ~unread
            names.append(structure.columns[role])
    found = f"Expected numbers; found text in {counted_rows(where)}, in {', '.join(names)}."
    record.rows(
        "unreadable_number", where, sentence(found, {}, record.treatment("unreadable_number")), columns=tuple(names)
    )


def _judge_missing(rows: Rows, record: Record, unread: BoolArray) -> None:
    text = np.zeros_like(unread)
    for numbers in rows.numbers.values():
        text |= numbers.is_unreadable
    no_price = ~np.isfinite(rows.market).all(axis=1) & ~unread & ~text
    no_volume = ~np.isfinite(rows.volume) & ~unread & ~text
    where = no_price | no_volume if no_price.any() else no_price
    longest = int(np.ptp(runs_of(no_price), axis=1).max(initial=0))
    only_volume = no_volume & ~no_price
    found = (
        f"Expected a number in every cell; found {counted_rows(where)} with an empty one, at most {longest} in a row."
    )
    if no_price.any():
        found += f" {counted_rows(no_price)} without a price."
    treatment = record.treatment("missing_value")
    rest = {"quarantined": "Rows without a price stay out of the store and can be downloaded; nothing is filled in."}
    record.rows("missing_value", where, sentence(found, rest, treatment), apart=no_price, longest_run=longest)
    treatment = record.treatment("missing_volume")
    record.rows(
        "missing_volume", only_volume,
        sentence(f"Expected a volume in every row; found none in {counted_rows(only_volume)} that have prices.",
                 {"repaired": "Zero is stored in its place."}, treatment),
    )  # fmt: skip
    if treatment == "repaired":
        rows.volume[only_volume] = 0.0
        record.without_volume = frozenset(np.flatnonzero(only_volume).tolist())


def _judge_impossible(rows: Rows, record: Record) -> None:
    known: BoolArray = np.logical_and.reduce(np.isfinite(rows.market), axis=1)
    not_positive: BoolArray = np.logical_or.reduce(rows.market <= 0, axis=1)  # NaN compares as False
    record.rows(
        "non_positive_price", not_positive,
        sentence(f"Expected prices above zero; found others in {counted_rows(not_positive)}.", {},
                 record.treatment("non_positive_price")),
    )  # fmt: skip
    negative = rows.volume < 0
    record.rows(
        "negative_volume", negative,
        sentence(f"Expected volumes of zero or more; found negative ones in {counted_rows(negative)}.", {},
                 record.treatment("negative_volume")),
    )  # fmt: skip
    _judge_order(rows, record, np.asarray(known & ~not_positive))


def _judge_order(rows: Rows, record: Record, possible: BoolArray) -> None:
    open_, high, low, close = rows.market.T
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    _judge_dust(rows, record, possible)
    exchanged = possible & (high < low)
    fits = exchanged & (top <= low) & (bottom >= high)
    outside = possible & ~exchanged & ((top > high) | (bottom < low))
    with np.errstate(divide="ignore", invalid="ignore"):
        near = outside & (top <= high * (1 + _WIDENED)) & (bottom >= low * (1 - _WIDENED))
    treatment = record.treatment("high_below_low")
    record.rows(
        "high_below_low", exchanged,
        sentence(f"Expected the high at or above the low; found it below in {counted_rows(exchanged)}.",
                 {"repaired": "Where open and close lie between the two, these are exchanged back; other rows stay out "
                              "of the store."}, treatment),
    )  # fmt: skip
    if treatment == "repaired":
        rows.market[fits, 1], rows.market[fits, 2] = low[fits], high[fits]
        _keep_out(record, exchanged & ~fits, "high_below_low")
    treatment = record.treatment("ohlc_outside_range")
    record.rows(
        "ohlc_outside_range", outside,
        sentence(f"Expected open and close between low and high; found one outside in {counted_rows(outside)}.",
                 {"repaired": f"Where it is within {_WIDENED:.0%}, high or low is moved to it; other rows stay out of "
                              "the store."}, treatment),
    )  # fmt: skip
    if treatment == "repaired":
        rows.market[near, 1] = np.maximum(high, top)[near]
        rows.market[near, 2] = np.minimum(low, bottom)[near]
        _keep_out(record, outside & ~near, "ohlc_outside_range")


def _judge_dust(rows: Rows, record: Record, possible: BoolArray) -> None:
    """Move a high or low by the rounding error by which open or close lie outside of it."""
    open_, high, low, close = rows.market.T
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    outside = (high >= low * (1 - _DUST)) & ((top > high) | (bottom < low) | (high < low))
    dusty = possible & outside & (top <= high * (1 + _DUST)) & (bottom >= low * (1 - _DUST))
    treatment = record.treatment("rounding")
    found = "Expected open and close between low and high; found one outside by a rounding error in "
    record.rows(
        "rounding", dusty,
        sentence(f"{found}{counted_rows(dusty)}.", {"repaired": "High or low is moved by that much."}, treatment),
    )  # fmt: skip
    if treatment == "repaired":
        rows.market[dusty, 1] = np.maximum(high, top)[dusty]
        rows.market[dusty, 2] = np.minimum(low, bottom)[dusty]


def _keep_out(record: Record, where: BoolArray, code: str) -> None:
    for place in np.flatnonzero(where):
        record.reasons.setdefault(int(place), code)
