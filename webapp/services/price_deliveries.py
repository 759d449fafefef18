"""From what a source delivered to bars of the raw store, and what is new about them."""

import numpy as np
import pandas as pd

from quant.data.provider import Delivered
from quant.data.snapshot import to_prices
from quant.errors import InvalidPrices
from quant.frames import MARKET_COLUMNS
from webapp.services.price_rows import BAR_COLUMNS
from webapp.tables import Security

_ACTIONS = ["split_factor", "dividend"]
# What makes a bar another bar. `adjusted_close` does not: every dividend changes all of its history.
_COMPARED = [*MARKET_COLUMNS, *_ACTIONS]
_LISTED_SESSIONS = 5

# How far a price may be off, relatively, and still be the same after an adjustment for splits was undone: sources send
# 32-bit floats, whose last digits another split changes.
UNDONE = 1e-6
_SCALE_NOISE = 1e-3
_LEAST_FOR_SCALE = 3


def to_bars(delivered: Delivered, security: Security) -> pd.DataFrame:
    """Return the delivery as bars, ascending, or say why it cannot be kept.

    Parameters
    ----------
    delivered : Delivered
        What a source delivered.
    security : Security
        The instrument whose bars they should be.

    Returns
    -------
    DataFrame of shape (n_bars, 9)
        Index `timestamp`; columns `price_rows.BAR_COLUMNS`, raw, contradictions included.

    Raises
    ------
    InvalidPrices
        If the currency or calendar is another, there is no bar, a session comes twice, a date is no session, or a split
        or dividend is unknown.
    """
    for what, expected, found in (
        ("currency", security.currency, delivered.currency),
        ("calendar", security.exchange, delivered.calendar),
    ):
        if expected != found:
            raise InvalidPrices(
                f"Expected the {what} {expected} for {security.symbol}; found {found}. Prices of two kinds must not "
                "meet in one series."
            )
    prices = to_prices(delivered)
    delivered_close = delivered.bars.get("adjusted_close", pd.Series(np.nan, index=delivered.bars.index))
    bars = prices.assign(adjusted_close=delivered_close.to_numpy(dtype=np.float64)).sort_index()
    if bars.empty or not bars.index.is_unique:
        twice = ", ".join(str(day.date()) for day in bars["session"][bars.index.duplicated()][:_LISTED_SESSIONS])
        raise InvalidPrices(
            f"Expected bars of {security.symbol}, each session once; found {f'twice: {twice}' if twice else 'none'}."
        )
    if not np.isfinite(bars[_ACTIONS].to_numpy()).all():
        raise InvalidPrices(f"Expected numbers for the splits and dividends of {security.symbol}; found unknown ones.")
    return bars[list(BAR_COLUMNS)]


def with_known_first_actions(fresh: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return the delivery with what is stored about the splits and dividends of its first bar.

    They are derived from the step from one bar to the next, and the first has none before it.

    Raises
    ------
    InvalidPrices
        If the delivery and the stored bars do not overlap.
    """
    first, last = fresh.index[0], fresh.index[-1]
    if last < stored.index[0] or (first > stored.index[0] and first not in stored.index):
        raise InvalidPrices(
            f"Expected a delivery that begins or ends with stored bars, so that no split between the two is missed; "
            f"found one from {fresh['session'].iloc[0].date()} to {fresh['session'].iloc[-1].date()}. Fetch a longer "
            "range."
        )
    if first in stored.index:
        fresh = fresh.copy()
        fresh.loc[first, _ACTIONS] = stored.loc[first, _ACTIONS]
    return fresh


def check_scale(stored: pd.DataFrame, fresh: pd.DataFrame, symbol: str) -> None:
    """Refuse a delivery all of whose bars are the same multiple of those that are stored.

    Parameters
    ----------
    stored, fresh : DataFrame
        Bars by `timestamp`, raw.
    symbol : str
        For the message.

    Raises
    ------
    InvalidPrices
        If three or more shared bars differ by one factor: the source has adjusted its prices for a split that its list
        does not have yet, or the other way round.
    """
    shared = fresh.index.intersection(stored.index)
    ratios = (fresh.loc[shared, "close"] / stored.loc[shared, "close"]).to_numpy(dtype=np.float64)
    ratios = ratios[np.isfinite(ratios)]
    if len(ratios) < _LEAST_FOR_SCALE:
        return
    factor = float(np.median(ratios))
    if abs(factor - 1) > _SCALE_NOISE and (np.abs(ratios / factor - 1) < _SCALE_NOISE).all():
        raise InvalidPrices(
            f"Expected the prices of {symbol} on the scale of those that are stored; found all {len(ratios)} shared "
            f"bars times {factor:.6g}. The source's prices and its list of splits contradict each other, as they may "
            "on the day of a split; nothing was kept. Fetch again tomorrow."
        )


def differences(
    stored: pd.DataFrame, fresh: pd.DataFrame, *, tolerance: float = 0.0
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return the timestamps of bars that are new, of those that changed, and of those that are gone.

    Parameters
    ----------
    stored, fresh : DataFrame
        Bars by `timestamp`, ascending.
    tolerance : float, default=0.0
        Values that differ by no more than this fraction are the same.

    Returns
    -------
    tuple of three DatetimeIndex
        Of each kind of bar.
    """
    shared = fresh.index.intersection(stored.index)
    before = stored.loc[shared, _COMPARED].to_numpy(dtype=np.float64)
    after = fresh.loc[shared, _COMPARED].to_numpy(dtype=np.float64)
    is_same = (before == after) | (np.isnan(before) & np.isnan(after))
    if tolerance:
        is_same |= np.abs(after - before) <= tolerance * np.abs(before)
    is_other = ~is_same.all(axis=1)
    inside = stored.index[(stored.index >= fresh.index[0]) & (stored.index <= fresh.index[-1])]
    return (
        pd.DatetimeIndex(fresh.index.difference(stored.index)),
        pd.DatetimeIndex(shared[is_other]),
        pd.DatetimeIndex(inside.difference(fresh.index)),
    )
