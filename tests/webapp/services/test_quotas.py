import dataclasses
import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest

from quant.spec import AnalysisSpec
from tests import factories
from webapp.db import database_now
from webapp.errors import InvalidInput, NotFound, PermissionDenied, QuotaExceeded
from webapp.services import analyses, cpu_use, jobs, quotas, storage_use
from webapp.services.quotas import Limits
from webapp.services.workflow import Status
from webapp.tables import Analysis, AuditEvent, User


def set_for(session, actor, **limits):
    public_id = session.get(User, actor.user_id).public_id
    return quotas.set_of(session, None, public_id, limits=Limits(**limits))


def claim(session, **values):
    return jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=5, **values)


def artifact(session, row, key, n_bytes):
    storage_use.add(session, row.id, row.owner_id, {key: (key, n_bytes)}, at=factories.NOW)


# --- Who has which limit ---------------------------------------------------------------------------------------------


def test_at_first_only_a_flood_is_held_back(session):
    actor = factories.create_actor(session)

    assert quotas.limits_of(session, actor.user_id) == Limits(n_queued=quotas.MOST_QUEUED)


def test_ones_own_limit_comes_before_the_houses_and_zero_is_none(session):
    actor, other = factories.create_actor(session), factories.create_actor(session)
    quotas.set_house(session, None, limits=Limits(n_running=2, n_queued=5, cpu_minutes=0))
    set_for(session, actor, n_running=7, n_queued=0)

    assert quotas.limits_of(session, actor.user_id) == Limits(n_running=7)
    assert quotas.limits_of(session, other.user_id) == Limits(n_running=2, n_queued=5)
    set_for(session, actor)
    assert quotas.limits_of(session, actor.user_id) == Limits(n_running=2, n_queued=5)


def test_only_administrators_set_limits_and_the_trail_tells_what_changed(session):
    actor, admin = factories.create_actor(session), factories.create_actor(session, "admin")
    public_id = session.get(User, actor.user_id).public_id
    for refused in (
        lambda: quotas.get_of(session, actor, public_id),
        lambda: quotas.set_of(session, actor, public_id, limits=Limits()),
        lambda: quotas.get_house(session, actor),
        lambda: quotas.set_house(session, actor, limits=Limits()),
    ):
        with pytest.raises(PermissionDenied):
            refused()
    with pytest.raises(NotFound):
        quotas.get_of(session, admin, "0" * 16)

    quotas.set_of(session, admin, public_id, limits=Limits(n_running=1))
    quotas.set_of(session, admin, public_id, limits=Limits(n_running=1))
    quotas.set_house(session, admin, limits=Limits(n_queued=3))
    assert [(event.action, event.subject, event.details) for event in session.query(AuditEvent)] == [
        ("limits.user_set", public_id, {"n_running": {"from": None, "to": 1}}),
        ("limits.house_set", "", {"n_queued": {"from": quotas.MOST_QUEUED, "to": 3}}),
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("n_running", -1), ("cpu_minutes", 2**31), ("storage_bytes", 2**53), ("n_queued", -(2**40))]
)
def test_a_limit_that_cannot_be_is_refused_by_its_name(session, name, value):
    with pytest.raises(InvalidInput) as caught:
        quotas.set_house(session, None, limits=Limits(**{name: value}))
    assert list(caught.value.fields) == [name]


# --- At the submission -----------------------------------------------------------------------------------------------


def test_one_more_than_may_wait_is_refused_and_nothing_is_left_of_it(session):
    actor = factories.create_actor(session)
    set_for(session, actor, n_queued=3)
    factories.create_analysis(session, actor)
    factories.create_analysis(session, actor, status="running")
    factories.create_analysis(session, factories.create_actor(session))

    quotas.check(session, actor, 2)
    with pytest.raises(QuotaExceeded, match="at most 3 of your analyses to wait; 1 wait already, and these are 3"):
        quotas.check(session, actor, 3)
    factories.create_analysis(session, actor)
    finished = factories.create_analysis(session, actor, status="succeeded")
    factories.create_analysis(session, actor)
    for submit in (
        lambda: analyses.submit(session, actor, AnalysisSpec.model_validate(finished.spec)),
        lambda: analyses.rerun(session, actor, finished.public_id),
    ):
        with pytest.raises(QuotaExceeded) as caught:
            submit()
        assert (caught.value.limit, caught.value.retry_after) == ("n_queued", 60)
    assert session.query(Analysis).filter_by(owner_id=actor.user_id).count() == 5


