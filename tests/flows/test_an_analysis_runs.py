"""The main job through a real worker: submitted, carried through every stage, answered, and answered the same again."""

import re
import threading
import time

import pytest
from pydantic import SecretStr

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests import factories
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.app import create_app
from webapp.auth.session import parts_of
from webapp.dashboard import paths
from webapp.dashboard.components.watching import POLL_MILLISECONDS
from webapp.services import analyses, results, trials
from webapp.services.workflow import Status
from webapp.tables import Artifact, Backtest, FittedModel, PerformanceMetric, Prediction, TradeRow, UsedFeature, User

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SEEN_WITHIN_SECONDS = 2.0
TUNED = {
    **QUICK,
    "validation": {**QUICK["validation"], "target": 0.99},
    "tuning": {"n_trials": 3, "time_budget_seconds": 300},
}


class OpenPage:
    """The page of an analysis in somebody's browser: it asks as its script does, and notes when it showed how much."""

    def __init__(self, stage, analysis_id):
        self._app = create_app(stage.settings.model_copy(update={"redis_url": SecretStr("")}))  # it only looks
        self._client = self._app.test_client()
        self._address = paths.analysis_mark(analysis_id, tab=paths.TABS[0])
        self._thread = threading.Thread(target=self._look)
        self.shown = []  # moments at which it asked, and the percentage that it then showed; 100 is the end
        with stage.database.read() as session:
            email = session.get_one(User, stage.actor.user_id).email
        self._client.get("/login")
        token = self._client.get_cookie("_csrf_token").value
        self._client.post("/login", data={"email": email, "password": factories.PASSWORD, "csrf_token": token})
        self._thread.start()

    def _look(self):
        mark, percent = "", 0
        while percent < 100:
            asked = time.monotonic()
            answer = self._client.get(self._address, headers={"If-None-Match": f'"{mark}"'})
            if answer.status_code == 200:
                mark = answer.json["analysis-mark"]["data"]
                is_over = answer.json["analysis-poll"]["disabled"]
                percent = 100 if is_over else int(re.search(r'"aria-valuenow": ?"(\d+)"', answer.text)[1])
            self.shown.append((asked, percent))
            time.sleep(max(0.0, asked + POLL_MILLISECONDS / 1e3 - time.monotonic()))

    def seen_too_late(self, happened):
        """Return what was so, and when, and was not shown two seconds later."""
        return [
            (at, percent)
            for at, percent in happened
            if not any(seen >= percent for asked, seen in self.shown if asked <= at + SEEN_WITHIN_SECONDS)
        ]

    def close(self):
        self._thread.join(timeout=60)
        parts_of(self._app).database.dispose()


def test_the_main_job(stage):
    spec = AnalysisSpec.model_validate(TUNED)
    stage.start_worker()
    analysis_id = stage.submit(spec)
    page = OpenPage(stage, analysis_id)

    happened = []
    while not (view := stage.view(analysis_id)).status.is_final:
        happened.append((time.monotonic(), min(99, int(100 * view.summary.progress))))
        time.sleep(0.02)
    happened.append((time.monotonic(), 100))
    assert view.status is Status.SUCCEEDED, view.error_message
    assert view.attempt == 1

    page.close()
    assert page.seen_too_late(happened) == []
    percents = [percent for _, percent in page.shown]
    assert percents == sorted(percents)

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
