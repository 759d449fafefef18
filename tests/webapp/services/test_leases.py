"""What all jobs have in common, shown on both kinds; the rest is in the tests of `jobs` and `acquisition_jobs`."""

import datetime

import pytest

from tests import factories
from webapp.db import database_now
from webapp.services import leases
from webapp.tables import Acquisition, Analysis

KINDS = [
    pytest.param(Analysis, factories.create_analysis, id="analyses"),
    pytest.param(Acquisition, factories.create_acquisition, id="acquisitions"),
]
WORKER = "host:1:1"


@pytest.mark.parametrize(("table", "create"), KINDS)
def test_a_row_is_taken_once_and_by_the_number_it_was_found_under(session, table, create):
    row = create(session, factories.create_actor(session))
    values = leases.taken(row.attempt, worker=WORKER, pid=7, now=database_now(session), lease_seconds=20)

    assert leases.update_rows(session, table, leases.is_queued(table, row.id, 0), values) == 1
    assert leases.update_rows(session, table, leases.is_queued(table, row.id, 0), values) == 0
    assert leases.update_rows(session, table, leases.is_running(table, row.id, 0), {"progress": 0.5}) == 0
    assert leases.update_rows(session, table, leases.is_running(table, row.id, 1), {"progress": 0.5}) == 1
    (running,) = leases.running_on(session, table, WORKER)
    assert (running.job_id, running.attempt, running.pid, running.seconds_since_cancel) == (row.id, 1, 7, None)


@pytest.mark.parametrize(("table", "create"), KINDS)
def test_a_lease_is_renewed_for_those_who_are_alive_and_else_runs_out(session, table, create):
    now = database_now(session)
    past = now - datetime.timedelta(seconds=1)
    row = create(
        session,
        factories.create_actor(session),
        status="running", attempt=3, worker=WORKER, worker_pid=7, started_at=past, lease_expires_at=past,
    )  # fmt: skip

    assert leases.lost(session, table, now) == [(row.id, 3)]
    assert leases.renew(session, table, WORKER, [8], lease_seconds=20) == 0
    assert leases.renew(session, table, WORKER, [7], lease_seconds=20) == 1
    assert leases.lost(session, table, now) == []


@pytest.mark.databases("sqlite")
def test_what_has_to_wait_is_not_due(session):
    now = database_now(session)
    actor = factories.create_actor(session)
    factories.create_acquisition(session, actor, not_before=now + datetime.timedelta(seconds=9))
    due = factories.create_acquisition(session, actor, not_before=now)

    assert session.query(Acquisition).where(leases.is_due(Acquisition, now)).all() == [due]


@pytest.mark.parametrize(("table", "create"), KINDS)
def test_a_job_is_held_under_its_attempt_only_and_while_it_runs(session, table, create):
    row = create(session, factories.create_actor(session), status="running", attempt=3)

    assert leases.holds(session, table, row.id, 3)
    assert not leases.holds(session, table, row.id, 2)
    row.status = "queued"
    session.flush()
    assert not leases.holds(session, table, row.id, 3)
