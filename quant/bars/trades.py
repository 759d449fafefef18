"""What bars are made of: trades, or finer bars in their place.

Trades are a frame whose index `timestamp` (`datetime64[us, UTC]`) ascends, ties allowed, with the float64 columns
`price` and `size`, and with `side` (1.0 bought, -1.0 sold, 0.0 unknown) if the exchange tells it. A price frame, see
`quant.frames`, is taken for trades as well: one at each close, of the bar's volume, whose extremes are the bar's.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numba import njit, types
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidPrices, InvalidSpec
from quant.frames import MARKET_COLUMNS, PRICE_COLUMNS, TIMESTAMP_DTYPE, check_prices

Trades: TypeAlias = pd.DataFrame
Values: TypeAlias = NDArray[np.float64]
Sides: TypeAlias = NDArray[np.int8]
Basis = Literal["raw", "forward", "back"]

INPUT = types.Array(types.float64, 1, "C", readonly=True)
SIDES = types.Array(types.int8, 1, "C", readonly=True)


@dataclass(frozen=True)
class Tape:
    """Trades as arrays, checked: what the loops run over."""

    timestamps: pd.DatetimeIndex
    open: Values
    high: Values
    low: Values
    price: Values
    size: Values
    sides: Sides


def read_tape(trades: Trades) -> Tape:
    """Check trades, or a price frame, and return them as arrays.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, 2 or 3)
        Trades as defined at the head of this module, or a price frame.

    Returns
    -------
    Tape
        Arrays of shape (n_trades,). Sides that the frame does not tell are those of `tick_rule`.

    Raises
    ------
    InvalidPrices
        If columns or types are others, if timestamps do not ascend, or if a price is not positive, a size negative, or
        either unknown or infinite.

    Notes
    -----
    Timing: each trade is judged by itself and by those before it.
    """
    if tuple(trades.columns) == PRICE_COLUMNS:
        check_prices(trades)
        opened, high, low, close, volume = (_column(trades, name) for name in MARKET_COLUMNS)
        return Tape(pd.DatetimeIndex(trades.index), opened, high, low, close, volume, tick_rule(close))
    _check_form(trades)
    price, size = _column(trades, "price"), _column(trades, "size")
    if not _are_sound(price, size):
        wrong = ~(np.isfinite(price) & (price > 0.0) & np.isfinite(size) & (size >= 0.0))
        raise InvalidPrices(
            f"Expected trades with a positive price and a size that is not negative, both known and finite; found "
            f"{int(wrong.sum())} others, the first at {trades.index[int(np.argmax(wrong))].isoformat()}. Remove them."
        )
    sides = _given_sides(trades) if "side" in trades else tick_rule(price)
    return Tape(pd.DatetimeIndex(trades.index), price, price, price, price, size, sides)


def refuse_splits(trades: Trades, basis: Basis = "raw") -> None:
    """Refuse to count the shares of a price frame in which a share is not always the same thing.

    Parameters
    ----------
    trades : DataFrame of shape (n_trades, n_columns)
        Trades, which are taken as they are, or a price frame.
    basis : {"raw", "forward", "back"}, default="raw"
        How the volume of a price frame is adjusted, as `quant.data.adjustment` says it.

    Raises
    ------
    InvalidSpec
        If the volume is adjusted backwards, so that it tells of later splits, or if it is raw and there is a split.

    Notes
    -----
    Timing: volume adjusted forward counts shares of the first bar, and no later split changes that.
    """
    advice = "Use dollar bars, which no split changes, or prices that are adjusted forward."
    if basis == "back":
        raise InvalidSpec(
            "Expected volume as traded; found volume that is adjusted for later splits, so that each new one would "
            f"change old bars. {advice}",
            field="threshold",
        )
    if basis == "raw" and "split_factor" in trades and (trades["split_factor"] != 1.0).any():
        first = trades.index[int(np.argmax(trades["split_factor"].to_numpy() != 1.0))]
        raise InvalidSpec(
            f"Expected volume whose shares are the same throughout; found a split at {first.isoformat()}. {advice}",
            field="threshold",
        )


def tick_rule(prices: ArrayLike) -> Sides:
    """Return who moved each trade: the buyer if the price rose, the seller if it fell, as before if it did neither.

    Parameters
    ----------
    prices : array-like of shape (n_trades,)
        Prices in the order of trading, finite.

    Returns
    -------
    ndarray of shape (n_trades,)
        1 bought, -1 sold; 0 for the trades before the first change of price, of which nothing is known.

    Raises
    ------
    InvalidPrices
        If `prices` is not one-dimensional.

    Notes
    -----
    Timing: the side at `t` uses prices up to `t`.

    References
    ----------
    Lee & Ready 1991, Journal of Finance 46(2); López de Prado 2018, section 2.3.2.1.

    Examples
    --------
    >>> tick_rule([10.0, 10.0, 10.1, 10.1, 10.0]).tolist()
    [0, 0, 1, 1, -1]
    """
    values = np.ascontiguousarray(prices, dtype=np.float64)
    if values.ndim != 1:
        raise InvalidPrices(f"Expected prices of one dimension; found {values.ndim}. Pass one instrument at a time.")
    sides = np.zeros(values.size, dtype=np.int8)
    _tick_rule(values, sides)
    return sides


@njit(types.boolean(INPUT, INPUT), cache=True, nogil=True)
def _are_sound(prices: Values, sizes: Values) -> bool:
    """Return whether every price is positive and every size is not negative, both known and finite."""
    n_wrong = 0
    for i in range(prices.size):
        n_wrong += not ((prices[i] > 0.0) & (prices[i] < np.inf) & (sizes[i] >= 0.0) & (sizes[i] < np.inf))
    return n_wrong == 0


@njit(types.void(INPUT, types.Array(types.int8, 1, "C")), cache=True, nogil=True)
def _tick_rule(prices: Values, sides: Sides) -> None:
    # First the signs, which vectorise; then what follows a zero. In one loop with branches, the processor would guess
    # wrong at every other change of a price that moves by chance.
    later = prices[1:]
    for i in range(later.size):
        sides[i + 1] = np.int8(later[i] > prices[i]) - np.int8(later[i] < prices[i])
    side = np.int8(0)
    for i in range(sides.size):
        if sides[i] == 0:
            sides[i] = side
        side = sides[i]


def _column(trades: Trades, name: str) -> Values:
    return np.ascontiguousarray(trades[name].to_numpy(dtype=np.float64))


def _check_form(trades: Trades) -> None:
    if tuple(trades.columns) not in {("price", "size"), ("price", "size", "side")}:
        raise InvalidPrices(
            "Expected trades with the columns price and size, and side if it is known, or a price frame; found "
            f"{', '.join(map(str, trades.columns)) or 'no column'}."
        )
    if trades.index.dtype != TIMESTAMP_DTYPE or trades.index.name != "timestamp":
        raise InvalidPrices(
            f"Expected an index named 'timestamp' of {TIMESTAMP_DTYPE}; found {trades.index.name!r} of "
            f"{trades.index.dtype}."
        )
    if not trades.index.is_monotonic_increasing:
        raise InvalidPrices("Expected trades in the order of time; found earlier ones after later ones. Sort them.")


def _given_sides(trades: Trades) -> Sides:
    given: NDArray[Any] = trades["side"].to_numpy()
    if not np.isin(given, (-1, 0, 1)).all():
        raise InvalidPrices("Expected a side of 1 (bought), -1 (sold) or 0 (unknown); found others.")
    return np.ascontiguousarray(given, dtype=np.int8)
