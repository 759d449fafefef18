import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.data.adjustment import PRICE_NAMES, back_adjusted, forward_adjusted, implied_actions
from quant.data.provider import PriceQuery
from quant.data.sample import SampleProvider
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS, check_prices

SPLITS = st.sampled_from([1.0, 1.0, 1.0, 2.0, 1.5, 7.0, 0.1])
PAID = st.sampled_from([0.0, 0.0, 0.0, 0.004, 0.01, 0.3])
BARS = st.lists(st.tuples(st.floats(-0.3, 0.3), SPLITS, PAID), min_size=2, max_size=40)


def bars_of(*rows):
    sessions, closes, adjusted = zip(*rows, strict=True)
    return pd.DataFrame({"session": pd.DatetimeIndex(sessions), "close": closes, "adjusted_close": adjusted})


# --- implied actions -------------------------------------------------------------------------------------------------


def test_google_has_no_implied_actions():
    actions = implied_actions(SampleProvider().fetch(PriceQuery("GOOG")).bars, dividend_basis="ex_close")
    assert actions.empty
    assert list(actions.columns) == ["split_factor", "dividend", "implied"]
    assert actions.index.name == "session"


def test_microsoft_split_two_for_one_and_paid_three_dollars_beside_its_eight_cents():
    actions = implied_actions(SampleProvider().fetch(PriceQuery("MSFT")).bars, dividend_basis="ex_close")
    splits = actions[actions["split_factor"] != 1]
    assert splits["split_factor"].to_dict() == {pd.Timestamp("2003-02-18"): 2.0}
    assert splits["dividend"].tolist() == [0.0]
    assert actions.loc["2004-11-15", "dividend"] == 3.08
    assert actions.loc["2003-02-19", "dividend"] == 0.08
    assert len(actions) == 38
    assert actions["implied"].all()


def test_ibm_paid_every_quarter_in_whole_cents():
    actions = implied_actions(SampleProvider().fetch(PriceQuery("IBM")).bars, dividend_basis="ex_close")
    assert (actions["split_factor"] == 1).all()
    assert len(actions) == 52
    assert actions["dividend"].iloc[[0, -1]].tolist() == [0.13, 0.85]
    np.testing.assert_array_equal(actions["dividend"], actions["dividend"].round(2))
    assert (actions.index.to_series().diff().dropna() < pd.Timedelta(days=100)).all()


@pytest.mark.parametrize("symbol", ["GOOG", "IBM", "MSFT"])
def test_raw_prices_and_implied_actions_give_back_the_delivered_adjusted_close(symbol, sample):
    delivered = SampleProvider().fetch(PriceQuery(symbol)).bars["adjusted_close"].to_numpy()
    prices = sample[symbol]
    close = prices["close"].to_numpy()
    # the source's own rule: the adjusted return is the total return on the ex-date
    steps = prices["split_factor"].to_numpy() * (1 + prices["dividend"].to_numpy() / close)
    rebuilt = close * np.cumprod(steps)
    constant = np.median(delivered / rebuilt)
    np.testing.assert_allclose(rebuilt * constant, delivered, rtol=0, atol=0.6e-6)


@pytest.mark.parametrize("symbol", ["GOOG", "IBM", "MSFT"])
def test_adjusted_returns_differ_from_the_delivered_ones_in_the_second_order_only(symbol, sample):
    delivered = SampleProvider().fetch(PriceQuery(symbol)).bars["adjusted_close"].to_numpy()
    prices = sample[symbol]
    close, adjusted = prices["close"].to_numpy(), forward_adjusted(prices)["close"].to_numpy()
    difference = np.diff(np.log(adjusted)) - np.diff(np.log(delivered))
    plain = np.abs(np.diff(np.log(adjusted)))
    part = prices["dividend"].to_numpy()[1:] / (close[:-1] / prices["split_factor"].to_numpy()[1:])
    assert (np.abs(difference) <= 1.5 * part * (plain + part) + 1e-7).all()


