"""Files of prices: judged, corrected, decided about, stored as a series of their owner."""

import pytest

from quant.data.catalog import InstrumentSpec
from quant.errors import InvalidPrices, InvalidSpec, UnreadableFile
from tests import factories
from tests.webapp.services.upload_files import DAMAGED, SOUND, bring, settle
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied, QuotaExceeded
from webapp.services import prices, quotas, uploads
from webapp.services.uploads import Decision
from webapp.storage import FileStore
from webapp.tables import AuditEvent, QuarantinedRow, Upload, UploadDecision, User


@pytest.fixture
def files(tmp_path):
    return FileStore(tmp_path / "files")


@pytest.fixture
def ada(session):
    return factories.create_actor(session)


def test_a_sound_file_becomes_a_series_that_its_owner_alone_can_ask_about(session, store, files, ada):
    bob = factories.create_actor(session)
    upload = bring(session, files, ada, SOUND)
    assert (upload.status, upload.is_storable, upload.findings) == ("checked", True, ())

    stored = settle(session, files, store, ada, upload.id, symbol="MINE", name="My prices")

    assert (stored.status, stored.symbol, stored.revision) == ("stored", "MINE", 1)
    [instrument] = prices.search_instruments(session, ada, symbol="MINE")
    assert (instrument.id, instrument.source, instrument.is_own) == (stored.instrument_id, "upload", True)
    bars = prices.read_prices(session, store, ada, stored.instrument_id)
    assert len(bars) == upload.n_rows
    question = [InstrumentSpec(symbol="MINE", source="upload")]
    assert [ref.symbol for ref in prices.resolve(session, ada, question)] == ["MINE"]
    assert prices.search_instruments(session, bob, symbol="MINE") == []
    with pytest.raises(InvalidInput):
        prices.resolve(session, bob, question)


def test_two_owners_of_one_symbol_never_meet(session, store, files, ada):
    bob = factories.create_actor(session)
    for actor, name, currency in ((ada, "Ada's own", "USD"), (bob, "Bob's own", "EUR")):
        upload = bring(session, files, actor, SOUND)
        settle(session, files, store, actor, upload.id, symbol="ABC", name=name, currency=currency)

    assert [(each.name, each.currency) for each in prices.search_instruments(session, ada)] == [("Ada's own", "USD")]
    assert [(each.name, each.currency) for each in prices.search_instruments(session, bob)] == [("Bob's own", "EUR")]


def test_a_second_file_extends_and_revises_the_series(session, store, files, ada):
    lines = SOUND.splitlines()
    first = bring(session, files, ada, "\n".join(lines[:20]))
    settle(session, files, store, ada, first.id, symbol="ABC")
    second = bring(session, files, ada, "\n".join([lines[0], *lines[15:]]))
    stored = settle(session, files, store, ada, second.id, symbol="ABC")

    assert stored.revision == 2
    assert len(prices.read_prices(session, store, ada, stored.instrument_id)) == len(lines) - 1


def test_rows_that_stay_out_are_kept_with_their_lines(session, store, files, ada):
    upload = bring(session, files, ada, DAMAGED)
    assert (upload.findings[0].code, upload.findings[0].lines) == ("non_positive_price", (5,))
    before = uploads.quarantined(session, files, ada, upload.id)
    stored = settle(session, files, store, ada, upload.id, symbol="ABC")

    assert uploads.quarantined(session, files, ada, upload.id) == before == [(5, "non_positive_price", before[0][2])]
    assert session.query(QuarantinedRow).count() == 1
    assert stored.n_kept == upload.n_rows - 1


def test_a_decision_is_kept_with_its_reason_and_can_be_taken_back(session, files, ada):
    upload = bring(session, files, ada, DAMAGED)

    def decide(decision, reason):
        said = [Decision("non_positive_price", decision, reason)]
        prepared = uploads.prepare(session, files, ada, upload.id, decisions=said)
        return uploads.change(session, ada, upload.id, prepared)

    assert not decide("refuse", "the source must mend it").is_storable
    taken_back = decide(None, "we go on without it")
    assert taken_back.is_storable
    assert [(each.decision, each.reason, each.user_id) for each in taken_back.decisions] == [
        ("refuse", "the source must mend it", ada.user_id), (None, "we go on without it", ada.user_id),
    ]  # fmt: skip
    assert session.query(UploadDecision).count() == 2
    assert session.query(AuditEvent).filter_by(action="upload.decided").count() == 2


