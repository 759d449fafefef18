"""Claim: watching an analysis costs the server next to nothing, however many watch."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil

from benchmarks import questions
from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.installation import installation
from benchmarks.memory import start_web
from benchmarks.timing import percentile
from benchmarks.visitor import Visitor
from webapp.dashboard import paths
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.dashboard.layout import STATUS_MILLISECONDS
from webapp.services.workflow import Status

GOAL = "with 20 watchers a poll is answered within 25 ms (95th percentile); 200 watchers cost less than half a core."
_LIMIT_MS, _LIMIT_CORES = 25.0, 0.5
_INTERVAL = POLL_MILLISECONDS / 1e3
_POLLS_A_STATUS = round(STATUS_MILLISECONDS / POLL_MILLISECONDS)
_FOOT = "shell-status.children"


@dataclass
class Watched:
    """What a crowd of watchers took: seconds a poll, how many of the polls found a change, cores of the server."""

    n_watchers: int
    seconds: list[float] = field(default_factory=list)
    n_changes: int = 0
    cores: float = 0.0


def measure(*, quick: bool = False) -> Finding:
    """Watch an analysis that waits, and one that a worker computes beside, as open pages do."""
    few, crowd, seconds = (2, 4, 2.0) if quick else (20, 200, 30.0)
    with installation() as site:
        web = start_web(site)
        with Visitor(site.settings.port) as visitor:
            visitor.sign_in(site.settings.admin_email, site.password)
            analysis_id = site.submit(questions.with_extras(questions.the_example(), n_trials=500))  # takes very long
            visitor.open_page(paths.analysis(analysis_id))
            pages = Pages(visitor, analysis_id)
            pages.watch(web, few, _INTERVAL)  # opens what is opened once
            waiting = {number: pages.watch(web, number, seconds) for number in (few, crowd)}
            site.start_worker()
            computing = {number: pages.watch(web, number, seconds) for number in (few, crowd)}
            still = site.view(analysis_id).status
    if still is not Status.RUNNING:
        raise RuntimeError(f"Expected an analysis that is computed all the time; it is {still}.")
    return Finding(
        name="polls",
        title="Watching",
        goal=GOAL,
        how=(
            f"{few} and {crowd} pages of one analysis, each with a connection of its own, do for {seconds:g} s what "
            f"browsers do: ask every {_INTERVAL:g} s whether anything has changed, spread evenly, and get what is then "
            f"to be shown; ask every {STATUS_MILLISECONDS / 1e3:g} s how the installation does. The web server as the "
            "launcher starts it, on SQLite. Milliseconds from sending the question until the whole answer has come, "
            "waiting for other watchers included. First while the analysis waits for a worker and nothing else runs, "
            "then while a worker computes it on the same machine; the goal of a poll is held against the first, which "
            "is what the server takes. What a crowd costs is the processor time of the web server's processes."
        ),
        goals=(
            Goal("a poll, 95th percentile", 1e3 * percentile(waiting[few].seconds, 0.95), _LIMIT_MS, "ms"),
            Goal(f"{crowd} watchers while it waits", waiting[crowd].cores, _LIMIT_CORES, "cores"),
            Goal(f"{crowd} watchers while it is computed", computing[crowd].cores, _LIMIT_CORES, "cores"),
        ),
        tables=(
            Table(
                "Milliseconds a poll, and cores of the web server:",
                ("watchers", "while the analysis", "polls", "found a change", "p50", "p95", "most", "cores"),
                tuple(
                    _row(words, watched)
                    for words, by_number in (("waits", waiting), ("is computed beside", computing))
                    for watched in by_number.values()
                ),
            ),
        ),
    )


class Pages:
    """Open pages of one analysis: windows of one browser, each with a connection of its own."""

    def __init__(self, visitor: Visitor, analysis_id: str) -> None:
        self._visitor = visitor
        self._foot = visitor.callback_of(_FOOT)
        self.analysis_id = analysis_id

    def watch(self, web: psutil.Process, n_watchers: int, seconds: float) -> Watched:
        """Let so many watch for so long."""
        watched = Watched(n_watchers)
        began, before = time.perf_counter(), _cpu_seconds(web)
        with ThreadPoolExecutor(n_watchers) as pool:
            looks = [pool.submit(self._look, n, n_watchers, began + seconds, watched) for n in range(n_watchers)]
        for look in looks:
            look.result()  # an error of one is an error
        watched.cores = (_cpu_seconds(web) - before) / (time.perf_counter() - began)
        return watched

    def _look(self, number: int, n_watchers: int, end: float, watched: Watched) -> None:
        mark, n_polls = "", number  # so that not all ask for the foot of the page at once
        time.sleep(number * _INTERVAL / n_watchers)
        with self._visitor.twin() as window:
            while True:
                began = time.perf_counter()
                changes = window.changes(paths.analysis_mark(self.analysis_id, tab=paths.TABS[0]), mark)
                watched.seconds.append(time.perf_counter() - began)
                if changes is not None:
                    mark = changes["analysis-mark"]["data"]
                    watched.n_changes += 1
                if n_polls % _POLLS_A_STATUS == 0:
                    window.call_back(self._foot, {})
                n_polls += 1
                if began + _INTERVAL > end:
                    return
                time.sleep(max(0.0, began + _INTERVAL - time.perf_counter()))


def _cpu_seconds(web: psutil.Process) -> float:
    """Return the processor time that the web server's processes have taken."""
    times = [process.cpu_times() for process in (web, *web.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _row(what: str, watched: Watched) -> tuple[Cell, ...]:
    times = (1e3 * percentile(watched.seconds, share) for share in (0.5, 0.95))
    return (
        *(watched.n_watchers, what, len(watched.seconds), watched.n_changes),
        *(*times, 1e3 * max(watched.seconds), watched.cores),
    )
