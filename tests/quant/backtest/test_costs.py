import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import CostSpec
from quant.backtest.costs import CostRates, borrow_fee, commission, fill_price, to_rates

prices = st.floats(0.01, 1e5)
shares = st.floats(0.001, 1e6)


def test_basis_points_become_fractions():
    spec = CostSpec(
        commission_bps=10, commission_per_share=0.01, commission_minimum=2, slippage_bps=5, borrow_annual=0.3
    )
    assert to_rates(spec) == pytest.approx(CostRates(0.001, 0.01, 2.0, 0.0005, 0.3))


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
