"""Every rule of the catalogue: known after its warm-up, blind to the future, and indifferent to the scale of prices."""

import numpy as np
import pandas as pd
import pytest

from quant.data.adjustment import forward_adjusted
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.errors import InvalidSpec
from quant.rules import draw, pair_sides, pair_stakes, rule_sides, rule_signals
from quant.scrambling import scrambled_after
from quant.strategies.catalog import RULES, Breakout, Crossover, Momentum, PairSpread, Reversion, StrengthReversal

N_BARS = 700
MARKET = ["open", "high", "low", "close"]


@pytest.fixture(scope="module")
def prices():
    provider = create_provider("sample")
    return {
        place: forward_adjusted(to_prices(provider.fetch(PriceQuery(symbol, "1d")))).iloc[:N_BARS]
        for place, symbol in enumerate(["MSFT", "IBM"])
    }


def asked(entry):
    return entry() if entry is PairSpread else entry(direction="long_short")


def among(entry, prices):
    return prices if entry is PairSpread else {0: prices[0]}


@pytest.mark.parametrize("entry", RULES)
def test_a_rule_knows_after_its_warm_up_and_takes_both_sides(entry, prices):
    signals = rule_signals(asked(entry), among(entry, prices))["signal"]
    assert signals.index[0][0] == prices[0].index[asked(entry).warm_up]
    assert set(signals) == {-1, 0, 1} or (set(signals) == {-1, 1} and entry in {Crossover, Momentum})


@pytest.mark.parametrize("entry", RULES)
@pytest.mark.parametrize("cut", [420, 598])
def test_what_comes_later_changes_no_signal(entry, cut, prices):
    rule, moment = asked(entry), prices[0].index[cut]
    whole = rule_signals(rule, among(entry, prices)).loc[:moment]
    for later in (lambda each: each.loc[:moment], lambda each: scrambled_after(each, moment, seed=1)):
        other = rule_signals(rule, among(entry, {place: later(each) for place, each in prices.items()}))
        pd.testing.assert_frame_equal(other.loc[:moment], whole)


@pytest.mark.parametrize("entry", RULES)
def test_the_scale_of_prices_does_not_matter(entry, prices):
    scaled = {place: each.assign(**each[MARKET] * 64.0) for place, each in prices.items()}
    pd.testing.assert_frame_equal(
        rule_signals(asked(entry), among(entry, scaled)), rule_signals(asked(entry), among(entry, prices))
    )


@pytest.mark.parametrize("entry", [Crossover, Reversion, Momentum, StrengthReversal, Breakout])
def test_where_nothing_moves_there_is_nothing_to_hold(entry, prices):
    still = prices[0].assign(**dict.fromkeys(MARKET, 0.1))
    assert not rule_signals(asked(entry), {0: still})["signal"].any()


def test_long_flat_never_goes_short_and_waiting_leaves_bars_out(prices):
    rule = Crossover(wait_bars=300)
    signals = rule_signals(rule, {0: prices[0]})["signal"]
    assert set(signals) == {0, 1}
    assert len(signals) == N_BARS - 300


def test_a_breakout_is_above_the_highest_high_before(prices):
    frame = prices[0]
    sides = rule_sides(frame, Breakout(entry_bars=20, exit_bars=10))
    held = 0
    for row in range(20, N_BARS):
        close = frame["close"].iloc[row]
        if close > frame["high"].iloc[row - 20 : row].max():
            held = 1
        elif close < frame["low"].iloc[row - 10 : row].min():
            held = 0
        assert sides.iloc[row] == held


def test_the_two_of_a_pair_are_opposite_and_far_apart_at_entry(prices):
    rule = PairSpread(window=60)
    sides = pair_sides(prices[0], prices[1], rule)
    assert (sides[0] == -sides[1]).loc[sides[0].notna()].all()
    ratio = np.log(prices[0]["close"] / prices[1]["close"])
    distance = (ratio - ratio.rolling(60).mean()) / ratio.rolling(60).std(ddof=0)
    entered = (sides[0] > 0) & (sides[0].shift() <= 0)
    assert entered.any()
    assert (distance[entered] <= -2.0 + 1e-9).all()


def test_momentum_leaves_the_gap_out(prices):
    closes = prices[0]["close"].to_numpy()
    (found,) = draw(prices[0], [("trend", 100, 5)])
    np.testing.assert_allclose(found[105:], np.log(closes[100:-5] / closes[:-105]), rtol=1e-9)


def test_a_pair_is_two(prices):
    with pytest.raises(InvalidSpec, match="Expected 2 instruments for 'Pairs spread'; found 1"):
        rule_signals(PairSpread(), {0: prices[0]})


def test_a_measured_hedge_is_the_regression_over_the_window_and_its_spread_what_that_leaves(prices):
    rule = PairSpread(window=60, hedge="measured")
    sides, stakes = pair_sides(prices[0], prices[1], rule), pair_stakes(prices[0], prices[1], rule)
    one, other = (np.log(prices[place]["close"].to_numpy()) for place in (0, 1))
    held, n_positive = 0.0, 0
    for row in range(59, N_BARS):
        window = slice(row - 59, row + 1)
        slope, constant = np.polyfit(other[window], one[window], 1)
        left = one[window] - constant - slope * other[window]
        distance = -left[-1] / left.std()
        ratio = slope if slope > 0 else 1.0
        assert stakes.iloc[row].tolist() == pytest.approx([2 / (1 + ratio), 2 * ratio / (1 + ratio)], rel=1e-6)
        if slope <= 0:
            held = 0.0
        elif abs(distance) >= 2.0:
            held = np.sign(distance)
        elif held * distance < 0.0:
            held = 0.0
        n_positive += slope > 0
        assert sides.iloc[row].tolist() == [held, -held]
    assert 0 < n_positive < N_BARS - 59


@pytest.mark.parametrize("cut", [420, 598])
def test_a_measured_hedge_knows_nothing_later_and_is_as_large_as_equal_money(cut, prices):
    rule, moment = PairSpread(hedge="measured"), prices[0].index[cut]
    whole = rule_signals(rule, prices)
    later = rule_signals(rule, {place: scrambled_after(each, moment, seed=1) for place, each in prices.items()})
    pd.testing.assert_frame_equal(later.loc[:moment], whole.loc[:moment], check_exact=True)
    np.testing.assert_allclose(whole.groupby(level="timestamp")["stake"].sum(), 2.0)
    assert whole["stake"].nunique() > 100


def test_what_does_not_move_hedges_nothing(prices):
    still = prices[1].assign(**dict.fromkeys(MARKET, 0.1))
    signals = rule_signals(PairSpread(hedge="measured"), {0: prices[0], 1: still})
    assert not signals["signal"].any()
    assert (signals["stake"] == 1.0).all()
