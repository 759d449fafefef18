import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.data.adjustment import back_adjusted, forward_adjusted
from quant.data.provider import ACTION_COLUMNS, Delivered, PriceQuery
from quant.data.sample import SampleProvider
from quant.data.snapshot import actions_of, snapshot_hash, to_prices
from quant.errors import InvalidPrices
from quant.frames import check_prices


def delivered_of(prices, *, actions=None, basis="raw"):
    bars = prices.reset_index(drop=True).drop(columns=["split_factor", "dividend"])
    return Delivered("X", bars, "USD", "XNYS", "America/New_York", "X", "equity", basis=basis, actions=actions)


def actions_in(rows):
    frame = pd.DataFrame(rows, columns=["session", "split_factor", "dividend"]).assign(implied=False)
    return frame.astype({"session": "datetime64[us]"}).set_index("session")[list(ACTION_COLUMNS)]


@pytest.mark.parametrize("symbol", ["GOOG", "IBM", "MSFT"])
def test_sample_prices_are_price_frames(symbol, sample):
    check_prices(sample[symbol])
    assert sample[symbol].index.unit == "us"


def test_bars_close_when_the_exchange_does(sample):
    closes = pd.Series(sample["GOOG"].index.strftime("%H:%M"), index=sample["GOOG"]["session"])
    assert closes["2012-07-05"] == "20:00"  # New York has daylight saving time
    assert closes["2012-12-05"] == "21:00"
    assert closes["2012-07-03"] == "17:00"  # the afternoon before Independence Day is off
    assert closes["2012-11-23"] == "18:00"


def test_an_early_end_does_not_change_what_was_before(sample):
    query = PriceQuery("MSFT", end=pd.Timestamp("2003-02-18").date())
    shorter = to_prices(SampleProvider().fetch(query))
    pd.testing.assert_frame_equal(shorter, sample["MSFT"][: len(shorter)], check_exact=True)


def test_the_actions_of_a_source_come_before_those_its_prices_imply():
    delivered = SampleProvider().fetch(PriceQuery("MSFT"))
    announced = actions_in([("2003-02-18", 2.0, 0.0)])
    own = Delivered(**{**vars(delivered), "actions": announced})
    assert actions_of(own).equals(announced)
    assert len(actions_of(delivered)) == 38
    assert to_prices(own)["dividend"].sum() == 0


def test_without_actions_and_adjusted_close_there_are_none(calm):
    actions = actions_of(delivered_of(calm))
    assert actions.empty
    assert list(actions.columns) == list(ACTION_COLUMNS)
    pd.testing.assert_frame_equal(to_prices(delivered_of(calm)), calm, check_exact=True)


def test_an_action_between_bars_takes_effect_at_the_next(calm):
    # Saturday and Sunday before Monday 2004-01-12, then its own day
    actions = actions_in([("2004-01-10", 1.0, 0.5), ("2004-01-11", 2.0, 0.0), ("2004-01-12", 1.0, 0.1)])
    prices = to_prices(delivered_of(calm, actions=actions))
    acted = prices[(prices["split_factor"] != 1) | (prices["dividend"] != 0)]
    assert acted["session"].tolist() == [pd.Timestamp("2004-01-12")]
    assert acted["split_factor"].tolist() == [2.0]
    assert acted["dividend"].tolist() == [pytest.approx(0.35)]  # half a dollar an old share is a quarter a new one


def test_actions_after_the_last_bar_change_no_raw_price(calm):
    late = actions_in([("2030-01-02", 3.0, 0.0)])
    pd.testing.assert_frame_equal(to_prices(delivered_of(calm, actions=late)), calm, check_exact=True)


@given(
    bars=st.lists(
        st.tuples(st.floats(-0.2, 0.2), st.sampled_from([1.0, 1.0, 2.0, 0.1, 1.5]), st.sampled_from([0.0, 0.0, 0.02])),
        min_size=2,
        max_size=30,
    ),
    later=st.sampled_from([None, 4.0]),
)
def test_split_adjusted_deliveries_are_put_back_to_raw(bars, later, make_prices):
    raw = make_prices([(bars[0][0], 1.0, 0.0), *bars[1:]])
    split_only = back_adjusted(raw, dividends=False)
    rows = [
        (session, split, dividend)
        for session, split, dividend in zip(raw["session"], raw["split_factor"], split_only["dividend"], strict=True)
        if split != 1 or dividend != 0
    ]
    if later is not None:  # a split that the source knows of, after the last bar that was asked for
        rows.append((pd.Timestamp("2030-01-02"), later, 0.0))
        market = ["open", "high", "low", "close"]
        split_only = split_only.assign(**split_only[market] / later, volume=split_only["volume"] * later)
        rows = [(session, split, dividend / (1.0 if split == later else later)) for session, split, dividend in rows]
    delivered = delivered_of(split_only, actions=actions_in(rows), basis="split_adjusted")
    pd.testing.assert_frame_equal(to_prices(delivered), raw, rtol=1e-12)


def test_split_adjusted_bars_without_a_list_of_splits_are_refused(calm):
    with pytest.raises(InvalidPrices, match="list of splits for X"):
        to_prices(delivered_of(calm, basis="split_adjusted"))


def test_a_bar_on_a_holiday_is_refused_with_its_date(calm):
    wrong = calm.assign(session=calm["session"].where(calm["session"] != "2004-01-02", pd.Timestamp("2004-01-01")))
    with pytest.raises(InvalidPrices, match="1 bars on other dates: 2004-01-01"):
        to_prices(delivered_of(wrong))


def test_contradictions_pass_through_for_the_checks_to_report(calm):
    order = [2, 0, 1, 1]
    wrong = calm.iloc[order].assign(close=[np.nan, -1.0, 5.0, 6.0])
    prices = to_prices(delivered_of(wrong))
    assert prices["session"].tolist() == calm["session"].iloc[order].tolist()
    np.testing.assert_array_equal(prices["close"], [np.nan, -1.0, 5.0, 6.0])


def test_the_snapshot_hash_knows_names_and_values_and_not_order(sample):
    known = snapshot_hash(sample)
    assert snapshot_hash(dict(reversed(sample.items()))) == known
    assert snapshot_hash({name: prices.copy() for name, prices in sample.items()}) == known
    assert snapshot_hash({**sample, "GOOG": sample["GOOG"][:-1]}) != known
    assert snapshot_hash({**sample, "GOOG": sample["IBM"], "IBM": sample["GOOG"]}) != known
    assert snapshot_hash({**sample, "MSFT": forward_adjusted(sample["MSFT"])}) != known
