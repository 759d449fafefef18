"""Uploads that go: by their owner, or after their time; their bytes when nothing refers to them any more."""

import datetime
import os

import pytest
from sqlalchemy import func, select, update

from tests import factories
from tests.webapp.services.upload_files import DAMAGED, SOUND, bring, settle
from webapp.db import database_now
from webapp.errors import Conflict, NotFound, PermissionDenied, QuotaExceeded
from webapp.services import upload_removal, uploads
from webapp.storage import FileStore, FrameStore
from webapp.tables import AuditEvent, Upload, UploadFinding


@pytest.fixture
def files(tmp_path):
    return FileStore(tmp_path / "files")


@pytest.fixture
def ada(session):
    return factories.create_actor(session)


def actions(session):
    return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def age(session, upload, days):
    moment = database_now(session) - datetime.timedelta(days=days)
    session.execute(update(Upload).where(Upload.public_id == upload.id).values(created_at=moment))


def test_an_owner_deletes_what_is_not_stored(session, files, ada):
    upload = bring(session, files, ada, DAMAGED)
    bob = factories.create_actor(session)
    with pytest.raises(NotFound):
        upload_removal.delete_upload(session, bob, upload.id)
    with pytest.raises(PermissionDenied):
        upload_removal.delete_upload(session, factories.create_actor(session, "viewer"), upload.id)

    upload_removal.delete_upload(session, ada, upload.id)

    with pytest.raises(NotFound):
        uploads.get(session, ada, upload.id)
    assert session.scalar(select(func.count()).select_from(UploadFinding)) == 0
    assert actions(session) == ["upload.created", "upload.deleted"]


def test_what_is_stored_stays(session, files, ada, tmp_path):
    upload = bring(session, files, ada, SOUND)
    settle(session, files, FrameStore(tmp_path / "frames"), ada, upload.id, symbol="MINE")
    age(session, upload, 400)

    with pytest.raises(Conflict):
        upload_removal.delete_upload(session, ada, upload.id)
    assert upload_removal.clear_old(session, 30) == 0
    assert uploads.get(session, ada, upload.id).status == "stored"


def test_what_nobody_stores_is_cleared_away_after_its_time(session, files, ada):
    old, young = bring(session, files, ada, SOUND), bring(session, files, ada, SOUND)
    age(session, old, 31)
    age(session, young, 29)

    assert upload_removal.clear_old(session, 30) == 1
    assert [each.id for each in uploads.list_uploads(session, ada)[0]] == [young.id]
    assert actions(session)[-1] == "upload.cleared"
    assert upload_removal.clear_old(session, 30) == 0


def test_bytes_go_when_nothing_refers_to_them_and_they_are_not_young(session, files, ada):
    kept, gone = bring(session, files, ada, SOUND), bring(session, files, ada, DAMAGED)
    waiting, _ = files.receive([b"an import that waits"])
    young, _ = files.receive([b"just came in"])
    factories.create_acquisition(session, ada, kind="import", request={"content_hash": waiting})
    upload_removal.delete_upload(session, ada, gone.id)
    for content in (kept.content_hash, gone.content_hash, waiting):
        os.utime(files.path(content), (1e9, 1e9))

    assert upload_removal.remove_unused(session, files) == 1
    assert not files.path(gone.content_hash).exists()
    for content in (kept.content_hash, waiting, young):
        assert files.path(content).is_file()


def test_too_many_that_wait_are_refused_with_what_to_do(session, files, ada, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_WAITING", 1)
    upload = bring(session, files, ada, SOUND)
    with pytest.raises(QuotaExceeded, match="Delete one of yours"):
        bring(session, files, ada, SOUND)
    upload_removal.delete_upload(session, ada, upload.id)
    bring(session, files, ada, SOUND)
