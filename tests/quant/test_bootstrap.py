import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.bootstrap import sequential_bootstrap, stationary_bootstrap, uniqueness_if_drawn
from quant.errors import InvalidSpec
from quant.labels.weights import average_uniqueness
from tests.quant.labels.test_weights import ENDS, STARTS, indicators, spans


def probabilities(matrix, drawn):
    """Snippet 4.5: how likely each label is drawn next."""
    count = matrix[:, drawn].sum(axis=1)
    unique = np.array([(1 / (1 + count[column > 0])).mean() for column in matrix.T])
    return unique / unique.sum()


def test_the_example_of_the_source():
    """López de Prado 2018, section 4.5.3: after the second label, then after the second and the third."""
    matrix = indicators(STARTS, ENDS)
    for drawn, expected in (([1], [5 / 14, 3 / 14, 6 / 14]), ([1, 2], [5 / 11, 3 / 11, 3 / 11])):
        n_drawn = matrix[:, drawn].sum(axis=1).astype(np.int64)
        unique = np.array([uniqueness_if_drawn(*span, n_drawn) for span in zip(STARTS, ENDS, strict=True)])
        np.testing.assert_allclose(unique / unique.sum(), expected)
        np.testing.assert_allclose(probabilities(matrix, drawn), expected)


def test_labels_are_drawn_as_often_as_the_source_says():
    rng, n_trials = np.random.default_rng(11), 20_000
    matrix = indicators(STARTS, ENDS)
    draws = np.array([sequential_bootstrap(STARTS, ENDS, 3, rng) for _ in range(n_trials)])
    first = np.bincount(draws[:, 0], minlength=3) / n_trials
    np.testing.assert_allclose(first, 1 / 3, atol=0.015)
    for pair in ((0, 1), (1, 2), (2, 2)):
        third = draws[(draws[:, :2] == pair).all(axis=1), 2]
        expected = probabilities(matrix, list(pair))
        deviations = 4.5 * np.sqrt(expected * (1 - expected) / len(third))
        assert (np.abs(np.bincount(third, minlength=3) / len(third) - expected) < deviations).all()


@settings(max_examples=30)
@given(labels=spans(), n_draws=st.integers(0, 30), seed=st.integers(0, 2**32 - 1))
def test_draws_are_labels_and_repeat_with_the_seed(labels, n_draws, seed):
    one, other = (sequential_bootstrap(*labels, n_draws, np.random.default_rng(seed)) for _ in range(2))
    assert one.tolist() == other.tolist()
    assert one.shape == (n_draws,)
    assert ((one >= 0) & (one < len(labels[0]))).all()


def test_drawn_labels_overlap_less_than_by_an_ordinary_bootstrap():
    rng = np.random.default_rng(3)
    starts = np.arange(200)
    ends = starts + rng.integers(1, 6, 200)

    def unique(drawn):
        return average_uniqueness(starts[drawn], ends[drawn]).mean()

    sequential = [unique(np.sort(sequential_bootstrap(starts, ends, 100, rng))) for _ in range(40)]
    ordinary = [unique(np.sort(rng.integers(0, 200, 100))) for _ in range(40)]
    assert np.mean(sequential) > np.mean(ordinary) + 0.03


@pytest.mark.parametrize(
    ("starts", "ends", "n_draws", "message"),
    [([0], [1], -1, "0 labels or more"), ([], [], 1, "at least one label"), ([2], [1], 1, "end where they begin")],
)
def test_what_cannot_be_drawn_is_refused(starts, ends, n_draws, message):
    spans_of = (np.array(each, dtype=np.int64) for each in (starts, ends))
    with pytest.raises(InvalidSpec, match=message):
        sequential_bootstrap(*spans_of, n_draws, np.random.default_rng(0))


def test_resamples_go_on_in_blocks_of_the_asked_length():
    drawn = stationary_bootstrap(300, 400, 6.0, np.random.default_rng(0))
    goes_on = (drawn[:, 1:] - drawn[:, :-1]) % 300 == 1
    # A block ends with a chance of 1/6; of those that end, one in 300 goes on by luck.
    assert goes_on.mean() == pytest.approx(5 / 6 + 1 / 6 / 300, abs=0.005)
    assert drawn.min() == 0
    assert drawn.max() == 299
    # Each bar is drawn as often as any other, also the first and the last: blocks wrap.
    counts = np.bincount(drawn.ravel(), minlength=300)
    assert counts.mean() == 400
    assert abs(counts[[0, 299]] - 400).max() < 6 * math.sqrt(400 * 6)


def test_blocks_of_one_bar_are_the_plain_bootstrap():
    drawn = stationary_bootstrap(50, 200, 1.0, np.random.default_rng(0))
    assert ((drawn[:, 1:] - drawn[:, :-1]) % 50 == 1).mean() == pytest.approx(1 / 50, abs=0.01)


@pytest.mark.parametrize("wrong", [(0, 1, 1.0), (10, 0, 1.0), (10, 1, 0.5), (10, 1, math.nan)])
def test_numbers_out_of_their_bounds_are_refused(wrong):
    with pytest.raises(InvalidSpec, match="1 resample and 1 bar a block"):
        stationary_bootstrap(*wrong, np.random.default_rng(0))
