import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from quant.models.neighbours import NeighboursClassifier, NeighboursRegressor


@pytest.mark.parametrize("by_distance", [False, True])
def test_they_agree_with_scikit_learn(rows, by_distance):
    features, labels = rows[0].to_numpy(), rows[1]
    weights = "distance" if by_distance else "uniform"
    theirs = KNeighborsClassifier(15, weights=weights).fit(features[:300], labels[:300])
    ours = NeighboursClassifier(15, by_distance).fit(features[:300], labels[:300])
    np.testing.assert_allclose(ours.predict_proba(features[300:]), theirs.predict_proba(features[300:]), rtol=1e-9)
    numbers = features[:, 0]
    theirs = KNeighborsRegressor(15, weights=weights).fit(features[:300], numbers[:300])
    ours = NeighboursRegressor(15, by_distance).fit(features[:300], numbers[:300])
    np.testing.assert_allclose(ours.predict(features[300:]), theirs.predict(features[300:]), rtol=1e-9)


def test_a_row_of_weight_two_counts_as_two_rows():
    rows = np.arange(6.0)[:, None]
    model = NeighboursClassifier(3).fit(rows, [0, 1, 1, 0, 0, 2], sample_weight=[1, 2, 1, 1, 1, 0])
    assert model.predict_proba([[0.9]]).tolist() == [[0.25, 0.75, 0.0]]
    assert model.predict([[0.9]]).tolist() == [1]
    assert model.predict_proba([[99.0]])[0, 2] == 0.0


def test_fewer_rows_than_neighbours_are_all_looked_at_and_weightless_ones_alike():
    model = NeighboursRegressor(50).fit([[0.0], [1.0]], [1.0, 3.0], sample_weight=[0.0, 0.0])
    assert model.predict([[0.0]]).tolist() == [2.0]


def test_a_second_fit_forgets_the_first():
    model = NeighboursRegressor(1).fit([[0.0], [1.0]], [1.0, 3.0])
    model.predict([[0.0]])
    assert "tree_of_rows" not in model.__getstate__()
    assert model.fit([[0.0], [1.0]], [5.0, 6.0]).predict([[0.0]]).tolist() == [5.0]
