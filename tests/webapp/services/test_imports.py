"""Files that the command line hands in: submitted by a door, carried by a data worker."""

import pytest

from quant.errors import InvalidPrices
from tests import factories
from tests.webapp.services.upload_files import DAMAGED, SOUND
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.services import acquisition_jobs, imports, prices, uploads
from webapp.services.imports import Decision
from webapp.storage import FileStore


@pytest.fixture
def files(tmp_path):
    return FileStore(tmp_path / "files")


def submit(session, files, actor, text, **said):
    content_hash, n_bytes = imports.receive(files, [text.encode()])
    given = {"instrument": {"symbol": "ABC"}, "layout": {}, **said}
    imports.submit(session, actor, filename="big.csv", content_hash=content_hash, n_bytes=n_bytes, **given)
    claim = acquisition_jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=3)
    assert (claim.kind, claim.source, claim.symbol) == ("import", "upload", "ABC")
    return claim


def carry(session, files, store, claim):
    examination = imports.judge(files, claim)
    upload = imports.keep(session, claim, examination)
    return imports.store(session, store, claim, upload, examination)


def test_a_file_goes_through_the_queue_into_a_series_of_its_owner(session, store, files):
    ada = factories.create_actor(session)
    claim = submit(session, files, ada, SOUND, instrument={"symbol": "ABC", "name": "Abc", "currency": "EUR"})
    outcome = carry(session, files, store, claim)

    assert (outcome.revision, outcome.n_bars, outcome.n_added) == (1, 40, 40)
    assert outcome.message == "40 bars from big.csv; 0 rows stay out."
    [found] = prices.search_instruments(session, ada)
    assert (found.symbol, found.currency, found.is_own) == ("ABC", "EUR", True)
    acquisition_jobs.finish(session, claim, outcome)


def test_what_was_said_and_decided_is_kept_with_the_file(session, store, files):
    ada = factories.create_actor(session)
    said = [Decision("non_positive_price", "quarantine", "known")]
    claim = submit(session, files, ada, DAMAGED, layout={"calendar": "XNYS"}, decisions=said)
    carry(session, files, store, claim)

    [upload], _ = uploads.list_uploads(session, ada)
    kept = uploads.get(session, ada, upload.id)
    assert (kept.status, kept.choices, kept.decisions[0].reason) == ("stored", {"calendar": "XNYS"}, "known")


def test_what_has_to_be_answered_leaves_an_upload_to_answer(session, store, files):
    ada = factories.create_actor(session)
    claim = submit(session, files, ada, SOUND.replace("close", "note"))
    examination = imports.judge(files, claim)
    upload = imports.keep(session, claim, examination)
    with pytest.raises(InvalidPrices, match="no close"):
        imports.store(session, store, claim, upload, examination)

    assert uploads.get(session, ada, upload.id).status == "checked"


def test_who_may_not_bring_prices_does_not_by_this_door_either(session, files):
    with pytest.raises(PermissionDenied):
        submit(session, files, factories.create_actor(session, "viewer"), SOUND)
    with pytest.raises(InvalidInput):
        submit(session, files, factories.create_actor(session), SOUND, instrument={"symbol": "A B"})


def test_an_owner_is_found_by_e_mail_while_they_may_sign_in(session):
    user = factories.create_user(session, email="ada@example.org")
    assert imports.owner_by_email(session, " Ada@Example.org ").user_id == user.id

    user.is_active = False
    session.flush()
    with pytest.raises(NotFound, match="ada"):
        imports.owner_by_email(session, "ada@example.org")


def test_what_is_too_large_leaves_nothing(files, monkeypatch):
    monkeypatch.setattr(imports, "MOST_BYTES", 10)
    with pytest.raises(InvalidInput, match="larger"):
        imports.receive(files, [b"x" * 8, b"x" * 8])
    assert not [each for each in files.root.rglob("*") if each.is_file()]
