import numpy as np
import pytest
from sklearn.feature_selection import VarianceThreshold, mutual_info_classif

from quant.transforms.selection import EliminationSelector, InformationSelector, VarianceSelector


def test_selection_by_variance_agrees_with_scikit_learn(rows):
    table, _ = rows
    expected = VarianceThreshold(1.0).fit(table).get_support(indices=True)
    assert VarianceSelector(1.0).fit(table).sources_.tolist() == expected.tolist()


def test_a_constant_goes_although_its_deviation_is_a_rounding():
    table = np.column_stack([np.full(1000, 0.1), np.arange(1000.0)])
    assert VarianceSelector().fit(table).sources_.tolist() == [1]
    with pytest.raises(ValueError, match="Expected a feature whose variance is above 0"):
        VarianceSelector().fit(table[:, :1])


def test_selection_by_information_keeps_what_says_most(rows):
    table, labels = rows
    step = InformationSelector(n_kept=2, seed=4).fit(table, labels)
    measured = mutual_info_classif(table, labels, random_state=4)
    assert step.sources_.tolist() == sorted(np.argsort(-measured)[:2])
    assert set(step.sources_) <= {0, 1, 3}


def test_elimination_keeps_what_matters(rows):
    table, labels = rows
    step = EliminationSelector(n_kept=2, seed=4).fit(table, labels)
    assert set(step.sources_) < {0, 1, 3}
    assert EliminationSelector(n_kept=9).fit(table, labels).sources_.tolist() == list(range(6))
