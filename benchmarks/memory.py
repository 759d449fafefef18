"""Claim: Assay fits on a small machine."""

import http.client
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import psutil

from benchmarks import questions
from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.installation import Installation, installation, wait_until
from benchmarks.visitor import Visitor
from webapp.dashboard import paths
from webapp.launch import programs

GOAL = "a worker with its keeper and its children stays under 700 MB, and a web process under 220 MB."
_MB = 1e6
_SAMPLE_SECONDS = 0.25
_HEALTHY_WITHIN_SECONDS = 60.0
_FRAMES = ("results", "equity", "trades", "predictions")


@dataclass(frozen=True)
class Usage:
    """Memory in MB: `rss` counts shared pages in full, `pss` shares them out among those who use them."""

    rss: float
    pss: float


def measure(*, quick: bool = False) -> Finding:
    """Let workers answer the example and a visitor look at every page, and read what their processes hold."""
    if sys.platform != "linux":
        raise RuntimeError("Memory is measured on Linux only: other systems do not say what processes share.")
    n_default = psutil.cpu_count() or 1
    sizes = [1] if quick else sorted({1, n_default})
    workers = {n_children: _worker(n_children, quick=quick) for n_children in sizes}
    n_visits = 1 if quick else 10
    web = _web(n_visits)
    busiest = max((usage for name, usage in web.items() if name.startswith("child")), key=lambda usage: usage.rss)
    n_children = sizes[-1]
    programs_seen = {**{f"worker, children: {number}": usages for number, usages in workers.items()}, "web": web}
    return Finding(
        name="memory",
        title="Memory",
        goal=GOAL,
        how=(
            "A worker as the launcher starts it, with as many children as the machine has cores and with one, while "
            "each child answers the example with all its defaults: the most that was seen in four looks a second. "
            f"A web server of two processes after {n_visits} visits, each of which signed in and opened every page, "
            "every tab and every frame over REST. RSS counts what processes share in each of them; PSS counts it once, "
            "which is what a machine has to have. MB are millions of bytes."
        ),
        goals=(
            Goal(f"worker, children: {n_children}, all processes, PSS", workers[n_children]["all"].pss, 700.0, "MB"),
            Goal("web process, RSS", busiest.rss, 220.0, "MB"),
            Goal("web process, PSS", busiest.pss, 220.0, "MB"),
        ),
        tables=(Table("Megabytes:", ("program", "process", "RSS", "PSS"), tuple(_rows(programs_seen))),),
    )


def _worker(n_children: int, *, quick: bool) -> dict[str, Usage]:
    """Return the most that each process of a worker held while its children worked, and all of them together."""
    spec = questions.small() if quick else questions.the_example()
    with installation(worker_processes=n_children) as site:
        worker = site.start_worker()
        most: dict[str, Usage] = {}
        next_look = 0.0

        def look() -> None:
            nonlocal next_look
            if time.monotonic() < next_look:
                return
            for name, usage in _usages(worker).items():
                before = most.get(name, usage)
                most[name] = Usage(max(before.rss, usage.rss), max(before.pss, usage.pss))
            next_look = time.monotonic() + _SAMPLE_SECONDS

        started = [site.submit(spec.model_copy(update={"seed": spec.seed + number})) for number in range(n_children)]
        for analysis_id in started:
            site.wait_final(analysis_id, meanwhile=look)
        return most


def _usages(main: psutil.Process) -> dict[str, Usage]:
    """Return the memory of a program's processes by what they do, and of all together."""
    named, number = {"main": main}, 0
    for child in main.children(recursive=True):
        is_keeper = "tasks.keeper" in child.cmdline()
        number += not is_keeper
        named["keeper" if is_keeper else f"child {number}"] = child
    usages = {name: _usage(process) for name, process in named.items()}
    return {
        **usages,
        "all": Usage(sum(each.rss for each in usages.values()), sum(each.pss for each in usages.values())),
    }


def _usage(process: psutil.Process) -> Usage:
    memory = process.memory_full_info()
    return Usage(memory.rss / _MB, memory.pss / _MB)


def _web(n_visits: int) -> dict[str, Usage]:
    """Return what the web server's processes hold after visits."""
    with installation() as site:
        site.start_worker()
        analysis_id = site.submit(questions.small())
        site.wait_final(analysis_id)
        web = start_web(site)
        for _ in range(n_visits):
            visit(site, analysis_id)
        return _usages(web)


def start_web(site: Installation) -> psutil.Process:
    """Start the web server and wait until it answers."""
    web = site.start(programs(site.settings)["web"])
    log = site.group.logs / "web.log"
    wait_until(lambda: _is_healthy(site.settings.port), seconds=_HEALTHY_WITHIN_SECONDS, what="the web server", log=log)
    return web


def visit(site: Installation, analysis_id: str) -> None:
    """Sign in and look at everything once."""
    with Visitor(site.settings.port) as visitor:
        visitor.sign_in(site.settings.admin_email, site.password)
        visitor.open_page(paths.dashboard())
        visitor.open_page(paths.analyses())
        visitor.open_page(paths.new_analysis())
        for tab in paths.TABS:
            visitor.open_page(paths.analysis(analysis_id), f"?tab={tab}")
        for name in _FRAMES:
            visitor.get(f"/api/v1/analyses/{analysis_id}/{name}")


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):  # not there yet
        return False
    finally:
        connection.close()


def _rows(usages: Mapping[str, Mapping[str, Usage]]) -> Iterator[tuple[Cell, ...]]:
    for program, processes in usages.items():
        for process, usage in processes.items():
            yield program, process, usage.rss, usage.pss
