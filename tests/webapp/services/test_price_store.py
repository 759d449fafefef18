"""The raw store: append-only, every vintage readable for ever, and one gate for every read."""

import ast
import datetime
import logging
import threading

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from pandas.testing import assert_frame_equal
from sqlalchemy import func, select, text

from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS, check_prices
from quant.stages import hash_frame
from tests import factories, schema
from webapp.errors import NotFound
from webapp.services import price_rows, price_store
from webapp.tables import PriceData, PriceRevision, PriceSeries, Security


def n_rows(session, table=PriceData):
    return session.scalar(select(func.count()).select_from(table))


def deliver(session, store, series, **changes):
    return price_store.record_delivery(session, store, series.id, factories.delivery(**changes), reason="test")


# --- The sample ------------------------------------------------------------------------------------------------------


def test_the_sample_is_loaded_once(session, store):
    assert price_store.load_sample(session, store) == 2148 + 3270 + 3270
    assert price_store.load_sample(session, store) == 0
    assert n_rows(session) == 2148 + 3270 + 3270
    assert n_rows(session, PriceRevision) == n_rows(session, PriceSeries) == n_rows(session, Security) == 3


def test_the_sample_is_stored_raw_with_implied_actions(session, store):
    price_store.load_sample(session, store)
    series = session.scalars(select(PriceSeries).join(Security).where(Security.symbol == "MSFT")).one()
    assert (series.source, series.interval, series.basis, series.owner_id) == ("sample", "1d", "raw", None)
    assert series.actions_implied is True
    bars = price_store.read_bars(session, store, series.id, 1)
    provided = to_prices(create_provider("sample").fetch(PriceQuery("MSFT")))
    assert_frame_equal(check_prices(bars[list(PRICE_COLUMNS)]), provided, check_exact=True)
    split = session.scalars(select(PriceData).where(PriceData.split_factor != 1)).one()
    assert (split.session, split.split_factor) == (datetime.date(2003, 2, 18), 2.0)


def test_the_sample_is_the_same_on_every_database(session, store):
    """The hashes are those of the provider's frames: no database has a part in them."""
    price_store.load_sample(session, store)
    stored = dict(
        session.execute(
            select(Security.symbol, PriceRevision.content_hash).join_from(PriceRevision, PriceSeries).join(Security)
        ).all()
    )
    assert stored == {symbol: hash_frame(with_adjusted_close(symbol)) for symbol in ("GOOG", "IBM", "MSFT")}


def with_adjusted_close(symbol):
    delivered = create_provider("sample").fetch(PriceQuery(symbol))
    return to_prices(delivered).assign(adjusted_close=delivered.bars["adjusted_close"].to_numpy())


# --- Deliveries ------------------------------------------------------------------------------------------------------


def test_a_first_delivery_makes_the_first_vintage(session, store):
    series = factories.create_prices(session, store)
    revision = session.scalars(select(PriceRevision)).one()
    assert series.revision == revision.number == 1
    assert (revision.n_bars, revision.reason) == (9, "test")
    assert (revision.first_session, revision.last_session) == (datetime.date(2003, 2, 10), datetime.date(2003, 2, 21))
    assert n_rows(session) == 9


def test_unchanged_bars_add_nothing(session, store):
    series = factories.create_prices(session, store)
    again = deliver(session, store, series)
    assert not again.is_new
    assert (again.number, again.n_bars) == (1, 9)
    assert n_rows(session) == 9
    assert n_rows(session, PriceRevision) == 1


def test_new_bars_add_their_rows_only(session, store):
    series = factories.create_prices(session, store)
    longer = deliver(session, store, series, last="2003-02-25")
    assert (longer.number, longer.n_bars, longer.n_added, longer.n_restated, longer.n_withdrawn) == (2, 11, 2, 0, 0)
    assert n_rows(session) == 11


def test_a_restated_bar_makes_a_vintage_and_the_old_one_stays(session, store):
    series = factories.create_prices(session, store)
    before = price_store.read_bars(session, store, series.id, 1)
    bars = factories.delivery().bars.copy()
    bars.loc[3, "volume"] += 1
    restated = deliver(session, store, series, bars=bars)
    assert (restated.number, restated.n_added, restated.n_restated) == (2, 0, 1)
    assert n_rows(session) == 10
    after = price_store.read_bars(session, store, series.id, 2)
    assert (after["volume"] - before["volume"]).tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert_frame_equal(price_store.read_bars(session, store, series.id, 1), before)
    assert_frame_equal(price_rows.read(session, series.id, 1), before, check_freq=False)
    assert_frame_equal(price_rows.read(session, series.id, 2), after, check_freq=False)


