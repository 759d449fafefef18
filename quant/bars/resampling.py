"""Days, weeks and months from finer bars, by the calendar of the exchange."""

import numpy as np
import pandas as pd

from quant.bars.gathering import Places
from quant.calendars import Period, period_bounds
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS, Prices


def resample(prices: Prices, interval: Period, calendar: str = "XNYS") -> Prices:
    """Return the bars of whole sessions, weeks or months that are over.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`; finer than `interval`.
    interval : {"1d", "1w", "1mo"}
        A session, a week from Monday to Sunday, or a calendar month.
    calendar : str, default="XNYS"
        Name of its exchange calendar.

    Returns
    -------
    DataFrame of shape (n_periods, 8)
        Price frame; `timestamp` is the close of the period's last session, whether or not there is a bar of it, and
        `session` the last one of which there is. First open, highest high, lowest low, last close, sums of volume and
        dividends. Of a bar with an unknown price or volume, all market columns of its period are unknown. A period of
        which the history misses the beginning is left out, and so is one that is not over at the last bar.

    Raises
    ------
    InvalidPrices
        If a session is not one of the calendar, or if there is a split: prices of two units do not add up to a bar.
    InvalidSpec
        If the calendar is not known.

    Notes
    -----
    Timing: a period is known at its `timestamp` and not before; see `quant.calendars.period_bounds` for closures that
    nobody had foreseen. Later bars add periods and change none.
    """
    if (prices["split_factor"] != 1.0).any():
        raise InvalidPrices(
            "Expected adjusted prices to gather into longer bars; found a split among them. Adjust first."
        )
    if prices.empty:
        return prices
    begins, ends, over = whole_periods(prices, interval, calendar)
    if not ends.size:
        return prices.iloc[:0]
    prices = prices.iloc[begins[0] : ends[-1]]
    begins, ends = begins - begins[0], ends - begins[0]
    market = prices[["open", "high", "low", "close", "volume", "dividend"]].to_numpy(dtype=np.float64).T
    sums = np.add.reduceat(market[4:], begins, axis=1)
    bars = np.stack(
        [
            market[0, begins],
            np.maximum.reduceat(market[1], begins),
            np.minimum.reduceat(market[2], begins),
            market[3, ends - 1],
            sums[0],
        ]
    )
    is_unknown = np.add.reduceat(np.isnan(market[:5]).any(axis=0).astype(np.int64), begins) > 0
    bars[:, is_unknown] = np.nan
    columns = {
        "session": prices["session"].to_numpy()[ends - 1],
        **dict(zip(("open", "high", "low", "close", "volume"), bars, strict=True)),
        "split_factor": 1.0,
        "dividend": sums[1],
    }
    whole: Prices = pd.DataFrame(columns, index=over)[list(PRICE_COLUMNS)]
    return whole


def whole_periods(
    prices: Prices, interval: Period, calendar: str = "XNYS", *, known_until: pd.Timestamp | None = None
) -> tuple[Places, Places, pd.DatetimeIndex]:
    """Return which bars make a whole session, week or month, and when each was over.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Price frame of one instrument, as defined in `quant.frames`; only its index and `session` are looked at.
    interval : {"1d", "1w", "1mo"}
        A session, a week from Monday to Sunday, or a calendar month.
    calendar : str, default="XNYS"
        Name of its exchange calendar.
    known_until : Timestamp, optional
        Up to when is known what there was; by default, and at least, up to the last bar.

    Returns
    -------
    begins, ends : ndarray of shape (n_periods,)
        Positions of the first bar of each, and of the bar after the last.
    closed_at : DatetimeIndex of shape (n_periods,)
        The close of the period's last session, whether or not there is a bar of it.

    Raises
    ------
    InvalidPrices
        If a session is not one of the calendar.
    InvalidSpec
        If the calendar is not known.

    Notes
    -----
    Timing: as `resample`. A period of which the history misses the beginning is left out, and so is one that is not
    over when the last bar is known.
    """
    if prices.empty:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, pd.DatetimeIndex(prices.index)
    first, over = period_bounds(pd.DatetimeIndex(prices["session"]), interval, calendar)
    begins = np.flatnonzero(np.concatenate([[True], first[1:] != first[:-1]])).astype(np.int64)
    ends = np.concatenate([begins[1:], [len(prices)]]).astype(np.int64)
    last = prices.index[-1] if known_until is None else max(prices.index[-1], known_until)
    is_whole = over[begins] <= last
    is_whole[0] &= prices["session"].iloc[0] == first[0]
    return begins[is_whole], ends[is_whole], over[begins[is_whole]]
