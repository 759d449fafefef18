import math

import numpy as np
import pytest

from quant.errors import InvalidSpec
from quant.features.fractal import expected_range, rolling_dfa, rolling_hurst


def hurst_by_definition(chunk, *, corrected):
    """Return the exponent of one window, straight from the definition."""
    lengths = [n for n in (10, 17, 31, 56, 100, 177, 316) if n < len(chunk)] + [len(chunk)]
    logs = []
    for n in lengths:
        ratios = []
        for start in range(0, len(chunk) - n + 1, n):
            part = chunk[start : start + n]
            sums = np.cumsum(part - part.mean())
            if part.std() > 0:
                ratios.append((sums.max() - sums.min()) / part.std())
        logs.append(np.log(np.mean(ratios)) - (np.log(expected_range(n)) if corrected else 0.0))
    return np.polyfit(np.log(lengths), logs, 1)[0] + (0.5 if corrected else 0.0)


def dfa_by_definition(chunk):
    lengths = [n for n in (8, 11, 16, 23, 32, 45, 64, 91) if n <= len(chunk) // 4]
    profile = np.cumsum(chunk - chunk.mean())
    logs = []
    for n in lengths:
        squares = []
        for start in range(0, len(chunk) - n + 1, n):
            part = profile[start : start + n]
            line = np.polyval(np.polyfit(np.arange(n), part, 1), np.arange(n))
            squares.append(np.mean((part - line) ** 2))
        logs.append(0.5 * np.log(np.mean(squares)))
    return np.polyfit(np.log(lengths), logs, 1)[0]


@pytest.mark.parametrize("window", [60, 252])
def test_exponents_by_their_definition(real, window):
    returns = np.diff(np.log(real["close"].to_numpy()))[:700]
    hurst, plain, dfa = rolling_hurst(returns, window), rolling_hurst(returns, window, corrected=False), None
    if window >= 64:
        dfa = rolling_dfa(returns, window)
    for end in (window, window + 1, 400, 699):
        chunk = returns[end - window : end]
        assert hurst[end - 1] == pytest.approx(hurst_by_definition(chunk, corrected=True), rel=1e-9)
        assert plain[end - 1] == pytest.approx(hurst_by_definition(chunk, corrected=False), rel=1e-9)
        if dfa is not None:
            assert dfa[end - 1] == pytest.approx(dfa_by_definition(chunk), rel=1e-9)


def test_the_expected_range_is_that_of_normal_increments():
    noise = np.random.default_rng(1).normal(size=(20_000, 30))
    sums = np.cumsum(noise - noise.mean(axis=1, keepdims=True), axis=1)
    ratios = (sums.max(axis=1) - sums.min(axis=1)) / noise.std(axis=1)
    # The range counts the start, where the sum is zero, as well as the end, where it is zero again.
    assert ratios.mean() == pytest.approx(expected_range(30), rel=0.01)
    assert expected_range(1000) == pytest.approx(math.sqrt(1000 * math.pi / 2), rel=0.05)


@pytest.mark.parametrize(("measure", "walk"), [(rolling_hurst, 0.93), (rolling_dfa, 1.46)])
def test_known_exponents(measure, walk):
    noise = np.random.default_rng(2).normal(size=4000)
    assert np.nanmean(measure(noise, 252)) == pytest.approx(0.5, abs=0.03)
    assert np.nanmean(measure(np.cumsum(noise), 252)) == pytest.approx(walk, abs=0.05)  # increments that are a walk
    assert np.nanmean(measure(np.diff(noise), 252)) < 0.35  # increments that are taken back


@pytest.mark.parametrize("measure", [rolling_hurst, rolling_dfa])
def test_what_does_not_move_or_moves_by_equal_steps_has_no_memory(measure):
    assert measure(np.zeros(100), 64)[-1] == 0.5
    steps = np.diff(np.log(1.01 ** np.arange(101)))
    assert measure(np.full(100, steps[0]), 64)[-1] == 0.5


def test_numbers_out_of_bounds_are_refused():
    with pytest.raises(InvalidSpec, match="window to be at least 20; found 19"):
        rolling_hurst(np.zeros(50), 19)
    with pytest.raises(InvalidSpec, match="window to be at least 64; found 63"):
        rolling_dfa(np.zeros(50), 63)
    with pytest.raises(InvalidSpec, match="one dimension"):
        rolling_hurst(np.zeros((5, 5)), 20)
