"""The command line: `python -m webapp.cli --help`.

Passwords are asked for, read from standard input or made up. They are never arguments: everybody on the machine can
read those.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from alembic import command
from alembic.config import Config
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError, ProgrammingError

from quant.errors import QuantError
from webapp import jobs, schema
from webapp.config import Settings, load_settings
from webapp.db import Database
from webapp.errors import AppError, Conflict, InvalidInput
from webapp.home import only_one
from webapp.jobs import Queue
from webapp.permissions import Role
from webapp.services import (
    accounts,
    analyses,
    audit,
    backups,
    bundle_imports,
    documents,
    example,
    imports,
    passwords,
    price_store,
    quotas,
    tokens,
    two_factor,
    users,
)
from webapp.services.accounts import UserView
from webapp.services.documents import Kind
from webapp.services.tokens import TokenView
from webapp.services.workflow import Status
from webapp.storage import open_files, open_frames, places
from webapp.supervision import CannotStart

_CHUNK_BYTES = 1024**2
_LOOK_SECONDS = 0.3
_LIMITS = {
    "n_running": "Analyses at once",
    "n_queued": "Analyses that wait",
    "cpu_minutes": "Processor minutes a day",
    "storage_bytes": "Bytes of results and uploads",
}


class _Commands(click.Group):
    """Says what went wrong in one line, and exits with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (AppError, QuantError) as error:
            raise click.ClickException(_in_words(error)) from error
        except ValidationError as error:
            raise click.ClickException("; ".join(_explain(error))) from error
        except CannotStart as error:
            raise click.ClickException(str(error)) from error
        except (OperationalError, ProgrammingError) as error:
            first_line = str(error.orig).splitlines()[0]
            hint = "Is it there, and migrated? python -m alembic upgrade head"
            raise click.ClickException(f"The database refused: {first_line}. {hint}") from error


@click.group(cls=_Commands, help="Manage an installation of Assay.")
@click.pass_context
def main(context: click.Context) -> None:
    """Read the settings, once."""
    context.obj = load_settings()


def _password_options(command: Callable[..., None]) -> Callable[..., None]:
    from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
    made_up = click.option("--generate", is_flag=True, help="Make a password up and print it once.")
    return from_stdin(made_up(command))


@main.command("create-user")
@click.option("--email", required=True, help="What they sign in with.")
@click.option("--name", required=True, help="What others see.")
@click.option("--role", type=click.Choice([str(role) for role in Role]), default="researcher", show_default=True)
@_password_options
@click.pass_obj
def create_user(settings: Settings, /, email: str, name: str, role: str, **password_from: bool) -> None:
    """Let somebody in."""
    password = _password(**password_from)
    with _database(settings) as database, database.write() as session:
        user = accounts.create_user(session, None, email=email, name=name, role=Role(role), password=password)
    click.echo(f"Created {user.email} ({user.role}).")
    _show_made_up(password, **password_from)


@main.command("create-admin")
@click.option("--email", required=True, help="What they sign in with.")
@click.option("--name", default="Administrator", show_default=True, help="What others see.")
@_password_options
@click.pass_context
def create_admin(context: click.Context, /, email: str, name: str, **password_from: bool) -> None:
    """Let an administrator in."""
    context.invoke(create_user, email=email, name=name, role=str(Role.ADMIN), **password_from)


@main.command("set-password")
@click.option("--email", required=True, help="Whose password.")
@_password_options
@click.pass_obj
def set_password(settings: Settings, /, email: str, **password_from: bool) -> None:
    """Give somebody a new password, end their sessions and revoke their tokens."""
    password = _password(**password_from)
    with _database(settings) as database, database.write() as session:
        users.set_password(session, None, accounts.find_user(session, email).id, password=password)
    click.echo(f"{accounts.to_email(email)} has a new password; all their sessions and tokens have ended.")
    _show_made_up(password, **password_from)


@main.command("disable-user")
@click.option("--email", required=True, help="Whom.")
@click.pass_obj
def disable_user(settings: Settings, email: str) -> None:
    """Shut somebody out, with all their sessions and tokens."""
    with _database(settings) as database, database.write() as session:
        user = users.set_active(session, None, accounts.find_user(session, email).id, is_active=False)
    click.echo(f"{user.email} can no longer sign in.")


