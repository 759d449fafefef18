"""What an analysis is answered from: found for its owner, pinned once, the same for ever."""

import threading

import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import func, select, text

from quant.data.catalog import InstrumentSpec
from quant.data.snapshot import snapshot_hash, to_prices
from quant.errors import InvalidPrices
from quant.spec import AnalysisSpec
from tests import factories
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.permissions import Actor, Permission, Role
from webapp.services import price_store, snapshots
from webapp.tables import PriceRevision, Snapshot, SnapshotItem

MICROSOFT = InstrumentSpec(symbol="MSFT")
IBM = InstrumentSpec(symbol="IBM")


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


@pytest.fixture
def two(session, store):
    """Two shared series."""
    return [factories.create_prices(session, store, factories.delivery(symbol)) for symbol in ("MSFT", "IBM")]


# --- Finding ---------------------------------------------------------------------------------------------------------


def test_instruments_are_found_in_the_order_of_the_question(session, actor, two):
    refs = snapshots.resolve(session, actor, [IBM, MICROSOFT])
    assert [(ref.symbol, ref.series_id, ref.revision) for ref in refs] == [
        ("IBM", two[1].id, 1),
        ("MSFT", two[0].id, 1),
    ]
    assert (refs[0].source, refs[0].calendar, refs[0].currency) == ("sample", "XNYS", "USD")


def test_many_instruments_take_one_query(session, actor, two, count_queries):
    with count_queries(session) as statements:
        snapshots.resolve(session, actor, [IBM, MICROSOFT])
    assert len(statements) == 1


def test_an_unknown_symbol_is_named_with_its_field_and_what_there_is(session, actor, two):
    nothing = InstrumentSpec(symbol="NOPE")
    with pytest.raises(InvalidInput) as caught:
        snapshots.resolve(session, actor, [MICROSOFT, nothing])
    assert caught.value.fields == {
        "instruments.1.symbol": "Expected a symbol of which sample has bars of 1d: IBM, MSFT; found NOPE."
    }


def test_a_series_without_bars_or_of_another_interval_is_unknown(session, actor):
    security = factories.create_security(session, symbol="MSFT")
    factories.create_series(session, security)
    with pytest.raises(InvalidInput, match="has bars of 1d: none; found MSFT"):
        snapshots.resolve(session, actor, [MICROSOFT])


def test_of_another_users_series_nothing_is_known(session, store, actor):
    other = factories.create_user(session)
    factories.create_prices(session, store, owner_id=other.id)
    with pytest.raises(InvalidInput, match="has bars of 1d: none; found MSFT"):
        snapshots.resolve(session, actor, [MICROSOFT])


def test_an_own_series_goes_before_a_shared_one(session, store, actor, two):
    own = factories.create_prices(session, store, owner_id=actor.user_id)
    assert snapshots.resolve(session, actor, [MICROSOFT])[0].series_id == own.id
    stranger = factories.create_actor(session)
    assert snapshots.resolve(session, stranger, [MICROSOFT])[0].series_id == two[0].id


def test_a_token_without_the_scope_may_not_ask(session, two):
    actor = Actor(1, "token", Role.RESEARCHER, scopes=frozenset({Permission.ANALYSES_READ}))
    with pytest.raises(PermissionDenied, match="prices:read"):
        snapshots.resolve(session, actor, [MICROSOFT])


@pytest.mark.parametrize("scope", [Permission.PRICES_READ, Permission.ANALYSES_RUN])
def test_either_scope_is_enough(session, two, scope):
    actor = Actor(1, "token", Role.RESEARCHER, scopes=frozenset({scope}))
    assert snapshots.resolve(session, actor, [MICROSOFT])[0].series_id == two[0].id


# --- Pinning ---------------------------------------------------------------------------------------------------------


def test_the_same_vintages_are_pinned_once(session, store, actor, two):
    refs = snapshots.resolve(session, actor, [MICROSOFT, IBM])
    first, second = (snapshots.pin_snapshot(session, store, refs) for _ in range(2))
    assert first == second
    assert session.scalar(select(func.count()).select_from(Snapshot)) == 1
    assert session.scalar(select(func.count()).select_from(SnapshotItem)) == 2


def test_the_hash_is_of_prices_by_instrument_and_of_no_number_of_this_database(session, store, actor, two):
    pinned = snapshots.pin_snapshot(session, store, snapshots.resolve(session, actor, [MICROSOFT, IBM]))
    expected = {f"sample:{symbol}": to_prices(factories.delivery(symbol)) for symbol in ("IBM", "MSFT")}
    assert pinned.content_hash == snapshot_hash(expected)


def test_another_order_is_another_snapshot_of_the_same_content(session, store, actor, two):
    there, back = (
        snapshots.pin_snapshot(session, store, snapshots.resolve(session, actor, order))
        for order in ([MICROSOFT, IBM], [IBM, MICROSOFT])
    )
    assert there.content_hash == back.content_hash
    assert there.id != back.id
    closes = [snapshots.read_snapshot(session, store, pinned.id)[0]["close"].iloc[0] for pinned in (there, back)]
    assert closes[0] != closes[1]


def test_two_owners_of_the_same_file_never_share_a_snapshot(session, store):
    actors = [factories.create_actor(session) for _ in range(2)]
    own = [factories.create_prices(session, store, owner_id=actor.user_id) for actor in actors]
    pinned = [
        snapshots.pin_snapshot(session, store, snapshots.resolve(session, actor, [MICROSOFT])) for actor in actors
    ]
    assert pinned[0].content_hash == pinned[1].content_hash
    items = [snapshots.vintages_of(session, snapshot.id)[0].series_id for snapshot in pinned]
    assert items == [series.id for series in own]


