import numpy as np
import pandas as pd
import pytest

from quant.labels.volatility import trailing_volatility
from tests.quant.features.generated import price_walk


def test_is_the_deviation_of_the_last_log_returns():
    close = price_walk(80, seed=5)["close"]
    expected = np.log(close).diff().rolling(10).std()
    np.testing.assert_allclose(trailing_volatility(close, 10), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n_bars", [0, 1, 3])
def test_too_few_bars_have_none(n_bars):
    assert np.isnan(trailing_volatility(pd.Series(np.arange(1.0, n_bars + 1)), 3)).all()


def test_an_unknown_close_is_unknown_for_as_long_as_it_is_in_the_window():
    close = price_walk(30, seed=2)["close"].copy()
    close.iloc[10] = np.nan
    assert np.flatnonzero(np.isnan(trailing_volatility(close, 4))).tolist() == [0, 1, 2, 3, *range(10, 15)]
