"""Cancelling: within five seconds in whatever state, also while the broker is away; the slot is free again."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from quant.spec import AnalysisSpec
from tests.flows import planted
from tests.flows.conftest import wait_until
from tests.flows.test_faults import ENDLESS
from tests.quant.conftest import QUICK
from webapp.services import quotas
from webapp.services.workflow import Status
from webapp.tables import Analysis, Artifact, Backtest, FittedModel

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SECONDS = 5.0
# Half a minute of fits, on a machine that does nothing else.
BOOSTED = {
    **ENDLESS,
    "end": None,
    "features": [{"name": "return", "window": bars} for bars in range(1, 40)],
    "label": {"name": "forward_return", "horizon": 1},
    "models": [
        {
            "name": "xgboost",
            "n_rounds": 3000,
            "max_depth": 12,
            "learning_rate": 0.001,
            "subsample": 1,
            "column_share": 1,
        }
    ],
}


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process that neither answers nor goes away."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.databases("sqlite")
def test_inside_xgboost_while_the_broker_does_not_answer_and_what_waits_too(stage, valkey):
    stage.start_worker()
    running = stage.submit(AnalysisSpec.model_validate(BOOSTED))
    stage.wait_stage(running, "train", "tune")
    waiting = stage.submit(AnalysisSpec.model_validate(QUICK))
    time.sleep(1)  # well inside the fit

    with frozen(valkey.pid):
        time.sleep(6)  # the keeper has tried to send for what waits, and will again
        stage.cancel(waiting)
        assert stage.view(waiting).status is Status.CANCELLED, "what waits is over at once"
        stage.submit(AnalysisSpec.model_validate(QUICK))  # its message is lost; the keeper goes on sending
        asked = time.monotonic()
        stage.cancel(running)
        view = stage.wait_final(running, seconds=SECONDS)
        assert time.monotonic() - asked < SECONDS
    assert view.status is Status.CANCELLED

    with stage.database.read() as session:
        left = session.query(Analysis).filter_by(status=Status.QUEUED).one().public_id
        key = session.query(Analysis.id).filter_by(public_id=running).scalar_subquery()
        for table in (Artifact, Backtest, FittedModel):
            assert session.query(table).filter_by(analysis_id=key).count() == 0, "nothing half-written"
    assert stage.wait_final(left).status is Status.SUCCEEDED, "the slot is free again"


@pytest.mark.databases("sqlite")
def test_inside_a_compiled_kernel_that_lets_no_thread_run_beside_it(stage):
    worker = stage.start_worker(app="tests.flows.planted")
    running = stage.submit(AnalysisSpec.model_validate({**QUICK, "seed": planted.KERNEL}))
    wait_until(lambda: planted.IN_A_KERNEL.encode() in worker.log.read_bytes(), seconds=60, what="the kernel to run")
    time.sleep(1)
    after = stage.submit(AnalysisSpec.model_validate(QUICK))

    stage.cancel(running)

    assert stage.wait_final(running, seconds=SECONDS).status is Status.CANCELLED
    assert stage.wait_final(after).status is Status.SUCCEEDED, "the slot is free again"


@pytest.mark.databases("sqlite")
def test_a_person_who_may_run_one_has_the_slot_again_when_that_one_is_cancelled(stage):
    """Two workers, one person: the second analysis waits for the limit, not for a worker, and begins in seconds."""
    with stage.database.write() as session:
        quotas.set_house(session, None, limits=quotas.Limits(n_running=1))
    stage.start_worker()
    stage.start_worker()
    first = stage.submit(AnalysisSpec.model_validate(ENDLESS))
    stage.wait_stage(first, "train", "tune")
    second = stage.submit(AnalysisSpec.model_validate(QUICK))
    time.sleep(2)  # a free worker has looked
    assert stage.view(second).waits_for == "you run 1 of 1, your limit"

    stage.cancel(first)
    assert stage.wait_final(first, seconds=SECONDS).status is Status.CANCELLED
    wait_until(lambda: stage.view(second).status is not Status.QUEUED, seconds=10, what="the next one to begin")
    assert stage.wait_final(second).status is Status.SUCCEEDED
    with stage.database.read() as session:
        used = quotas.get_own(session, stage.actor).cpu_seconds
        both = sum(row.cpu_seconds for row in session.query(Analysis))
    assert used == pytest.approx(both)
    assert used > 1.0, "the time of the one that was killed counts"
