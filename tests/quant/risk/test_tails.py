import empyrical
import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.risk.tails import (
    cornish_fisher_value_at_risk,
    ewma_value_at_risk,
    normal_expected_shortfall,
    normal_value_at_risk,
    omega_ratio,
    tail_ratio,
)

SYMBOLS = ("GOOG", "IBM", "MSFT")

returns = st.lists(st.floats(-0.3, 0.4).map(lambda r: round(r, 4)), min_size=3, max_size=60).filter(
    lambda rs: np.std(rs) > 1e-3
)
confidences = st.sampled_from([0.9, 0.95, 0.99])
BY_CONFIDENCE = (
    normal_value_at_risk,
    normal_expected_shortfall,
    cornish_fisher_value_at_risk,
    ewma_value_at_risk,
    tail_ratio,
)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("rate", [0.0, 0.03])
def test_omega_equals_empyrical(real_returns, symbol, rate):
    ours = omega_ratio(real_returns[symbol], periods_per_year=252, threshold_annual=rate)
    assert ours == pytest.approx(empyrical.omega_ratio(real_returns[symbol], required_return=rate), rel=1e-9)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_tail_ratio_is_of_returns_that_came(real_returns, symbol):
    """By how much empyrical's differs stands in the table of `tests/quant/features/test_peers.py`."""
    ours = tail_ratio(real_returns[symbol])
    values = real_returns[symbol].to_numpy()
    gain, loss = (np.quantile(side, 0.95, method="inverted_cdf") for side in (values, -values))
    assert ours == pytest.approx(gain / loss, rel=1e-12)


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_normal_measures_equal_scipy(real_returns, symbol, confidence):
    values = real_returns[symbol].to_numpy()
    mean, deviation = values.mean(), values.std(ddof=1)
    expected = -scipy.stats.norm.ppf(1 - confidence, mean, deviation)
    assert normal_value_at_risk(values, confidence=confidence) == pytest.approx(expected, rel=1e-9)
    mean_beyond = -scipy.stats.norm.expect(lambda r: r, loc=mean, scale=deviation, ub=-expected, conditional=True)
    assert normal_expected_shortfall(values, confidence=confidence) == pytest.approx(mean_beyond, rel=1e-6)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_next_bar_by_a_walk_along_the_returns(real_returns, symbol):
    """Against the recursion of the source, begun so long ago that its beginning is forgotten."""
    values = real_returns[symbol].to_numpy()
    variance = values[0] ** 2
    for value in values[1:]:
        variance = 0.94 * variance + 0.06 * value**2
    expected = scipy.stats.norm.ppf(0.95) * np.sqrt(variance)
    assert ewma_value_at_risk(values, confidence=0.95) == pytest.approx(expected, rel=1e-9)


def test_cornish_fisher_of_a_gamma_distribution_is_nearer_to_the_truth_than_the_normal():
    shape = 25.0
    losses = scipy.stats.gamma.ppf((np.arange(20_000) + 0.5) / 20_000, shape)
    truth = scipy.stats.gamma.ppf(0.99, shape)
    bent = cornish_fisher_value_at_risk(-losses, confidence=0.99)
    assert bent == pytest.approx(truth, rel=0.005)
    assert abs(bent - truth) < abs(normal_value_at_risk(-losses, confidence=0.99) - truth) / 5


def test_cornish_fisher_by_hand_with_the_excess_and_not_the_raw_kurtosis():
    values = np.array([-0.05, 0.01, 0.02, -0.02, 0.03, 0.0, 0.01, -0.01, 0.02, 0.01])
    s, k = scipy.stats.skew(values), scipy.stats.kurtosis(values)
    z = scipy.stats.norm.ppf(0.05)
    bent = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    expected = -(values.mean() + bent * values.std(ddof=1))
    assert cornish_fisher_value_at_risk(values, confidence=0.95) == pytest.approx(expected, rel=1e-12)


def test_an_expansion_that_is_no_quantile_is_unknown():
    once = np.concatenate([np.full(400, 0.0001), [-0.2]])  # skewness -20
    assert np.isnan(cornish_fisher_value_at_risk(once, confidence=0.95))
    assert np.isfinite(normal_value_at_risk(once, confidence=0.95))


@settings(deadline=None, max_examples=50)
@given(values=returns)
def test_omega_is_above_one_if_and_only_if_the_mean_is_above_zero(values):
    array = np.array(values)
    omega = omega_ratio(array, periods_per_year=252)
    if np.isnan(omega):
        assert (array >= 0).all()
    elif abs(array.sum()) > 1e-9:
        assert (omega > 1) == (array.mean() > 0)


@settings(deadline=None, max_examples=50)
@given(values=returns, confidence=confidences, scale=st.floats(0.1, 5.0))
def test_laws_of_scale_and_order(values, confidence, scale):
    array = np.array(values)
    for measure in (normal_value_at_risk, normal_expected_shortfall, ewma_value_at_risk, cornish_fisher_value_at_risk):
        np.testing.assert_allclose(
            measure(array * scale, confidence=confidence), scale * measure(array, confidence=confidence), rtol=1e-6
        )
    assert normal_expected_shortfall(array, confidence=confidence) >= normal_value_at_risk(array, confidence=confidence)
    assert normal_value_at_risk(array, confidence=0.99) > normal_value_at_risk(array, confidence=0.9)
    np.testing.assert_allclose(
        tail_ratio(array * scale, confidence=confidence), tail_ratio(array, confidence=confidence), rtol=1e-9
    )


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [0.01], [0.01] * 30, [0.0] * 30])
def test_what_cannot_be_known_is_nan_and_never_infinite(values):
    found = [measure(values, confidence=0.95) for measure in BY_CONFIDENCE]
    found.append(omega_ratio(values, periods_per_year=252))
    assert not np.isinf(found).any()
    if not np.isfinite(values).any():
        assert np.isnan(found).all()
    assert np.isnan(cornish_fisher_value_at_risk(values, confidence=0.95))
    assert np.isnan(omega_ratio(values, periods_per_year=252))


@pytest.mark.parametrize("measure", BY_CONFIDENCE)
def test_a_confidence_in_per_cent_is_refused(measure):
    with pytest.raises(InvalidSpec, match="between 0 and 1"):
        measure([0.1, -0.1], confidence=95.0)
