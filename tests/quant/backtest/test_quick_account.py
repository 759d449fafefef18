"""The quick account gives the measures of the account that it abbreviates."""

import numpy as np
import pandas as pd
import pytest

from quant.backtest.alignment import align
from quant.backtest.catalog import BacktestSpec
from quant.backtest.costs import to_rates
from quant.backtest.engine import run_backtest
from quant.backtest.quick_account import MEASURES, QuickRules, quick_account, to_market
from quant.backtest.trades import trades_from_fills
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.frames import to_panel

SPECS = {
    "usual": {},
    "fractional": {"whole_shares": False},
    "a part": {"sizing": {"name": "fixed_fraction", "fraction": 0.4}, "rebalance_threshold": 0.01},
    "levered": {"sizing": {"name": "fixed_fraction", "fraction": 2.5}, "whole_shares": False},
    "dear": {
        "costs": {"commission_bps": 50, "commission_per_share": 0.05, "commission_minimum": 20, "slippage_bps": 30}
    },
    "poor": {"initial_cash": 3000.0, "costs": {"commission_minimum": 15.0, "borrow_annual": 0.5}},
    "wide spread": {"liquidity": {"half_spread_bps": 20}},
    "free and always": {
        "rebalance_threshold": 0.0,
        "costs": {"commission_bps": 0, "slippage_bps": 0, "borrow_annual": 0},
    },
}


@pytest.fixture(scope="module")
def prices():
    return to_prices(create_provider("sample").fetch(PriceQuery("MSFT", "1d"))).iloc[:1500]


def both(prices, sides, spec, risk_free=0.0001):
    """Return what both accounts measure."""
    fraction = spec.sizing.fraction
    weights = to_panel({0: pd.DataFrame({"target_weight": sides * fraction}, index=prices.index)})
    outcome = run_backtest({0: prices}, weights, spec)
    equity = outcome.equity
    excess = (equity["return"] - risk_free).dropna()
    exposure = equity["exposure"].iloc[1:].dropna()
    curve = np.maximum.accumulate(equity["equity"])
    expected = [
        excess.mean() / excess.std() if excess.std() > 1e-14 else np.nan,
        equity["equity"].iloc[-1] / spec.initial_cash - 1.0,
        (equity["equity"] / curve - 1.0).min(),
        len(trades_from_fills(outcome)),
        equity["turnover"].sum(),
        (exposure > 0.0).mean(),
    ]
    rules = QuickRules(
        spec.initial_cash, spec.whole_shares, spec.rebalance_threshold, to_rates(spec), risk_free=risk_free
    )
    found = np.empty(len(MEASURES))
    market = to_market(align({0: prices}))
    quick_account(sides.astype(np.int8), np.full(len(sides), float(fraction)), market, rules, found)
    return found, np.array(expected)


@pytest.mark.parametrize("asked", SPECS.values(), ids=SPECS.keys())
@pytest.mark.parametrize("seed", range(6))
def test_every_measure_is_that_of_the_whole_account(prices, asked, seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 40, size=len(prices))
    sides = np.repeat(rng.integers(-1 if seed % 2 else 0, 2, size=len(prices)), lengths)[: len(prices)]
    found, expected = both(prices, sides, BacktestSpec.model_validate(asked))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("side", [-1, 1])
def test_an_account_that_is_ruined_ends(prices, side):
    spec = BacktestSpec.model_validate(
        {"sizing": {"name": "fixed_fraction", "fraction": 4.0}, "rebalance_threshold": 1.0}
    )
    trend = np.linspace(1, 12, len(prices)) ** (-side)
    moved = prices.assign(**{name: prices[name] * trend for name in ("open", "high", "low", "close")})
    found, expected = both(moved, np.full(len(prices), side), spec)
    assert expected[1] < -0.9
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_nothing_held_is_nothing_measured(prices):
    found, expected = both(prices, np.zeros(len(prices), dtype=np.int64), BacktestSpec())
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found[0])
    np.testing.assert_array_equal(found[1:], 0.0)
