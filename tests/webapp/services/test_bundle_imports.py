"""From one installation to another: what comes out is what went in, of whoever brought it, and says so."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.webapp.api import answered
from tests.webapp.bundles import packed
from webapp.errors import Conflict, NotFound, PermissionDenied, QuotaExceeded
from webapp.services import analyses, bundle_contents, bundle_imports, job_lists, listing, quotas, results, snapshots
from webapp.services.listing import Filters
from webapp.services.quotas import Limits
from webapp.storage import FileStore
from webapp.tables import Analysis, AuditEvent, PriceRevision, Trial

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def owner(session):
    return factories.create_actor(session)


@pytest.fixture
def files(tmp_path):
    return FileStore(tmp_path / "files")


def bring(session, store, files, actor, data=None):
    content_hash = bundle_imports.receive(files, [data or packed.content()])
    bundle = bundle_imports.read(session, files, actor, content_hash)
    return bundle_imports.create(session, store, actor, bundle, content_hash=content_hash)


def test_it_becomes_an_analysis_of_whoever_brings_it(session, store, files, owner):
    new_id = bring(session, store, files, owner)

    view = analyses.get(session, owner, new_id)
    assert (view.summary.title, view.summary.symbols, view.status) == ("Google", ("GOOG",), "succeeded")
    assert (view.spec_hash, view.result_hash) == (packed.about()["question_hash"], answered.answer().hash())
    assert view.summary.is_imported
    assert view.imported is not None
    assert (view.imported.id, view.imported.has_prices) == ("0123456789abcdef", False)
    found = results.load(session, store, owner, new_id)
    assert found.facts == answered.answer().facts
    assert list(found.frames) == list(answered.answer().frames)
    assert [item.is_imported for item in listing.search(session, owner, Filters()).items] == [True]
    [event] = session.query(AuditEvent)
    assert (event.action, event.subject) == ("analysis.imported", new_id)


def test_nobody_else_learns_of_it(session, store, files, owner):
    new_id = bring(session, store, files, owner)

    with pytest.raises(NotFound):
        analyses.get(session, factories.create_actor(session, "admin"), new_id)


def test_it_is_not_counted_as_computed_here(session, store, files, owner):
    new_id = bring(session, store, files, owner)

    assert session.query(Trial).count() == 0
    assert results.load(session, store, owner, new_id, []).n_ledger_trials == 0
    assert job_lists.list_jobs(session, owner).finished == ()
    assert quotas.get_own(session, owner).cpu_seconds == 0


def test_its_room_is_counted(session, store, files, owner):
    bring(session, store, files, owner)
    assert quotas.stored_bytes(session, owner.user_id) > 10_000

    user = session.get_one(factories.User, owner.user_id)
    quotas.set_of(session, None, user.public_id, limits=Limits(storage_bytes=20_000))
    with pytest.raises(QuotaExceeded):
        bring(session, store, files, owner)


def test_whoever_may_not_run_may_not_bring(session, store, files):
    viewer = factories.create_actor(session, "viewer")

    with pytest.raises(PermissionDenied):
        bring(session, store, files, viewer)


def test_without_its_prices_it_is_not_run_again(session, store, files, owner):
    new_id = bring(session, store, files, owner)

    with pytest.raises(Conflict, match="not in this installation"):
        analyses.rerun(session, owner, new_id)


def test_with_its_prices_a_rerun_asks_the_same_of_the_same(session, store, files, owner):
    series = factories.create_prices(session, store, factories.delivery("GOOG", "2004-08-19", "2013-12-31"))
    [content_hash] = session.scalars(select(PriceRevision.content_hash))
    vintage = {"symbol": "GOOG", "source": "sample", "calendar": "XNYS", "currency": "USD", "revision": 9}
    data = packed.pack(prices=[{**vintage, "content_hash": content_hash}])

    new_id = bring(session, store, files, owner, data)
    imported = analyses.get(session, owner, new_id).imported
    assert imported is not None
    assert imported.has_prices
    again = session.query(Analysis).filter_by(public_id=analyses.rerun(session, owner, new_id)).one()
    assert (again.pins, again.imported_at) == ({"n_tuning_trials": 3}, None)
    [vintage] = snapshots.vintages_of(session, again.snapshot_id)
    assert (vintage.series_id, vintage.revision) == (series.id, 1)


def test_what_was_imported_can_be_exported_again(session, store, files, owner, tmp_path):
    new_id = bring(session, store, files, owner)
    row = session.query(Analysis).filter_by(public_id=new_id).one()
    path = tmp_path / "again.zip"
    made_at = factories.NOW
    bundle_contents.write(bundle_contents.read(session, row.id, made_at=made_at), store, path)

    again = bring(session, store, files, owner, path.read_bytes())
    assert analyses.get(session, owner, again).imported.id == "0123456789abcdef"
    assert analyses.get(session, owner, again).result_hash == answered.answer().hash()
