"""Judging a file again."""

import pytest

from quant.errors import UnreadableFile
from tests import factories
from tests.webapp.services.upload_files import DAMAGED, bring
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.services import upload_judging
from webapp.services.upload_judging import Decision
from webapp.storage import FileStore


def test_judging_again_writes_nothing(session, tmp_path, count_queries):
    files, ada = FileStore(tmp_path), factories.create_actor(session)
    upload = bring(session, files, ada, DAMAGED)
    with count_queries(session) as statements:
        prepared = upload_judging.prepare(
            session, files, ada, upload.id, decisions=[Decision("non_positive_price", "refuse", "because")]
        )

    assert not prepared.examination.is_storable
    assert all(statement.startswith("SELECT") for statement in statements)


def test_mistakes_in_choices_are_named_by_their_field(tmp_path):
    content_hash, _ = FileStore(tmp_path).receive([DAMAGED.encode()])
    with pytest.raises(InvalidInput) as caught:
        upload_judging.examine(FileStore(tmp_path), content_hash, {"timezone": "Mars"})
    assert "time zone" in caught.value.fields["timezone"]


def test_a_file_that_is_gone_is_said_to_be(tmp_path):
    with pytest.raises(UnreadableFile, match="Upload it again"):
        upload_judging.examine(FileStore(tmp_path), "0" * 64)


def test_another_and_a_viewer_judge_nothing(session, tmp_path):
    files, ada = FileStore(tmp_path), factories.create_actor(session)
    upload = bring(session, files, ada, DAMAGED)
    with pytest.raises(NotFound):
        upload_judging.prepare(session, files, factories.create_actor(session, "admin"), upload.id)
    with pytest.raises(PermissionDenied):
        upload_judging.prepare(session, files, factories.create_actor(session, "viewer"), upload.id)
