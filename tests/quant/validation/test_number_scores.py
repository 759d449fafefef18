import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from quant.errors import InvalidSpec, ModelError
from quant.validation.number_scores import forecast_bins
from quant.validation.scores import SCORES, scores_for


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=60))
def test_scores_of_numbers_are_those_of_scikit_learn_and_scipy(rows):
    labels, predicted = np.array(rows).T.round(3)
    assert SCORES["mean_error"](labels, predicted) == pytest.approx(metrics.mean_absolute_error(labels, predicted))
    moved = labels != 0
    if moved.any():
        assert SCORES["hit_rate"](labels, predicted) == (np.sign(labels) == np.sign(predicted))[moved].mean()
    if len(np.unique(labels)) > 1:
        assert SCORES["r2"](labels, predicted) == pytest.approx(metrics.r2_score(labels, predicted))
        if len(np.unique(predicted)) > 1:
            expected = stats.pearsonr(labels, predicted).statistic
            assert SCORES["information_coefficient"](labels, predicted) == pytest.approx(expected, abs=1e-9)
            expected = stats.spearmanr(labels, predicted).statistic
            assert SCORES["rank_ic"](labels, predicted) == pytest.approx(expected, abs=1e-9)


def test_numbers_that_cannot_be_scored_are_unknown_or_refused():
    for name in scores_for("regression"):
        assert np.isnan(SCORES[name]([np.nan], [0.1]))
        with pytest.raises(InvalidSpec, match="as many labels"):
            SCORES[name]([0.1], [0.1, 0.2])
        with pytest.raises(ModelError, match="1 that are not"):
            SCORES[name]([0.1], [np.inf])
    assert np.isnan(SCORES["rank_ic"]([0.1, 0.2], [0.3, 0.3]))
    assert SCORES["mean_error"].is_better(0.1, 0.2)


def test_bins_of_predictions_hold_every_row_once():
    rng = np.random.default_rng(2)
    predicted = rng.normal(size=100)
    bins = forecast_bins(2 * predicted, predicted)
    assert bins["n_rows"].tolist() == [10] * 10
    assert bins["mean_outcome"].to_numpy() == pytest.approx(2 * bins["mean_predicted"].to_numpy())
    assert forecast_bins([np.nan], [0.1]).empty
    with pytest.raises(InvalidSpec, match="1 to 200 bins"):
        forecast_bins([0.1], [0.1], n_bins=0)
