import numpy as np
import pytest

from quant.errors import InvalidSpec
from quant.features.dimensions import rolling_box_dimension, rolling_higuchi, rolling_katz


def higuchi_by_definition(chunk, k_max):
    n = len(chunk)
    logs = []
    for k in range(1, k_max + 1):
        lengths = []
        for m in range(k):
            steps = (n - 1 - m) // k
            path = sum(abs(chunk[m + i * k] - chunk[m + (i - 1) * k]) for i in range(1, steps + 1))
            lengths.append(path * (n - 1) / (steps * k) / k)
        logs.append(np.log(np.mean(lengths)))
    return np.polyfit(-np.log(np.arange(1, k_max + 1)), logs, 1)[0]


def katz_by_definition(chunk):
    steps, length = len(chunk) - 1, np.abs(np.diff(chunk)).sum()
    return np.log(steps) / (np.log(steps) + np.log(np.abs(chunk - chunk[0]).max() / length))


def boxes_by_definition(chunk):
    scaled = (chunk - chunk.min()) / (chunk.max() - chunk.min())
    steps, logs, numbers = len(chunk) - 1, [], []
    n = 2
    while steps // n >= 4:
        boxes = 0
        for column in range(n):
            part = scaled[column * steps // n : (column + 1) * steps // n + 1]
            top, bottom = (min(np.floor(value * n + 1e-9), n - 1) for value in (part.max(), part.min()))
            boxes += int(top - bottom) + 1
        logs.append(np.log(boxes))
        numbers.append(n)
        n *= 2
    return np.polyfit(np.log(numbers), logs, 1)[0]


@pytest.mark.parametrize("window", [65, 252])
def test_dimensions_by_their_definition(real, window):
    close = real["close"].to_numpy()[:800]
    found = [
        (rolling_higuchi(close, window, 10), lambda chunk: higuchi_by_definition(chunk, 10)),
        (rolling_higuchi(close, window, 3), lambda chunk: higuchi_by_definition(chunk, 3)),
        (rolling_katz(close, window), lambda chunk: min(2.0, katz_by_definition(chunk))),
        (rolling_box_dimension(close, window), boxes_by_definition),
    ]
    for dimensions, by_definition in found:
        assert np.isnan(dimensions[: window - 1]).all()
        for end in (window, 400, 799):
            assert dimensions[end - 1] == pytest.approx(by_definition(close[end - window : end]), rel=1e-9)


def test_known_dimensions():
    noise = np.random.default_rng(3).normal(size=4000)
    walk, line = np.cumsum(noise), np.arange(600.0)
    assert np.nanmean(rolling_higuchi(noise, 252)) == pytest.approx(2.0, abs=0.02)
    assert np.nanmean(rolling_higuchi(walk, 252)) == pytest.approx(1.5, abs=0.03)
    assert np.nanmean(rolling_higuchi(line, 252)) == pytest.approx(1.0, abs=1e-9)
    assert np.nanmean(rolling_katz(line, 252)) == pytest.approx(1.0, abs=1e-9)
    # Counting boxes is slow to get there: it says too little of what is rough and too much of what is smooth.
    smooth, rough, roughest = (np.nanmean(rolling_box_dimension(values, 257)) for values in (line, walk, noise))
    assert 1.0 < smooth < 1.1 < rough < 1.5 < roughest < 2.0


@pytest.mark.parametrize("measure", [rolling_higuchi, rolling_katz, rolling_box_dimension])
def test_what_does_not_move_is_a_line(measure):
    assert measure(np.full(100, 7.0), 64)[-1] == 1.0


def test_a_length_that_vanishes_at_one_step_is_left_out():
    there_and_back = np.tile([1.0, 2.0], 60)
    assert np.isfinite(rolling_higuchi(there_and_back, 64, 5)[63:]).all()
    assert rolling_katz(there_and_back, 64)[-1] == 2.0


def test_numbers_out_of_bounds_are_refused():
    with pytest.raises(InvalidSpec, match="window to be at least 21; found 20"):
        rolling_higuchi(np.zeros(50), 20, 10)
    with pytest.raises(InvalidSpec, match="k_max to be at least 2"):
        rolling_higuchi(np.zeros(50), 20, 1)
    with pytest.raises(InvalidSpec, match="window to be at least 3"):
        rolling_katz(np.zeros(50), 2)
    with pytest.raises(InvalidSpec, match="window to be at least 17"):
        rolling_box_dimension(np.zeros(50), 16)
