"""Acquiring prices: who may ask, what can be asked for, what is seen of it, and cancelling."""

import datetime

import pytest
from sqlalchemy import func, select

from tests import factories
from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.services import acquisition_jobs, acquisitions, price_sources
from webapp.services.workflow import Status
from webapp.tables import Acquisition, AuditEvent


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


def ask(session, actor, **changes):
    return acquisitions.submit_fetch(session, actor, **{"source": "yahoo", "symbol": "AAPL", **changes})


def claim(session):
    return acquisition_jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=3)


def test_a_fetch_is_a_queued_row_and_an_audit_line(session, actor):
    acquisition_id = ask(session, actor, symbol=" brk-b ", address="192.0.2.1")

    view = acquisitions.get(session, actor, acquisition_id)
    assert (view.kind, view.source, view.symbol, view.interval, view.extent) == (
        "fetch", "yahoo", "BRK-B", "1d", "newest",
    )  # fmt: skip
    assert (view.status, view.progress, view.attempt) == (Status.QUEUED, 0.0, 0)
    assert "one thing at a time" in view.waits_for
    event = session.scalars(select(AuditEvent)).one()
    assert (event.action, event.subject, event.address) == ("prices.fetch_asked", acquisition_id, "192.0.2.1")
    assert event.details == {"source": "yahoo", "symbol": "BRK-B"}


def test_a_viewer_may_not_ask(session):
    viewer = factories.create_actor(session, "viewer")

    with pytest.raises(PermissionDenied, match="prices:write"):
        ask(session, viewer)
    with pytest.raises(PermissionDenied, match="prices:write"):
        acquisitions.submit_import(session, viewer, source="upload", symbol="X", request={})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "sample"),
        ("symbol", ""),
        ("symbol", "BTC/USD"),
        ("symbol", "A" * 33),
        ("symbol", "<b>"),
        ("interval", "1m"),
        ("extent", "some"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_its_field(session, actor, field, value):
    with pytest.raises(InvalidInput) as caught:
        ask(session, actor, **{field: value})

    assert list(caught.value.fields) == [field]
    assert session.scalar(select(func.count()).select_from(Acquisition)) == 0


def test_asking_twice_for_what_has_not_ended_is_one(session, actor):
    first = ask(session, actor)

    assert ask(session, actor, symbol="aapl") == first
    assert ask(session, actor, extent="all") != first
    assert ask(session, factories.create_actor(session)) != first
    acquisitions.cancel(session, actor, first)
    assert ask(session, actor) != first


def test_an_import_carries_what_it_needs(session, actor):
    acquisition_id = acquisitions.submit_import(
        session, actor, source="upload", symbol="MINE", request={"path": "x.csv"}
    )

    claimed = claim(session)
    assert (claimed.public_id, claimed.kind, claimed.owner_id) == (acquisition_id, "import", actor.user_id)
    assert (claimed.symbol, claimed.request) == ("MINE", {"path": "x.csv"})


def test_what_is_queued_is_cancelled_at_once_and_twice_changes_nothing(session, actor):
    acquisition_id = ask(session, actor)

    assert acquisitions.cancel(session, actor, acquisition_id) is Status.CANCELLED
    assert acquisitions.cancel(session, actor, acquisition_id) is Status.CANCELLED
    assert claim(session) is None
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["prices.fetch_asked", "prices.acquisition_cancelled"]


def test_what_runs_is_asked_to_stop(session, actor):
    acquisition_id = ask(session, actor)
    claim(session)

    assert acquisitions.cancel(session, actor, acquisition_id) is Status.RUNNING
    assert acquisitions.cancel(session, actor, acquisition_id) is Status.RUNNING


def test_what_has_ended_cannot_be_cancelled(session, actor):
    acquisition_id = ask(session, actor)
    acquisition_jobs.fail(session, claim(session), code="symbol_not_found", message="Unknown.")

    with pytest.raises(Conflict, match="already failed"):
        acquisitions.cancel(session, actor, acquisition_id)


def test_anothers_does_not_exist_for_anybody_else(session, actor):
    acquisition_id = ask(session, actor)

    for role in ("researcher", "admin"):
        other = factories.create_actor(session, role)
        with pytest.raises(NotFound):
            acquisitions.get(session, other, acquisition_id)
        with pytest.raises(NotFound):
            acquisitions.cancel(session, other, acquisition_id)
        assert acquisitions.list_recent(session, other).total == 0


def test_the_list_has_the_newest_first_and_by_status(session, actor):
    ids = [ask(session, actor, symbol=symbol) for symbol in ("A", "B", "C")]
    acquisitions.cancel(session, actor, ids[0])

    page = acquisitions.list_recent(session, actor, limit=2)
    assert ([item.id for item in page.items], page.total) == ([ids[2], ids[1]], 3)
    rest = acquisitions.list_recent(session, actor, limit=2, cursor=page.next)
    assert ([item.id for item in rest.items], rest.next) == ([ids[0]], None)
    assert acquisitions.list_recent(session, actor, status=["cancelled"]).total == 1


def test_what_waits_says_for_what(session, actor):
    acquisition_id = ask(session, actor)
    row = session.scalars(select(Acquisition)).one()
    row.not_before = database_now(session) + datetime.timedelta(seconds=60)
    session.flush()
    view = acquisitions.get(session, actor, acquisition_id)
    assert "did not answer" in view.waits_for
    assert view.waits_until == row.not_before

    row.not_before = None
    price_sources.failed(session, "yahoo", code="rate_limited", message="Wait.", retry_after=60)
    assert "asked for a pause" in acquisitions.get(session, actor, acquisition_id).waits_for


def test_what_it_brought_names_the_instrument(session, actor):
    acquisition_id = ask(session, actor)
    series = factories.create_series(session)
    acquisition_jobs.finish(session, claim(session), acquisition_jobs.Outcome(series.id, 1, 10, 10, 0, 0, "10 bars."))

    view = acquisitions.get(session, actor, acquisition_id)
    assert (view.status, view.instrument_id, view.n_added, view.message) == (
        Status.SUCCEEDED, series.public_id, 10, "10 bars.",
    )  # fmt: skip
    assert view.waits_for is None


def test_a_list_takes_as_many_questions_for_ten_as_for_one(session, actor, count_queries):
    counts = []
    for n in (1, 10):
        for number in range(n):
            factories.create_acquisition(session, actor, symbol=f"S{n}{number}")
        session.expire_all()
        with count_queries(session) as statements:
            acquisitions.list_recent(session, actor)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_how_the_sources_answered_is_seen_by_all_who_read_prices(session, actor):
    price_sources.failed(session, "yahoo", code="rate_limited", message="Wait.", retry_after=60)
    (view,) = acquisitions.list_sources(session, factories.create_actor(session, "viewer"))

    assert (view.name, view.state, view.error_message) == ("yahoo", "paused", "Wait.")
