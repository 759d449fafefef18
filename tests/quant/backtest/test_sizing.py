import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.backtest.catalog import FixedFraction, Kelly, VolatilityTarget
from quant.backtest.sizing import full_sizes, realised_volatility, target_weights
from quant.errors import InvalidSpec

TARGET = VolatilityTarget(annualised_volatility=0.15, window=5, max_fraction=2.0)


def signals_of(prices, wishes):
    rows = {
        (timestamp, i): signal
        for i, column in wishes.items()
        for timestamp, signal in zip(prices[i].index, column, strict=False)
    }
    index = pd.MultiIndex.from_tuples(rows, names=["timestamp", "instrument"])
    return pd.DataFrame({"signal": list(rows.values())}, index=index).sort_index()


def weights_of(signals, prices, spec, periods_per_year=252):
    return target_weights(signals, prices, spec, periods_per_year=periods_per_year)["target_weight"]


def test_a_fraction_is_split_equally_over_all_instruments_of_the_question(market):
    prices = {i: market.prices([10.0] * 2) for i in range(4)}
    weights = weights_of(signals_of(prices, {0: [1, 0], 2: [-1, 1]}), prices, FixedFraction(fraction=1.2))
    assert weights.tolist() == pytest.approx([0.3, -0.3, 0.0, 0.3])


def test_a_flat_signal_is_plain_zero(market):
    prices = {0: market.prices([10.0] * 2)}
    weights = weights_of(signals_of(prices, {0: [0, 0]}), prices, FixedFraction())
    assert not np.signbit(weights).any()


def test_volatility_target_by_hand(market):
    close = 100 * np.cumprod([1.0, 1.02, 0.98, 1.01, 0.99, 1.03, 0.97, 1.01])
    prices = {0: market.prices(close), 1: market.prices(close)}
    weights = weights_of(signals_of(prices, {0: [1] * 8}), prices, TARGET)
    assert weights.iloc[:5].tolist() == [0.0] * 5  # five returns need six bars
    for t in (5, 7):
        changes = close[1 : t + 1] / close[:t] - 1
        volatility = np.std(changes[-5:], ddof=1) * np.sqrt(252)
        assert weights.iloc[t] == pytest.approx(0.15 / volatility / 2)


def test_the_target_is_annualised_by_the_periods_given(market):
    close = 100 * np.cumprod([1.0, 1.02, 0.98, 1.01, 0.99, 1.03])
    prices = {0: market.prices(close)}
    signals = signals_of(prices, {0: [1] * 6})
    daily, weekly = (weights_of(signals, prices, TARGET, periods_per_year=q).iloc[-1] for q in (252, 52))
    assert weekly / daily == pytest.approx(np.sqrt(252 / 52))


def test_calm_prices_are_capped_and_standing_ones_are_not_held(market):
    wobble = 100 + 0.001 * (np.arange(12) % 2)
    prices = {0: market.prices(wobble), 1: market.prices([100.0] * 12)}
    weights = weights_of(signals_of(prices, {0: [-1] * 12, 1: [1] * 12}), prices, TARGET)
    assert weights.xs(0, level="instrument").iloc[-1] == -1.0  # max_fraction 2 over two instruments
    assert weights.xs(1, level="instrument").tolist() == [0.0] * 12


def test_signals_where_prices_are_missing_get_no_weight(market):
    prices = {0: market.prices(100 + np.arange(8.0) % 3)}
    later = signals_of({0: market.prices([1.0] * 12)}, {0: [1] * 12})
    assert weights_of(later, prices, TARGET).iloc[8:].tolist() == [0.0] * 4


def test_no_signals_no_weights(market):
    prices = {0: market.prices([10.0] * 9)}
    for spec in (TARGET, FixedFraction(), Kelly()):
        assert weights_of(signals_of(prices, {0: [1]}).iloc[:0], prices, spec).empty


def test_a_signal_without_prices_is_refused(market):
    prices = {0: market.prices([10.0] * 2), 3: market.prices([10.0] * 2)}
    with pytest.raises(InvalidSpec, match="instrument 3"):
        weights_of(signals_of(prices, {0: [1], 3: [1]}), {0: prices[0]}, FixedFraction())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 39))
