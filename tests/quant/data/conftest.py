"""Price frames for the tests of the data room: real ones, and made ones with known actions."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from quant.calendars import missing_sessions, session_closes
from quant.data.provider import PriceQuery
from quant.data.sample import SampleProvider
from quant.data.snapshot import to_prices
from quant.frames import PRICE_COLUMNS, Prices

FAR_ENDS = pd.DatetimeIndex(["2003-12-31", "2012-01-03"])

# one bar: the log return its owner had, the split and the dividend (as part of the previous close) before its open
Bar = tuple[float, float, float]


@pytest.fixture(scope="session")
def sample() -> dict[str, Prices]:
    provider = SampleProvider()
    return {symbol: to_prices(provider.fetch(PriceQuery(symbol))) for symbol in provider.symbols()}


@pytest.fixture(scope="session")
def make_prices() -> Callable[[Sequence[Bar]], Prices]:
    """Return a maker of raw price frames whose true returns and actions are the given ones."""
    sessions = missing_sessions(FAR_ENDS)

    def make(bars: Sequence[Bar]) -> Prices:
        move, split, paid = (np.array(column, dtype=np.float64) for column in zip(*bars, strict=True))
        wealth = 100.0 * np.exp(np.cumsum(move))
        close = wealth / np.cumprod(np.where(np.arange(len(bars)) == 0, 1.0, split / (1.0 - paid)))
        before = np.concatenate([[close[0]], close[:-1]])
        open_ = close * np.exp(-move / 2)
        prices = pd.DataFrame(
            {
                "session": sessions[: len(bars)],
                "open": open_,
                "high": np.maximum(open_, close) * 1.01,
                "low": np.minimum(open_, close) * 0.99,
                "close": close,
                "volume": 1e6 + 1000.0 * np.arange(len(bars)),
                "split_factor": split,
                "dividend": paid * before / split,
            }
        )
        return prices[list(PRICE_COLUMNS)].set_index(session_closes(sessions[: len(bars)]))

    return make


@pytest.fixture(scope="session")
def calm(make_prices) -> Prices:
    """300 bars in which nothing happens that a check would mention."""
    moves = 0.01 * np.random.default_rng(7).standard_normal(300)
    return make_prices([(move, 1.0, 0.0) for move in moves])
