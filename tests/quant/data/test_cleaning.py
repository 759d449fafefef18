import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.data.adjustment import forward_adjusted
from quant.data.catalog import CleaningSpec
from quant.data.cleaning import clean
from quant.errors import InvalidPrices, NotEnoughData
from quant.frames import check_prices

DEFAULT = CleaningSpec()
DROP = CleaningSpec(drop_zero_volume=True, max_gap_sessions=250)


@pytest.mark.parametrize("spec", [DEFAULT, DROP])
@pytest.mark.parametrize("symbol", ["GOOG", "IBM", "MSFT"])
def test_sound_prices_are_untouched(spec, symbol, sample):
    cleaned, findings = clean(sample[symbol], spec, "XNYS")
    pd.testing.assert_frame_equal(cleaned, sample[symbol], check_exact=True)
    assert findings == []


def test_a_repeat_leaves_out_the_same_bars_and_reports_its_changes_only(calm):
    given_prices = without_trades(calm, [3, 4]).drop(calm.index[7])
    cleaned, findings = clean(given_prices, DROP)
    again, changes = clean(given_prices, DROP, is_repeat=True)
    pd.testing.assert_frame_equal(again, cleaned, check_exact=True)
    assert [finding.code for finding in findings] == ["missing_sessions", "zero_volume", "dropped_zero_volume"]
    assert [finding.code for finding in changes] == ["dropped_zero_volume"]


def without_trades(prices, rows):
    prices = prices.copy()
    prices.iloc[list(rows), prices.columns.get_loc("volume")] = 0.0
    return prices


def test_bars_without_trades_stay_unless_asked(calm):
    given_prices = without_trades(calm, [3, 4])
    cleaned, findings = clean(given_prices, DEFAULT)
    pd.testing.assert_frame_equal(cleaned, given_prices, check_exact=True)
    assert [finding.code for finding in findings] == ["zero_volume"]


def test_bars_without_trades_are_left_out_and_reported(calm):
    cleaned, findings = clean(without_trades(calm, [3, 4]), DROP)
    pd.testing.assert_frame_equal(cleaned, calm.drop(calm.index[[3, 4]]), check_exact=True)
    change = findings[-1]
    assert (change.code, change.severity, change.rows) == ("dropped_zero_volume", "info", (3, 4))
    assert change.sessions == tuple(calm["session"].iloc[[3, 4]].dt.date)


def test_a_split_on_a_bar_that_is_left_out_takes_effect_at_the_next(make_prices):
    prices = make_prices([(0.01, 1.0, 0.0), (0.02, 2.0, 0.01), (0.01, 1.0, 0.0), (-0.01, 3.0, 0.02), (0.03, 1.0, 0.0)])
    cleaned, _ = clean(without_trades(prices, [1, 3]), DROP)
    assert cleaned["split_factor"].tolist() == [1.0, 2.0, 3.0]
    # the dividend is reinvested a bar later, at the price before: equal to second order
    expected = forward_adjusted(prices)["close"].iloc[[0, 2, 4]]
    np.testing.assert_allclose(forward_adjusted(cleaned)["close"], expected, rtol=2e-3)


def test_the_cash_of_a_dividend_survives_a_split_on_the_bar_it_moves_to(make_prices):
    prices = make_prices([(0.0, 1.0, 0.0), (0.0, 1.0, 0.02), (0.0, 2.0, 0.0)])
    cash_per_old_share = prices["dividend"].iloc[1]
    cleaned, _ = clean(without_trades(prices, [1]), DROP)
    assert cleaned["dividend"].tolist() == [0.0, pytest.approx(cash_per_old_share / 2)]


@given(rows=st.sets(st.integers(0, 59), max_size=50))
def test_cleaning_twice_is_cleaning_once_and_nothing_is_invented(rows, calm):
    prices = without_trades(calm[:60], rows)
    once, _ = clean(prices, DROP)
    twice, again = clean(once, DROP)
    pd.testing.assert_frame_equal(twice, once, check_exact=True)
    assert all(finding.severity == "warning" for finding in again)
    check_prices(once)
    pd.testing.assert_frame_equal(once, prices.loc[once.index], check_exact=True)


@given(cut=st.integers(1, 60), rows=st.sets(st.integers(0, 59), max_size=20))
def test_whether_a_bar_is_kept_does_not_depend_on_later_bars(cut, rows, calm):
    prices = without_trades(calm[:60], rows)
    if set(range(cut)) <= rows:
        return
    shorter, _ = clean(prices[:cut], DROP)
    longer, _ = clean(prices, DROP)
    pd.testing.assert_frame_equal(shorter, longer[: len(shorter)], check_exact=True)


def test_holes_up_to_the_limit_are_reported_and_longer_ones_refused(sample):
    prices = sample["IBM"][:200]
    holed = prices.drop(prices.index[50:60])
    cleaned, findings = clean(holed, DEFAULT)
    assert len(cleaned) == 190
    assert [(finding.code, finding.count) for finding in findings] == [("missing_sessions", 10)]
    with pytest.raises(InvalidPrices, match="at most 10 sessions without a bar in a row; found 11"):
        clean(prices.drop(prices.index[50:61]), DEFAULT)


def test_a_hole_that_cleaning_makes_counts_as_well(calm):
    with pytest.raises(InvalidPrices, match="found 11"):
        clean(without_trades(calm, range(20, 31)), CleaningSpec(drop_zero_volume=True))


def test_contradictions_are_refused_with_all_that_was_found(sample):
    damaged = sample["MSFT"][:100].copy()
    damaged.iloc[5, damaged.columns.get_loc("close")] = np.nan
    damaged.iloc[9, damaged.columns.get_loc("low")] = -3.0
    with pytest.raises(InvalidPrices, match=r"unknown or infinite.*2000-03-08.*above zero.*2000-03-14"):
        clean(damaged, DEFAULT)


def test_suspicions_are_not_refused(sample):
    cleaned, findings = clean(sample["MSFT"].assign(split_factor=1.0), DEFAULT)
    assert len(cleaned) == 3270
    assert [finding.code for finding in findings] == ["split_suspected"]


@pytest.mark.parametrize("rows", [range(0), range(20)])
def test_nothing_left_is_not_enough(rows, calm):
    prices = without_trades(calm[: len(rows)], rows)
    with pytest.raises(NotEnoughData, match="found none to use"):
        clean(prices, DROP)
