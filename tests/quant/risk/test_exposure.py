import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidPrices
from quant.returns import RETURN_ROUNDING, simple_returns
from quant.risk.exposure import annualised_turnover, relate, rolling_measures, time_in_market
from quant.risk.performance import annualised_volatility, sharpe_ratio

pairs = st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=5, max_size=60).filter(
    lambda rows: min(np.std([row[0] for row in rows]), np.std([row[1] for row in rows])) > 1e-3
)


def series(values, start="2024-01-01"):
    return pd.Series(list(values), index=pd.date_range(start, periods=len(values), tz="UTC", unit="us"))


def test_beta_equals_empyrical_on_timestamps_that_differ(real_returns):
    google, ibm = real_returns["GOOG"], real_returns["IBM"]
    relation = relate(google, ibm, periods_per_year=252, risk_free_annual=0.03)
    common = google.index.intersection(ibm.index)
    assert relation.n_observations == len(common) < len(ibm)
    assert relation.beta == pytest.approx(empyrical.beta(google.loc[common], ibm.loc[common]), rel=1e-12)
    assert relation.correlation == pytest.approx(np.corrcoef(google.loc[common], ibm.loc[common])[0, 1], rel=1e-12)
    difference = google.loc[common] - ibm.loc[common]
    assert relation.tracking_error == pytest.approx(difference.std() * np.sqrt(252), rel=1e-12)
    assert relation.information_ratio == pytest.approx(
        empyrical.excess_sharpe(google.loc[common], ibm.loc[common]) * np.sqrt(252), rel=1e-12
    )


def test_aligning_by_position_would_give_another_beta(real_returns):
    google, ibm = real_returns["GOOG"], real_returns["IBM"]
    by_position = np.polyfit(ibm.to_numpy()[: len(google)], google, 1)[0]
    assert abs(relate(google, ibm, periods_per_year=252).beta - by_position) > 0.3


def test_alpha_is_arithmetic_and_above_the_risk_free_rate():
    market = series([0.01, -0.02, 0.03, 0.0])
    rate = 1.05 ** (1 / 252) - 1
    relation = relate(0.001 + 0.5 * market, market, periods_per_year=252, risk_free_annual=0.05)
    assert relation.beta == pytest.approx(0.5)
    assert relation.alpha == pytest.approx((0.001 - 0.5 * rate) * 252)


def test_captures_by_hand():
    relation = relate(series([0.02, -0.01, 0.03, 0.5]), series([0.01, -0.02, 0.03, 0.0]), periods_per_year=252)
    assert relation.up_capture == pytest.approx(0.025 / 0.02)
    assert relation.down_capture == pytest.approx(0.5)


def test_a_holiday_of_one_side_is_left_out_and_not_zero():
    own, other = series([0.01, 0.02, -0.01, 0.03]), series([0.01, 0.02, -0.01, 0.03])
    other.iloc[1] = np.nan
    relation = relate(own, other.drop(other.index[2]), periods_per_year=252)
    assert relation.n_observations == 2
    assert relation.beta == pytest.approx(1.0)


@settings(deadline=None)
@given(rows=pairs, slope=st.floats(-3, 3), shift=st.floats(-0.05, 0.05))
def test_beta_of_a_line_is_its_slope(rows, slope, shift):
    market = series([row[1] for row in rows])
    relation = relate(slope * market + shift, market, periods_per_year=12)
    assert relation.beta == pytest.approx(slope, abs=1e-9)
    assert relation.alpha == pytest.approx(12 * shift, abs=1e-9)


@settings(deadline=None)
@given(rows=pairs, scale=st.floats(0.1, 5))
def test_scale_laws(rows, scale):
    own, market = series([row[0] for row in rows]), series([row[1] for row in rows])
    before, after = (relate(k * own, market, periods_per_year=252) for k in (1.0, scale))
    assert after.beta == pytest.approx(scale * before.beta, abs=1e-9)
    assert after.correlation == pytest.approx(before.correlation, abs=1e-9)
    assert after.alpha == pytest.approx(scale * before.alpha, abs=1e-7)


def test_what_cannot_be_compared_is_nan():
    lonely = relate(series([0.1, 0.2]), series([0.1], start="2024-01-02"), periods_per_year=252)
    assert lonely.n_observations == 1
    assert np.isnan(lonely.beta)
    flat = relate(series([0.1, 0.2, -0.1]), series([0.0, 0.0, 0.0]), periods_per_year=252)
    assert np.isnan(flat.beta)
    assert np.isnan(flat.correlation)
    assert np.isnan(flat.up_capture)
    assert np.isnan(flat.down_capture)


def test_two_curves_that_differ_in_scale_only_have_no_information_ratio(real_curves):
    own, same = (simple_returns(curve) for curve in (real_curves["GOOG"], 3.7 * real_curves["GOOG"]))
    relation = relate(own, same, periods_per_year=252)
    assert 0.0 < relation.tracking_error < 1e-13  # rounding, and nothing to divide by
    assert np.isnan(relation.information_ratio)
    assert relation.beta == pytest.approx(1.0)


@pytest.mark.parametrize("growth", [0.0001, 0.0, -0.003, 0.05])
def test_nothing_moves_with_a_benchmark_that_only_grows(real_returns, growth):
    own = real_returns["GOOG"]
    steady = simple_returns(pd.Series(100.0 * (1.0 + growth) ** np.arange(len(own)), index=own.index))
    for benchmark in (steady, pd.Series(growth, index=own.index)):
        relation = relate(own, benchmark, periods_per_year=252)
        assert np.isnan([relation.beta, relation.alpha, relation.correlation]).all()
        assert np.isfinite(relation.information_ratio)
    reverse = relate(steady, own, periods_per_year=252)
    assert reverse.beta == pytest.approx(0.0, abs=1e-14)
    assert np.isnan(reverse.correlation)


