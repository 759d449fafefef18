"""What a monitoring system is told, and that many analyses cost it nothing."""

import datetime
import time

import pytest
from sqlalchemy import text

from tests import factories
from webapp.services import jobs, workers
from webapp.services.measures import read_measures
from webapp.tables import Analysis

CLAIM = {"worker": "here:1:1", "pid": 1, "lease_seconds": 20.0, "max_attempts": 5}


def test_what_happens_to_analyses_is_counted(session):
    actor = factories.create_actor(session)
    now = datetime.datetime.now(datetime.UTC)
    for _ in range(3):
        factories.create_analysis(session, actor, submitted_at=now - datetime.timedelta(seconds=60))
    first, second = (jobs.claim_next(session, **CLAIM) for _ in range(2))
    jobs.report(session, first, stage="train", fraction=0.5, stage_seconds={"acquire": 0.5, "train": 2.0})
    jobs.finish(session, first, {})
    jobs.fail(session, second, code="not_enough_data", message="Too short.")
    workers.beat(session, "here:1:1", memory_bytes=123)
    session.commit()

    found = read_measures(session)
    assert found.jobs == {
        ("analysis", "queued"): 1, ("analysis", "running"): 0,
        ("acquisition", "queued"): 0, ("acquisition", "running"): 0,
        ("document", "queued"): 0, ("document", "running"): 0,
    }  # fmt: skip
    assert 59 < found.oldest_seconds["analysis"] < 120
    assert found.oldest_seconds["acquisition"] == 0.0
    assert [(each.name, each.memory_bytes) for each in found.workers] == [("here:1:1", 123)]
    assert dict.fromkeys(labels for labels, _, _ in found.counted["stage"]).keys() == {("acquire",), ("train",)}
    assert ("analysis", "not_enough_data") in {labels for labels, _, _ in found.counted["failed"]}
    moved = {labels: n for labels, n, _ in found.counted["moved"]}
    assert moved == {("analysis", "running"): 2, ("analysis", "succeeded"): 1, ("analysis", "failed"): 1}
    ((_, n, seconds),) = found.counted["waited"]
    assert n == 2
    assert 118 < seconds < 240


def test_a_lost_lease_is_counted(session):
    actor = factories.create_actor(session)
    factories.create_analysis(session, actor)
    jobs.claim_next(session, **{**CLAIM, "lease_seconds": -1.0})
    jobs.sweep(session)
    session.commit()

    assert read_measures(session).counted["leases_lost"] == [(("analysis",), 1, 0.0)]


MANY = """
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 100000)
INSERT INTO analyses ({columns}, public_id, status)
SELECT {columns}, 'many-' || i, CASE WHEN i % 50 = 0 THEN 'queued' ELSE 'succeeded' END
FROM analyses, numbers
"""


@pytest.mark.databases("sqlite")  # the slower of the two
def test_a_hundred_thousand_analyses_are_read_in_milliseconds(database):
    with database.write() as session:
        factories.create_analysis(session, factories.create_actor(session), status="succeeded")
        session.flush()
        others = {"id", "public_id", "status"}
        names = ", ".join(column.name for column in Analysis.__table__.columns if column.name not in others)
        session.execute(text(MANY.format(columns=names)))
    durations = []
    with database.read() as session:
        for _ in range(5):
            began = time.perf_counter()
            found = read_measures(session)
            durations.append(time.perf_counter() - began)
    assert found.jobs["analysis", "queued"] == 2000
    assert min(durations) < 0.05
