"""Made here, restored elsewhere: the same rows and files, from either database to either."""

import datetime
import json
import shutil
import tarfile
import threading

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy import select

from tests import factories, schema
from tests.webapp.api.answered import finish, load_google
from webapp import cli
from webapp.app import create_app
from webapp.auth.session import parts_of
from webapp.db import Base, Database
from webapp.errors import Conflict, InvalidInput
from webapp.places import Folder
from webapp.services import backups, trials
from webapp.tables import AuditEvent, User

SECRET = "s" * 32
FOLDERS = ("frames", "files")


@pytest.fixture
def settings(settings, tmp_path):
    return settings.model_copy(update={"home": tmp_path / "here"})


@pytest.fixture
def lived_in(app, database, settings):
    """An installation with people, prices, an answered analysis, and numbers that were given to what is gone."""
    load_google(app, database)
    with database.write() as session:
        actor = factories.create_actor(session)
    analysis_id = finish(app, database, actor)
    with database.write() as session:
        factories.create_analysis(
            session, actor, title="ü\n\x7f ' \" \\", versions={"deep": [1.5, None, {"a": 1e-300}]}
        )
        session.delete(factories.create_user(session))
        email = session.get_one(User, actor.user_id).email
    return settings, analysis_id, email


@pytest.fixture
def elsewhere(request, tmp_path, settings):
    """`elsewhere("postgresql")` returns the settings of an installation without anything."""
    made = []

    def make(kind):
        url = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
        if kind == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            server.execute("CREATE DATABASE elsewhere")
            made.append(server)
            url = server.url("elsewhere")
        return settings.model_copy(update={"home": tmp_path / "elsewhere", "database_url": url})

    yield make
    for server in made:
        server.execute("DROP DATABASE elsewhere WITH (FORCE)")


@pytest.fixture
def run(monkeypatch):
    def run(settings, *arguments):
        monkeypatch.setattr(cli, "load_settings", lambda: settings)
        return CliRunner().invoke(cli.main, [str(argument) for argument in arguments])

    return run


def rows_of(url):
    """Every row of every table, but for the audit's lines about the backup itself."""
    database = Database(url)
    with database.read() as session:
        found = {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
        }
    database.dispose()
    found["audit_events"] = [row for row in found["audit_events"] if not any("backup." in str(cell) for cell in row)]
    return found


def files_of(home):
    return {
        str(path.relative_to(home)): path.read_bytes()
        for name in FOLDERS
        for path in (home / name).rglob("*")
        if path.is_file()
    }


@pytest.mark.postgres
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_what_was_backed_up_lives_on_elsewhere(lived_in, elsewhere, run, target, tmp_path):
    settings, analysis_id, email = lived_in
    there = elsewhere(target)
    written = run(settings, "backup", tmp_path / "backup.tar")
    assert written.exit_code == 0, written.output
    assert "The secret key is not in it" in written.output
    assert settings.secret_key.get_secret_value().encode() not in (tmp_path / "backup.tar").read_bytes()

    restored = run(there, "restore", tmp_path / "backup.tar")

    assert restored.exit_code == 0, restored.output
    assert "another secret key" not in restored.output
    assert rows_of(there.database_url) == rows_of(settings.database_url)
    assert files_of(there.home) == files_of(settings.home) != {}
    _lives(there, analysis_id, email)


def _lives(settings, analysis_id, email):
    """Sign in, open the analysis, count the ledger, and make somebody new."""
    app = create_app(settings)
    client = app.test_client()
    client.get("/login")
    form = {"email": email, "password": factories.PASSWORD, "csrf_token": client.get_cookie("_csrf_token").value}
    assert client.post("/login", data=form).status_code == 302
    results = client.get(f"/api/v1/analyses/{analysis_id}/results").json
    equity = client.get(f"/api/v1/analyses/{analysis_id}/equity?format=csv")
    assert (equity.status_code, results["id"]) == (200, analysis_id)
    assert client.get(f"/app/analyses/{analysis_id}", headers={"Accept": "text/html"}).status_code == 200
    database = parts_of(app).database
    with database.write() as session:
        assert trials.check(session).broken_at is None
        largest = session.scalar(sa.select(sa.func.max(User.id)))
        assert factories.create_user(session).id > largest + 1, "the number of somebody who is gone is not given again"
        assert session.query(AuditEvent).filter_by(action="backup.restored").count() == 1
    database.dispose()


@pytest.mark.databases("sqlite")
def test_a_place_in_use_is_kept_unless_told_otherwise(lived_in, run, tmp_path):
    settings, _, _ = lived_in
    run(settings, "backup", tmp_path / "backup.tar")
    before = rows_of(settings.database_url)

    refused = run(settings, "restore", tmp_path / "backup.tar")
    assert refused.exit_code == 1
    assert "Expected an empty place" in refused.output
    assert rows_of(settings.database_url) == before
    forced = run(settings, "restore", "--force", tmp_path / "backup.tar")
    assert forced.exit_code == 0, forced.output
    assert rows_of(settings.database_url) == before
    again = run(settings, "backup", tmp_path / "backup.tar")
    assert again.exit_code == 1
    assert "Expected no file" in again.output


