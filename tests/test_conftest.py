"""The tests' own machinery: what it promises to every other test."""

import os
import socket
import subprocess
import sys
import urllib.request
from types import SimpleNamespace

import psutil
import pytest
from sqlalchemy import select, text
from werkzeug.routing import Map, Rule

from quant.frames import check_prices
from tests import conftest, factories, schema, servers
from webapp.config import Settings
from webapp.tables import Security, User


def test_other_hosts_cannot_be_reached():
    with pytest.raises(pytest.fail.Exception, match=r"found one to example\.org"):
        urllib.request.urlopen("http://example.org")
    with socket.socket() as other, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        other.connect(("192.0.2.1", 80))


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, server.getsockname()[1])).close()


def test_both_databases_are_asked(database, database_kind, database_url):
    assert database.engine.dialect.name == database_kind
    assert database_url.startswith(database_kind)


def test_a_remembered_route_is_built_as_ever(remembered_routes):
    for host in ("one.example", "two.example"):
        rules = [Rule("/books/<int:number>", endpoint="book"), Rule("/books/<kind>/<int:number>", endpoint="kind")]
        routes = Map([*rules, Rule("/first", endpoint="book", defaults={"number": 1})]).bind(host)
        assert routes.build("book", {"number": 7}, force_external=True) == f"http://{host}/books/7"
        assert routes.build("book", {"number": 1, "page": 2}) == "/first?page=2"
        assert routes.build("kind", {"kind": "a b", "number": 3}) == "/books/a%20b/3"


@pytest.mark.databases("sqlite")
def test_a_marker_limits_a_test_to_one(database_kind):
    assert database_kind == "sqlite"


def test_the_settings_name_the_tests_database(settings, database_url):
    assert settings.resolved_database_url == database_url


def test_the_settings_of_whoever_runs_the_tests_are_not_read(settings):
    names = {name for name in os.environ if name.startswith("ASSAY_")}  # noqa: TID251  # what must be gone from it
    assert names <= {"ASSAY_TESTS_NO_SKIPS"}
    assert settings.database_url == ""
    assert settings.admin_email == Settings.model_fields["admin_email"].default


def test_a_session_does_not_see_less_after_its_own_commit(session):
    user = factories.create_user(session)
    session.commit()
    assert session.scalar(select(User.id)) == user.id
    session.delete(user)
    session.rollback()
    assert session.scalar(select(User.id)) == user.id


def test_queries_are_counted_and_savepoints_are_not(session, count_queries):
    with count_queries(session) as statements:
        session.scalar(select(User.id))
        with session.begin_nested():
            session.scalar(text("SELECT 1"))
    assert len(statements) == 2
    session.scalar(select(Security.id))
    assert len(statements) == 2


def test_a_client_is_a_stranger_until_it_logs_in(client, log_in, database):
    assert client.get("/login").status_code == 200
    actor = log_in("viewer")
    assert client.get("/login").status_code == 302  # nothing to do: signed in already
    with database.read() as session:
        assert session.scalars(select(User.role).where(User.id == actor.user_id)).one() == "viewer"


def test_a_session_and_a_client_in_one_test_are_told_apart_at_once(client, request):
    """Instead of after fifteen seconds of waiting for a lock."""
    with pytest.raises(pytest.fail.Exception, match="`session` or `client`, not both"):
        request.getfixturevalue("session")


@pytest.mark.broker
@pytest.mark.parametrize("turn", [1, 2])
def test_the_queue_server_is_real_private_and_empty(valkey, turn):
    with valkey.client() as client:
        assert client.dbsize() == 0
        client.set("left", "behind")
    os.kill(valkey.pid, 0)
    with socket.create_connection(("127.0.0.1", valkey.port)) as stranger:
        stranger.sendall(b"PING\r\n")
        assert stranger.recv(100).startswith(b"-NOAUTH")


def test_the_sample_prices_are_a_price_frame_and_a_copy(prices):
    assert len(check_prices(prices)) == 2148
    prices.iloc[0] = None


