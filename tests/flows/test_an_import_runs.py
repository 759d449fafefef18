"""Files as jobs: through a real data worker and a real broker, stored, or kept with what has to be answered first."""

import pytest

from tests.flows.conftest import wait_until
from tests.webapp.services.upload_files import SOUND
from webapp import jobs
from webapp.services import acquisitions, imports, prices, uploads
from webapp.services.workflow import Status
from webapp.storage import FileStore

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.databases("sqlite")]

ASKED = SOUND.replace("timestamp,open,high,low,close", "timestamp,open,high,low,zettel")


def hand_in(stage, text, symbol):
    files = FileStore(stage.settings.home / "files")
    content_hash, n_bytes = imports.receive(files, [text.encode()])
    with stage.database.write() as session:
        public_id = imports.submit(
            session, stage.actor, filename=f"{symbol}.csv", content_hash=content_hash, n_bytes=n_bytes,
            instrument={"symbol": symbol}, layout={},
        )  # fmt: skip
        stage.queue.send_after_commit(session, jobs.ACQUIRE)
    return public_id


def end_of(stage, acquisition_id):
    def look():
        with stage.database.read() as session:
            view = acquisitions.get(session, stage.actor, acquisition_id)
        return view if view.status.is_final else None

    return wait_until(look, seconds=60, what=f"the end of {acquisition_id}")


def test_a_file_is_imported_and_one_that_has_to_be_asked_about_waits_for_its_owner(stage):
    stage.start_worker(is_for_data=True)
    stored, asked = hand_in(stage, SOUND, "MINE"), hand_in(stage, ASKED, "ASKED")

    view = end_of(stage, stored)
    assert (view.status, view.n_added) == (Status.SUCCEEDED, 40), view.error_message
    failed = end_of(stage, asked)
    assert failed.status is Status.FAILED
    assert "found no close" in failed.error_message
    assert "Upload prices" in failed.error_message

    with stage.database.read() as session:
        found = prices.list_instruments(session, stage.actor, source="upload")
        waiting = {each.filename: each.status for each in uploads.list_uploads(session, stage.actor)[0]}
    assert [each.symbol for each in found.items] == ["MINE"]
    assert waiting == {"MINE.csv": "stored", "ASKED.csv": "checked"}
