import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from quant.transforms.components import SteadyPca


def test_components_agree_with_scikit_learn_but_for_their_sign(rows):
    table, _ = rows
    scaler = StandardScaler().fit(table[:200])
    theirs = PCA(n_components=0.95, svd_solver="full").fit(scaler.transform(table[:200]))
    ours = SteadyPca(0.95).fit(table[:200])
    expected, found = theirs.transform(scaler.transform(table[200:])), ours.transform(table[200:])
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(ours.shares_, theirs.explained_variance_ratio_, rtol=1e-9)
    assert (np.take_along_axis(ours.components_, np.abs(ours.components_).argmax(axis=1)[:, None], axis=1) > 0).all()


def test_all_of_the_variance_needs_no_direction_without_any(rows):
    table = np.column_stack([rows[0][:, 0], 2 * rows[0][:, 0], np.full(300, 0.3), rows[0][:, 1]])
    assert SteadyPca(1.0).fit_transform(table).shape == (300, 2)


def test_only_constants_have_no_component():
    with pytest.raises(ValueError, match="Expected a feature that varies among 5"):
        SteadyPca().fit(np.ones((5, 2)))
