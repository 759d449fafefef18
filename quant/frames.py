"""What the frames are that travel between the rooms, and the checks that hold them to it.

Time
    Index `timestamp`: the instant of the bar's **close** in UTC, microseconds (`datetime64[us, UTC]`), strictly
    ascending. A daily bar also carries its `session`: the exchange's date (`datetime64[us]`, no zone).

Prices (one instrument), columns `PRICE_COLUMNS`
    `session open high low close volume split_factor dividend`. The five market columns are float64 and **raw**, as
    traded. `split_factor` is the number of new shares per old one that takes effect before this bar's open (1.0: none);
    `dividend` is cash a share, in this bar's raw units, for which this bar is the ex-date (0.0: none).
    `quant.data.adjustment` derives adjusted prices, which have the same columns.

Panel (several instruments)
    Any frame whose index is a MultiIndex (`timestamp`, `instrument`), sorted by both. Features, labels and
    predictions are always panels, also for one instrument. `instrument` is the instrument's position in the spec.

Features
    Panel of float64; one column a feature output. NaN only in the declared warm-up, or where a price is unknown.

Labels
    Panel with `label` (float64), `label_end` (timestamp of the bar at whose close the outcome is known) and
    `outcome` (the simple return that the label is about). The last rows, whose outcome is unknown, are NaN / NaT.
    `label` is 0 or 1 (`two_way`), -1, 0 or 1 (`three_way`), or the outcome itself (`regression`). Labels that may end
    early have `known_at` as well: the earliest moment at which a model may learn from them; else that is `label_end`.
    Labels of a position whose side was chosen before have `side`: 1, -1, or 0 and NaN for none, known at every close.
    Bars that are no events have no label.

Predictions
    Panel with what was predicted and `fold` (int), by models that never saw the bar or anything after it. What was
    predicted is `probability`, that the label is 1; in `three_way` also `probability_down`, that it is -1; in
    `regression` instead `predicted_return`. Models that predict quantiles have `quantile_10`, `quantile_25`,
    `quantile_75` and `quantile_90` too, ascending in each row; their `predicted_return` is the median. If the labels
    have a `side`, so have the predictions.

Equity
    Index `timestamp`; see `quant.backtest.engine`.

NaN means *unknown*, never zero. Returns, weights and costs are fractions (0.01 is one per cent), per bar unless the
name says `annualised_`.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd

from quant.catalog import Task
from quant.errors import InvalidPrices

Prices: TypeAlias = pd.DataFrame
Features: TypeAlias = pd.DataFrame
Labels: TypeAlias = pd.DataFrame
Predictions: TypeAlias = pd.DataFrame

MARKET_COLUMNS = ("open", "high", "low", "close", "volume")
PRICE_COLUMNS = ("session", *MARKET_COLUMNS, "split_factor", "dividend")
PANEL_LEVELS = ("timestamp", "instrument")
SESSION_DTYPE = np.dtype("datetime64[us]")
_MICROSECONDS_PER_DAY = 86_400_000_000
# The columns of predictions that hold what a model said, and the values that labels may have.
FORECAST_COLUMNS: dict[Task, tuple[str, ...]] = {
    "two_way": ("probability",),
    "three_way": ("probability", "probability_down"),
    "regression": ("predicted_return",),
}
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)  # what models of quantiles predict; the median is `predicted_return`
QUANTILE_COLUMNS = ("quantile_10", "quantile_25", "quantile_75", "quantile_90")  # the others, in their order
CLASSES: dict[Task, tuple[int, ...]] = {"two_way": (0, 1), "three_way": (-1, 0, 1), "regression": ()}
TIMESTAMP_DTYPE = pd.DatetimeTZDtype(unit="us", tz="UTC")


def check_prices(prices: Prices) -> Prices:
    """Return `prices` unchanged if it is a price frame; say what is wrong if it is not.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Candidate for a price frame as defined at the head of this module.

    Returns
    -------
    DataFrame of shape (n_bars, 8)
        The same object.

    Raises
    ------
    InvalidPrices
        If columns, types or order are not those of a price frame, if a price is not positive and finite, if a high is
        below another price of its bar or a low above one, or if a volume, split factor or dividend is impossible.

    Notes
    -----
    Timing: judges each bar by itself, and the order of bars. A prefix of a price frame is a price frame, also the empty
    one.
    """
    _check_schema(prices)
    if not (prices.index.is_monotonic_increasing and prices.index.is_unique):
        raise InvalidPrices("Expected strictly ascending timestamps; sort the bars and remove duplicates first.")
    if not prices["session"].is_monotonic_increasing:
        raise InvalidPrices("Expected an ascending session for each bar; found some unknown, or earlier than before.")
    numbers = prices[[*MARKET_COLUMNS, "split_factor", "dividend"]].to_numpy(dtype=np.float64)
    market, volume, split_factor, dividend = numbers[:, :4], numbers[:, 4], numbers[:, 5], numbers[:, 6]
    possible = np.isfinite(numbers).all(axis=1) & (market > 0).all(axis=1)
    possible &= (market[:, 1] >= market.max(axis=1)) & (market[:, 2] <= market.min(axis=1))
    possible &= (volume >= 0) & (split_factor > 0) & (dividend >= 0)
    if not possible.all():
        first = prices.index[int(np.argmin(possible))]
        raise InvalidPrices(
            f"{int((~possible).sum())} bars contradict themselves, the first at {first.isoformat()}: prices and split "
            "factors must be positive, the high the highest, the low the lowest, volume and dividend not negative, and "
            "all of them known. Clean the prices first."
        )
    return prices


def check_finite(prices: Prices, columns: Iterable[str], instrument: str = "this instrument") -> None:
    """Raise InvalidPrices, naming column and bar, if one of these numbers of an instrument is infinite.

    NaN is let through: it means that something is unknown, which is no mistake.
    """
    for column in columns:
        infinite = np.isinf(column_of(prices, column))
        if infinite.any():
            raise InvalidPrices(
                f"Expected finite numbers of {instrument}; found an infinite {column} at "
                f"{prices.index[int(np.argmax(infinite))].isoformat()}. Clean the prices first."
            )


def _check_schema(prices: Prices) -> None:
    """Refuse a frame whose columns or types are not those of a price frame."""
    if tuple(prices.columns) != PRICE_COLUMNS:
        raise InvalidPrices(
            f"Expected the columns {', '.join(PRICE_COLUMNS)}; found {', '.join(map(str, prices.columns))}."
        )
    if prices.index.dtype != TIMESTAMP_DTYPE or prices.index.name != "timestamp":
        raise InvalidPrices(
            f"Expected an index named 'timestamp' of {TIMESTAMP_DTYPE}; found {prices.index.name!r} of "
            f"{prices.index.dtype}."
        )
    for name, dtype in prices.dtypes.items():
        expected = SESSION_DTYPE if name == "session" else np.dtype("float64")
        if dtype != expected:
            raise InvalidPrices(f"Expected the column {name!r} to be {expected}; found {dtype}.")


def to_panel(frames: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """Stack one frame an instrument into a panel.

    Parameters
    ----------
    frames : dict of int to DataFrame
        Frames indexed by `timestamp`, keyed by the instrument's position in the spec; all with the same columns.

    Returns
    -------
    DataFrame of shape (total n_bars, n_columns)
        Index (`timestamp`, `instrument`), sorted by both.

    Raises
    ------
    ValueError
        If there is no frame, or if two have other columns: the result would have holes.

    Examples
    --------
    >>> index = pd.DatetimeIndex(["2012-11-23 18:00"], tz="UTC", name="timestamp").as_unit("us")
    >>> to_panel({1: pd.DataFrame({"label": [0.0]}, index), 0: pd.DataFrame({"label": [1.0]}, index)})["label"].tolist()
    [1.0, 0.0]
    """
    columns = {tuple(frame.columns) for frame in frames.values()}
    if len(columns) != 1:
        raise ValueError(f"Expected frames with the same columns, and at least one; found {sorted(columns)}.")
    if len(frames) == 1:
        ((instrument, frame),) = frames.items()
        if frame.index.is_monotonic_increasing and frame.index.is_unique:
            return frame.set_axis(_panel_of_one(frame.index, instrument))  # the same, without a search
    return pd.concat(frames, names=["instrument"]).swaplevel().sort_index().rename_axis(index=list(PANEL_LEVELS))


def _panel_of_one(index: "pd.Index[Any]", instrument: int) -> pd.MultiIndex:
    """Return the index of a panel of one instrument."""
    n = len(index)
    return pd.MultiIndex(
        levels=[index, pd.Index([instrument])],  # type: ignore[list-item] # the stubs know no Index here
        codes=[np.arange(n), np.zeros(n, dtype=np.int64)],  # type: ignore[list-item] # nor arrays
        names=list(PANEL_LEVELS),
        verify_integrity=False,  # the caller has seen that the moments ascend
    )


def columns_of(frame: pd.DataFrame, *names: str) -> "list[np.ndarray[Any, np.dtype[np.float64]]]":
    """Return columns of numbers of a frame as float64, without making a Series of each."""
    return [column_of(frame, name) for name in names]


def column_of(frame: pd.DataFrame, name: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return a column of numbers of a frame as float64, without making a Series of it: that takes ten times as long."""
    # Within pandas alone, but what its own algorithms read columns with. A Series finds a new name for itself first.
    column = cast("Any", frame)._get_column_array(frame.columns.get_loc(name))  # noqa: SLF001
    return np.asarray(column, dtype=np.float64)


