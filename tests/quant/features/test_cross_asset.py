import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.features.cross_asset import rolling_beta, rolling_correlation, rolling_spread
from tests.quant.features.generated import garbled, price_walk

EVERY = [rolling_beta, rolling_correlation, rolling_spread]


@pytest.fixture
def pair():
    one, other = price_walk(400, seed=21), price_walk(400, seed=22)
    factor = (other["close"] / other["close"].iloc[0]) ** 0.7
    return one.assign(**{name: one[name] * factor for name in ("open", "high", "low", "close")}), other


def test_measures_by_pandas(pair):
    one, other = pair
    x, y = one["close"].pct_change(), other["close"].pct_change()
    ratio = np.log(one["close"] / other["close"])
    expected = {
        rolling_beta: x.rolling(80).cov(y) / y.rolling(80).var(),
        rolling_correlation: x.rolling(80).corr(y),
        rolling_spread: (ratio - ratio.rolling(80).mean()) / ratio.rolling(80).std(),
    }
    for measure, values in expected.items():
        found = measure(one, other, 80)
        pd.testing.assert_series_equal(found, values, check_names=False, rtol=1e-9, atol=1e-9, check_freq=False)


def test_an_instrument_against_itself(pair):
    one, _ = pair
    np.testing.assert_allclose(rolling_beta(one, one, 80)[80:], 1.0, rtol=1e-12)
    np.testing.assert_allclose(rolling_correlation(one, one, 80)[80:], 1.0, rtol=1e-12)
    assert rolling_spread(one, one, 80).isna().all()


@pytest.mark.parametrize("measure", EVERY)
def test_bars_that_the_reference_lacks_are_unknown_and_not_filled(pair, measure):
    one, other = pair
    whole = measure(one, other, 20)
    holed = measure(one, other.drop(other.index[200]), 20)
    last = 200 + (19 if measure is rolling_spread else 20)
    assert holed.iloc[200 : last + 1].isna().all()
    pd.testing.assert_series_equal(holed.drop(holed.index[200 : last + 1]), whole.drop(whole.index[200 : last + 1]))


@pytest.mark.parametrize("measure", EVERY)
def test_neither_future_changes_a_bit(pair, measure):
    one, other = pair
    whole = measure(one, other, 20).iloc[:250]
    cut = measure(one.iloc[:250], other.iloc[:250], 20)
    scrambled = measure(garbled(one, slice(250, None), 1), garbled(other, slice(250, None), 2), 20).iloc[:250]
    pd.testing.assert_series_equal(cut, whole, check_exact=True)
    pd.testing.assert_series_equal(scrambled, whole, check_exact=True)


@pytest.mark.parametrize("measure", EVERY)
def test_what_cannot_be_joined_is_refused(pair, measure):
    one, other = pair
    with pytest.raises(InvalidSpec, match="found none at the same time"):
        measure(one, other.set_index(other.index + pd.Timedelta(hours=1)), 20)
    with pytest.raises(InvalidSpec, match="window to be at least 2"):
        measure(one, other, 1)


def test_a_reference_that_does_not_move_says_nothing(pair):
    one, other = pair
    still = other.assign(close=5.0)
    assert rolling_beta(one, still, 20).isna().all()
    assert rolling_correlation(one, still, 20).isna().all()
