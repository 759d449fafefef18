"""What tests share: settings, databases, servers, the web client, and a network that is off.

A test that asks for `database` or `session` runs twice, on SQLite and on PostgreSQL; `@pytest.mark.databases("sqlite")`
limits it to one, and browser tests run on SQLite unless they are marked otherwise. Both databases are made by the
migrations, not by the metadata.

- `session`: a writing transaction that is rolled back, `session.commit()` included. For services.
- `database`: a `webapp.db.Database` that really commits, empty at the start of each test. For doors, workers and
  whatever opens transactions of its own.
"""

import os
import shutil
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import threadpoolctl
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.frames import Prices
from tests import factories, schema, servers
from webapp.config import Settings, keep_libraries_to_one_thread
from webapp.db import Database
from webapp.jobs import Queue
from webapp.permissions import Actor
from webapp.storage import FrameStore

DATABASES = ("sqlite", "postgresql")
NO_SKIPS = "ASSAY_TESTS_NO_SKIPS"

# A busy machine must not fail a property, and a failure must be the same on the next run.
hypothesis.settings.register_profile("assay", deadline=None, print_blob=True)
hypothesis.settings.load_profile("assay")


# --- How tests are chosen and judged ---------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "databases(*names): run on these databases only, of sqlite and postgresql")
    for name in [name for name in os.environ if name.startswith("ASSAY_")]:  # noqa: TID251  # tests bring their own
        if name != NO_SKIPS:
            del os.environ[name]  # noqa: TID251
    # Answers have the last digits of one thread, as those of workers do; numpy may be loaded already.
    keep_libraries_to_one_thread()
    threadpoolctl.threadpool_limits(limits=1)
    # pytest ends fixtures, and with them our servers, on Ctrl-C but not when it is terminated.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" not in metafunc.fixturenames:
        return
    usual = DATABASES[:1] if metafunc.definition.get_closest_marker("browser") else DATABASES
    chosen = metafunc.definition.get_closest_marker("databases")
    kinds = chosen.args if chosen else usual
    unknown = set(kinds) - set(DATABASES)
    if unknown:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: expected databases of {DATABASES}; found {unknown}.")
    marks = {"postgresql": [pytest.mark.postgres]}
    metafunc.parametrize("database_kind", [pytest.param(kind, marks=marks.get(kind, ())) for kind in kinds])