def test_a_bar_that_the_source_takes_back_is_gone_from_the_next_vintage(session, store):
    series = factories.create_prices(session, store)
    bars = factories.delivery().bars.drop(index=7).reset_index(drop=True)
    shorter = deliver(session, store, series, bars=bars)
    assert (shorter.number, shorter.n_bars, shorter.n_withdrawn) == (2, 8, 1)
    counts = [len(price_store.read_bars(session, store, series.id, number)) for number in (1, 2)]
    assert counts == [9, 8]
    back = deliver(session, store, series)
    assert (back.number, back.n_added, back.n_bars) == (3, 1, 9)


def test_a_delivery_of_a_part_says_nothing_about_the_rest(session, store):
    series = factories.create_prices(session, store)
    assert not deliver(session, store, series, first="2003-02-18", last="2003-02-20").is_new


def test_a_dividend_that_only_rescales_adjusted_close_restates_nothing(session, store):
    series = factories.create_prices(session, store)
    bars = factories.delivery().bars.assign(adjusted_close=lambda bars: bars["adjusted_close"] * 0.97)
    assert not deliver(session, store, series, bars=bars).is_new


def test_rows_and_file_agree_after_every_kind_of_change(session, store):
    """What is read from files is what the rows say, whatever happened before."""
    series = factories.create_prices(session, store, factories.delivery(first="2003-02-12"))
    bars = factories.delivery(last="2003-02-27").bars.drop(index=5).reset_index(drop=True)
    bars.loc[4, "high"] += 1
    bars.loc[6, "volume"] = float("nan")
    deliver(session, store, series, bars=bars)
    for number in (1, 2):
        vintage = price_store.read_bars(session, store, series.id, number, is_verified=True)
        assert_frame_equal(price_rows.read(session, series.id, number), vintage, check_exact=True, check_freq=False)


def test_contradictions_are_kept_and_counted(session, store):
    bars = factories.delivery().bars.copy()
    bars.loc[2, "high"] = 1.0
    bars.loc[4, "close"] = float("nan")
    series = factories.create_prices(session, store, factories.delivery(bars=bars))
    assert session.scalars(select(PriceRevision.quality)).one()["error"] >= 2
    read = price_store.read_bars(session, store, series.id, 1)
    assert read["high"].iloc[2] == 1.0
    assert pd.isna(read["close"].iloc[4])


def test_what_cannot_be_kept_leaves_nothing(database, store):
    with database.write() as session:
        series_id = factories.create_prices(session, store).id
    euros = factories.delivery(currency="EUR")
    with pytest.raises(InvalidPrices, match="currency"), database.write() as session:
        price_store.record_delivery(session, store, series_id, euros, reason="test")
    with database.read() as session:
        assert n_rows(session) == 9
        assert session.scalars(select(PriceSeries.revision)).one() == 1


def test_two_deliveries_at_once_lose_nothing(database, store):
    with database.write() as session:
        series_id = factories.create_prices(session, store).id
    start = threading.Barrier(2)
    numbers = []

    def fetch(last):
        delivered = factories.delivery(last=last)
        start.wait()
        with database.write() as session:
            numbers.append(price_store.record_delivery(session, store, series_id, delivered, reason="test").number)

    threads = [threading.Thread(target=fetch, args=(last,)) for last in ("2003-02-25", "2003-02-27")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        newest = session.scalars(select(PriceSeries.revision)).one()
        assert newest == max(numbers)
        read = price_store.read_bars(session, store, series_id, newest, is_verified=True)
        assert_frame_equal(price_rows.read(session, series_id, newest), read, check_freq=False)
        assert len(read) == 13  # whoever came second saw what the first had stored


DAYS = pd.DatetimeIndex(pd.bdate_range("2003-02-03", "2003-02-14"))
NO_ACTIONS = pd.DataFrame({"split_factor": [], "dividend": [], "implied": []}, index=pd.DatetimeIndex([]))


@st.composite
def deliveries(draw):
    """Some of ten sessions, each with one of a few closes, as a source without adjusted prices delivers them."""
    days = sorted(draw(st.sets(st.sampled_from(range(len(DAYS))), min_size=1)))
    closes = draw(st.lists(st.sampled_from([10.0, 10.5, float("nan")]), min_size=len(days), max_size=len(days)))
    market = {"open": 10.0, "high": 11.0, "low": 9.0, "close": closes, "volume": 100.0}
    bars = pd.DataFrame({"session": DAYS[days].as_unit("us"), **market})
    return factories.delivery(bars=bars, actions=NO_ACTIONS)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(deliveries(), min_size=1, max_size=5))
