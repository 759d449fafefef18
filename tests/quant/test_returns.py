import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.errors import InvalidPrices, InvalidSpec
from quant.returns import (
    RETURN_ROUNDING,
    align,
    annualised_mean,
    annualised_volatility,
    cumulative_wealth,
    log_returns,
    per_period_rate,
    simple_returns,
)

DAYS = pd.date_range("2012-01-02 21:00", periods=40, tz="UTC", name="timestamp").as_unit("us")
RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=40)


def series(values):
    return pd.Series(values, index=DAYS[: len(values)], dtype="float64")


def test_simple_returns_by_hand():
    returns = simple_returns(series([100.0, 110.0, 99.0]))
    np.testing.assert_allclose(returns, [np.nan, 0.1, -0.1])
    assert returns.index.equals(DAYS[:3])


@given(
    growth=st.floats(-0.02, 0.02), initial=st.floats(1e-3, 1e12), leverage=st.floats(-4, 4), n_bars=st.integers(3, 2000)
)
def test_returns_that_do_not_differ_differ_by_no_more_than_the_rounding(growth, initial, leverage, n_bars):
    price = np.cumprod(np.full(n_bars, 1.0 + growth))
    returns = simple_returns(pd.Series(initial * price))
    assert returns.std() <= RETURN_ROUNDING / 20
    assert returns.max() - returns.min() <= RETURN_ROUNDING / 5
    # The same returns, held with borrowed money and read off the account, as the backtest does.
    quantity = leverage * initial / price[:-1]
    account = (initial - quantity * price[:-1]) + quantity * price[1:]
    levered = account / initial - 1.0
    assert np.ptp(levered) <= RETURN_ROUNDING


def test_real_returns_differ_by_far_more_than_the_rounding(prices):
    returns = simple_returns(prices["close"]).dropna()
    moves = returns[returns != 0.0].abs()
    assert moves.min() > 1e6 * RETURN_ROUNDING
    assert returns.rolling(20).std().min() > 1e9 * RETURN_ROUNDING


def test_nothing_is_filled_forward():
    returns = simple_returns(series([100.0, np.nan, 99.0, 100.0]))
    np.testing.assert_array_equal(returns.isna(), [True, True, True, False])
    np.testing.assert_array_equal(log_returns(series([100.0, np.nan, 99.0, 100.0])).isna(), returns.isna())


def test_log_returns_by_hand_and_of_impossible_prices():
    np.testing.assert_allclose(log_returns(series([1.0, np.e, 1.0])), [np.nan, 1.0, -1.0])
    with pytest.raises(InvalidPrices, match="found 2 that are not"):
        log_returns(series([1.0, 0.0, -1.0]))


@given(values=RETURNS)
def test_log_and_simple_returns_and_wealth_agree(values):
    wealth = cumulative_wealth(series([np.nan, *values][:40]))
    simple, log = simple_returns(wealth), log_returns(wealth)
    np.testing.assert_allclose(simple[1:], values[: len(wealth) - 1], atol=1e-12)
    np.testing.assert_allclose(log[1:], np.log1p(simple[1:]), atol=1e-12)


@given(prices=st.lists(st.floats(1, 1000), min_size=2, max_size=40), cut=st.integers(1, 40))
def test_returns_do_not_know_the_future(prices, cut):
    whole = series(prices)
    for function in (simple_returns, log_returns, lambda part: cumulative_wealth(simple_returns(part))):
        pd.testing.assert_series_equal(function(whole[:cut]), function(whole)[:cut], check_exact=True)


def test_wealth_begins_with_the_first_unit():
    returns = series([-0.10, -0.05, 0.02, 0.10])
    start = DAYS[0] - pd.Timedelta(days=1)
    wealth = cumulative_wealth(returns, start=start)
    np.testing.assert_allclose(wealth, [1.0, 0.9, 0.855, 0.8721, 0.95931])
    assert wealth.index[0] == start
    assert wealth.index[1:].equals(returns.index)
    assert wealth.index.name == "timestamp"
    assert wealth.index.dtype == returns.index.dtype
    assert (wealth / wealth.cummax() - 1).min() == pytest.approx(-0.145)  # -5 per cent without the first unit


def test_wealth_after_an_unknown_return_is_unknown():
    np.testing.assert_allclose(cumulative_wealth(series([np.nan, 0.1, np.nan, 0.1])), [1.0, 1.1, np.nan, np.nan])
    start = DAYS[0] - pd.Timedelta(days=1)
    np.testing.assert_allclose(cumulative_wealth(series([0.1, np.nan]), start=start), [1.0, 1.1, np.nan])