def test_nothing_is_captured_of_moves_that_are_rounding():
    own, jitter = series([0.1, -0.1, 0.2, -0.2]), series([2e-16, -2e-16, 4e-16, -1e-16])
    relation = relate(own, jitter, periods_per_year=252)
    assert np.isnan([relation.up_capture, relation.down_capture]).all()


@pytest.mark.parametrize("name", ["GOOG", "IBM", "MSFT"])
def test_measures_of_real_curves_are_the_plain_ratios(real_returns, name):
    own, other = real_returns[name].align(real_returns["IBM" if name != "IBM" else "MSFT"], join="inner")
    relation = relate(own, other, periods_per_year=252)
    difference = own - other
    assert relation.beta == pytest.approx(own.cov(other) / other.var(), rel=1e-12)
    assert relation.correlation == pytest.approx(own.corr(other), rel=1e-12)
    assert relation.information_ratio == pytest.approx(difference.mean() / difference.std() * np.sqrt(252), rel=1e-12)
    assert relation.up_capture == pytest.approx(own[other > 0].mean() / other[other > 0].mean(), rel=1e-12)
    assert relation.down_capture == pytest.approx(own[other < 0].mean() / other[other < 0].mean(), rel=1e-12)
    frame = rolling_measures(own, other, window=40, periods_per_year=252).iloc[39:]
    rolling = own.rolling(40)
    pd.testing.assert_series_equal(
        frame["sharpe_ratio"], (rolling.mean() / rolling.std() * np.sqrt(252)).iloc[39:], check_names=False
    )
    pd.testing.assert_series_equal(
        frame["beta"], (rolling.cov(other) / other.rolling(40).var()).iloc[39:], check_names=False
    )


def test_a_timestamp_that_comes_twice_is_refused():
    twice = pd.concat([series([0.1, 0.2]), series([0.3])])
    with pytest.raises(InvalidPrices, match="twice"):
        relate(twice, twice, periods_per_year=252)


def test_rolling_measures_equal_the_measures_of_each_window(real_returns):
    own, market = real_returns["GOOG"].iloc[:300].copy(), real_returns["IBM"]
    own.iloc[0] = np.nan
    frame = rolling_measures(own, market, window=60, periods_per_year=252, risk_free_annual=0.02)
    assert frame.columns.tolist() == ["annualised_volatility", "sharpe_ratio", "beta"]
    assert frame.index.equals(own.index)
    assert frame.iloc[:60].isna().all().all()
    assert frame.iloc[60:].notna().all().all()
    for t in (60, 150, 299):
        window = own.iloc[t - 59 : t + 1]
        assert frame["annualised_volatility"].iloc[t] == pytest.approx(
            annualised_volatility(window, periods_per_year=252), rel=1e-9
        )
        assert frame["sharpe_ratio"].iloc[t] == pytest.approx(
            sharpe_ratio(window, periods_per_year=252, risk_free_annual=0.02), rel=1e-8
        )
        assert frame["beta"].iloc[t] == pytest.approx(relate(window, market, periods_per_year=252).beta, rel=1e-8)


def test_rolling_measures_up_to_t_are_the_same_bits_whatever_comes_later(real_returns):
    own, market = real_returns["GOOG"].iloc[:300], real_returns["IBM"]
    whole = rolling_measures(own, market, window=40, periods_per_year=252)
    part = rolling_measures(own.iloc[:200], market[market.index <= own.index[199]], window=40, periods_per_year=252)
    pd.testing.assert_frame_equal(whole.iloc[:200], part, check_exact=True)


def test_rolling_measures_of_cash_are_unknown_where_they_would_divide_by_zero():
    frame = rolling_measures(series([0.0] * 10), series([0.0] * 10), window=5, periods_per_year=252)
    assert frame["annualised_volatility"].iloc[-1] == 0.0
    assert frame[["sharpe_ratio", "beta"]].isna().all().all()
    assert "beta" not in rolling_measures(series([0.0] * 10), window=5, periods_per_year=252)


def test_rolling_ratios_of_steady_growth_are_unknown_even_after_a_wild_stretch(real_returns):
    steady = simple_returns(pd.Series(100.0 * 1.0001 ** np.arange(101))).iloc[1:]
    left_over = []
    for start in range(0, 2000, 100):
        calmed = series([*real_returns["GOOG"].iloc[start : start + 100], *steady])
        left_over.append(calmed.rolling(20).std().iloc[119:].max())
        ratios = rolling_measures(calmed, calmed, window=20, periods_per_year=252)[["sharpe_ratio", "beta"]]
        assert ratios.iloc[19:119].notna().all().all()
        assert ratios.iloc[119:].isna().all().all()
    assert max(left_over) > 100 * RETURN_ROUNDING  # what pandas still carries of the wild stretch


def test_time_in_market_and_turnover_by_hand():
    assert time_in_market([0.0, 0.5, 1.0, np.nan, 0.0]) == 0.5
    assert annualised_turnover([1.0, 0.5, 0.0, np.nan], periods_per_year=12) == 3.0
    assert annualised_turnover([1.0, 0.5, 0.0], periods_per_year=12, counted="two_way") == 6.0
    assert np.isnan(time_in_market([]))
    assert np.isnan(annualised_turnover([], periods_per_year=12))
