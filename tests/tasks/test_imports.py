"""Importing a file, as a data worker does."""

import pytest

from quant.errors import InvalidPrices
from tasks.hands import Hands
from tasks.imports import import_file
from tests import factories
from tests.webapp.services.upload_files import SOUND
from webapp.jobs import Queue
from webapp.services import acquisition_jobs, imports, uploads
from webapp.tables import Acquisition

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def parts(settings, database, tmp_path):
    return Hands(settings.model_copy(update={"home": tmp_path}), database, Queue(""))


def handed_in(parts, text):
    content_hash, n_bytes = imports.receive(parts.files, [text.encode()])
    with parts.database.write() as session:
        ada = factories.create_actor(session)
        imports.submit(
            session, ada, filename="big.csv", content_hash=content_hash, n_bytes=n_bytes,
            instrument={"symbol": "ABC"}, layout={},
        )  # fmt: skip
        return ada, acquisition_jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=3)


def test_a_sound_file_is_stored_and_the_job_ends_with_it(parts):
    ada, claim = handed_in(parts, SOUND)
    import_file(parts, claim)

    with parts.database.read() as session:
        row = session.query(Acquisition).one()
        assert (row.status, row.n_added, row.message) == ("succeeded", 40, "40 bars from big.csv; 0 rows stay out.")
        [upload], _ = uploads.list_uploads(session, ada)
        assert (upload.status, upload.symbol) == ("stored", "ABC")


def test_what_has_to_be_answered_is_kept_for_the_page(parts):
    ada, claim = handed_in(parts, SOUND.replace("close", "note"))
    with pytest.raises(InvalidPrices, match="Answer on the page Upload prices"):
        import_file(parts, claim)

    with parts.database.read() as session:
        [upload], _ = uploads.list_uploads(session, ada)
        assert (upload.status, upload.is_storable) == ("checked", False)
