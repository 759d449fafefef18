import numpy as np
import pandas as pd
import pytest

from quant.bars.trades import read_tape, refuse_splits, tick_rule
from quant.errors import InvalidPrices, InvalidSpec
from tests.quant.bars.tapes import price_tape, tape


def test_tick_rule_by_its_definition():
    prices = tape(2000, seed=5)["price"].to_numpy()
    expected, side = [], 0
    for before, now in zip([prices[0], *prices[:-1]], prices, strict=True):
        side = int(np.sign(now - before)) or side
        expected.append(side)
    assert tick_rule(prices).tolist() == expected


def test_sides_that_the_exchange_tells_are_taken():
    trades = tape(4, seed=5).assign(side=[1.0, -1.0, 0.0, 1.0])
    assert read_tape(trades).sides.tolist() == [1, -1, 0, 1]
    with pytest.raises(InvalidPrices, match="a side of 1"):
        read_tape(trades.assign(side=2.0))


@pytest.mark.parametrize(
    ("column", "value"),
    [("price", np.nan), ("price", 0.0), ("price", np.inf), ("size", -1.0), ("size", np.nan), ("size", np.inf)],
)
def test_impossible_trades_are_refused_with_the_first_of_them(column, value):
    trades = tape(10, seed=5)
    trades.iloc[6, trades.columns.get_loc(column)] = value
    with pytest.raises(InvalidPrices, match=f"found 1 others, the first at {trades.index[6].isoformat()[:19]}"):
        read_tape(trades)


def test_what_is_no_frame_of_trades_is_refused():
    trades = tape(10, seed=5)
    with pytest.raises(InvalidPrices, match="columns price and size"):
        read_tape(trades[["price"]])
    with pytest.raises(InvalidPrices, match="index named 'timestamp'"):
        read_tape(trades.reset_index(drop=True))
    with pytest.raises(InvalidPrices, match="earlier ones after later ones"):
        read_tape(trades.iloc[::-1])
    with pytest.raises(InvalidPrices, match="one dimension; found 2"):
        tick_rule(np.ones((2, 2)))


def test_shares_are_not_counted_across_a_split():
    prices = price_tape(10, seed=5)
    refuse_splits(prices)
    prices.iloc[4, prices.columns.get_loc("split_factor")] = 2.0
    with pytest.raises(InvalidSpec, match=f"found a split at {prices.index[4].isoformat()[:19]}.*Use dollar bars"):
        refuse_splits(prices)
    with pytest.raises(InvalidSpec, match="adjusted for later splits"):
        refuse_splits(prices, "back")
    refuse_splits(prices, "forward")


def test_trades_have_no_splits_to_refuse():
    refuse_splits(pd.DataFrame(tape(3, seed=1)))
