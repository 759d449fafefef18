"""What a chart of an instrument shows: bars of any length, thinned to what can be seen, with indicators.

Everything passes `prices.read_prices`, the one gate. What it gave is kept adjusted for as long as the vintage is the
newest, so that zooming does not read and adjust the whole history again; who may see it is asked each time.
"""

import datetime
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from quant.data.adjustment import back_adjusted
from quant.features.catalog import FeatureEntry
from quant.frames import Prices
from webapp.errors import InvalidInput, NotFound
from webapp.permissions import Actor
from webapp.services import prices, results, thinning
from webapp.services.indicators import Line, compute_lines
from webapp.services.prices import InstrumentView
from webapp.services.thinning import Values
from webapp.storage import FrameStore

Interval = Literal["1d", "1w", "1mo"]
Range = Literal["1m", "6m", "ytd", "1y", "5y", "all"]

Window = Range | tuple[int, int] | tuple[datetime.date, datetime.date]

INTERVALS: tuple[Interval, ...] = get_args(Interval)
RANGES: tuple[Range, ...] = get_args(Range)
MOST_POINTS = 1000
USUAL_POINTS = 500

_MONTHS: dict[str, int] = {"1m": 1, "6m": 6, "1y": 12, "5y": 60}
_MOST_KEPT_BARS = 400_000
_MOST_KEPT_INDICATORS = 12  # of one history
_EPOCH = datetime.date(1970, 1, 1)
_MONDAY = 3  # 1970-01-01 was a Thursday: days + 3 counts weeks from a Monday


@dataclass(frozen=True)
class ChartView:
    """A part of an instrument's history, as a chart of some width can show it.

    Bars are counted from 0, the first there is. A drawn candle is made of `bars_per_candle` bars, the first one of the
    part perhaps of fewer.

    Attributes
    ----------
    instrument : InstrumentView
        What it is.
    interval : str
        Length of a bar.
    n_bars : int
        In the whole history.
    shown : (int, int)
        First and last bar that were asked for.
    first, last : int
        First and last bar that are there: more than asked for, to both sides, so that a chart can be moved.
    bars_per_candle : int
        Bars in a candle.
    points_per_candle : int
        Values of a line for each candle: 1, or 2 where a candle has several bars.
    at : ndarray of shape (n_candles,)
        Last bar of each candle.
    days : ndarray of shape (n_candles,)
        Its session, in days since 1970.
    open, high, low, close, volume : ndarray of shape (n_candles,)
        Adjusted for splits and dividends.
    lines : tuple of Line
        In the order of the indicators.
    quote : Quote
        The newest close.
    """

    instrument: InstrumentView
    interval: Interval
    n_bars: int
    shown: tuple[int, int]
    first: int
    last: int
    bars_per_candle: int
    points_per_candle: int
    at: NDArray[np.int64]
    days: NDArray[np.int64]
    open: Values
    high: Values
    low: Values
    close: Values
    volume: Values
    lines: tuple[Line, ...]
    quote: "Quote"


@dataclass(frozen=True)
class Quote:
    """The newest close, as traded; `change` is that from the close before, dividends included, None of a first bar."""

    close: float
    change: float | None
    session: datetime.date


@dataclass(frozen=True)
class TradeMark:
    """Where a position was opened or closed: a bar, counted from the first there is, and the adjusted fill price."""

    kind: Literal["Long entry", "Short entry", "Exit"]
    bar: int
    price: float


@dataclass(frozen=True)
class History:
    """All bars of an instrument, adjusted; `factor` is the adjusted close over the raw one."""

    bars: Prices
    days: NDArray[np.int64]
    factor: Values
    _lines: dict[FeatureEntry, list[Line]] = field(default_factory=dict, repr=False, compare=False)

    def lines_of(self, entry: FeatureEntry) -> list[Line]:
        """Return an indicator's lines over all bars; the last ones are kept, for whoever zooms asks again."""
        lines = self._lines.get(entry)
        if lines is None:
            lines = compute_lines(self.bars, entry)
            if len(self._lines) >= _MOST_KEPT_INDICATORS:
                self._lines.clear()
            self._lines[entry] = lines
        return lines


