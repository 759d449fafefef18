"""Known answers, laws, and empyrical and scipy as oracles on the packaged prices."""

import empyrical
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.risk.drawdown import max_drawdown
from quant.risk.performance import (
    annualised_volatility,
    calmar_ratio,
    compound_annual_growth_rate,
    daily_returns,
    headline,
    hit_rate,
    monthly_returns,
    profit_factor,
    raw_kurtosis,
    sharpe_ratio,
    skewness,
    sortino_ratio,
    total_return,
    yearly_returns,
)

A5 = np.array([0.02, -0.01, 0.03, -0.02, 0.01, 0.0, 0.015, -0.005])
SYMBOLS = ("GOOG", "IBM", "MSFT")

returns = st.lists(st.floats(-0.5, 0.5).map(lambda r: round(r, 6)), min_size=3, max_size=50).filter(
    lambda rs: np.std(rs) > 1e-3
)


# Known answers, with the wrong variants shown to differ.


def test_sharpe_ratio_of_a5():
    assert sharpe_ratio(A5, periods_per_year=1) == pytest.approx(0.2996, abs=5e-5)
    population = A5.mean() / A5.std(ddof=0)
    assert round(population, 4) != 0.2996


def test_sortino_ratio_of_a5():
    assert sortino_ratio(A5, periods_per_year=1) == pytest.approx(0.6172, abs=5e-5)
    negatives = A5[A5 < 0]
    assert A5.mean() / negatives.std(ddof=1) == pytest.approx(0.6547, abs=5e-5)
    assert A5.mean() / np.sqrt(np.mean(negatives**2)) == pytest.approx(0.3780, abs=5e-5)


def test_growth_rate_of_a11():
    equity = np.cumprod(np.concatenate([[1.0], np.full(26, 1.006)]))
    assert total_return(equity) == pytest.approx(0.168, abs=5e-4)
    assert compound_annual_growth_rate(equity, periods_per_year=52) == pytest.approx(0.365, abs=5e-4)
    by_calendar_days = equity[-1] ** (365 / 175) - 1
    by_number_of_values = equity[-1] ** (52 / 27) - 1
    assert by_calendar_days == pytest.approx(0.383, abs=5e-4)
    assert round(by_number_of_values, 3) != 0.365


def test_annualising_by_the_wrong_calendar_is_wrong_by_a11():
    wrong = annualised_volatility(A5, periods_per_year=365) / annualised_volatility(A5, periods_per_year=252)
    assert wrong == pytest.approx(1.2035, abs=5e-5)


def test_sharpe_is_not_growth_over_volatility():
    equity = np.cumprod(np.concatenate([[1.0], 1.0 + A5]))
    mixed = compound_annual_growth_rate(equity, periods_per_year=252) / annualised_volatility(A5, periods_per_year=252)
    assert sharpe_ratio(A5, periods_per_year=252) != pytest.approx(mixed, rel=0.05)


def test_risk_free_rate_is_compounded_to_the_bar():
    rate = 1.05 ** (1 / 252) - 1
    expected = (A5 - rate).mean() / A5.std(ddof=1) * np.sqrt(252)
    assert sharpe_ratio(A5, periods_per_year=252, risk_free_annual=0.05) == pytest.approx(expected, rel=1e-12)
    assert rate != pytest.approx(0.05 / 252, rel=0.01)


