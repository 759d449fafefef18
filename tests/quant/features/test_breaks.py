import math

import numpy as np
import pytest

from quant.errors import InvalidSpec
from quant.features.breaks import rolling_cusum_break, rolling_sadf
from quant.stationarity import dickey_fuller


@pytest.fixture
def increments(real):
    close = real["close"].to_numpy()[:400]
    return np.diff(np.log(close))


def test_cusum_by_its_definition(increments):
    window = 60
    found = rolling_cusum_break(increments, window)
    assert np.isnan(found[: window - 1]).all()
    for end in (60, 61, 200, 399):
        part = increments[end - window : end]
        level = np.concatenate([[0.0], np.cumsum(part)])
        deviation = math.sqrt(np.mean(part**2))
        departures = [
            (level[-1] - level[n]) / (deviation * math.sqrt(window - n)) / math.sqrt(4.6 + math.log(window - n))
            for n in range(window)
        ]
        assert found[end - 1] == pytest.approx(max(departures, key=abs), rel=1e-9)


@pytest.mark.parametrize("n_lags", [0, 1, 3])
def test_sadf_is_the_greatest_of_the_statistics(increments, n_lags):
    window, min_rows = 70, 30
    found = rolling_sadf(increments, window, min_rows, n_lags)
    assert np.isnan(found[: window - 1]).all()
    for end in (70, 71, 200, 399):
        level = np.concatenate([[0.0], np.cumsum(increments[end - window : end])])
        histories = [level[start:] for start in range(window + 1 - min_rows - n_lags)]
        expected = max(dickey_fuller(history, n_lags).statistic for history in histories)
        assert found[end - 1] == pytest.approx(expected, rel=1e-7)


def test_a_bubble_is_told_from_a_walk():
    rng = np.random.default_rng(9)
    walk = rng.normal(0.0, 0.01, 400)
    level = [0.0]
    for noise in rng.normal(0.0, 0.01, 120):
        level.append(1.04 * level[-1] + noise + 0.002)
    bubble = np.concatenate([walk, np.diff(level)])
    found = rolling_sadf(bubble, 119, 40, 1)
    assert found[-1] > 3.0 > np.nanmax(found[:400])


def test_a_break_is_seen_and_has_a_side():
    rng = np.random.default_rng(10)
    calm = rng.normal(0.0, 0.01, 6000)
    found = rolling_cusum_break(calm, 100)
    assert 0.02 < np.nanmean(np.abs(found) > 1.0) < 0.2  # one of twenty on each side
    calm[-20:] -= 0.01
    assert rolling_cusum_break(calm, 100)[-1] < -1.0


def test_what_does_not_move_does_not_break():
    assert rolling_cusum_break(np.zeros(50), 40)[-1] == 0.0
    assert rolling_sadf(np.zeros(50), 40, 20)[-1] == 0.0


def test_numbers_out_of_bounds_are_refused():
    with pytest.raises(InvalidSpec, match="window to be at least 2"):
        rolling_cusum_break(np.zeros(50), 1)
    with pytest.raises(InvalidSpec, match="min_rows to be at least 5; found 4"):
        rolling_sadf(np.zeros(50), 40, 4, 1)
    with pytest.raises(InvalidSpec, match="window to be at least 31; found 30"):
        rolling_sadf(np.zeros(50), 30, 30, 1)
