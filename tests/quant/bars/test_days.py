import numpy as np
import pandas as pd
import pytest

from quant.backtest.benchmark import buy_and_hold
from quant.bars.days import (
    Days,
    by_imbalance,
    by_runs,
    each_day,
    equal_days,
    equal_value,
    equal_volume,
    gather_days,
    months,
    weeks,
)
from quant.bars.resampling import resample
from quant.data.adjustment import forward_adjusted
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from tests.quant.bars.days import days_of, raw_days


@pytest.fixture(scope="module")
def ibm():
    raw = to_prices(create_provider("sample").fetch(PriceQuery("IBM", "1d")))
    return Days(raw, forward_adjusted(raw), "XNYS", raw.index[-1])


def plain_days(volumes, closes=None):
    """Return as many days with these volumes."""
    raw = raw_days(len(volumes), seed=1, actions=False).assign(volume=np.asarray(volumes, dtype=np.float64))
    if closes is not None:
        raw = raw.assign(**dict.fromkeys(("open", "high", "low", "close"), np.asarray(closes, dtype=np.float64)))
    return days_of(raw)


@pytest.mark.parametrize(("gather", "interval"), [(weeks, "1w"), (months, "1mo")])
def test_weeks_and_months_are_those_of_resampling(ibm, gather, interval):
    _, adjusted = gather_days(ibm, gather(ibm))
    expected = resample(ibm.adjusted, interval)
    pd.testing.assert_frame_equal(adjusted, expected, check_exact=True, check_freq=False)


def test_a_week_is_over_when_its_last_session_is_though_the_instrument_has_no_bar_of_it(ibm):
    friday = int(np.flatnonzero(ibm.raw["session"].dt.weekday == 4)[20])
    raw, adjusted = (frame.iloc[:friday] for frame in (ibm.raw, ibm.adjusted))
    closed = ibm.raw.index[friday]
    before = weeks(Days(raw, adjusted, "XNYS", raw.index[-1]))
    after = weeks(Days(raw, adjusted, "XNYS", closed))
    assert after.closed_at[-1] == closed
    assert len(after.ends) == len(before.ends) + 1


def test_bars_of_equally_many_days():
    spans = equal_days(plain_days([1.0] * 11), n_days=3)
    assert (spans.begins.tolist(), spans.ends.tolist()) == ([0, 3, 6], [3, 6, 9])


def test_each_day_is_a_bar():
    days = plain_days([1.0] * 4)
    raw, adjusted = gather_days(days, each_day(days))
    pd.testing.assert_frame_equal(raw, days.raw, check_exact=True, check_freq=False)
    pd.testing.assert_frame_equal(adjusted, days.adjusted, check_exact=True, check_freq=False)


def test_a_given_threshold_ends_bars_from_the_first_one_on():
    days = plain_days([3, 3, 5, 1, 9, 4, 4])
    spans = equal_volume(days, n_days=5, threshold=6.0, estimate="ewma", span=20)
    assert spans.ends.tolist() == [2, 4, 5, 7]


def test_an_estimated_threshold_is_that_of_the_bars_before():
    # Two days make the first bar: 4 shares a day. Then bars of 8 are wanted, and of twice the average of all days.
    days = plain_days([6, 2, 5, 2, 1, 20, 7, 7, 7])
    expanding = equal_volume(days, n_days=2, threshold=None, estimate="expanding", span=20)
    assert expanding.ends.tolist() == [2, 5, 6, 8]  # 16 / 5 x 2 = 6.4; 36 / 6 x 2 = 12
    # With a span of 1 only the last bar counts: after 20 shares in a day, 40 are wanted.
    forgetting = equal_volume(days, n_days=2, threshold=None, estimate="ewma", span=1)
    assert forgetting.ends.tolist() == [2, 5, 6]


def test_days_before_anything_is_traded_make_bars_of_the_wanted_length():
    spans = equal_volume(plain_days([0, 0, 0, 0, 2, 4, 6]), n_days=2, threshold=None, estimate="ewma", span=20)
    assert spans.ends.tolist() == [2, 4, 6, 7]


def test_value_is_of_raw_prices():
    days = plain_days([1, 1, 1, 1], closes=[10.0, 20.0, 30.0, 40.0])
    assert equal_value(days, n_days=2, threshold=30.0, estimate="ewma", span=20).ends.tolist() == [2, 3, 4]


def test_the_side_of_a_day_is_that_of_its_adjusted_close():
    # Of the first bar, of two days, one rose: a day of one side is expected next, and one is enough. Then it was one of
    # one, so two are expected: of either side, or of one more than of the other.
    days = plain_days([1] * 9, closes=[10, 11, 10, 11, 10, 11, 12, 13, 14])
    runs = by_runs(days, measure="ticks", n_days=2, span=1, bound=1.0)
    imbalances = by_imbalance(days, measure="ticks", n_days=2, span=1, bound=1.0)
    assert runs.ends.tolist() == [2, 3, 6, 8]
    assert imbalances.ends.tolist() == [2, 3, 7, 8]


@pytest.mark.parametrize("gather", [weeks, months])
def test_the_benchmark_is_the_same_through_bars_as_through_days(ibm, gather):
    spans = gather(ibm)
    bars, _ = gather_days(ibm, spans)
    assert (bars["split_factor"] > 1.0).sum() > 40  # dividends inside bars
    # Decided at the close of the first bar, bought at the next day's open, either way.
    through_bars = buy_and_hold({0: bars}, 1e5, bars.index[0])["equity"]
    through_days = buy_and_hold({0: ibm.raw}, 1e5, ibm.raw.index[spans.ends[0] - 1])["equity"]
    at = ibm.raw.index[spans.ends - 1]
    np.testing.assert_allclose(through_bars, through_days.loc[at], rtol=1e-12)


def test_a_dividend_inside_a_bar_is_of_who_bought_at_its_open():
    raw = plain_days([1.0] * 6, closes=[100.0] * 6).raw
    raw = raw.assign(dividend=[0.0, 0.0, 0.0, 0.0, 2.0, 0.0])
    raw.iloc[4:, 1:5] = 98.0
    days = days_of(raw)
    bars, _ = gather_days(days, equal_days(days, n_days=3))
    second = bars.iloc[1]
    assert second["dividend"] == 0.0
    # Bought for 100, worth 98 with 2 / 98 more shares: nothing was lost. Sold for 100, nothing was missed.
    assert second["close"] / second["open"] == pytest.approx(1.0, abs=1e-12)
    assert second["split_factor"] * second["open"] == pytest.approx(100.0, abs=1e-12)


def test_a_dividend_of_the_first_day_is_cash():
    raw = plain_days([1.0] * 6, closes=[100.0] * 6).raw.assign(dividend=[0.0, 0.0, 0.0, 2.0, 0.0, 0.0])
    days = days_of(raw)
    bars, _ = gather_days(days, equal_days(days, n_days=3))
    assert bars["dividend"].tolist() == [0.0, 2.0]
    assert bars["split_factor"].tolist() == [1.0, 1.0]


def test_no_bar_is_no_error():
    days = plain_days([1.0] * 2)
    raw, adjusted = gather_days(days, equal_days(days, n_days=3))
    assert raw.empty
    assert adjusted.empty
