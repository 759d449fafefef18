"""A whole installation behind a real web server, and a browser that reports whatever goes wrong in a page.

One installation serves all tests of a process: migrated SQLite, the packaged prices, a broker, gunicorn and, for those
who ask, a worker. Each test has a browser context of its own, and ends with the question whether any page asked another
host, broke the Content-Security-Policy, wrote an error to the console or scrolled sideways.
"""

import contextlib
import itertools
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from quant.spec import AnalysisSpec
from tests import factories, schema, servers
from webapp import jobs
from webapp.config import Settings
from webapp.db import Database
from webapp.jobs import Queue
from webapp.launch import programs
from webapp.permissions import Actor
from webapp.services import analyses, price_store
from webapp.storage import FrameStore

ROOT = Path(__file__).resolve().parents[2]
SCREENS = tuple(itertools.product((1440, 390), ("light", "dark")))
HEIGHTS = {1440: 900, 390: 844}
START_SECONDS = 90
PATIENCE_MS = 30_000  # a busy machine draws a form for ten seconds; what never comes is found out all the same
expect.set_options(timeout=PATIENCE_MS)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A small question that goes through every stage, with models that take no time.
QUICK = {
    "instruments": [{"symbol": "GOOG"}],
    "start": "2005-01-03",
    "end": "2008-12-31",
    "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 20}],
    "models": [{"name": "logistic"}, {"name": "random_forest", "n_trees": 10}],
    "validation": {"train_bars": 250, "test_bars": 125, "n_folds": 3, "target": None},
    "tuning": {"enabled": False},
    "strategy": {"enter_above": 0.5, "exit_below": 0.48},
    "audit": {"n_cuts": 2},
}


@dataclass
class LiveApp:
    """An installation that answers at `url`; `owner` is who signs in."""

    url: str
    settings: Settings
    database: Database
    owner: Actor
    email: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    log: Path = Path()

    def submit(self, title: str, **changes: Any) -> str:
        """Put the small question into the queue."""
        spec = AnalysisSpec.model_validate({**QUICK, **changes})
        with self.database.write() as session:
            public_id = analyses.submit(session, self.owner, spec, title=title)
            Queue(self.settings.redis_url.get_secret_value()).send_after_commit(session, jobs.WORK)
        return public_id

    def add(self, **values: Any) -> str:
        """Add an analysis in a state of its own, without a worker."""
        with self.database.write() as session:
            return factories.create_analysis(session, self.owner, **values).public_id

    def wait_final(self, public_id: str, seconds: float = 240) -> analyses.AnalysisView:
        """Wait until an analysis is over."""
        until = time.monotonic() + seconds
        while True:
            with self.database.read() as session:
                view = analyses.get(session, self.owner, public_id)
            if view.status.is_final:
                return view
            assert time.monotonic() < until, f"{public_id} is {view.status} at {view.summary.stage} after {seconds} s."
            time.sleep(0.2)


@pytest.fixture(scope="session")
def live_broker() -> Iterator[servers.Valkey]:
    """A broker of its own: its worker would take the messages of other tests, and they would empty its queue."""
    with servers.run_valkey() as server:
        yield server


@pytest.fixture(scope="session")
def live_app(tmp_path_factory: pytest.TempPathFactory, live_broker: servers.Valkey) -> Iterator[LiveApp]:
    """The installation with its web server."""
    home = tmp_path_factory.mktemp("live")
    url = f"sqlite:///{home / 'assay.sqlite'}"
    settings = Settings(
        home=home,
        database_url=url,
        redis_url=live_broker.url,
        secret_key="only-for-tests-" + "0" * 32,
        port=servers.free_port(),
        web_processes=1,
        worker_processes=1,
        sign_in_limit="1000 per minute",
        example=False,
    )
    schema.migrate(url)
    database = Database(url)
    with database.write() as session:
        price_store.load_sample(session, FrameStore(home / "frames"))
        user = factories.create_user(session, name="Ada Lovelace", email="ada@example.org")
        owner = factories.actor_of(user)
    live = LiveApp(f"http://127.0.0.1:{settings.port}", settings, database, owner, "ada@example.org", log=home / "log")
    try:
        _start(live, "web")
        _wait_healthy(live)
        yield live
    finally:
        _stop(live)
        database.dispose()


@pytest.fixture(scope="session")
def worker(live_app: LiveApp) -> LiveApp:
    """The same installation with a worker that is ready."""
    _start(live_app, "worker")
    until = time.monotonic() + 240
    while b"A worker process is warm" not in live_app.log.read_bytes():
        assert time.monotonic() < until, live_app.log.read_text()[-2000:]
        time.sleep(0.2)
    return live_app


@pytest.fixture(scope="session")
def answered(worker: LiveApp) -> str:
    """Public id of an analysis that the worker has answered."""
    public_id = worker.submit("Does anything predict GOOG?")
    view = worker.wait_final(public_id)
    assert view.status == "succeeded", view.error_message
    return public_id


