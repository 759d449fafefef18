"""Curves: of real prices, and by hand."""

import numpy as np
import pandas as pd
import pytest

from quant.data.adjustment import forward_adjusted
from quant.data.provider import PriceQuery
from quant.data.sample import SampleProvider
from quant.data.snapshot import to_prices


@pytest.fixture(scope="session")
def real_curves():
    """Adjusted closes of the packaged prices, as equity curves by symbol."""
    provider = SampleProvider()
    return {
        symbol: forward_adjusted(to_prices(provider.fetch(PriceQuery(symbol))))["close"]
        for symbol in provider.symbols()
    }


@pytest.fixture(scope="session")
def real_returns(real_curves):
    """Their simple returns, without the first, which is unknown."""
    return {symbol: (curve / curve.shift(1) - 1).iloc[1:] for symbol, curve in real_curves.items()}


@pytest.fixture(scope="session")
def curve_of():
    """Return a maker of curves from returns: daily timestamps, the initial capital first."""

    def make(returns, *, initial=1.0, start="2024-01-01 21:00"):
        values = initial * np.cumprod(np.concatenate([[1.0], 1.0 + np.asarray(returns, dtype=float)]))
        index = pd.date_range(start, periods=len(values), tz="UTC", unit="us", name="timestamp")
        return pd.Series(values, index=index, name="equity")

    return make
