"""One file with everything an installation knows: every row and every stored file, whichever database they came from.

A backup is a compressed tar: `manifest.json` at its end, a file of JSON lines for each table, and the stored files. It
is taken in one transaction that sees one moment, while jobs run: files are written before the rows that name them, so
copying them afterwards finds them all. The secret key is not in it.
"""

import base64
import datetime
import hashlib
import hmac
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy import Connection

from webapp import __version__
from webapp.db import Base, Database, UtcDateTime
from webapp.errors import Conflict, InvalidInput
from webapp.places import Place
from webapp.tables import __all__ as _tables  # noqa: F401  # declares every table on Base.metadata

FORMAT = 1
_MANIFEST = "manifest.json"
_VERSIONS = "alembic_version"
_ROWS_AT_ONCE = 1000
_CHUNK = 1024**2
# How each kind of column is written in a backup, and read back: a backup does not depend on the classes of today.
_KINDS: tuple[tuple[type[Any], str], ...] = (
    (UtcDateTime, "time"),
    (sa.DateTime, "time"),
    (sa.Date, "date"),
    (sa.JSON, "json"),
    (sa.LargeBinary, "bytes"),
    (sa.Boolean, "yes/no"),
    (sa.Float, "number"),
    (sa.Numeric, "number"),
    (sa.Integer, "integer"),
    (sa.String, "text"),
)
_TYPES: dict[str, Callable[[bool], sa.types.TypeEngine[Any]]] = {
    "time": lambda _: UtcDateTime(),
    "date": lambda _: sa.Date(),
    "json": lambda nullable: sa.JSON(none_as_null=nullable),
    "bytes": lambda _: sa.LargeBinary(),
    "yes/no": lambda _: sa.Boolean(),
    "number": lambda _: sa.Double(),
    "integer": lambda _: sa.BigInteger(),
    "text": lambda _: sa.Text(),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "time": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "bytes": base64.b64decode,
}


@dataclass(frozen=True)
class TableRecord:
    """A table in a backup: its columns as `[name, kind, may be unknown]`, and the last number it has given to a row."""

    name: str
    columns: tuple[tuple[str, str, bool], ...]
    n_rows: int
    last_number: int


