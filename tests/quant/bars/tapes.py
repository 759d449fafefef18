"""Made-up trades for the property tests of bars."""

import numpy as np
import pandas as pd

from quant.frames import PRICE_COLUMNS


def tape(n_trades, seed):
    """Return trades on a grid of cents that stand still at times, some of them at one instant, some of size zero."""
    rng = np.random.default_rng(seed)
    price = np.maximum(100.0 + np.cumsum(rng.integers(-2, 3, n_trades)) * 0.01, 1.0)
    size = np.where(rng.random(n_trades) < 0.02, 0.0, np.round(rng.lognormal(4.0, 1.0, n_trades)))
    moments = np.cumsum(rng.integers(0, 20, n_trades)) * 1_000_000 + 1_300_000_000_000_000
    return pd.DataFrame({"price": price, "size": size}, index=_index(moments))


def garbled_after(trades, cut, seed):
    rng = np.random.default_rng(seed)
    changed = trades.copy()
    rest = len(trades) - cut
    changed.iloc[cut:] = np.column_stack([rng.lognormal(4.0, 1.0, rest), rng.lognormal(6.0, 2.0, rest)])
    return changed


def price_tape(n_bars, seed):
    """Return a price frame of bars of half a minute."""
    trades = tape(n_bars, seed)
    stamps = _index(1_300_000_000_000_000 + np.arange(1, n_bars + 1) * 30_000_000)
    close = trades["price"].to_numpy()
    frame = pd.DataFrame(
        {
            "session": stamps.tz_localize(None).normalize(),
            "open": close - 0.01,
            "high": close + 0.02,
            "low": close - 0.03,
            "close": close,
            "volume": trades["size"].to_numpy(),
            "split_factor": 1.0,
            "dividend": 0.0,
        },
        index=stamps,
    )
    return frame[list(PRICE_COLUMNS)]


def _index(moments):
    return pd.DatetimeIndex(moments.astype("datetime64[us]"), name="timestamp").tz_localize("UTC")
