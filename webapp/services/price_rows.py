"""Bars as rows: the record of what sources delivered. Rows are only added; everything else is made from them.

This module and `price_files` are read by `price_store` alone, so that every read of prices passes one gate.
"""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import select
from sqlalchemy.orm import Session

from quant.frames import PRICE_COLUMNS, TIMESTAMP_DTYPE
from webapp.tables import PriceData

# What is known about a bar: a price frame, and the source's own adjusted close for cross-checks.
BAR_COLUMNS = (*PRICE_COLUMNS, "adjusted_close")
_ROW_COLUMNS = ("timestamp", *BAR_COLUMNS, "is_withdrawn", "series_id", "revision")


def insert(session: Session, series_id: int, revision: int, bars: pd.DataFrame, *, is_withdrawn: bool = False) -> None:
    """Add bars to the record as rows of one revision, in one statement, the fastest each database has.

    Parameters
    ----------
    session : Session
        A writing transaction, in which the revision's own row exists.
    series_id, revision : int
        Where they belong.
    bars : DataFrame of shape (n_bars, 9)
        Index `timestamp`, columns `BAR_COLUMNS`; NaN is stored as NULL.
    is_withdrawn : bool, default=False
        Whether the source took these bars back.
    """
    session.flush()
    connection = session.connection()
    names = ", ".join(_ROW_COLUMNS)
    if connection.dialect.name == "postgresql":
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY {PriceData.__tablename__} ({names}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(_to_csv(series_id, revision, bars, is_withdrawn=is_withdrawn))
        cursor.close()
    elif len(bars):
        places = ", ".join("?" * len(_ROW_COLUMNS))
        rows = _to_tuples(series_id, revision, bars, is_withdrawn=is_withdrawn)
        # Not by insert(): it would take each row apart and together again, which takes four times as long.
        connection.exec_driver_sql(f"INSERT INTO {PriceData.__tablename__} ({names}) VALUES ({places})", rows)  # noqa: S608  # constants of this module


def read(session: Session, series_id: int, revision: int) -> pd.DataFrame:
    """Return the bars of a vintage: of each timestamp the newest row up to `revision`, unless it was withdrawn.

    Parameters
    ----------
    session : Session
        A transaction.
    series_id, revision : int
        The vintage.

    Returns
    -------
    DataFrame of shape (n_bars, 9)
        Index `timestamp`, ascending; columns `BAR_COLUMNS`. NaN: the source did not tell.
    """
    table = PriceData.__table__
    columns = [table.c[name] for name in (*_ROW_COLUMNS[:-2], "revision")]
    rows = session.execute(
        select(*columns)
        .where(table.c.series_id == series_id, table.c.revision <= revision)
        .order_by(table.c.timestamp, table.c.revision)
    ).all()
    frame = pd.DataFrame.from_records(rows, columns=[column.name for column in columns])
    newest = frame[~frame["timestamp"].duplicated(keep="last")]
    kept = newest[~newest["is_withdrawn"].astype(bool)]
    floats = {name: kept[name].astype("float64").to_numpy() for name in BAR_COLUMNS[1:]}
    sessions = pd.to_datetime(kept["session"]).dt.as_unit("us").to_numpy()
    index = pd.DatetimeIndex(kept["timestamp"], dtype=TIMESTAMP_DTYPE, name="timestamp")
    return pd.DataFrame({"session": sessions, **floats}, index=index)


def _to_tuples(series_id: int, revision: int, bars: pd.DataFrame, *, is_withdrawn: bool) -> list[tuple[object, ...]]:
    """Return rows as SQLite takes them; times as the text that SQLAlchemy would have written."""
    n_bars = len(bars)
    instants = pd.DatetimeIndex(bars.index).tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[us]")
    timestamps = np.char.replace(np.datetime_as_string(instants, unit="us"), "T", " ").tolist()
    sessions = np.datetime_as_string(bars["session"].to_numpy(dtype="datetime64[D]")).tolist()
    numbers = (bars[name].to_numpy(dtype=np.float64).tolist() for name in BAR_COLUMNS[1:])  # SQLite takes NaN for NULL
    constants = ([value] * n_bars for value in (is_withdrawn, series_id, revision))
    return list(zip(timestamps, sessions, *numbers, *constants, strict=True))


def _to_csv(series_id: int, revision: int, bars: pd.DataFrame, *, is_withdrawn: bool) -> bytes:
    """Return rows as PostgreSQL's COPY takes them; every number in its shortest exact form, NaN as nothing."""
    table = pa.table(
        {
            "timestamp": pa.array(bars.index),
            "session": pa.array(bars["session"]).cast(pa.date32()),
            **{name: pa.array(bars[name], from_pandas=True) for name in BAR_COLUMNS[1:]},
        }
    )
    for name, value in zip(_ROW_COLUMNS[-3:], (is_withdrawn, series_id, revision), strict=True):
        table = table.append_column(name, pa.repeat(value, len(bars)))
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(include_header=False))
    return sink.getvalue()
