"""The database: declarative base, engine, and the two kinds of transaction, the same for web, worker and tests.

SQLite runs in WAL mode. Its driver would begin transactions by its own rules and lose concurrent increments, so we
begin them ourselves: a read deferred, so that it never waits for a writer; a write IMMEDIATE, so that two never meet.
"""

import datetime
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Executable,
    Insert,
    MetaData,
    String,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

# What a driver may raise when the database is away, is stopped, or has ended our transaction.
AWAY = (OperationalError, InterfaceError, InternalError)

# A process that is frozen within a transaction would hold its locks for as long as it likes; the server ends it then.
# SQLite has no server that could: there the keeper kills the process.
IDLE_IN_TRANSACTION_SECONDS = 30

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_SERIALIZATION_FAILURE = "40001"  # SQLSTATE


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """An aware instant; stored as UTC, also on SQLite, which knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """Refuse a naive time; SQLite gets UTC without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("Expected an aware time; found one without a zone.")
        value = value.astimezone(datetime.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """Return an aware time in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=datetime.UTC) if value.tzinfo is None else value.astimezone(datetime.UTC)


class Base(DeclarativeBase):
    """Parent of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime.datetime: UtcDateTime(), str: String()}  # noqa: RUF012  # SQLAlchemy's own form


def into(table: type[Base]) -> Insert:
    """Return an insert of plain rows that knows nothing of objects: for rows that this transaction does not read again.

    It takes half the time of one that does.
    """
    return insert(table.__table__)  # type: ignore[arg-type]  # a mapped class has a table


def ask(session: Session, question: Executable, parameters: Mapping[str, Any]) -> CursorResult[Any]:
    """Ask for bare values, past what a session does for objects: of what is asked all the time, that is half the cost.

    What the transaction has changed counts, as it does otherwise.
    """
    session.flush()
    return session.connection().execute(question, parameters)


class Database:
    """An engine and its transactions.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of an SQLite file or a PostgreSQL database.
    """

    def __init__(self, url: str) -> None:
        self.engine = _create_engine(url)
        self._writing = self.engine.execution_options(assay_writes=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads; it is rolled back at the end."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that commits at the end, or rolls back if an exception passes."""
        with Session(self._writing) as session, session.begin():
            yield session

    def dispose(self, *, close: bool = True) -> None:
        """Forget the pooled connections; with `close=False` leave them to the process we were forked from."""
        self.engine.dispose(close=close)


def _create_engine(url: str) -> Engine:
    # Parameters are hidden in errors, which go to the log: what people typed does not belong there.
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we issue BEGIN ourselves
    for pragma in ("journal_mode=WAL", "busy_timeout=15000", "foreign_keys=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("assay_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("assay_writes", False):
        limit = f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS}s'"
        connection.exec_driver_sql(limit)


def serialize(session: Session) -> None:
    """Let a transaction that has not begun yet succeed only if it might as well have been the only one at its time.

    SQLite's writers are that anyway. On PostgreSQL, whoever comes second is refused, at the latest at the commit.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.connection(execution_options={"isolation_level": "SERIALIZABLE"})


def is_overtaken(error: DBAPIError) -> bool:
    """Whether a serialized transaction was refused because another changed what it rests on; it may be tried again."""
    return getattr(error.orig, "sqlstate", None) == _SERIALIZATION_FAILURE


def database_now(session: Session) -> datetime.datetime:
    """Return the database's clock, to the millisecond: leases are judged by one clock, not by each machine's."""
    if session.get_bind().dialect.name == "sqlite":
        # Asked many times in every transaction; as text it costs a third of what it does as an expression.
        text = session.connection().exec_driver_sql("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").scalar_one()
        return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
    now: datetime.datetime = session.scalars(select(func.clock_timestamp())).one()
    return now.astimezone(datetime.UTC)