def test_the_next_test_gets_the_prices_whole(prices):
    assert len(check_prices(prices)) == 2148


@pytest.mark.parametrize("run", [servers.run_valkey, servers.run_postgresql])
@pytest.mark.slow
def test_a_server_ends_with_its_block_also_after_an_error(run):
    pids = []

    def use() -> None:
        with run() as server:
            pids.append(server.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process that its parent has died")
def test_a_server_ends_when_the_tests_are_killed(tmp_path):
    code = (
        "import time; from tests import servers\n"
        "with servers.run_valkey() as server: print(server.pid, flush=True); time.sleep(60)"
    )
    argv = [sys.executable, "-c", code]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # noqa: TID251  # nobody is left to remove its folder
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=schema.ROOT, env=environment, text=True) as tests:
        pid = int(tests.stdout.readline())
        os.kill(pid, 0)
        tests.kill()
    gone, _ = psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    assert gone or not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def _judged(report, hook):
    """Return a report after one of the hooks has seen it, as pytest would have it."""
    running = hook(SimpleNamespace(nodeid=report.nodeid))
    next(running)
    with pytest.raises(StopIteration) as stopped:
        running.send(report)
    return stopped.value.value


def _skipped(**keywords):
    where = ("test_x.py", 1, "Skipped: PostgreSQL is not installed")
    return pytest.TestReport("test_x.py::test_x", ("test_x.py", 1, "test_x"), keywords, "skipped", where, "call")


def _skipped_module():
    return pytest.CollectReport("test_x.py", "skipped", ("test_x.py", 1, "Skipped: could not import 'x'"), None)


JUDGED = {
    "test": (conftest.pytest_runtest_makereport, _skipped),
    "module": (conftest.pytest_make_collect_report, _skipped_module),
}


@pytest.mark.parametrize(("hook", "skipped"), JUDGED.values(), ids=JUDGED)
def test_a_skip_is_a_failure_when_skips_are_forbidden(monkeypatch, hook, skipped):
    monkeypatch.setenv("ASSAY_TESTS_NO_SKIPS", "")
    assert _judged(skipped(), hook).outcome == "skipped"
    monkeypatch.setenv("ASSAY_TESTS_NO_SKIPS", "1")
    report = _judged(skipped(), hook)
    assert report.outcome == "failed"
    assert "ASSAY_TESTS_NO_SKIPS=1 forbids that: Skipped:" in report.longrepr


def test_an_expected_failure_is_no_skip(monkeypatch):
    monkeypatch.setenv("ASSAY_TESTS_NO_SKIPS", "1")
    report = _skipped()
    report.wasxfail = "known"
    assert _judged(report, conftest.pytest_runtest_makereport).outcome == "skipped"


def test_what_did_not_run_is_told_in_one_line_with_the_cure():
    lines = []
    reporter = SimpleNamespace(
        stats={"skipped": [_skipped(postgres=1), _skipped(postgres=1), _skipped(browser=1), _skipped()]},
        write_line=lambda line, **_style: lines.append(line),
    )
    conftest.pytest_terminal_summary(reporter)
    assert len(lines) == 1
    assert lines[0].startswith(
        "NOT RUN: 2 for lack of PostgreSQL (`apt-get install postgresql`), 1 for lack of Chromium"
    )


def test_nothing_is_told_when_all_has_run():
    conftest.pytest_terminal_summary(SimpleNamespace(stats={}, write_line=pytest.fail))


@pytest.mark.parametrize("program", ["_postgresql_programs", "_valkey_program"])
def test_a_server_that_is_not_installed_is_a_skip_with_the_cure(monkeypatch, program):
    def missing(*_arguments):
        raise servers.ServerMissing("It is not installed; get it with `cure`.")

    monkeypatch.setattr(servers, program, missing)
    run = {"_postgresql_programs": servers.run_postgresql, "_valkey_program": servers.run_valkey}[program]
    with pytest.raises(pytest.skip.Exception, match="get it with `cure`"), conftest._or_skip(run):
        pytest.fail("Expected no server.")
