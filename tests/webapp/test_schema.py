"""A database of another version: every program refuses it in one line, and says what to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from webapp import schema
from webapp.db import Database

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [("0000", "older", "python -m webapp migrate"), ("9999", "newer", "Start the program of that version")]


def stamp(database, version):
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def run(settings, *command):
    environment = {"ASSAY_HOME": settings.home, "ASSAY_SECRET_KEY": settings.secret_key.get_secret_value()}
    environment |= {"ASSAY_DATABASE_URL": settings.database_url, "ASSAY_REDIS_URL": "redis://127.0.0.1:1/0"}
    environment = {name: str(value) for name, value in environment.items()}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_what_is_known_is_the_newest_migration():
    assert schema.known() == ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).get_current_head()


def test_a_database_of_this_version_is_welcome(database):
    schema.check_if_there(database.engine)


@pytest.mark.parametrize(("version", "is_what", "advice"), OTHERS)
def test_one_of_another_version_is_refused_with_advice(database, version, is_what, advice):
    stamp(database, version)
    try:
        with pytest.raises(schema.WrongVersion, match=f"found {version}, which is {is_what}") as caught:
            schema.check_if_there(database.engine)
    finally:
        stamp(database, schema.known())
    assert advice in str(caught.value)


@pytest.mark.databases("sqlite")
def test_one_that_was_never_migrated_is_older(tmp_path):
    empty = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with pytest.raises(schema.WrongVersion, match="found 0000, which is older"):
        schema.check_if_there(empty.engine)
    empty.dispose()


def test_one_that_does_not_answer_is_looked_at_later():
    away = Database("postgresql+psycopg://assay@127.0.0.1:1/assay")
    schema.check_if_there(away.engine)
    away.dispose()


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("program", ["web", "worker", "beat"])
@pytest.mark.parametrize(("version", "is_what"), [other[:2] for other in OTHERS])
def test_no_program_begins_on_it(settings, database, program, version, is_what):
    stamp(database, version)
    ended = run(settings, "webapp", program)

    assert ended.returncode == 1
    assert re.fullmatch(rf"Expected a database of version .* found {version}, which is {is_what}\..*\n", ended.stderr)


@pytest.mark.databases("sqlite")
def test_neither_does_the_command_line_nor_a_migration_of_an_older_program(settings, database):
    stamp(database, "9999")
    listed, migrated = run(settings, "webapp.cli", "list-users"), run(settings, "webapp", "migrate")

    assert listed.returncode == migrated.returncode == 1
    assert listed.stderr.startswith("Error: Expected a database of version")
    assert "found 9999, which is newer. Start the program of that version" in migrated.stderr.splitlines()[-1]


@pytest.mark.databases("sqlite")
def test_a_web_server_under_which_it_was_migrated_is_not_ready(client, database):
    stamp(database, "9999")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["parts"]["database"]) == (503, "another version")
