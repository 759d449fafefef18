"""Claim: the look-ahead audit, which repeats a run again and again, costs little more than the run itself."""

import statistics
from time import process_time
from typing import Any
from unittest import mock

from benchmarks import questions
from benchmarks.findings import Finding, Goal, Table
from quant import analysis
from quant.audit import MOST_SIGNAL_CUTS
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec

GOAL = "the audit costs at most 1.5 times the rest of the run, also of a run that fits hardly anything."


def measure(*, quick: bool = False) -> Finding:
    """Answer a question with its audit, and take the processor time of both apart."""
    n_runs, spec = (1, questions.small()) if quick else (5, questions.audited())
    costs = [_answer(spec) for _ in range(n_runs + 1)][1:]  # the first loads kernels
    rest, audit = (statistics.median(cost[place] for cost in costs) for place in (0, 1))
    ratio = statistics.median(cost[1] / cost[0] for cost in costs)
    return Finding(
        name="audit",
        title="Look-ahead audit",
        goal=GOAL,
        how=(
            "A question about GOOG with all defaults but one: its only model is a logistic regression, and what fits "
            "more spends a smaller share on its audit. Answered in one process without any stored stage; processor "
            f"time of the audit and of everything else, medians of {n_runs} runs. The audit repeats the run at "
            f"{spec.audit.n_cuts} cuts on two kinds of history, and signals at up to {MOST_SIGNAL_CUTS} bars more."
        ),
        goals=(Goal("audit over the rest of the run", ratio, 1.5, "×"),),
        tables=(
            Table("Seconds of processor time:", ("the rest", "audit", "audit over the rest"), ((rest, audit, ratio),)),
        ),
    )


def _answer(spec: AnalysisSpec) -> tuple[float, float]:
    """Return the processor time of a run without its audit, and that of the audit."""
    honest, spent = analysis.look_ahead_audit, 0.0

    def timed(*arguments: Any, **options: Any) -> Any:
        nonlocal spent
        began = process_time()
        facts = honest(*arguments, **options)
        spent += process_time() - began
        return facts

    began = process_time()
    with mock.patch.object(analysis, "look_ahead_audit", timed):
        analysis.run_analysis(spec, fetch_instruments)
    return process_time() - began - spent, spent