def test_later_prices_and_signals_never_change_an_earlier_weight(market, seed, cut):
    rng = np.random.default_rng(seed)
    prices = {i: market.prices(50 * np.cumprod(np.exp(rng.normal(0, 0.02, 40)))) for i in range(2)}
    signals = signals_of(prices, {i: rng.integers(-1, 2, 40) for i in range(2)})
    last = prices[0].index[cut]
    for spec in (TARGET, FixedFraction(fraction=0.7), Kelly(window=20)):
        whole = weights_of(signals, prices, spec).loc[:last]
        part = weights_of(signals.loc[:last], {i: frame.loc[:last] for i, frame in prices.items()}, spec)
        pd.testing.assert_series_equal(whole, part, check_exact=True)


def test_realised_volatility_is_known_after_the_window(market):
    close = 100 * np.cumprod([1.0, 1.02, 0.98, 1.01, 0.99])
    found = realised_volatility(market.prices(close), window=3)
    assert found.isna().tolist() == [True, True, True, False, False]
    assert found.iloc[3] == pytest.approx(np.std([0.02, -0.02, 0.01], ddof=1))


def test_a_kelly_fraction_by_hand(market):
    rng = np.random.default_rng(3)
    close = 100 * np.cumprod(1 + rng.normal(0.004, 0.02, 60))
    prices = {0: market.prices(close), 1: market.prices(close)}
    wishes = rng.integers(-1, 2, 60)
    weights = weights_of(signals_of(prices, {0: wishes}), prices, Kelly(part=0.5, window=20, max_fraction=4.0))
    earned = [wishes[s - 1] * (close[s] / close[s - 1] - 1) for s in range(1, 60) if wishes[s - 1]]
    assert weights.iloc[:20].abs().max() == 0.0  # 20 returns with a signal need more bars than that
    for t in (45, 59):
        known = earned[: np.count_nonzero(wishes[:t])][-20:]
        fraction = np.mean(known) / np.var(known, ddof=1)
        assert weights.iloc[t] == pytest.approx(wishes[t] * np.clip(0.5 * fraction, 0, 4) / 2)


def test_a_kelly_fraction_counts_what_its_signals_cost(market):
    """Entered, left after two bars, and turned: each unit is paid for in a bar in which the signal is held."""
    close = 100 * np.cumprod(1 + np.random.default_rng(3).normal(0.01, 0.01, 60))
    prices = {0: market.prices(close)}
    wishes = np.resize([1, 1, 0, 1, -1, -1, 0], 60)
    signals = signals_of(prices, {0: wishes})
    asked = Kelly(part=1.0, window=20, max_fraction=4.0)
    found = target_weights(signals, prices, asked, periods_per_year=252, cost_rate=0.002)["target_weight"]
    earned = []
    for s in range(1, 60):
        before = wishes[s - 2] if s > 1 else 0
        units = abs(wishes[s - 1] - before) + (abs(wishes[s - 1]) if wishes[s] == 0 else 0)
        if wishes[s - 1]:
            earned.append(wishes[s - 1] * (close[s] / close[s - 1] - 1) - 0.002 * units)
    known = earned[: np.count_nonzero(wishes[:59])][-20:]
    assert found.iloc[59] == pytest.approx(wishes[59] * np.clip(np.mean(known) / np.var(known, ddof=1), 0, 4))
    dear = target_weights(signals, prices, asked, periods_per_year=252, cost_rate=0.05)["target_weight"]
    assert (dear == 0.0).all()


def test_what_lost_is_not_bet_on_and_what_always_won_is_capped(market):
    falls, rises = 100 * 0.99 ** np.arange(40.0), 100 * np.cumprod(1.01 + 0.001 * (np.arange(40) % 2))
    prices = {0: market.prices(falls), 1: market.prices(rises)}
    weights = weights_of(signals_of(prices, {0: [1] * 40, 1: [1] * 40}), prices, Kelly(window=20, max_fraction=1.5))
    assert weights.xs(0, level="instrument").max() == 0.0
    assert weights.xs(1, level="instrument").iloc[-1] == 0.75


@pytest.mark.parametrize("spec", [FixedFraction(fraction=0.7), TARGET, Kelly(window=20, part=0.5, max_fraction=1.5)])
def test_full_sizes_are_the_weights_of_one_that_is_always_long(market, spec):
    close = 100.0 * np.cumprod(1.0 + np.random.default_rng(3).normal(0.002, 0.01, 60))
    close[20:30] = close[20]  # stands still for longer than the window of the target
    prices = {0: market.prices(close.tolist())}
    weights = weights_of(signals_of(prices, {0: [1] * len(close)}), prices, spec)
    sizes = full_sizes(prices[0], spec, periods_per_year=252)
    np.testing.assert_array_equal(sizes, weights)
    assert sizes.flags.writeable
    assert sizes.max() > 0.0
