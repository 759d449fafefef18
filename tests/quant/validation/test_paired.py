import numpy as np
import pandas as pd
import pytest
from scipy import stats

from quant.errors import InvalidSpec
from quant.validation.paired import holm, mean_test_share, score_difference
from quant.validation.splits import Fold


def test_with_no_shared_rows_it_is_the_paired_t_test():
    rng = np.random.default_rng(3)
    first, second = rng.normal(0.55, 0.02, 9), rng.normal(0.54, 0.02, 9)
    found = score_difference(first, second, test_share=1e-15)
    oracle = stats.ttest_rel(first, second)

    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-9)
    assert found.difference / found.standard_error == pytest.approx(oracle.statistic, rel=1e-9)


def test_shared_rows_widen_the_error_as_nadeau_and_bengio_say():
    first, second = [0.60, 0.55, 0.58, 0.61, 0.57], [0.56, 0.56, 0.55, 0.57, 0.55]
    found = score_difference(first, second, test_share=0.25)
    differences = np.array([0.04, -0.01, 0.03, 0.04, 0.02])

    assert found.difference == pytest.approx(0.024)
    assert found.standard_error == pytest.approx(np.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1)))
    assert found.p_value == pytest.approx(2 * stats.t.sf(0.024 / found.standard_error, df=4))
    assert found.n_folds == 5


def test_models_without_a_difference_are_rarely_told_apart():
    """Scores of folds that share rows are correlated: a part of each difference is common to all folds."""
    rng = np.random.default_rng(5)
    n, share, trials = 5, 0.25, 4000
    correlation = share / (1 + share)  # what the correction takes it to be: test / (test + train)
    common, own = rng.normal(size=(trials, 1)), rng.normal(size=(trials, n))
    differences = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    corrected = [score_difference(each, np.zeros(n), test_share=share).p_value < 0.05 for each in differences]
    plain = stats.ttest_1samp(differences, 0, axis=1).pvalue < 0.05

    assert np.mean(corrected) == pytest.approx(0.05, abs=0.012)
    assert plain.mean() > 0.1


def test_what_cannot_be_told_is_unknown():
    few = score_difference([0.5, np.nan, 0.6], [0.4, 0.5, np.nan], test_share=0.2)
    same = score_difference([0.5, 0.6, 0.7], [0.4, 0.5, 0.6], test_share=0.2)
    none = score_difference([np.nan], [0.5], test_share=0.2)

    assert (few.n_folds, few.difference) == (1, pytest.approx(0.1))
    assert np.isnan(few.p_value)
    assert (same.difference, same.standard_error) == (pytest.approx(0.1), 0.0)
    assert np.isnan(same.p_value)
    assert np.isnan(none.difference)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InvalidSpec, match="above 0; found 0"):
        score_difference([1.0, 2.0], [1.0, 2.0], test_share=0.0)
    with pytest.raises(InvalidSpec, match="one score a fold"):
        score_difference(1.0, 2.0, test_share=0.1)


def test_the_share_is_of_what_purging_left():
    index = pd.MultiIndex.from_product([range(50), [0]])
    folds = [Fold(0, np.arange(n), np.arange(40, 50), (0, 39), index) for n in (20, 40)]

    assert mean_test_share(folds) == pytest.approx((0.5 + 0.25) / 2)


def test_several_comparisons_are_believed_together():
    raised = holm([0.01, np.nan, 0.02, 0.5, 0.9])

    # By hand: 4 × 0.01, 3 × 0.02, 2 × 0.5 and 1 × 0.9, none below the one before.
    assert raised[[0, 2, 3, 4]] == pytest.approx([0.04, 0.06, 1.0, 1.0])
    assert np.isnan(raised[1])
    assert holm([]).shape == (0,)
