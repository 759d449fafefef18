"""The limit of leverage and margin calls: by hand and as bounds; a slow account is compared with beside the desk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quant.backtest.catalog import EntrySpec, MarginSpec
from quant.backtest.engine import run_backtest
from quant.backtest.margin import to_margin
from quant.backtest.trades import trades_from_fills


def on_margin(market, spec, prices, weights, **asked):
    spec = spec.model_copy(update={"margin": MarginSpec(**asked)})
    return run_backtest(prices, market.weights(prices, weights), spec)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), limit=st.sampled_from([0.5, 1.0, 2.0]), lies=st.booleans())
def test_no_purchase_plans_for_more_than_the_limit(market, free_spec, seed, limit, lies):
    """Without gaps and costs, and with a decision for every instrument at each close, plans are what comes."""
    rng = np.random.default_rng(seed)
    n_bars = 12
    prices = {i: market.prices(rng.uniform(5, 50) * np.cumprod(rng.uniform(0.9, 1.1, n_bars))) for i in range(3)}
    weights = {i: rng.uniform(-1.5, 1.5, n_bars) for i in range(3)}
    entry = EntrySpec(order="limit", distance=0.0) if lies else EntrySpec()
    spec = free_spec.model_copy(update={"entry": entry})
    result = on_margin(market, spec, prices, weights, max_leverage=limit)
    value = result.positions["shares"].abs() * result.positions["price"].groupby(level="instrument").shift()
    planned = (value.groupby(level="timestamp").sum() / result.equity["equity"].shift()).iloc[1:]
    assert (planned[result.equity["equity"].shift().iloc[1:] > 0] <= limit * (1 + 1e-6)).all()


def test_weights_are_cut_by_one_part(market, free_spec):
    prices = {0: market.prices([10.0] * 3), 1: market.prices([10.0] * 3)}
    result = on_margin(market, free_spec, prices, {0: [1.5], 1: [-0.5]}, max_leverage=1.0)
    assert result.positions.xs(result.equity.index[-1])["weight"].tolist() == pytest.approx([0.75, -0.25])


def test_what_is_held_of_others_has_its_room_first(market, free_spec):
    prices = {0: market.prices([10.0] * 4), 1: market.prices([10.0] * 4)}
    result = on_margin(market, free_spec, prices, {0: [0.7], 1: [None, 0.6]}, max_leverage=1.0)
    assert result.positions.xs(result.equity.index[-1])["weight"].tolist() == pytest.approx([0.7, 0.3])


def test_what_lies_is_cut_to_what_a_later_weight_wants(market, free_spec):
    prices = {i: market.prices([10.0] * 4, high=[10.0, 10.0, 11.0, 11.0]) for i in range(2)}
    spec = free_spec.model_copy(update={"entry": EntrySpec(order="limit", distance=0.1, valid_bars=3)})
    result = on_margin(market, spec, prices, {0: [-1.0, -0.5], 1: [0.0, -0.5]}, max_leverage=1.0)
    assert result.fills["shares"].tolist() == pytest.approx([50.0, 50.0])
    assert result.fills["price"].tolist() == pytest.approx([11.0, 11.0])


def test_a_call_reduces_everything_to_the_margin_at_the_next_open(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 8.0, 8.0, 8.0]), 1: market.prices([10.0] * 5)}
    result = on_margin(market, free_spec, prices, {0: [1.5], 1: [-0.5]}, maintenance=0.5)
    # 150 at 8 and 50 short at 10: 1,700 on an equity of 700 that carries 1,400.
    assert result.positions.xs(0, level="instrument")["shares"].tolist() == pytest.approx(
        [0, 150, 150, *[150 * 14 / 17] * 2]
    )
    assert result.positions.xs(1, level="instrument")["shares"].iloc[-1] == pytest.approx(-50 * 14 / 17)
    assert result.fills["reason"].tolist() == ["signal"] * 2 + ["margin_call"] * 2
    assert result.equity["exposure"].iloc[-1] == pytest.approx(2.0)


def test_a_call_takes_the_place_of_orders_but_not_of_such_as_reduce_further(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 8.0, 8.0, 8.0])}
    wants_more = on_margin(market, free_spec, prices, {0: [2.0, None, 2.5]}, maintenance=0.5)
    assert wants_more.fills["reason"].tolist() == ["signal", "margin_call"]
    leaves = on_margin(market, free_spec, prices, {0: [2.0, None, 0.0]}, maintenance=0.5)
    assert leaves.fills["reason"].tolist() == ["signal", "signal"]
    assert leaves.positions["shares"].iloc[-1] == 0.0


def test_a_trade_that_a_call_ends_says_so(market, free_spec):
    spec = free_spec.model_copy(update={"whole_shares": True, "initial_cash": 0.9})
    prices = {0: market.prices([1.0, 1.0, 0.2, 0.2, 0.2])}
    result = on_margin(market, spec, prices, {0: [1.2]}, maintenance=0.9)
    assert trades_from_fills(result)["exit_reason"].tolist() == ["margin_call"]


def test_equity_that_is_gone_is_ruin_and_no_call(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 4.0, 4.0])}
    result = on_margin(market, free_spec, prices, {0: [2.0]}, maintenance=0.25)
    assert result.is_ruined
    assert result.fills["reason"].tolist() == ["signal", "signal"]


def test_a_leverage_that_would_be_called_at_once_is_refused():
    with pytest.raises(ValidationError, match="1 / maintenance = 2"):
        MarginSpec(max_leverage=2.5, maintenance=0.5)
    assert to_margin(MarginSpec()) == (np.inf, 0.0)
