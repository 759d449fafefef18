"""Claim: watching a running analysis costs the server next to nothing, however many watch."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil

from benchmarks import questions
from benchmarks.findings import Finding, Goal, Table
from benchmarks.installation import installation
from benchmarks.memory import start_web
from benchmarks.timing import percentile
from benchmarks.visitor import Visitor
from webapp.dashboard import paths
from webapp.dashboard.pages.analysis import POLL_MILLISECONDS

GOAL = "with 20 watchers of one analysis, a poll is answered within 25 ms (95th percentile)."
_LIMIT_MS = 25.0
_CROWD, _LIMIT_CORES = 200, 0.5
_INTERVAL = POLL_MILLISECONDS / 1e3
_POLL = "analysis-body.children"  # what the page's own timer asks for


def measure(*, quick: bool = False) -> Finding:
    """Watch an analysis that waits, and one that a worker computes beside, as 20 open pages do."""
    n_watchers, seconds = (2, 2.0) if quick else (20, 20.0)
    with installation() as site:
        web = start_web(site)
        with Visitor(site.settings.port) as visitor:
            visitor.sign_in(site.settings.admin_email, site.password)
            waiting_id = site.submit(questions.small() if quick else questions.the_example())
            visitor.open_page(paths.analysis(waiting_id))
            poll = visitor.callback_of(_POLL)
            watchers = [visitor.twin() for _ in range(n_watchers)]
            _watch(watchers, poll, waiting_id, "queued", _INTERVAL)  # opens what is opened once
            before = _cpu_seconds(web)
            queued = _watch(watchers, poll, waiting_id, "queued", seconds)
            cpu_ms = 1e3 * (_cpu_seconds(web) - before) / len(queued)
            watchers = [visitor.twin() for _ in range(n_watchers)]  # the server ends connections that rest
            site.start_worker()
            running = _watch(watchers, poll, waiting_id, "running", seconds)
            site.wait_final(waiting_id)
    return Finding(
        name="polls",
        title="Watching",
        goal=GOAL,
        how=(
            f"{n_watchers} pages of one analysis, each with a connection of its own, ask every {_INTERVAL:g} s what "
            "their timer asks, spread evenly; one web process on SQLite. Milliseconds from sending the question until "
            "the whole answer has come, waiting for other watchers included. First while the analysis waits for a "
            "worker and nothing else runs, then while a worker computes it on the same machine; the goals are held "
            "against the first, which is what the server takes. What a crowd costs is the processor time that the web "
            "server's processes took a poll in which nothing had changed, times the polls of so many pages."
        ),
        goals=(
            Goal("a poll, 95th percentile", 1e3 * percentile(queued, 0.95), _LIMIT_MS, "ms"),
            Goal(f"{_CROWD} watchers", cpu_ms / 1e3 * _CROWD / _INTERVAL, _LIMIT_CORES, "cores"),
        ),
        tables=(
            Table(
                "Milliseconds a poll:",
                ("while the analysis", "polls", "p50", "p95", "most"),
                (_row("waits", queued), _row("is computed beside", running)),
            ),
        ),
    )


def _watch(
    watchers: list[Visitor], poll: Mapping[str, Any], analysis_id: str, status: str, seconds: float
) -> list[float]:
    """Poll from as many threads as there are watchers; return the seconds that each poll took."""
    values = {"analysis-id.data": analysis_id, "analysis-status.data": status, "analysis-tab.data": "overview"}
    end = time.perf_counter() + seconds

    def watch(watcher: Visitor, delay: float) -> list[float]:
        took: list[float] = []
        mark = ""
        time.sleep(delay)
        while True:
            began = time.perf_counter()
            said = watcher.call_back(poll, {**values, "analysis-mark.data": mark, "n_intervals": len(took) + 1})
            took.append(time.perf_counter() - began)
            mark = json.loads(said)["response"]["analysis-mark"]["data"] if said else mark
            if began + _INTERVAL > end:
                return took
            time.sleep(max(0.0, began + _INTERVAL - time.perf_counter()))

    delays = [number * _INTERVAL / len(watchers) for number in range(len(watchers))]
    with ThreadPoolExecutor(len(watchers)) as pool:
        return [second for took in pool.map(watch, watchers, delays) for second in took]


def _cpu_seconds(web: psutil.Process) -> float:
    """Return the processor time that the web server's processes have taken."""
    times = [process.cpu_times() for process in (web, *web.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _row(what: str, seconds: list[float]) -> tuple[str, int, float, float, float]:
    return (what, len(seconds), *(1e3 * percentile(seconds, share) for share in (0.5, 0.95)), 1e3 * max(seconds))
