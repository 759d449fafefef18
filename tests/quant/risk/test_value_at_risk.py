import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.risk.value_at_risk import expected_shortfall, value_at_risk

A7 = np.array([-0.05, -0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04])
SYMBOLS = ("GOOG", "IBM", "MSFT")

returns = st.lists(st.floats(-0.9, 0.9), min_size=1, max_size=80)
confidences = st.one_of(st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99, 0.999]), st.floats(0.01, 0.999))


def test_a7_by_the_inverse_of_the_distribution():
    assert value_at_risk(A7, confidence=0.85) == pytest.approx(0.04)
    interpolated = -np.percentile(A7, 15)
    assert interpolated == pytest.approx(0.0365)


def test_a7_with_the_fraction_of_the_boundary():
    assert expected_shortfall(A7, confidence=0.85) == pytest.approx(0.046667, abs=5e-7)
    naive = -A7[A7 <= -0.04].mean()
    assert naive == pytest.approx(0.045)


def test_whole_counts_are_whole_in_spite_of_rounding():
    losses = -np.arange(1.0, 101.0) / 1000
    for percent in range(50, 100):
        assert value_at_risk(losses, confidence=percent / 100) == pytest.approx(percent / 1000, abs=1e-12)
        expected = np.arange(percent + 1, 101).mean() / 1000
        assert expected_shortfall(losses, confidence=percent / 100) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("confidence", [0.95, 0.975, 0.99])
def test_value_at_risk_equals_numpy_and_differs_from_empyrical_by_its_interpolation(real_returns, symbol, confidence):
    values = real_returns[symbol].to_numpy()
    ours = value_at_risk(values, confidence=confidence)
    assert ours == np.quantile(-values, confidence, method="inverted_cdf")
    theirs = -empyrical.value_at_risk(values, cutoff=1 - confidence)
    assert ours != theirs
    assert ours == pytest.approx(theirs, rel=0.02)


@settings(deadline=None)
@given(values=returns, confidence=confidences)
def test_expected_shortfall_solves_the_minimisation_of_rockafellar_and_uryasev(values, confidence):
    losses = -np.array(values)
    objective = [z + np.maximum(losses - z, 0).sum() / ((1 - confidence) * len(losses)) for z in losses]
    assert expected_shortfall(values, confidence=confidence) == pytest.approx(min(objective), abs=1e-6)


@settings(deadline=None)
@given(values=returns, confidence=confidences)
def test_value_at_risk_is_the_smallest_loss_that_suffices(values, confidence):
    losses = -np.array(values)
    found = value_at_risk(values, confidence=confidence)
    shares = {loss: np.mean(losses <= loss) for loss in losses}
    assert shares[min(shares, key=lambda loss: abs(loss - found))] >= confidence - 1e-9
    assert all(share < confidence + 1e-9 for loss, share in shares.items() if loss < found)


@settings(deadline=None)
@given(values=returns, confidence=confidences)
def test_expected_shortfall_is_never_below_value_at_risk(values, confidence):
    assert expected_shortfall(values, confidence=confidence) >= value_at_risk(values, confidence=confidence) - 1e-12


@settings(deadline=None)
@given(values=returns, confidence=confidences, scale=st.floats(0.1, 10), shift=st.floats(-0.5, 0.5))
def test_scale_and_shift(values, confidence, scale, shift):
    array = np.array(values)
    for measure in (value_at_risk, expected_shortfall):
        before = measure(array, confidence=confidence)
        assert measure(array * scale + shift, confidence=confidence) == pytest.approx(before * scale - shift, abs=1e-9)


@settings(deadline=None)
@given(values=returns, confidence=confidences)
def test_series_and_array_agree_and_unknown_returns_are_left_out(values, confidence):
    series = pd.Series([np.nan, *values])
    for measure in (value_at_risk, expected_shortfall):
        assert measure(series, confidence=confidence) == measure(np.array(values), confidence=confidence)


def test_no_returns_no_measure():
    assert np.isnan(value_at_risk([np.nan]))
    assert np.isnan(expected_shortfall([]))


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, np.nan])
@pytest.mark.parametrize("measure", [value_at_risk, expected_shortfall])
def test_a_confidence_in_per_cent_is_refused(measure, confidence):
    with pytest.raises(InvalidSpec, match="between 0 and 1"):
        measure(A7, confidence=confidence)
