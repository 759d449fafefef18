import datetime

import pytest
from sqlalchemy import insert, text

from tests import factories
from webapp.db import database_now
from webapp.services import analyses, jobs, quotas, turns, workers
from webapp.tables import Analysis

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def two_owners(session):
    """Two owners in one queue, of whom the busy one came first; both, and what they wait for by name."""
    busy, idle = factories.create_actor(session), factories.create_actor(session)
    factories.create_analysis(session, busy, status="running")

    def add(owner, hour, **values):
        return factories.create_analysis(session, owner, submitted_at=factories.NOW + hour * HOUR, **values)

    waiting = {
        "busy, early": add(busy, 0),
        "busy, next": add(busy, 1),
        "idle, late": add(idle, 2),
        "idle, latest": add(idle, 3),
        "idle, last": add(idle, 4),
        "busy, urgent": add(busy, 5, priority=-1),
        "idle, patient": add(idle, -1, priority=10),
        "idle, later": add(idle, -2, not_before=database_now(session) + HOUR),
    }
    return busy, idle, waiting


def claim(session):
    return jobs.claim_next(session, worker="host:1", pid=1, lease_seconds=20.0, max_attempts=5)


def names(waiting, ids):
    known = {row.id: name for name, row in waiting.items()}
    return [known[each] for each in ids]


def test_priority_comes_first_then_whose_owner_has_fewest_running_then_age(session, two_owners):
    _busy, _idle, waiting = two_owners
    in_order = session.scalars(turns.in_order(database_now(session))).all()

    assert names(waiting, in_order) == [
        "busy, urgent", "idle, late", "idle, latest", "idle, last", "busy, early", "busy, next", "idle, patient"
    ]  # fmt: skip


def test_everybody_is_shown_the_place_they_have(session, two_owners):
    busy, idle, waiting = two_owners
    workers.beat(session, "host:1:1")
    in_order = session.scalars(turns.in_order(database_now(session))).all()
    shown = {
        name: analyses.get(session, busy if name.startswith("busy") else idle, row.public_id)
        for name, row in waiting.items()
    }

    assert [shown[name].queue_position for name in names(waiting, in_order)] == [1, 2, 3, 4, 5, 6, 7]
    assert shown["busy, early"].waits_for == "4 ahead of it"
    assert shown["busy, urgent"].waits_for == "the next free worker takes it"


def test_what_waits_for_a_later_moment_stands_in_nobodys_way(session, two_owners):
    row = two_owners[2]["idle, later"]
    now = database_now(session)

    assert turns.place_of(session, row.id, now) == 8, "it is the oldest, and everybody else may start"
    assert turns.place_of(session, row.id, now + 2 * HOUR) == 2, "its time has come"


def test_the_first_place_is_the_one_that_is_taken_whatever_began_before(session, two_owners):
    _busy, _idle, waiting = two_owners
    taken = []
    for _ in range(7):
        now = database_now(session)
        first = [row for row in waiting.values() if turns.place_of(session, row.id, now) == 1]
        claimed = claim(session)
        assert [row.id for row in first] == [claimed.analysis_id]
        taken += names(waiting, [claimed.analysis_id])

    # Each start makes its owner wait: when both have two running, age decides, and the idle one's last is the youngest.
    assert taken == [
        "busy, urgent", "idle, late", "idle, latest", "busy, early", "idle, last", "busy, next", "idle, patient"
    ]  # fmt: skip


def test_what_is_not_queued_has_no_place(session):
    row = factories.create_analysis(session, factories.create_actor(session), status="running")

    assert turns.place_of(session, row.id, database_now(session)) is None


def test_a_place_costs_two_queries_however_many_wait(session, count_queries):
    actor = factories.create_actor(session)
    rows = [factories.create_analysis(session, actor) for _ in range(30)]
    now = database_now(session)

    with count_queries(session) as statements:
        assert turns.place_of(session, rows[-1].id, now) == 30
    assert len(statements) == 2


def test_who_may_run_no_more_stands_behind_all_who_may(session, two_owners):
    _busy, _idle, waiting = two_owners
    quotas.set_house(session, None, limits=quotas.Limits(n_running=1))
    now = database_now(session)

    in_order = session.scalars(turns.in_order(now)).all()
    assert names(waiting, in_order) == ["idle, late", "idle, latest", "idle, last", "idle, patient"]
    assert turns.count_startable(session, now) == 4
    places, n_waiting = turns.first_in_line(session, now)
    assert n_waiting == len(places) == 8
    assert names(waiting, sorted(places, key=places.get))[4:] == [
        "busy, urgent", "idle, later", "busy, early", "busy, next"
    ]  # fmt: skip
    assert {key: turns.place_of(session, key, now) for key in places} == places


def test_the_queue_is_read_from_its_index_alone(session):
    """With a hundred thousand finished analyses, a claim must look at what waits and at nothing else."""
    dialect = session.get_bind().dialect
    statement = turns.in_order(factories.NOW).limit(1).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    if dialect.name == "sqlite":
        plan = [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
        looks = [line for line in plan if " analyses " in line]
        assert looks
        assert all("COVERING INDEX ix_analyses_queue (status=?)" in line for line in looks), plan
    else:
        actor = factories.create_actor(session)
        for number in range(100):  # of no rows at all, any index is as good as another
            factories.create_analysis(session, actor, status="queued" if number < 3 else "succeeded")
        session.execute(text("ANALYZE analyses"))
        session.execute(text("SET LOCAL enable_seqscan = off"))  # it is right for the few rows that a test has
        plan = [row[0] for row in session.execute(text(f"EXPLAIN {statement}".replace("%%", "%")))]
        looks = [line for line in plan if " on analyses" in line or "Scan on ix_analyses" in line]
        assert any("ix_analyses_queue" in line for line in looks), plan
        assert not any("Seq Scan on analyses" in line for line in plan), plan


def test_the_first_of_one_owner_have_their_places_among_all(session, two_owners):
    _busy, idle, waiting = two_owners
    now = database_now(session)
    first, n_waiting = turns.first_in_line(session, now, owner_id=idle.user_id, limit=2)

    assert (names(waiting, first), n_waiting) == (["idle, late", "idle, latest"], 5)
    assert first == {key: turns.place_of(session, key, now) for key in first}


@pytest.mark.parametrize(("mine", "theirs"), [(10, 0), (10, 10), (0, 0)])
def test_a_thousand_of_ones_own_delay_anothers_first_by_one_slot_at_most(session, mine, theirs):
    """Members of a study before an interactive one, before a member of another study; and plain analyses alike."""
    busy, other = factories.create_actor(session), factories.create_actor(session)
    pattern = factories.create_analysis(session, busy, priority=mine)
    values = {
        column.name: getattr(pattern, column.name) for column in Analysis.__table__.columns if column.name != "id"
    }
    session.execute(insert(Analysis), [{**values, "public_id": f"member{number:010d}"} for number in range(999)])
    slots = [claim(session) for _ in range(2)]
    single = factories.create_analysis(session, other, priority=theirs, submitted_at=factories.NOW + HOUR)

    assert turns.place_of(session, single.id, database_now(session)) == 1
    jobs.fail(session, slots[0], code="x", message="The first slot that becomes free.")
    assert claim(session).analysis_id == single.id
    assert claim(session).owner_id == busy.user_id, "and then it is the study's turn again"
