import datetime
import io
import json
import logging

import pytest

from quant.spec import AnalysisSpec
from tests import factories
from tests.webapp.api.answered import QUESTION
from tests.webapp.api.calls import Caller, fields, problem, without_id
from webapp import jobs
from webapp.logs import JsonFormatter
from webapp.permissions import GRANTS, Permission, Role
from webapp.services import workers
from webapp.tables import Analysis, AuditEvent, LogLine, User

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def ask(database, me):
    """`ask(status="running")` returns the public id of an analysis of mine in that state."""

    def make(owner=None, **values):
        with database.write() as session:
            return factories.create_analysis(session, owner or me.actor, **values).public_id

    return make


@pytest.fixture
def n_analyses(database):
    def count():
        with database.read() as session:
            return session.query(Analysis).count()

    return count


# --- submitting -----------------------------------------------------------------------------------------------------


@pytest.mark.databases("sqlite", "postgresql")
def test_a_submission_is_queued_and_its_address_told(me, google, database, jobs_sent):
    answer = me.post("/analyses", json={"spec": QUESTION, "title": "  My  idea "})

    assert answer.status_code == 202
    assert answer.json["status"] == "queued"
    assert answer.location == f"/api/v1/analyses/{answer.json['id']}"
    assert jobs_sent == [jobs.WORK]
    seen = me.client.get(answer.location).json
    assert seen["title"] == "My idea"
    assert seen["spec"] == AnalysisSpec.model_validate(QUESTION).resolved()
    with database.read() as session:
        event = session.query(AuditEvent).filter_by(action="analysis.submitted").one()
        assert (event.user_id, event.address) == (me.actor.user_id, "127.0.0.1")


def test_a_submission_is_one_line_of_the_log_that_names_request_person_and_analysis(me, google, database):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("webapp.services.submissions")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        answer = me.post("/analyses", json={"spec": QUESTION}, headers={"X-Request-ID": "abc-12345"})
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    (line,) = [json.loads(text) for text in written.getvalue().splitlines()]

    with database.read() as session:
        person = session.query(User).filter_by(id=me.actor.user_id).one()
        assert session.query(Analysis).one().request_id == "abc-12345"
    assert {key: line[key] for key in ("request_id", "user", "analysis")} == {
        "request_id": "abc-12345", "user": person.public_id, "analysis": answer.json["id"],
    }  # fmt: skip
    assert person.email not in written.getvalue()


def test_what_was_stored_can_be_submitted_again(me, google):
    first = me.client.get(me.post("/analyses", json={"spec": QUESTION}).location).json
    again = me.client.get(me.post("/analyses", json={"spec": first["spec"]}).location).json

    assert again["spec_hash"] == first["spec_hash"]


