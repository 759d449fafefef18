"""Tables of test databases: made by the migrations, emptied between tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import delete, exists, select, text

from webapp.db import Base, Database

ROOT = Path(__file__).parent.parent


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration, pointed at a database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Make all tables, as `python -m alembic upgrade head` does."""
    command.upgrade(alembic_config(url), "head")


def empty(url: str) -> None:
    """Remove all rows of a PostgreSQL database, whoever still holds a transaction open."""
    database = Database(url)
    tables = Base.metadata.sorted_tables
    with database.write() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        # Most tests roll back and leave nothing: one question is ten times faster than truncating every table.
        has_rows = session.execute(select(*(exists(select(table)).label(table.name) for table in tables))).one()
        for table in reversed(tables):
            if getattr(has_rows, table.name):
                session.execute(delete(table))
    database.dispose()
