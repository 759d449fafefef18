import pytest

import tasks.maintenance
from tests import factories
from webapp import jobs

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
