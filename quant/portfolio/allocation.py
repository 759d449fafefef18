"""An allocation walks through time: at each rebalance it looks back over a window, and stands until the next."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from quant.frames import Prices
from quant.portfolio.catalog import AllocationEntry, WalkingEntry
from quant.returns import RETURN_ROUNDING, simple_returns

LEAST_KNOWN = 0.9  # of a window's returns, for an instrument to take part


def shares_of_prices(adjusted_prices: Mapping[int, Prices], spec: AllocationEntry) -> pd.DataFrame:
    """Return each instrument's share of the book at every bar.

    Parameters
    ----------
    adjusted_prices : mapping of int to DataFrame
        **Forward-adjusted** price frame of every instrument.
    spec : AllocationEntry
        How to divide.

    Returns
    -------
    DataFrame of shape (n_bars, n_instruments)
        Index `timestamp`, every bar of any instrument; a column an instrument; each row sums to 1.

    Notes
    -----
    Timing: the row at `t` uses adjusted closes up to `t`; as `shares_of_returns`.
    """
    returns = {instrument: simple_returns(prices["close"]) for instrument, prices in adjusted_prices.items()}
    return shares_of_returns(pd.DataFrame(returns).sort_index(), spec)


def shares_of_returns(returns: pd.DataFrame, spec: AllocationEntry) -> pd.DataFrame:
    """Return the share of each column at every row.

    Parameters
    ----------
    returns : DataFrame of shape (n_bars, n_assets)
        Simple returns a bar, ascending in time; NaN where there is none.
    spec : AllocationEntry
        How to divide.

    Returns
    -------
    DataFrame of shape (n_bars, n_assets)
        The same index and columns; none negative; each row sums to 1.

    Notes
    -----
    Timing: the row at `t` uses returns up to `t`, which are known at the close of `t`, and can be acted upon at the
    next open. Rows that are appended change no row before them.

    An allocation that walks is estimated at every `rebalance_bars`-th row, the first time at the first that has
    `window` returns behind it, and stands until the next. Before, shares are equal. A column takes part if nine in ten
    of the window's returns are known and they vary by more than rounding; the others get nothing until then. Rows in
    which one that takes part has no return are left out. If none takes part, shares stay what they were.
    """
    values = returns.to_numpy(dtype=np.float64)
    shares = np.full(values.shape, 1.0 / max(1, values.shape[1]))
    if spec.walks and values.shape[1] > 1:
        walking = cast("WalkingEntry", spec)
        parameters = walking.parameters()
        window, step = parameters.pop("window"), parameters.pop("rebalance_bars")
        divide = walking.load()
        for row in range(window, len(values), step):  # the first row has no return
            seen = values[row + 1 - window : row + 1]
            taking = _taking_part(seen)
            if taking.any():
                known = seen[:, taking]
                shares[row:] = 0.0
                shares[row:, taking] = divide(known[~np.isnan(known).any(axis=1)], **parameters)
    return pd.DataFrame(shares, index=returns.index, columns=returns.columns)


def summary_of_shares(shares: pd.Series) -> pd.DataFrame:
    """Return how the book was divided, all in all.

    Parameters
    ----------
    shares : Series of shape (n_rows,)
        Panel: each instrument's share of the book.

    Returns
    -------
    DataFrame of shape (n_instruments, 5)
        `instrument`, and its `latest`, `mean`, `least` and `most` share.

    Notes
    -----
    Timing: uses all rows; an outcome, never an input of a decision.
    """
    found = shares.groupby(level="instrument").agg(["last", "mean", "min", "max"])
    return found.set_axis(["latest", "mean", "least", "most"], axis="columns").reset_index()


def _taking_part(seen: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which columns have enough returns in a window, and not all the same."""
    known = np.isfinite(seen)
    enough = known.mean(axis=0) >= LEAST_KNOWN
    highest, lowest = np.where(known, seen, -np.inf).max(axis=0), np.where(known, seen, np.inf).min(axis=0)
    taking: np.ndarray[Any, np.dtype[np.bool_]] = enough & (highest - lowest > RETURN_ROUNDING)
    return taking
