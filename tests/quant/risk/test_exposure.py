import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidPrices
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


def test_time_in_market_and_turnover_by_hand():
    assert time_in_market([0.0, 0.5, 1.0, np.nan, 0.0]) == 0.5
    assert annualised_turnover([1.0, 0.5, 0.0, np.nan], periods_per_year=12) == 3.0
    assert annualised_turnover([1.0, 0.5, 0.0], periods_per_year=12, counted="two_way") == 6.0
    assert np.isnan(time_in_market([]))
    assert np.isnan(annualised_turnover([], periods_per_year=12))
