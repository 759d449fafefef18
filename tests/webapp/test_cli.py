import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests import factories
from tests.webapp.bundles import packed
from webapp import cli, jobs
from webapp.errors import ServiceUnavailable
from webapp.permissions import Role
from webapp.services import analyses, document_jobs, documents, example, prices, sessions, signing_in, tokens
from webapp.services.sessions import Visit
from webapp.storage import FileStore, open_files
from webapp.tables import Acquisition, Analysis, ApiToken, AuditEvent, User

pytestmark = pytest.mark.databases("sqlite")

PASSWORD = factories.PASSWORD


@pytest.fixture
def run(settings, database, jobs_sent, monkeypatch):
    """`run("create-user", ..., input=...)` runs a command on the test's installation."""

    def run(*arguments, **options):
        monkeypatch.setattr(cli, "load_settings", lambda: options.pop("settings", settings))
        return CliRunner().invoke(cli.main, arguments, input=options.get("input"))

    return run


def test_a_user_is_created_with_a_password_that_is_asked_for_twice(run, database):
    result = run("create-user", "--email", "Ada@example.org", "--name", "Ada", input=f"{PASSWORD}\n{PASSWORD}\n")

    assert result.exit_code == 0, result.output
    assert "Created ada@example.org (researcher)." in result.stdout
    assert PASSWORD not in result.output
    with database.write() as session:
        assert signing_in.authenticate(session, "ada@example.org", PASSWORD).role is Role.RESEARCHER


def test_a_password_can_come_from_standard_input(run, database):
    arguments = ("create-user", "--email", "a@b", "--name", "A", "--role", "viewer", "--password-stdin")

    assert run(*arguments, input=PASSWORD + "\n").exit_code == 0
    with database.write() as session:
        assert signing_in.authenticate(session, "a@b", PASSWORD).role is Role.VIEWER


def test_a_password_can_be_made_up_and_is_shown_once(run, database):
    result = run("create-admin", "--email", "admin@example.org", "--generate")

    password = re.search(r"^Password: (\S+)", result.stdout, re.MULTILINE)[1]
    with database.write() as session:
        assert signing_in.authenticate(session, "admin@example.org", password).role is Role.ADMIN


def test_no_command_takes_a_password_as_an_argument():
    for command in cli.main.commands.values():
        for option in command.params:
            assert "password" not in option.name or option.is_flag


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("create-user", "--email", "nobody", "--name", "N", "--generate"),
            "expected an address like name@example.org",
        ),
        (
            ("create-user", "--email", "a@b", "--name", "N", "--password-stdin"),
            "expected 10 to 1,024 characters; found 5",
        ),
        (("create-user", "--email", "ADA@example.org", "--name", "N", "--generate"), "already a user"),
        (("set-password", "--email", "nobody@example.org", "--generate"), "no user with the e-mail"),
        (("disable-user", "--email", "nobody@example.org"), "no user with the e-mail"),
        (("disable-user", "--email", "ada@example.org"), "last active administrator"),
    ],
)
def test_what_went_wrong_is_one_line_and_exit_code_1(run, database, arguments, message):
    with database.write() as session:
        factories.create_user(session, email="ada@example.org", role="admin")

    result = run(*arguments, input="short\n")

    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_who_lost_their_device_is_let_in_by_password_alone(run, database):
    with database.write() as session:
        user = factories.create_user(session, email="ada@example.org", two_factor_since=factories.NOW)
        user_id = user.id

    assert (
        run("turn-two-factor-off", "--email", "ADA@example.org").stdout
        == "ada@example.org signs in by password alone.\n"
    )
    with database.write() as session:
        assert session.get_one(User, user_id).two_factor_since is None
        assert signing_in.authenticate(session, "ada@example.org", PASSWORD)
    assert run("turn-two-factor-off", "--email", "nobody@example.org").exit_code == 1


