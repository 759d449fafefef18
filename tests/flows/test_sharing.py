"""Several workers at the same stages: each is computed once, and tuning is spread with the same result."""

import json

import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.services import analyses
from webapp.services.workflow import Status
from webapp.tables import Analysis, StageClaim

pytestmark = [pytest.mark.broker, pytest.mark.slow]

N_TRIALS = 4
TUNING = {
    **QUICK,
    "models": [{"name": "random_forest", "n_trees": 400}],
    "validation": {**QUICK["validation"], "target": 0.99},
    "tuning": {"n_trials": N_TRIALS, "time_budget_seconds": 600},
    "importance": False,
    "audit": {"enabled": False},
}


def computed(stage):
    """Return the costly stages that were computed: the number of the worker, and what it logged."""
    return [
        (number, json.loads(line))
        for number, worker in enumerate(stage.workers)
        for line in worker.log.read_text().splitlines()
        if "Computed a stage." in line
    ]


def row_of(stage, analysis_id):
    with stage.database.read() as session:
        return session.query(Analysis).filter_by(public_id=analysis_id).one()


def claims(stage):
    with stage.database.read() as session:
        return session.query(StageClaim).all()


def log_of(stage, analysis_id):
    with stage.database.read() as session:
        return [entry.message for entry in analyses.read_log(session, stage.actor, analysis_id)]


def both_at_once(stage, ids):
    """Wait until both run; a message may have gone to a worker that is busy, so send more."""
    for _ in range(4):
        stage.queue.send(jobs.WORK)
    wait_until(
        lambda: {stage.view(each).status for each in ids} == {Status.RUNNING}, seconds=20, what="both to run at once"
    )


def test_two_that_want_the_same_in_the_same_moment_compute_it_once(stage):
    for _ in range(2):
        stage.start_worker()
    questions = [
        AnalysisSpec.model_validate({**TUNING, "backtest": {"costs": {"commission_bps": bps}}}) for bps in (1, 2)
    ]
    ids = [stage.submit(question) for question in questions]
    both_at_once(stage, ids)
    views = [stage.wait_final(analysis_id) for analysis_id in ids]

    assert [view.status for view in views] == [Status.SUCCEEDED] * 2
    done = computed(stage)
    assert len({line["key"] for _, line in done}) == len(done)
    assert sum(line["stage"].startswith("trial ") for _, line in done) == 1 + N_TRIALS
    assert {number for number, _ in done} == {0, 1}
    assert any("Waiting for the same trial, which worker" in line for each in ids for line in log_of(stage, each))
    assert claims(stage) == []
    store = MemoryStore()
    for question, view in zip(questions, views, strict=True):
        alone = run_analysis(question, fetch_instruments, store=store, pinned_n_tuning_trials=N_TRIALS)
        assert view.result_hash == alone.hash()
