"""The main job through a real worker: submitted, carried through every stage, answered, and answered the same again."""

import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.services import analyses, results, trials
from webapp.services.workflow import Status
from webapp.tables import Artifact, Backtest, FittedModel, PerformanceMetric, Prediction, TradeRow, UsedFeature

pytestmark = [pytest.mark.broker, pytest.mark.slow]

TUNED = {
    **QUICK,
    "validation": {**QUICK["validation"], "target": 0.99},
    "tuning": {"n_trials": 3, "time_budget_seconds": 300},
}


def test_the_main_job(stage):
    spec = AnalysisSpec.model_validate(TUNED)
    stage.start_worker()
    analysis_id = stage.submit(spec)

    seen = []
    while not (view := stage.view(analysis_id)).status.is_final:
        seen.append(view.summary.progress)
    assert view.status is Status.SUCCEEDED, view.error_message
    assert seen == sorted(seen)
    assert view.attempt == 1

    # What the worker found is what the library finds, bit for bit.
    alone = run_analysis(spec, fetch_instruments, pinned_n_tuning_trials=3)
    assert view.result_hash == alone.hash()

    with stage.database.read() as session:
        result = results.load(session, stage.store, stage.actor, analysis_id)
        assert result.facts["verdict"]["text"] == view.summary.verdict
        assert set(result.frames) == set(alone.frames)
        assert result.n_ledger_trials == 5
        assert trials.check(session) == trials.LedgerCheck(5, None)
        n_trades = session.query(TradeRow).count()
        assert n_trades == len(result.frames["trades"]) > 0
        assert session.query(Backtest).filter_by(name="headline").one().n_trades == n_trades
        assert session.query(FittedModel).count() == len(result.frames["fold_scores"]) + 1  # the final one
        assert session.query(Prediction).one().probability == result.facts["latest"]["predictions"][0]["probability"]
        assert session.query(UsedFeature).count() == 3
        sharpe = session.query(PerformanceMetric).filter_by(name="sharpe_ratio", period="all").one()
        assert sharpe.value == next(m["value"] for m in result.facts["metrics"] if m["name"] == "sharpe_ratio")
        artifacts = {artifact.name: artifact for artifact in session.query(Artifact)}
        assert {"result", "features", "trial/candidate-0", "predict/fold-0"} <= set(artifacts)
        assert all(stage.store.count_bytes(each.key) == each.n_bytes > 0 for each in artifacts.values())
        log = [entry.message for entry in analyses.read_log(session, stage.actor, analysis_id)]
    assert log[0].startswith("Started by worker")
    assert log[-1] == "Finished."
    assert any("searching for better parameters" in line for line in log)

    # Run again in another worker process: the same question, prices, seeds and trials, computed afresh.
    stage.workers.pop().end()
    stage.start_worker()
    with stage.database.write() as session:
        again_id = analyses.rerun(session, stage.actor, analysis_id)
        stage.queue.send_after_commit(session, jobs.WORK)
    again = stage.wait_final(again_id)
    assert again.result_hash == view.result_hash == again.parent_result_hash
    assert again.elapsed_seconds > 0.3  # it was computed, not looked up
    with stage.database.read() as session:
        assert results.load(session, stage.store, stage.actor, again_id, []).n_ledger_trials == 10


@pytest.mark.databases("sqlite")
def test_an_analysis_that_cannot_be_answered_fails_with_its_reason(stage):
    stage.start_worker()
    view = stage.wait_final(stage.submit(AnalysisSpec.model_validate({**QUICK, "end": "2005-06-30"})))

    assert view.status is Status.FAILED
    assert view.summary.error_code == "not_enough_data"
    assert "shorter training window" in view.error_message


@pytest.mark.databases("sqlite")
def test_what_was_submitted_while_the_broker_was_away_runs_when_a_worker_looks(stage):
    with stage.database.write() as session:
        analysis_id = analyses.submit(session, stage.actor, AnalysisSpec.model_validate(QUICK))  # no message is sent
    stage.start_worker()

    assert stage.wait_final(analysis_id).status is Status.SUCCEEDED
