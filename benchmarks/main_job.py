"""Claim: an analysis takes hardly longer than the fits and predictions that it consists of."""

import json
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks import questions
from benchmarks.bare import BareRun
from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.installation import Installation, installation
from benchmarks.stopwatch import FITS, PRICES, REPORT, WRITING
from benchmarks.timing import ratio
from quant.spec import AnalysisSpec
from webapp.services import results

GOAL = "submit to stored answer takes at most 1.15 times the bare fits; queue, claims and writing under 150 ms of it."

# What a run consists of, as names of the stopwatch.
PARTS: Mapping[str, tuple[str, ...]] = {
    "fits and predictions": (f"train {FITS}", f"predict {FITS}", f"final {FITS}"),
    "waiting for the worker": ("wait",),
    "claiming": ("claim",),
    "progress, ledger and stage outputs": (WRITING,),
    "storing the answer": ("save",),
    "reading the prices": (PRICES,),
    "checking prices, features, labels, split": ("acquire", "clean", "features", "labels", "split"),
    "scoring and choosing": ("train", "predict"),
    "the final model": ("final",),
    "signals, backtest, risk, report": ("strategy", "backtest", "risk", "report"),
}
QUEUE = ("wait", "claim", WRITING, "save")


@dataclass(frozen=True)
class ProductRun:
    """One analysis through the product: from before it was submitted until its answer could be read."""

    analysis_id: str
    total: float
    seconds: Mapping[str, float]

    def sum(self, names: Iterable[str]) -> float:
        """Return the seconds under these names together."""
        return sum(self.seconds.get(name, 0.0) for name in names)


@dataclass(frozen=True)
class Pairs:
    """Bare and product runs of one question in turns, and runs with everything that can be added."""

    n_fits: int
    bare: list[float]
    bare_cpu: list[float]
    product: list[ProductRun]
    product_cpu: list[float]
    extra: list[ProductRun]


def measure(*, quick: bool = False) -> Finding:
    """Run the question through both, in turns, and then with tuning, importance and audit."""
    spec = questions.small() if quick else questions.the_example()
    n_pairs, n_extra, n_trials = (2, 1, 2) if quick else (7, 3, spec.tuning.n_trials)
    pairs = _play(spec, n_pairs, n_extra, n_trials)
    bare = statistics.median(pairs.bare)
    totals = [run.total for run in pairs.product]
    queue_ms = 1e3 * statistics.median(run.sum(QUEUE) for run in pairs.product)
    times_bare = ratio(totals, pairs.bare)
    long_share = statistics.median(run.sum(QUEUE) / run.total for run in pairs.extra)
    return Finding(
        name="main_job",
        title="The main job",
        goal=GOAL,
        how=_how(n_pairs, n_extra, n_trials, pairs.n_fits),
        goals=(
            Goal("an analysis over its bare fits", times_bare, 1.15, "×"),
            Goal("queue, claims and writing", queue_ms, 150.0, "ms"),
            Goal("the same, of a run with everything, 10 s and more", 100 * long_share, 3.0, "%"),
        ),
        tables=(
            Table(
                "Without tuning, importance and audit, seconds:",
                ("what", "median", "least", "most", "processor time, median"),
                (
                    _row("bare fits and predictions", pairs.bare, pairs.bare_cpu),
                    _row("through the product", totals, pairs.product_cpu),
                    ("ratio", times_bare, None, None, ratio(pairs.product_cpu, pairs.bare_cpu)),
                ),
            ),
            Table(
                "What a run through the product consists of, medians:",
                ("part", "ms", "share of the bare fits, %"),
                tuple(_parts(pairs.product, bare)),
            ),
            Table(
                "What is added when it is switched on, seconds:",
                ("what", "median", "of it fits", "over the bare fits, ×"),
                tuple(_extras(pairs.extra, bare, n_trials)),
            ),
        ),
    )


