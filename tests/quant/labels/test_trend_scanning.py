import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress

from quant.errors import InvalidSpec, NotEnoughData
from quant.labels.trend_scanning import clearest_trends, trend_scanning
from tests.quant.features.generated import price_walk, price_walks


def label(prices, **changes):
    parameters = {"shortest": 3, "longest": 8, "classes": "three_way", "least_t": 2.0} | changes
    return trend_scanning(prices, **parameters)


def with_closes(closes):
    return price_walk(len(closes), seed=1).assign(open=100.0, close=np.asarray(closes, dtype=float))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), shortest=st.integers(2, 6), more=st.integers(0, 6))
def test_equals_lines_fitted_one_by_one(seed, shortest, more):
    rng = np.random.default_rng(seed)
    closes, longest = 50.0 * np.exp(np.cumsum(rng.normal(0, 0.02, 30))), shortest + more
    t_values, lengths = clearest_trends(closes, shortest, longest)
    for row in range(len(closes) - longest):
        fits = {n: linregress(np.arange(n + 1), closes[row : row + n + 1]) for n in range(shortest, longest + 1)}
        t_of = {n: fit.slope / fit.stderr for n, fit in fits.items()}
        best = max(t_of, key=lambda n: abs(t_of[n]))
        assert abs(t_values[row]) == pytest.approx(abs(t_of[best]), rel=1e-6)
        assert t_values[row] == pytest.approx(t_of[int(lengths[row])], rel=1e-6)
    assert np.isnan(t_values[-longest:]).all()


def test_known_answers():
    """Up three bars on a line, then down: the line has no error, so that no other stretch is clearer."""
    closes = [100, 101, 102, 103, 90, 80, 70, 60, 50, 40, 30, 20]
    t_values, lengths = clearest_trends(np.array(closes, dtype=float), 3, 6)
    assert (t_values[0], lengths[0]) == (np.inf, 3)
    assert t_values[4] == -np.inf
    labels = label(with_closes(closes), longest=6)
    assert labels["label"].iloc[[0, 4]].tolist() == [1.0, -1.0]
    assert labels["outcome"].iloc[0] == pytest.approx(0.03)
    assert labels["label_end"].iloc[0] == labels.index[6]


def test_a_trend_that_is_not_clear_is_none_of_three():
    closes = 100.0 + np.tile([0.0, 1.0], 15)
    assert set(label(with_closes(closes))["label"].dropna()) == {0.0}
    assert set(label(with_closes(closes), least_t=0.0)["label"].dropna()) <= {-1.0, 1.0}


@pytest.mark.parametrize(("classes", "expected"), [("two_way", 0.0), ("three_way", 0.0)])
def test_prices_that_stand_still_rise_nowhere(classes, expected):
    labels = label(with_closes(np.full(30, 7.0)), classes=classes)
    assert set(labels["label"].dropna()) == {expected}


def test_unknown_closes_leave_labels_unknown():
    closes = np.arange(1.0, 31.0)
    closes[15] = np.nan
    assert np.flatnonzero(label(with_closes(closes))["label"].isna()).tolist() == [*range(7, 16), *range(22, 30)]
    assert label(with_closes(np.full(30, np.nan))).isna().all(axis=None)


@settings(max_examples=20)
@given(prices=price_walks(30, 60), seed=st.integers(0, 2**32 - 1))
def test_the_label_ends_with_the_last_bar_that_has_a_say(prices, seed):
    """Bars behind the chosen stretch can change which one is chosen, so they belong to the label."""
    labels = label(prices)
    changed = prices.copy()
    changed.iloc[9:, changed.columns.get_loc("close")] *= 1.0 + np.random.default_rng(seed).uniform(0.1, 0.5)
    assert label(changed)["label"].iloc[0] == labels["label"].iloc[0]
    assert labels["label_end"].iloc[0] == prices.index[8]


@pytest.mark.parametrize("wrong", [{"shortest": 1}, {"shortest": 9}, {"least_t": -1.0}, {"least_t": np.nan}])
def test_parameters_out_of_bounds_are_refused(wrong):
    with pytest.raises(InvalidSpec, match=r"shortest|least_t"):
        label(price_walk(30, seed=1), **wrong)


def test_too_few_bars_are_refused():
    with pytest.raises(NotEnoughData, match="more than 8 bars"):
        label(price_walk(8, seed=1))
    assert len(clearest_trends(np.ones(3), 2, 5)[0]) == 3
