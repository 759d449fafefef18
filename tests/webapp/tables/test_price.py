"""Price series, vintages, bars and snapshots: what the database itself guarantees."""

import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import PriceData, PriceRevision, Snapshot, SnapshotItem

DAY = datetime.date(2012, 11, 21)


@pytest.fixture
def security(session):
    return factories.create_security(session)


@pytest.fixture
def series(session, security):
    series = factories.create_series(session, security)
    session.add(revision(series))
    session.flush()
    return series


def revision(series, number=1):
    return PriceRevision(
        series_id=series.id,
        number=number,
        content_hash="0" * 64,
        n_bars=1,
        first_session=DAY,
        last_session=DAY,
        quality={"warning": 1},
        reason="test",
        created_at=factories.NOW,
    )


def bar(series, **values):
    defaults = {"timestamp": factories.NOW, "revision": 1, "session": DAY, "split_factor": 1.0, "dividend": 0.0}
    return PriceData(series_id=series.id, **{**defaults, **values})


def snapshot(session, vintages):
    row = Snapshot(content_hash="0" * 64, vintages=vintages * 64, created_at=factories.NOW)
    session.add(row)
    session.flush()
    return row


def refused(session, *rows):
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add_all(rows)
    session.expunge_all()


def test_a_symbol_is_one_security_on_an_exchange(session, security):
    factories.create_security(session, symbol=security.symbol, exchange="24/7")
    with pytest.raises(IntegrityError):
        factories.create_security(session, symbol=security.symbol)


def test_there_is_one_shared_series_of_a_security_source_and_interval(session, security, series):
    """The missing owner is NULL, and NULLs differ from one another: this takes an index of its own."""
    factories.create_series(session, security, interval="1h")
    factories.create_series(session, security, source="upload")
    with pytest.raises(IntegrityError):
        factories.create_series(session, security)


def test_each_owner_may_have_one_beside_it(session, security, series):
    alice, bob = (factories.create_user(session).id for _ in range(2))
    factories.create_series(session, security, owner_id=alice)
    factories.create_series(session, security, owner_id=bob)
    with pytest.raises(IntegrityError):
        factories.create_series(session, security, owner_id=alice)


def test_a_basis_that_does_not_exist_is_refused(session, security):
    with pytest.raises(IntegrityError, match="ck_price_series_basis"):
        factories.create_series(session, security, basis="adjusted")


def test_a_series_has_each_revision_once(session, series):
    refused(session, revision(series))


def test_a_vintage_has_each_bar_once_and_the_next_may_restate_it(session, series):
    session.add_all([bar(series), revision(series, 2)])
    session.flush()
    session.add(bar(series, revision=2))
    session.flush()
    session.expunge_all()
    refused(session, bar(series))


def test_a_bar_without_its_revision_is_refused(session, series):
    refused(session, bar(series, revision=7))


def test_what_the_source_did_not_tell_is_unknown_and_actions_are_always_known(session, series):
    row = bar(series)
    session.add(row)
    session.flush()
    session.refresh(row)
    assert (row.open, row.volume, row.adjusted_close, row.is_withdrawn) == (None, None, None, False)
    refused(session, bar(series, timestamp=factories.NOW + datetime.timedelta(days=1), dividend=None))


def test_equal_content_may_be_pinned_twice_but_the_same_vintages_once(session):
    snapshot(session, "a")
    snapshot(session, "b")
    with pytest.raises(IntegrityError):
        snapshot(session, "a")


def test_a_snapshot_names_vintages_that_exist_each_at_its_place(session, series):
    pinned = snapshot(session, "a").id
    session.add(SnapshotItem(snapshot_id=pinned, position=0, series_id=series.id, revision=1))
    session.flush()
    refused(session, SnapshotItem(snapshot_id=pinned, position=0, series_id=series.id, revision=1))


def test_a_snapshot_of_a_vintage_that_does_not_exist_is_refused(session, series):
    pinned = snapshot(session, "a").id
    refused(session, SnapshotItem(snapshot_id=pinned, position=0, series_id=series.id, revision=7))


def test_a_vintage_that_is_pinned_cannot_be_deleted(session, series):
    pinned = snapshot(session, "a").id
    session.add(SnapshotItem(snapshot_id=pinned, position=0, series_id=series.id, revision=1))
    session.flush()
    session.delete(session.scalars(select(PriceRevision)).one())
    with pytest.raises(IntegrityError):
        session.flush()