def test_results_and_uploads_take_room_and_what_is_shared_counts_once(session):
    actor = factories.create_actor(session)
    first, second = (factories.create_analysis(session, actor, status="succeeded") for _ in range(2))
    artifact(session, first, "a", 1000)
    artifact(session, second, "a", 1000)
    artifact(session, second, "b", 24)
    factories.create_upload(session, actor, n_bytes=1000)
    artifact(session, factories.create_analysis(session, factories.create_actor(session)), "c", 7777)

    assert quotas.stored_bytes(session, actor.user_id) == 2024
    set_for(session, actor, storage_bytes=2025)
    quotas.check(session, actor)
    quotas.check_storage(session, actor, 1)
    with pytest.raises(QuotaExceeded, match=r"at most 1\.98 KiB; they take 1\.98 KiB, and this takes 2 bytes"):
        quotas.check_storage(session, actor, 2)
    set_for(session, actor, storage_bytes=2024)
    with pytest.raises(QuotaExceeded) as caught:
        quotas.check(session, actor)
    assert (caught.value.limit, caught.value.retry_after) == ("storage_bytes", None)


def test_two_submissions_at_once_do_not_pass_the_limit_together(database):
    with database.write() as session:
        actor = factories.create_actor(session)
        set_for(session, actor, n_queued=3)

    def submit(_number):
        try:
            with database.write() as session:
                quotas.check(session, actor)
                factories.create_analysis(session, actor)
        except QuotaExceeded:
            return 0
        return 1

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(submit, range(12))) == 3


# --- When a worker looks for work ------------------------------------------------------------------------------------


def test_what_is_above_the_running_limit_waits_says_why_and_lets_others_pass(session):
    actor, other = factories.create_actor(session), factories.create_actor(session)
    set_for(session, actor, n_running=2)
    mine = [factories.create_analysis(session, actor) for _ in range(4)]
    later = factories.create_analysis(session, other, submitted_at=factories.NOW + datetime.timedelta(days=1))

    taken = [claim(session) for _ in range(5)]
    assert [each and each.public_id for each in taken] == [
        mine[0].public_id, later.public_id, mine[1].public_id, None, None
    ]  # fmt: skip
    view = analyses.get(session, actor, mine[2].public_id)
    assert view.waits_for == "you run 2 of 2, your limit"
    assert jobs.sweep(session) == 0, "nobody is sent for what may not begin"
    jobs.fail(session, taken[0], code="x", message="x")
    assert claim(session).public_id == mine[2].public_id


def test_who_has_used_up_the_day_waits_for_the_next(session):
    actor = factories.create_actor(session)
    set_for(session, actor, cpu_minutes=2)
    row = factories.create_analysis(session, actor)
    cpu_use.spend(session, actor.user_id, 119.0)
    running = claim(session, cpu_clock=0.0)
    waiting = factories.create_analysis(session, actor)
    jobs.account(session, running.analysis_id, running.attempt, 1.5)

    assert claim(session) is None
    session.refresh(row)
    assert row.status == Status.RUNNING, "what runs goes on"
    words = analyses.get(session, actor, waiting.public_id).waits_for
    assert words.startswith("you have used 2 of your 2 processor minutes today; it begins after 00:00 UTC, in ")
    tomorrow = database_now(session) + datetime.timedelta(days=1)
    assert actor.user_id in session.scalars(quotas.held_back(database_now(session).date())).all()
    assert session.scalars(quotas.held_back(tomorrow.date())).all() == []


def test_workers_that_look_at_the_same_moment_do_not_pass_the_running_limit_together(database):
    with database.write() as session:
        actor = factories.create_actor(session)
        set_for(session, actor, n_running=2)
        for _ in range(8):
            factories.create_analysis(session, actor)

    def take(number):
        with database.write() as session:
            return jobs.claim_next(session, worker=f"w{number}", pid=number, lease_seconds=20, max_attempts=5)

    with ThreadPoolExecutor(6) as pool:
        taken = [each for each in pool.map(take, range(12)) if each is not None]
    assert len(taken) == 2
    assert len({each.analysis_id for each in taken}) == 2


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_everybody_sees_what_they_may_and_what_they_have_used(session):
    actor = factories.create_actor(session)
    set_for(session, actor, n_running=2, storage_bytes=10)
    factories.create_analysis(session, actor, status="running")
    factories.create_analysis(session, actor)
    cpu_use.spend(session, actor.user_id, 30.0)

    seen = quotas.get_own(session, actor)
    assert seen.limits == Limits(n_running=2, n_queued=quotas.MOST_QUEUED, storage_bytes=10)
    assert seen.own == Limits(n_running=2, storage_bytes=10)
    assert (seen.n_running, seen.n_queued, seen.cpu_seconds, seen.storage_bytes) == (1, 1, 30.0, 0)
    assert seen.left == Limits(n_running=1, n_queued=quotas.MOST_QUEUED - 1, storage_bytes=10)
    left = seen.day_ends_at - database_now(session)
    assert datetime.timedelta() < left <= datetime.timedelta(days=1)
    assert dataclasses.replace(seen) == quotas.get_of(session, None, session.get(User, actor.user_id).public_id)


def test_no_minute_is_promised_of_which_a_part_is_gone(session):
    actor = factories.create_actor(session)
    set_for(session, actor, cpu_minutes=10)
    for spent, left in ((0.0, 10), (30.0, 9), (569.0, 0), (600.0, 0)):
        cpu_use.spend(session, actor.user_id, spent)
        assert quotas.get_own(session, actor).left.cpu_minutes == left
