import os
import time

import pytest

import tasks.maintenance
from tests import factories
from webapp import jobs
from webapp.errors import ServiceUnavailable
from webapp.tables import IdempotencyKey, Upload

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

    monkeypatch.setattr(jobs, "MOST_MESSAGES", 2)
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


def test_tidying_clears_drafts_of_dead_writers_and_leaves_those_of_today(parts, monkeypatch):
    monkeypatch.setattr(tasks.maintenance, "hands", lambda: parts)
    for name, age in (("dead", 2 * 86400), ("alive", 60)):
        draft = parts.files.root / "drafts" / name
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(b"half")
        os.utime(draft, (time.time() - age,) * 2)
    tasks.maintenance.tidy()

    assert [path.name for path in (parts.files.root / "drafts").iterdir()] == ["alive"]


def test_tidying_a_store_that_is_away_is_left_to_the_next_time(parts, monkeypatch):
    monkeypatch.setattr(tasks.maintenance, "hands", lambda: parts)

    def away(_before):
        raise ServiceUnavailable("The store does not answer.")

    monkeypatch.setattr(parts.store, "clear_drafts", away)
    tasks.maintenance.tidy()


def test_tidying_clears_away_what_nobody_stored_and_its_bytes(parts, actor, monkeypatch):
    monkeypatch.setattr(tasks.maintenance, "hands", lambda: parts)
    content_hash, _ = parts.files.receive([b"prices"])
    os.utime(parts.files.path(content_hash), (1e9, 1e9))
    with parts.database.write() as session:
        old = factories.NOW.replace(year=2020)
        factories.create_upload(session, actor, content_hash=content_hash, created_at=old)
    tasks.maintenance.tidy()

    with parts.database.read() as session:
        assert session.query(Upload).count() == 0
    assert not parts.files.path(content_hash).exists()
