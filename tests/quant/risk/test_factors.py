import numpy as np
import pandas as pd
import pytest
import scipy.stats

from quant.errors import InvalidSpec, NotEnoughData
from quant.risk.factors import correlation_matrix, factor_betas


def test_correlations_equal_pandas_on_real_returns(real_returns):
    frame = pd.DataFrame(real_returns)
    frame.iloc[5:9, 0] = np.nan
    pd.testing.assert_frame_equal(correlation_matrix(frame), frame.corr(), rtol=1e-12)


def test_correlations_that_cannot_be_known(real_returns):
    frame = pd.DataFrame(real_returns).iloc[-50:]
    frame["flat"], frame["unknown"] = 0.001 * 3, np.nan
    found = correlation_matrix(frame)
    assert found[["flat", "unknown"]].isna().all(axis=None)
    assert found.iloc[:3, :3].notna().all(axis=None)
    assert correlation_matrix(frame.iloc[:1]).isna().all(axis=None)


@pytest.mark.parametrize("symbol", ["GOOG", "MSFT"])
def test_one_factor_equals_scipy(real_returns, symbol):
    own, market = real_returns[symbol], real_returns["IBM"]
    found = factor_betas(own, market.to_frame("market"))
    both = pd.concat([own, market], axis=1, join="inner").to_numpy()
    expected = scipy.stats.linregress(both[:, 1], both[:, 0])
    table = found.coefficients
    assert table.loc["market", "coefficient"] == pytest.approx(expected.slope, rel=1e-9)
    assert table.loc["alpha", "coefficient"] == pytest.approx(expected.intercept, rel=1e-9)
    assert table.loc["market", "standard_error"] == pytest.approx(expected.stderr, rel=1e-9)
    assert table.loc["alpha", "standard_error"] == pytest.approx(expected.intercept_stderr, rel=1e-9)
    assert found.r_squared == pytest.approx(expected.rvalue**2, rel=1e-9)
    assert found.n_observations == len(both)


def test_errors_of_white_and_of_newey_and_west_by_hand():
    rng = np.random.default_rng(3)
    n = 80
    index = pd.date_range("2024-01-01", periods=n, tz="UTC")
    factors = pd.DataFrame(rng.normal(0, 0.01, (n, 2)), index=index, columns=["market", "size"])
    own = pd.Series(0.001 + factors.to_numpy() @ [1.0, -0.5] + rng.normal(0, 0.01, n), index=index)
    design = np.column_stack([np.ones(n), factors])
    inverse = np.linalg.inv(design.T @ design)
    residuals = own.to_numpy() - design @ (inverse @ design.T @ own.to_numpy())
    for lags in (0, 3):
        middle = np.zeros((3, 3))
        for i in range(n):
            for j in range(n):
                weight = max(0.0, 1 - abs(i - j) / (lags + 1))
                middle += weight * residuals[i] * residuals[j] * np.outer(design[i], design[j])
        expected = np.sqrt(np.diag(inverse @ middle @ inverse))
        found = factor_betas(own, factors, n_lags=lags).coefficients
        np.testing.assert_allclose(found["robust_error"], expected, rtol=1e-9)
        np.testing.assert_allclose(found["t_value"], found["coefficient"] / expected, rtol=1e-9)


def test_scaling_a_factor_scales_its_beta_and_nothing_else(real_returns):
    own, factors = real_returns["GOOG"], pd.DataFrame(real_returns)[["IBM", "MSFT"]]
    before = factor_betas(own, factors).coefficients
    after = factor_betas(own, factors.assign(IBM=factors["IBM"] * 100)).coefficients
    assert after.loc["IBM", "coefficient"] == pytest.approx(before.loc["IBM", "coefficient"] / 100, rel=1e-6)
    np.testing.assert_allclose(after["t_value"], before["t_value"], rtol=1e-6)


def test_what_no_regression_can_tell_is_refused(real_returns):
    own, market = real_returns["GOOG"], real_returns["IBM"]
    twice = pd.DataFrame({"one": market, "two": 2 * market})
    for factors in (twice, market.to_frame("m") * 0.0, market.iloc[:2].to_frame("m")):
        with pytest.raises(NotEnoughData, match="leave a factor out"):
            factor_betas(own, factors)
    for factors, lags in ((market.to_frame("alpha"), None), (twice[[]], None), (market.to_frame("m"), -1)):
        with pytest.raises(InvalidSpec, match="at least one factor"):
            factor_betas(own, factors, n_lags=lags)


def test_a_curve_that_never_moves_has_no_share_that_is_explained(real_returns):
    market = real_returns["IBM"]
    found = factor_betas(market * 0.0, market.to_frame("market"))
    assert np.isnan(found.r_squared)
    assert found.coefficients["t_value"].isna().all()
