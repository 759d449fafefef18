import numpy as np
import pytest
from pydantic import ValidationError

from quant.bars.information import imbalance_bars, run_bars
from quant.bars.trades import tick_rule
from quant.errors import InvalidSpec
from tests.quant.bars.tapes import price_tape, tape


def ends_by_definition(trades, measure, n_first, span, bound, *, by_run):
    """Return where bars end: expectations are exponential averages over closed bars, the first of them the seed."""
    amounts = {"ticks": np.ones(len(trades)), "volume": trades["size"], "dollars": trades["price"] * trades["size"]}
    moved, sides = np.asarray(amounts[measure]), tick_rule(trades["price"])
    weight, ends, begin = 2 / (span + 1), [], 0
    n_expected, buys_expected, sells_expected = float(n_first), 0.0, 0.0
    for end in range(1, len(trades) + 1):
        part, side = moved[begin:end], sides[begin:end]
        buys, sells, n_trades = part[side > 0].sum(), part[side < 0].sum(), end - begin
        found = max(buys, sells) if by_run else abs(buys - sells)
        a_trade = max(buys_expected, sells_expected) if by_run else abs(buys_expected - sells_expected)
        if n_trades < n_expected if a_trade == 0 else found < n_expected * a_trade:
            continue
        if ends:
            n_expected = (1 - weight) * n_expected + weight * n_trades
            n_expected = min(max(n_expected, n_first / bound), n_first * bound)
        share = weight if ends else 1.0
        buys_expected = (1 - share) * buys_expected + share * buys / n_trades
        sells_expected = (1 - share) * sells_expected + share * sells / n_trades
        ends.append(end)
        begin = end
    return ends


@pytest.mark.parametrize("by_run", [False, True], ids=["imbalance", "run"])
@pytest.mark.parametrize("measure", ["ticks", "volume", "dollars"])
@pytest.mark.parametrize("seed", [1, 2])
def test_bars_by_their_definition(measure, seed, by_run):
    trades = tape(1500, seed)
    trades["size"] += 0.37  # sums of whole shares may part by exactly nothing, which rounding decides
    bars = (run_bars if by_run else imbalance_bars)(trades, measure=measure, n_trades=20, span=10, bound=4.0)
    expected = ends_by_definition(trades, measure, 20, 10, 4.0, by_run=by_run)
    assert len(expected) > 10
    assert bars["n_trades"].cumsum().tolist() == expected


def test_one_sided_trading_ends_imbalance_bars_sooner():
    trades = tape(6000, seed=3)
    trades["side"] = np.tile([1.0, -1.0, 1.0], 2000)
    trades.iloc[3000:, 2] = 1.0
    bars = imbalance_bars(trades, measure="ticks", n_trades=60, span=20, bound=5.0)
    ends = bars["n_trades"].cumsum()
    before, after = bars["n_trades"][ends <= 3000], bars["n_trades"][(ends > 3030)].iloc[:3]
    assert after.mean() < 0.6 * before.mean()


def test_shares_are_not_counted_across_a_split():
    prices = price_tape(200, seed=2)
    prices.iloc[100, prices.columns.get_loc("split_factor")] = 2.0
    for function in (imbalance_bars, run_bars):
        with pytest.raises(InvalidSpec, match="found a split"):
            function(prices, measure="volume", n_trades=10, span=5, bound=4.0)
        assert len(function(prices, measure="dollars", n_trades=10, span=5, bound=4.0)) > 1


def test_parameters_out_of_bounds_are_refused():
    with pytest.raises(ValidationError):
        imbalance_bars(tape(5, seed=1), measure="ticks", n_trades=1, span=5, bound=4.0)
    with pytest.raises(ValidationError):
        run_bars(tape(5, seed=1), measure="ticks", n_trades=10, span=5, bound=0.5)
