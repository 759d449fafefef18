import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec, NotEnoughData
from quant.stationarity import dickey_fuller


@pytest.mark.parametrize(
    ("n_lags", "expected"), [(0, -1.0974136738380502), (1, -0.9912132922140647), (5, -0.9744569692636654)]
)
def test_dickey_fuller_as_statsmodels_says(n_lags, expected):
    """Written down from statsmodels' `adfuller(log close of IBM, maxlag=n_lags, autolag=None, regression="c")`."""
    sample = pd.read_csv("quant/data/sample/IBM.csv")
    test = dickey_fuller(np.log(sample["close"].to_numpy(dtype=float)), n_lags)
    assert test.statistic == pytest.approx(expected, rel=1e-9)
    assert test.critical == pytest.approx(-2.86242, abs=1e-5)
    assert not test.is_stationary


def test_noise_is_stationary_and_a_walk_is_not():
    noise = np.random.default_rng(5).normal(size=1000)
    assert dickey_fuller(noise).is_stationary
    assert not dickey_fuller(np.cumsum(noise)).is_stationary
    assert dickey_fuller(np.full(50, 3.0)).is_stationary


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(InvalidSpec, match=r"a level of 0.01, 0.05, 0.1; found 0.2"):
        dickey_fuller(np.zeros(100), level=0.2)
    with pytest.raises(InvalidSpec, match="without a gap"):
        dickey_fuller(np.array([1.0, np.nan, *range(30)]))
    with pytest.raises(NotEnoughData, match="at least 21 known values to test for a unit root; found 20"):
        dickey_fuller(np.arange(20.0))
