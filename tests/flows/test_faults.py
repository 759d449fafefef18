"""What goes wrong, and what becomes of the analysis: killed processes, cancellation, limits."""

import os
import signal
import time

import psutil
import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from webapp.services import analyses, trials
from webapp.services.workflow import Status
from webapp.tables import Analysis, Backtest

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


def test_a_worker_killed_in_mid_training_loses_nothing_and_the_analysis_finishes_once(stage):
    spec = AnalysisSpec.model_validate(LONG)
    stage.start_worker()
    analysis_id = stage.submit(spec)
    stage.wait_stage(analysis_id, "tune")
    os.kill(row_of(stage, analysis_id).worker_pid, signal.SIGKILL)

    view = stage.wait_final(analysis_id)
    assert view.status is Status.SUCCEEDED, view.error_message
    assert view.attempt == 2
    assert view.result_hash == run_analysis(spec, fetch_instruments, pinned_n_tuning_trials=6).hash()
    with stage.database.read() as session:
        assert trials.check(session) == trials.LedgerCheck(8, None)  # two candidates, six tuning trials, each once
        assert session.query(Backtest).count() == 1
        log = [entry.message for entry in analyses.read_log(session, stage.actor, analysis_id)]
    assert any("died; the work goes on from the last stored stage" in line for line in log)


@pytest.mark.databases("sqlite")
def test_a_killed_main_process_hands_its_work_to_another_worker(stage):
    workers = [stage.start_worker(), stage.start_worker()]
    analysis_id = stage.submit(AnalysisSpec.model_validate(LONG))
    stage.wait_stage(analysis_id, "train", "tune")
    killed = next(each for each in workers if f":{each.process.pid}:" in row_of(stage, analysis_id).worker)
    killed.kill()

    view = stage.wait_final(analysis_id)
    assert (view.status, view.attempt) == (Status.SUCCEEDED, 2)
    wait_until(lambda: not killed.family(), seconds=10, what="the killed worker's children and keeper to be gone")


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
def test_an_analysis_that_takes_too_long_is_stopped_with_a_reason(stage):
    stage.start_worker(analysis_time_limit_seconds=10)
    view = stage.wait_final(stage.submit(AnalysisSpec.model_validate(ENDLESS)))

    assert (view.status, view.summary.error_code) == (Status.FAILED, "time_limit")
    assert "Stopped after 10 s" in view.error_message


@pytest.mark.databases("sqlite")
def test_an_analysis_that_uses_too_much_memory_is_stopped_with_a_reason(stage):
    stage.start_worker(analysis_memory_limit_bytes=256 * 1024**2)
    view = stage.wait_final(stage.submit(AnalysisSpec.model_validate(ENDLESS)))

    assert (view.status, view.summary.error_code) == (Status.FAILED, "memory_limit")


@pytest.mark.databases("sqlite")
def test_a_frozen_process_loses_its_analysis_and_can_write_nothing_when_it_wakes(stage):
    stage.start_worker(lease_seconds=3, heartbeat_seconds=1)
    analysis_id = stage.submit(AnalysisSpec.model_validate(LONG))
    stage.wait_stage(analysis_id, "tune")
    frozen = row_of(stage, analysis_id).worker_pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        wait_until(lambda: stage.view(analysis_id).status is Status.QUEUED, seconds=60, what="the lease to run out")
        stage.start_worker()
        view = stage.wait_final(analysis_id)
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert (view.status, view.attempt) == (Status.SUCCEEDED, 2)
    time.sleep(3)  # the woken process tries to report, and learns that it is too late
    assert stage.view(analysis_id).result_hash == view.result_hash
    with stage.database.read() as session:
        assert session.query(Backtest).count() == 1