# Oracles.


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("rate", [0.0, 0.03])
def test_equals_empyrical(real_curves, real_returns, symbol, rate):
    curve, series = real_curves[symbol], real_returns[symbol]
    per_bar = (1 + rate) ** (1 / 252) - 1
    assert sharpe_ratio(series, periods_per_year=252, risk_free_annual=rate) == pytest.approx(
        empyrical.sharpe_ratio(series, risk_free=per_bar, annualization=252), rel=1e-12
    )
    assert sortino_ratio(series, periods_per_year=252, minimum_annual=rate) == pytest.approx(
        empyrical.sortino_ratio(series, required_return=per_bar, annualization=252), rel=1e-12
    )
    assert compound_annual_growth_rate(curve, periods_per_year=252) == pytest.approx(
        empyrical.cagr(series, annualization=252), rel=1e-11
    )
    assert annualised_volatility(series, periods_per_year=252) == pytest.approx(
        empyrical.annual_volatility(series, annualization=252), rel=1e-12
    )
    assert calmar_ratio(curve, periods_per_year=252) == pytest.approx(
        empyrical.calmar_ratio(series, annualization=252), rel=1e-11
    )


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_monthly_returns_equal_empyrical(real_curves, real_returns, symbol):
    ours = monthly_returns(real_curves[symbol])
    theirs = empyrical.aggregate_returns(real_returns[symbol], "monthly")
    assert list(zip(ours["year"], ours["month"], strict=True)) == theirs.index.tolist()
    np.testing.assert_allclose(ours["return"], theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_moments_equal_scipy(real_returns, symbol):
    values = real_returns[symbol].to_numpy()
    assert skewness(values) == pytest.approx(scipy.stats.skew(values), rel=1e-12)
    assert raw_kurtosis(values) == pytest.approx(scipy.stats.kurtosis(values, fisher=False), rel=1e-12)
    assert raw_kurtosis(values) == pytest.approx(scipy.stats.kurtosis(values) + 3, rel=1e-12)


# Laws.


@settings(deadline=None)
@given(values=returns, scale=st.floats(0.1, 5.0))
def test_ratios_do_not_change_with_leverage_and_volatility_does(values, scale):
    array = np.array(values)
    scaled = array * scale
    assert sharpe_ratio(scaled, periods_per_year=252) == pytest.approx(
        sharpe_ratio(array, periods_per_year=252), abs=1e-9
    )
    assert annualised_volatility(scaled, periods_per_year=252) == pytest.approx(
        scale * annualised_volatility(array, periods_per_year=252)
    )
    assert skewness(scaled) == pytest.approx(skewness(array), abs=1e-6)
    assert raw_kurtosis(scaled) == pytest.approx(raw_kurtosis(array), rel=1e-6)


@settings(deadline=None)
@given(values=returns, shift=st.floats(-0.1, 0.1))
def test_volatility_does_not_change_with_the_mean(values, shift):
    array = np.array(values)
    assert annualised_volatility(array + shift, periods_per_year=12) == pytest.approx(
        annualised_volatility(array, periods_per_year=12)
    )


@settings(deadline=None)
@given(values=returns, periods=st.sampled_from([12, 52, 252, 365]))
def test_annualising_is_a_factor(values, periods):
    per_bar = sharpe_ratio(values, periods_per_year=1)
    assert sharpe_ratio(values, periods_per_year=periods) == pytest.approx(per_bar * np.sqrt(periods), abs=1e-9)


@settings(deadline=None)
@given(values=returns)
def test_series_and_array_agree_and_unknown_returns_are_left_out(values):
    series = pd.Series([np.nan, *values])
    for function in (skewness, raw_kurtosis, hit_rate, profit_factor):
        np.testing.assert_equal(function(series), function(np.array(values)))
    for function in (sharpe_ratio, sortino_ratio, annualised_volatility):
        np.testing.assert_equal(
            function(series, periods_per_year=252), function(np.array(values), periods_per_year=252)
        )
    equity = np.cumprod(np.concatenate([[1.0], 1.0 + np.array(values)]))
    for function in (compound_annual_growth_rate, calmar_ratio):
        np.testing.assert_equal(function(pd.Series(equity), periods_per_year=12), function(equity, periods_per_year=12))
    assert total_return(pd.Series(equity)) == total_return(equity)


@settings(deadline=None)
@given(values=returns)
def test_months_and_years_compound_to_the_total_return(curve_of, values):
    curve = curve_of(values, start="2023-12-20 21:00")
    for frame in (monthly_returns(curve), yearly_returns(curve)):
        assert np.prod(1 + frame["return"]) - 1 == pytest.approx(total_return(curve), abs=1e-9)


# Edges.


def test_what_cannot_be_known_is_nan():
    assert np.isnan(total_return([1.0]))
    assert np.isnan(compound_annual_growth_rate([1.0], periods_per_year=252))
    assert np.isnan(annualised_volatility([0.1], periods_per_year=252))
    assert np.isnan(sharpe_ratio([], periods_per_year=252))
    assert np.isnan(sharpe_ratio([0.01] * 5, periods_per_year=252))
    assert np.isnan(sharpe_ratio([0.0] * 5, periods_per_year=252))
    assert np.isnan(sortino_ratio([0.01, 0.02], periods_per_year=252))
    assert np.isnan(calmar_ratio([1.0, 2.0], periods_per_year=252))
    assert np.isnan(hit_rate([]))
    assert np.isnan(profit_factor([1.0, 2.0]))
    assert np.isnan(skewness([0.1, 0.1, 0.1]))
    assert np.isnan(raw_kurtosis([]))


@pytest.mark.parametrize("growth", [0.0001, 0.00001, 0.003, -0.0001])
def test_a_curve_that_only_grows_has_no_ratios(growth):
    equity = 100.0 * (1.0 + growth) ** np.arange(1000)
    grown = equity[1:] / equity[:-1] - 1.0
    assert grown.std() > 0.0  # rounding, and nothing to divide by
    assert np.isnan(sharpe_ratio(grown, periods_per_year=252))
    assert np.isnan(sharpe_ratio(grown, periods_per_year=252, risk_free_annual=(1.0 + growth) ** 252 - 1.0))
    assert np.isnan(sortino_ratio(grown, periods_per_year=252, minimum_annual=(1.0 + growth) ** 252 - 1.0))
    assert np.isnan([skewness(grown), raw_kurtosis(grown)]).all()


def test_a_drawdown_that_is_rounding_is_none():
    assert np.isnan(calmar_ratio([1.0, 1.0 - 2e-16, 1.00001], periods_per_year=12))


def test_losses_that_are_rounding_are_none():
    assert np.isnan(profit_factor([1000.0, -1e-11]))
    assert profit_factor([1000.0, -1e-3]) == pytest.approx(1e6)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_ratios_of_real_curves_are_the_plain_ones(real_curves, real_returns, symbol):
    values, curve = real_returns[symbol].to_numpy(), real_curves[symbol].to_numpy()
    downside = np.sqrt(np.mean(np.minimum(values, 0.0) ** 2))
    depth = -np.min(curve / np.maximum.accumulate(curve) - 1.0)
    growth = compound_annual_growth_rate(curve, periods_per_year=252)
    assert sharpe_ratio(values, periods_per_year=1) == pytest.approx(values.mean() / values.std(ddof=1), rel=1e-12)
    assert sortino_ratio(values, periods_per_year=1) == pytest.approx(values.mean() / downside, rel=1e-12)
    assert calmar_ratio(curve, periods_per_year=252) == pytest.approx(growth / depth, rel=1e-12)
    # A thousandth of the moves, as of an account that is nearly all cash, is still no rounding.
    assert sharpe_ratio(values / 1000, periods_per_year=1) == pytest.approx(sharpe_ratio(values, periods_per_year=1))


def test_a_lost_account_has_lost_everything():
    assert compound_annual_growth_rate([1.0, -0.2], periods_per_year=252) == -1.0
    assert total_return([1.0, -0.2]) == -1.2


def test_hit_rate_and_profit_factor_by_hand():
    assert hit_rate([3.0, 0.0, -1.0, np.nan, 2.0]) == 0.5
    assert profit_factor([3.0, 0.0, -1.0, np.nan, 2.0, -1.5]) == 2.0


def test_a_bar_that_ends_at_midnight_belongs_to_the_day_before():
    index = pd.DatetimeIndex(["2024-01-30", "2024-02-01", "2024-02-02", "2025-01-01"], tz="UTC")
    curve = pd.Series([100.0, 110.0, 121.0, 60.5], index=index)
    months = monthly_returns(curve)
    assert months[["year", "month"]].to_numpy().tolist() == [[2024, 1], [2024, 2], [2024, 12]]
    np.testing.assert_allclose(months["return"], [0.1, 0.1, -0.5])
    assert yearly_returns(curve)["year"].tolist() == [2024]


def test_months_of_a_benchmark_stand_beside_and_are_unknown_where_it_has_none(curve_of):
    curve = curve_of([0.01] * 40)
    both = monthly_returns(curve, curve.iloc[:20] * 5.0)
    assert both.columns.tolist() == ["year", "month", "return", "benchmark_return"]
    np.testing.assert_allclose(both["return"], [1.01**30 - 1, 1.01**10 - 1])
    assert both["benchmark_return"].iloc[0] == pytest.approx(1.01**19 - 1)
    assert np.isnan(both["benchmark_return"].iloc[1])
    assert yearly_returns(curve, curve)["benchmark_return"].iloc[0] == pytest.approx(1.01**40 - 1)


def test_the_curve_of_one_value_has_no_months(curve_of):
    assert monthly_returns(curve_of([])).empty


def test_periods_equal_those_of_each_bar(real_curves):
    """The bounds of months are looked up among the bars; here every bar is asked for its own."""
    curve = real_curves["GOOG"].iloc[::17]
    ends = (curve.index - pd.Timedelta(1, "us")).tz_localize(None)
    for frame, unit in ((monthly_returns(curve), "M"), (yearly_returns(curve), "Y")):
        last = curve.iloc[1:].groupby(ends[1:].to_period(unit)).last()
        expected = last.to_numpy() / np.concatenate([[curve.iloc[0]], last.to_numpy()[:-1]]) - 1.0
        np.testing.assert_array_equal(frame["return"], expected)
        assert frame["year"].tolist() == last.index.year.tolist()


def test_days_of_shorter_bars_are_taken_together():
    index = pd.DatetimeIndex(
        ["2024-01-02 15:00", "2024-01-02 21:00", "2024-01-03 15:00", "2024-01-04 00:00", "2024-01-08 21:00"], tz="UTC"
    )
    curve = pd.Series([100.0, 110.0, 121.0, 99.0, 49.5], index=index)
    days = daily_returns(curve, curve)
    assert days["date"].dt.date.astype(str).tolist() == ["2024-01-02", "2024-01-03", "2024-01-08"]
    np.testing.assert_allclose(days["return"], [0.1, -0.1, -0.5])
    np.testing.assert_array_equal(days["benchmark_return"], days["return"])
    assert np.prod(1 + days["return"]) - 1 == pytest.approx(total_return(curve))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 9, 129, 512, 513, 514, 2_500, 10_007])
