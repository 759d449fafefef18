"""Other costs and other prices: known answers, bounds, and what is said about them."""

import numpy as np
import pandas as pd
import pytest

from quant.backtest.catalog import BacktestSpec, CostSpec
from quant.backtest.engine import run_backtest
from quant.brackets import MOST_BPS, bracket

FREE = CostSpec(commission_bps=0, slippage_bps=0, borrow_annual=0)


def bracketed(opens, weights, *, highs=None, lows=None, volumes=1e6, **asked):
    """Bracket of one instrument whose bars are flat at their opens, but for highs and lows that are given."""
    index = pd.date_range("2024-01-01 21:00", periods=len(opens), tz="UTC", unit="us", name="timestamp")
    market = dict.fromkeys(("open", "high", "low", "close"), opens)
    market |= {"high": highs or opens, "low": lows or opens}
    prices = pd.DataFrame({**market, "volume": volumes, "split_factor": 1.0, "dividend": 0.0}, index=index)
    rows = {"timestamp": index[: len(weights)], "instrument": 0, "target_weight": weights}
    decisions = pd.DataFrame(rows).set_index(["timestamp", "instrument"])
    spec = BacktestSpec(**{"initial_cash": 1000.0, "whole_shares": False, "rebalance_threshold": 1.0, **asked})
    outcome = run_backtest({0: prices}, decisions, spec)
    found = bracket(outcome, decisions, spec, periods_per_year=252.0, risk_free_annual=0.0)
    return found, {each["name"]: each for each in found["scenarios"]}


def test_one_round_trip_breaks_even_at_the_known_rate():
    # Bought at 100 and sold at 110, all of it: nothing is left where 110 (1 - c) = 100 (1 + c), at c = 1 / 21.
    found, _ = bracketed([100.0, 100.0, 110.0, 110.0], [1.0, 0.0], costs=FREE)
    assert found["break_even_bps"] == pytest.approx(1e4 / 21, abs=0.01)
    assert found["paid_bps"] == 0.0


def test_costs_are_scaled_as_a_whole():
    costs = CostSpec(commission_bps=10, commission_minimum=0.0, slippage_bps=0, borrow_annual=0)
    _, scenarios = bracketed([100.0, 100.0, 110.0, 110.0], [0.5, 0.0], costs=costs)
    for multiple in (0, 1, 2, 5):
        paid = multiple * 0.001 * (500 + 550)
        assert scenarios[f"costs_{multiple}x"]["final_equity"] == pytest.approx(1050.0 - paid)
        assert scenarios[f"costs_{multiple}x"]["total_return"] == pytest.approx(0.05 - paid / 1000)
    assert {each["n_trades"] for each in scenarios.values()} == {1}


def test_what_is_paid_counts_commission_and_slippage():
    costs = CostSpec(commission_bps=10, slippage_bps=20, borrow_annual=0)
    found, _ = bracketed([100.0, 100.0, 100.0, 100.0], [0.5, 0.0], costs=costs)
    assert found["paid_bps"] == pytest.approx(30.0, abs=0.03)
    assert found["break_even_bps"] is None
    assert "costs are not what it fails by" in found["costs_in_words"]


def test_a_gain_that_no_cost_eats_up_is_said_to_be_one():
    found, _ = bracketed([100.0, 100.0, 200.0, 200.0], [1.0, 0.0], costs=FREE)
    assert found["break_even_bps"] is None
    assert f"even {MOST_BPS:,.0f} a trade would have left a gain" in found["costs_in_words"]


def test_without_a_trade_there_is_nothing_to_say_about_costs():
    found, scenarios = bracketed([100.0] * 4, [0.0])
    assert (found["paid_bps"], found["break_even_bps"]) == (None, None)
    assert {each["final_equity"] for each in scenarios.values()} == {1000.0}
    assert {each["sharpe_ratio"] for each in scenarios.values()} == {None}
    assert found["costs_in_words"].startswith("Nothing was traded")
    assert found["fills_in_words"].startswith("Nothing was traded")


