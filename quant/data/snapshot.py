"""From what a source delivered to a price frame, and the hash that pins it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from quant.calendars import session_closes
from quant.data.adjustment import implied_actions
from quant.data.provider import ACTION_COLUMNS, Delivered
from quant.errors import InvalidPrices
from quant.frames import MARKET_COLUMNS, PRICE_COLUMNS, Prices
from quant.stages import hash_frame, hash_json


def actions_of(delivered: Delivered) -> pd.DataFrame:
    """Return the splits and dividends of a delivery: the source's own, or else those that its prices imply.

    Parameters
    ----------
    delivered : Delivered
        What a source delivered.

    Returns
    -------
    DataFrame of shape (n_actions, 3)
        Index `session`; `split_factor`, `dividend` and `implied`. Empty if the source gives neither actions nor an
        `adjusted_close` that would imply some.

    Raises
    ------
    InvalidPrices
        If the bars are adjusted for splits and the source gives no list of them, or as `implied_actions`.
    """
    if delivered.actions is not None:
        return delivered.actions
    if delivered.basis != "raw":
        raise InvalidPrices(
            f"Expected the list of splits for {delivered.symbol}, whose bars are adjusted for splits; found none. "
            "Without it, the prices as traded cannot be restored."
        )
    if "adjusted_close" in delivered.bars:
        return implied_actions(delivered.bars, dividend_basis=delivered.dividend_basis)
    none = pd.DataFrame({name: pd.Series(dtype="float64") for name in ACTION_COLUMNS[:2]})
    return none.set_index(pd.DatetimeIndex([], dtype="datetime64[us]", name="session")).assign(implied=True)


def to_prices(delivered: Delivered, calendar: str | None = None) -> Prices:
    """Return the delivered bars as a frame of raw prices with their actions, stamped with the close of each session.

    Parameters
    ----------
    delivered : Delivered
        What a source delivered.
    calendar : str, optional
        Name of the exchange calendar; by default that of the delivery.

    Returns
    -------
    DataFrame of shape (n_bars, 8)
        Frame with the columns of `quant.frames.PRICE_COLUMNS`, in the order of the source. Its values are not judged
        yet: `quant.data.cleaning.clean` does that.

    Raises
    ------
    InvalidPrices
        If a bar is dated outside the sessions of the calendar, or as `actions_of`.
    InvalidSpec
        If the calendar is not known.

    Notes
    -----
    Timing: `timestamp` is the close of the session in UTC, early closes and daylight saving time included.

    Bars adjusted for splits are put back to raw prices with the list of splits: prices and dividends times the splits
    after their date, volume divided by them. An action on a date without a bar takes effect at the next bar; an action
    after the last bar changes no raw price.

    Examples
    --------
    >>> from quant.data.provider import PriceQuery, create_provider
    >>> prices = to_prices(create_provider("sample").fetch(PriceQuery("IBM")))
    >>> prices.index[0], prices["dividend"].max()
    (Timestamp('2000-03-01 21:00:00+0000', tz='UTC'), 0.85)
    """
    actions = actions_of(delivered).sort_index(kind="stable")
    bars = delivered.bars
    sessions = pd.DatetimeIndex(bars["session"])
    market = bars[list(MARKET_COLUMNS)].astype("float64")
    if delivered.basis == "split_adjusted":
        later = _splits_after(sessions, actions)
        market = market.mul(later, axis=0).assign(volume=market["volume"] / later)
        own = pd.DatetimeIndex(actions.index)
        actions = actions.assign(dividend=actions["dividend"] * _splits_after(own, actions))
    prices = market.assign(session=sessions.as_unit("us"))
    prices = place_actions(prices, actions)[list(PRICE_COLUMNS)]
    return prices.set_index(session_closes(sessions, calendar or delivered.calendar))


def place_actions(prices: pd.DataFrame, actions: pd.DataFrame) -> pd.DataFrame:
    """Return `prices` with the columns `split_factor` and `dividend`, each action at its bar or the next there is.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, n_columns)
        At least `session`.
    actions : DataFrame of shape (n_actions, 2 or more)
        Index `session`, ascending; `split_factor` and `dividend`, each dividend in shares of its own day.

    Returns
    -------
    DataFrame of shape (n_bars, n_columns)
        A copy with both columns set. Several actions on one bar: splits multiply, dividends add up in shares of that
        bar. Actions after the last bar are left out.

    Notes
    -----
    Timing: an action stands at the first bar that trades without it, whose open already knows it.
    """
    split, dividend = np.ones(len(prices)), np.zeros(len(prices))
    sessions = prices["session"].to_numpy()
    for session, ratio, cash in zip(
        actions.index.to_numpy(), actions["split_factor"], actions["dividend"], strict=True
    ):
        reached = np.flatnonzero(sessions >= session)
        if len(reached) == 0:
            continue
        bar = reached[np.argmin(sessions[reached])]
        split[bar] *= ratio
        dividend[bar] = dividend[bar] / ratio + cash
    return prices.assign(split_factor=split, dividend=dividend)


def snapshot_hash(prices_by_instrument: Mapping[str, Prices]) -> str:
    """Return one hash over the price frames of an analysis.

    Parameters
    ----------
    prices_by_instrument : mapping of str to DataFrame
        Raw price frames by a name of the instrument that is unique in the analysis.

    Returns
    -------
    str
        64 hexadecimal digits; equal for equal names and values, whatever the order of the mapping and the layout of the
        frames in memory or on disk.
    """
    return hash_json({name: hash_frame(prices) for name, prices in prices_by_instrument.items()})


def _splits_after(sessions: pd.DatetimeIndex, actions: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return for each session the product of the splits whose ex-date is later; `actions` ascends."""
    products = np.append(np.cumprod(actions["split_factor"].to_numpy(dtype=np.float64)[::-1])[::-1], 1.0)
    taken: np.ndarray[tuple[int], np.dtype[np.float64]] = products[
        actions.index.to_numpy().searchsorted(sessions.to_numpy(), side="right")
    ]
    return taken
