"""The whole life of a study over REST."""

import pytest

from tests import factories
from tests.webapp.services.test_study_portfolios import give_answer
from webapp import jobs
from webapp.auth.session import parts_of

pytestmark = pytest.mark.databases("sqlite")

AXES = [{"path": "instruments", "values": ["GOOG", "MSFT"]}, {"path": "model", "values": ["logistic", "svm"]}]
BODY = {"title": "Mine", "axes": AXES}


@pytest.fixture(autouse=True)
def _prices(database):
    with database.write() as session:
        for symbol in ("GOOG", "MSFT"):
            factories.create_series(session, factories.create_security(session, symbol=symbol), revision=1)


def test_it_is_measured_submitted_watched_and_commanded(me, jobs_sent):
    assert me.post("/study-size", json={"axes": AXES}).json == {
        "n_combinations": 4, "n_folded": 0, "n_members": 4, "limit": 1000,
    }  # fmt: skip
    submitted = me.post("/studies", json=BODY)
    assert submitted.status_code == 202
    assert jobs_sent == [jobs.WORK] * 4
    address = submitted.headers["Location"].removeprefix("/api/v1")
    assert address == f"/studies/{submitted.json['id']}"

    watched = me.get(address)
    assert watched.json == submitted.json
    assert (watched.json["state"], watched.json["counts"]["queued"]) == ("queued", 4)
    assert watched.json["axes"][1]["words"] == ["Logistic regression", "Support vector machine"]
    assert me.get(address, headers={"If-None-Match": watched.headers["ETag"]}).status_code == 304
    assert [item["id"] for item in me.get("/studies").json["items"]] == [submitted.json["id"]]

    members = me.get(f"{address}/members?limit=3").json
    assert [item["words"][0] for item in members["items"]] == ["GOOG", "GOOG", "MSFT"]
    assert me.get(f"/analyses/{members['items'][0]['id']}").json["study_id"] == submitted.json["id"]
    assert me.get("/analyses").json["total"] == 0
    assert me.get("/analyses?members=only").json["total"] == 4

    assert me.post(f"{address}/pause").json["state"] == "paused"
    assert me.post(f"{address}/resume").json["state"] == "queued"
    assert me.delete(address).status_code == 409
    assert me.post(f"{address}/cancel").json["counts"]["cancelled"] == 4
    assert me.post(f"{address}/retry").json["state"] == "finished"
    assert jobs_sent == [jobs.WORK] * 8
    assert me.delete(address).status_code == 204
    assert me.get(address).status_code == 404


def test_a_board_and_a_heat_map_are_there_from_the_start(me):
    address = f"/studies/{me.post('/studies', json=BODY).json['id']}"

    board = me.get(f"{address}/leaderboard?limit=3&sort=total_return").json
    assert (len(board["rows"]), board["n_members"], board["n_trials"]) == (3, 4, 0)
    assert board["sentence"].startswith("Nothing has succeeded yet.")
    heat = me.get(f"{address}/heat-map?rows=model&measure=deflated_sharpe_ratio&over=max").json
    assert (heat["rows"]["path"], heat["columns"]["path"]) == ("model", "instruments")
    assert heat["cells"][0][0] == {"value": None, "n_members": 1, "n_succeeded": 0, "n_failed": 0}
    assert me.get(f"{address}/heat-map?rows=seed").status_code == 422


def test_mistakes_are_named_by_their_place_in_the_body(me):
    wrong = {"spec": {"seed": -1}, "axes": [{"path": "instruments", "values": ["GOOG", "NONE", ""]}]}
    refused = me.post("/studies", json=wrong)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["axes.0.values.2", "spec.seed"]
    assert me.post("/study-size", json=wrong).json["errors"] == refused.json["errors"]


def test_a_repeated_submission_makes_one_study(me):
    key = {"Idempotency-Key": "once"}
    first, second = (me.post("/studies", json=BODY, headers=key) for _ in range(2))
    assert first.json == second.json
    assert len(me.get("/studies").json["items"]) == 1
    sizes = [me.post("/study-size", json={"axes": AXES}, headers={"Idempotency-Key": "size"}) for _ in range(2)]
    assert sizes[0].json == sizes[1].json


def test_what_members_earned_together_is_answered(me, app, database):
    with database.write() as session:
        study = factories.create_study(session, me.actor, {}, {}, axes=AXES[:1])
        for number in range(2):
            give_answer(session, parts_of(app).store, study, number, score=0.5)
        address = f"/studies/{study.public_id}/portfolio"
    found = me.get(f"{address}?method=minimum_variance&window=40&rebalance_bars=10&cost_bps=0")
    assert found.status_code == 200
    ids = [each["id"] for each in found.json["members"]]
    assert list(found.json["curves"]["shares"]) == ids
    assert [each["name"] for each in found.json["measures"]] == ["together", "equal", *ids]
    assert len(found.json["curves"]["timestamp"]) == len(found.json["curves"]["wealth"]["together"]) == 260
    assert found.json["measures"][0]["sharpe_ratio_span"]["lower"] < found.json["measures"][0]["sharpe_ratio"]
    assert (found.json["overfitting"], found.json["left_out"]) == (None, [])
    alone = me.get(f"{address}?window=40&members={ids[1]}").json
    assert [each["id"] for each in alone["members"]] == ids[1:]
    assert alone["difference"] == pytest.approx(0)
    refused = me.get(f"{address}?window=400")
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "window")
    assert me.get(f"{address}?members=none").status_code == 422
    assert me.get(f"{address}?method=best").status_code == 422
    with database.write() as session:
        waiting = factories.create_study(session, me.actor, {}).public_id
    assert me.get(f"/studies/{waiting}/portfolio").status_code == 409
