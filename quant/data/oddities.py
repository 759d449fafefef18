"""Checks for what is improbable, but possible: holes, spikes, gaps, standstill. All find warnings."""

import numpy as np
import pandas as pd

from quant.calendars import ALWAYS_OPEN, listed_dates, missing_sessions
from quant.data.adjustment import SPLIT_RATIOS, UNIT_RATIOS
from quant.data.findings import Bars, BoolArray, Finding, FloatArray, log_ratio, runs_of, to_dates

# A spike is this many times the usual move, at least this large, and taken back to this part of it by the next bar.
# None of seven sound series of shares and an index has such a bar.
_SPIKE_USUAL_MOVES = 12.0
_SPIKE_LEAST = float(np.log(1.3))
_SPIKE_REMAINDER = 0.3

# A slip of the decimal point is within 20 per cent of a factor of 10 or 100, and taken back within this many bars.
_SLIP_LOGS = np.log([10.0, 100.0])
_SLIP_TOLERANCE = float(np.log(1.2))
_SLIP_LONGEST = 5

# Gaps of at least 3:2 that open within 5 and close within 15 per cent of a declared ratio look like splits; from 2:1 on
# within 10 and 20, for true moves of that size are rarer than news on the day of a split. Smaller ratios do not: 4:3 is
# a fall by a quarter, which bad news alone brings about.
_SPLIT_LEAST = 1.5
_SPLIT_LOGS = np.log([ratio for ratio in (*SPLIT_RATIOS, *UNIT_RATIOS) if not 1 / _SPLIT_LEAST < ratio < _SPLIT_LEAST])
_LARGE_SPLIT_LOG = float(np.log(1.99))
_SPLIT_OPEN_TOLERANCE, _LARGE_SPLIT_OPEN_TOLERANCE = float(np.log(1.05)), float(np.log(1.10))
_SPLIT_CLOSE_TOLERANCE, _LARGE_SPLIT_CLOSE_TOLERANCE = float(np.log(1.15)), float(np.log(1.20))

# A jump that stays and is no split is this many times the usual move, and up or down to two thirds at least. Sound
# shares fall by a quarter or a third on bad news; more is worth a second look.
_JUMP_USUAL_MOVES = 12.0
_JUMP_LEAST = float(np.log(1.5))

# So many bars in a row that repeat earlier ones to the last digit, volume included, were pasted.
_PASTED_BARS = 3

# From this many equal bars in a row on, a feed is more likely stuck than a market asleep.
_STALE_BARS = 3

# Opens that repeat the previous close this often within a year of bars are not opens.
_OPEN_WINDOW = 250
_OPEN_SHARE = 0.5


def sessions_without_bar(bars: Bars) -> list[Finding]:
    """Find sessions of the exchange between the first and last bar for which there is no bar."""
    known = bars.sessions[~bars.is_future].dropna()
    missing = missing_sessions(known, bars.calendar)
    if missing.empty:
        return []
    message = (
        f"Expected a bar for every session; found none for {len(missing)} of them: {listed_dates(missing)}; at most "
        f"{longest_gap(known, bars.calendar)} in a row. Returns over these holes span several sessions."
    )
    return [Finding("missing_sessions", "warning", message, len(missing), (), to_dates(missing))]


def decimal_slips(bars: Bars) -> list[Finding]:
    """Find bars ten or a hundred times too high or too low that come back after a few bars."""
    return bars.found(
        "decimal_slip",
        "warning",
        _slipped(bars.moves),
        "Expected prices near those of the bars around; found {n} about 10 or 100 times off, for a while: {dates}. The "
        "decimal point may have slipped: correct or remove these bars.",
    )


