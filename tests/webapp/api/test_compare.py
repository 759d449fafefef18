import pytest

from tests import factories
from tests.webapp.api.answered import finish
from tests.webapp.api.calls import fields, problem

pytestmark = pytest.mark.databases("sqlite")


def test_analyses_are_compared(me, app, database, answered):
    second = finish(app, database, me.actor)
    body = me.get(f"/compare?ids={answered},{second}").json

    assert [each["id"] for each in body["analyses"]] == [answered, second]
    assert body["parameters"] == []
    [pair] = body["pairs"]
    assert (pair["id"], pair["is_same_answer"], pair["test"]["p_value"]) == (second, True, None)
    assert (pair["p_value"], pair["resampled"]["n_resamples"]) == (None, 0), "they never differ"
    assert [cause["kind"] for cause in pair["causes"]] == ["parameters", "data", "seed", "library", "code"]
    assert len(body["curves"]["timestamp"]) == len(body["curves"]["wealth"][1])
    assert body["curves"]["timestamp"][0].endswith("Z")
    assert {each["name"] for each in body["metrics"]} >= {"sharpe_ratio", "total_return"}


def test_what_cannot_be_compared_is_refused(me, call_as, database, answered):
    with database.write() as session:
        waiting = factories.create_analysis(session, me.actor).public_id

    assert set(fields(me.get(f"/compare?ids={answered}"))) == {"ids"}
    assert set(fields(me.get("/compare?ids=%20"))) == {"ids"}
    problem(me.get(f"/compare?ids={answered},{waiting}"), 409, "conflict")
    problem(call_as().get(f"/compare?ids={answered},{waiting}"), 404, "not_found")