def test_what_is_said_about_the_layout_is_kept_until_it_is_taken_back(session, files, ada):
    upload = bring(session, files, ada, SOUND)
    for layout, calendar in (({"calendar": "24/7"}, "24/7"), ({"calendar": None}, "XNYS")):
        prepared = uploads.prepare(session, files, ada, upload.id, layout=layout)
        assert uploads.change(session, ada, upload.id, prepared).layout["calendar"] == calendar


@pytest.mark.parametrize(
    ("layout", "decisions", "error"),
    [
        ({"decimal": "x"}, [], InvalidInput),
        ({"columns": {"date": "no such"}}, [], InvalidSpec),
        ({"encoding": "utf-16"}, [], UnreadableFile),
        ({}, [Decision("non_positive_price", "keep", "as it is")], InvalidSpec),
        ({}, [Decision("non_positive_price", "refuse", " ")], InvalidInput),
    ],
)
def test_what_cannot_be_said_or_decided_is_refused_and_changes_nothing(session, files, ada, layout, decisions, error):
    upload = bring(session, files, ada, DAMAGED)
    with pytest.raises(error):
        uploads.prepare(session, files, ada, upload.id, layout=layout, decisions=decisions)

    assert uploads.get(session, ada, upload.id) == upload


def test_what_was_changed_meanwhile_is_not_overwritten(session, store, files, ada):
    upload = bring(session, files, ada, SOUND)
    first = uploads.prepare(session, files, ada, upload.id, layout={"calendar": "24/7"})
    second = uploads.prepare(session, files, ada, upload.id)
    uploads.change(session, ada, upload.id, first)
    with pytest.raises(Conflict, match="changed meanwhile"):
        uploads.change(session, ada, upload.id, second)

    stored = bring(session, files, ada, SOUND)
    settle(session, files, store, ada, stored.id, symbol="ABC")
    with pytest.raises(Conflict, match="not stored yet"):
        uploads.prepare(session, files, ada, stored.id)


def test_what_has_to_be_answered_first_is_not_stored(session, store, files, ada):
    upload = bring(session, files, ada, SOUND.replace("close", "note"))
    with pytest.raises(InvalidPrices, match="no close"):
        settle(session, files, store, ada, upload.id, symbol="ABC")
    assert prices.search_instruments(session, ada) == []


@pytest.mark.parametrize(
    "wrong", [{"symbol": ""}, {"symbol": "A B"}, {"name": "x" * 121}, {"currency": "dollars"}, {"asset_class": "cow"}]
)
def test_what_an_instrument_is_called_is_checked(session, store, files, ada, wrong):
    upload = bring(session, files, ada, SOUND)
    with pytest.raises(InvalidInput) as caught:
        settle(session, files, store, ada, upload.id, **{"symbol": "ABC", **wrong})
    assert set(caught.value.fields) == set(wrong)


def test_a_viewer_brings_nothing(session, files):
    viewer = factories.create_actor(session, "viewer")
    with pytest.raises(PermissionDenied):
        bring(session, files, viewer, SOUND)


def test_there_is_a_limit_to_what_one_person_keeps(session, files, ada, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_UPLOADS", 1)
    bring(session, files, ada, SOUND)
    with pytest.raises(QuotaExceeded):
        bring(session, files, ada, SOUND)


def test_a_file_for_which_there_is_no_room_is_refused(session, files, ada):
    public_id = session.get(User, ada.user_id).public_id
    first = bring(session, files, ada, SOUND)
    n_bytes = session.query(Upload).filter_by(public_id=first.id).one().n_bytes
    quotas.set_of(session, None, public_id, limits=quotas.Limits(storage_bytes=2 * n_bytes - 1))
    with pytest.raises(QuotaExceeded) as caught:
        bring(session, files, ada, SOUND)
    assert caught.value.limit == "storage_bytes"


def test_uploads_are_listed_newest_first_for_their_owner(session, files, ada):
    bob = factories.create_actor(session)
    ids = [bring(session, files, ada, SOUND, filename=f"{number}.csv").id for number in range(3)]
    page, cursor = uploads.list_uploads(session, ada, limit=2)

    assert [each.id for each in page] == ids[:0:-1]
    rest, end = uploads.list_uploads(session, ada, limit=2, cursor=cursor)
    assert ([each.id for each in rest], end) == (ids[:1], None)
    assert uploads.list_uploads(session, bob) == ([], None)
    with pytest.raises(NotFound):
        uploads.get(session, bob, ids[0])


def test_a_name_is_shown_without_its_folder(session, files, ada):
    assert bring(session, files, ada, SOUND, filename="C:\\secret\\a\x07b.csv").filename == "a\ufffdb.csv"
