import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from quant.bars.activity import dollar_bars, tick_bars, time_bars, volume_bars
from quant.errors import InvalidSpec
from tests.quant.bars.tapes import price_tape, tape

FIXED = {"estimate": "fixed", "n_trades": 10, "span": 5}


def ends_by_definition(trades, amounts, threshold, estimate, n_trades, span):
    """Return where bars end, from the definition: an estimate looks at nothing but the bars that are closed."""
    ends, begin = [], 0
    closed = []
    for i in range(len(trades)):
        limit = threshold
        if closed and estimate == "expanding":
            limit = n_trades * sum(moved for moved, _ in closed) / sum(number for _, number in closed)
        if closed and estimate == "ewma":
            means = pd.Series([moved / number for moved, number in closed])
            limit = n_trades * means.ewm(span=span, adjust=False).mean().iloc[-1]
        moved = amounts[begin : i + 1].sum()
        if moved >= limit:
            closed.append((moved, i + 1 - begin))
            ends.append(i + 1)
            begin = i + 1
    return ends


@pytest.mark.parametrize("estimate", ["fixed", "expanding", "ewma"])
@pytest.mark.parametrize("seed", range(4))
def test_bars_by_their_definition(estimate, seed):
    trades = tape(400, seed)
    size, value = trades["size"].to_numpy(), (trades["price"] * trades["size"]).to_numpy()
    dollars = dollar_bars(trades, threshold=50_000.0, estimate=estimate, n_trades=12, span=6)
    shares = volume_bars(trades, threshold=500.0, estimate=estimate, n_trades=12, span=6)
    assert dollars["n_trades"].cumsum().tolist() == ends_by_definition(trades, value, 50_000.0, estimate, 12, 6)
    assert shares["n_trades"].cumsum().tolist() == ends_by_definition(trades, size, 500.0, estimate, 12, 6)


def test_an_estimate_finds_the_usual_number_of_trades_from_a_threshold_that_is_far_off():
    trades = tape(20_000, seed=3)
    bars = dollar_bars(trades, threshold=1.0, estimate="expanding", n_trades=50, span=20)
    assert bars["n_trades"].iloc[-100:].mean() == pytest.approx(50, rel=0.1)


def test_tick_bars_have_equally_many_trades():
    bars = tick_bars(tape(103, seed=1), n_trades=10)
    assert bars["n_trades"].tolist() == [10.0] * 10


def test_time_bars_are_those_of_pandas_without_the_empty_and_the_last():
    trades = tape(500, seed=4)
    bars = time_bars(trades, seconds=60)
    expected = trades["price"].resample("60s", closed="right", label="right").ohlc().dropna().iloc[:-1]
    pd.testing.assert_frame_equal(bars[["open", "high", "low", "close"]], expected, check_exact=True, check_freq=False)


def test_a_trade_on_the_boundary_belongs_to_the_bar_that_ends_there():
    index = pd.DatetimeIndex(
        ["2020-01-02 15:00:10", "2020-01-02 15:01:00", "2020-01-02 15:01:00", "2020-01-02 15:01:01"], tz="UTC"
    )
    trades = pd.DataFrame({"price": [1.0, 2.0, 3.0, 4.0], "size": 1.0}, index=index.as_unit("us").rename("timestamp"))
    bars = time_bars(trades, seconds=60)
    assert bars.index.tolist() == [index[1]]
    assert bars["close"].tolist() == [3.0]
    assert time_bars(trades.iloc[:3], seconds=60).empty


def test_dollar_bars_do_not_mind_a_split_and_volume_bars_refuse_it():
    prices = price_tape(300, seed=6)
    prices["volume"] += 1.0
    split = prices.copy()
    later = slice(150, None)
    for name, factor in {"open": 0.5, "high": 0.5, "low": 0.5, "close": 0.5, "volume": 2.0}.items():
        split.iloc[later, split.columns.get_loc(name)] *= factor
    split.iloc[150, split.columns.get_loc("split_factor")] = 2.0
    whole, halved = (dollar_bars(frame, threshold=60_000.0, **FIXED) for frame in (prices, split))
    assert halved.index.equals(whole.index)
    np.testing.assert_allclose(halved["value"], whole["value"])
    with pytest.raises(InvalidSpec, match="Use dollar bars"):
        volume_bars(split, threshold=600.0, **FIXED)


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (time_bars, {"seconds": 0}),
        (tick_bars, {"n_trades": 0}),
        (volume_bars, {"threshold": 0.0, **FIXED}),
        (dollar_bars, {"threshold": 1.0, **FIXED, "estimate": "all"}),
    ],
)
def test_parameters_out_of_bounds_are_refused(function, parameters):
    with pytest.raises(ValidationError):
        function(tape(5, seed=1), **parameters)
