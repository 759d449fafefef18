"""A study through real workers: one member fails and fails alone; it is paused, resumed, retried and cancelled."""

import pytest

from quant.grid import Axis
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.services import studies, study_boards, study_views
from webapp.services.study_boards import Measure
from webapp.services.study_views import State
from webapp.services.workflow import Status

pytestmark = [pytest.mark.broker, pytest.mark.slow]

# An end that leaves enough bars, and one that does not.
AXES = (Axis(path="model", values=("logistic", "svm")), Axis(path="end", values=(QUICK["end"], "2005-06-30")))


def test_a_study_runs_to_its_end_and_what_fails_fails_alone(stage):
    def ask(command, **given):
        with stage.database.write() as session:
            view = command(session, stage.actor, **given)
            stage.queue.send_after_commit(session, jobs.WORK, view.summary.counts[Status.QUEUED])
        return view

    def watch():
        with stage.database.read() as session:
            return study_views.get(session, stage.actor, study.id)

    study = ask(studies.create, spec=QUICK, axes=AXES, most=10)
    ask(studies.pause, study_id=study.id)
    stage.start_worker()
    assert watch().state is State.PAUSED
    assert watch().summary.counts[Status.QUEUED] == 4

    ask(studies.resume, study_id=study.id)
    wait_until(lambda: watch().state is State.FINISHED, seconds=240, what="the study's end")
    counts = watch().summary.counts
    assert (counts[Status.SUCCEEDED], counts[Status.FAILED]) == (2, 2)

    with stage.database.read() as session:
        board = study_boards.leaderboard(session, stage.actor, study.id)
    best, *_ = board.rows
    assert (best.rank, board.n_trials) == (1, 2)
    assert 0 <= best.measures[Measure.DEFLATED] <= 1
    assert {row.error_code for row in board.rows if row.status is Status.FAILED} == {"not_enough_data"}

    assert ask(studies.retry_failed, study_id=study.id).summary.counts[Status.QUEUED] == 2
    wait_until(lambda: watch().state is State.FINISHED, seconds=120, what="the second try")
    assert watch().summary.counts[Status.FAILED] == 2
    again = ask(studies.retry_failed, study_id=study.id)
    assert again.state is State.RUNNING
    ask(studies.cancel, study_id=study.id)
    wait_until(lambda: watch().state is State.FINISHED, seconds=20, what="the end of what was cancelled")
    assert watch().summary.counts[Status.SUCCEEDED] == 2