def test_two_levels_in_one_bar_are_bracketed_in_both_orders():
    flat = [100.0, 100.0, 100.0, 100.0]
    exits = {"stop_loss": 0.1, "take_profit": 0.2}
    for first, headline in (("stop_first", 900.0), ("target_first", 1200.0)):
        asked = {"costs": FREE, "exits": {**exits, "intrabar": first}}
        _, scenarios = bracketed(flat, [1.0], highs=[100, 100, 130, 100], lows=[100, 100, 80, 100], **asked)
        ends = [scenarios[name]["final_equity"] for name in ("worst_fills", "costs_1x", "best_fills")]
        assert ends == pytest.approx([900.0, headline, 1200.0])


def test_a_limit_that_is_only_touched_is_bracketed_by_both_conventions():
    """Ten shares at 99 if a touch is enough, else none; a rise to 110 follows."""
    for touched, headline in (("filled", 1110.0), ("missed", 1000.0)):
        asked = {"costs": FREE, "entry": {"order": "limit", "distance": 0.01}, "touched_limits": touched}
        opens = [100.0, 100.0, 110.0]
        _, scenarios = bracketed(opens, [1.0], lows=[100, 99, 110], highs=[100, 100, 110], **asked)
        ends = [scenarios[name]["final_equity"] for name in ("worst_fills", "costs_1x", "best_fills")]
        assert ends == pytest.approx([1000.0, headline, 1110.0])


def test_without_costs_a_bar_without_volume_still_fills_nothing():
    """An impact lets fills look at volume; at no multiple of it a bar that traded nothing trades."""
    asked = {"costs": FREE, "liquidity": {"impact_bps": 1.0, "impact_shape": "linear"}}
    found, scenarios = bracketed([100.0, 100.0, 200.0, 400.0], [1.0], volumes=[1e6, 0.0, 1e6, 1e6], **asked)
    for multiple in (0, 1, 2, 5):
        assert scenarios[f"costs_{multiple}x"]["final_equity"] == pytest.approx(2000.0, rel=1e-3)
    assert found["break_even_bps"] is None  # it still gains at the most that is looked at


def test_a_real_answer_lies_within_its_bracket(quick_result):
    found = quick_result.facts["brackets"]
    of = {each["name"]: each["final_equity"] for each in found["scenarios"]}
    assert of["best_fills"] >= of["costs_1x"] >= of["worst_fills"]
    assert of["costs_1x"] == quick_result.frames["equity"]["equity"].iloc[-1]
    sharpe = next(each["value"] for each in quick_result.facts["metrics"] if each["name"] == "sharpe_ratio")
    np.testing.assert_allclose(found["scenarios"][1]["sharpe_ratio"], sharpe, rtol=1e-12)
    assert {each["sharpe_ratio"] for each in found["scenarios"] if each["name"].endswith("_fills")} == {None}


def test_spread_impact_and_interest_on_debt_are_scaled_and_break_even_is_without_them():
    asked = {
        "costs": FREE,
        "liquidity": {"half_spread_bps": 10, "impact_bps": 1_000_000 * 0.001, "impact_shape": "linear"},
        "interest": {"cash_annual": 0.365, "debt_annual": 0.5},
    }
    found, scenarios = bracketed([100.0] * 4, [0.5, 0.0], **asked)
    rate = 0.001 + 0.1 * 5 / 1e6
    for multiple in (0, 1, 2, 5):
        # Half of the money for a day and all of it for two: the interest on cash is not multiplied.
        expected = 1000.0 + 1.0 + 0.5 + 1.0 - multiple * rate * 1000
        assert scenarios[f"costs_{multiple}x"]["final_equity"] == pytest.approx(expected, abs=0.02)
    assert found["paid_bps"] == pytest.approx(10.0, abs=0.05)
