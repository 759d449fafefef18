"""What goes into a bundle; `test_bundle_imports` brings it in again."""

import json

import pytest

from tests.webapp.api import answered
from tests.webapp.bundles import packed
from webapp.auth.session import parts_of
from webapp.bundles.manifest import MANIFEST
from webapp.bundles.reading import read
from webapp.errors import NotFound
from webapp.services import bundle_contents
from webapp.tables import Analysis, PriceRevision

pytestmark = pytest.mark.databases("sqlite")


def test_a_finished_analysis_is_packed_with_the_hashes_of_its_prices(app, database, log_in, tmp_path):
    answered.load_google(app, database)
    public_id = answered.finish(app, database, log_in())
    store, path = parts_of(app).store, tmp_path / "bundle.zip"
    with database.read() as session:
        row = session.query(Analysis).filter_by(public_id=public_id).one()
        contents = bundle_contents.read(session, row.id, made_at=row.finished_at)
        [content_hash] = session.query(PriceRevision.content_hash).one()
        result_key = row.result_key
    bundle_contents.write(contents, store, path)

    found = read(path)
    assert found.manifest.analysis.id == public_id
    assert [each.content_hash for each in found.manifest.prices] == [content_hash]
    assert found.facts == answered.answer().facts
    said = json.loads(packed.members(path.read_bytes())[MANIFEST])
    assert "example.org" not in json.dumps(said)  # whose it was stays at home

    store.remove(result_key)
    with pytest.raises(NotFound, match="gone"):
        bundle_contents.write(contents, store, path)