def test_a_whole_number_may_be_written_with_a_point(me, google):
    body = f'{{"spec": {{"instruments": [{{"symbol": "GOOG"}}], "seed": 5.0}}, "title": "{"x" * 120}"}}'
    answer = me.post("/analyses", data=body, content_type="application/json; charset=utf-8")

    assert me.client.get(answer.location).json["spec"]["seed"] == 5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": "1"}, "spec.seed"),
        ({"seed": True}, "spec.seed"),
        ({"seed": 1.5}, "spec.seed"),
        ({"importance": 1}, "spec.importance"),
        ({"instruments": []}, "spec.instruments"),
        ({"instruments": [{"symbol": "a b"}]}, "spec.instruments.0.symbol"),
        ({"instruments": [{"symbol": "GOOG"}, {"symbol": "NONE"}]}, "spec.instruments.1.symbol"),
        ({"features": [{"name": "return", "window": 0}]}, "spec.features.0.window"),
        ({"features": [{"name": "crystal_ball"}]}, "spec.features.0"),
        ({"features": [{"name": "rsi"}, {"name": "rsi"}]}, "spec.features"),
        ({"models": [{"name": "xgboost", "trees": 5}]}, "spec.models.0.trees"),
        ({"backtest": {"sizing": {"name": "fixed_fraction", "fraction": 9}}}, "spec.backtest.sizing.fraction"),
        ({"start": "2008-01-01"}, "spec"),
        ({"start": "01.01.2005"}, "spec.start"),
        ({"spec_version": 2}, "spec.spec_version"),
        ({"surprise": None}, "spec.surprise"),
    ],
)
def test_a_question_that_does_not_fit_is_named_by_its_field(me, google, n_analyses, jobs_sent, change, field):
    assert set(fields(me.post("/analyses", json={"spec": {**QUESTION, **change}}))) == {field}
    assert n_analyses() == 0
    assert jobs_sent == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "spec"),
        ({"spec": None}, "spec"),
        ({"spec": QUESTION, "title": "x" * 121}, "title"),
        ({"spec": QUESTION, "title": "a\u0000b"}, "title"),
        ({"spec": QUESTION, "title": None}, "title"),
        ({"spec": QUESTION, "owner": 1}, "owner"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_a_body_that_does_not_fit_is_named_by_its_field(me, google, body, field):
    assert set(fields(me.post("/analyses", json=body))) == {field}


def test_messages_say_what_was_expected_and_found(me, google):
    change = {"seed": -1, "models": [{"name": "logistic", "c": 5000}, {"name": "oracle"}], "surprise": 1, "label": "x"}
    named = fields(me.post("/analyses", json={"spec": {**QUESTION, **change}}))

    assert named["spec.seed"] == "Expected greater than or equal to 0; found -1."
    assert named["spec.models.0.c"] == "Expected less than or equal to 1000; found 5000."
    assert "random_forest" in named["spec.models.1"]
    assert named["spec.surprise"] == "There is no such field."
    assert set(named) == {"spec.seed", "spec.models.0.c", "spec.models.1", "spec.surprise", "spec.label"}


def test_a_refused_commit_sends_nothing(me, google, jobs_sent, monkeypatch):
    monkeypatch.setattr("webapp.services.audit.record", _fail)
    with pytest.raises(RuntimeError):
        me.post("/analyses", json={"spec": QUESTION})

    assert jobs_sent == []


def _fail(*_args, **_options):
    raise RuntimeError


# --- who may --------------------------------------------------------------------------------------------------------

ROUTES = [
    ("POST", "/analyses", Permission.ANALYSES_RUN),
    ("POST", "/analyses/{id}/cancel", Permission.ANALYSES_RUN),
    ("POST", "/analyses/{id}/rerun", Permission.ANALYSES_RUN),
    ("GET", "/analyses", Permission.ANALYSES_READ),
    ("GET", "/analyses/{id}", Permission.ANALYSES_READ),
    ("GET", "/analyses/{id}/log", Permission.ANALYSES_READ),
]


@pytest.mark.parametrize(("method", "path", "permission"), ROUTES)
def test_strangers_and_narrow_tokens_are_refused_before_anything_is_read(
    stranger, call_as, me, ask, method, path, permission
):
    path = "/api/v1" + path.format(id=ask())
    narrow = call_as(scopes=GRANTS[Role.RESEARCHER] - {permission})

    problem(stranger.client.open(path, method=method, data="{"), 401, "not_signed_in")
    problem(narrow.client.open(path, method=method, data="{"), 403, "permission_denied")


@pytest.mark.parametrize("path", [path for method, path, _ in ROUTES if method == "POST"])
def test_a_viewer_only_looks(call_as, database, path, jobs_sent):
    viewer = call_as("viewer")
    with database.write() as session:
        public_id = factories.create_analysis(session, viewer.actor).public_id

    problem(viewer.post(path.format(id=public_id), json={"spec": QUESTION}), 403, "permission_denied")
    assert viewer.get(f"/analyses/{public_id}").json["status"] == "queued"
    assert jobs_sent == []


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in ROUTES if "{id}" in path])
@pytest.mark.parametrize("role", ["researcher", "admin"])
def test_anothers_analysis_is_missing_in_the_same_words(call_as, ask, method, path, role):
    other = call_as(role)
    theirs, missing, odd = (
        other.client.open("/api/v1" + path.format(id=each), method=method) for each in (ask(), "0" * 16, "x'--")
    )

    problem(theirs, 404, "not_found")
    assert without_id(theirs) == without_id(missing) == without_id(odd)


