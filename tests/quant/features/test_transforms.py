import numpy as np
import pandas as pd
import pytest
from scipy import stats

from quant.features.catalog import BollingerBands, RelativeStrengthIndex, Rolling, SimpleMovingAverage
from quant.features.compute import compute_features
from quant.features.transforms import lag, rolling
from tests.quant.features.generated import price_walk

OF = SimpleMovingAverage(window=5)


def inner(prices):
    return compute_features(prices, [OF])["sma_5"]


def test_a_lag_is_what_was_before():
    prices = price_walk(40, seed=1)
    expected = inner(prices).shift(3)
    pd.testing.assert_series_equal(lag(prices, of=OF, bars=3)["sma_5_lag_3"], expected, check_names=False)


@pytest.mark.parametrize(
    ("statistic", "by_pandas"),
    [
        ("mean", lambda values: values.rolling(10).mean()),
        ("deviation", lambda values: values.rolling(10).std()),
        ("z_score", lambda values: (values - values.rolling(10).mean()) / values.rolling(10).std()),
        ("change", lambda values: values - values.shift(9)),
    ],
)
def test_statistics_equal_pandas(statistic, by_pandas):
    prices = price_walk(120, seed=9)
    found = rolling(prices, of=OF, statistic=statistic, window=10)[f"sma_5_{statistic}_10"]
    expected = by_pandas(inner(prices))
    moved = inner(prices).rolling(10).std() > 1e-9
    pd.testing.assert_series_equal(found[moved], expected[moved], check_names=False, rtol=1e-6, atol=1e-9)


def test_a_rank_is_the_share_of_others_below_and_half_of_equal_ones():
    prices = price_walk(80, seed=2)
    found = rolling(prices, of=OF, statistic="rank", window=12)["sma_5_rank_12"]
    values = inner(prices).to_numpy()
    for end in range(20, 80, 7):
        seen = np.round(values[end - 11 : end + 1], 13)
        expected = stats.percentileofscore(np.delete(seen, 11), seen[11], kind="mean") / 100.0
        assert found.iloc[end] == pytest.approx(expected, abs=1e-12)


def test_without_movement_nothing_is_unusual():
    still = price_walk(60, seed=3).assign(open=5.1, high=5.1, low=5.1, close=5.1)
    for statistic, value in (("z_score", 0.0), ("rank", 0.5), ("deviation", 0.0), ("change", 0.0)):
        found = rolling(still, of=OF, statistic=statistic, window=10).iloc[13:]
        np.testing.assert_allclose(found, value, atol=1e-15)


def test_every_column_of_what_it_is_made_of_is_compared():
    spec = Rolling(of=BollingerBands(), statistic="change", window=4)
    found = compute_features(price_walk(60, seed=4), [spec])
    assert list(found.columns) == ["bollinger_position_20_2_change_4", "bollinger_width_20_2_change_4"]
    assert found.iloc[:22].isna().all(axis=None)
    assert found.iloc[22:].notna().all(axis=None)


def test_a_change_over_an_unknown_value_is_unknown_though_its_ends_are_known():
    prices = price_walk(8, seed=0)
    prices.iloc[3, prices.columns.get_loc("close")] = np.nan
    strength = RelativeStrengthIndex(window=2)
    strengths = strength.load()(prices, window=2)["rsi_2"]
    changes = rolling(prices, of=strength, statistic="change", window=5)["rsi_2_change_5"]
    assert strengths.notna().tolist() == [False, False, True, False, False, False, True, True]
    assert changes.isna().all()  # of the seventh bar, the first of the window is known, and not what lies between