def _how(n_pairs: int, n_extra: int, n_trials: int, n_fits: int) -> str:
    return (
        f"The example analysis with all its defaults, {n_fits} fits in all. *Bare* calls scikit-learn and XGBoost on "
        "arrays, with the same folds, parameters and seeds, one thread, features and labels at hand. *Through the "
        "product* is from before the submission until the answer can be read: queue, a worker process of its own, all "
        "stages, the database and the files, on SQLite and the embedded queue server. In turns, "
        f"{n_pairs} times each, after one of each to warm up; the ratio is the median over neighbours. Before each run "
        "through the product the stage outputs of the run before are deleted, so that every stage is computed; the "
        "number of fits proves it, and the probabilities of both are compared. The worker is the product's own with a "
        "stopwatch in it; its processor time is that of all its processes. The snapshot of the prices was pinned by an "
        f"analysis before. Tuning (forced, {n_trials} trials), importance and audit were measured in {n_extra} further "
        "runs with all three switched on."
    )


def _play(spec: AnalysisSpec, n_pairs: int, n_extra: int, n_trials: int) -> Pairs:
    plain, full = questions.without_extras(spec), questions.with_extras(spec, n_trials=n_trials)
    bare = BareRun(plain)
    pairs = Pairs(bare.n_fits, [], [], [], [], [])
    with installation() as site:
        worker = site.start_worker(app="benchmarks.timed_worker")
        run_once(site, questions.small().model_copy(update={"seed": spec.seed + 1}))
        kept = site.stored()
        warm = run_once(site, plain, n_fits=bare.n_fits)
        np.testing.assert_allclose(bare.run(), _probabilities(site, warm), rtol=0, atol=1e-9)
        for _ in range(n_pairs):
            began, cpu = time.perf_counter(), time.process_time()
            bare.run()
            pairs.bare.append(time.perf_counter() - began)
            pairs.bare_cpu.append(time.process_time() - cpu)
            site.forget(site.stored() - kept)
            cpu = _cpu_seconds(worker)
            pairs.product.append(run_once(site, plain, n_fits=bare.n_fits))
            pairs.product_cpu.append(_cpu_seconds(worker) - cpu)
        for _ in range(n_extra):
            site.forget(site.stored() - kept)
            pairs.extra.append(run_once(site, full))
    return pairs


def _cpu_seconds(worker: psutil.Process) -> float:
    """Return the processor time that a worker, its children and its keeper have used so far."""
    times = [process.cpu_times() for process in (worker, *worker.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def run_once(site: Installation, spec: AnalysisSpec, *, n_fits: int | None = None) -> ProductRun:
    """Carry a question through the product; an error if it did not fit as many models as it has to."""
    began = time.time()
    analysis_id = site.submit(spec)
    site.wait_final(analysis_id)
    ended = time.time()
    watch = json.loads((site.settings.home / REPORT).read_text())
    if n_fits is not None and watch["n_fits"] != n_fits:
        raise RuntimeError(f"Expected {n_fits} fits; found {watch['n_fits']}: some came from the store.")
    started_at = site.view(analysis_id).summary.started_at
    if started_at is None:
        raise RuntimeError(f"Expected analysis {analysis_id} to have been started.")
    started = started_at.timestamp()
    outside = {"wait": started - began, "claim": watch["began"] - started, "save": ended - watch["ended"]}
    return ProductRun(analysis_id, ended - began, {**watch["seconds"], **outside})


def _probabilities(site: Installation, run: ProductRun) -> NDArray[np.float64]:
    """Return what a run predicted, out of sample."""
    with site.database.read() as session:
        answer = results.load(session, site.store, site.actor, run.analysis_id, ["predictions"])
    return answer.frames["predictions"]["probability"].to_numpy()


def _row(what: str, seconds: Sequence[float], cpu: Sequence[float]) -> tuple[Cell, ...]:
    return what, statistics.median(seconds), min(seconds), max(seconds), statistics.median(cpu)


def _parts(runs: Sequence[ProductRun], bare: float) -> Iterable[tuple[Cell, ...]]:
    rows = [(what, statistics.median(run.sum(names) for run in runs)) for what, names in PARTS.items()]
    for what, seconds in rows:
        yield what, 1e3 * seconds, 100 * seconds / bare


def _extras(runs: Sequence[ProductRun], bare: float, n_trials: int) -> Iterable[tuple[Cell, ...]]:
    for stage, what in (("importance", "importance"), ("tune", f"tuning, {n_trials} trials"), ("audit", "audit")):
        own = [run.sum((stage, f"{stage} {FITS}")) for run in runs]
        fits = [run.sum((f"{stage} {FITS}",)) for run in runs]
        seconds = statistics.median(own)
        yield what, seconds, statistics.median(fits) or None, seconds / bare
