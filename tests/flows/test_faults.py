"""What goes wrong, and what becomes of the analysis: resuming, cancellation, limits, workers that are told to stop.

What may befall a whole installation at any stage is in tests/chaos.
"""

import json
import os
import signal
import time

import psutil
import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.flows import planted
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.services import analyses, trials
from webapp.services.workflow import STAGES, Status
from webapp.tables import Analysis, Backtest, Trial

pytestmark = [pytest.mark.broker, pytest.mark.slow]

# Long enough to be caught in the middle: a dozen seconds of small fits, each stored as it ends.
LONG = {
    **QUICK,
    "models": [{"name": "logistic"}, {"name": "random_forest", "n_trees": 300}],
    "validation": {**QUICK["validation"], "test_bars": 30, "target": 0.99},
    "tuning": {"n_trials": 6, "time_budget_seconds": 600},
    "importance": False,
    "audit": {"enabled": False},
}
# One fit that takes longer than anybody waits, all of it inside compiled code.
ENDLESS = {**LONG, "models": [{"name": "random_forest", "n_trees": 2000, "max_depth": 30, "min_samples_leaf": 1}]}


def row_of(stage, analysis_id):
    with stage.database.read() as session:
        return session.query(Analysis).filter_by(public_id=analysis_id).one()


def computed(stage):
    """Return the addresses of the stages that took a moment, as the workers tell: one each time it was computed."""
    lines = [line for worker in stage.workers for line in worker.log.read_text().splitlines()]
    return [json.loads(line)["key"] for line in lines if "Computed a stage." in line]


def test_a_worker_killed_in_mid_tuning_computes_nothing_twice_and_the_analysis_finishes_once(stage):
    spec = AnalysisSpec.model_validate(LONG)
    stage.start_worker()
    analysis_id = stage.submit(spec)
    stage.wait_stage(analysis_id, "tune")
    wait_until(lambda: n_tuned(stage) >= 2, seconds=60, what="two rounds of tuning")
    os.kill(row_of(stage, analysis_id).worker_pid, signal.SIGKILL)

    view = stage.wait_final(analysis_id)
    assert view.status is Status.SUCCEEDED, view.error_message
    assert view.attempt == 2
    assert view.result_hash == run_analysis(spec, fetch_instruments, pinned_n_tuning_trials=6).hash()
    with stage.database.read() as session:
        assert trials.check(session) == trials.LedgerCheck(8, None)  # two candidates, six tuning trials, each once
        assert session.query(Backtest).filter_by(name="headline").count() == 1
        log = [entry.message for entry in analyses.read_log(session, stage.actor, analysis_id)]
    assert any("died; the work goes on from the last stored stage" in line for line in log)
    assert len(computed(stage)) == len(set(computed(stage))) > 2


def n_tuned(stage):
    with stage.database.read() as session:
        return session.query(Trial).filter_by(kind="tuning").count()


def test_a_running_analysis_is_cancelled_within_five_seconds_also_inside_compiled_code(stage):
    stage.start_worker()
    analysis_id = stage.submit(AnalysisSpec.model_validate(ENDLESS))
    stage.wait_stage(analysis_id, "train")
    time.sleep(1)  # well inside the fit
    asked = time.monotonic()
    stage.cancel(analysis_id)
    view = stage.wait_final(analysis_id, seconds=5)
    assert time.monotonic() - asked < 5

    assert view.status is Status.CANCELLED
    # The slot is free again, and the pool survives.
    after = stage.wait_final(stage.submit(AnalysisSpec.model_validate(QUICK)))
    assert after.status is Status.SUCCEEDED


@pytest.mark.databases("sqlite")
def test_a_polite_analysis_is_cancelled_without_killing_its_process(stage):
    stage.start_worker(cancel_grace_seconds=30)
    analysis_id = stage.submit(AnalysisSpec.model_validate(LONG))
    pid = (stage.wait_stage(analysis_id, "train", "tune") and row_of(stage, analysis_id)).worker_pid
    stage.cancel(analysis_id)

    assert stage.wait_final(analysis_id, seconds=10).status is Status.CANCELLED
    assert psutil.pid_exists(pid)


