"""The account at a desk beside the quick one; what only a desk does is tested with the desk and the exits."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import LiquiditySpec
from quant.backtest.engine import run_backtest
from quant.backtest.trades import trades_from_fills

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=30, deadline=None)
@given(seed=seeds)
def test_with_room_for_everything_the_desk_is_the_quick_account(market, seed):
    prices, weights, spec = market.random_case(seed)
    roomy = spec.model_copy(update={"liquidity": LiquiditySpec(max_volume_share=1.0)})
    wide = {i: frame.assign(volume=1e12) for i, frame in prices.items()}
    quick, desk = run_backtest(wide, weights, spec), run_backtest(wide, weights, roomy)
    pd.testing.assert_frame_equal(quick.equity, desk.equity, check_exact=True)
    pd.testing.assert_frame_equal(quick.fills, desk.fills, check_exact=True)
    pd.testing.assert_frame_equal(trades_from_fills(quick), trades_from_fills(desk), check_exact=True)
