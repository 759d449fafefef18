import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import BacktestSpec, CostSpec, InterestSpec, LiquiditySpec
from quant.backtest.costs import (
    WORST_RATE,
    CostRates,
    borrow_fee,
    commission,
    fill_price,
    flat,
    interest,
    scaled,
    slippage,
    to_rates,
)

prices = st.floats(0.01, 1e5)
shares = st.floats(0.001, 1e6)


def test_basis_points_become_fractions():
    spec = CostSpec(
        commission_bps=10, commission_per_share=0.01, commission_minimum=2, slippage_bps=5, borrow_annual=0.3
    )
    assert to_rates(BacktestSpec(costs=spec)) == pytest.approx(CostRates(0.001, 0.01, 2.0, 0.0005, 0.3))


def test_half_the_spread_is_slippage_that_does_not_depend_on_size():
    spec = BacktestSpec(costs=CostSpec(slippage_bps=5), liquidity=LiquiditySpec(half_spread_bps=3))
    assert to_rates(spec).slippage_rate == pytest.approx(0.0008)
    assert slippage(1e9, 0.0, to_rates(spec)) == pytest.approx(0.0008)


@pytest.mark.parametrize(("shape", "grown"), [("square_root", 2.0), ("linear", 4.0)])
def test_impact_grows_with_the_share_of_volume_or_its_root(shape, grown):
    liquidity = LiquiditySpec(impact_bps=100, impact_shape=shape)
    rates = to_rates(BacktestSpec(costs=CostSpec(slippage_bps=0), liquidity=liquidity))
    assert slippage(1000.0, 1000.0, rates) == pytest.approx(0.01)
    assert slippage(400.0, 1000.0, rates) / slippage(-100.0, 1000.0, rates) == pytest.approx(grown)
    assert slippage(0.0, 1000.0, rates) == 0.0
    assert slippage(1e12, 1.0, rates) == WORST_RATE


def test_interest_is_by_calendar_day_on_what_is_not_owed_and_on_debt():
    rates = to_rates(BacktestSpec(interest=InterestSpec(cash_annual=0.0365, debt_annual=0.073)))
    assert interest(10_000.0, 0.0, 3.0, rates) == pytest.approx(3.0)
    assert interest(10_000.0, 4_000.0, 1.0, rates) == pytest.approx(0.6)
    assert interest(10_000.0, 12_000.0, 1.0, rates) == 0.0
    assert interest(-10_000.0, 12_000.0, 1.0, rates) == pytest.approx(-2.0)


def test_a_multiple_of_costs_leaves_income_and_the_share_of_volume():
    spec = BacktestSpec(
        costs=CostSpec(
            commission_bps=1, commission_per_share=2, commission_minimum=3, slippage_bps=4, borrow_annual=0.1
        ),
        liquidity=LiquiditySpec(half_spread_bps=5, impact_bps=6, max_volume_share=0.1),
        interest=InterestSpec(cash_annual=0.02, debt_annual=0.03),
    )
    assert scaled(spec, 1.0) == spec
    twice = scaled(spec, 2.0)
    assert list(twice.costs.model_dump().values()) == [2, 4, 6, 8, 0.2]
    assert (twice.liquidity.half_spread_bps, twice.liquidity.impact_bps) == (10, 12)
    assert twice.liquidity.max_volume_share == 0.1
    assert (twice.interest.cash_annual, twice.interest.debt_annual) == (0.02, 0.06)
    even = flat(spec, 7.0)
    assert slippage(1.0, 1.0, to_rates(even)) == 0.0
    assert (even.costs.commission_bps, even.interest) == (7.0, spec.interest)


@settings(deadline=None)
@given(reference=prices, n=shares, rate=st.floats(0, 0.1))
def test_slippage_is_against_you_on_both_sides(reference, n, rate):
    bought, sold = fill_price(reference, n, rate), fill_price(reference, -n, rate)
    assert sold <= reference <= bought
    assert bought - reference == pytest.approx(reference - sold, abs=1e-9 * reference)


@settings(deadline=None)
@given(price=prices, n=shares, rate=st.floats(0, 0.1), each=st.floats(0, 1), least=st.floats(0, 100))
def test_commission_is_by_value_and_by_share_and_never_below_the_minimum(price, n, rate, each, least):
    rates = CostRates(rate, each, least, 0.0, 0.0)
    assert commission(n, price, rates) == pytest.approx(max(n * price * rate + n * each, least))
    assert commission(-n, price, rates) == commission(n, price, rates)


def test_nothing_traded_costs_nothing():
    assert commission(0.0, 100.0, CostRates(0.1, 0.1, 5.0, 0.0, 0.0)) == 0.0


def test_borrow_fee_counts_calendar_days_of_a_year_of_365():
    assert borrow_fee(10_000.0, 365.0, 0.02) == pytest.approx(200.0)
    assert borrow_fee(10_000.0, 3.0, 0.0365) == pytest.approx(3.0)
    assert borrow_fee(10_000.0, 0.0, 0.02) == 0.0
