"""Claim: a report, a tear sheet and a bundle are there before one wonders where they are; Compare shows a hundred."""

import statistics
import time

from playwright.sync_api import Page, sync_playwright

from benchmarks import questions
from benchmarks.findings import Finding, Goal, Table
from benchmarks.first_page import CHROMIUM_FLAGS
from benchmarks.installation import Installation, installation, wait_until
from benchmarks.memory import start_web
from benchmarks.studying import axis
from quant.spec import AnalysisSpec
from tests.servers import chromium_program
from webapp import jobs
from webapp.dashboard import paths
from webapp.launch import programs
from webapp.services import documents, studies, study_views
from webapp.services.documents import Kind
from webapp.services.workflow import Status

GOAL = (
    "a report in under 1.5 s, a tear sheet in under 4 s, from the click until it is there; Compare of 100 in under 2 s."
)

_KINDS: tuple[Kind, ...] = ("html", "pdf", "bundle")
_MOST_MEMBERS = 1000
_MADE_WITHIN_SECONDS = 120.0
_PAINTED = (
    "() => document.querySelector('#compare-chart .main-svg')"
    " && document.querySelector('#content .grid .ag-row .ag-cell')"
)


def measure(*, quick: bool = False) -> Finding:
    """Answer real questions, ask for their documents, and lay many answers side by side in a browser."""
    n_answers, n_compared, n_visits = (1, 4, 1) if quick else (7, 100, 7)
    with installation() as site:
        site.start_worker()
        site.start(programs(site.settings)["data"])
        answers = [_answered(site, seed) for seed in range(n_answers + 1)]
        for kind in _KINDS:
            _made(site, answers[0], kind)  # what a child of the worker loads once
        seconds = {kind: [_made(site, each, kind) for each in answers[1:]] for kind in _KINDS}
        sizes = {kind: _n_bytes(site, answers[1], kind) / 1e3 for kind in _KINDS}
        ids = _study(site, n_compared)
        start_web(site)
        visits = _compare(site, ids, n_visits)
    return _finding(seconds, sizes, visits, n_compared)


def _answered(site: Installation, seed: int) -> str:
    question = {**questions.audited().resolved(), "seed": seed}
    public_id = site.submit(AnalysisSpec.model_validate(question))
    site.wait_final(public_id)
    return public_id


def _made(site: Installation, analysis_id: str, kind: Kind) -> float:
    """Ask for a document as the page does; return the seconds until it is there."""
    began = time.perf_counter()
    with site.database.write() as session:
        documents.ask(session, site.actor, analysis_id, kind)
        site.queue.send_after_commit(session, jobs.DOCUMENT)

    def ended() -> Status | None:
        with site.database.read() as session:
            found = documents.list_of(session, site.actor, analysis_id)
        status = next(each.status for each in found if each.kind == kind)
        return status if status.is_final else None

    status = wait_until(ended, seconds=_MADE_WITHIN_SECONDS, what="a document", log=site.group.logs / "data.log")
    if status is not Status.SUCCEEDED:
        raise RuntimeError(f"Expected a document that is made; it is {status}.")
    return time.perf_counter() - began


def _n_bytes(site: Installation, analysis_id: str, kind: Kind) -> int:
    with site.database.read() as session:
        found = documents.list_of(session, site.actor, analysis_id)
    return next(each.n_bytes or 0 for each in found if each.kind == kind)


def _study(site: Installation, n_members: int) -> list[str]:
    """Answer a study of questions that differ in the money they begin with; return the ids of its members."""
    with site.database.write() as session:
        made = studies.create(
            session, site.actor, spec=questions.trivial().resolved(), axes=[axis(n_members, 0)], most=_MOST_MEMBERS
        )
        site.queue.send_after_commit(session, jobs.WORK, n_members)
    ids = _members(site, made.id)
    for each in ids:
        site.wait_final(each)
    return ids


def _members(site: Installation, study_id: str) -> list[str]:
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        with site.database.read() as session:
            found = study_views.list_members(session, site.actor, study_id, limit=100, cursor=cursor)
        ids += [each.id for each in found.items]
        cursor = found.next
    return ids


def _compare(site: Installation, ids: list[str], n_visits: int) -> list[float]:
    """Return the seconds from the click until chart and table are drawn, of one browser that has been there before."""
    address = f"http://127.0.0.1:{site.settings.port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/login")
        page.fill("#email", site.settings.admin_email)
        page.fill("#password", site.password)
        page.press("#password", "Enter")
        page.wait_for_url(address + paths.dashboard())
        for _ in range(min(4, n_visits)):  # each process of the web server has to load what it needs once
            _visit(page, address, ids)
        seconds = [_visit(page, address, ids) for _ in range(n_visits)]
        browser.close()
    return seconds


def _visit(page: Page, address: str, ids: list[str]) -> float:
    began = time.perf_counter()
    page.goto(address + paths.compare(ids), wait_until="commit")
    page.wait_for_function(_PAINTED)
    seconds = time.perf_counter() - began
    page.wait_for_load_state("networkidle")
    return seconds


def _finding(seconds: dict[Kind, list[float]], sizes: dict[Kind, float], visits: list[float], n: int) -> Finding:
    middle = {kind: statistics.median(each) for kind, each in seconds.items()}
    rows = tuple(
        (documents.TITLES[kind].lower(), middle[kind], min(seconds[kind]), max(seconds[kind]), sizes[kind])
        for kind in _KINDS
    )
    return Finding(
        name="report",
        title="Reports",
        goal=GOAL,
        how=(
            f"A question about all days of Google with {len(visits)} seeds, answered by a worker; a document of each "
            "is asked for as the page does, and made by the data worker, whose child has made one before: seconds "
            "until its file is there. Compare: Chromium at 1440 × 900 with a warm cache opens the address of "
            f"{n} members of a study, two web processes; seconds until the curves and the table are drawn, "
            f"{len(visits)} times."
        ),
        goals=(
            Goal("report (HTML)", middle["html"], 1.5, "s"),
            Goal("tear sheet (PDF)", middle["pdf"], 4.0, "s"),
            Goal(f"Compare of {n} analyses", statistics.median(visits), 2.0, "s"),
        ),
        tables=(
            Table(
                "Seconds until a document is there, and its kilobytes:",
                ("document", "median", "least", "most", "kB"),
                rows,
            ),
            Table(
                "Seconds until Compare is painted:",
                ("analyses", "median", "least", "most"),
                ((n, statistics.median(visits), min(visits), max(visits)),),
            ),
        ),
    )
