import numpy as np
import pandas as pd
import pytest

from quant.data.catalog import InstrumentSpec
from quant.errors import LeakageError
from quant.portfolio.allocation import shares_of_prices
from quant.portfolio.catalog import InverseVolatility
from quant.preparation import clean_prices, fetch_instruments
from quant.trading import decide, refuse_seen, trade
from quant.validation.splits import Fold


@pytest.fixture(scope="module")
def clean(quick_spec):
    return clean_prices(quick_spec, dict(enumerate(fetch_instruments(quick_spec))))


@pytest.fixture(scope="module")
def decisions(quick_spec, clean):
    bars = clean.raw[0].index[100:200]
    probability = [0.9 if place % 20 < 10 else 0.1 for place in range(len(bars))]
    index = pd.MultiIndex.from_product([bars, [0]], names=["timestamp", "instrument"])
    predictions = pd.DataFrame({"probability": probability, "fold": 0}, index=index)
    return decide(quick_spec, predictions, clean.adjusted, 252.0)


def test_decisions_carry_signal_and_weight(decisions):
    assert list(decisions.columns) == ["signal", "target_weight"]
    assert decisions["signal"].tolist()[:20] == [1] * 10 + [0] * 10
    assert (decisions["target_weight"] == decisions["signal"]).all()


def test_fills_are_at_the_open_after_the_decision(quick_spec, clean, decisions):
    book = trade(quick_spec, clean, decisions)
    prices = clean.raw[0]

    for fill in book.fills.itertuples():
        position = prices.index.get_loc(fill.decided_at)
        assert fill.timestamp == prices.index[position + 1]
        assert fill.reference_price == prices["open"].iloc[position + 1]
    assert len(book.trades) == 5


def test_strategy_and_benchmark_start_together(quick_spec, clean, decisions):
    book = trade(quick_spec, clean, decisions)

    assert book.equity.index.equals(book.benchmark.index)
    assert book.equity["equity"].iloc[0] == book.benchmark["equity"].iloc[0] == quick_spec.backtest.initial_cash


def test_a_book_is_divided_by_what_was_known_and_sized_as_before(quick_spec):
    spec = quick_spec.model_copy(
        update={
            "instruments": (InstrumentSpec(symbol="GOOG"), InstrumentSpec(symbol="MSFT")),
            "allocation": InverseVolatility(window=30, rebalance_bars=10),
        }
    )
    clean = clean_prices(spec, dict(enumerate(fetch_instruments(spec))))
    bars = clean.raw[0].index[40:90]
    index = pd.MultiIndex.from_product([bars, [0, 1]], names=["timestamp", "instrument"])
    predictions = pd.DataFrame({"probability": 0.9, "fold": 0}, index=index)
    divided = decide(spec, predictions, clean.adjusted, 252.0)

    assert list(divided.columns) == ["signal", "target_weight", "share"]
    pd.testing.assert_series_equal(divided["target_weight"], divided["share"], check_names=False)
    shares = shares_of_prices(clean.adjusted, spec.allocation).loc[bars]
    assert 0 < shares[1].iloc[-1] != shares[1].iloc[0]
    assert divided["share"].tolist() == shares.to_numpy().ravel().tolist()

    cut = bars[30]
    known = {i: frame.loc[:cut] for i, frame in clean.adjusted.items()}
    pd.testing.assert_frame_equal(decide(spec, predictions.loc[:cut], known, 252.0), divided.loc[:cut])


def test_a_model_is_not_traded_on_bars_that_it_has_seen_and_the_refusal_says_from_when():
    bars = pd.date_range("2024-01-01 21:00", periods=20, tz="UTC", unit="us", name="timestamp")
    index = pd.MultiIndex.from_product([bars, [0]], names=["timestamp", "instrument"])
    ends = pd.Series(bars, index=index).shift(-2)
    labels = pd.DataFrame({"label": 1.0, "label_end": ends, "outcome": 0.01}, index=index)
    rows = np.arange(20)

    def fold(train, test):
        return Fold(number=3, train=rows[train], test=rows[test], window_rows=(0, 19), index=index)

    def predicted(test):
        return pd.DataFrame({"probability": 0.9, "fold": 3}, index=index[test])

    honest = slice(0, 8), slice(10, 20)  # the last label is known at the close of the bar before
    assert refuse_seen(predicted(honest[1]), [fold(*honest)], labels).equals(predicted(honest[1]))
    for train, test, seen in ((slice(0, 9), slice(10, 20), "2024-01-11"), (slice(12, 16), slice(0, 10), "2024-01-18")):
        traded = bars[test][0]
        with pytest.raises(LeakageError, match=f"from {traded:%Y-%m-%d} on, and training labels up to {seen}"):
            refuse_seen(predicted(test), [fold(train, test)], labels)
