import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.labels.weights import (
    attributed_returns,
    average_uniqueness,
    concurrency,
    label_spans,
    sample_weights,
    time_decay,
)

# The example of López de Prado 2018, section 4.5.3: three labels of the six returns, the first two share one.
STARTS, ENDS = np.array([0, 2, 4]), np.array([2, 3, 5])


def spans(max_bars=60):
    pair = st.tuples(st.integers(0, max_bars - 1), st.integers(0, 12)).map(lambda each: (each[0], each[0] + each[1]))
    return st.lists(pair, min_size=1, max_size=40).map(lambda pairs: tuple(np.array(sorted(pairs)).T))


def indicators(starts, ends):
    """The indicator matrix of snippet 4.3: a row for each bar, a column for each label."""
    bars = np.arange(ends.max() + 1)[:, None]
    return ((starts <= bars) & (bars <= ends)).astype(float)


def test_known_answers():
    assert concurrency(STARTS, ENDS, 6).tolist() == [1, 1, 2, 1, 1, 1]
    np.testing.assert_allclose(average_uniqueness(STARTS, ENDS), [5 / 6, 3 / 4, 1])
    returns = np.array([0.01, 0.02, -0.04, 0.01, -0.03, -0.01])
    np.testing.assert_allclose(attributed_returns(STARTS, ENDS, returns), [0.01, 0.01, 0.04])
    weights = sample_weights(STARTS, ENDS, by="attribution", returns=returns)
    np.testing.assert_allclose(weights, [0.5, 0.5, 2.0])
    np.testing.assert_allclose(sample_weights(STARTS, ENDS, by="uniqueness"), np.array([10, 9, 12]) / 31 * 3)


@settings(max_examples=60)
@given(labels=spans(), seed=st.integers(0, 2**32 - 1))
def test_equals_the_indicator_matrix(labels, seed):
    starts, ends = labels
    matrix = indicators(starts, ends)
    shared = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    returns = np.random.default_rng(seed).normal(0, 0.02, len(matrix))
    np.testing.assert_array_equal(concurrency(starts, ends, len(matrix)), matrix.sum(axis=1))
    np.testing.assert_allclose(average_uniqueness(starts, ends), shared.sum(axis=0) / matrix.sum(axis=0), rtol=1e-12)
    attributed = attributed_returns(starts, ends, returns)
    np.testing.assert_allclose(attributed, np.abs(returns @ shared), rtol=1e-9, atol=1e-15)


@settings(max_examples=60)
@given(labels=spans())
def test_uniqueness_is_above_0_and_at_most_1_and_falls_when_a_label_is_added(labels):
    starts, ends = labels
    unique = average_uniqueness(starts, ends)
    assert ((unique > 0) & (unique <= 1)).all()
    assert (average_uniqueness(np.append(starts, starts[0]), np.append(ends, ends[0]))[:-1] <= unique).all()
    alone = average_uniqueness(starts[:1], ends[:1])
    assert alone.tolist() == [1.0]


@settings(max_examples=60)
@given(
    labels=spans(),
    by=st.sampled_from(["equal", "uniqueness", "attribution"]),
    decay=st.floats(-0.99, 1.0),
    balanced=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_weights_add_up_to_the_number_of_samples(labels, by, decay, balanced, seed):
    starts, ends = labels
    rng = np.random.default_rng(seed)
    returns, classes = rng.normal(0, 0.02, ends.max() + 1), rng.integers(0, 2, len(starts))
    weights = sample_weights(starts, ends, by=by, decay=decay, returns=returns, classes=classes if balanced else None)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(len(starts))
    of_class = np.bincount(classes, weights=weights)
    if balanced and (of_class > 0).sum() == 2:
        assert of_class[0] == pytest.approx(of_class[1])


@settings(max_examples=30)
@given(labels=spans(), cut=st.integers(0, 30))
def test_what_comes_later_moves_no_bit_of_earlier_sums(labels, cut):
    starts, ends = labels
    returns = np.random.default_rng(7).normal(0, 0.02, 200)
    early = ends < cut
    if not early.any():
        return
    later = np.append(starts[early], 150), np.append(ends[early], 199)
    for one, other in (
        (average_uniqueness(starts[early], ends[early]), average_uniqueness(*later)),
        (attributed_returns(starts[early], ends[early], returns[:cut]), attributed_returns(*later, returns)),
    ):
        np.testing.assert_array_equal(one, other[:-1])


def test_decay_follows_the_source():
    """Snippet 4.11, read aloud."""
    unique = np.array([0.5, 1.0, 0.25, 0.75, 1.0])
    passed = unique.cumsum()
    for oldest in (1.0, 0.6, 0.0, -0.25, -0.9):
        slope = (1 - oldest) / passed[-1] if oldest >= 0 else 1 / ((oldest + 1) * passed[-1])
        expected = np.maximum(1 - slope * passed[-1] + slope * passed, 0)
        np.testing.assert_allclose(time_decay(unique, oldest), expected, atol=1e-15)
    assert len(time_decay(np.array([]), 0.5)) == 0


@pytest.mark.parametrize("oldest", [-1.0, 1.1, np.nan])
def test_a_decay_out_of_bounds_is_refused(oldest):
    with pytest.raises(InvalidSpec, match="above -1 and at most 1"):
        time_decay(np.ones(3), oldest)


def test_prices_that_stand_still_leave_weights_equal():
    for returns in (np.zeros(6), np.full(6, np.nan)):
        assert sample_weights(STARTS, ENDS, by="attribution", returns=returns).tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(InvalidSpec, match="returns of all bars"):
        sample_weights(STARTS, ENDS, by="attribution")


def panel_of(frame, instrument):
    return frame.assign(instrument=instrument).set_index("instrument", append=True)


def test_spans_are_places_of_bars_of_the_own_instrument():
    stamps = pd.date_range("2024-01-01", periods=6, tz="UTC", unit="us", name="timestamp")
    bars = pd.MultiIndex.from_arrays([stamps.append(stamps[2:]), [0] * 6 + [1] * 4], names=["timestamp", "instrument"])
    first = pd.DataFrame({"label_end": stamps[[2, 5]]}, index=stamps[[0, 3]])
    second = pd.DataFrame({"label_end": stamps[[4]]}, index=stamps[[3]])
    labels = pd.concat([panel_of(first, 0), panel_of(second, 1)]).sort_index()
    starts, ends = label_spans(labels, bars)
    assert starts.tolist() == [0, 3, 7]
    assert ends.tolist() == [2, 5, 8]
    for wrong in (stamps[5] + pd.Timedelta(days=1), stamps[4] + pd.Timedelta(hours=1)):
        with pytest.raises(InvalidSpec, match="found others of 1"):
            label_spans(labels.assign(label_end=wrong).iloc[2:], bars)