def session_days(prices: Prices) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return the session of each bar, the exchange's date, as days since 1970-01-01, without making a Series of it."""
    sessions = cast("Any", prices)._get_column_array(prices.columns.get_loc("session"))  # noqa: SLF001  # as above
    return np.asarray(sessions, dtype=SESSION_DTYPE).view(np.int64) // _MICROSECONDS_PER_DAY


def microseconds(index: "pd.Index[Any]") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return timestamps in UTC as microseconds since 1970."""
    stamps = index if isinstance(index, pd.DatetimeIndex) else pd.DatetimeIndex(index)
    return stamps.asi8 if stamps.unit == "us" else stamps.as_unit("us").asi8


def is_panel_index(index: "pd.Index[Any]") -> bool:
    """Return whether an index is a panel's: timestamp and instrument, sorted by both, no row twice and none unknown."""
    if not isinstance(index, pd.MultiIndex) or tuple(index.names) != PANEL_LEVELS:
        return False
    if not all(level.is_monotonic_increasing for level in index.levels):
        return bool(index.is_monotonic_increasing and index.is_unique)
    # Levels are shared between the slices of a panel, and know that they are sorted: then codes are in their order.
    stamp, instrument = (np.asarray(codes, dtype=np.int64) for codes in index.codes)
    place = stamp * len(index.levels[1]) + instrument
    return bool((stamp >= 0).all() and (instrument >= 0).all() and (place[1:] > place[:-1]).all())


