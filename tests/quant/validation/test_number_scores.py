import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from quant.errors import InvalidSpec, ModelError
from quant.frames import QUANTILES
from quant.validation.number_scores import (
    forecast_bins,
    hit_rate,
    information_coefficient,
    mean_error,
    pinball_loss,
    r2,
    rank_ic,
)
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


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_the_pinball_loss_is_the_mean_of_that_of_scikit_learn(n_rows, seed):
    rng = np.random.default_rng(seed)
    labels, said = rng.normal(size=n_rows), np.sort(rng.normal(size=(n_rows, 5)), axis=1)
    expected = np.mean(
        [
            metrics.mean_pinball_loss(labels, of_one, alpha=share)
            for share, of_one in zip(QUANTILES, said.T, strict=True)
        ]
    )
    median_first = said[:, [2, 0, 1, 3, 4]]

    assert SCORES["pinball_loss"](labels, median_first) == pytest.approx(expected)
    unknown = np.append(labels, np.nan), np.vstack([median_first, median_first[:1]])
    assert SCORES["pinball_loss"](*unknown) == pytest.approx(expected)
    for name in scores_for("regression"):  # the others look at the median alone
        assert SCORES[name](labels, median_first) == pytest.approx(SCORES[name](labels, said[:, 2]), nan_ok=True)


def test_a_pinball_loss_asks_for_quantiles():
    assert np.isnan(SCORES["pinball_loss"]([np.nan], [[0.0] * 5]))
    assert scores_for("regression", has_quantiles=True)[-1] == "pinball_loss"
    for said in ([0.1, 0.2], [[0.1] * 4, [0.2] * 4], [[0.1] * 5]):
        with pytest.raises(InvalidSpec, match="predictions of 5 quantiles"):
            SCORES["pinball_loss"]([0.1, 0.2], said)
    with pytest.raises(ModelError, match="1 that are not"):
        SCORES["pinball_loss"]([0.1], [[0.0, 0.0, 0.0, 0.0, np.inf]])


def test_weighted_scores_are_those_of_scikit_learn_or_of_repeated_rows():
    rng = np.random.default_rng(14)
    labels, weights = rng.normal(size=200), rng.random(200) ** 2
    predicted = 0.3 * labels + rng.normal(size=200)
    assert r2(labels, predicted, weights) == pytest.approx(metrics.r2_score(labels, predicted, sample_weight=weights))
    expected = metrics.mean_absolute_error(labels, predicted, sample_weight=weights)
    assert mean_error(labels, predicted, weights) == pytest.approx(expected)
    quantiles = np.sort(rng.normal(size=(200, 5)), axis=1)[:, [2, 0, 1, 3, 4]]
    losses = [
        metrics.mean_pinball_loss(labels, of_one, sample_weight=weights, alpha=share)
        for share, of_one in zip((0.5, 0.1, 0.25, 0.75, 0.9), quantiles.T, strict=True)
    ]
    assert pinball_loss(labels, quantiles, weights) == pytest.approx(np.mean(losses))
    times = rng.integers(0, 4, 200)
    for score in (information_coefficient, hit_rate):
        repeated = score(np.repeat(labels, times), np.repeat(predicted, times))
        assert score(labels, predicted, times) == pytest.approx(repeated)
    ranks = [pd.Series(each).rank() for each in (labels, predicted)]
    assert rank_ic(labels, predicted, weights) == pytest.approx(
        np.cov(*ranks, aweights=weights)[0, 1]
        / np.sqrt(np.cov(ranks[0], aweights=weights) * np.cov(ranks[1], aweights=weights))
    )


def test_what_weighs_nothing_has_no_score():
    for score in (r2, information_coefficient, rank_ic, mean_error, hit_rate):
        assert np.isnan(score([1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [0.0, 0.0, 0.0]))
