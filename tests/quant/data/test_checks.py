import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.data import checks, contradictions, oddities
from quant.data.checks import CHECKS, quality_report
from quant.errors import InvalidPrices, InvalidSpec
from quant.frames import check_prices


@pytest.mark.parametrize("symbol", ["GOOG", "IBM", "MSFT"])
def test_the_packaged_prices_are_sound(symbol, sample):
    before = sample[symbol].copy()
    assert quality_report(sample[symbol], "XNYS") == []
    pd.testing.assert_frame_equal(sample[symbol], before, check_exact=True)


def test_every_check_is_in_the_list():
    written = {
        function
        for module in (contradictions, oddities)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "bars" in inspect.signature(function).parameters
    }
    assert written == set(CHECKS)
    assert len(CHECKS) == len(written)


def test_the_most_severe_comes_first(sample):
    damaged = sample["IBM"][-100:].drop(sample["IBM"].index[-50]).copy()
    damaged.iloc[3, damaged.columns.get_loc("volume")] = 0.0
    damaged.iloc[60, damaged.columns.get_loc("close")] = np.nan
    report = quality_report(damaged)
    assert [finding.code for finding in report] == ["missing_value", "missing_sessions", "zero_volume"]
    assert [finding.severity for finding in report] == ["error", "warning", "warning"]


def test_the_clock_is_read_when_nobody_tells_the_time(sample):
    prices = sample["GOOG"]
    assert quality_report(prices) == []
    (finding,) = quality_report(prices, now=prices.index[-1] - pd.Timedelta(seconds=1))
    assert finding.code == "future_timestamp"
    assert finding.rows == (len(prices) - 1,)


def test_what_is_no_price_frame_cannot_be_judged(sample):
    with pytest.raises(InvalidPrices, match="Expected the columns"):
        quality_report(sample["GOOG"].drop(columns="low"))
    with pytest.raises(InvalidPrices, match="index of"):
        quality_report(sample["GOOG"].reset_index(drop=True))
    with pytest.raises(InvalidSpec, match="calendars"):
        quality_report(sample["GOOG"], "XXXX")


COLUMNS = ["open", "high", "low", "close", "volume", "split_factor", "dividend"]
WRONG = [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e9, 1.0]


@given(
    damage=st.lists(st.tuples(st.integers(0, 29), st.sampled_from(COLUMNS), st.sampled_from(WRONG)), max_size=4),
    order=st.sampled_from(["kept", "swapped", "repeated"]),
)
def test_what_a_price_frame_must_not_have_is_always_an_error_in_the_report(damage, order, calm):
    rows = {"kept": range(30), "swapped": [1, 0, *range(2, 30)], "repeated": [0, 0, *range(1, 29)]}[order]
    prices = calm.iloc[list(rows)].copy()
    for row, column, value in damage:
        prices.iloc[row, prices.columns.get_loc(column)] = value
    has_error = any(finding.severity == "error" for finding in quality_report(prices))
    if not has_error:
        check_prices(prices)
    try:
        check_prices(prices)
    except InvalidPrices:
        assert has_error


def test_findings_are_known_by_their_codes(sample):
    assert checks.Finding.__dataclass_params__.frozen
    damaged = sample["GOOG"][:50].copy()
    damaged.iloc[10, 1] = -1.0
    (finding, *_) = quality_report(damaged)
    assert finding.code == "non_positive_price"
    assert finding.code.islower()
