import base64

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from quant.frames import of_instrument
from tests.webapp.dashboard import reading
from webapp.dashboard.figures.palette import PALETTES
from webapp.dashboard.figures.trades import excursions, holding_periods, price_with_trades, return_distribution


@pytest.fixture
def figure(result):
    trades = result.frames["trades"]
    prices = of_instrument(result.frames["prices"], 0)
    return price_with_trades(prices, trades[trades["instrument"] == 0], theme="light", symbol="GOOG")


def floats(packed):
    return np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"])


def test_every_trade_is_marked_at_its_fill(figure, result):
    trades = result.frames["trades"]
    own = trades[trades["instrument"] == 0]
    marks = {trace["name"]: trace for trace in figure["data"][1:]}

    assert set(marks) == {"Long entry", "Short entry", "Exit"}
    entries = np.concatenate([floats(marks["Long entry"]["y"]), floats(marks["Short entry"]["y"])])
    np.testing.assert_allclose(np.sort(entries), np.sort(own["entry_price"].to_numpy("f4")))
    assert len(floats(marks["Exit"]["y"])) == int((~own["is_open"]).sum())


def test_kinds_of_marks_differ_in_shape_and_not_in_colour_only(figure):
    shapes = [trace["marker"]["symbol"] for trace in figure["data"][1:]]

    assert len(set(shapes)) == len(shapes)


def test_marks_lie_near_the_price_of_their_bar(figure, result):
    prices = of_instrument(result.frames["prices"], 0)
    for trace in figure["data"][1:]:
        at, paid = floats(trace["x"]), floats(trace["y"])
        low, high = prices["low"].to_numpy()[at], prices["high"].to_numpy()[at]
        assert ((paid > low * 0.97) & (paid < high * 1.03)).all()


def test_an_instrument_that_was_not_traded_has_a_price_and_no_marks(result):
    prices = of_instrument(result.frames["prices"], 1)

    figure = price_with_trades(prices, result.frames["trades"].iloc[:0], theme="light", symbol="IBM")

    assert [trace["name"] for trace in figure["data"]] == ["IBM"]


@given(arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(-0.9, 3.0)))
def test_each_trade_is_in_exactly_one_band_and_no_band_holds_gains_and_losses(returns):
    trace = return_distribution(returns, theme="light")["data"][0]

    assert sum(trace["y"]) == len(returns)
    assert len(trace["x"]) <= 60
    for (low, high), colour in zip(trace["customdata"], trace["marker"]["color"], strict=True):
        assert high <= 1e-9 or low >= -1e-9
        assert colour == (PALETTES["light"].loss if (low + high) / 2 < 0 else PALETTES["light"].gain)


@given(arrays.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 900)))
def test_each_holding_period_is_counted_once(n_bars):
    trace = holding_periods(n_bars, theme="dark")["data"][0]

    assert sum(trace["y"]) == len(n_bars)
    assert len(trace["x"]) == len(trace["customdata"]) <= 42


def test_a_band_of_bars_is_named():
    trace = holding_periods(np.array([3, 100]), theme="light")["data"][0]

    assert trace["customdata"][0] == "0 to 2 bars"
    assert holding_periods(np.array([3, 5]), theme="light")["data"][0]["customdata"][3] == "3 bars"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_colours_are_the_themes_own(result, theme):
    returns = result.frames["trades"]["return_on_entry_value"].to_numpy()

    figures = [return_distribution(returns, theme=theme), holding_periods(np.array([1, 2]), theme=theme)]

    assert reading.colours_in(figures) <= set(PALETTES[theme].tokens().values())


def test_the_mean_is_marked():
    figure = return_distribution(np.array([0.01, 0.03]), theme="light")

    assert figure["layout"]["shapes"][0]["x0"] == pytest.approx(0.02)
    assert pd.notna(figure["layout"]["annotations"][0]["x"])


def test_each_trade_is_a_point_by_its_excursions_and_losses_have_a_shape_of_their_own(result):
    trades = result.frames["trades"]
    gains, losses = excursions(trades, theme="light")["data"]

    worst = np.concatenate([floats(gains["x"]), floats(losses["x"])])
    np.testing.assert_allclose(np.sort(worst), np.sort(trades["max_adverse_excursion"].to_numpy("f4")))
    assert len(floats(gains["y"])) == int((trades["return_on_entry_value"] > 0).sum())
    assert gains["marker"]["symbol"] != losses["marker"]["symbol"]


def test_of_very_many_trades_those_that_went_furthest_are_drawn(result):
    trades = pd.concat([result.frames["trades"]] * 2000, ignore_index=True)
    trades.loc[777, "max_adverse_excursion"] = -0.9
    drawn = excursions(trades, theme="dark")["data"]

    assert sum(len(floats(each["x"])) for each in drawn) <= 2000
    assert min(floats(each["x"]).min() for each in drawn if len(floats(each["x"]))) == pytest.approx(-0.9)


def test_of_very_many_trades_marks_do_not_lie_over_each_other(result):
    prices = of_instrument(result.frames["prices"], 0)
    own = result.frames["trades"][result.frames["trades"]["instrument"] == 0]
    trades = pd.concat([own] * 500, ignore_index=True)

    marks = price_with_trades(prices, trades, theme="light", symbol="GOOG")["data"][1:]

    few = price_with_trades(prices, own, theme="light", symbol="GOOG")["data"][1:]
    for drawn, each in zip(marks, few, strict=True):
        at = floats(drawn["x"])
        assert len(np.unique(at)) == len(at) <= 500
        assert set(at) <= set(floats(each["x"]))


def test_a_split_is_no_fall_and_its_fills_go_with_it(result):
    prices = of_instrument(result.frames["prices"], 0)
    own = result.frames["trades"][result.frames["trades"]["instrument"] == 0]
    day = prices.index[len(prices) // 2]
    split = prices.assign(close=prices["close"].where(prices.index >= day, prices["close"] * 2.0))
    paid = {
        side: own[f"{side}_price"].where(own[f"{side}_at"] >= day, own[f"{side}_price"] * 2.0)
        for side in ("entry", "exit")
    }
    doubled = own.assign(entry_price=paid["entry"], exit_price=paid["exit"])
    assert not doubled["entry_price"].equals(own["entry_price"])

    drawn = price_with_trades(split, doubled, theme="light", symbol="GOOG")

    plain = price_with_trades(prices, own, theme="light", symbol="GOOG")
    for one, other in zip(drawn["data"], plain["data"], strict=True):
        np.testing.assert_allclose(floats(one["y"]), floats(other["y"]), rtol=1e-6)
