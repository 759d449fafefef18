"""Longer bars of days: which days each holds, and what it looks like in raw and in adjusted prices."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.bars.activity import DOLLARS, SHARES, activity_ends
from quant.bars.catalog import Measure
from quant.bars.gathering import Places
from quant.bars.information import information_ends
from quant.bars.resampling import whole_periods
from quant.bars.trades import tick_rule
from quant.calendars import Period
from quant.frames import MARKET_COLUMNS, PRICE_COLUMNS, Prices

Values = NDArray[np.float64]

_ESTIMATES = {"expanding": 1, "ewma": 2}
_MEASURES = {"ticks": 0, "volume": SHARES, "dollars": DOLLARS}
_HOW = (np.maximum, np.minimum)


@dataclass(frozen=True)
class Days:
    """The days of one instrument.

    Attributes
    ----------
    raw, adjusted : DataFrame of shape (n_days, 8)
        Raw and forward-adjusted price frame, see `quant.frames`, on the same days; both sound.
    calendar : str
        Name of its exchange calendar.
    known_until : Timestamp
        Up to when is known what there was: by then a week is over, whether or not this instrument has its last day.
    """

    raw: Prices
    adjusted: Prices
    calendar: str
    known_until: pd.Timestamp


@dataclass(frozen=True)
class Spans:
    """Which days make a bar: arrays of shape (n_bars,).

    `begins` and `ends` are the positions of its first day and of the day after its last; bars follow each other without
    a gap. `closed_at` is the instant at which it is known.
    """

    begins: Places
    ends: Places
    closed_at: pd.DatetimeIndex


def each_day(days: Days) -> Spans:
    """Return a bar for each day.

    Parameters
    ----------
    days : Days
        The days.

    Returns
    -------
    Spans
        As many as there are days.

    Notes
    -----
    Timing: a day is known at its close.
    """
    return _ended(days, np.arange(1, len(days.raw) + 1))


def weeks(days: Days) -> Spans:
    """Return the weeks of the exchange that are over, see `quant.bars.resampling.resample`.

    Parameters
    ----------
    days : Days
        The days.

    Returns
    -------
    Spans
        One for each week, from Monday to Sunday, of which the history has the beginning.

    Raises
    ------
    InvalidPrices
        If a day is no session of the calendar.

    Notes
    -----
    Timing: a week is known at the close of its last session.
    """
    return _periods(days, "1w")


def months(days: Days) -> Spans:
    """Return the calendar months that are over, see `quant.bars.resampling.resample`.

    Parameters
    ----------
    days : Days
        The days.

    Returns
    -------
    Spans
        One for each month of which the history has the beginning.

    Raises
    ------
    InvalidPrices
        If a day is no session of the calendar.

    Notes
    -----
    Timing: a month is known at the close of its last session.
    """
    return _periods(days, "1mo")


def equal_days(days: Days, *, n_days: int) -> Spans:
    """Return bars of equally many days.

    Parameters
    ----------
    days : Days
        The days.
    n_days : int
        Days of a bar.

    Returns
    -------
    Spans
        Those that are full.

    Notes
    -----
    Timing: a bar is known at the close of its last day.

    References
    ----------
    López de Prado 2018, section 2.3.1.
    """
    return _ended(days, np.arange(n_days, len(days.raw) + 1, n_days))


def equal_volume(
    days: Days, *, n_days: int, threshold: float | None, estimate: Literal["expanding", "ewma"], span: int
) -> Spans:
    """Return bars that end with the day that brings their volume to the threshold.

    Parameters
    ----------
    days : Days
        The days.
    n_days : int
        Days of the first bar and, on average, of later ones, if the threshold is estimated.
    threshold : float or None
        Shares of a bar, counted as on the first day; None: estimated.
    estimate : {"expanding", "ewma"}
        An estimated threshold is `n_days` times the shares of a day in the bars that are closed: in all of them, or in
        an average that forgets exponentially. The first bar, of which nothing is known, has `n_days` days, and so has
        each further one until anything is traded.
    span : int
        Bars that an exponential estimate remembers: each new one has the weight `2 / (span + 1)`.

    Returns
    -------
    Spans
        Those that are over; the next begins with nothing.

    Notes
    -----
    Timing: a bar is known at the close of its last day, and its threshold before its first. Shares are those of the
    first day, which no later split changes.

    References
    ----------
    López de Prado 2018, section 2.3.1. The estimates are ours.
    """
    sizes = _values(days.adjusted, "volume")
    return _by_activity(days, np.ones_like(sizes), sizes, (n_days, threshold, estimate, span))


def equal_value(
    days: Days, *, n_days: int, threshold: float | None, estimate: Literal["expanding", "ewma"], span: int
) -> Spans:
    """Return bars that end with the day that brings the value traded to the threshold.

    Parameters
    ----------
    days : Days
        The days. A day's value is its raw close times its raw volume.
    n_days, threshold, estimate, span
        As for `equal_volume`; the threshold in the currency of the prices.

    Returns
    -------
    Spans
        Those that are over; the next begins with nothing.

    Notes
    -----
    Timing: a bar is known at the close of its last day, and its threshold before its first.

    References
    ----------
    López de Prado 2018, section 2.3.1. The estimates are ours.
    """
    values = _values(days.raw, "close"), _values(days.raw, "volume")
    return _by_activity(days, *values, (n_days, threshold, estimate, span))


def by_imbalance(days: Days, *, measure: Measure, n_days: int, span: int, bound: float) -> Spans:
    """Return bars that end when rising and falling days part by more than was expected.

    Parameters
    ----------
    days : Days
        The days; each is of the side of its adjusted close against the one before, see `quant.bars.trades.tick_rule`.
    measure : {"ticks", "volume", "dollars"}
        What is counted: days, shares as on the first day, or their value.
    n_days : int
        Days of the first bar.
    span, bound
        As for `quant.bars.information.imbalance_bars`, of days in the place of trades.

    Returns
    -------
    Spans
        Those that are over.

    Notes
    -----
    Timing: a bar is known at the close of its last day, and what is expected of it before its first.

    References
    ----------
    López de Prado 2018, sections 2.3.2.1 and 2.3.2.2.
    """
    return _by_information(days, measure, (n_days, span, bound), by_run=False)


def by_runs(days: Days, *, measure: Measure, n_days: int, span: int, bound: float) -> Spans:
    """Return bars that end when rising days, or falling ones, moved more than was expected of the busier side.

    Parameters
    ----------
    days : Days
        As for `by_imbalance`.
    measure : {"ticks", "volume", "dollars"}
        What is counted: days, shares as on the first day, or their value.
    n_days : int
        Days of the first bar.
    span, bound
        As for `quant.bars.information.run_bars`, of days in the place of trades.

    Returns
    -------
    Spans
        Those that are over.

    Notes
    -----
    Timing: a bar is known at the close of its last day, and what is expected of it before its first.

    References
    ----------
    López de Prado 2018, sections 2.3.2.3 and 2.3.2.4.
    """
    return _by_information(days, measure, (n_days, span, bound), by_run=True)


def gather_days(days: Days, spans: Spans) -> tuple[Prices, Prices]:
    """Return the bars of such spans, raw and adjusted.

    Parameters
    ----------
    days : Days
        The days.
    spans : Spans
        Which of them make a bar.

    Returns
    -------
    tuple of two DataFrames of shape (n_bars, 8)
        Price frames, raw and adjusted, with the index `closed_at`. `session` is that of the last day. First open,
        highest high, lowest low, last close, and the sum of the volumes. Raw bars are in shares of their last day:
        earlier days are divided by the splits in between, and their volume multiplied. `split_factor` is the product of
        all splits of the bar; `dividend` is what the first day was the ex-date of.

        A dividend whose ex-date lies inside a bar belongs to whoever holds after the bar's open, and not to whoever
        sold at it. It is taken in shares at the open of its ex-date, as the benchmark takes all of them: as a split of
        `1 + dividend / open`.

    Notes
    -----
    Timing: a bar is made of its own days. What it is worth to hold from close to close is what its days are worth one
    after the other, with such dividends reinvested; the adjusted close is that of its last day, to the bit.

    Actions accumulate from the first day on, so a longer history gives bit-equal bars.
    """
    if not spans.ends.size:
        return days.raw.iloc[:0], days.adjusted.iloc[:0]
    first, after = int(spans.begins[0]), int(spans.ends[-1])
    begins, lasts, n_each = spans.begins - first, spans.ends - first - 1, spans.ends - spans.begins
    raw, adjusted = days.raw.iloc[first:after], days.adjusted.iloc[first:after]
    split, dividend, opening = (_values(raw, name) for name in ("split_factor", "dividend", "open"))
    inner = np.ones(len(raw), dtype=np.bool_)
    inner[begins] = False
    factor = split * np.where(inner, 1.0 + dividend / opening, 1.0)
    units, shares = np.cumprod(factor), np.cumprod(split)
    later, more = (np.repeat(each[lasts], n_each) / each for each in (units, shares))
    bars = {
        **_market(raw, later, more, begins, lasts),
        "split_factor": np.multiply.reduceat(factor, begins),
        "dividend": (dividend / later)[begins],
    }
    plain = {**_market(adjusted, 1.0, 1.0, begins, lasts), "split_factor": 1.0, "dividend": 0.0}
    session = raw["session"].to_numpy()[lasts]
    index = spans.closed_at.rename("timestamp")
    made = (pd.DataFrame({"session": session, **each}, index=index) for each in (bars, plain))
    of_raw, of_adjusted = (frame[list(PRICE_COLUMNS)] for frame in made)
    return of_raw, of_adjusted


def _market(prices: Prices, later: Any, more: Any, begins: Places, lasts: Places) -> dict[str, Values]:
    opening, high, low, close = (_values(prices, name) / later for name in MARKET_COLUMNS[:4])
    highest, lowest = (how.reduceat(each, begins) for how, each in zip(_HOW, (high, low), strict=True))
    volume = np.add.reduceat(_values(prices, "volume") * more, begins)
    return dict(zip(MARKET_COLUMNS, (opening[begins], highest, lowest, close[lasts], volume), strict=True))


def _values(prices: Prices, column: str) -> Values:
    return np.ascontiguousarray(prices[column].to_numpy(dtype=np.float64))


def _ended(days: Days, ends: NDArray[Any]) -> Spans:
    """Return bars that follow each other from the first day on and are known at the close of their last."""
    ends = ends.astype(np.int64)
    begins = np.concatenate([np.zeros(min(1, ends.size), dtype=np.int64), ends[:-1]])
    return Spans(begins, ends, pd.DatetimeIndex(days.raw.index)[ends - 1])


def _periods(days: Days, interval: Period) -> Spans:
    return Spans(*whole_periods(days.raw, interval, days.calendar, known_until=days.known_until))


def _by_activity(days: Days, prices: Values, sizes: Values, asked: tuple[int, float | None, str, int]) -> Spans:
    n_days, threshold, estimate, span = asked
    ends = np.empty(sizes.size, dtype=np.int64)
    start, follows, first = (0.0, _ESTIMATES[estimate], n_days) if threshold is None else (threshold, 0, 0)
    n_bars = activity_ends(prices, sizes, DOLLARS, start, follows, float(n_days), span, first, ends)
    return _ended(days, ends[:n_bars])


def _by_information(days: Days, measure: Measure, asked: tuple[int, int, float], *, by_run: bool) -> Spans:
    n_days, span, bound = asked
    sides = tick_rule(_values(days.adjusted, "close"))
    # Raw prices, so that a value is one in money; shares of the first day, so that a split does not count.
    sizes = _values(days.adjusted if measure == "volume" else days.raw, "volume")
    ends = np.empty(sizes.size, dtype=np.int64)
    n_bars = information_ends(
        *(_values(days.raw, "close"), sizes, sides, _MEASURES[measure], by_run, float(n_days), bound),
        *(2.0 / (span + 1.0), ends),
    )
    return _ended(days, ends[:n_bars])
