import pytest

import tasks.maintenance
from tests import factories
from webapp import jobs
from webapp.tables import IdempotencyKey

pytestmark = pytest.mark.databases("sqlite")


def test_sweeping_sends_for_everything_that_waits_up_to_a_limit(parts, actor, jobs_sent, monkeypatch):
    monkeypatch.setattr(tasks.maintenance, "hands", lambda: parts)
    tasks.maintenance.sweep()
    assert jobs_sent == []

    with parts.database.write() as session:
        for _ in range(3):
            factories.create_analysis(session, actor)
    tasks.maintenance.sweep()
    assert jobs_sent == [jobs.WORK] * 3

    monkeypatch.setattr(tasks.maintenance, "MOST_MESSAGES", 2)
    tasks.maintenance.sweep()
    assert jobs_sent == [jobs.WORK] * 5


def test_sweeping_forgets_what_is_kept_for_a_day(parts, jobs_sent, monkeypatch):
    monkeypatch.setattr(tasks.maintenance, "hands", lambda: parts)
    with parts.database.write() as session:
        old = factories.NOW.replace(year=2020)
        session.add(IdempotencyKey(key_hash="0" * 64, fingerprint="1" * 64, created_at=old))
    tasks.maintenance.sweep()

    with parts.database.read() as session:
        assert session.query(IdempotencyKey).count() == 0


def test_sweeping_sends_for_acquisitions_to_their_own_worker(parts, actor, jobs_sent, monkeypatch):
    monkeypatch.setattr(tasks.maintenance, "hands", lambda: parts)
    with parts.database.write() as session:
        factories.create_acquisition(session, actor)
    tasks.maintenance.sweep()

    assert jobs_sent == [jobs.ACQUIRE]