@main.command("enable-user")
@click.option("--email", required=True, help="Whom.")
@click.pass_obj
def enable_user(settings: Settings, email: str) -> None:
    """Let somebody in again."""
    with _database(settings) as database, database.write() as session:
        user = users.set_active(session, None, accounts.find_user(session, email).id, is_active=True)
    click.echo(f"{user.email} can sign in again.")


@main.command("turn-two-factor-off")
@click.option("--email", required=True, help="Whose.")
@click.pass_obj
def turn_two_factor_off(settings: Settings, email: str) -> None:
    """Let somebody in by password alone who has lost their device; their sessions end."""
    with _database(settings) as database, database.write() as session:
        two_factor.turn_off_for(session, None, accounts.find_user(session, email).id)
    click.echo(f"{accounts.to_email(email)} signs in by password alone.")


@main.command("list-users")
@click.pass_obj
def list_users(settings: Settings) -> None:
    """Show everybody who may sign in, and who no longer may."""
    with _database(settings) as database, database.read() as session:
        everybody = accounts.list_users(session, None)
    width = max((len(user.email) for user in everybody), default=0)
    for user in everybody:
        click.echo(_line(user, width))


@main.command("list-tokens")
@click.argument("email")
@click.pass_obj
def list_tokens(settings: Settings, email: str) -> None:
    """Show the tokens of somebody that still work, newest first."""
    with _database(settings) as database, database.read() as session:
        found = tokens.list_tokens_of(session, accounts.to_email(email))
    for token in found:
        click.echo(f"{token.id}  {_used(token)}  {','.join(token.scopes)}  {token.name}")


@main.command("revoke-token")
@click.argument("token_id", metavar="ID")
@click.pass_obj
def revoke_token(settings: Settings, token_id: str) -> None:
    """Make a token worthless, whosever it is."""
    with _database(settings) as database, database.write() as session:
        tokens.revoke_token(session, None, token_id)
    click.echo(f"{token_id} opens nothing any more.")


