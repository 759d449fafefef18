"""Checks for what cannot be: prices that contradict themselves, the calendar or the clock. All find errors."""

import numpy as np

from quant.calendars import is_session
from quant.data.findings import Bars, BoolArray, Finding, runs_of


def missing_values(bars: Bars) -> list[Finding]:
    """Find bars with an unknown price or volume."""
    cells = np.column_stack([bars.market, bars.volume])
    unknown: BoolArray = ~np.logical_and.reduce(np.isfinite(cells), axis=1)
    longest = int(np.ptp(runs_of(unknown), axis=1).max(initial=0))
    message = (
        "Expected a number in every cell; found an unknown or infinite price or volume in {n}: {dates}; at most "
        f"{longest} in a row. Leave these bars out at the source; nothing is filled in."
    )
    return bars.found("missing_value", "error", unknown, message)


def non_positive_prices(bars: Bars) -> list[Finding]:
    """Find prices that are zero or negative."""
    return bars.found(
        "non_positive_price",
        "error",
        np.logical_or.reduce(bars.market <= 0, axis=1),
        "Expected prices above zero; found others in {n}: {dates}. Correct or remove these bars.",
    )


def negative_volume(bars: Bars) -> list[Finding]:
    """Find volumes below zero."""
    return bars.found(
        "negative_volume",
        "error",
        bars.volume < 0,
        "Expected volumes of zero or more; found negative ones in {n}: {dates}. Correct or remove these bars.",
    )


def price_order(bars: Bars) -> list[Finding]:
    """Find bars whose high is not the highest or whose low is not the lowest price."""
    open_, high, low, close = bars.market.T
    exchanged = high < low
    outside = ~exchanged & (
        (np.maximum(open_, close) > high) | (np.minimum(open_, close) < low)
    )  # NaN compares as False: an unknown price is the business of missing_values
    return [
        *bars.found(
            "high_below_low",
            "error",
            exchanged,
            "Expected the high at or above the low; found it below in {n}: {dates}. The two columns may be exchanged.",
        ),
        *bars.found(
            "ohlc_outside_range",
            "error",
            outside,
            "Expected open and close between low and high; found one outside in {n}: {dates}. Correct or remove these "
            "bars.",
        ),
    ]


def impossible_actions(bars: Bars) -> list[Finding]:
    """Find split factors that are not positive, and dividends that are negative or more than the price."""
    split = bars.prices["split_factor"].to_numpy(dtype=np.float64)
    dividend = bars.prices["dividend"].to_numpy(dtype=np.float64)
    possible = np.isfinite(split) & (split > 0) & np.isfinite(dividend) & (dividend >= 0)
    possible &= ~(bars.closes_before <= 0) | (dividend == 0)
    return bars.found(
        "impossible_action",
        "error",
        ~possible,
        "Expected positive split factors, and dividends from 0 to the previous close; found others in {n}: {dates}. "
        "Correct the list of splits and dividends.",
    )


def repeated_timestamps(bars: Bars) -> list[Finding]:
    """Find bars whose timestamp an earlier bar has already, and among them those that say something else."""
    repeated = np.asarray(bars.prices.index.duplicated())
    cells = bars.prices.reset_index()
    conflicting = repeated & ~cells.duplicated().to_numpy()
    return [
        *bars.found(
            "duplicate_timestamp",
            "error",
            repeated,
            "Expected each timestamp once; found it again in {n}: {dates}. Keep one bar of each session.",
        ),
        *bars.found(
            "conflicting_duplicate",
            "error",
            conflicting,
            "Expected one answer for each session; found {n} that contradict an earlier bar of the same timestamp: "
            "{dates}. Ask the source which is right.",
        ),
    ]


def unsorted_timestamps(bars: Bars) -> list[Finding]:
    """Find bars that are earlier than the bar before."""
    earlier = np.zeros(len(bars.prices), dtype=np.bool_)
    earlier[1:] = np.asarray(bars.prices.index[1:] < bars.prices.index[:-1])
    return bars.found(
        "unsorted",
        "error",
        earlier,
        "Expected ascending timestamps; found {n} earlier than the bar before: {dates}. Sort the bars.",
    )


def future_timestamps(bars: Bars) -> list[Finding]:
    """Find bars that have not closed yet."""
    return bars.found(
        "future_timestamp",
        "error",
        bars.is_future,
        f"Expected bars that closed before {bars.now:%Y-%m-%d %H:%M} UTC; found {{n}} that close later: {{dates}}. "
        "Remove them; a bar is known at its close only.",
    )


def bars_without_session(bars: Bars) -> list[Finding]:
    """Find bars on dates at which the exchange was closed."""
    return bars.found(
        "not_a_session",
        "error",
        ~is_session(bars.sessions, bars.calendar),
        f"Expected sessions of {bars.calendar}; found {{n}} on other dates: {{dates}}. Remove these bars, or choose "
        "the calendar of their exchange.",
    )
