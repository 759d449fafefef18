"""Frames as columns of JSON, and as CSV."""

from typing import Any

import numpy as np
import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet would compute


def to_columns(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a frame column by column, each name written once; orjson makes NaN null."""
    return {str(name): _plain(column) for name, column in frame.items()}


def to_csv(frame: pd.DataFrame, *, names: bool = True) -> str:
    """Return a frame as comma-separated values: a line of names, then a line a row; what is unknown is empty.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    plain = {str(name): _for_csv(column) for name, column in frame.items()}
    return pd.DataFrame(plain, index=frame.index).to_csv(index=False, header=names, lineterminator="\n")


def _for_csv(column: pd.Series) -> Any:
    if pd.api.types.is_bool_dtype(column):
        return np.where(column, "true", "false")
    if pd.api.types.is_datetime64_any_dtype(column):
        return _moments(column)
    if pd.api.types.is_numeric_dtype(column):
        return column.array
    return [f"'{each}" if isinstance(each, str) and each.startswith(_FORMULA) else each for each in column]


def _plain(column: pd.Series) -> Any:
    if pd.api.types.is_datetime64_any_dtype(column):
        return _moments(column)
    if pd.api.types.is_float_dtype(column):
        return np.ascontiguousarray(column.to_numpy(dtype=np.float64))
    return column.tolist()


def _moments(column: pd.Series) -> list[str | None]:
    """Return instants as ISO 8601 in UTC, and sessions, which have no zone, as dates."""
    if column.dt.tz is None:
        texts, suffix = np.datetime_as_string(column.to_numpy(dtype="datetime64[D]")), ""
    else:
        values = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        is_whole = np.isnat(values) | (values == values.astype("datetime64[s]"))
        texts, suffix = np.datetime_as_string(values, unit="s" if is_whole.all() else "us"), "Z"
    return [None if text == "NaT" else f"{text}{suffix}" for text in texts]