def price_spikes(bars: Bars) -> list[Finding]:
    """Find closes that jump away and come straight back, and single highs or lows far outside their bar."""
    least = max(_SPIKE_LEAST, _SPIKE_USUAL_MOVES * bars.usual_move)
    open_, high, low, close = bars.market.T
    above, below = log_ratio(high, np.maximum(open_, close)), log_ratio(np.minimum(open_, close), low)
    return bars.found(
        "price_spike",
        "warning",
        (_spiked(bars) | (above > least) | (below > least)) & ~_slipped(bars.moves),
        "Expected moves of a size with those around; found {n} in which a price jumps away and comes straight back: "
        "{dates}. Compare with another source; a true crash stays in.",
    )


def suspected_splits(bars: Bars) -> list[Finding]:
    """Find overnight gaps of the size of a split that no action explains and that stay."""
    found, nearest = _split_like(bars)
    ratios = ", ".join(f"{ratio:.3g}" for ratio in np.exp(nearest[found]))
    return bars.found(
        "split_suspected",
        "warning",
        found,
        "Expected a split in the list of actions where prices jump by a split ratio and stay; found none for {n}: "
        f"{{dates}}; new shares for an old one: {ratios}. Add the split if there was one (a change of unit by 10 or "
        "100 looks alike); nothing is adjusted without it.",
    )


def price_jumps(bars: Bars) -> list[Finding]:
    """Find moves far beyond the usual that stay and are of no split's size."""
    least = max(_JUMP_LEAST, _JUMP_USUAL_MOVES * bars.usual_move)
    spiked = _spiked(bars) | _slipped(bars.moves)
    found = (np.abs(bars.moves) > least) & ~spiked & ~_after(spiked) & ~_split_like(bars)[0]
    return bars.found(
        "price_jump",
        "warning",
        found,
        "Expected moves of a size with those around; found {n} at which prices jump and stay, by no ratio of a split: "
        "{dates}. Compare with another source; a true crash stays in.",
    )


def repeated_blocks(bars: Bars) -> list[Finding]:
    """Find bars that repeat, one after the other and to the last digit, bars from before."""
    cells = pd.DataFrame(np.column_stack([bars.market, bars.volume]))
    place = pd.Series(np.arange(len(cells)))
    numbers = cells.groupby(list(cells.columns), sort=False, dropna=False).ngroup()
    back = (place - place.groupby(numbers).shift()).to_numpy()
    moved = bars.market[:, 1] > bars.market[:, 2]  # a bar without any move repeats others easily
    goes_on = np.zeros(len(cells), dtype=np.bool_)
    goes_on[1:] = (back[1:] == back[:-1]) & (back[1:] > 1) & moved[1:] & moved[:-1]
    pasted = np.zeros_like(goes_on)
    for first, end in runs_of(goes_on):
        pasted[first - 1 : end] = end - first >= _PASTED_BARS - 1
    return bars.found(
        "repeated_block",
        "warning",
        pasted,
        "Expected bars of their own; found {n} that repeat earlier bars in the same order, volume included: {dates}. A "
        "part of the file may have been pasted twice: compare with another source.",
    )


def stale_bars(bars: Bars) -> list[Finding]:
    """Find runs of bars whose four prices all equal those of the bar before."""
    repeats = np.zeros(len(bars.prices), dtype=np.bool_)
    repeats[1:] = (bars.market[1:] == bars.market[:-1]).all(axis=1)
    stale = np.zeros_like(repeats)
    for first, end in runs_of(repeats):
        stale[first:end] = end - first >= _STALE_BARS - 1
    return bars.found(
        "stale_prices",
        "warning",
        stale,
        f"Expected prices to change; found {{n}} that repeat the bar before, in runs of {_STALE_BARS} equal bars or "
        "more: {dates}. The feed may have been stuck, or nothing was traded.",
    )


