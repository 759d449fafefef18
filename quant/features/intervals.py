"""What weeks and months say, joined to bars after they are over."""

import numpy as np
from numpy.typing import NDArray

from quant.features.arrays import Values
from quant.features.catalog import HigherInterval
from quant.features.columns import column_values, feature
from quant.features.momentum import rate_of_change, relative_strength_index
from quant.features.runs import known_runs
from quant.features.trend import simple_moving_average
from quant.features.volatility import rolling_standard_deviation
from quant.frames import Prices, session_days

_MONDAY = 4  # days after 1970-01-01, a Thursday, to the first Monday


@feature(HigherInterval)
def interval_feature(prices: Prices, *, interval: str, measure: str, window: int) -> Values:
    """Return a measure of the closes of the weeks or months that are over.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    interval : {"1w", "1mo"}
        Weeks from Monday to Sunday, or calendar months, by the exchange's date.
    measure : {"return", "volatility", "sma", "rsi"}
        Return over `window` periods, sample deviation of as many returns, distance of the close from its average, or
        Wilder's strength.
    window : int
        Periods of the measure, within the bounds of `quant.features.catalog.HigherInterval`.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The measure at the last period that is over, the same for all bars until another one is. NaN in the declared
        warm-up, which is counted for the longest periods there are, and for as long after an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.HigherInterval`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes of periods before that of `t`; the open of `t + 1` is the first at which one
    could act on it. A period joins at the first bar that closes after it: that its last session was the last, no bar
    before can say without knowing which days will be held. The first period of a history may have begun before, and
    is left out.
    """
    entry = HigherInterval.model_validate({"interval": interval, "measure": measure, "window": window})
    close = column_values(prices, "close")
    periods = _periods(session_days(prices), entry.interval)
    outputs = np.full(close.size, np.nan)
    for begin, end in known_runs(close):
        _join(close[begin:end], periods[begin:end], entry, outputs[begin:end])
    return outputs


def _periods(days: NDArray[np.int64], interval: str) -> NDArray[np.int64]:
    """Return a number for the week or month of each session, ascending with time."""
    if interval == "1mo":
        return days.view("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (days - _MONDAY) // 7


def _join(close: Values, periods: NDArray[np.int64], entry: HigherInterval, outputs: Values) -> None:
    """Write what the periods of a run of known closes say, at the bars after each."""
    firsts = np.flatnonzero(periods[1:] != periods[:-1]) + 1  # bars with which a period begins, but for the first one
    if firsts.size <= 1:
        return
    # Whole periods are those from the second on: each ends at the bar before the next one begins.
    joined_at = firsts[1:]
    values = _measure(np.ascontiguousarray(close[joined_at - 1]), entry)
    latest = np.searchsorted(joined_at, np.arange(close.size), side="right") - 1
    is_known = np.arange(close.size) >= max(entry.warm_up, joined_at[0])
    outputs[is_known] = values[latest[is_known]]


def _measure(closes: Values, entry: HigherInterval) -> Values:
    if entry.measure == "return":
        return rate_of_change(closes, entry.window)
    if entry.measure == "volatility":
        return rolling_standard_deviation(rate_of_change(closes), entry.window)
    if entry.measure == "sma":
        return closes / simple_moving_average(closes, entry.window) - 1.0
    return relative_strength_index(closes, entry.window)
