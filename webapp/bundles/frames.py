"""What the frames of an answer that somebody brings may be: plain columns of the kinds that whoever shows them expects.

Frames and columns that are not listed here are taken if they are plain: a later program may know them.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import pandas as pd
import pyarrow as pa

from quant.frames import PANEL_LEVELS

Kind = Literal["number", "flag", "time", "text"]

MOST_ROWS = 5_000_000
MOST_COLUMNS = 600  # paths have one column each
MOST_MEMORY_BYTES = 256 * 1024**2
_LONGEST_TEXT = 10_000
_LISTED = 5
_TIME, _INSTRUMENT = PANEL_LEVELS
_N, _T, _W, _F = "number", "time", "text", "flag"


def _columns(**kinds: str) -> dict[str, str]:
    """Return the kind of each column, by lists of names."""
    return {name: kind for kind, names in kinds.items() for name in names.split()}


# Index levels by name, and the least that each has.
_LEVELS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("equity", "rolling", "paths", "coverage", "quantile_coverage"), (_TIME,)),
    **dict.fromkeys(("predictions", "prices"), (_TIME, _INSTRUMENT)),
}
_NEEDED: Mapping[str, Mapping[str, str]] = {
    "equity": _columns(
        number="cash position_value equity return exposure turnover costs benchmark benchmark_return drawdown "
        "benchmark_drawdown"
    ),
    "trades": _columns(
        number="instrument entry_price exit_price max_shares entry_value pnl return_on_entry_value dividends "
        "borrow_fees costs bars_held max_adverse_excursion max_favourable_excursion",
        time="entry_at exit_at",
        text="direction",
        flag="is_open",
    ),
    "fills": {},
    "predictions": _columns(number="signal target_weight"),
    "candidates": _columns(number="number score sharpe_ratio", text="kind model parameters"),
    "cv_scores": _columns(number="number fold score"),
    "fold_scores": _columns(number="fold n_train n_test", time="train_start train_end test_start test_end"),
    "monthly_returns": _columns(number="year month return benchmark_return"),
    "yearly_returns": _columns(number="year return benchmark_return"),
    "drawdowns": _columns(number="depth n_bars n_days", time="peak_at valley_at recovery_at"),
    "rolling": {},
    "prices": _columns(number="open high low close volume adjusted_close"),
    "stress": _columns(number="n_bars return benchmark_return", time="start_at end_at", text="name"),
    "null_test": _columns(number="sharpe_ratio"),
    "overfitting": _columns(number="logit n_combinations"),
    "chance_runs": _columns(number="score sharpe_ratio"),
    "coverage": {},
    "quantile_coverage": {},
    "paths": {},
}
ALWAYS = ("equity", "trades", "fills", "predictions", "candidates", "fold_scores", "monthly_returns",
          "yearly_returns", "drawdowns", "rolling", "prices")  # fmt: skip


def faults_of_schema(schema: pa.Schema, n_rows: int) -> Iterator[str]:
    """Yield what is wrong with a frame, by what its file says of itself and before any of it is read."""
    if n_rows > MOST_ROWS or len(schema) > MOST_COLUMNS:
        yield f"expected at most {MOST_ROWS:,} rows of {MOST_COLUMNS} columns; found {n_rows:,} of {len(schema)}"
        return
    for field in schema:
        if _kind_of_type(field.type) is None:
            yield f"expected plain columns; found {field.type} in {field.name[:64]!r}"
    if len(set(schema.names)) < len(schema):
        yield "expected each column once; found some twice"


def faults_of_frame(name: str, frame: pd.DataFrame) -> Iterator[str]:
    """Yield what is wrong with a frame, by what was read."""
    if not all(isinstance(each, str) for each in frame.columns):
        yield "expected columns with names"
        return
    levels = tuple(frame.index.names)
    if name in _LEVELS and levels != _LEVELS[name]:
        yield f"expected the index {', '.join(_LEVELS[name])}; found {', '.join(map(str, levels))}"
    elif name in _LEVELS and not frame.index.is_monotonic_increasing:
        yield "expected rows in the order of time"
    needed = _NEEDED.get(name, {})
    missing = [each for each in needed if each not in frame]
    if missing:
        yield f"expected the columns {', '.join(missing[:_LISTED])}; found none of that name"
    # Of no rows there is no kind: what is empty may be of any.
    wrong = [
        f"{each} as {found}"
        for each, kind in needed.items()
        if each in frame and len(frame) and (found := _kind_of(frame[each])) != kind
    ]
    if wrong:
        yield f"expected other kinds of columns; found {', '.join(wrong[:_LISTED])}"
    for column in frame.columns:
        if _kind_of(frame[column]) == "text" and not frame[column].dropna().map(_is_line).all():
            yield f"expected printable text of at most {_LONGEST_TEXT:,} characters in {column[:64]!r}"


def _is_line(value: object) -> bool:
    """Whether text can be shown as it is, and could be no tag of what draws charts."""
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable() and "<" not in value


def _kind_of_type(kind: pa.DataType) -> Kind | None:
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_timestamp(kind):
        return "time"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return "text"
    return None


def _kind_of(values: pd.Series) -> Kind:
    if pd.api.types.is_bool_dtype(values.dtype):
        return "flag"
    if pd.api.types.is_numeric_dtype(values.dtype):
        return "number"
    return "time" if pd.api.types.is_datetime64_any_dtype(values.dtype) else "text"
