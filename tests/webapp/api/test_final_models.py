import hashlib

import pytest

from tests.webapp.api.answered import finish
from tests.webapp.api.calls import problem
from tests.webapp.services.test_final_models import add_bars, keep

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def answered(app, database, google, me):
    keep(app)
    return finish(app, database, me.actor)


def test_the_newest_bar_is_predicted_on_request(app, database, me, answered):
    refused = me.get(f"/analyses/{answered}/newest")
    assert "Fetch newer prices first" in problem(refused, 422, "not_enough_data")["detail"]
    add_bars(app, database)
    said = me.get(f"/analyses/{answered}/newest").json

    assert said["as_of"].startswith("2008-01-31T21:00")
    assert said["predictions"][0]["symbol"] == "GOOG"
    assert (said["n_bars_since"], said["is_as_before"]) == (21, True)


def test_the_model_is_a_file_that_names_its_hash(me, answered):
    answer = me.get(f"/analyses/{answered}/model")

    assert answer.mimetype == "application/octet-stream"
    assert hashlib.sha256(answer.data).hexdigest() in answer.headers["ETag"]
    assert f"assay-{answered}-model.skops" in answer.headers["Content-Disposition"]
    again = me.get(f"/analyses/{answered}/model", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_an_answer_without_a_model_is_a_conflict(app, database, google, me):
    keep(app, is_kept=False)
    older = finish(app, database, me.actor)
    for what in ("model", "newest"):
        assert "Run the analysis again" in problem(me.get(f"/analyses/{older}/{what}"), 409, "conflict")["detail"]