def test_a_new_password_ends_sessions(run, database):
    with database.write() as session:
        user = factories.create_user(session, email="ada@example.org")
        before = sessions.open_session(session, user, Visit("Firefox", 7))

    result = run("set-password", "--email", "ADA@example.org", "--password-stdin", input="another password\n")

    assert result.stdout == "ada@example.org has a new password; all their sessions and tokens have ended.\n"
    with database.write() as session:
        assert sessions.holder_of(session, before) is None
        assert signing_in.authenticate(session, "ada@example.org", "another password")


@pytest.fixture
def token(database):
    """A token of Ada's that was never used, and its secret."""
    with database.write() as session:
        actor = factories.actor_of(factories.create_user(session, email="ada@example.org"))
        return tokens.create_token(session, actor, name="notebook", scopes=["prices:read"], expires_in_days=30)


def test_tokens_are_listed_without_their_secrets(run, database, token):
    view, secret = token
    unused = run("list-tokens", "ADA@example.org").stdout
    with database.write() as session:
        session.query(ApiToken).one().last_used_at = factories.NOW

    until = f"{view.expires_at:%Y-%m-%d}"
    assert unused == f"{view.id}  never used, until {until}  prices:read  notebook\n"
    assert f"used 2026-01-02 03:04 UTC, until {until}" in run("list-tokens", "ada@example.org").stdout
    assert secret not in unused
    assert "no user with the e-mail" in run("list-tokens", "nobody@example.org").stderr


def test_a_token_is_revoked_whosever_it_is(run, database, token):
    view, secret = token

    assert run("revoke-token", view.id).stdout == f"{view.id} opens nothing any more.\n"
    assert run("list-tokens", "ada@example.org").stdout == ""
    assert "There is no such token." in run("revoke-token", "unknown").stderr
    with database.read() as session:
        assert tokens.bearer_of(session, secret) is None
        assert [event.user_id for event in session.query(AuditEvent).filter_by(action="token.revoked")] == [None]


def test_a_new_password_revokes_tokens(run, database, token):
    run("set-password", "--email", "ada@example.org", "--generate")

    with database.read() as session:
        assert tokens.bearer_of(session, token[1]) is None


def test_nobody_else_reads_what_a_command_writes(tmp_path, database_url):
    environment = {"ASSAY_HOME": str(tmp_path), "ASSAY_DATABASE_URL": database_url, "ASSAY_SECRET_KEY": "k" * 32}
    command = [sys.executable, "-m", "webapp.cli", "seed"]

    subprocess.run(command, check=True, capture_output=True, env={**environment, "ASSAY_EXAMPLE": "0"}, umask=0o022)

    written = [path for path in (tmp_path / "frames").rglob("*") if path.is_file()]
    assert written
    assert {path.stat().st_mode & 0o077 for path in written} == {0}


def test_somebody_is_shut_out_and_let_in_again(run, database):
    with database.write() as session:
        factories.create_user(session, email="ada@example.org")

    assert "can no longer sign in" in run("disable-user", "--email", "ada@example.org").stdout
    assert "disabled" in run("list-users").stdout
    assert "can sign in again" in run("enable-user", "--email", "ada@example.org").stdout
    with database.read() as session:
        assert session.query(User).one().is_active
        actions = [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]
        assert actions == ["account.disabled", "account.enabled"]


def test_the_list_shows_everybody(run, database):
    assert run("list-users").stdout == ""
    with database.write() as session:
        factories.create_user(session, email="b@example.org", name="Bob", role="viewer")
        factories.create_user(session, email="ada@example.org", name="Ada", role="admin", last_sign_in_at=factories.NOW)

    assert run("list-users").stdout.splitlines() == [
        "ada@example.org  admin       active    2026-01-02 03:04 UTC  Ada",
        "b@example.org    viewer      active    never signed in  Bob",
    ]


def test_a_database_without_tables_says_what_to_do(run, settings, tmp_path):
    empty = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'empty.sqlite'}"})

    result = run("list-users", settings=empty)

    assert result.exit_code == 1
    assert "found 0000, which is older" in result.stderr
    assert "python -m webapp migrate" in result.stderr
    assert result.stderr.count("\n") == 1


