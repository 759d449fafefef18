"""Claim: workers with nothing else to do make tuning faster, and a lone one is not slowed down by asking for help."""

import statistics

from benchmarks import questions
from benchmarks.findings import Finding, Goal, Table
from benchmarks.installation import Installation, installation
from quant.spec import AnalysisSpec

GOAL = "12 trials on two worker slots are tuned at least 1.7 times as fast as on one."
N_TRIALS = 12


def measure(*, quick: bool = False) -> Finding:
    """Tune the same question on one slot and on two, several times."""
    n_runs, spec = (1, questions.tuned(2, n_trees=30)) if quick else (3, questions.tuned(N_TRIALS, n_trees=300))
    seconds = {n_slots: _tune(n_slots, spec, n_runs) for n_slots in (1, 2)}
    alone, together = (statistics.median(seconds[n_slots]) for n_slots in (1, 2))
    return Finding(
        name="tuning",
        title="Tuning with help",
        goal=GOAL,
        how=(
            f"One analysis whose target no model meets, with {spec.tuning.n_trials} trials of a random forest, on a "
            f"worker with one child and on one with two, {n_runs} times each; stored stages are removed before each. "
            "Counted is what the analysis itself writes down for the stage. Both children share the machine's cores "
            "with the queue server and the keeper."
        ),
        goals=(Goal("tuning on two slots, faster than on one", alone / together, 1.7, "×", at_least=True),),
        tables=(
            Table(
                "Seconds of the stage:",
                ("slots", "median", "least", "most"),
                tuple(
                    (n_slots, statistics.median(found), min(found), max(found)) for n_slots, found in seconds.items()
                ),
            ),
        ),
    )


def _tune(n_slots: int, spec: AnalysisSpec, n_runs: int) -> list[float]:
    with installation(worker_processes=n_slots) as site:
        site.start_worker()
        site.wait_final(site.submit(questions.small()))
        return [_tune_once(site, spec) for _ in range(n_runs)]


def _tune_once(site: Installation, spec: AnalysisSpec) -> float:
    before = site.stored()
    analysis_id = site.submit(spec)
    site.wait_final(analysis_id)
    site.forget(site.stored() - before)
    return site.view(analysis_id).stage_seconds["tune"]