def read_chart(
    session: Session,
    store: FrameStore,
    actor: Actor,
    instrument_id: str,
    *,
    interval: Interval = "1d",
    window: Window = "all",
    indicators: Sequence[FeatureEntry] = (),
    n_points: int = USUAL_POINTS,
) -> ChartView:
    """Return a part of an instrument's newest bars, thinned to what a chart can show.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where columnar files are kept.
    actor : Actor
        Who asks.
    instrument_id : str
        Public id.
    interval : {"1d", "1w", "1mo"}, default="1d"
        Length of a bar; longer ones are made of the days of a week or month, and indicators are computed over those.
    window : {"1m", "6m", "ytd", "1y", "5y", "all"}, (int, int) or (date, date), default="all"
        The last months or years, first and last bar, or first and last session; what lies beyond the history is cut
        off.
    indicators : sequence of FeatureEntry, default=()
        What is computed over the bars.
    n_points : int, default=500
        Candles that fit into the width, 20 to 1000.

    Returns
    -------
    ChartView
        Bars with half a window more on both sides, and the indicators' values at the same places.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If there is no such instrument that the actor may see, or if it has no bars yet.
    InvalidInput
        If the interval is shorter than the instrument's bars, or the window is none.
    InvalidPrices
        If the bars contradict themselves.

    Notes
    -----
    Timing: an indicator at a bar uses bars up to it. Prices before a split or dividend are scaled by it: they are for
    the eye, and what a chart shows of the past changes with the next dividend.
    """
    instrument = prices.get_instrument(session, actor, instrument_id)
    history = read_history(session, store, actor, instrument, interval)
    shown = _positions(window, history.days)
    reach = 0 if window == "all" else (shown[1] - shown[0] + 1) // 2
    first, last = max(0, shown[0] - reach), min(len(history.days) - 1, shown[1] + reach)
    n_candles = max(20, min(n_points, MOST_POINTS))
    width = -(-(shown[1] - shown[0] + 1) // n_candles)
    part = history.bars.iloc[first : last + 1]
    starts = thinning.stretch_starts(len(part), width)
    at = np.append(starts[1:], len(part)) - 1
    column = {name: part[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    return ChartView(
        instrument=instrument,
        interval=interval,
        n_bars=len(history.days),
        shown=shown,
        first=first,
        last=last,
        bars_per_candle=width,
        points_per_candle=min(width, 2),
        at=at + first,
        days=history.days[first : last + 1][at],
        open=thinning.first_of(column["open"], starts),
        high=thinning.highest_of(column["high"], starts),
        low=thinning.lowest_of(column["low"], starts),
        close=thinning.last_of(column["close"], starts),
        volume=thinning.sum_of(column["volume"], starts),
        lines=tuple(
            replace(line, y=_thinned(line.y[first : last + 1], starts, width))
            for entry in indicators
            for line in history.lines_of(entry)
        ),
        quote=_quote(history),
    )


def read_trades(
    session: Session,
    store: FrameStore,
    actor: Actor,
    instrument_id: str,
    analysis_id: str,
    *,
    interval: Interval = "1d",
) -> list[TradeMark]:
    """Return where an analysis opened and closed positions in an instrument.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such analysis that the actor may see, or it was not made from this instrument's bars.
    Conflict
        If the analysis has no answer (yet).

    Notes
    -----
    Prices of fills are scaled as the chart's are.
    """
    instrument = prices.get_instrument(session, actor, instrument_id)
    result = results.load(session, store, actor, analysis_id, names=("trades",))
    place = results.place_of(session, analysis_id, instrument_id)
    trades = result.frames["trades"]
    trades = trades[trades["instrument"] == place]
    days = read_history(session, store, actor, instrument)
    bars = days if interval == "1d" else read_history(session, store, actor, instrument, interval)
    is_long, has_exit = trades["direction"] == "long", ~trades["is_open"].astype(bool)
    sides: tuple[tuple[Literal["Long entry", "Short entry", "Exit"], pd.DataFrame, str], ...] = (
        ("Long entry", trades[is_long], "entry"),
        ("Short entry", trades[~is_long], "entry"),
        ("Exit", trades[has_exit], "exit"),
    )
    marks = []
    for kind, chosen, side in sides:
        at = pd.DatetimeIndex(chosen[f"{side}_at"])
        factor = days.factor[np.minimum(days.bars.index.searchsorted(at), len(days.factor) - 1)]
        places = bars.bars.index.searchsorted(at)
        fills = chosen[f"{side}_price"].to_numpy() * factor
        marks += [TradeMark(kind, int(bar), float(price)) for bar, price in zip(places, fills, strict=True)]
    return marks


def read_history(
    session: Session, store: FrameStore, actor: Actor, instrument: InstrumentView, interval: Interval = "1d"
) -> History:
    """Return all bars of an instrument that the actor has been shown, adjusted back from the newest.

    Raises
    ------
    NotFound
        If it has no bars yet.
    InvalidInput
        If the interval is shorter than its bars.
    InvalidPrices
        If the bars contradict themselves.
    """
    if INTERVALS.index(interval) < _index_of(instrument.interval):
        message = f"Expected an interval of at least {instrument.interval}, of which the bars are; found {interval}."
        raise InvalidInput(message, fields={"interval": message})
    key = (store.place.title, instrument.id, instrument.revision, interval)
    known = _KEPT.get(key)
    if known is not None:
        return known
    raw = prices.read_prices(session, store, actor, instrument.id)
    if raw.empty:
        raise NotFound("There are no bars of this instrument yet.")
    adjusted = back_adjusted(raw)
    factor = adjusted["close"].to_numpy() / raw["close"].to_numpy()
    days = adjusted["session"].to_numpy().astype("datetime64[D]").astype(np.int64)
    history = History(adjusted, days, factor)
    if interval != "1d":
        history = _longer(history, (days + _MONDAY) // 7 if interval == "1w" else _months(days))
    _KEPT.put(key, history)
    return history


def _quote(history: History) -> Quote:
    close = history.bars["close"].to_numpy()
    change = float(close[-1] / close[-2] - 1) if len(close) > 1 else None
    return Quote(float(close[-1] / history.factor[-1]), change, _date(history.days[-1]))


def _date(day: np.int64) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=int(day))


def forget() -> None:
    """Forget the histories that are kept; they are read again."""
    _KEPT.clear()


class KeptHistories:
    """The histories that were used last, up to so many bars together."""

    def __init__(self, most_bars: int) -> None:
        self._most_bars = most_bars
        self._histories: OrderedDict[tuple[str, str, int, str], History] = OrderedDict()
        self._lock = Lock()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._histories.clear()

    def get(self, key: tuple[str, str, int, str]) -> History | None:
        """Return what was kept, if it still is."""
        with self._lock:
            if key in self._histories:
                self._histories.move_to_end(key)
            return self._histories.get(key)

    def put(self, key: tuple[str, str, int, str], history: History) -> None:
        """Keep a history; what was used longest ago makes room."""
        with self._lock:
            self._histories[key] = history
            while sum(len(each.days) for each in self._histories.values()) > self._most_bars:
                self._histories.popitem(last=False)


_KEPT = KeptHistories(_MOST_KEPT_BARS)


def _index_of(interval: str) -> int:
    return INTERVALS.index(interval) if interval in INTERVALS else 0


def _positions(window: Window, days: NDArray[np.int64]) -> tuple[int, int]:
    """Return first and last bar of a window."""
    newest = len(days) - 1
    if isinstance(window, tuple):
        if isinstance(window[0], datetime.date) and isinstance(window[1], datetime.date):
            start, end = ((each - _EPOCH).days for each in window if isinstance(each, datetime.date))
            found = int(np.searchsorted(days, start)), int(np.searchsorted(days, end, side="right")) - 1
        else:
            found = int(window[0]), int(window[1])
        first, last = max(0, min(found[0], newest)), max(0, min(found[1], newest))
        if window[0] > window[1]:  # type: ignore[operator]  # both are of one kind
            message = f"Expected the first bar before the last; found {window[0]} and {window[1]}."
            raise InvalidInput(message, fields={"first": message})
        return min(first, last), last
    if window == "all":
        return 0, newest
    last_day = pd.Timestamp(_date(days[-1]))
    from_day = last_day.replace(month=1, day=1) if window == "ytd" else last_day - pd.DateOffset(months=_MONTHS[window])
    return min(int(np.searchsorted(days, (from_day.date() - _EPOCH).days)), newest), newest


def _months(days: NDArray[np.int64]) -> NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _longer(history: History, period: NDArray[np.int64]) -> History:
    """Return bars of a whole period each, closed by its last session; the newest may not be over yet."""
    starts = np.flatnonzero(np.diff(period, prepend=period[0] - 1))
    at = np.append(starts[1:], len(period)) - 1
    bars = history.bars
    made = {
        "open": thinning.first_of(bars["open"].to_numpy(), starts),
        "high": thinning.highest_of(bars["high"].to_numpy(), starts),
        "low": thinning.lowest_of(bars["low"].to_numpy(), starts),
        "volume": thinning.sum_of(bars["volume"].to_numpy(), starts),
    }
    return History(bars.iloc[at].assign(**made), history.days[at], history.factor[at])


def _thinned(values: Values, starts: NDArray[np.int64], width: int) -> Values:
    return values if width == 1 else thinning.line_of(values, starts)