def test_a_token_that_may_run_but_not_read_can_still_submit(call_as, google):
    answer = call_as(scopes=[Permission.ANALYSES_RUN]).post("/analyses", json={"spec": QUESTION})

    assert answer.status_code == 202


def test_beside_a_cookie_a_csrf_token_is_needed(client, log_in, google):
    log_in()
    client.get("/app/", headers={"Accept": "text/html"})
    browser = Caller(client)

    problem(browser.post("/analyses", json={"spec": QUESTION}), 400, "csrf_failed")
    headers = {"X-CSRFToken": client.get_cookie("_csrf_token").decoded_value}
    assert browser.post("/analyses", json={"spec": QUESTION}, headers=headers).status_code == 202


# --- lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.databases("sqlite", "postgresql")
def test_a_list_has_mine_only_newest_first(me, ask, call_as):
    old = ask(title="Old", submitted_at=factories.NOW - datetime.timedelta(days=1))
    new = ask(title="New", status="running", stage="train", progress=0.5, started_at=factories.NOW)
    ask(owner=call_as().actor)
    body = me.get("/analyses").json

    assert [item["id"] for item in body["items"]] == [new, old]
    assert (body["total"], body["next"]) == (2, None)
    assert body["items"][0] == {
        "id": new,
        "status": "running",
        "title": "New",
        "owner": me.actor.name,
        "symbols": ["GOOG"],
        "progress": 0.5,
        "stage": "train",
        "verdict": None,
        "is_credible": None,
        "error_code": None,
        "submitted_at": "2026-01-02T03:04:05.678900Z",
        "started_at": "2026-01-02T03:04:05.678900Z",
        "finished_at": None,
        "is_own": True,
        "tags": [],
        "is_archived": False,
        "is_imported": False,
        "n_bytes": None,
    }


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("status=queued", ["queued"]),
        ("status=queued&status=failed", ["failed", "queued"]),
        ("text=AIL", ["failed"]),
        ("text=%25", []),
        ("limit=1", ["running"]),
    ],
)
def test_a_list_can_be_narrowed(me, ask, query, titles):
    for status in ("queued", "failed", "running"):
        ask(status=status, title=status)

    assert [item["title"] for item in me.get(f"/analyses?{query}").json["items"]] == titles


def test_an_analysis_is_renamed_tagged_and_archived(me, ask, call_as):
    first = ask(title="Old")
    address = f"/api/v1/analyses/{first}"
    noted = me.client.patch(address, json={"title": "New", "tags": ["Idea"], "archived": True}).json

    assert (noted["title"], noted["tags"], noted["is_archived"]) == ("New", ["idea"], True)
    assert me.get("/analyses").json["total"] == 0
    assert me.get("/analyses?archived=only&tag=idea").json["items"] == [noted]
    assert me.client.patch(address, json={}).json == noted
    assert set(fields(me.client.patch(address, json={"tags": ["a,b"]}))) == {"tags"}
    problem(call_as("admin").client.patch(address, json={"title": "Mine"}), 404, "not_found")


def test_everybodys_are_for_administrators_and_without_content(me, ask, call_as):
    ask(title="secret", is_credible=True)

    problem(me.get("/analyses?scope=all"), 403, "permission_denied")
    answer = call_as("admin").get("/analyses?scope=all")
    [item] = answer.json["items"]
    assert (item["title"], item["symbols"], item["is_credible"], item["n_bytes"]) == ("", [], None, 0)
    assert "secret" not in answer.text
    assert set(fields(call_as("admin").get("/analyses?scope=all&tag=x"))) == {"tag"}


