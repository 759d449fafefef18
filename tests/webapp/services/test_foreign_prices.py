import pytest

from tests import factories
from webapp.services import foreign_prices, snapshots
from webapp.tables import PriceRevision

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def owner(session):
    return factories.create_actor(session)


def origin(session, series, snapshot_hash, **changes):
    content_hash = session.query(PriceRevision).filter_by(series_id=series.id).one().content_hash
    vintage = {
        "symbol": "MSFT",
        "source": "sample",
        "calendar": "XNYS",
        "currency": "USD",
        "content_hash": content_hash,
    }
    return {"prices": [{**vintage, **changes}], "snapshot_hash": snapshot_hash}


def pinned(session, store, series):
    ref = snapshots.SeriesRef(series.id, 1, "MSFT", "sample", "XNYS", "USD")
    return snapshots.pin_snapshot(session, store, [ref])


def test_the_same_bars_are_found_and_no_others(session, store, owner):
    series = factories.create_prices(session, store)
    snapshot = pinned(session, store, series)
    said = origin(session, series, snapshot.content_hash)

    assert foreign_prices.find(session, store, owner.user_id, "1d", said) == snapshot.id
    for name, other in (("content_hash", "0" * 64), ("symbol", "AAPL"), ("currency", "EUR"), ("calendar", "24/7")):
        changed = origin(session, series, snapshot.content_hash, **{name: other})
        assert foreign_prices.find(session, store, owner.user_id, "1d", changed) is None
    assert foreign_prices.find(session, store, owner.user_id, "1h", said) is None
    assert foreign_prices.find(session, store, owner.user_id, "1d", {**said, "snapshot_hash": "0" * 64}) is None
    assert foreign_prices.find(session, store, owner.user_id, "1d", {**said, "prices": []}) is None


def test_what_another_uploaded_is_as_if_it_were_not_there(session, store, owner):
    other = factories.create_actor(session)
    series = factories.create_prices(session, store, owner_id=other.user_id)
    said = origin(session, series, pinned(session, store, series).content_hash)

    assert foreign_prices.find(session, store, owner.user_id, "1d", said) is None
    assert foreign_prices.find(session, store, other.user_id, "1d", said) is not None