def test_missing_settings_are_named(tmp_path):
    command = [sys.executable, "-m", "webapp.cli", "list-users"]

    result = subprocess.run(command, capture_output=True, text=True, check=False, env={"ASSAY_HOME": str(tmp_path)})

    assert result.returncode == 1
    assert result.stderr == "Error: ASSAY_SECRET_KEY: Field required\n"


# --- seed ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_example(settings):
    return settings.model_copy(update={"example": True})


def test_a_new_installation_gets_prices_an_administrator_and_an_example(run, with_example, database, jobs_sent):
    result = run("seed", settings=with_example)

    assert result.exit_code == 0, result.output
    assert "First administrator: admin@assay.local" in result.stdout
    password = re.search(r"^Password: (\S+)", result.stdout, re.MULTILINE)[1]
    assert jobs_sent == [jobs.WORK]
    with database.write() as session:
        actor = signing_in.authenticate(session, "admin@assay.local", password)
        assert [item.title for item in analyses.list_recent(session, actor).items] == [example.TITLE]
        symbols = {item.symbol for item in prices.search_instruments(session, actor)}
        assert symbols == {"GOOG", "IBM", "MSFT"}


def test_a_second_time_changes_nothing_and_says_nothing(run, with_example, database, jobs_sent):
    run("seed", settings=with_example)

    result = run("seed", settings=with_example)

    assert (result.exit_code, result.output) == (0, "")
    assert jobs_sent == [jobs.WORK]
    with database.read() as session:
        assert session.query(User).count() == 1
        assert session.query(Analysis).count() == 1


def test_a_given_password_is_used_and_not_shown(run, settings, database):
    given = settings.model_copy(update={"admin_password": type(settings.admin_password)(PASSWORD)})

    result = run("seed", settings=given)

    assert (result.exit_code, result.output) == (0, "")
    with database.write() as session:
        assert signing_in.authenticate(session, "admin@assay.local", PASSWORD)
        assert session.query(Analysis).count() == 0


def test_a_password_that_was_made_up_is_shown_whatever_happens_next(run, with_example, monkeypatch):
    def fail(*_args):
        raise ServiceUnavailable("The disk is full.")

    monkeypatch.setattr(example, "submit_if_first", fail)
    result = run("seed", settings=with_example)

    assert result.exit_code == 1
    assert re.search(r"^Password: \S+", result.stdout, re.MULTILINE)
    assert result.stderr == "Error: The disk is full.\n"


def test_a_file_is_handed_to_a_data_worker(run, database, settings, jobs_sent, tmp_path):
    with database.write() as session:
        factories.create_user(session, email="ada@example.org")
    file = tmp_path / "big.csv"
    file.write_text("date,open,high,low,close,volume\n2012-01-03,1,2,1,1,5\n")
    said = ("--symbol", "ABC", "--layout", "calendar=XNYS", "--decide", "gap=keep", "--reason", "known")

    result = run("import", str(file), "--email", "ada@example.org", *said)

    assert result.exit_code == 0, result.output
    assert jobs_sent == [jobs.ACQUIRE]
    with database.read() as session:
        row = session.query(Acquisition).one()
        assert (row.kind, row.symbol, row.request["decisions"]) == ("import", "ABC", [["gap", "keep", "known"]])
        stored = FileStore(settings.home / "files").path(row.request["content_hash"])
    assert stored.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("said", "message"),
    [(("--email", "nobody@example.org", "--symbol", "ABC"), "nobody@example.org"),
     (("--email", "ada@example.org", "--symbol", "A B"), "mistakes"),
     (("--email", "ada@example.org", "--symbol", "ABC", "--layout", "calendar"), "NAME=VALUE")],
)  # fmt: skip
def test_an_import_that_cannot_be_says_why(run, database, jobs_sent, tmp_path, said, message):
    with database.write() as session:
        factories.create_user(session, email="ada@example.org")
    file = tmp_path / "big.csv"
    file.write_text("date,close\n")
    result = run("import", str(file), *said)

    assert (result.exit_code, jobs_sent) == (1, [])
    assert message in result.stderr


