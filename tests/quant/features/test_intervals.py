import numpy as np
import pandas as pd
import pytest

from quant.bars.resampling import resample
from quant.data.adjustment import forward_adjusted
from quant.features.intervals import interval_feature
from quant.features.momentum import relative_strength_index


@pytest.fixture
def adjusted(prices):
    return forward_adjusted(prices)


MEASURES = {
    "return": lambda close: close / close.shift(3) - 1.0,
    "volatility": lambda close: close.pct_change().rolling(3).std(),
    "sma": lambda close: close / close.rolling(3).mean() - 1.0,
    "rsi": lambda close: pd.Series(relative_strength_index(close.to_numpy(), 3), index=close.index),
}


@pytest.mark.parametrize("interval", ["1w", "1mo"])
@pytest.mark.parametrize("measure", MEASURES)
def test_a_bar_knows_the_periods_before_its_own(adjusted, interval, measure):
    found = interval_feature(adjusted, interval=interval, measure=measure, window=3).iloc[:, 0]
    by_session = adjusted.set_index("session")["close"]
    rule = "W-SUN" if interval == "1w" else "M"
    periods = by_session.index.to_period(rule)
    closes = by_session.groupby(periods).last().iloc[1:]  # the first may have begun before
    values = MEASURES[measure](closes)
    expected = values.reindex(periods - 1)
    known = found.notna().to_numpy()
    assert known.sum() > 0.8 * len(found)
    np.testing.assert_allclose(found.to_numpy()[known], expected.to_numpy()[known], rtol=1e-9, atol=1e-12)


def test_no_period_is_used_before_it_has_closed(adjusted):
    """Of the calendar's weeks, the value of a bar is that of the last one which closed before the bar did."""
    weeks = resample(adjusted, "1w")
    returns = weeks["close"] / weeks["close"].shift(4) - 1.0
    found = interval_feature(adjusted, interval="1w", measure="return", window=4).iloc[:, 0].dropna()
    before = returns.index.searchsorted(found.index, side="left") - 1
    assert (returns.index[before] < found.index).all()
    np.testing.assert_allclose(found, returns.iloc[before], rtol=1e-9, atol=1e-12)


def test_a_value_changes_with_the_first_bar_of_a_period_only(adjusted):
    found = interval_feature(adjusted, interval="1mo", measure="sma", window=3).iloc[:, 0].dropna()
    months = adjusted.loc[found.index, "session"].dt.month
    changed = found.ne(found.shift()).iloc[1:]
    assert (months.ne(months.shift()).iloc[1:] == changed).all()


def test_too_short_a_history_is_unknown(adjusted):
    for n_bars in (0, 1, 5, 40):
        assert interval_feature(adjusted.iloc[:n_bars], interval="1w", measure="return", window=4).isna().all(axis=None)
