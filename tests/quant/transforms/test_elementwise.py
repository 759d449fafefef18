import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import RobustScaler, StandardScaler

from quant.transforms.elementwise import MedianImputer, QuantileClipper, Scaler


@pytest.fixture
def gaps(rows):
    table = rows[0].copy()
    table[::7, 2] = np.nan
    table[3::11, 0] = np.nan
    return table


def test_filling_in_agrees_with_scikit_learn(gaps):
    expected = SimpleImputer(strategy="median", add_indicator=True).fit(gaps[:200]).transform(gaps[200:])
    step = MedianImputer().fit(gaps[:200])
    assert np.array_equal(step.transform(gaps[200:]), expected)
    assert step.sources_.tolist() == [0, 1, 2, 3, 4, 5, 0, 2]
    assert MedianImputer(indicator=False).fit(gaps).transform(gaps).shape == gaps.shape


def test_scaling_agrees_with_scikit_learn_and_leaves_unknown_values(gaps):
    for ours, theirs in ((Scaler(), StandardScaler()), (Scaler(robust=True), RobustScaler())):
        expected = theirs.fit(gaps[:200]).transform(gaps[200:])
        np.testing.assert_allclose(ours.fit(gaps[:200]).transform(gaps[200:]), expected, rtol=1e-9)


def test_a_constant_is_centred_and_not_blown_up():
    rows = np.column_stack([np.full(40, 0.1), np.arange(40.0)])
    for step in (Scaler(), Scaler(robust=True)):
        made = step.fit(rows).transform(rows + np.array([1.0, 0.0]))
        np.testing.assert_allclose(made[:, 0], 1.0)


def test_extremes_are_brought_back_to_quantiles_of_training_rows():
    step = QuantileClipper(share=0.1).fit(np.arange(11.0)[:, None])
    assert step.transform(np.array([[-5.0], [1.0], [4.0], [9.5], [np.nan]]))[:4, 0].tolist() == [1.0, 1.0, 4.0, 9.0]
    assert np.isnan(step.transform(np.array([[np.nan]]))).all()


def test_a_feature_that_is_never_known_cannot_be_filled_in():
    with pytest.raises(ValueError, match="Expected a known value of every feature among 5 training rows; column 1"):
        MedianImputer().fit(np.column_stack([np.ones(5), np.full(5, np.nan)]))
