"""Dates and times as people and programs write them: their order told by the whole column, or asked."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from quant.data.files.layout import DateFormat
from quant.data.files.numbers import MISSING
from quant.data.findings import BoolArray, FloatArray

InstantArray = np.ndarray[Any, np.dtype[np.datetime64]]

_MONTHS = (
    "jan january januar janvier janv enero ene gennaio gen janeiro januari stycznia sty янв 1月",
    "feb february februar février fevrier févr fevr febrero febbraio febr fevereiro fev februari luty lut фев",
    "mar march märz maerz mär mrz mars marzo março marco maart mrt marca мар",
    "apr april avril avr abril abr aprile kwietnia kwi апр",
    "may mai mayo maggio mag maio mei maj май мая",
    "jun june juni juin junio giugno giu junho czerwca cze июн",
    "jul july juli juillet juil julio luglio lug julho lipca lip июл",
    "aug august août aout agosto ago augustus sierpnia sie авг",
    "sep sept september septembre septiembre settembre set setembro września wrz сен",
    "oct october oktober okt octobre octubre ottobre ott outubro out października paź окт",
    "nov november novembre noviembre novembro listopada lis ноя",
    "dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro grudnia gru дек",
)
_MONTH_OF = {word: f"m{number:02d}" for number, words in enumerate(_MONTHS, start=1) for word in words.split()}
_WORD = re.compile(r"[^\W\d_]+\.?")
_WEEKDAY = (
    r"(?i)^(mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\.?,?\s+"
)
_TIME = (
    r"(?:(?:\s*[T,]\s*|\s+)(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = r"\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_WRITTEN = rf"^(?P<a>m?\d{{1,4}})\.?[-./ ,]\s*(?P<b>m?\d{{1,2}})\.?[-./ ,]\s*(?P<c>\d{{1,4}}){_TIME}{_ZONE}$"
_COMPACT = rf"^(?P<a>\d{{4}})(?P<b>\d{{2}})(?P<c>\d{{2}}){_TIME}{_ZONE}$"
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}$"
_YEARS = (1800, 2200)
_YEAR_DIGITS = 4
_CENTURY = 100
_MONTHS_A_YEAR, _MOST_DAYS, _NOON, _MIDNIGHT, _SIXTY = 12, 31, 12, 24, 60
_EXCHANGED_LEAST = 4  # cells of each form, from which on this is no chance
_TWO_DIGITS_FROM = 69  # 69 to 99 are 1969 to 1999, as POSIX has it
_UNITS: dict[int, DateFormat] = {10: "epoch_s", 13: "epoch_ms", 16: "epoch_us", 19: "epoch_ns"}
_PER_SECOND = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
_SERIAL_DAYS = 5  # digits of the days since 1899-12-30 in the years 1927 to 2173
_DAYS_BEFORE_1970 = 25569


@dataclass(frozen=True, eq=False)
class Moments:
    """A column of dates or times.

    Attributes
    ----------
    written : ndarray of shape (n_rows,)
        Date and time as they stand there, microseconds; NaT if there is none.
    offset_minutes : ndarray of shape (n_rows,)
        Minutes ahead of UTC that stand beside it; NaN if none do.
    is_missing, is_unreadable : ndarray of shape (n_rows,)
        Whether a cell says that there is no value; whether it is no date.
    has_time : bool
        Whether any has a time of day other than midnight.
    format : str or None
        How they are written; None if day and month could change places in every cell, or contradict each other.
    candidates : tuple of str
        The orders that are possible, if there are several; empty if they contradict each other.
    is_exchanged : bool
        Whether a spreadsheet has taken days for months where it could: then the year stands first, and no day is above
        12, while all days above 12 stand in other cells.
    """

    written: InstantArray
    offset_minutes: FloatArray
    is_missing: BoolArray
    is_unreadable: BoolArray
    has_time: bool
    format: DateFormat | None
    candidates: tuple[DateFormat, ...] = ()
    is_exchanged: bool = False


def parse_moments(cells: pa.StringArray, date_format: DateFormat | None = None) -> Moments:
    """Read a column of dates or times.

    Parameters
    ----------
    cells : StringArray of shape (n_rows,)
        Text.
    date_format : str, optional
        As a person has said; by default told by all cells.

    Returns
    -------
    Moments
        What cannot be read is NaT. If the order has to be asked, the first candidate was used, for a preview only.

    Examples
    --------
    >>> parse_moments(pa.array(["01.02.2015", "13.02.2015"])).written.astype(str).tolist()
    ['2015-02-01T00:00:00.000000', '2015-02-13T00:00:00.000000']
    >>> found = parse_moments(pa.array(["01.02.2015", "02.02.2015"]))
    >>> found.format, found.candidates
    (None, ('dmy', 'mdy'))
    """
    trimmed = pc.utf8_trim_whitespace(cells)
    missing = pc.is_in(pc.utf8_lower(trimmed), pa.array(MISSING))
    is_missing: BoolArray = missing.to_numpy(zero_copy_only=False).astype(np.bool_)
    counted = _counted_format(trimmed, is_missing) if date_format is None else date_format
    if counted is not None and (counted.startswith("epoch") or counted == "serial"):
        written = _counted(trimmed, counted)
        offset = np.full(len(written), np.nan if counted == "serial" else 0.0)
        return _moments(written, offset, is_missing, counted)
    if date_format in (None, "ymd") and pc.all(pc.or_(missing, pc.match_substring_regex(trimmed, _ISO_DAY))).as_py():
        written = _iso_days(trimmed, is_missing)
        return _moments(written, np.full(len(written), np.nan), is_missing, "ymd")
    return _parse_written(trimmed, is_missing, date_format)


def to_utc(moments: Moments, zone: str | None) -> tuple[pd.DatetimeIndex, BoolArray, BoolArray]:
    """Return the instants in UTC, and which times of day their zone skips or repeats.

    Parameters
    ----------
    moments : Moments
        As written.
    zone : str, optional
        Zone of what is written without one; by default UTC.

    Returns
    -------
    instants : DatetimeIndex of shape (n_rows,)
        NaT where nothing was read, and where the zone skips or repeats the time of day.
    is_skipped, is_repeated : ndarray of shape (n_rows,)
        By daylight saving time.
    """
    naive = np.isnan(moments.offset_minutes)
    offset = np.where(naive, 0.0, moments.offset_minutes).astype("timedelta64[m]")
    instants = pd.DatetimeIndex(moments.written - offset).as_unit("us").tz_localize("UTC")
    nothing = np.zeros(len(instants), dtype=np.bool_)
    if zone is None or not naive.any():
        return instants, nothing, nothing
    local = pd.DatetimeIndex(np.where(naive, moments.written, np.datetime64("NaT"))).as_unit("us")
    known = ~np.asarray(local.isna())
    placed = local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    either = local.tz_localize(zone, ambiguous=nothing, nonexistent="NaT")
    is_skipped = known & np.asarray(either.isna())
    is_repeated = known & np.asarray(placed.isna()) & ~is_skipped
    merged = np.where(naive, placed.tz_convert("UTC").tz_localize(None), instants.tz_localize(None))
    return pd.DatetimeIndex(merged).as_unit("us").tz_localize("UTC"), is_skipped, is_repeated


def _moments(
    written: InstantArray, offset: FloatArray, is_missing: BoolArray, date_format: DateFormat | None,
    candidates: tuple[DateFormat, ...] = (),
) -> Moments:  # fmt: skip
    unreadable = np.isnat(written) & ~is_missing
    times = written[~np.isnat(written)]
    has_time = bool((times != times.astype("datetime64[D]")).any())
    return Moments(written, offset, is_missing, unreadable, has_time, date_format, candidates)


def _counted_format(trimmed: pa.StringArray, is_missing: BoolArray) -> DateFormat | None:
    """Return the unit of moments that are counted, told by how many digits most of them have."""
    digits = pc.extract_regex(trimmed, r"^(?P<whole>\d{5,19})(?:\.\d+)?$")
    lengths = pc.utf8_length(pc.struct_field(digits, "whole")).to_numpy(zero_copy_only=False)
    found = lengths[~np.isnan(lengths)] if lengths.dtype.kind == "f" else lengths
    if 2 * len(found) <= (~is_missing).sum() or not len(found):
        return None
    usual = int(np.median(found))
    if usual == _SERIAL_DAYS:
        return "serial"
    return next((unit for n_digits, unit in _UNITS.items() if n_digits - 1 <= usual <= n_digits), None)


def _counted(trimmed: pa.StringArray, unit: DateFormat) -> InstantArray:
    valid = pc.match_substring_regex(trimmed, r"^-?\d{1,19}(\.\d+)?$")
    known = pc.if_else(valid, trimmed, pa.scalar(None, pa.string()))
    numbers = pc.cast(known, pa.float64()).to_numpy(zero_copy_only=False)
    if unit == "serial":  # noqa: SIM108  # each has its line
        seconds = np.round((numbers - _DAYS_BEFORE_1970) * 86_400, 3)
    else:
        seconds = numbers / _PER_SECOND[unit]
    possible = np.abs(seconds) < (_YEARS[1] - 1970) * 366 * 86_400
    micros = np.round(np.where(possible, seconds, 0.0) * 1e6).astype(np.int64)
    instants: InstantArray = np.where(possible, micros.astype("datetime64[us]"), np.datetime64("NaT", "us"))
    return instants


def _iso_days(trimmed: pa.StringArray, is_missing: BoolArray) -> InstantArray:
    known = pc.if_else(pa.array(is_missing), pa.scalar(None, pa.string()), trimmed)
    try:
        days: InstantArray = pc.cast(known, pa.date32()).to_numpy(zero_copy_only=False).astype("datetime64[us]")
    except pa.ArrowInvalid:  # a day that no month has
        days = pd.to_datetime(known.to_pandas(), format="%Y-%m-%d", errors="coerce").to_numpy(dtype="datetime64[us]")
    possible = (days >= np.datetime64(str(_YEARS[0]))) & (days < np.datetime64(str(_YEARS[1])))
    return np.where(possible, days, np.datetime64("NaT"))


def _parse_written(trimmed: pa.StringArray, is_missing: BoolArray, date_format: DateFormat | None) -> Moments:
    text = pc.replace_substring_regex(trimmed, _WEEKDAY, "")
    if pc.any(pc.match_substring_regex(text, r"[^\W\d_TZzAaPpMm]{2,}|[A-Za-z]{3,}|\pL{2,}")).as_py():
        text = pa.array([_WORD.sub(_month, each) for each in text.to_pylist()], pa.string())
    compact = pc.fill_null(pc.match_substring_regex(text, r"^\d{8}(\D|$)"), False)
    parts = pc.if_else(compact, pc.extract_regex(text, _COMPACT), pc.extract_regex(text, _WRITTEN))
    a, b, c = (_digits(pc.struct_field(parts, name)) for name in "abc")
    a_month, b_month = (_has_prefix(pc.struct_field(parts, name)) for name in "ab")
    year_first = _length(pc.struct_field(parts, "a")) == _YEAR_DIGITS
    year_last = _length(pc.struct_field(parts, "c")) == _YEAR_DIGITS
    orders: dict[DateFormat, InstantArray] = {
        "ymd": np.where((year_last | a_month | b_month) & ~year_first, np.datetime64("NaT"), _days(a, b, c)),
        "dmy": np.where(year_first, _days(a, b, c), np.where(a_month, _days(c, a, b), _days(c, b, a))),
        "mdy": np.where(year_first, _days(a, b, c), np.where(b_month, _days(c, b, a), _days(c, a, b))),
    }
    in_words = a_month | b_month  # then day and month cannot be taken for each other: only the name is to be chosen
    if in_words.any() and bool(in_words[~is_missing].all()):
        usual: DateFormat = "ymd" if year_first.all() else "mdy" if a_month.all() else "dmy"
        orders = {usual: orders[usual], **orders}
    chosen, candidates = _order(orders, date_format)
    days = orders[chosen or (candidates[0] if candidates else "dmy")]
    written = days.astype("datetime64[us]") + _times(parts)
    found = _moments(written, _offsets(parts), is_missing, chosen, candidates)
    return replace(found, is_exchanged=_is_exchanged(days, year_first, year_last & ~in_words))


def _is_exchanged(days: InstantArray, year_first: BoolArray, year_last: BoolArray) -> bool:
    """Whether all days up to 12 stand behind the year, and all others before it."""
    known = ~np.isnat(days)
    of_month = (days.astype("datetime64[D]") - days.astype("datetime64[M]")).astype(np.int64) + 1
    low, high = of_month[known & year_first], of_month[known & year_last]
    enough = min(len(low), len(high)) >= _EXCHANGED_LEAST
    return bool(enough and (low <= _MONTHS_A_YEAR).all() and (high > _MONTHS_A_YEAR).all())


def _order(
    orders: dict[DateFormat, InstantArray], said: DateFormat | None
) -> tuple[DateFormat | None, tuple[DateFormat, ...]]:
    """Return the one order that the column allows, or the orders between which a person has to choose.

    A cell that only one order can read is evidence; it takes one such cell, and none for another order.
    """
    if said is not None:
        return said, ()
    readable = {name: ~np.isnat(days) for name, days in orders.items()}
    any_order = np.logical_or.reduce(list(readable.values()))
    n_read = {name: int(found.sum()) for name, found in readable.items()}
    full = tuple(name for name, n_rows in n_read.items() if n_rows == any_order.sum())
    if full:
        distinct = [
            name for name in full if not any(_equal(orders[name], orders[each]) for each in full if each < name)
        ]
        return (full[0] if len(distinct) == 1 else None), (full if len(distinct) > 1 else ())
    # No order reads all: damaged cells, or two orders in one column. Which cells can only one of them read?
    only = {
        name: int((found & ~np.logical_or.reduce([each for other, each in readable.items() if other != name])).sum())
        for name, found in readable.items()
    }
    telling = [name for name, n_rows in only.items() if n_rows]
    best = max(n_read, key=lambda name: n_read[name])
    return (telling[0] if telling == [best] else None), ()


def _equal(left: InstantArray, right: InstantArray) -> bool:
    return bool(((left == right) | (np.isnat(left) & np.isnat(right))).all())


def _days(year: FloatArray, month: FloatArray, day: FloatArray) -> InstantArray:
    """Return dates; NaT where there is no such day."""
    year = np.where(year < _CENTURY, year + np.where(year >= _TWO_DIGITS_FROM, 1900, 2000), year)
    possible = (
        (year >= _YEARS[0])
        & (year < _YEARS[1])
        & (month >= 1)
        & (month <= _MONTHS_A_YEAR)
        & (day >= 1)
        & (day <= _MOST_DAYS)
    )
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(possible, day - 1, 0).astype("timedelta64[D]")
    return np.where(possible & (days.astype("datetime64[M]") == months), days, np.datetime64("NaT"))


def _times(parts: pa.StructArray) -> np.ndarray[Any, np.dtype[np.timedelta64]]:
    """Return the time of day; NaT if there is no such time."""
    hour, minute, second = (_digits(pc.struct_field(parts, name)) for name in ("hour", "minute", "second"))
    if np.isnan(hour).all():
        return np.zeros(len(hour), dtype="timedelta64[us]")
    half = pc.utf8_lower(pc.utf8_slice_codeunits(pc.struct_field(parts, "half"), 0, 1))
    is_pm, is_am = (_to_bools(pc.equal(half, letter)) for letter in ("p", "a"))
    hour = np.where(is_pm & (hour < _NOON), hour + 12, np.where(is_am & (hour == _NOON), 0, hour))
    part = pc.struct_field(parts, "part")
    fraction = _digits(part) / 10.0 ** np.where(_length(part) > 0, _length(part), 1)
    hour, minute, second, fraction = (np.nan_to_num(each, nan=0.0) for each in (hour, minute, second, fraction))
    seconds = hour * 3600 + minute * 60 + second + fraction
    possible = (hour < _MIDNIGHT) & (minute < _SIXTY) & (second < _SIXTY)
    micros = np.where(possible, np.round(seconds * 1e6), 0).astype("timedelta64[us]")
    return np.where(possible, micros, np.timedelta64("NaT"))


def _offsets(parts: pa.StructArray) -> FloatArray:
    zone = pc.struct_field(parts, "zone")
    words = pc.dictionary_encode(zone)
    minutes = np.array([_minutes(word) for word in words.dictionary.to_pylist()] or [np.nan])
    places = pc.fill_null(words.indices, -1).to_numpy(zero_copy_only=False)
    return np.where(places < 0, np.nan, minutes[places])


def _minutes(zone: str | None) -> float:
    if not zone:
        return np.nan
    if zone[0] not in "+-":
        return 0.0
    digits = zone[1:].replace(":", "")
    return (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * 60.0 + int(digits[2:] or 0))


def _month(word: re.Match[str]) -> str:
    return _MONTH_OF.get(word.group().rstrip(".").lower(), word.group())


def _digits(cells: pa.StringArray) -> FloatArray:
    bare = pc.replace_substring_regex(cells, r"^m", "")
    known = pc.if_else(pc.equal(bare, ""), pa.scalar(None, pa.string()), bare)
    found: FloatArray = pc.cast(known, pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _length(cells: pa.StringArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    found: np.ndarray[Any, np.dtype[np.int64]] = pc.fill_null(pc.utf8_length(cells), 0).to_numpy(zero_copy_only=False)
    return found


def _has_prefix(cells: pa.StringArray) -> BoolArray:
    return _to_bools(pc.starts_with(cells, "m"))


def _to_bools(values: pa.BooleanArray) -> BoolArray:
    found: BoolArray = pc.fill_null(values, False).to_numpy(zero_copy_only=False).astype(np.bool_)
    return found