def _start(live: LiveApp, name: str) -> None:
    values = {key: str(getattr(live.settings, key)) for key in ("home", "database_url", "port", "web_processes")}
    values |= {"worker_processes": "1", "sign_in_limit": live.settings.sign_in_limit, "example": "false"}
    values |= {key: getattr(live.settings, key).get_secret_value() for key in ("redis_url", "secret_key")}
    environment = dict(os.environ)  # noqa: TID251  # what the processes of a launcher inherit
    environment |= {f"ASSAY_{key.upper()}": value for key, value in values.items()}
    with live.log.open("ab") as stream:
        command = programs(live.settings)[name].command
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    live.processes.append(process)


def _wait_healthy(live: LiveApp) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{live.url}/healthz").close()  # noqa: S310  # our own server
        except (urllib.error.URLError, ConnectionError):
            pass
        else:
            return
        assert live.processes[0].poll() is None, live.log.read_text()[-2000:]
        assert time.monotonic() < until, live.log.read_text()[-2000:]
        time.sleep(0.1)


def _stop(live: LiveApp) -> None:
    family = []
    for process in live.processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            family += [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.terminate()
    _, alive = psutil.wait_procs(family, timeout=15)
    for left in alive:
        left.kill()
    for process in live.processes:
        process.wait(timeout=5)


# ---- The browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        program = servers.chromium_program()
    except servers.ServerMissing as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, live_app: LiveApp) -> Any:
    """Cookies of a browser that signed in through the form."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, live_app)
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: Page, live_app: LiveApp, email: str = "") -> None:
    """Fill the sign-in form and send it."""
    page.goto(f"{live_app.url}/login")
    page.fill("#email", email or live_app.email)
    page.fill("#password", factories.PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{live_app.url}/app/")


@dataclass
class Complaints:
    """What went wrong in the pages of a test."""

    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Page, url: str) -> None:
        """Listen to everything that a page does."""
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error("
            "'Content-Security-Policy: ' + e.violatedDirective + ' ' + e.blockedURI));"
        )
        page.on("console", lambda message: self._note(message.type in {"error", "warning"}, message.text))
        page.on("pageerror", lambda error: self._note(True, f"not caught: {error}"))
        page.on("request", lambda request: self._note(self._is_foreign(request.url, url), f"asked {request.url}"))

    def expect(self, pattern: str) -> None:
        """Let complaints pass that a test provokes."""
        self.expected.append(pattern)

    def _note(self, is_wrong: bool, text: str) -> None:  # noqa: FBT001  # says which notes count
        if is_wrong and not any(re.search(pattern, text) for pattern in self.expected):
            self.found.append(text)

    @staticmethod
    def _is_foreign(address: str, url: str) -> bool:
        return not address.startswith((f"{url}/", "data:", "blob:"))


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    complaints = Complaints()
    yield complaints
    assert complaints.found == []


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Iterator[dict[tuple[int, str, bool], BrowserContext]]:
    """Browser contexts that tests share, so that each script is fetched and compiled once."""
    contexts: dict[tuple[int, str, bool], BrowserContext] = {}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def open_page(
    browser: Browser, live_app: LiveApp, complaints: Complaints, contexts: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """`open_page("/app/", width=390, theme="dark", signed=False)` opens a page.

    Tests that sign out, or choose a theme, ask for a `fresh` browser context.
    """
    pages: list[Page] = []
    own: list[BrowserContext] = []

    def new_context(width: int, theme: str, *, signed: bool) -> BrowserContext:
        state = request.getfixturevalue("signed_in") if signed else None
        viewport = {"width": width, "height": HEIGHTS[width]}
        context = browser.new_context(viewport=viewport, color_scheme=theme, storage_state=state)
        context.set_default_timeout(PATIENCE_MS)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_app.url)
        return context

    def open_page(
        path: str = "/app/", *, width: int = 1440, theme: str = "light", signed: bool = True, fresh: bool = False
    ) -> Page:
        if fresh or not signed:
            context = new_context(width, theme, signed=signed)
            own.append(context)
        else:
            key = (width, theme, signed)
            if key not in contexts:
                contexts[key] = new_context(width, theme, signed=signed)
            context = contexts[key]
        page = context.new_page()
        pages.append(page)
        complaints.watch(page, live_app.url)
        page.goto(f"{live_app.url}{path}")
        return page

    yield open_page
    for page in pages:
        page.close()
    for context in own:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The list of analyses, signed in, on a wide light screen."""
    return open_page()


def assert_fits(page: Page) -> None:
    """Nothing makes the page scroll sideways."""
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= seen, f"The page is {wide} px wide in a window of {seen} px."


def charts_are_drawn(page: Page, n_charts: int) -> None:
    """Wait until so many charts stand on the page, readouts filled, skeletons gone."""
    page.wait_for_function("n => document.querySelectorAll('.js-plotly-plot .main-svg').length >= n", arg=n_charts)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.chart')].filter(c => c.offsetParent)"
        ".every(c => { const s = c.querySelector('.skeleton'); return !s || s.hidden; })"
    )