def _no_skips() -> bool:
    return os.environ.get(NO_SKIPS) == "1"  # noqa: TID251  # a switch of the test run, not a setting of the product


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _no_skips() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and {NO_SKIPS}=1 forbids that: {_skip_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _no_skips() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, and {NO_SKIPS}=1 forbids that: {_skip_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    missing = {
        "postgres": ("PostgreSQL", servers.INSTALL_POSTGRESQL),
        "browser": ("Chromium", servers.INSTALL_CHROMIUM),
        "broker": ("a Redis-compatible server", servers.INSTALL_VALKEY),
    }
    lines = [
        f"{count} for lack of {what} (`{how}`)"
        for marker, (what, how) in missing.items()
        if (count := sum(marker in report.keywords for report in skipped))
    ]
    if lines:
        terminalreporter.write_line(f"NOT RUN: {', '.join(lines)}.", red=True, bold=True)


def _skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)


# --- The network is off ----------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _network_off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sockets reach this machine only; a test marked `network` is free."""
    if request.node.get_closest_marker("network"):
        return
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse_strangers(host: Any) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not (name in {"localhost", "::1", "", "0.0.0.0"} or str(name).startswith("127.")):  # noqa: S104
            pytest.fail(f"Expected no request to another host; found one to {name}.")

    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX:
                refuse_strangers(address[0])
            return method(self, address)

        return call

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_strangers(host)
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


# --- Servers ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[servers.Postgresql]:
    """A private PostgreSQL, one for each test process."""
    with _or_skip(servers.run_postgresql) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[servers.Valkey]:
    """A private Redis-compatible server, one for each test process."""
    with _or_skip(servers.run_valkey) as server:
        yield server


@pytest.fixture
def valkey(valkey_server: servers.Valkey) -> servers.Valkey:
    """The Redis-compatible server, empty: `.url`, `.port`, `.password`, `.client()`."""
    with valkey_server.client() as client:
        client.flushall()
    return valkey_server


@pytest.fixture(scope="session")
def object_store() -> Iterator[servers.ObjectStore]:
    """A private S3-compatible server, one for each test process."""
    with servers.run_object_store() as server:
        yield server


@pytest.fixture
def valkey_tls(valkey: servers.Valkey) -> Iterator[servers.TlsFront]:
    """The same server behind TLS: `.url` of it, with its password, and `.ca_file`."""
    with servers.run_tls_front(valkey) as front:
        yield front


@contextmanager
def _or_skip(run: Callable[[], AbstractContextManager[Any]]) -> Iterator[Any]:
    try:
        running = run()
        server = running.__enter__()
    except servers.ServerMissing as error:
        pytest.skip(str(error))
    try:
        yield server
    finally:
        running.__exit__(None, None, None)


# --- Databases -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data of this test process."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def sqlite_template(home: Path) -> Path:
    """An SQLite file with all tables and no rows."""
    path = home / "template.sqlite"
    schema.migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: servers.Postgresql) -> str:
    """A PostgreSQL database with all tables and no rows."""
    postgresql_server.execute("CREATE DATABASE assay")
    url = postgresql_server.url("assay")
    schema.migrate(url)
    return url


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with all tables and no rows; emptied at the end, whoever wrote to it."""
    if database_kind == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        folder: Path = request.getfixturevalue("tmp_path")
        shutil.copyfile(template, folder / "assay.sqlite")
        yield f"sqlite:///{folder / 'assay.sqlite'}"
        return
    url: str = request.getfixturevalue("postgresql_url")
    yield url
    schema.empty(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database that really commits; empty at the start of each test."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def session(database: Database, request: pytest.FixtureRequest) -> Iterator[Session]:
    """A writing transaction that is rolled back at the end; `commit()` inside the test ends a savepoint only."""
    if "client" in request.fixturenames:
        pytest.fail(
            "Expected `session` or `client`, not both: the client cannot see what the session has not committed."
        )
    with database.engine.connect().execution_options(assay_writes=True) as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture
def count_queries() -> Callable[[Session | Engine], AbstractContextManager[list[str]]]:
    """`with count_queries(session) as statements:` collects the SQL that was sent, savepoints left out."""

    @contextmanager
    def counting(target: Session | Engine) -> Iterator[list[str]]:
        engine = target.get_bind().engine if isinstance(target, Session) else target
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
                statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return counting


# --- Prices ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> FrameStore:
    """An empty frame store."""
    return FrameStore(tmp_path / "frames")


@pytest.fixture(scope="session")
def _google() -> Prices:
    return to_prices(create_provider("sample").fetch(PriceQuery("GOOG")))


@pytest.fixture
def prices(_google: Prices) -> Prices:
    """Real raw prices of one instrument: 2148 daily bars of Google; a copy that a test may change."""
    return _google.copy()


# --- The web application ---------------------------------------------------------------------------------------------


@pytest.fixture
def settings(home: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of a fresh installation: the test's database, if it asks for one; no broker; no limits."""
    url = request.getfixturevalue("database_url") if "database_url" in request.fixturenames else ""
    return Settings(
        home=home,
        database_url=url,
        secret_key="only-for-tests-" + "0" * 32,
        sign_in_limit="1000 per minute",
        request_limit="100000 per minute",
        example=False,
    )


@pytest.fixture
def jobs_sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tasks that were sent, instead of sending them."""
    sent: list[str] = []

    def send(_queue: Queue, name: str) -> bool:
        sent.append(name)
        return True

    monkeypatch.setattr(Queue, "send", send)
    return sent


@pytest.fixture(scope="session")
def remembered_routes() -> Iterator[None]:
    """Let Werkzeug compile how the address of a route is built once in a test process, not in each application.

    It is two thirds of what making one takes. What is compiled knows the words of the route only, not the application.
    """
    from werkzeug.routing import Rule  # noqa: PLC0415  # tests of the science never need it

    compile_builder, compiled = Rule._compile_builder, {}

    def remember(rule: Rule, append_unknown: bool = True) -> Any:  # noqa: FBT001, FBT002  # as Werkzeug has it
        key = (rule.rule, append_unknown, tuple(rule._trace), str(rule.defaults))
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", remember)
        yield


@pytest.fixture
def app(settings: Settings, database: Database, jobs_sent: list[str], remembered_routes: None) -> Iterator[Any]:
    """The whole web application on the test's database; what it sends to the queue is in `jobs_sent`."""
    from webapp.app import create_app  # noqa: PLC0415  # tests of the science never need it
    from webapp.auth.session import parts_of  # noqa: PLC0415

    app = create_app(settings)
    app.config["TESTING"] = True
    yield app
    parts_of(app).database.dispose()


@pytest.fixture
def client(app: Any) -> Any:
    """A browser without a page: keeps cookies, signed in nowhere."""
    return app.test_client()


@pytest.fixture
def log_in(client: Any, database: Database) -> Callable[..., Actor]:
    """`log_in("researcher")` creates a user and signs the client in through the real form; returns the actor."""

    def log_in(role: str = "researcher", **values: Any) -> Actor:
        with database.write() as session:
            user = factories.create_user(session, role=role, **values)
            actor, email = factories.actor_of(user), user.email
        client.get("/login")
        form = {
            "email": email,
            "password": factories.PASSWORD,
            "csrf_token": client.get_cookie("_csrf_token").value,
        }
        answer = client.post("/login", data=form)
        assert answer.status_code == 302, f"The sign-in form answered {answer.status_code}: {answer.text[:500]}"
        return actor

    return log_in