def test_whatever_is_delivered_the_newest_vintage_has_it_and_the_old_ones_stay(session, store, several):
    with session.begin_nested() as savepoint:
        series_id = price_store.open_series(session, several[0], source="sample")
        vintages = {}
        expected = to_prices(several[0])["close"]
        for delivered in several:
            fresh = to_prices(delivered)["close"]
            outside = (expected.index < fresh.index[0]) | (expected.index > fresh.index[-1])
            expected = pd.concat([expected[outside], fresh]).sort_index()
            number = price_store.record_delivery(session, store, series_id, delivered, reason="test").number
            vintages[number] = expected
        for number, closes in vintages.items():
            read = price_store.read_bars(session, store, series_id, number, is_verified=True)
            pd.testing.assert_series_equal(read["close"], closes, check_freq=False)
            assert_frame_equal(price_rows.read(session, series_id, number), read, check_freq=False)
        savepoint.rollback()


# --- Series ----------------------------------------------------------------------------------------------------------


def test_a_series_is_opened_once_for_each_owner(session):
    alice, bob = (factories.create_user(session).id for _ in range(2))
    delivered = factories.delivery()
    ids = [
        price_store.open_series(session, delivered, source=source, owner_id=owner)
        for _ in range(2)
        for source, owner in (("sample", None), ("upload", alice), ("upload", bob))
    ]
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3
    assert n_rows(session, Security) == 3  # what is uploaded is named by its owner alone


# --- The gate --------------------------------------------------------------------------------------------------------


def test_bars_after_what_is_available_do_not_exist(session, store):
    series = factories.create_prices(session, store)
    everything = price_store.read_bars(session, store, series.id, 1)
    until = everything.index[4].to_pydatetime()
    assert_frame_equal(price_store.read_bars(session, store, series.id, 1, available_until=until), everything.iloc[:5])
    just_before = until - datetime.timedelta(microseconds=1)
    assert len(price_store.read_bars(session, store, series.id, 1, available_until=just_before)) == 4


def test_a_missing_file_is_made_again_from_the_rows(session, store, caplog):
    series = factories.create_prices(session, store)
    before = price_store.read_bars(session, store, series.id, 1)
    content_hash = session.scalars(select(PriceRevision.content_hash)).one()
    store.remove(content_hash)
    with caplog.at_level(logging.WARNING):
        after = price_store.read_bars(session, store, series.id, 1)
    assert_frame_equal(after, before, check_exact=True, check_freq=False)
    assert [record.series for record in caplog.records] == [series.id]
    assert store.has(content_hash)


def test_a_broken_file_is_made_again_from_the_rows(session, store):
    series = factories.create_prices(session, store)
    before = price_store.read_bars(session, store, series.id, 1)
    file = store.folder(session.scalars(select(PriceRevision.content_hash)).one()) / "bars.parquet"
    file.write_bytes(b"PAR1 is what is left of it PAR1")
    after = price_store.read_bars(session, store, series.id, 1)
    assert_frame_equal(after, before, check_exact=True, check_freq=False)
    assert price_store.price_files.read(store, hash_frame(before)) is not None


def test_a_file_with_other_numbers_is_found_out_by_its_hash(session, store):
    series = factories.create_prices(session, store)
    before = price_store.read_bars(session, store, series.id, 1)
    file = store.folder(hash_frame(before)) / "bars.parquet"
    before.assign(close=1.0).to_parquet(file)
    assert price_store.read_bars(session, store, series.id, 1)["close"].eq(1.0).all()
    verified = price_store.read_bars(session, store, series.id, 1, is_verified=True)
    assert_frame_equal(verified, before, check_exact=True, check_freq=False)


def test_rows_that_were_changed_are_refused(session, store):
    series = factories.create_prices(session, store)
    store.remove(session.scalars(select(PriceRevision.content_hash)).one())
    session.execute(text("UPDATE price_data SET close = close + 1"))
    with pytest.raises(InvalidPrices, match="changed in the database"):
        price_store.read_bars(session, store, series.id, 1)


def test_a_vintage_that_does_not_exist_is_not_found(session, store):
    series = factories.create_prices(session, store)
    with pytest.raises(NotFound):
        price_store.read_bars(session, store, series.id, 2)


def test_nothing_but_the_gate_reads_rows_or_files_of_prices():
    """A locked range of dates can only be refused if there is one place to refuse it."""
    allowed = {"price_store", "price_rows", "price_files", "price_deliveries"}
    allowed.add("coverage")  # counts the rows of each vintage, and reads no price
    guilty = []
    for path in [*(schema.ROOT / "webapp").rglob("*.py"), *(schema.ROOT / "tasks").rglob("*.py")]:
        if path.parent.name == "tables" or path.stem in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom | ast.Import) else set()
            if names & {"PriceData", "price_rows", "price_files"}:
                guilty.append(path.name)
    assert guilty == []
