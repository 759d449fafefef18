import math

import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.features.ranges import (
    ewma_deviation,
    ewma_volatility,
    garman_klass,
    garman_klass_volatility,
    parkinson,
    parkinson_volatility,
    rogers_satchell,
    rogers_satchell_volatility,
    yang_zhang,
    yang_zhang_volatility,
)
from tests.quant.features.generated import price_walk

# Two bars whose logarithms are round: open 0, high 2, low -1, close 1; then a gap of 1 to open 2, 3, 1, 1.
LOGS = {"open": [0.0, 2.0], "high": [2.0, 3.0], "low": [-1.0, 1.0], "close": [1.0, 1.0]}
BARS = {name: np.exp(values) for name, values in LOGS.items()}
FOUR = tuple(BARS.values())


def test_parkinson_by_hand():
    found = parkinson_volatility(BARS["high"], BARS["low"], window=2)
    assert found[1] == pytest.approx(math.sqrt((9.0 + 4.0) / 2.0 / (4.0 * math.log(2.0))), rel=1e-12)


def test_garman_klass_by_hand():
    bars = [0.5 * 9.0 - (2 * math.log(2) - 1) * 1.0, 0.5 * 4.0 - (2 * math.log(2) - 1) * 1.0]
    assert garman_klass_volatility(*FOUR, window=2)[1] == pytest.approx(math.sqrt(sum(bars) / 2), rel=1e-12)


def test_rogers_satchell_by_hand():
    # (2 - 1)(2 - 0) + (-1 - 1)(-1 - 0) = 4; (3 - 1)(3 - 2) + (1 - 1)(1 - 2) = 2.
    assert rogers_satchell_volatility(*FOUR, window=2)[1] == pytest.approx(math.sqrt(3.0), rel=1e-12)


def test_yang_zhang_by_hand():
    third = {"open": 0.0, "high": 0.5, "low": -0.5, "close": 0.25}
    four = tuple(np.append(BARS[name], np.exp(value)) for name, value in third.items())
    gaps, moves = [1.0, -1.0], [-1.0, 0.25]
    inside = [2.0, 0.25 * 0.5 + 0.75 * 0.5]
    k = 0.34 / (1.34 + 3.0 / 1.0)
    expected = np.var(gaps, ddof=1) + k * np.var(moves, ddof=1) + (1 - k) * np.mean(inside)
    found = yang_zhang_volatility(*four, window=2)
    assert found[2] == pytest.approx(math.sqrt(expected), rel=1e-12)
    assert np.isnan(found[:2]).all()


def test_ewma_by_hand():
    returns = [0.1, -0.2, 0.3]
    close = np.exp(np.cumsum([0.0, *returns]))
    seed = (0.01 + 0.04) / 2
    found = ewma_deviation(close, decay=0.9, seed_bars=2)
    np.testing.assert_allclose(found[2:], np.sqrt([seed, 0.9 * seed + 0.1 * 0.09]), rtol=1e-12)
    assert np.isnan(found[:2]).all()


def test_ewma_equals_pandas_once_the_seed_is_forgotten(real):
    returns = np.log(real["close"]).diff()
    expected = np.sqrt((returns**2).ewm(alpha=0.06, adjust=False).mean())
    np.testing.assert_allclose(ewma_deviation(real["close"])[800:], expected[800:], rtol=1e-9)


def test_all_estimate_the_same_where_prices_wander_without_gap_and_drift():
    # 4,000 bars of 400 steps each: discrete steps miss a little of the range, hence the tolerances.
    steps = np.random.default_rng(1).normal(0.0, 0.01 / math.sqrt(400), (4000, 400))
    paths = np.cumsum(steps, axis=1)
    start = np.concatenate([[0.0], np.cumsum(paths[:-1, -1])])
    highs, lows = np.maximum(paths.max(axis=1), 0.0), np.minimum(paths.min(axis=1), 0.0)
    four = tuple(np.exp(start + each) for each in (0.0, highs, lows, paths[:, -1]))
    estimates = [
        parkinson_volatility(four[1], four[2], 4000)[-1],
        garman_klass_volatility(*four, 4000)[-1],
        rogers_satchell_volatility(*four, 4000)[-1],
        yang_zhang_volatility(*four, 3999)[-1],
    ]
    np.testing.assert_allclose(estimates, 0.01, rtol=0.06)


def test_features_are_the_estimates_of_the_frame():
    prices = price_walk(80, seed=2)
    four = tuple(prices[name].to_numpy() for name in ("open", "high", "low", "close"))
    expected = {
        "parkinson_9": (parkinson(prices, window=9), parkinson_volatility(four[1], four[2], 9)),
        "garman_klass_9": (garman_klass(prices, window=9), garman_klass_volatility(*four, 9)),
        "rogers_satchell_9": (rogers_satchell(prices, window=9), rogers_satchell_volatility(*four, 9)),
        "yang_zhang_9": (yang_zhang(prices, window=9), yang_zhang_volatility(*four, 9)),
        "ewma_volatility_0.9_9": (ewma_volatility(prices, decay=0.9, seed_bars=9), ewma_deviation(four[3], 0.9, 9)),
    }
    for column, (frame, values) in expected.items():
        pd.testing.assert_series_equal(frame[column], pd.Series(values, prices.index, name=column), check_exact=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: parkinson_volatility([1.0], [1.0], 0),
        lambda: garman_klass_volatility([1.0], [1.0], [1.0], [1.0], 0),
        lambda: rogers_satchell_volatility([1.0], [1.0], [1.0], [1.0, 2.0]),
        lambda: yang_zhang_volatility([1.0], [1.0], [1.0], [1.0], 1),
        lambda: ewma_deviation([1.0], decay=1.5),
        lambda: ewma_deviation([1.0], seed_bars=0),
    ],
)
def test_impossible_parameters_are_refused(call):
    with pytest.raises(InvalidSpec):
        call()
