import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.bars.resampling import resample
from quant.calendars import session_closes
from quant.data.adjustment import forward_adjusted
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS, check_prices
from tests.quant.features.generated import price_walk


@pytest.fixture(scope="module")
def adjusted():
    return forward_adjusted(to_prices(create_provider("sample").fetch(PriceQuery("IBM", "1d"))))


@pytest.mark.parametrize(("interval", "rule"), [("1w", "W-SUN"), ("1mo", "ME")])
def test_bars_are_those_of_pandas(adjusted, interval, rule):
    bars = check_prices(resample(adjusted, interval))
    by_session = adjusted.set_index("session")
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    expected = by_session[list(how)].resample(rule).agg(how)
    if interval == "1mo":
        begins_late = adjusted["session"].iloc[0].day > 5
        expected = expected.iloc[int(begins_late) :]
    assert abs(len(bars) - len(expected)) <= 2
    ours = bars.set_index(bars["session"].dt.to_period(rule.replace("ME", "M")))
    expected.index = expected.index.to_period(rule.replace("ME", "M"))
    pd.testing.assert_frame_equal(ours[list(how)], expected.loc[ours.index], check_freq=False, check_names=False)


@pytest.mark.parametrize("interval", ["1w", "1mo"])
def test_a_period_is_stamped_with_the_close_of_its_last_session(adjusted, interval):
    bars = resample(adjusted, interval)
    usual = bars.index == session_closes(pd.DatetimeIndex(bars["session"]))
    # The week of September 2001 ended on its Monday, which nobody knew on that Monday; a funeral took a Friday of 2004.
    unforeseen = ["2001-09-15 00:00", "2004-06-12 00:00"] if interval == "1w" else []
    assert bars.index[~usual].strftime("%Y-%m-%d %H:%M").tolist() == unforeseen


def test_a_week_with_a_holiday_at_its_end_is_over_a_day_earlier(adjusted):
    bars = resample(adjusted, "1w")
    assert pd.Timestamp("2012-04-05 20:00", tz="UTC") in bars.index  # Good Friday


@pytest.mark.parametrize("interval", ["1w", "1mo"])
def test_later_bars_add_periods_and_change_none(adjusted, interval):
    whole = resample(adjusted, interval)
    for cut in (1, 2, 3, 7, 8, 250, 431, 432, 433, 434, 435, 436):
        early = resample(adjusted.iloc[:cut], interval)
        pd.testing.assert_frame_equal(whole.iloc[: len(early)], early, check_exact=True, check_freq=False)
        assert (whole.index[: len(early)] <= adjusted.index[cut - 1]).all()
        assert len(early) == (whole.index <= adjusted.index[cut - 1]).sum()


@settings(max_examples=20)
@given(st.integers(1, 200), st.integers(0, 199), st.integers(0, 2**32 - 1))
def test_another_future_changes_no_period_that_was_over(n_bars, cut, seed):
    prices = price_walk(n_bars, seed)
    known = resample(prices.iloc[:cut], "1w", "24/7")
    other = prices.copy()
    other.iloc[cut:, 1:6] = 7.0
    pd.testing.assert_frame_equal(
        resample(other, "1w", "24/7").iloc[: len(known)], known, check_exact=True, check_freq=False
    )


def test_a_history_that_begins_inside_a_period_leaves_it_out(adjusted):
    monday = int(np.flatnonzero(adjusted["session"].dt.weekday == 0)[3])
    assert len(resample(adjusted.iloc[monday : monday + 5], "1w")) == 1
    assert len(resample(adjusted.iloc[monday + 1 : monday + 5], "1w")) == 0
    assert len(resample(adjusted.iloc[monday : monday + 4], "1w")) == 0


def test_an_unknown_bar_makes_its_period_unknown(adjusted):
    monday = int(np.flatnonzero(adjusted["session"].dt.weekday == 0)[3])
    broken = adjusted.iloc[monday : monday + 10].copy()
    broken.iloc[2, broken.columns.get_loc("close")] = np.nan
    bars = resample(broken, "1w")
    assert bars.iloc[0][["open", "high", "low", "close", "volume"]].isna().all()
    assert bars.iloc[1].notna().all()


def test_sessions_from_hours():
    stamps = pd.date_range("2020-01-02 15:00", periods=30, freq="h", tz="UTC", unit="us", name="timestamp")
    stamps = stamps[(stamps.hour >= 15) & (stamps.hour <= 21)]
    prices = price_walk(len(stamps), seed=1).set_index(stamps)
    prices["session"] = stamps.tz_localize(None).normalize()
    days = resample(prices, "1d")
    assert days.index.strftime("%m-%d %H:%M").tolist() == ["01-02 21:00"]
    assert days["close"].iloc[0] == prices["close"].iloc[6]


def test_a_split_is_refused_and_nothing_is_nothing(adjusted):
    split = adjusted.copy()
    split.iloc[5, split.columns.get_loc("split_factor")] = 2.0
    with pytest.raises(InvalidPrices, match="found a split among them"):
        resample(split, "1w")
    assert tuple(resample(adjusted.iloc[:0], "1w").columns) == PRICE_COLUMNS
