"""From where bars end to what is in them."""

import numpy as np
import pandas as pd
from numba import njit, types
from numpy.typing import NDArray

from quant.bars.trades import INPUT, SIDES, Sides, Tape, Values

BAR_COLUMNS = ("opened_at", "open", "high", "low", "close", "volume", "value", "n_trades", "buy_volume", "sell_volume")

Places = NDArray[np.int64]
PLACES = types.Array(types.int64, 1, "C", readonly=True)


def gather(tape: Tape, ends: Places, closed_at: pd.DatetimeIndex | None = None) -> pd.DataFrame:
    """Return one bar for each end.

    Parameters
    ----------
    tape : Tape
        The trades.
    ends : ndarray of shape (n_bars,)
        Position after the last trade of each bar, ascending; a bar begins where the one before it ends.
    closed_at : DatetimeIndex of shape (n_bars,), optional
        When each bar was over; by default at its last trade.

    Returns
    -------
    DataFrame of shape (n_bars, 10)
        Index `timestamp`, the instant at which a bar was known, ascending; two bars that end with trades of one instant
        share it. `opened_at`, the first trade; `open`, `high`, `low`, `close`; `volume`; `value`, the sum of price
        times size; `n_trades`; `buy_volume` and `sell_volume`, which leave out what is of neither side. All but
        `opened_at` are float64.

    Notes
    -----
    Timing: a bar uses its own trades, and their sides, which look at the trades before. Trades after the last end are
    of a bar that is not over, and are left out.
    """
    numbers = np.empty((9, ends.size))
    _gather(tape.open, tape.high, tape.low, tape.price, tape.size, tape.sides, ends, numbers)
    begins = np.concatenate([np.zeros(min(1, ends.size), dtype=np.int64), ends[:-1]])
    index = tape.timestamps[ends - 1] if closed_at is None else closed_at
    columns = {"opened_at": tape.timestamps[begins], **dict(zip(BAR_COLUMNS[1:], numbers, strict=True))}
    return pd.DataFrame(columns, index=index.rename("timestamp"))


@njit(
    types.void(INPUT, INPUT, INPUT, INPUT, INPUT, SIDES, PLACES, types.Array(types.float64, 2, "C")),
    cache=True,
    nogil=True,
)
def _gather(
    opens: Values,
    highs: Values,
    lows: Values,
    prices: Values,
    sizes: Values,
    sides: Sides,
    ends: Places,
    bars: NDArray[np.float64],
) -> None:
    begin = 0
    for bar in range(ends.size):
        end = ends[bar]
        high, low = highs[begin], lows[begin]
        volume, value, bought, sold = 0.0, 0.0, 0.0, 0.0
        top, bottom, price = highs[begin:end], lows[begin:end], prices[begin:end]
        size, side = sizes[begin:end], sides[begin:end]
        for i in range(price.size):
            # Signed sizes and choices of a value, none of them a branch: the processor would guess every other wrong.
            signed = size[i] * side[i]
            volume += size[i]
            value += price[i] * size[i]
            bought += signed if signed > 0.0 else 0.0  # noqa: FURB136  # max() also asks which one is NaN
            sold -= signed if signed < 0.0 else 0.0  # noqa: FURB136  # as above
            high = top[i] if top[i] > high else high  # noqa: FURB136  # as above
            low = bottom[i] if bottom[i] < low else low  # noqa: FURB136  # as above
        bars[0, bar], bars[1, bar], bars[2, bar], bars[3, bar] = opens[begin], high, low, prices[end - 1]
        bars[4, bar], bars[5, bar], bars[6, bar] = volume, value, end - begin
        bars[7, bar], bars[8, bar] = bought, sold
        begin = end
