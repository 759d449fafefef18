"""Helping, in this process; two workers as processes are in tests/flows."""

import pytest

import tasks.helping
from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore, NoPeers
from tasks.analyses import Watcher
from tasks.helping import help_out
from tasks.pool import WORKER
from tasks.reports import Reports
from tests import factories
from tests.quant.conftest import QUICK
from webapp import jobs
from webapp.services import analyses, stage_claims
from webapp.services import jobs as job_services
from webapp.tables import Analysis, CpuUse, LogLine, StageClaim, Trial

pytestmark = pytest.mark.databases("sqlite")

SPEC = AnalysisSpec.model_validate(
    {
        **QUICK,
        "models": [{"name": "logistic"}],
        "validation": {**QUICK["validation"], "target": 0.99},
        "tuning": {"n_trials": 3, "time_budget_seconds": 600},
        "importance": False,
        "audit": {"enabled": False},
    }
)


@pytest.fixture(scope="module")
def answer():
    """What one computes alone, and the keys of its tuning trials but the first, which are offered."""

    class Board(NoPeers):
        def offer(self, stages):
            self.offered = [*getattr(self, "offered", []), *stages]

    board, store = Board(), MemoryStore()
    run_analysis(SPEC, fetch_instruments, store=store, peers=board)
    return store, list(dict.fromkeys(board.offered))


@pytest.fixture
def tuning(parts, actor):
    """An analysis that runs on another worker and has pinned its prices."""
    with parts.database.write() as session:
        analyses.submit(session, actor, SPEC)
        claim = job_services.claim_next(session, worker="other:1:1", pid=1, lease_seconds=20, max_attempts=5)
    Watcher(parts, claim, SPEC, Reports(parts.database, claim)).acquire(SPEC)
    return claim


def offer(parts, tuning, keys):
    with parts.database.write() as session:
        stage_claims.offer(session, tuning.analysis_id, keys)


def n_claims(parts):
    with parts.database.read() as session:
        return session.query(StageClaim).count()


def test_nobody_is_helped_who_asks_for_nothing(parts, tuning):
    assert tuning is not None
    assert not help_out(parts)


def test_offered_trials_are_computed_and_stored_and_told_by_nobody(parts, tuning, answer, jobs_sent):
    store, keys = answer
    assert len(keys) == 2
    offer(parts, tuning, keys)

    assert help_out(parts)
    for key in keys:
        found, expected = parts.store.get(key).facts, store.get(key).facts
        assert found == {**expected, "fold_scores": list(expected["fold_scores"])}
    assert n_claims(parts) == 0
    assert jobs_sent == [jobs.WORK]  # there was work for one more
    with parts.database.read() as session:
        assert session.query(Trial).count() == 0  # the ledger is its owner's to write
        log = [line.message for line in session.query(LogLine).filter_by(analysis_id=tuning.analysis_id)]
        assert log[-1] == f"Worker {WORKER} helps."
        assert session.query(CpuUse.seconds).filter_by(user_id=tuning.owner_id).scalar() > 0
    assert not help_out(parts)


def test_a_rerun_is_helped_in_its_own_scope(parts, tuning, answer):
    with parts.database.write() as session:
        session.query(Analysis).update({"parent_id": tuning.analysis_id})
    key = answer[1][0]
    scoped = tasks.helping.ScopedStore(parts.store, tuning.public_id)
    offer(parts, tuning, [scoped.address(key)])

    assert help_out(parts)
    assert parts.store.get(key) is None
    assert scoped.get(key) is not None


def test_a_helper_makes_way_for_an_analysis_that_waits(parts, tuning, answer, actor, monkeypatch):
    monkeypatch.setattr(tasks.helping, "LOOK_SECONDS", 0.0)
    offer(parts, tuning, answer[1])
    with parts.database.write() as session:
        factories.create_analysis(session, actor)

    assert help_out(parts)
    assert [key for key in answer[1] if parts.store.has(key)] == []
    assert n_claims(parts) == 1  # what it had taken is free again, for the analysis itself


def test_help_that_is_no_longer_wanted_ends(parts, tuning, answer, actor, monkeypatch):
    monkeypatch.setattr(tasks.helping, "LOOK_SECONDS", 0.0)
    offer(parts, tuning, answer[1])
    acquire = tasks.helping.Helper.acquire

    def cancelled(helper, spec):
        with parts.database.write() as session:
            analyses.cancel(session, actor, tuning.public_id)
        return acquire(helper, spec)

    monkeypatch.setattr(tasks.helping.Helper, "acquire", cancelled)
    assert help_out(parts)
    assert [key for key in answer[1] if parts.store.has(key)] == []


def test_what_is_not_known_here_is_left_to_whoever_offered_it(parts, tuning, answer):
    offer(parts, tuning, ["f" * 64])
    assert help_out(parts)
    assert n_claims(parts) == 0
    assert not parts.store.has(answer[1][0])


def test_an_error_nobody_foresaw_ends_the_help_and_not_the_worker(parts, tuning, answer, monkeypatch):
    def fail(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(tasks.helping, "help_tuning", fail)
    offer(parts, tuning, answer[1])
    assert help_out(parts)
    assert n_claims(parts) == 1