@dataclass(frozen=True)
class Manifest:
    """What is in a backup; `files` maps each file in it to the SHA-256 of its content."""

    format: int
    version: str
    migration: str
    database: str
    created_at: str
    secret_key_check: str
    tables: list[TableRecord] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Rows of all tables."""
        return sum(table.n_rows for table in self.tables)

    @property
    def n_stored_files(self) -> int:
        """Files that are not tables."""
        return len(self.files) - len(self.tables)


def key_check(secret: str) -> str:
    """Return what tells two secret keys apart and betrays neither."""
    return hmac.new(secret.encode(), b"backup", hashlib.sha256).hexdigest()[:32]


def back_up(database: Database, places: Mapping[str, Place], target: Path, *, secret: str) -> Manifest:
    """Write a backup, while everything runs.

    Parameters
    ----------
    database : Database
        What is backed up.
    places : mapping
        Stored files: the name of each place in the backup, and the place, which may be a folder or a bucket.
    target : Path
        Where the backup is written; nothing may be there. It appears whole or not at all.
    secret : str
        The secret key. It is not written; a backup only knows whether another one is the same.

    Returns
    -------
    Manifest
        What is in the backup.

    Raises
    ------
    Conflict
        If something is there already, or the database was never migrated.
    """
    if target.exists():
        raise Conflict(f"Expected no file at {target}; there is one. Name another, or move it away.")
    half = target.with_name(f".{target.name}.half")
    try:
        with _one_moment(database) as connection, tarfile.open(half, "w:gz", compresslevel=1) as archive:
            manifest = Manifest(
                format=FORMAT,
                version=__version__,
                migration=_migration(connection),
                database=connection.dialect.name,
                created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                secret_key_check=key_check(secret),
            )
            for table in Base.metadata.sorted_tables:
                manifest.tables.append(_add_table(archive, connection, table, manifest.files))
            for name, place in places.items():
                _add_place(archive, name, place, manifest.files)
            _add(archive, _MANIFEST, io.BytesIO(json.dumps(asdict(manifest)).encode()))
        half.rename(target)
    finally:
        half.unlink(missing_ok=True)
    return manifest


def verify(source: Path) -> Manifest:
    """Read a backup from beginning to end, and compare everything in it with its checksum.

    Parameters
    ----------
    source : Path
        The backup.

    Returns
    -------
    Manifest
        What is in it.

    Raises
    ------
    InvalidInput
        If it is no backup, was made by a newer program, or is not as it was written.
    """
    found: dict[str, str] = {}
    text = b""
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                content = _content(archive, member)
                if member.name == _MANIFEST:
                    text = content.read()
                else:
                    found[member.name] = _hash_of(content)
        manifest = _manifest(text)
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError, KeyError) as error:
        raise InvalidInput(f"Expected a backup of Assay at {source}; it cannot be read: {error}.") from error
    if manifest.format != FORMAT:
        raise InvalidInput(f"Expected a backup of format {FORMAT}; found {manifest.format}. Use a newer Assay.")
    wrong = sorted(name for name in found.keys() | manifest.files.keys() if found.get(name) != manifest.files.get(name))
    if wrong:
        names = ", ".join(wrong[:3])
        raise InvalidInput(f"The backup is damaged: {len(wrong)} of its files are not as they were written ({names}).")
    return manifest


def restore(
    database: Database,
    places: Mapping[str, Place],
    source: Path,
    manifest: Manifest,
    *,
    migrate: Callable[[str], None],
    force: bool = False,
) -> None:
    """Bring back what is in a backup, on whichever database; nothing may use the place meanwhile.

    Parameters
    ----------
    database : Database
        Where the rows go.
    places : mapping
        Where the stored files go, by the names of their places in the backup; a folder's may go into a bucket.
    source : Path
        The backup.
    manifest : Manifest
        What `verify` returned of it.
    migrate : callable
        Brings the database to the form that it is given: a migration's number, or "head".
    force : bool, default=False
        Whether what is there may be lost.

    Raises
    ------
    Conflict
        If there are rows or files already, and force is not given.
    """
    if not force:
        _require_empty(database, places)
    _drop_tables(database)
    migrate(manifest.migration)
    with tarfile.open(source, "r:gz") as archive, _filling(database) as connection:
        tables = {f"tables/{table.name}.jsonl": table for table in manifest.tables}
        for member in archive:
            content = _content(archive, member)
            if member.name in tables:
                _fill(connection, tables[member.name], content)
            elif member.name != _MANIFEST:
                _write_file(places, member.name, content)
    migrate("head")


# --- Writing ---------------------------------------------------------------------------------------------------------


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    """Open a transaction that sees the database as it is at its beginning, whatever others do."""
    engine = database.engine
    if engine.dialect.name != "sqlite":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with engine.connect() as connection:
        yield connection


def _migration(connection: Connection) -> str:
    if not sa.inspect(connection).has_table(_VERSIONS):
        raise Conflict("Expected a database with tables; found none. Run: python -m webapp migrate")
    return str(connection.scalar(sa.text(f"SELECT version_num FROM {_VERSIONS}")))  # noqa: S608  # our own name


def _add_table(
    archive: tarfile.TarFile, connection: Connection, table: sa.Table, hashes: dict[str, str]
) -> TableRecord:
    columns = tuple((column.name, _kind(column), bool(column.nullable)) for column in table.columns)
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        sa.select(table).order_by(*table.primary_key.columns)
    )
    n_rows = 0
    with tempfile.TemporaryFile() as lines:
        for row in rows:
            lines.write(json.dumps([_plain(value) for value in row], separators=(",", ":")).encode() + b"\n")
            n_rows += 1
        lines.seek(0)
        name = f"tables/{table.name}.jsonl"
        hashes[name] = _add(archive, name, lines)
    return TableRecord(table.name, columns, n_rows, _last_number(connection, table.name, table.columns))


def _kind(column: sa.Column[Any]) -> str:
    return next(name for kind, name in _KINDS if isinstance(column.type, kind))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what a JSON column holds stays as it is."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _add_place(archive: tarfile.TarFile, name: str, place: Place, hashes: dict[str, str]) -> None:
    for found in place.files():  # without what is being written this moment, which has no row yet
        with place.open(found.name) as file:
            member = f"files/{name}/{found.name}"
            hashes[member] = _add(archive, member, file)


def _add(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> str:
    """Add a file to the archive, and return the hash of what was added."""
    member = tarfile.TarInfo(name)
    member.size = file.seek(0, io.SEEK_END)
    member.mode = 0o600
    file.seek(0)
    hashed = _hash_of(file)
    file.seek(0)
    archive.addfile(member, file)
    return hashed


def _hash_of(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


# --- Reading ---------------------------------------------------------------------------------------------------------


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise tarfile.TarError(f"{member.name} is no file")
    return content


def _manifest(text: bytes) -> Manifest:
    values = json.loads(text)
    tables = [
        TableRecord(**{**table, "columns": tuple((name, kind, null) for name, kind, null in table["columns"])})
        for table in values.pop("tables")
    ]
    return Manifest(**values, tables=tables)


def _require_empty(database: Database, places: Mapping[str, Place]) -> None:
    with database.engine.connect() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        filled = [
            table.name
            for table in found.sorted_tables
            if table.name != _VERSIONS and connection.execute(sa.select(table).limit(1)).first() is not None
        ]
    filled += [place.title for place in places.values() if any(True for _ in place.files())]
    if filled:
        raise Conflict(
            f"Expected an empty place; found something in {', '.join(filled)}. Restore elsewhere, or say --force to "
            "lose what is there."
        )


def _drop_tables(database: Database) -> None:
    with database.engine.execution_options(assay_writes=True).connect() as connection:
        _without_references(connection)
        found = sa.MetaData()
        with connection.begin():
            found.reflect(connection)
            found.drop_all(connection)


@contextmanager
def _filling(database: Database) -> Iterator[Connection]:
    """Open the one transaction in which all rows come back."""
    with database.engine.execution_options(assay_writes=True).connect() as connection:
        _without_references(connection)
        with connection.begin():
            yield connection
            if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise InvalidInput("The backup contradicts itself: rows refer to others that are not in it.")


def _without_references(connection: Connection) -> None:
    """Let SQLite look at references at the end only; PostgreSQL gets rows in an order in which they hold."""
    if connection.dialect.name == "sqlite":
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")


def _fill(connection: Connection, record: TableRecord, lines: Iterable[bytes]) -> None:
    columns = [sa.Column(name, _TYPES[kind](nullable)) for name, kind, nullable in record.columns]
    table = sa.Table(record.name, sa.MetaData(), *columns)
    # A migration may have brought rows of its own; the backup has all that there were.
    connection.execute(table.delete())
    reads = [_READ.get(kind, lambda value: value) for _, kind, _ in record.columns]
    names = [name for name, _, _ in record.columns]
    rows: list[dict[str, Any]] = []
    for line in lines:
        values = json.loads(line)
        pairs = zip(names, reads, values, strict=True)
        rows.append({name: None if value is None else read(value) for name, read, value in pairs})
        if len(rows) == _ROWS_AT_ONCE:
            connection.execute(table.insert(), rows)
            rows = []
    if rows:
        connection.execute(table.insert(), rows)
    _go_on_after(connection, record)


def _write_file(places: Mapping[str, Place], name: str, content: IO[bytes]) -> None:
    kind, place, *inside = PurePosixPath(name).parts
    if kind != "files" or place not in places or not inside or {"..", "/"} & set(inside):
        raise InvalidInput(f"Expected tables and stored files in a backup; found {name}.")
    places[place].write("/".join(inside), iter(lambda: content.read(_CHUNK), b""))


# --- Numbers that are never given twice ------------------------------------------------------------------------------


def _last_number(connection: Connection, table: str, columns: Iterable[sa.Column[Any]]) -> int:
    """Return the last number that the database gave to a row of a table, also if that row is gone; 0: none."""
    if not any(column.name == "id" for column in columns):
        return 0
    if connection.dialect.name == "sqlite":
        largest = connection.scalar(sa.text(f'SELECT max(id) FROM "{table}"')) or 0  # noqa: S608  # our own name
        if not sa.inspect(connection).has_table("sqlite_sequence"):
            return int(largest)
        given = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}) or 0
        return max(int(largest), int(given))
    sequence = _sequence(connection, table)
    if sequence is None:
        return 0
    last, is_called = connection.execute(sa.text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return int(last) if is_called else 0


def _go_on_after(connection: Connection, record: TableRecord) -> None:
    if not record.last_number:
        return
    values = {"name": record.name, "last": record.last_number}
    if connection.dialect.name != "sqlite":
        if (sequence := _sequence(connection, record.name)) is not None:
            connection.execute(sa.text("SELECT setval(:sequence, :last)"), {"sequence": sequence, **values})
    elif "AUTOINCREMENT" in str(connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), values)):
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), values)


def _sequence(connection: Connection, table: str) -> str | None:
    name: str | None = connection.scalar(sa.text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table})
    return name
