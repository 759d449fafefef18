"""What the frames are made of; the frames themselves are tested through the engine."""

import numpy as np

from quant.backtest.account_frames import (
    REASONS,
    price_bounds,
    reasons,
    reference_prices,
    slippage_costs,
    values_held,
)
from quant.backtest.catalog import BacktestSpec, ExitSpec
from quant.backtest.engine import run_backtest


def test_what_is_not_held_is_worth_nothing_before_its_first_price_too():
    ledger = np.array([[[0.0, 2.0, -1.0]], [[np.nan, 3.0, 5.0]]])
    assert values_held(ledger).tolist() == [[0.0, 6.0, -5.0]]


def test_without_a_desk_every_fill_is_a_signal_at_the_open(market, free_spec):
    prices = {0: market.prices([10.0, 11.0, 12.0], open_=[9.0, 10.5, 11.5])}
    result = run_backtest(prices, market.weights(prices, {0: [0.5, 0.0, None]}), free_spec)
    fills = result.fill_table

    assert reference_prices(result.bars, fills).tolist() == [10.5, 11.5]
    assert slippage_costs(result.bars, fills).tolist() == [0.0, 0.0]
    assert np.isnan(price_bounds(fills)).all()
    assert [REASONS[int(each)] for each in reasons(fills)] == ["signal", "signal"]


def test_at_a_desk_a_fill_keeps_the_level_that_was_touched_and_its_reason(market, free_spec):
    prices = {0: market.prices([10.0, 10.0, 8.0], low=[10.0, 9.9, 7.0], high=[10.0, 10.1, 10.0])}
    spec: BacktestSpec = free_spec.model_copy(update={"exits": ExitSpec(stop_loss=0.1)})
    result = run_backtest(prices, market.weights(prices, {0: [0.5, None, None]}), spec)
    fills = result.fill_table

    assert reference_prices(result.bars, fills).tolist() == [10.0, 9.0]
    assert [REASONS[int(each)] for each in reasons(fills)] == ["signal", "stop_loss"]
