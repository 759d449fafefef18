import pytest

from quant.spec import AnalysisSpec
from tests import factories
from tests.webapp.api.answered import QUESTION, answer
from webapp.services import analyses, document_contents, jobs, results, snapshots
from webapp.tables import Analysis, PriceSeries

pytestmark = pytest.mark.databases("sqlite")


def test_it_is_the_answer_with_the_prices_that_were_pinned(session, store):
    factories.create_prices(session, store, factories.delivery("GOOG", "2004-08-19", "2007-12-31"))
    owner, spec = factories.create_actor(session), AnalysisSpec.model_validate(QUESTION)
    public_id = analyses.submit(session, owner, spec, title="Mine")
    claim = jobs.claim_next(session, worker="test", pid=1, lease_seconds=60.0, max_attempts=1)
    jobs.pin(session, claim, snapshot_id=snapshots.pin_for(session, store, owner.user_id, spec))
    stored = results.store_result(store, claim, answer())
    results.save(session, claim, answer(), stored, series_ids=(session.query(PriceSeries).one().id,))

    found = document_contents.read(session, store, session.query(Analysis).one().id, ("equity",))

    assert found.view.summary.title == "Mine"
    assert found.view.id == public_id
    assert found.result.result_hash == answer().hash()
    assert set(found.result.frames) == {"equity"}
    assert [(each.symbol, each.revision) for each in found.vintages] == [("GOOG", 1)]