def of_instrument(panel: pd.DataFrame, instrument: int) -> pd.DataFrame:
    """Return the rows of one instrument, indexed by `timestamp` alone."""
    return pd.DataFrame(panel.xs(instrument, level="instrument"))


def task_of(predictions: Predictions) -> Task:
    """Return what the model was asked for that made these predictions."""
    if "predicted_return" in predictions:
        return "regression"
    return "three_way" if "probability_down" in predictions else "two_way"


def forecast_of(predictions: Predictions) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return what was predicted: one number a row, or two in `three_way`, or five by models that predict quantiles.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel as defined at the head of this module.

    Returns
    -------
    ndarray of shape (n_rows,), (n_rows, 2) or (n_rows, 5)
        The columns of `forecast_columns`.

    Notes
    -----
    Timing: nothing is computed.
    """
    columns = forecast_columns(task_of(predictions), has_quantiles=has_quantiles(predictions))
    values = predictions[list(columns)].to_numpy(dtype=np.float64)
    return values[:, 0] if len(columns) == 1 else values


def has_quantiles(predictions: Predictions) -> bool:
    """Whether the model that made these predictions predicts quantiles."""
    return QUANTILE_COLUMNS[0] in predictions


def forecast_columns(task: Task, *, has_quantiles: bool) -> tuple[str, ...]:
    """Return the columns that hold what a model said: of quantiles the median first, then the others, ascending."""
    return (*FORECAST_COLUMNS[task], *QUANTILE_COLUMNS) if has_quantiles else FORECAST_COLUMNS[task]


def known_at(labels: Labels) -> pd.Series:
    """Return the earliest moment at which a model may learn from each label."""
    return labels["known_at"] if "known_at" in labels else labels["label_end"]
