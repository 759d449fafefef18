import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.labels.events import cusum_events, symmetric_cusum
from tests.quant.features.generated import garbled, price_walk, price_walks


def read_aloud(moves, threshold):
    """Snippet 2.4 of López de Prado 2018."""
    events, up, down = [], 0.0, 0.0
    for bar, move in enumerate(moves):
        up, down = max(0.0, up + move), min(0.0, down + move)
        if down < -threshold:
            down = 0.0
            events.append(bar)
        elif up > threshold:
            up = 0.0
            events.append(bar)
    return events


def test_known_answers():
    moves = np.array([0.5, 0.6, -0.3, -0.9, 0.2, 1.5, 0.0, -1.0])
    assert np.flatnonzero(symmetric_cusum(moves, np.ones(8))).tolist() == [1, 3, 5]
    assert not symmetric_cusum(moves, np.zeros(8)).any()
    assert not symmetric_cusum(moves, np.full(8, np.nan)).any()


@settings(max_examples=40)
@given(moves=st.lists(st.floats(-2, 2), max_size=60), threshold=st.floats(0.1, 3))
def test_equals_the_source(moves, threshold):
    found = symmetric_cusum(np.array(moves, dtype=float), np.full(len(moves), threshold))
    assert np.flatnonzero(found).tolist() == read_aloud(moves, threshold)


@settings(max_examples=30)
@given(prices=price_walks(0, 120), cut=st.integers(0, 120), seed=st.integers(0, 2**32 - 1))
def test_events_are_known_at_their_close(prices, cut, seed):
    options = {"threshold": 1.5, "volatility_window": 10}
    events = cusum_events(prices, **options)
    assert events.shape == (len(prices),)
    assert not events[:10].any()
    np.testing.assert_array_equal(cusum_events(prices.iloc[:cut], **options), events[:cut])
    np.testing.assert_array_equal(cusum_events(garbled(prices, slice(cut, None), seed), **options)[:cut], events[:cut])


def test_a_wider_threshold_has_fewer_events_and_still_prices_have_none():
    prices = price_walk(600, seed=4)
    counts = [cusum_events(prices, threshold=width, volatility_window=20).sum() for width in (0.5, 1.0, 2.0, 4.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0] / 3
    still = prices.assign(close=50.0)
    assert not cusum_events(still, threshold=0.5, volatility_window=20).any()


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"threshold": np.nan}, {"volatility_window": 1}])
def test_parameters_out_of_bounds_are_refused(wrong):
    with pytest.raises(InvalidSpec, match=next(iter(wrong))):
        cusum_events(price_walk(30, seed=1), **{"threshold": 1.0, "volatility_window": 5, **wrong})