def test_rounding_noise_is_no_action():
    generator = np.random.default_rng(3)
    close = np.round(20 + np.cumsum(generator.normal(0, 0.3, 500)).clip(-15), 2)
    for decimals in (2, 4, 6):
        bars = pd.DataFrame(
            {
                "session": pd.date_range("2001-01-01", periods=500, unit="us"),
                "close": close,
                "adjusted_close": np.round(close * 0.37, decimals),
            }
        )
        assert implied_actions(bars).empty, decimals


def test_a_dividend_is_larger_than_rounding_to_cents_hides():
    bars = bars_of(("2010-01-04", 50.0, 49.01), ("2010-01-05", 50.0, 49.5), ("2010-01-06", 50.2, 49.7))
    assert implied_actions(bars, decimals=2)["dividend"].round(1).to_dict() == {pd.Timestamp("2010-01-05"): 0.5}


@pytest.mark.parametrize("ratio", [2.0, 3.0, 1.5, 7.0, 20.0, 0.1, 1.25])
@pytest.mark.parametrize("basis", ["previous_close", "ex_close"])
def test_splits_are_found(ratio, basis):
    bars = bars_of(("2010-01-04", 60.0, 60.0), ("2010-01-05", 61.0 / ratio, 61.0))
    actions = implied_actions(bars, dividend_basis=basis)
    assert actions["split_factor"].tolist() == [pytest.approx(ratio, rel=1e-12)]
    assert actions["dividend"].tolist() == [0.0]


@pytest.mark.parametrize("basis", ["previous_close", "ex_close"])
@pytest.mark.parametrize(("split", "dividend"), [(1.0, 0.5), (2.0, 0.25), (0.1, 4.0), (3.0, 0.01)])
def test_both_rules_recover_the_cash(basis, split, dividend):
    before, after = 60.0, 58.0 / split
    kept = 1 - dividend * split / before if basis == "previous_close" else 1 / (1 + dividend / after)
    bars = bars_of(("2010-01-04", before, before * kept / split), ("2010-01-05", after, after))
    actions = implied_actions(bars, dividend_basis=basis, decimals=12)
    assert actions["split_factor"].tolist() == [pytest.approx(split, rel=1e-12)]
    assert actions["dividend"].tolist() == [pytest.approx(dividend, rel=1e-9)]


def test_a_fall_of_adjusted_close_that_is_no_split_is_refused():
    bars = bars_of(("2010-01-04", 50.25, 50.25), ("2010-01-05", 50.25, 49.245))
    with pytest.raises(InvalidPrices, match=r"fall to 0\.980000 of it on 2010-01-05"):
        implied_actions(bars)


def test_unordered_bars_are_refused():
    bars = bars_of(("2010-01-05", 50.0, 50.0), ("2010-01-04", 50.0, 49.0))
    with pytest.raises(InvalidPrices, match="ascending"):
        implied_actions(bars)


def test_bars_without_prices_are_passed_over():
    bars = bars_of(("2010-01-04", 50.0, 49.5), ("2010-01-05", np.nan, np.nan), ("2010-01-06", 50.0, 50.0))
    assert implied_actions(bars)["dividend"].to_dict() == {pd.Timestamp("2010-01-06"): pytest.approx(0.5)}


# --- adjusted prices -------------------------------------------------------------------------------------------------


def test_forward_adjustment_by_hand(make_prices):
    prices = make_prices([(0.0, 1.0, 0.0)] * 4).assign(
        close=[100.0, 49.0, 48.0, 47.0],
        open=[100.0, 49.0, 48.0, 47.0],
        high=[100.0, 49.0, 48.0, 47.0],
        low=[100.0, 49.0, 48.0, 47.0],
        volume=[10.0, 20.0, 30.0, 40.0],
        split_factor=[1.0, 2.0, 1.0, 1.0],
        dividend=[0.0, 1.0, 0.0, 4.8],  # 1 a new share on the day of the split, which is 2 of the old 100
    )
    adjusted = forward_adjusted(prices)
    first = 2.0 / (1 - 2.0 / 100)
    np.testing.assert_allclose(adjusted["close"], [100.0, 49 * first, 48 * first, 47 * first / (1 - 4.8 / 48)])
    assert adjusted["volume"].tolist() == [10.0, 10.0, 15.0, 20.0]
    assert (adjusted["split_factor"] == 1).all()
    assert (adjusted["dividend"] == 0).all()
    assert tuple(adjusted.columns) == PRICE_COLUMNS