def test_where_the_first_unit_stands_must_be_clear():
    start = DAYS[0] - pd.Timedelta(days=1)
    with pytest.raises(InvalidSpec, match="neither"):
        cumulative_wealth(series([0.1]))
    with pytest.raises(InvalidSpec, match="both"):
        cumulative_wealth(series([np.nan, 0.1]), start=start)
    with pytest.raises(InvalidSpec, match="before the first return"):
        cumulative_wealth(series([0.1]), start=DAYS[0])
    with pytest.raises(InvalidSpec, match="neither"):
        cumulative_wealth(series([]))
    assert cumulative_wealth(series([]), start=start).tolist() == [1.0]


def test_wealth_leaves_its_input_alone():
    returns = series([np.nan, 0.1])
    cumulative_wealth(returns)
    assert np.isnan(returns.iloc[0])


def test_alignment_is_by_timestamp_and_drops_unknown_pairs():
    first = pd.Series([1.0, 2.0, np.nan, 4.0, 5.0], index=DAYS[[0, 1, 2, 3, 4]])
    second = pd.Series([50.0, 40.0, 30.0, np.nan], index=DAYS[[5, 4, 2, 1]])
    left, right = align(first, second)
    assert left.tolist() == [5.0]
    assert right.tolist() == [40.0]
    assert left.index.equals(right.index)
    assert left.index.equals(DAYS[[4]])


def test_alignment_is_symmetric_and_ascending():
    first, second = series(np.arange(10.0))[::-1], series(np.arange(40.0))[3::2]
    left, right = align(first, second)
    again_right, again_left = align(second, first)
    pd.testing.assert_series_equal(left, again_left)
    pd.testing.assert_series_equal(right, again_right)
    assert left.index.is_monotonic_increasing
    assert len(left) == 4


def test_nothing_in_common_is_nothing():
    left, right = align(series([1.0, 2.0]), pd.Series([1.0], index=DAYS[[30]]))
    assert left.empty
    assert right.empty


def test_a_timestamp_given_twice_cannot_be_aligned():
    twice = pd.Series([1.0, 2.0], index=DAYS[[0, 0]])
    with pytest.raises(InvalidPrices, match="found 1 twice"):
        align(series([1.0]), twice)


@pytest.mark.parametrize(("annual", "periods"), [(0.05, 252), (0.0, 252), (-0.5, 12), (1.0, 365)])
def test_the_rate_of_a_period_compounds_to_the_rate_of_a_year(annual, periods):
    assert (1 + per_period_rate(annual, periods)) ** periods - 1 == pytest.approx(annual, abs=1e-12)


def test_rates_by_hand():
    assert per_period_rate(0.21, 2) == pytest.approx(0.1)
    assert per_period_rate(0.05, 252) == pytest.approx(1.05 ** (1 / 252) - 1)
    assert per_period_rate(0.05, 252) < 0.05 / 252


@pytest.mark.parametrize("rate", [-1.0, -2.0, np.nan])
def test_one_cannot_lose_more_than_all_in_a_year(rate):
    with pytest.raises(InvalidSpec, match="above -1"):
        per_period_rate(rate, 252)


def test_annualisation_by_hand():
    returns = series([np.nan, 0.02, -0.01, 0.03, -0.02, 0.01, 0.0, 0.015, -0.005])
    assert annualised_mean(returns, 252) == pytest.approx(0.04 / 8 * 252)
    assert annualised_volatility(returns, 252) == pytest.approx(0.016690459207925605 * 252**0.5)
    assert annualised_volatility(returns, 365) / annualised_volatility(returns, 252) == pytest.approx(1.2035, abs=1e-4)
    sharpe = annualised_mean(returns, 1) / annualised_volatility(returns, 1)
    assert sharpe == pytest.approx(0.2996, abs=1e-4)


def test_volatility_is_that_of_a_known_library():
    returns = series(np.random.default_rng(1).normal(0.001, 0.02, 40))
    assert annualised_volatility(returns, 252) == pytest.approx(empyrical.annual_volatility(returns, "daily"))


def test_too_few_returns_have_no_mean_or_volatility():
    assert np.isnan(annualised_mean(series([np.nan]), 252))
    assert np.isnan(annualised_volatility(series([np.nan, 0.1]), 252))
    assert np.isnan(annualised_volatility(series([]), 252))


@pytest.mark.parametrize("periods", [0, -1, np.nan])
def test_a_year_has_periods(periods):
    for function in (annualised_mean, annualised_volatility):
        with pytest.raises(InvalidSpec, match="positive number of periods"):
            function(series([0.1, 0.2]), periods)
    with pytest.raises(InvalidSpec, match="positive number of periods"):
        per_period_rate(0.1, periods)
