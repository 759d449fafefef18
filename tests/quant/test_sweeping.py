"""A sweep has the numbers of the ordinary engine, whatever its chunks and threads."""

import numpy as np
import pandas as pd
import pytest

from quant import sweeping
from quant.backtest.catalog import BacktestSpec, CostSpec, ExitSpec, InterestSpec, LiquiditySpec
from quant.backtest.engine import run_backtest
from quant.backtest.sizing import target_weights
from quant.backtest.trades import trades_from_fills
from quant.data.adjustment import forward_adjusted
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.errors import NotEnoughData
from quant.rules import rule_signals
from quant.strategies.catalog import RULES, Crossover, PairSpread
from quant.strategies.combinations import combine
from quant.strategies.sweep_catalog import Range
from quant.sweeping import sweep_rule, why_not_quick
from tests.quant.strategies.test_combinations import AXES

SINGLE = [rule for rule in RULES if rule is not PairSpread]
ACCOUNTS = {
    "usual": {},
    "sized by volatility": {
        "sizing": {"name": "volatility_target", "annualised_volatility": 0.3, "window": 20, "max_fraction": 2.0},
        "whole_shares": False,
    },
    "dear and poor": {
        "initial_cash": 5_000,
        "costs": {"commission_minimum": 5, "commission_per_share": 0.01, "slippage_bps": 30, "borrow_annual": 0.2},
        "rebalance_threshold": 0.0,
    },
}


@pytest.fixture(scope="module")
def prices():
    """Raw and forward-adjusted prices of an instrument that split and paid dividends."""
    raw = to_prices(create_provider("sample").fetch(PriceQuery("MSFT", "1d"))).iloc[:900]
    return raw, forward_adjusted(raw)


def by_the_engine(combinations, number, raw, adjusted, spec):
    signals = rule_signals(combinations.entry(number), {0: adjusted})
    outcome = run_backtest({0: raw}, target_weights(signals, {0: adjusted}, spec.sizing, periods_per_year=252), spec)
    equity = outcome.equity
    excess = equity["return"].iloc[1:] - 0.0001
    known = excess.dropna()
    return [
        known.mean() / known.std() if known.std() > 1e-14 else np.nan,
        equity["equity"].iloc[-1] / spec.initial_cash - 1.0,
        (equity["equity"] / equity["equity"].cummax() - 1.0).min(),
        len(trades_from_fills(outcome)),
        equity["turnover"].sum(),
        (equity["exposure"].iloc[1:].dropna() > 0.0).mean(),
    ]


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS.keys())
@pytest.mark.parametrize("direction", ["long_flat", "long_short"])
@pytest.mark.parametrize("rule", SINGLE, ids=lambda rule: rule.__name__)
def test_every_rule_has_the_engines_numbers(prices, rule, direction, account):
    raw, adjusted = prices
    spec = BacktestSpec.model_validate(account)
    combinations = combine(rule(direction=direction), AXES[rule().name])
    found = sweep_rule(combinations, raw, adjusted, spec, periods_per_year=252, risk_free=0.0001)
    assert len(found) == len(combinations)
    assert found["n_trades"].sum() > 0
    for number in range(0, len(combinations), 4):
        expected = by_the_engine(combinations, number, raw, adjusted, spec)
        np.testing.assert_allclose(found.iloc[number], expected, rtol=1e-9, atol=1e-12)


def test_parts_threads_and_blocks_change_no_bit(prices, monkeypatch):
    raw, adjusted = prices
    combinations = combine(Crossover(), AXES["crossover_rule"])
    at_once = sweep_rule(combinations, raw, adjusted, BacktestSpec(), periods_per_year=252)
    parts = [
        sweep_rule(combinations, raw, adjusted, BacktestSpec(), periods_per_year=252, part=part, n_threads=3)
        for part in (slice(0, 2), slice(2, 3), slice(3, None))
    ]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), at_once, check_exact=True)
    monkeypatch.setattr(sweeping, "_MOST_LINE_BYTES", 4 * 8 * len(adjusted))
    again = sweep_rule(combinations, raw, adjusted, BacktestSpec(), periods_per_year=252)
    pd.testing.assert_frame_equal(again, at_once, check_exact=True)


def test_too_few_bars_are_refused(prices):
    raw, adjusted = (each.iloc[:31] for each in prices)
    with pytest.raises(NotEnoughData, match="found 1"):
        sweep_rule(
            combine(Crossover(), (Range(parameter="slow", first=21, last=31, step=10),)),
            raw, adjusted, BacktestSpec(), periods_per_year=252,
        )  # fmt: skip


def test_what_the_quick_account_does_not_know_is_named():
    combinations = combine(Crossover(), (Range(parameter="fast", first=5, last=10, step=5),))
    pairs = combine(PairSpread(), (Range(parameter="window", first=20, last=30, step=10),))
    assert why_not_quick(combinations, BacktestSpec(costs=CostSpec(commission_bps=1.0)), 1) is None
    assert why_not_quick(combinations, BacktestSpec(liquidity=LiquiditySpec(half_spread_bps=2.0)), 1) is None
    assert why_not_quick(combinations, BacktestSpec(touched_limits="missed", delisting={"after_bars": 9}), 1) is None
    others = BacktestSpec(
        exits=ExitSpec(stop_loss=0.1), liquidity=LiquiditySpec(impact_bps=9.0), interest=InterestSpec(cash_annual=0.02)
    )
    assert why_not_quick(combinations, others, 1) == "the account has liquidity, interest, exits"
    assert "instruments" in (why_not_quick(combinations, BacktestSpec(), 2) or "")
    assert "two instruments" in (why_not_quick(pairs, BacktestSpec(), 2) or "")
