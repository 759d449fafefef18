"""The worst spells of a curve: of a given length anywhere, and in times that are remembered by name."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec
from quant.risk.arrays import FloatArray, to_array

LENGTHS = (5, 21, 63)  # a week, a month and a quarter of daily bars

_COLUMNS = ["name", "n_bars", "start_at", "end_at", "return", "benchmark_return"]


@dataclass(frozen=True)
class Episode:
    """A fall of the American market from one closing high to the low after it: name, first and last day."""

    name: str
    start: str
    end: str


# Closing highs and lows of the S&P 500 index (S&P Dow Jones Indices).
EPISODES = (
    Episode("Black Monday 1987", "1987-08-25", "1987-12-04"),
    Episode("Gulf crisis 1990", "1990-07-16", "1990-10-11"),
    Episode("Russia and LTCM 1998", "1998-07-17", "1998-08-31"),
    Episode("End of the dot-com boom", "2000-03-24", "2002-10-09"),
    Episode("Financial crisis", "2007-10-09", "2009-03-09"),
    Episode("Greece 2010", "2010-04-23", "2010-07-02"),
    Episode("Downgrade of US debt 2011", "2011-04-29", "2011-10-03"),
    Episode("China and oil 2015", "2015-05-21", "2016-02-11"),
    Episode("End of 2018", "2018-09-20", "2018-12-24"),
    Episode("Covid", "2020-02-19", "2020-03-23"),
    Episode("Inflation 2022", "2022-01-03", "2022-10-12"),
    Episode("Tariffs 2025", "2025-02-19", "2025-04-08"),
)


def worst_windows(
    equity: pd.Series, benchmark_equity: pd.Series | None = None, *, lengths: tuple[int, ...] = LENGTHS
) -> pd.DataFrame:
    """Return the worst spell of each length.

    Parameters
    ----------
    equity : Series of shape (n_bars,)
        Equity curve with an index of timestamps, the initial capital first.
    benchmark_equity : Series of shape (n_bars,), optional
        The same for a benchmark, at the same timestamps or others.
    lengths : tuple of int, default=(5, 21, 63)
        Numbers of returns in a row, each at least 1.

    Returns
    -------
    DataFrame of shape (up to n_lengths, 6)
        `name`, `n_bars`, `start_at`, the bar before the first return; `end_at`; `return` and `benchmark_return` from
        the one to the other, NaN where the benchmark lacks one of them. Of equals the earliest. A length that the
        curve does not have is left out, and so are spells that begin or end where nothing is left of the money.

    Raises
    ------
    InvalidSpec
        If a length is below 1.

    Notes
    -----
    Timing: uses the whole curve; found afterwards, so that nobody could have stepped aside.

    Examples
    --------
    >>> index = pd.date_range("2024-01-01 21:00", periods=5, tz="UTC", unit="us")
    >>> curve = pd.Series([100.0, 90.0, 99.0, 79.2, 99.0], index=index)
    >>> worst_windows(curve, lengths=(1, 3))[["n_bars", "return"]].round(10).to_numpy().tolist()
    [[1.0, -0.2], [3.0, -0.208]]
    """
    values, rows = to_array(equity), []
    for length in lengths:
        if length < 1:
            raise InvalidSpec(f"Expected windows of at least 1 bar; found {length}.", field="lengths")
        if length >= len(values):
            continue
        before = values[:-length]
        changes = np.where(before > 0.0, values[length:] / np.where(before > 0.0, before, 1.0) - 1.0, np.inf)
        changes = np.where(np.isnan(changes), np.inf, changes)
        first = int(np.argmin(changes))
        if np.isfinite(changes[first]):
            rows.append((f"Worst {length} bars", length, first, first + length))
    return _frame(equity, values, benchmark_equity, rows)


def named_windows(equity: pd.Series, benchmark_equity: pd.Series | None = None) -> pd.DataFrame:
    """Return what became of a curve in the great falls of the American market that it lived through.

    Parameters
    ----------
    equity, benchmark_equity : Series
        As for `worst_windows`.

    Returns
    -------
    DataFrame of shape (n_windows, 6)
        As `worst_windows`, for each of `EPISODES` that the curve covers from before its first day to its last: from the
        last bar of the day of the high, or before it, to the last bar of the day of the low.

    Notes
    -----
    Timing: uses the whole curve. Days are counted in UTC; a bar that ends at midnight belongs to the day before.
    """
    values, rows = to_array(equity), []
    index = pd.DatetimeIndex(equity.index)
    for episode in EPISODES:
        bounds = [pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=1) for day in (episode.start, episode.end)]
        first, last = (int(index.searchsorted(bound, side="right")) - 1 for bound in bounds)
        is_covered = first >= 0 and index[-1] >= bounds[1] - pd.Timedelta(days=1)
        if is_covered and last > first and values[first] > 0.0:
            rows.append((episode.name, last - first, first, last))
    return _frame(equity, values, benchmark_equity, rows)


def _frame(
    equity: pd.Series, values: FloatArray, benchmark: pd.Series | None, rows: list[tuple[str, int, int, int]]
) -> pd.DataFrame:
    """Return one row a window."""
    index = pd.DatetimeIndex(equity.index)
    firsts = np.array([row[2] for row in rows], dtype=np.int64)
    lasts = np.array([row[3] for row in rows], dtype=np.int64)
    if benchmark is None:
        held = np.full(len(rows), np.nan)
    else:
        other = to_array(benchmark.reindex(index))
        held = other[lasts] / other[firsts] - 1.0
    columns = [
        pd.array([row[0] for row in rows], dtype="str"),
        np.array([row[1] for row in rows], dtype=np.int64),
        index[firsts],
        index[lasts],
        values[lasts] / values[firsts] - 1.0,
        held,
    ]
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))
