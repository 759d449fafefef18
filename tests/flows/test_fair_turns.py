"""Many members of one person's study, and the single analysis of another: who is served when, by real workers."""

import pytest

from quant.grid import Axis
from quant.spec import AnalysisSpec
from tests import factories
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.services import analyses, studies
from webapp.services.workflow import Status
from webapp.tables import Analysis, Study

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.databases("sqlite")]

# Members that share whatever is costly, so that each takes a moment: they trade the same predictions at other costs.
SHORT = {**QUICK, "models": [{"name": "logistic"}], "importance": False, "audit": {"enabled": False}}
AXES = (
    Axis(path="backtest.costs.commission_bps", values=tuple(range(40))),
    Axis(path="backtest.costs.slippage_bps", values=tuple(range(25))),
)
N_SINGLES = 3


def test_a_thousand_members_delay_each_analysis_of_another_by_one_slot_at_most(stage):
    with stage.database.write() as session:
        other = factories.create_actor(session)
        study = studies.create(session, stage.actor, spec=SHORT, axes=AXES, most=1000)
        stage.queue.send_after_commit(session, jobs.WORK)
    stage.start_worker()
    wait_until(lambda: n_ended(stage) >= 3, seconds=120, what="the first members to end")

    for number in range(N_SINGLES):
        with stage.database.write() as session:
            asked = AnalysisSpec.model_validate({**SHORT, "seed": number})
            single = analyses.submit(session, other, asked)
            stage.queue.send_after_commit(session, jobs.WORK)
        wait_until(lambda single=single: row_of(stage, single).finished_at, seconds=120, what="the single analysis")
        done = row_of(stage, single)
        assert done.status == Status.SUCCEEDED, done.error_message
        # Whoever has the slot keeps it; the next turn is the other's. One claim may have been on its way.
        assert n_begun_between(stage, done.submitted_at, done.started_at) <= 1

    with stage.database.write() as session:
        view = studies.cancel(session, stage.actor, study.id)
    assert view.summary.n_members == 1000
    assert n_ended(stage) > N_SINGLES, "the study went on beside them"


def row_of(stage, analysis_id):
    with stage.database.read() as session:
        return session.query(Analysis).filter_by(public_id=analysis_id).one()


def n_ended(stage):
    with stage.database.read() as session:
        return session.query(Analysis).filter(Analysis.study_id.is_not(None), Analysis.status == "succeeded").count()


def n_begun_between(stage, submitted_at, started_at):
    with stage.database.read() as session:
        members = session.query(Analysis).filter(Analysis.study_id == session.query(Study.id).scalar_subquery())
        return members.filter(Analysis.started_at > submitted_at, Analysis.started_at < started_at).count()