def test_what_is_shared_tells_nothing_of_what_its_owner_noted_nor_that_others_are_there(me, ask, call_as, database):
    """Not by what it says, and not by how many match: `scope=shared&tag=…` is no way to guess somebody's tags."""
    reader = call_as()
    shared, private = ask(title="Shared"), ask(title="Private")
    for public_id in (shared, private):
        me.client.patch(f"/api/v1/analyses/{public_id}", json={"tags": ["secret"], "archived": public_id == shared})
    with database.read() as session:
        email = session.get_one(User, reader.actor.user_id).email
    me.post(f"/analyses/{shared}/shares", json={"kind": "user", "email": email})

    found = reader.get("/analyses?scope=shared")
    assert [(item["id"], item["tags"], item["is_archived"]) for item in found.json["items"]] == [(shared, [], False)]
    assert "secret" not in found.text
    assert "secret" not in reader.get(f"/analyses/{shared}").text
    nothing = reader.get("/analyses?scope=shared&tag=nobody-has-this").json
    for query in ("tag=secret", "tag=secret&archived=only", "text=secret", "text=private", "tag=secret&members=also"):
        assert reader.get(f"/analyses?scope=shared&{query}").json == nothing, query


def test_a_list_costs_the_same_however_long_it_is(me, ask, app, count_queries):
    me.get("/analyses")
    costs = []
    for _ in range(2):
        for _ in range(5):
            ask()
        with count_queries(app.extensions["assay"].database.engine) as statements:
            me.get("/analyses")
        costs.append(len(statements))

    assert costs == [6, 6]  # what time it is, who asks, how many there are, which, their rows, their tags


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status.0"),
        ("status=queued&status=", "status.1"),
        ("limit=501", "limit"),
        ("cursor=x", "cursor"),
        ("offset=1", "offset"),
        (f"text={'x' * 121}", "text"),
        ("state=queued", "state"),
    ],
)
def test_a_list_query_that_does_not_fit_is_named(me, query, field):
    assert set(fields(me.get(f"/analyses?{query}"))) == {field}


# --- watching -------------------------------------------------------------------------------------------------------


def test_a_queued_analysis_says_where_it_stands_and_why_it_waits(me, ask, database):
    with database.write() as session:
        workers.beat(session, "host:1:1")
    ask(submitted_at=factories.NOW - datetime.timedelta(hours=1))
    body = me.get(f"/analyses/{ask()}").json

    assert (body["status"], body["queue_position"], body["waits_for"]) == ("queued", 2, "1 ahead of it")
    assert (body["elapsed_seconds"], body["eta_seconds"]) == (None, None)


def test_a_running_analysis_says_how_far_it_is(me, ask, database):
    started = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=30)
    running = ask(
        status="running", stage="train", stage_fraction=0.25, progress=0.5, started_at=started, attempt=2,
        stage_seconds={"acquire": 0.1},
    )  # fmt: skip
    body = me.get(f"/analyses/{running}").json

    assert (body["stage"], body["stage_fraction"], body["progress"]) == ("train", 0.25, 0.5)
    assert 29 < body["elapsed_seconds"] < 60
    assert 300 < body["eta_seconds"] < 800, "three more quarters of training, and all that comes after"
    assert body["stage_seconds"] == {"acquire": 0.1}
    assert body["queue_position"] is None
    assert "worker" not in body, "the name of a machine is nobody's business"


def test_a_failed_analysis_says_why(me, ask):
    body = me.get(f"/analyses/{ask(status='failed', error_code='not_enough_data', error_message='Too few.')}").json

    assert (body["error_code"], body["error_message"]) == ("not_enough_data", "Too few.")


