import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.features.cross_asset import relative_ratio, rolling_beta, rolling_correlation, rolling_spread
from tests.quant.features.generated import price_walk

EVERY = [rolling_beta, rolling_correlation, rolling_spread, relative_ratio]


@pytest.fixture
def pair():
    one, other = price_walk(400, seed=21)["close"], price_walk(400, seed=22)["close"]
    return one * (other / other.iloc[0]) ** 0.7, other


def test_measures_by_pandas(pair):
    one, other = pair
    x, y = one.pct_change(), other.pct_change()
    ratio = one / other
    expected = {
        rolling_beta: x.rolling(80).cov(y) / y.rolling(80).var(),
        rolling_correlation: x.rolling(80).corr(y),
        rolling_spread: (ratio - ratio.rolling(80).mean()) / ratio.rolling(80).std(),
        relative_ratio: ratio / ratio.rolling(80).mean() - 1.0,
    }
    for measure, values in expected.items():
        np.testing.assert_allclose(measure(one, other, 80), values, rtol=1e-9, atol=1e-9)


def test_an_instrument_against_itself(pair):
    one, _ = pair
    np.testing.assert_allclose(rolling_beta(one, one, 80)[80:], 1.0, rtol=1e-12)
    np.testing.assert_allclose(rolling_correlation(one, one, 80)[80:], 1.0, rtol=1e-12)
    assert (rolling_spread(one, 3.0 * one, 80)[79:] == 0.0).all()
    assert (relative_ratio(one, one, 80)[79:] == 0.0).all()


@pytest.mark.parametrize("measure", EVERY)
def test_an_unknown_price_of_either_is_felt_while_it_is_in_the_window(pair, measure):
    one, other = pair
    whole = measure(one, other, 20)
    last = 200 + (20 if measure in {rolling_beta, rolling_correlation} else 19)
    for place in (0, 1):
        holed = [prices.copy() for prices in pair]
        holed[place].iloc[200] = np.nan
        found = measure(*holed, 20)
        assert np.isnan(found[200 : last + 1]).all()
        np.testing.assert_array_equal(np.delete(found, range(200, last + 1)), np.delete(whole, range(200, last + 1)))


@pytest.mark.parametrize("measure", EVERY)
def test_what_cannot_be_compared_is_refused(pair, measure):
    one, other = pair
    with pytest.raises(InvalidSpec, match="series of one length; found values 400, others 399"):
        measure(one, other.iloc[1:], 20)
    with pytest.raises(InvalidSpec, match="window to be at least"):
        measure(one, other, 0)


def test_an_other_that_does_not_move_explains_nothing(pair):
    one, _ = pair
    still = pd.Series(5.0, one.index)
    assert (rolling_beta(one, still, 20)[20:] == 0.0).all()
    assert (rolling_correlation(one, still, 20)[20:] == 0.0).all()