def repeated_opens(bars: Bars) -> list[Finding]:
    """Find years in which most opens are the previous close: the source had none, and fills at them mean nothing."""
    if bars.calendar == ALWAYS_OPEN:  # where trading never pauses, an open is the previous close
        return []
    same = np.zeros(len(bars.prices), dtype=np.bool_)
    same[1:] = (bars.market[1:, 0] == bars.market[:-1, 3]) & (bars.market[1:, 1] > bars.market[1:, 2])
    in_such_a_year = np.zeros_like(same)
    for last in np.flatnonzero(pd.Series(same).rolling(_OPEN_WINDOW).mean().to_numpy() > _OPEN_SHARE):
        in_such_a_year[last - _OPEN_WINDOW + 1 : last + 1] = True
    return bars.found(
        "opens_repeat_closes",
        "warning",
        in_such_a_year & same,
        "Expected opens of their own; found {n} that repeat the previous close, in years in which most do: {dates}. "
        "Fills at the open are not realistic there.",
    )


def zero_volume(bars: Bars) -> list[Finding]:
    """Find bars in which nothing was traded."""
    return bars.found(
        "zero_volume",
        "warning",
        bars.volume == 0,
        "Expected trades in every bar; found a volume of zero in {n}: {dates}. Their prices are only indications; the "
        "cleaning can leave them out.",
    )


def longest_gap(sessions: pd.DatetimeIndex, calendar: str) -> int:
    """Return the greatest number of sessions of the calendar that are missing in a row between the given ones."""
    missing = missing_sessions(sessions, calendar)
    if missing.empty:
        return 0
    present = sessions.unique().sort_values()
    return int(np.bincount(present.searchsorted(missing)).max())


def _spiked(bars: Bars) -> BoolArray:
    """Return which closes jump away and are back with the next."""
    least = max(_SPIKE_LEAST, _SPIKE_USUAL_MOVES * bars.usual_move)
    away, back = bars.moves, np.append(bars.moves[1:], np.nan)
    large = np.minimum(np.abs(away), np.abs(back)) > least
    spiked: BoolArray = large & (np.abs(away + back) < _SPIKE_REMAINDER * np.abs(away))
    return spiked


def _split_like(bars: Bars) -> tuple[BoolArray, FloatArray]:
    """Return which bars open and close as after a split that no action explains, and the nearest ratio's logarithm."""
    gap, move = -log_ratio(bars.market[:, 0], bars.closes_before), -bars.moves
    nearest = _SPLIT_LOGS[np.abs(gap[:, None] - _SPLIT_LOGS).argmin(axis=1)]
    is_large = np.abs(nearest) > _LARGE_SPLIT_LOG
    near_open = np.where(is_large, _LARGE_SPLIT_OPEN_TOLERANCE, _SPLIT_OPEN_TOLERANCE)
    near_close = np.where(is_large, _LARGE_SPLIT_CLOSE_TOLERANCE, _SPLIT_CLOSE_TOLERANCE)
    comes_back = np.abs(np.append(bars.moves[1:], np.nan) - move) < near_close
    away = _slipped(bars.moves) | _spiked(bars)
    found: BoolArray = (np.abs(gap - nearest) < near_open) & (np.abs(move - nearest) < near_close)
    return found & ~comes_back & ~away & ~_after(away), nearest


def _after(where: BoolArray) -> BoolArray:
    """Return the bars that follow those."""
    return np.append(False, where[:-1])[: len(where)]


def _slipped(moves: FloatArray) -> BoolArray:
    """Return which bars stand a factor of 10 or 100 away from the bar before and from a bar soon after."""
    slipped = np.zeros(len(moves), dtype=np.bool_)
    is_jump = (np.abs(np.abs(moves)[:, None] - _SLIP_LOGS) < _SLIP_TOLERANCE).any(axis=1)
    for first in np.flatnonzero(is_jump & ~np.isnan(moves)):
        away = np.cumsum(moves[first : first + _SLIP_LONGEST + 1])
        is_back = np.abs(away) < _SLIP_TOLERANCE
        if is_back.any():
            slipped[first : first + int(np.argmax(is_back))] = True
    return slipped