def test_limits_are_shown_and_set_one_by_one(run, database):
    with database.write() as session:
        email = factories.create_user(session).email

    assert run("limits").stdout.splitlines()[0] == "Analyses at once: no limit"
    assert run("limits", "--n-running", "3", "--n-queued", "2000").exit_code == 0
    assert run("limits", "--email", email, "--n-running", "1").exit_code == 0
    theirs = run("limits", "--email", email).stdout.splitlines()
    assert theirs[:2] == ["Analyses at once: 1", "Analyses that wait: 2,000"]
    assert run("limits", "--email", email, "--n-running", "0").stdout.startswith("Analyses at once: no limit")
    assert run("limits", "--email", email, "--n-running", "house").stdout.startswith("Analyses at once: 3")
    with database.read() as session:
        assert session.query(AuditEvent).filter_by(action="limits.house_set", user_id=None).count() == 1
        assert session.query(AuditEvent).filter_by(action="limits.user_set", user_id=None).count() == 3


@pytest.mark.parametrize("most", ["-1", "many", "99999999999999999999"])
def test_a_limit_that_is_none_is_refused(run, most):
    result = run("limits", "--n-running", most)

    assert result.exit_code == 1
    assert "xpected" in result.output
    assert run("limits").stdout.startswith("Analyses at once: no limit")


@pytest.fixture
def told(database, settings):
    """A tear sheet of somebody's analysis that a worker has made; returns the ids of both."""
    with database.write() as session:
        user = factories.create_user(session)
        owner, email = factories.actor_of(user), user.email
        done = factories.create_analysis(session, owner, status="succeeded", result_key="k" * 64).public_id
        documents.ask(session, owner, done, "pdf")
        claim = document_jobs.claim_next(session, worker="w", pid=1, lease_seconds=60.0, max_attempts=3)
        content_hash, n_bytes = open_files(settings).receive([b"%PDF-1.7"])
        document_jobs.finish(session, claim, content_hash=content_hash, n_bytes=n_bytes)
    return done, email


def test_a_document_is_written_into_a_new_file(run, told, tmp_path):
    analysis_id, email = told
    result = run("document", analysis_id, str(tmp_path / "sheet.pdf"), "--email", email, "--kind", "pdf")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "sheet.pdf").read_bytes() == b"%PDF-1.7"
    again = run("document", analysis_id, str(tmp_path / "sheet.pdf"), "--email", email, "--kind", "pdf")
    assert (again.exit_code, "there already" in again.output) == (1, True)


def test_a_document_that_nobody_makes_is_not_waited_for_without_end(run, told, jobs_sent, tmp_path):
    analysis_id, email = told
    result = run("document", analysis_id, str(tmp_path / "x.zip"), "--email", email, "--kind", "bundle", "--wait", "0")

    assert (result.exit_code, "within 0 s" in result.output) == (1, True)
    assert jobs_sent == [jobs.DOCUMENT]


def test_documents_of_others_are_not_there(run, told, database, tmp_path):
    analysis_id, _ = told
    with database.write() as session:
        email = factories.create_user(session).email
    result = run("document", analysis_id, str(tmp_path / "x"), "--email", email)

    assert (result.exit_code, "no such analysis" in result.output) == (1, True)


def test_a_bundle_is_imported(run, database, tmp_path):
    file = tmp_path / "bundle.zip"
    file.write_bytes(packed.content())
    with database.write() as session:
        email = factories.create_user(session).email
    result = run("import-bundle", str(file), "--email", email)

    assert result.exit_code == 0, result.output
    with database.read() as session:
        found = session.query(Analysis).one()
        assert found.imported_at is not None
        assert f"imported as {found.public_id}, unchanged" in result.output
