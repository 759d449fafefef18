"""Several workers at the same stages: each is computed once, and tuning is spread with the same result."""

import json
import os
import signal

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
from webapp.tables import Analysis, StageClaim, Trial

pytestmark = [pytest.mark.broker, pytest.mark.slow]

N_TRIALS = 4
TUNING = {
    **QUICK,
    "models": [{"name": "random_forest", "n_trees": 400}],
    "validation": {**QUICK["validation"], "test_bars": 400, "target": 0.99},  # few folds to walk: trials matter here
    "tuning": {"n_trials": N_TRIALS, "time_budget_seconds": 600},
    "importance": False,
    "audit": {"enabled": False},
}

SWEEP = {
    "instruments": [{"symbol": "IBM"}],
    "strategy": {"name": "crossover_rule"},
    "sweep": {
        "axes": [
            {"name": "range", "parameter": "fast", "first": 5, "last": 44, "step": 1},
            {"name": "range", "parameter": "slow", "first": 60, "last": 109, "step": 1},
        ]
    },
    "backtest": {
        "exits": {"stop_loss": 0.05}
    },  # so each of the 2,000 is a whole account: eight chunks of a second or so
    "overfitting": {"n_resamples": 0},
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


def helper_of(stage, analysis_id):
    """Return the claim of another worker on a stage of an analysis, once there is one."""
    owner = row_of(stage, analysis_id).worker
    return next((claim for claim in claims(stage) if claim.worker not in {None, owner}), None)


def wait_helper(stage, analysis_id):
    return wait_until(lambda: helper_of(stage, analysis_id), seconds=60, what="somebody to help")


def ledger(stage, analysis_id):
    with stage.database.read() as session:
        rows = session.query(Trial).filter_by(analysis_id=row_of(stage, analysis_id).id).order_by(Trial.id)
        return [(row.kind, row.number) for row in rows]


def both_at_once(stage, ids):
    """Wait until both run; a message may have gone to a worker that is busy, so send more."""
    for _ in range(4):
        stage.queue.send(jobs.WORK)
    wait_until(
        lambda: {stage.view(each).status for each in ids} == {Status.RUNNING}, seconds=20, what="both to run at once"
    )


@pytest.mark.databases("sqlite")
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


def test_tuning_has_the_same_result_for_one_worker_two_and_three(stage):
    """Two repeat, afresh, what one has done; then three do, and one of the helpers is killed in the middle."""
    stage.start_worker()
    first = stage.submit(AnalysisSpec.model_validate(TUNING))
    hashes = [stage.wait_final(first).result_hash]
    repeated = []
    for n_workers in (2, 3):
        stage.start_worker()
        n_before = len(computed(stage))
        with stage.database.write() as session:
            repeated.append(analyses.rerun(session, stage.actor, first))
            stage.queue.send_after_commit(session, jobs.WORK)
        helper = wait_helper(stage, repeated[-1])
        if n_workers == 3:
            os.kill(helper.worker_pid, signal.SIGKILL)
        view = stage.wait_final(repeated[-1])
        assert view.status is Status.SUCCEEDED, view.error_message
        hashes.append(view.result_hash)
        done = computed(stage)[n_before:]
        assert len({line["key"] for _, line in done}) == len(done)
        computing = {number for number, line in done if line["stage"].startswith("trial ")}
        assert len(computing) >= (2 if n_workers == 2 else 1), "a helper that is killed may have ended no trial"
        assert any(line.endswith(" helps.") for line in log_of(stage, repeated[-1]))

    assert len(set(hashes)) == 1
    told = [("candidate", 0), *(("tuning", number) for number in range(N_TRIALS))]
    assert [ledger(stage, each) for each in (first, *repeated)] == [told] * 3
    assert claims(stage) == []


@pytest.mark.databases("sqlite")
def test_a_sweep_that_another_helps_with_is_that_of_one_process_bit_for_bit(stage):
    for _ in range(2):
        stage.start_worker()
    question = AnalysisSpec.model_validate(SWEEP)
    analysis_id = stage.submit(question)
    wait_helper(stage, analysis_id)
    view = stage.wait_final(analysis_id)

    assert view.status is Status.SUCCEEDED, view.error_message
    chunks = [(number, line["key"]) for number, line in computed(stage) if line["stage"].startswith("sweep whole")]
    assert len({key for _, key in chunks}) == len(chunks) == 8
    assert {number for number, _ in chunks} == {0, 1}
    assert sum(line.endswith(" helps.") for line in log_of(stage, analysis_id)) == 1
    assert claims(stage) == []
    assert ledger(stage, analysis_id) == [("sweep", number) for number in range(2_000)]
    assert view.result_hash == run_analysis(question, fetch_instruments).hash()


def test_who_waits_for_a_stage_of_one_who_was_killed_takes_it_over(stage):
    for _ in range(2):
        stage.start_worker()
    questions = [
        AnalysisSpec.model_validate({**TUNING, "backtest": {"costs": {"commission_bps": bps}}}) for bps in (1, 2)
    ]
    ids = [stage.submit(question) for question in questions]
    both_at_once(stage, ids)
    waiting = wait_until(
        lambda: next((each for each in ids if any("Waiting" in line for line in log_of(stage, each))), None),
        seconds=60,
        what="one to wait for the other",
    )
    killed = next(each for each in ids if each != waiting)
    os.kill(row_of(stage, killed).worker_pid, signal.SIGKILL)

    views = {each: stage.wait_final(each) for each in ids}
    assert {view.status for view in views.values()} == {Status.SUCCEEDED}
    assert (views[waiting].attempt, views[killed].attempt) == (1, 2)
    done = computed(stage)
    assert len({line["key"] for _, line in done}) == len(done)
    assert claims(stage) == []


@pytest.mark.databases("sqlite")
def test_a_search_goes_on_from_its_last_finished_trial_after_a_crash(stage):
    stage.start_worker()
    analysis_id = stage.submit(AnalysisSpec.model_validate(TUNING))
    wait_until(lambda: len(ledger(stage, analysis_id)) >= 3, seconds=120, what="two tuning trials to be told")
    os.kill(row_of(stage, analysis_id).worker_pid, signal.SIGKILL)

    view = stage.wait_final(analysis_id)
    assert (view.status, view.attempt) == (Status.SUCCEEDED, 2)
    keys = [line["key"] for _, line in computed(stage) if line["stage"].startswith("trial ")]
    assert len(keys) == len(set(keys)) == 1 + N_TRIALS
    assert len(ledger(stage, analysis_id)) == 1 + N_TRIALS


@pytest.mark.databases("sqlite")
def test_cancelling_frees_who_helps_within_five_seconds_also_inside_compiled_code(stage):
    for _ in range(2):
        stage.start_worker()
    endless = {"name": "random_forest", "n_trees": 2000, "max_depth": 30, "min_samples_leaf": 1}
    spec = {**TUNING, "models": [{"name": "logistic"}, endless], "validation": {**TUNING["validation"], "n_folds": 2}}
    analysis_id = stage.submit(AnalysisSpec.model_validate(spec))
    wait_helper(stage, analysis_id)
    stage.cancel(analysis_id)

    assert stage.wait_final(analysis_id, seconds=5).status is Status.CANCELLED
    wait_until(lambda: claims(stage) == [], seconds=5, what="the helper to be free")
    after = stage.submit(AnalysisSpec.model_validate({**QUICK, "models": [{"name": "logistic"}]}))
    assert stage.wait_final(after).status is Status.SUCCEEDED