def _limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Take a number, 0 for no limit, or the word `house`."""
    for name, words in reversed(_LIMITS.items()):
        option = click.option(f"--{name.replace('_', '-')}", name, help=f"{words}; 0: no limit, house: as everybody.")
        command = option(command)
    return command


@main.command("limits")
@click.option("--email", default="", help="Whose; left out: of everybody who has none of their own.")
@_limit_options
@click.pass_obj
def limits(settings: Settings, /, email: str, **wanted: str | None) -> None:
    """Show what people may take, after changing what is named."""
    changes = {name: _limit(name, text) for name, text in wanted.items() if text is not None}
    with _database(settings) as database, database.write() as session:
        if not email:
            house = quotas.get_house(session, None)
            shown = quotas.set_house(session, None, limits=replace(house, **changes)) if changes else house
        else:
            user_id = accounts.find_user(session, email).id
            found = quotas.get_of(session, None, user_id)
            if changes:
                found = quotas.set_of(session, None, user_id, limits=replace(found.own, **changes))
            shown = found.limits
    for name, words in _LIMITS.items():
        most = getattr(shown, name)
        click.echo(f"{words}: {most:,}" if most else f"{words}: no limit")


def _limit(name: str, text: str) -> int | None:
    if text == "house":
        return None
    if not text.isdecimal():
        raise InvalidInput(f"Expected a whole number or the word house for --{name.replace('_', '-')}; found {text!r}.")
    return int(text)


@main.command("seed")
@click.pass_obj
def seed(settings: Settings) -> None:
    """Prepare a new installation: packaged prices, first administrator, example. A second time changes nothing."""
    with _database(settings) as database:
        with database.write() as session:
            price_store.load_sample(session, open_frames(settings))
        email, given = settings.admin_email, settings.admin_password.get_secret_value()
        with database.write() as session:
            made_up = accounts.ensure_admin(session, email=email, password=given)
        if made_up:  # said before anything else can fail: it is stored nowhere
            click.echo(f"First administrator: {accounts.to_email(email)}")
            click.echo(f"Password: {made_up}   (shown this once)")
        if settings.example:
            _submit_example(database, Queue(settings.resolved_redis_url))


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--email", required=True, help="Whose it will be.")
@click.option("--symbol", required=True, help="What the instrument is called in questions.")
@click.option("--name", default="", help="What a person calls it.")
@click.option("--currency", default="USD", show_default=True, help="Of the prices.")
@click.option("--kind", default="equity", show_default=True, help="What kind of thing it is.")
@click.option("--layout", multiple=True, metavar="PART=VALUE", help="How it is read, such as date_format=dmy.")
@click.option("--decide", multiple=True, metavar="CODE=DECISION", help="About a finding, such as gap=keep.")
@click.option("--reason", default="", help="Why it is decided so; kept with the file.")
@click.pass_obj
def import_file(settings: Settings, /, file: Path, email: str, **said: Any) -> None:
    """Bring a file of prices of any size up to 2 GiB: it is copied, and a data worker judges and stores it."""
    files = open_files(settings)
    instrument = {"symbol": said["symbol"], "name": said["name"], "currency": said["currency"]}
    with file.open("rb") as stream, _database(settings) as database:
        with database.read() as session:
            owner = imports.owner_by_email(session, email)
        content_hash, n_bytes = imports.receive(files, iter(lambda: stream.read(_CHUNK_BYTES), b""))
        with database.write() as session:
            public_id = imports.submit(
                session,
                owner,
                filename=file.name,
                content_hash=content_hash,
                n_bytes=n_bytes,
                instrument={**instrument, "asset_class": said["kind"]},
                layout=_pairs(said["layout"]),
                decisions=[imports.Decision(*each, said["reason"]) for each in _pairs(said["decide"]).items()],
            )
            Queue(settings.resolved_redis_url).send_after_commit(session, jobs.ACQUIRE)
    click.echo(f"{file.name}: {n_bytes:,} bytes are in the queue as {public_id}; the job says how it went.")


@main.command("document")
@click.argument("analysis_id", metavar="ANALYSIS")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=False))
@click.option("--email", required=True, help="Who may read it.")
@click.option("--kind", type=click.Choice(list(documents.TITLES)), default="html", show_default=True)
@click.option("--wait", default=120.0, show_default=True, help="Seconds until a data worker must have made it.")
@click.pass_obj
def take_document(settings: Settings, /, analysis_id: str, file: Path, email: str, kind: Kind, wait: float) -> None:
    """Write a report (html), a tear sheet (pdf) or a bundle (bundle) of ANALYSIS into FILE."""
    if file.exists():
        raise InvalidInput(f"Expected the name of a new file; {file} is there already. Name another.")
    with _database(settings) as database:
        with database.write() as session:
            actor = imports.owner_by_email(session, email)
            made = documents.ask(session, actor, analysis_id, kind)
            Queue(settings.resolved_redis_url).send_after_commit(session, jobs.DOCUMENT)
        until = time.monotonic() + wait
        while not made.status.is_final:
            if time.monotonic() > until:
                raise Conflict(f"Expected a data worker to make it within {wait:g} s; it is {made.status}. Ask again.")
            time.sleep(_LOOK_SECONDS)
            with database.read() as session:
                made = next(each for each in documents.list_of(session, actor, analysis_id) if each.kind == kind)
        if made.error_message and made.status is not Status.SUCCEEDED:
            raise Conflict(made.error_message)
        with database.read() as session:
            found = documents.find_file(session, actor, analysis_id, kind)
    with open_files(settings).local(found.content_hash) as path:
        shutil.copyfile(path, file)
    click.echo(f"Wrote {file}: {documents.TITLES[kind].lower()} of {analysis_id}, {made.n_bytes or 0:,} bytes.")


@main.command("import-bundle")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--email", required=True, help="Whose it will be.")
@click.pass_obj
def import_bundle(settings: Settings, file: Path, email: str) -> None:
    """Make the analysis that another Assay exported into FILE one of somebody's here."""
    files = open_files(settings)
    with file.open("rb") as stream, _database(settings) as database:
        content_hash = bundle_imports.receive(files, iter(lambda: stream.read(_CHUNK_BYTES), b""))
        with database.read() as session:
            actor = imports.owner_by_email(session, email)
            bundle = bundle_imports.read(session, files, actor, content_hash)
        with database.write() as session:
            new_id = bundle_imports.create(session, open_frames(settings), actor, bundle, content_hash=content_hash)
            origin = analyses.get(session, actor, new_id).imported
    has_prices = origin is not None and origin.has_prices
    again = "Its prices are here: it can be run again." if has_prices else "Its prices are not here."
    click.echo(f"{file.name}: imported as {new_id}, unchanged since it was exported. {again}")


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return what was given as NAME=VALUE."""
    unfit = [text for text in texts if "=" not in text]
    if unfit:
        raise InvalidInput(f"Expected NAME=VALUE; found {', '.join(unfit)}.")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


@main.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def back_up(settings: Settings, file: Path) -> None:
    """Write everything but the secret key into FILE, while Assay runs."""
    with _database(settings) as database:
        with database.write() as session:
            audit.record(session, action="backup.written", subject=file.name)
        manifest = backups.back_up(database, places(settings), file, secret=settings.secret_key.get_secret_value())
    size = file.stat().st_size / 1e6
    click.echo(f"Wrote {file}: {manifest.n_rows:,} rows, {manifest.n_stored_files:,} files, {size:,.1f} MB.")
    click.echo(
        "The secret key is not in it. Keep it elsewhere (ASSAY_SECRET_KEY, or the file assay_secret_key in the folder "
        "`secrets`): without it nobody can use two-factor sign-in after a restore, and all sessions end."
    )


@main.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--force", is_flag=True, help="Lose what is there.")
@click.pass_obj
def restore(settings: Settings, file: Path, *, force: bool) -> None:
    """Bring back what `backup` wrote into FILE. Nothing may run meanwhile."""
    manifest = backups.verify(file)
    config = Config(Path(__file__).parents[1] / "alembic.ini", attributes={"url": settings.resolved_database_url})
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(settings.home), _database(settings, is_to_be_replaced=True) as database:
        backups.restore(
            database,
            places(settings),
            file,
            manifest,
            migrate=lambda target: command.upgrade(config, target),
            force=force,
        )
        with database.write() as session:
            details = {"created_at": manifest.created_at, "from": manifest.database}
            audit.record(session, action="backup.restored", subject=file.name, details=details)
    click.echo(f"Restored {manifest.n_rows:,} rows and {manifest.n_stored_files:,} files of {manifest.created_at}.")
    if backups.key_check(settings.secret_key.get_secret_value()) != manifest.secret_key_check:
        click.echo(
            "This installation has another secret key than the one that was backed up: all sessions have ended, and "
            "what was encrypted (two-factor sign-in) cannot be read. Start with the old ASSAY_SECRET_KEY instead."
        )


def _submit_example(database: Database, queue: Queue) -> None:
    with database.write() as session:
        actor = accounts.first_admin(session)
        if actor is not None and example.submit_if_first(session, actor) is not None:
            queue.send_after_commit(session, jobs.WORK)


@contextmanager
def _database(settings: Settings, *, is_to_be_replaced: bool = False) -> Iterator[Database]:
    database = Database(settings.resolved_database_url)
    try:
        if not is_to_be_replaced:
            with database.read() as session:
                schema.check(session)
        yield database
    finally:
        database.dispose()


def _password(*, password_stdin: bool, generate: bool) -> str:
    if generate:
        return passwords.generate()
    if password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Again")
    return password


def _show_made_up(password: str, *, password_stdin: bool, generate: bool) -> None:
    del password_stdin
    if generate:
        click.echo(f"Password: {password}   (shown this once)")


def _line(user: UserView, width: int) -> str:
    last = f"{user.last_sign_in_at:%Y-%m-%d %H:%M} UTC" if user.last_sign_in_at else "never signed in"
    return (
        f"{user.email:<{width}}  {user.role:<10}  {'active' if user.is_active else 'disabled':<8}  {last}  {user.name}"
    )


def _used(token: TokenView) -> str:
    last = f"used {token.last_used_at:%Y-%m-%d %H:%M} UTC" if token.last_used_at else "never used"
    return f"{last}, until {token.expires_at:%Y-%m-%d}" if token.expires_at else last


def _in_words(error: AppError | QuantError) -> str:
    """Return the sentence of an error, and what is wrong with each field, unless it says so itself."""
    fields = error.fields if isinstance(error, InvalidInput) else {}
    return " ".join([str(error), *(f"{name}: {text}." for name, text in fields.items() if text not in str(error))])


def _explain(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        name = "ASSAY_" + "_".join(str(part) for part in problem["loc"]).upper()
        yield f"{name}: {problem['msg']}"


if __name__ == "__main__":
    os.umask(0o077)  # nobody else reads what it writes
    sys.exit(main())