def test_a_succeeded_analysis_says_what_makes_it_repeatable(me, answered):
    body = me.get(f"/analyses/{answered}").json

    assert body["status"] == "succeeded"
    assert len(body["result_hash"]) == 64
    assert body["versions"]["numpy"]
    assert body["verdict"]
    assert body["parent_id"] is None


def test_a_log_is_read_line_by_line(me, ask, database):
    public_id = ask(status="running")
    with database.write() as session:
        row = session.query(Analysis).filter_by(public_id=public_id).one()
        for number in range(3):
            session.add(
                LogLine(
                    analysis_id=row.id,
                    attempt=1,
                    at=factories.NOW,
                    level="info",
                    stage="train",
                    message=f"Line {number}.",
                )
            )
    first = me.get(f"/analyses/{public_id}/log?limit=2").json
    rest = me.get(f"/analyses/{public_id}/log?after={first['last_id']}").json
    nothing = me.get(f"/analyses/{public_id}/log?after={rest['last_id']}").json

    assert [line["message"] for line in first["lines"]] == ["Line 0.", "Line 1."]
    assert [line["message"] for line in rest["lines"]] == ["Line 2."]
    assert nothing == {"lines": [], "last_id": rest["last_id"]}
    line = first["lines"][0]
    assert (line["at"], line["attempt"], line["level"], line["stage"]) == (
        "2026-01-02T03:04:05.678900Z", 1, "info", "train",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"), [("after=-1", "after"), ("after=9223372036854775808", "after"), ("limit=1001", "limit")]
)
def test_a_log_query_that_does_not_fit_is_named(me, ask, query, field):
    assert set(fields(me.get(f"/analyses/{ask()}/log?{query}"))) == {field}


@pytest.mark.databases("sqlite", "postgresql")
def test_the_largest_line_id_is_one(me, ask):
    assert me.get(f"/analyses/{ask()}/log?after=9223372036854775807").json["lines"] == []


# --- cancelling and running again -----------------------------------------------------------------------------------


def test_what_is_queued_is_cancelled_at_once_and_twice_is_once(me, ask, database):
    public_id = ask()

    for _ in range(2):
        answer = me.post(f"/analyses/{public_id}/cancel")
        assert answer.status_code == 200
        assert answer.json == {"id": public_id, "status": "cancelled"}
    with database.read() as session:
        assert session.query(AuditEvent).filter_by(action="analysis.cancelled").count() == 1


def test_what_runs_is_cancelled_by_its_worker(me, ask):
    public_id = ask(status="running", attempt=1)

    assert me.post(f"/analyses/{public_id}/cancel").json["status"] == "running"
    assert me.get(f"/analyses/{public_id}").json["cancel_requested"] is True


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_what_is_over_cannot_be_cancelled(me, ask, status):
    problem(me.post(f"/analyses/{ask(status=status)}/cancel"), 409, "conflict")


@pytest.mark.databases("sqlite", "postgresql")
def test_a_rerun_is_a_new_analysis_of_the_same_question(me, answered, jobs_sent):
    answer = me.post(f"/analyses/{answered}/rerun")

    assert answer.status_code == 202
    assert answer.json["id"] != answered
    assert jobs_sent == [jobs.WORK]
    again, first = me.client.get(answer.location).json, me.get(f"/analyses/{answered}").json
    assert (again["parent_id"], again["parent_result_hash"]) == (answered, first["result_hash"])
    assert again["spec_hash"] == first["spec_hash"]


@pytest.mark.parametrize("status", ["queued", "running"])
def test_what_is_not_over_cannot_be_run_again(me, ask, status, jobs_sent):
    problem(me.post(f"/analyses/{ask(status=status)}/rerun"), 409, "conflict")
    assert jobs_sent == []


def test_a_body_where_none_is_wanted_is_not_looked_at(me, ask):
    assert me.post(f"/analyses/{ask()}/cancel", data="{", content_type="text/plain").status_code == 200