@pytest.mark.parametrize("risk_free_annual", [0.0, 0.03])
def test_the_headline_is_what_the_measures_are_one_by_one_to_the_last_bit(n, risk_free_annual):
    curve = 1e5 * np.cumprod(1 + np.random.default_rng(n).normal(3e-4, 0.01, n))
    rate = {"periods_per_year": 252, "risk_free_annual": risk_free_annual}
    alone = total_return(curve), sharpe_ratio(curve[1:] / curve[:-1] - 1.0, **rate), max_drawdown(curve)
    np.testing.assert_array_equal(headline(curve, **rate), alone)


@pytest.mark.parametrize("level", [np.nan, 0.0, -50.0])
def test_the_headline_leaves_out_returns_of_an_account_that_owes_money(level):
    curve = np.array([100.0, 110.0, 99.0, level, 90.0, 95.0])
    found = headline(curve, periods_per_year=252)

    earned = [0.1, -0.1, *([level / 99.0 - 1.0] if not np.isnan(level) else []), 95.0 / 90.0 - 1.0]
    assert found.sharpe_ratio == pytest.approx(sharpe_ratio(earned, periods_per_year=252), rel=1e-12)
    np.testing.assert_array_equal(found.max_drawdown, max_drawdown(curve))
    assert found.total_return == 95.0 / 100.0 - 1.0


def test_the_headline_of_a_curve_that_never_moves_has_no_ratio():
    found = headline(np.full(1_000, 7.0), periods_per_year=252)
    assert found.total_return == found.max_drawdown == 0.0
    assert np.isnan(found.sharpe_ratio)
