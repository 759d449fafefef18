"""The whole life of a template over REST."""

import pytest

pytestmark = pytest.mark.databases("sqlite")

BODY = {"name": "Mine", "description": "Small", "spec": {"models": [{"name": "svm"}]}, "is_shared": True}


def test_it_is_kept_read_replaced_and_deleted(me):
    created = me.post("/templates", json=BODY)
    assert created.status_code == 201
    assert "instruments" not in created.json["spec"]
    address = f"/templates/{created.json['id']}"

    assert me.get(address).json == created.json
    assert me.get("/templates").json == {"items": [created.json]}
    assert me.put(address, json={**BODY, "name": "Other"}).json["name"] == "Other"
    assert me.delete(address).status_code == 204
    assert me.get(address).status_code == 404


def test_a_question_with_mistakes_is_refused_with_their_fields(me):
    refused = me.post("/templates", json={**BODY, "spec": {"seed": "x"}})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["seed"]


def test_a_name_that_is_taken_is_a_conflict(me):
    me.post("/templates", json=BODY)
    assert me.post("/templates", json=BODY).status_code == 409
