"""Tables of an answer as files: CSV, JSON or Parquet, whole, and written piece by piece."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Literal

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from flask import Response
from pydantic import Field

from webapp.api.answers import is_known, not_modified, tagged
from webapp.api.columns import View
from webapp.api.frames import to_columns, to_csv
from webapp.api.operations import NOT_NOW, Answer, operation
from webapp.api.reading import Query
from webapp.auth.session import current_actor, parts, read
from webapp.permissions import Permission
from webapp.services import exports
from webapp.services.exports import TABLES, Export

FORMATS = ("csv", "json", "parquet")
PIECE = 5_000  # rows that are written at a time

_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}


class ExportQuery(Query):
    """Which table, and as what."""

    table: Literal[tuple(TABLES)] = Field(  # type: ignore[valid-type]  # the names are those of the service
        default="equity", description="Which table."
    )
    format: Literal["csv", "json", "parquet"] = Field(default="csv", description="As what kind of file.")


class ExportedTable(View):
    """A table: each column a list, all of one length."""

    n_rows: int
    columns: dict[str, list[str | float | int | bool | None]]


@operation(
    "GET",
    "/analyses/<analysis_id>/export",
    tag="Results",
    summary="Take a table away as a file",
    permission=Permission.ANALYSES_READ,
    query=ExportQuery,
    answers={
        HTTPStatus.OK: Answer(
            "Every row of the table.",
            ExportedTable,
            ("application/json", "text/csv", "application/vnd.apache.parquet"),
        )
    },
    refusals=NOT_NOW,
)
def export_table(analysis_id: str, query: ExportQuery) -> Response:
    """Return a table of an answer as a file with every row.

    Instants are ISO 8601 in UTC; in CSV, what is unknown is empty, and text that a spreadsheet would take for a formula
    begins with an apostrophe. Parquet has the columns in their own types, and names analysis and result hash.
    """
    with read() as session:
        export = exports.read_table(session, parts().store, current_actor(), analysis_id, query.table)
    tag = f"{export.result_hash}-export-{export.name}-{query.format}"
    if is_known(tag):
        return not_modified(tag)
    response = Response(_pieces(export, query.format), content_type=_MEDIA_TYPES[query.format])
    response.headers["Content-Disposition"] = (
        f'attachment; filename="assay-{export.analysis_id}-{export.name}.{query.format}"'
    )
    return tagged(response, tag)


def _pieces(export: Export, kind: str) -> Iterator[bytes]:
    if kind == "csv":
        return _csv(export.rows)
    return _json(export.rows) if kind == "json" else _parquet(export)


def _csv(rows: pd.DataFrame) -> Iterator[bytes]:
    """Yield the names and the first rows, then further rows."""
    yield to_csv(rows.iloc[:PIECE]).encode()
    for start in range(PIECE, len(rows), PIECE):
        yield to_csv(rows.iloc[start : start + PIECE], names=False).encode()


def _json(rows: pd.DataFrame) -> Iterator[bytes]:
    """Yield the same form as other tables have, a column at a time."""
    yield b'{"n_rows":%d,"columns":{' % len(rows)
    for place, name in enumerate(rows.columns):
        column = to_columns(rows[[name]])[str(name)]
        yield (b"," if place else b"") + orjson.dumps(str(name)) + b":"
        yield orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY)
    yield b"}}"


def _parquet(export: Export) -> Iterator[bytes]:
    """Yield a Parquet file, a group of rows at a time."""
    table = pa.Table.from_pandas(export.rows, preserve_index=False, nthreads=1)
    about = {"assay_analysis": export.analysis_id, "assay_table": export.name, "assay_result_hash": export.result_hash}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **about})
    sink = _Pieces()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        for start in range(0, max(1, table.num_rows), PIECE):
            writer.write_table(table.slice(start, PIECE))
            yield sink.take()
    yield sink.take()


class _Pieces:
    """A file that is only written to, and whose content is taken away as it grows."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._n_bytes = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Keep what is written until it is taken."""
        piece = bytes(data)
        self._written.append(piece)
        self._n_bytes += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return how many bytes were written in all."""
        return self._n_bytes

    def flush(self) -> None:
        """Do nothing: what is written is here already."""

    def close(self) -> None:
        """Take nothing more."""
        self.closed = True

    def writable(self) -> bool:
        """Whether it may be written to."""
        return True

    def readable(self) -> bool:
        """Whether it may be read from."""
        return False

    def seekable(self) -> bool:
        """Whether one may go back."""
        return False

    def take(self) -> bytes:
        """Return what was written since the last time."""
        piece, self._written = b"".join(self._written), []
        return piece
