"""The triple-barrier label: whether the price first rose or first fell by a multiple of its volatility, or neither."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from numba import njit

from quant.errors import InvalidSpec, NotEnoughData
from quant.frames import Labels, Prices, check_finite, microseconds
from quant.labels.volatility import trailing_volatility

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]
Path = Literal["range", "close"]

UNKNOWN = -1  # the label of such a row does not exist
NEVER = np.iinfo(np.int64).min  # NaT, as an integer


def triple_barrier(
    prices: Prices,
    *,
    horizon: int,
    width: float,
    volatility_window: int,
    classes: Literal["three_way", "two_way"],
    stop_width: float | None = None,
    path: Path = "range",
) -> Labels:
    """Label each bar by which of two barriers the price reaches first, within so many bars.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    horizon : int
        Bars from the open of entry to the open at which waiting ends, the vertical barrier; at least 1.
    width : float
        Distance of the upper barrier from the entry price, in standard deviations of a return over `horizon` bars;
        above 0.
    volatility_window : int
        Returns, up to the bar itself, whose standard deviation is the volatility; at least 2.
    classes : {"three_way", "two_way"}
        What a row gets that reaches neither barrier: 0 (`three_way`), or the sign of its return when waiting ends
        (`two_way`).
    stop_width : float, default=None
        Distance of the lower barrier, likewise; None: that of the upper one.
    path : {"range", "close"}, default="range"
        Whether a touch is looked for in the highs and lows of bars, or in their closes.

    Returns
    -------
    DataFrame of shape (n_bars, 4)
        `label`: in `three_way` 1.0 for the upper barrier first, -1.0 for the lower one, 0.0 for neither; in `two_way`
        1.0 for a rise and 0.0 for anything else. `label_end`: close of the bar of the first touch, or of the bar at
        whose open waiting ends. `outcome`: the return from entry to that touch or open, as a fraction. `known_at`:
        close of the bar at whose open waiting ends, whenever the touch was. The first `volatility_window` rows, the
        last `horizon + 1`, and rows without volatility or with an unknown price on the way are NaN and NaT.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.
    NotEnoughData
        If `prices` has no more than `horizon + 1` bars, so that no label is known.
    InvalidPrices
        If a price that the label is made of is infinite.

    Notes
    -----
    Timing: the volatility at `t` uses closes up to `t`. The label looks at the bars from `t + 1`, at whose open one
    enters, to the touch, at the latest to the open of `t + 1 + horizon`. It is an outcome, never a feature.

    No side is given: the barriers are equally far unless `stop_width` says otherwise, and then the label is about a
    long position. What a touch is, what both barriers in one bar are, and why rows at the end have no label: see
    `label_events`.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 3.2 to 3.4 and snippets 3.1 and 3.2. There
    from close to close along closes only.
    """
    stop = width if stop_width is None else stop_width
    check_barriers(prices, horizon=horizon, width=width, stop_width=stop, volatility_window=volatility_window)
    deviation = trailing_volatility(prices["close"], volatility_window) * np.sqrt(horizon)
    events = pd.DatetimeIndex(prices.index)
    labels = label_events(prices, events, profit=width * deviation, stop=stop * deviation, horizon=horizon, path=path)
    if classes == "two_way":
        touch, outcome = labels["label"].to_numpy(), labels["outcome"].to_numpy()
        rose = np.where(touch == 0.0, outcome > 0.0, touch > 0.0)
        labels["label"] = np.where(np.isnan(touch), np.nan, rose)
    return labels


def label_events(
    prices: Prices,
    events: pd.DatetimeIndex,
    *,
    profit: FloatArray,
    stop: FloatArray,
    horizon: int,
    path: Path = "range",
    side: FloatArray | None = None,
) -> Labels:
    """Follow a position from each event to the first of a profit, a stop and the end of waiting.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, n_columns)
        Adjusted `open`, `high`, `low` and `close` of one instrument, indexed as `quant.frames` defines it.
    events : DatetimeIndex of shape (n_events,)
        Bars of `prices` at whose close the event is known, ascending.
    profit, stop : ndarray of shape (n_events,)
        Distances of the two barriers from the entry price, as fractions above 0, known at the event. NaN and 0: the
        event has no label.
    horizon : int
        Bars from the open of entry to the open at which waiting ends, at least 1.
    path : {"range", "close"}, default="range"
        Whether a touch is looked for in the highs and lows of bars, or in their closes.
    side : ndarray of shape (n_events,), default=None
        1 long, -1 short; 0 and NaN: the event has no label. None: all long.

    Returns
    -------
    DataFrame of shape (n_events, 4)
        `label`: 1.0 for the profit first, -1.0 for the stop, 0.0 for neither; `label_end`; `outcome`, the return of the
        position to there, as a fraction; `known_at`. NaN and NaT for events that have none, whose waiting would end
        beyond the data, or with an unknown price on the way.

    Raises
    ------
    InvalidSpec
        If an event is no bar, numbers and events differ in length, or `horizon` is less than 1.

    Notes
    -----
    Timing: the label of an event at `t` looks at the bars from `t + 1`, at whose open one enters, to the touch, at the
    latest to the open of `t + 1 + horizon`.

    With `range`, a touch is looked for in the highs and lows of each bar, the bar of entry included. What happens
    inside a bar is not known: if one bar reaches both barriers, the stop counts, the worse case. A bar that opens
    beyond a barrier gives the return to its open, another one the return to the barrier. With `close`, only closes
    touch, and the return is to that close. Either way the open at which waiting ends is compared with the barriers too.

    Events whose waiting would end beyond the data have no label, though some of them have touched a barrier already:
    kept, they would be the quick ones only. For the same reason a model learns from an event no earlier than at
    `known_at`; purging goes by `label_end`.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, sections 3.2 to 3.6 and snippets 3.2, 3.6 and 3.7.
    """
    if horizon < 1:
        raise InvalidSpec(f"Expected horizon to be at least 1; found {horizon}.", field="horizon")
    stamps = microseconds(prices.index)
    rows = _places(stamps, events)
    direction = np.ones(len(rows)) if side is None else np.asarray(side, dtype=np.float64)
    if not len(rows) == len(profit) == len(stop) == len(direction):
        raise InvalidSpec("Expected a distance and a side for each event; found other numbers of them.", field="events")
    is_short = direction < 0.0
    wide = np.where(is_short, stop, profit), np.where(is_short, profit, stop)
    touch, end = np.full(len(rows), np.nan), np.full(len(rows), UNKNOWN)
    outcome = np.full(len(rows), np.nan)
    opens, closes = _frozen(prices["open"]), _frozen(prices["close"])
    if path == "range":
        looked_at = (_frozen(prices["high"]), _frozen(prices["low"]), opens)
    else:
        looked_at = (closes, closes, closes)
    first_touches(opens, *looked_at, rows, *wide, direction, horizon, touch, end, outcome)
    is_known = end != UNKNOWN
    last = np.minimum(rows + horizon + 1, len(stamps) - 1)
    return pd.DataFrame(
        {
            "label": touch,
            "label_end": _moments(stamps, end, is_known),
            "outcome": outcome,
            "known_at": _moments(stamps, last, is_known),
        },
        index=events,
        copy=False,
    )


def check_barriers(prices: Prices, *, horizon: int, width: float, stop_width: float, volatility_window: int) -> None:
    """Refuse numbers out of their bounds, and histories that are too short for any label.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.
    NotEnoughData
        If `prices` has no more than `horizon + 1` bars.
    InvalidPrices
        If a price that the label is made of is infinite.

    Notes
    -----
    Timing: nothing is looked at but how many bars there are.
    """
    if horizon < 1:
        raise InvalidSpec(f"Expected horizon to be at least 1; found {horizon}.", field="horizon")
    for name, value in (("width", width), ("stop_width", stop_width)):
        if not value > 0.0:
            raise InvalidSpec(f"Expected {name} to be above 0; found {value}.", field=name)
    if volatility_window < 2:  # noqa: PLR2004  # one return has no deviation
        raise InvalidSpec(
            f"Expected volatility_window to be at least 2; found {volatility_window}.", field="volatility_window"
        )
    if len(prices) <= horizon + 1:
        raise NotEnoughData(
            f"Expected more than {horizon + 1} bars to label what follows within {horizon} bars; found {len(prices)}. "
            "Ask for a longer history or a shorter horizon."
        )
    check_finite(prices, ["open", "high", "low", "close"])


def _places(stamps: IntArray, events: pd.DatetimeIndex) -> IntArray:
    """Return where the events stand among the bars."""
    wanted = microseconds(events)
    if wanted is stamps or (len(wanted) == len(stamps) and (wanted == stamps).all()):
        return np.arange(len(stamps))
    rows = np.searchsorted(stamps, wanted)
    if len(rows) and (int(rows.max()) >= len(stamps) or (stamps[rows] != wanted).any()):
        raise InvalidSpec("Expected events that are bars of these prices; found others.", field="events")
    return rows


def _frozen(column: pd.Series) -> FloatArray:
    """Return a column as kernels take it: without a copy, and read-only, which is a type of its own to the compiler."""
    values: FloatArray = np.ascontiguousarray(column.to_numpy(dtype=np.float64)).view()
    values.flags.writeable = False
    return values


def _moments(stamps: IntArray, places: IntArray, is_known: np.ndarray[Any, np.dtype[np.bool_]]) -> pd.DatetimeIndex:
    """Return the timestamps at some places, NaT where nothing is known."""
    moments = np.where(is_known, stamps[places], NEVER)
    return pd.DatetimeIndex(moments.view("datetime64[us]")).tz_localize("UTC")


@njit(cache=True, nogil=True)
def first_touches(  # noqa: PLR0913, PLR0917  # numba kernels take positions only
    opens: FloatArray,
    highs: FloatArray,
    lows: FloatArray,
    exits: FloatArray,
    rows: IntArray,
    up: FloatArray,
    down: FloatArray,
    side: FloatArray,
    horizon: int,
    touch: FloatArray,
    end: IntArray,
    outcome: FloatArray,
) -> None:
    """Write which barrier each position reaches first (1 its profit, -1 its stop, 0 neither), where, and its return."""
    for number in range(rows.size):
        first, last = rows[number] + 1, rows[number] + horizon + 1
        # Prices that stand still have no volatility: barriers without a distance say nothing.
        if last >= opens.size or not (up[number] > 0.0 and down[number] > 0.0 and side[number] != 0.0):
            continue
        entry = opens[first]
        upper, lower = entry * (1.0 + up[number]), entry * (1.0 - down[number])
        bar = first
        while bar < last and highs[bar] < upper and lows[bar] > lower:
            bar += 1
        high, low, leave = (
            (opens[last], opens[last], opens[last]) if bar == last else (highs[bar], lows[bar], exits[bar])
        )
        earned = leave / entry - 1.0
        if np.isnan(high + low + earned + side[number]):
            continue
        is_up, is_down = high >= upper, low <= lower
        if is_up and is_down:  # in an order that nobody knows: the worse case
            is_up, is_down = side[number] < 0.0, side[number] > 0.0
        reached = 0.0
        if is_down:
            reached, earned = -1.0, min(earned, -down[number])
        elif is_up:
            reached, earned = 1.0, max(earned, up[number])
        way = 1.0 if side[number] > 0.0 else -1.0
        touch[number], end[number], outcome[number] = way * reached, bar, way * earned
