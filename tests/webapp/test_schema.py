"""A database of another version: every program refuses it in one line, and says what to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from tests import factories
from webapp import schema
from webapp.db import Database
from webapp.tables import Analysis

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [("0000", "older", "python -m webapp migrate"), ("9999", "newer", "Start the program of that version")]


def stamp(database, version):
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def start(settings, *command):
    environment = {"ASSAY_HOME": settings.home, "ASSAY_SECRET_KEY": settings.secret_key.get_secret_value()}
    environment |= {"ASSAY_DATABASE_URL": settings.database_url, "ASSAY_REDIS_URL": "redis://127.0.0.1:1/0"}
    environment = {name: str(value) for name, value in environment.items()}
    arguments = [sys.executable, "-m", *command]
    return subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=-1, stderr=-1, text=True)


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
@pytest.mark.parametrize(("version", "is_what", "advice"), OTHERS)
def test_no_program_begins_on_it_and_each_says_so_in_one_line(settings, database, version, is_what, advice):
    stamp(database, version)
    commands = [("webapp", name) for name in ("web", "worker", "data", "beat", "seed")] + [("webapp.cli", "list-users")]
    programs = {command: start(settings, *command) for command in commands}
    said = {command: (program.communicate()[1], program.returncode) for command, program in programs.items()}

    one_line = rf"(Error: )?Expected a database of version .* found {version}, which is {is_what}\. .*{advice}.*\n"
    assert {
        command: each for command, each in said.items() if each[1] != 1 or not re.fullmatch(one_line, each[0])
    } == {}


@pytest.mark.databases("sqlite")
def test_a_migration_of_an_older_program_changes_nothing(settings, database):
    stamp(database, "9999")
    migration = start(settings, "webapp", "migrate")

    last_line = migration.communicate()[1].splitlines()[-1]
    assert migration.returncode == 1
    assert "found 9999, which is newer. Start the program of that version" in last_line


@pytest.mark.databases("sqlite")
def test_a_web_server_under_which_it_was_migrated_is_not_ready_and_writes_nothing(client, log_in, database):
    actor = log_in()
    client.get("/app/", headers={"Accept": "text/html"})  # brings the token
    with database.write() as session:
        public_id = factories.create_analysis(session, actor).public_id
    stamp(database, "9999")

    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["parts"]["database"]) == (503, "another version")
    token = client.get_cookie("_csrf_token").decoded_value
    refused = client.post(f"/api/v1/analyses/{public_id}/cancel", headers={"X-CSRFToken": token})
    assert (refused.status_code, refused.json["code"]) == (503, "service_unavailable")
    assert "found 9999, which is newer. Start the program of that version" in refused.json["detail"]
    with database.read() as session:
        assert session.scalars(select(Analysis.status)).one() == "queued"
