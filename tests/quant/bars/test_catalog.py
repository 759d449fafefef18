"""What every kind of bars must do; an entry that is added to the catalogue is tested here by being there."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quant.bars.catalog import BARS, DollarBars, ImbalanceBars, RunBars, TickBars, TimeBars, VolumeBars
from quant.bars.gathering import BAR_COLUMNS
from quant.errors import InvalidPrices
from tests.quant.bars.tapes import garbled_after, price_tape, tape

# Each with parameters that make many bars of a few hundred trades.
SPECS = {
    "time": TimeBars(seconds=40),
    "tick": TickBars(n_trades=7),
    "volume": VolumeBars(threshold=900.0),
    "volume, expanding": VolumeBars(threshold=300.0, estimate="expanding", n_trades=6),
    "dollar": DollarBars(threshold=60_000.0),
    "dollar, ewma": DollarBars(threshold=60_000.0, estimate="ewma", n_trades=9, span=5),
    **{f"imbalance, {each}": ImbalanceBars(measure=each, n_trades=8) for each in ("ticks", "volume", "dollars")},
    **{f"run, {each}": RunBars(measure=each, n_trades=8) for each in ("ticks", "volume", "dollars")},
}

every_kind = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
SEEDS = st.integers(0, 2**32 - 1)


def make(spec, trades):
    return spec.load()(trades, **spec.parameters())


def test_every_kind_is_tried():
    assert {type(spec) for spec in SPECS.values()} == set(BARS)


@every_kind
@settings(max_examples=30)
@given(seed=SEEDS, n_trades=st.integers(0, 400), share=st.floats(0.0, 1.0))
def test_a_finished_bar_never_changes_when_later_trades_come(spec, seed, n_trades, share):
    trades = tape(n_trades, seed)
    cut = int(share * n_trades)
    early, late = make(spec, trades.iloc[:cut]), make(spec, trades)
    pd.testing.assert_frame_equal(late.iloc[: len(early)], early, check_exact=True)


@every_kind
@settings(max_examples=30)
@given(seed=SEEDS, n_trades=st.integers(1, 400), share=st.floats(0.0, 1.0))
def test_another_future_changes_no_bar_that_was_known(spec, seed, n_trades, share):
    trades = tape(n_trades, seed)
    cut = int(share * n_trades)
    known = make(spec, trades.iloc[:cut])
    other = make(spec, garbled_after(trades, cut, seed + 1))
    pd.testing.assert_frame_equal(other.iloc[: len(known)], known, check_exact=True)


@every_kind
@settings(max_examples=20)
@given(seed=SEEDS)
def test_bars_hold_every_trade_once_but_for_the_last_that_are_not_over(spec, seed):
    trades = tape(300, seed)
    bars = make(spec, trades)
    assert tuple(bars.columns) == BAR_COLUMNS
    assert bars.index.is_monotonic_increasing
    n_used = int(bars["n_trades"].sum())
    used = trades.iloc[:n_used]
    np.testing.assert_allclose(bars["volume"].sum(), used["size"].sum())
    np.testing.assert_allclose(bars["value"].sum(), (used["price"] * used["size"]).sum())
    begin = 0
    for bar in bars.itertuples():
        inside = trades.iloc[begin : begin + int(bar.n_trades)]
        assert (bar.open, bar.close) == (inside["price"].iloc[0], inside["price"].iloc[-1])
        assert (bar.high, bar.low) == (inside["price"].max(), inside["price"].min())
        assert bar.opened_at == inside.index[0]
        assert bar.Index >= inside.index[-1]
        assert bar.buy_volume + bar.sell_volume <= bar.volume * (1 + 1e-12)
        begin += int(bar.n_trades)


@every_kind
def test_finer_bars_are_taken_for_trades(spec):
    prices = price_tape(250, seed=9)
    bars = make(spec, prices)
    assert len(bars) > 1
    first = prices.iloc[: int(bars["n_trades"].iloc[0])]
    assert bars["high"].iloc[0] == first["high"].max()
    assert bars["low"].iloc[0] == first["low"].min()
    assert bars["open"].iloc[0] == first["open"].iloc[0]


@every_kind
@pytest.mark.parametrize("n_trades", [0, 1])
def test_hardly_any_trade_is_no_error(spec, n_trades):
    assert len(make(spec, tape(n_trades, seed=1))) <= 1


@every_kind
def test_trades_at_one_price_make_bars(spec):
    trades = tape(300, seed=2).assign(price=100.0, size=100.0)
    assert len(make(spec, trades)) > 1


@every_kind
def test_trades_of_no_size_make_bars_of_none_or_are_waited_for(spec):
    bars = make(spec, tape(300, seed=3).assign(size=0.0))
    assert (bars["volume"] == 0.0).all()
    assert np.isfinite(bars[["open", "high", "low", "close", "volume", "value"]]).all(axis=None)


@every_kind
@pytest.mark.parametrize("column", ["price", "size"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_what_is_no_trade_is_refused(spec, column, wrong):
    trades = tape(50, seed=4)
    trades.iloc[7, trades.columns.get_loc(column)] = wrong
    with pytest.raises(InvalidPrices, match="both known and finite; found 1 others"):
        make(spec, trades)
    with pytest.raises(InvalidPrices, match="found 50 others"):
        make(spec, trades.assign(**{column: wrong}))


@pytest.mark.parametrize("kind", BARS, ids=lambda kind: kind.model_fields["name"].default)
def test_an_entry_survives_json_and_refuses_what_it_does_not_know(kind):
    assert kind.model_validate_json(kind().model_dump_json()) == kind()
    with pytest.raises(ValidationError, match="extra"):
        kind(colour="red")
    numbers = [name for name, field in kind.model_fields.items() if field.annotation in {int, float}]
    for name in numbers:
        with pytest.raises(ValidationError, match="greater than"):
            kind(**{name: -1})


def test_the_catalogue_does_not_load_the_compiler():
    code = "import sys, quant.bars.catalog; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