@pytest.mark.databases("sqlite")
def test_another_secret_key_is_said(lived_in, elsewhere, run, tmp_path):
    run(lived_in[0], "backup", tmp_path / "backup.tar")
    there = elsewhere("sqlite")
    other = there.model_copy(update={"secret_key": type(there.secret_key)("o" * 32)})

    assert "another secret key" in run(other, "restore", tmp_path / "backup.tar").output


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("damage", ["row", "file", "missing", "extra", "cut", "format", "nonsense"])
def test_a_damaged_backup_changes_nothing(database, tmp_path, elsewhere, run, damage):
    (tmp_path / "frames" / "ab").mkdir(parents=True)
    (tmp_path / "frames" / "ab" / "x").write_bytes(b"content")
    with database.write() as session:
        factories.create_user(session)
    backups.back_up(database, {"frames": Folder(tmp_path / "frames")}, tmp_path / "good.tar", secret=SECRET)
    _damage(tmp_path / "good.tar", tmp_path / "bad.tar", damage)
    there = elsewhere("sqlite")

    refused = run(there, "restore", tmp_path / "bad.tar")

    assert refused.exit_code == 1
    assert "backup" in refused.output
    assert not (tmp_path / "elsewhere.sqlite").exists()


def _damage(good, bad, how):
    if how == "nonsense":
        bad.write_bytes(b"no backup")
        return
    if how == "cut":
        bad.write_bytes(good.read_bytes()[:-600])
        return
    folder = good.parent / "unpacked"
    with tarfile.open(good) as archive:
        names = archive.getnames()
        archive.extractall(folder, filter="data")
    file = {"row": "tables/users.jsonl", "file": "files/frames/ab/x", "format": "manifest.json"}.get(how)
    if how == "format":
        manifest = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps({**manifest, "format": 99}))
    elif file:
        (folder / file).write_bytes((folder / file).read_bytes() + b" ")
    if how == "missing":
        names.remove("files/frames/ab/x")
    if how == "extra":
        shutil.copy(folder / "files/frames/ab/x", folder / "files/frames/ab/y")
        names.insert(0, "files/frames/ab/y")
    with tarfile.open(bad, "w:gz") as archive:
        for name in names:
            archive.add(folder / name, name)


def test_a_backup_sees_one_moment_while_others_write(database, tmp_path, monkeypatch):
    with database.write() as session:
        owner = factories.create_actor(session)
    began, add = threading.Event(), backups._add_table

    def slowly(archive, connection, table, hashes):
        record = add(archive, connection, table, hashes)
        if not began.is_set():  # the first table is read: whatever is written from now on is of a later moment
            began.set()
            with database.write() as session:
                factories.create_analysis(session, owner)
        return record

    monkeypatch.setattr(backups, "_add_table", slowly)
    manifest = backups.back_up(database, {}, tmp_path / "backup.tar", secret=SECRET)

    assert {table.name: table.n_rows for table in manifest.tables}["analyses"] == 0
    assert backups.verify(tmp_path / "backup.tar") == manifest


@pytest.mark.databases("sqlite")
def test_a_file_cannot_leave_its_folder(tmp_path):
    for name in ("files/frames/../../x", "files/secrets/x", "other/frames/x", "files/frames"):
        with pytest.raises(InvalidInput):
            backups._write_file({"frames": Folder(tmp_path / "frames")}, name, None)


@pytest.mark.databases("sqlite")
def test_drafts_and_half_a_backup_are_left_out(database, tmp_path, monkeypatch):
    for name in ("drafts/1/x", "ab/x"):
        (tmp_path / "frames" / name).parent.mkdir(parents=True)
        (tmp_path / "frames" / name).write_bytes(b"x")
    folders = {"frames": Folder(tmp_path / "frames"), "files": Folder(tmp_path / "none")}
    manifest = backups.back_up(database, folders, tmp_path / "backup.tar", secret=SECRET)
    assert [name for name in manifest.files if name.startswith("files/")] == ["files/frames/ab/x"]

    monkeypatch.setattr(backups, "_add_place", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        backups.back_up(database, folders, tmp_path / "second.tar", secret=SECRET)
    assert [path.name for path in tmp_path.iterdir() if "second" in path.name] == []


@pytest.mark.databases("sqlite")
def test_a_database_without_tables_has_nothing_to_back_up(tmp_path):
    bare = Database(f"sqlite:///{tmp_path / 'bare.sqlite'}")
    with pytest.raises(Conflict, match="migrate"):
        backups.back_up(bare, {}, tmp_path / "backup.tar", secret=SECRET)
    bare.dispose()


@pytest.mark.databases("sqlite")
def test_every_kind_of_column_can_be_written(database, tmp_path):
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            assert backups._kind(column) in backups._TYPES
    assert backups._plain(datetime.date(2024, 1, 2)) == "2024-01-02"
    assert backups._READ["bytes"](backups._plain(b"\x00\xff")) == b"\x00\xff"


@pytest.mark.databases("sqlite")
def test_a_backup_of_an_older_form_is_brought_up_to_date(database, database_url, tmp_path, elsewhere):
    """What the migrations after it change, they change in what comes back."""
    with database.write() as session:
        user = factories.create_user(session)
        email = user.email
    manifest = backups.back_up(database, {}, tmp_path / "backup.tar", secret=SECRET)
    seen = []
    url = elsewhere("sqlite").database_url
    there = Database(url)

    def migrate(target):
        seen.append(target)
        schema.migrate(url)

    backups.restore(there, {}, tmp_path / "backup.tar", manifest, migrate=migrate)

    assert seen == [manifest.migration, "head"]
    with there.read() as session:
        assert session.query(User).one().email == email
    there.dispose()
