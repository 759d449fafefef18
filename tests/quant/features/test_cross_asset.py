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
def test_an_unknown_price_of_the_one_is_felt_while_it_is_in_the_window(pair, measure):
    one, other = pair
    whole = measure(one, other, 20)
    last = 200 + (20 if measure in {rolling_beta, rolling_correlation} else 19)
    found = measure(one.where(one.index != one.index[200]), other, 20)
    assert np.isnan(found[200 : last + 1]).all()
    np.testing.assert_array_equal(np.delete(found, range(200, last + 1)), np.delete(whole, range(200, last + 1)))


def test_bars_that_the_other_lacks_are_left_out_of_the_window(pair):
    one, other = pair
    lacking = np.random.default_rng(2).choice(np.arange(1, 400), 25, replace=False)
    holed = other.copy()
    holed.iloc[lacking] = np.nan
    y = holed.pct_change(fill_method=None)
    x = one.pct_change().where(y.notna())
    ratio = one / holed
    expected = {
        rolling_beta: x.rolling(80, min_periods=64).cov(y) / y.rolling(80, min_periods=64).var(),
        rolling_correlation: x.rolling(80, min_periods=64).corr(y),
        rolling_spread: (ratio - ratio.rolling(80, 64).mean()) / ratio.rolling(80, 64).std(),
        relative_ratio: ratio / ratio.rolling(80, 64).mean() - 1.0,
    }
    for measure, values in expected.items():
        found = measure(one, holed, 80)[80:]
        np.testing.assert_allclose(found, values.where(holed.notna())[80:], rtol=1e-9, atol=1e-9)
        assert 250 < np.isfinite(found).sum() < len(found)


@pytest.mark.parametrize(("measure", "same"), [(rolling_beta, 1.0), (rolling_correlation, 1.0), (relative_ratio, 0.0)])
def test_an_instrument_against_itself_where_ten_bars_are_lacking_is_still_itself(pair, measure, same):
    one, _ = pair
    holed = one.copy()
    holed.iloc[np.r_[150:155, 200, 220, 240, 260, 280]] = np.nan
    found = measure(one, holed, 80)
    np.testing.assert_array_equal(np.isfinite(found[80:]), holed.notna()[80:])
    np.testing.assert_allclose(found[80:][holed.notna()[80:]], same, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("measure", EVERY)
def test_less_than_four_fifths_of_a_window_and_all_after_the_end_of_the_other_are_unknown(pair, measure):
    one, other = pair
    holed = other.copy()
    holed.iloc[200:204] = np.nan
    holed.iloc[300:304] = np.nan
    holed.iloc[305] = np.nan
    holed.iloc[350:] = np.nan
    found = measure(one, holed, 20)
    needs_before = measure in {rolling_beta, rolling_correlation}  # of a return: a bar lacks two
    assert np.isfinite(found[204:300]).all() != needs_before
    assert np.isfinite(found[221:300]).all()
    assert np.isnan(found[306:320]).all()
    assert np.isnan(found[350:]).all()


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
