"""How Alembic reaches the database and what it compares it with.

The URL is, in this order: `config.attributes["url"]` (programs and tests), `-x url=...` (command line), the settings.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from webapp.config import load_settings
from webapp.db import Base, Database, UtcDateTime
from webapp.errors import AppError
from webapp.logs import configure_logging
from webapp.tables import __all__ as _tables  # noqa: F401  # declares every table on Base.metadata

# Two servers may start at once against one database: the second waits and then finds nothing to do.
_MIGRATION_LOCK = 7_305_660


def migrate_online() -> None:
    """Run the migrations in one transaction: all of them, or none."""
    database = Database(_url())
    try:
        with database.engine.connect() as connection:
            _migrate(connection.execution_options(assay_writes=True))
    finally:
        database.dispose()


def write_script() -> None:
    """Write the migrations as SQL, for someone else to run (`--sql`)."""
    _configure(url=_url(), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def _url() -> str:
    given = context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True).get("url")
    return str(given) if given else load_settings().resolved_database_url


def _migrate(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # A changed table is copied and the old one dropped, which would delete what refers to it. This can only be
        # switched off before the transaction begins.
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    _configure(connection=connection, render_as_batch=is_sqlite, transactional_ddl=True)
    with context.begin_transaction():
        if not is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        _check_is_known()
        context.run_migrations()
        if is_sqlite:
            _check_references(connection)


def _check_is_known() -> None:
    found = context.get_context().get_current_revision()
    if found is not None and found not in {script.revision for script in context.script.walk_revisions()}:
        raise AppError(
            f"Expected a database of version {context.script.get_current_head()} or an older one; found {found}, which "
            "is newer. Start the program of that version, or restore a backup that this one has made."
        )


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise AppError(
            f"Expected every reference to meet its row after the migration; found {len(broken)} that do not, in "
            f"{tables}. Nothing was changed."
        )


def _configure(**options: Any) -> None:
    context.configure(
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        render_item=_render_item,
        **options,
    )


def _render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own types as what they are in the database, so that old migrations never import today's code."""
    del autogen
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


if context.config.cmd_opts is not None:  # from the command line; a program has its own logging
    configure_logging("INFO")
if context.is_offline_mode():
    write_script()
else:
    migrate_online()