def test_two_workers_that_pin_at_once_get_the_same(database, store):
    with database.write() as session:
        actor = factories.create_actor(session)
        factories.create_prices(session, store)
    start = threading.Barrier(4)
    pinned = []

    def pin():
        start.wait()
        with database.write() as session:
            refs = snapshots.resolve(session, actor, [MICROSOFT])
            pinned.append(snapshots.pin_snapshot(session, store, refs))

    threads = [threading.Thread(target=pin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pinned) == 4
    assert len(set(pinned)) == 1


def test_pinning_what_does_not_exist_is_refused(session, store):
    with pytest.raises(NotFound):
        snapshots.pin_snapshot(session, store, [snapshots.SeriesRef(4711, 1, "X", "sample", "XNYS", "USD")])


# --- Reading ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def pinned(session, store, actor, two):
    return snapshots.pin_snapshot(session, store, snapshots.resolve(session, actor, [MICROSOFT, IBM]))


def test_a_snapshot_is_read_by_the_instruments_position(session, store, pinned):
    frames = snapshots.read_snapshot(session, store, pinned.id)
    assert list(frames) == [0, 1]
    assert_frame_equal(frames[0], to_prices(factories.delivery("MSFT")), check_exact=True)
    assert_frame_equal(frames[1], to_prices(factories.delivery("IBM")), check_exact=True)


def test_a_later_delivery_does_not_change_it(session, store, two, pinned):
    before = snapshots.read_snapshot(session, store, pinned.id)
    later = factories.delivery(last="2003-02-27")
    price_store.record_delivery(session, store, two[0].id, later, reason="later")
    after = snapshots.read_snapshot(session, store, pinned.id)
    assert_frame_equal(after[0], before[0], check_exact=True)


def test_a_new_vintage_is_another_snapshot(session, store, actor, two, pinned):
    later = factories.delivery(last="2003-02-27")
    price_store.record_delivery(session, store, two[0].id, later, reason="later")
    newer = snapshots.pin_snapshot(session, store, snapshots.resolve(session, actor, [MICROSOFT, IBM]))
    assert newer.id != pinned.id
    assert newer.content_hash != pinned.content_hash


def test_lost_files_are_made_again_from_the_rows(session, store, pinned):
    before = snapshots.read_snapshot(session, store, pinned.id)
    for content_hash in session.scalars(select(PriceRevision.content_hash)):
        store.remove(content_hash)
    after = snapshots.read_snapshot(session, store, pinned.id)
    for place in before:
        assert_frame_equal(after[place], before[place], check_exact=True, check_freq=False)


def test_a_changed_file_does_not_deceive_it(session, store, pinned):
    before = snapshots.read_snapshot(session, store, pinned.id)
    for content_hash in session.scalars(select(PriceRevision.content_hash)):
        file = store.folder(content_hash) / "bars.parquet"
        store.get(content_hash).frames["bars"].assign(open=1.0).to_parquet(file)
    after = snapshots.read_snapshot(session, store, pinned.id)
    assert_frame_equal(after[0], before[0], check_exact=True, check_freq=False)


def test_changed_rows_are_refused(session, store, pinned):
    for content_hash in session.scalars(select(PriceRevision.content_hash)):
        store.remove(content_hash)
    session.execute(text("UPDATE price_data SET dividend = 0.5 WHERE session = '2003-02-20'"))
    with pytest.raises(InvalidPrices, match="changed in the database"):
        snapshots.read_snapshot(session, store, pinned.id)


def test_a_snapshot_that_names_other_vintages_is_refused(session, store, two, pinned):
    session.execute(text("UPDATE snapshots SET content_hash = :other"), {"other": "0" * 64})
    session.expire_all()
    with pytest.raises(InvalidPrices, match="content hash 000000000000"):
        snapshots.read_snapshot(session, store, pinned.id)


def test_bars_after_what_is_available_do_not_exist(session, store, pinned):
    until = snapshots.read_snapshot(session, store, pinned.id)[0].index[4].to_pydatetime()
    frames = snapshots.read_snapshot(session, store, pinned.id, available_until=until)
    assert [len(frame) for frame in frames.values()] == [5, 5]


def test_a_snapshot_that_does_not_exist_is_not_found(session, store):
    with pytest.raises(NotFound):
        snapshots.read_snapshot(session, store, 4711)


# --- For a worker ----------------------------------------------------------------------------------------------------


def test_a_worker_pins_for_the_owner_and_reads_instruments(session, store, actor, two):
    own = factories.create_prices(session, store, owner_id=actor.user_id)
    spec = AnalysisSpec.model_validate({"instruments": [{"symbol": "IBM"}, {"symbol": "MSFT"}]})
    snapshot_id = snapshots.pin_for(session, store, actor.user_id, spec)
    instruments = snapshots.read_instruments(session, store, snapshot_id, spec)
    assert [item.spec for item in instruments] == list(spec.instruments)
    assert [(item.calendar, item.currency) for item in instruments] == [("XNYS", "USD")] * 2
    assert_frame_equal(instruments[0].prices, to_prices(factories.delivery("IBM")), check_exact=True)
    assert snapshots.vintages_of(session, snapshot_id)[1].series_id == own.id


def test_prices_that_are_gone_when_the_worker_comes_are_named(session, store, actor):
    spec = AnalysisSpec.model_validate({"instruments": [{"symbol": "IBM"}]})
    with pytest.raises(InvalidInput, match="found IBM"):
        snapshots.pin_for(session, store, actor.user_id, spec)
