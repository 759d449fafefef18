"""Claim: a submitted analysis begins at once when a worker is free."""

import dataclasses
import datetime
import time

import numpy as np

from benchmarks import questions
from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.installation import Installation, installation
from benchmarks.timing import percentile
from webapp.launch import programs
from webapp.services import analyses

GOAL = "with a free worker the first stage begins within 20 ms of the submission, p50, and 80 ms, p99."
_SEED = 20260111

Moments = tuple[float, float, float]  # seconds from just before the submission until: row written, claimed, first stage


def measure(*, quick: bool = False) -> Finding:
    """Submit analyses one by one to a worker that has nothing else to do."""
    return find(3, 5) if quick else find(150, 300)


def find(n_submissions: int, n_echoes: int) -> Finding:
    """Submit so many analyses, and then so many tasks that do nothing."""
    rng = np.random.default_rng(_SEED)
    with installation() as site:
        site.start_worker()
        submit_once(site, 0.0)  # opens connections
        moments = [submit_once(site, pause) for pause in rng.uniform(0.1, 0.4, n_submissions)]
        trips = round_trips(site, n_echoes)
    written, claimed, first_stage = ([moment[place] for moment in moments] for place in range(3))
    return Finding(
        name="queue",
        title="The queue",
        goal=GOAL,
        how=(
            f"{n_submissions} small analyses, one after the other, each submitted after the one before had ended and a "
            "pause of random length, to a worker process that has nothing else to do. Counted from just before the "
            "submission's transaction; the moments after it are the database's: when the row was claimed, and when the "
            "first stage was entered in the analysis's log. SQLite and the embedded queue server. To compare "
            f"with, {n_echoes} times from sending a task that does nothing until its result is back, through bare "
            "Celery, one process, on the same queue server."
        ),
        goals=(
            Goal("submission to first stage, p50", 1e3 * percentile(first_stage, 0.5), 20.0, "ms"),
            Goal("submission to first stage, p99", 1e3 * percentile(first_stage, 0.99), 80.0, "ms"),
        ),
        tables=(
            Table(
                "Milliseconds after the submission began:",
                ("until", "p50", "p99", "most"),
                (
                    _row("the row was written", written),
                    _row("a worker had claimed it", claimed),
                    _row("the first stage began", first_stage),
                ),
            ),
            Table("Bare Celery, milliseconds:", ("what", "p50", "p99", "most"), (_row("there and back", trips),)),
        ),
    )


def submit_once(site: Installation, pause_seconds: float) -> Moments:
    """Submit a small analysis after a pause, wait for its end, and return its moments."""
    time.sleep(pause_seconds)
    began = datetime.datetime.now(datetime.UTC)
    analysis_id = site.submit(questions.small())
    site.wait_final(analysis_id)
    summary = site.view(analysis_id).summary
    with site.database.read() as session:
        log = analyses.read_log(session, site.actor, analysis_id)
    first_stage_at = next(entry.at for entry in log if entry.stage is not None)
    if summary.started_at is None:
        raise RuntimeError(f"Expected analysis {analysis_id} to have been started.")
    written, claimed, staged = (
        (moment - began).total_seconds() for moment in (summary.submitted_at, summary.started_at, first_stage_at)
    )
    return written, claimed, staged


def round_trips(site: Installation, n_times: int) -> list[float]:
    """Return the seconds of a task that does nothing, there and back, through bare Celery on the site's broker."""
    from benchmarks.echo import nothing  # noqa: PLC0415  # it reads the site's settings

    program = programs(site.settings)["worker"]
    command = tuple("benchmarks.echo" if part == "tasks" else part for part in program.command)
    site.start(dataclasses.replace(program, name="echo", command=command))
    nothing.delay().get(timeout=60)
    seconds = []
    for _ in range(n_times):
        began = time.perf_counter()
        nothing.delay().get(timeout=60)
        seconds.append(time.perf_counter() - began)
    return seconds


def _row(what: str, seconds: list[float]) -> tuple[Cell, ...]:
    return what, *(1e3 * percentile(seconds, share) for share in (0.5, 0.99, 1.0))