def test_an_action_on_the_first_bar_changes_nothing(make_prices):
    prices = make_prices([(0.0, 2.0, 0.01), (0.1, 1.0, 0.0)])
    np.testing.assert_array_equal(forward_adjusted(prices)[PRICE_NAMES], prices[PRICE_NAMES])


@given(bars=BARS)
def test_adjusted_returns_do_not_know_of_splits_and_dividends(bars, make_prices):
    adjusted = forward_adjusted(make_prices(bars))
    without_actions = make_prices([(move, 1.0, 0.0) for move, _, _ in bars])
    np.testing.assert_allclose(adjusted[PRICE_NAMES], without_actions[PRICE_NAMES], rtol=1e-9)


@given(bars=BARS, data=st.data())
def test_forward_adjustment_is_causal(bars, data, make_prices):
    prices = make_prices(bars)
    cut = data.draw(st.integers(0, len(bars)))
    pd.testing.assert_frame_equal(forward_adjusted(prices[:cut]), forward_adjusted(prices)[:cut], check_exact=True)


@given(bars=BARS)
def test_back_and_forward_have_the_same_returns_and_back_ends_as_traded(bars, make_prices):
    prices = make_prices(bars)
    forward, back = forward_adjusted(prices), back_adjusted(prices)
    ratio = (back[PRICE_NAMES] / forward[PRICE_NAMES]).to_numpy()
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-12)
    np.testing.assert_array_equal(back[PRICE_NAMES].iloc[-1], prices[PRICE_NAMES].iloc[-1])
    assert back["volume"].iloc[-1] == prices["volume"].iloc[-1]
    check_prices(back)
    check_prices(forward)


@given(bars=BARS)
def test_traded_value_does_not_know_of_splits(bars, make_prices):
    prices = make_prices([(move, split, 0.0) for move, split, _ in bars])
    for adjusted in (forward_adjusted(prices), back_adjusted(prices)):
        np.testing.assert_allclose(adjusted["close"] * adjusted["volume"], prices["close"] * prices["volume"])


@given(bars=BARS)
def test_splits_first_and_dividends_later_is_the_same(bars, make_prices):
    prices = make_prices(bars)
    split_only = back_adjusted(prices, dividends=False)
    assert split_only["dividend"].iloc[-1] == prices["dividend"].iloc[-1]
    pd.testing.assert_frame_equal(back_adjusted(split_only), back_adjusted(prices), rtol=1e-12)


@given(bars=BARS, data=st.data())
def test_the_view_of_a_day_is_the_view_of_prices_that_end_there(bars, data, make_prices):
    prices = make_prices(bars)
    cut = data.draw(st.integers(1, len(bars)))
    as_of = prices["session"].iloc[cut - 1].date()
    pd.testing.assert_frame_equal(back_adjusted(prices, as_of), back_adjusted(prices[:cut]), check_exact=True)


def test_a_view_before_the_first_bar_is_empty(calm):
    assert back_adjusted(calm, pd.Timestamp("1999-01-01").date()).empty


def test_sound_prices_without_actions_are_untouched(sample):
    pd.testing.assert_frame_equal(forward_adjusted(sample["GOOG"]), sample["GOOG"], check_exact=True)
    pd.testing.assert_frame_equal(back_adjusted(sample["GOOG"]), sample["GOOG"], check_exact=True)


def test_a_dividend_above_the_price_is_refused(make_prices):
    prices = make_prices([(0.0, 1.0, 0.0)] * 3).assign(dividend=[0.0, 0.0, 150.0])
    with pytest.raises(InvalidPrices, match="found 150 on 2004-01-06 after a close of 100"):
        forward_adjusted(prices)


def test_adjustment_leaves_its_input_alone(sample):
    before = sample["MSFT"].copy()
    forward_adjusted(sample["MSFT"])
    back_adjusted(sample["MSFT"])
    pd.testing.assert_frame_equal(sample["MSFT"], before, check_exact=True)