@pytest.mark.databases("sqlite")
def test_what_crashes_leaks_or_spins_is_stopped_with_a_cause_and_the_pool_survives(stage):
    limits = {"analysis_time_limit_seconds": 10, "analysis_memory_limit_bytes": 900 * 1024**2, "max_attempts": 2}
    stage.start_worker(app="tests.flows.planted", **limits)
    asked = {
        what: stage.submit(AnalysisSpec.model_validate({**QUICK, "seed": what}))
        for what in (planted.CRASH, planted.EXIT, planted.LEAK, planted.SPIN)
    }
    ended = {what: stage.wait_final(analysis_id) for what, analysis_id in asked.items()}

    assert {what: (view.status, view.attempt, view.summary.error_code) for what, view in ended.items()} == {
        planted.CRASH: (Status.FAILED, 2, "worker_lost"),
        planted.EXIT: (Status.FAILED, 2, "worker_lost"),
        planted.LEAK: (Status.FAILED, 1, "memory_limit"),
        planted.SPIN: (Status.FAILED, 1, "time_limit"),
    }
    words = {what: view.error_message for what, view in ended.items()}
    assert words[planted.CRASH] == "Given up after 2 attempts; each time the worker that ran it was lost."
    assert words[planted.LEAK].startswith("Stopped at 900 MiB, the most memory an analysis may use.")
    assert words[planted.SPIN].startswith("Stopped after 10 s, the most an analysis may take.")
    assert stage.wait_final(stage.submit(AnalysisSpec.model_validate(QUICK))).status is Status.SUCCEEDED


@pytest.mark.databases("sqlite")
def test_an_analysis_that_is_longer_than_the_brokers_patience_runs_once(stage):
    for _ in range(2):
        stage.start_worker(app="tests.flows.planted")
    analysis_id = stage.submit(AnalysisSpec.model_validate({**QUICK, "seed": planted.LONG}))
    stage.queue.send(jobs.WORK)  # and the message comes twice
    view = stage.wait_final(analysis_id)
    time.sleep(2 * planted.VISIBILITY_SECONDS)

    assert (view.status, view.attempt) == (Status.SUCCEEDED, 1)
    with stage.database.read() as session:
        log = [entry.message for entry in analyses.read_log(session, stage.actor, analysis_id)]
        assert session.query(Backtest).filter_by(name="headline").count() == 1
    assert sum(line.startswith("Started by worker") for line in log) == 1


def test_a_worker_that_is_told_to_stop_hands_back_in_time_and_another_goes_on(stage):
    first = stage.start_worker(stop_grace_seconds=1)
    analysis_id = stage.submit(AnalysisSpec.model_validate(LONG))
    stage.wait_stage(analysis_id, "train", "tune")
    first.process.terminate()
    first.process.wait(timeout=15)
    wait_until(lambda: not first.family(), seconds=10, what="its child and keeper to be gone")
    assert stage.view(analysis_id).status is Status.QUEUED

    stage.start_worker()
    view = stage.wait_final(analysis_id)
    assert (view.status, view.attempt) == (Status.SUCCEEDED, 2)
    assert row_of(stage, analysis_id).n_transient == 1  # so it cost none of the attempts there are
    assert len(computed(stage)) == len(set(computed(stage)))


@pytest.mark.databases("sqlite")
def test_a_worker_that_is_told_to_stop_finishes_what_is_nearly_done(stage):
    worker = stage.start_worker(stop_grace_seconds=120)
    analysis_id = stage.submit(AnalysisSpec.model_validate(QUICK))
    stage.wait_stage(analysis_id, *list(STAGES)[1:])
    worker.process.terminate()
    assert worker.process.wait(timeout=100) == 0

    view = stage.view(analysis_id)
    assert (view.status, view.attempt) == (Status.SUCCEEDED, 1)
