"""Price histories of any length, made from the packaged prices of one real instrument."""

import numpy as np
import pandas as pd

from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.frames import PRICE_COLUMNS, Prices, check_prices

_SYMBOL = "GOOG"
_SEED = 20260111
_BLOCK = 20
_CALM_ABOVE = 20_000  # bars; beyond, moves are made smaller, or prices would leave the range of numbers


def long_prices(n_bars: int) -> Prices:
    """Return a price frame of real bars in another order: blocks of 20 bars in a row, drawn at random.

    A long history keeps its mean: the drift of the sample is taken out, and its moves are scaled to a tenth.
    """
    bars = to_prices(create_provider("sample").fetch(PriceQuery(_SYMBOL, "1d")))
    rng = np.random.default_rng(_SEED)
    starts = rng.integers(1, len(bars) - _BLOCK, size=n_bars // _BLOCK + 1)
    picked = (starts[:, None] + np.arange(_BLOCK)).ravel()[:n_bars]
    close = np.log(bars["close"].to_numpy())
    moves = np.diff(close, prepend=close[0])[picked]
    shape = {name: np.log(bars[name].to_numpy())[picked] - close[picked] for name in ("open", "high", "low")}
    scale = 1.0
    if n_bars > _CALM_ABOVE:
        moves, scale = (moves - moves.mean()) * 0.1, 0.1
    path = np.log(100.0) + np.cumsum(moves)
    market = {name: np.exp(path + scale * distance) for name, distance in shape.items()}
    stamps = pd.date_range("1800-01-01 21:00", periods=n_bars, freq="D", tz="UTC", unit="us", name="timestamp")
    columns = {
        "session": stamps.tz_localize(None).normalize(),
        **market,
        "close": np.exp(path),
        "volume": bars["volume"].to_numpy()[picked],
        "split_factor": 1.0,
        "dividend": 0.0,
    }
    return check_prices(pd.DataFrame(columns, index=stamps)[list(PRICE_COLUMNS)])
