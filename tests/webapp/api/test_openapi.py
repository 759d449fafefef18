"""The document says what the server does, no more and no less; a machine that reads it finds nothing wrong."""

import copy
import re
import shutil
from http import HTTPStatus
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from tests import factories
from tests.webapp.api.answered import finish, load_google
from tests.webapp.api.calls import problem
from webapp.api.openapi import document
from webapp.app import create_app
from webapp.auth.problems import STATUS
from webapp.auth.session import parts_of
from webapp.config import Settings
from webapp.jobs import Queue
from webapp.permissions import GRANTS, Permission
from webapp.services import passwords, templates, tokens
from webapp.tables import Analysis, ApiToken, Group, PriceSeries, Share, Template

DOCS = Path(__file__).resolve().parents[3] / "docs" / "api.md"
IN_PATH = re.compile(r"<(?:\w+:)?(\w+)>")

# --- the document ---------------------------------------------------------------------------------------------------


def operations():
    """Every documented operation: `("GET", "/api/v1/catalog", {...})`."""
    return [
        (method.upper(), path, described)
        for path, methods in document()["paths"].items()
        for method, described in methods.items()
    ]


@pytest.mark.databases("sqlite")
def test_every_route_is_documented_and_every_documented_route_is_there(app):
    routes = {
        (method, IN_PATH.sub(r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert {(method, path) for method, path, _ in operations()} == routes
    assert len(routes) >= 40


def test_every_operation_is_fully_described():
    ids = set()
    for method, path, described in operations():
        ids.add(described["operationId"])
        assert described["summary"]
        assert described["description"].endswith(".")
        assert set(re.findall(r"{(\w+)}", path)) == {
            parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"
        }
        assert all(parameter.get("description") for parameter in described["parameters"] if parameter["in"] == "query")
        assert "requestBody" not in described or method in {"POST", "PUT", "PATCH"}
        assert {"400", "401", "500", "503"} <= set(described["responses"])
    assert len(ids) == len(operations())


def test_refusals_are_problems():
    refusals = document()["components"]["responses"]
    assert {response["description"] for response in refusals.values()}
    for response in refusals.values():
        assert response["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    named = {HTTPStatus(status).phrase.title().replace(" ", "") for status in (401, 403, 404, 409, 415, 422, 429)}
    assert named <= set(refusals)


def test_a_constant_number_is_a_list_of_one():
    version = document()["components"]["schemas"]["AnalysisSpec"]["properties"]["spec_version"]
    assert version["enum"] == [1]
    assert "const" not in version


def test_no_two_schemas_share_a_name():
    # Two classes of one name get their modules into their names, and generated clients stumble over them.
    assert [name for name in document()["components"]["schemas"] if "__" in name] == []


def test_every_reference_leads_somewhere():
    text = str(document())
    assert "#/$defs" not in text
    for kind, name in re.findall(r"#/components/(\w+)/([\w.-]+)", text):
        assert name in document()["components"][kind]
    used = set(re.findall(r"#/components/schemas/([\w.-]+)", text))
    assert used == set(document()["components"]["schemas"])


def test_all_but_getting_a_token_needs_one():
    assert document()["security"] == [{"bearer": []}]
    assert document()["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert [path for _, path, described in operations() if "security" in described] == ["/api/v1/tokens"]


def test_permissions_are_named():
    for method, path, described in operations():
        permission = next((each for each in Permission if f"`{each}`" in described["description"]), None)
        assert "403" in described["responses"], path  # at least to whom an administrator gave a password
        # Whoever may read an answer may have it written as a document.
        is_change = method != "GET" and not path.endswith(("/links/open", "/dashboard", "/documents", "/cancel"))
        changing = {None, Permission.ANALYSES_RUN, Permission.PRICES_WRITE, Permission.USERS_MANAGE}
        assert not is_change or permission in changing


def test_what_all_operations_have_in_common_is_documented():
    for method, path, described in operations():
        headers = {each["name"] for each in described["parameters"] if each["in"] == "header"}
        expected = {"GET": {"If-None-Match"}, "POST": {"Idempotency-Key"}}.get(method, headers & {"If-Match"})
        assert headers == expected, path
        assert "429" in described["responses"]
        assert ("304" in described["responses"]) == (method == "GET")
        assert ("412" in described["responses"]) == ("If-Match" in headers)
        successes = [answer for status, answer in described["responses"].items() if status.startswith("2")]
        for answer in successes:
            assert ("ETag" in answer.get("headers", {})) == (method == "GET")
            assert ("RateLimit-Limit" in answer.get("headers", {})) == ("security" not in described)
        names = {each["name"] for each in described["parameters"]}
        assert "offset" not in names or path.endswith("/prices"), "lists are paged by cursor"
        assert "cursor" not in names or "limit" in names


def test_only_bodies_can_be_too_large_or_of_the_wrong_kind():
    for _, path, described in operations():
        assert ("requestBody" in described) == ("415" in described["responses"]) == ("413" in described["responses"]), (
            path
        )


def test_a_parameter_that_may_be_left_out_is_no_null():
    parameters = [parameter for _, _, described in operations() for parameter in described["parameters"]]

    assert {"start", "status", "format", "limit"} <= {parameter["name"] for parameter in parameters}
    schemas = [parameter["schema"] for parameter in parameters]
    assert "null" not in str(schemas)
    assert "None" not in str(schemas)
    status = next(parameter for parameter in parameters if parameter["name"] == "status")
    assert status["schema"]["items"]["enum"] == ["queued", "running", "succeeded", "failed", "cancelled"]


@pytest.mark.databases("sqlite")
def test_the_document_is_served_to_those_who_may_enter(me, stranger):
    problem(stranger.get("/openapi.json"), 401, "not_signed_in")
    answer = me.get("/openapi.json")
    assert answer.content_type == "application/json"
    assert answer.json == document()
    assert answer.json["openapi"] == "3.1.0"
    assert all(path.startswith("/api/v1/") for path in answer.json["paths"])


@pytest.mark.databases("sqlite")
def test_what_is_not_there_and_what_cannot_be_done(me):
    problem(me.get("/nothing"), 404, "not_found")
    problem(me.get("/analyses/"), 404, "not_found")
    answer = me.client.delete("/api/v1/analyses")
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


# --- the documentation ----------------------------------------------------------------------------------------------


def rows(heading):
    """The cells of the table under a heading of docs/api.md."""
    section = DOCS.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_route_has_its_line_in_the_documentation():
    documented = {cells[0].strip("`") for cells in rows("Routes")}

    assert documented == {f"{method} {path.removeprefix('/api/v1')}" for method, path, _ in operations()}


def test_the_permissions_in_the_documentation_are_those_asked_for():
    for method, path, described in operations():
        line = next(cells for cells in rows("Routes") if cells[0] == f"`{method} {path.removeprefix('/api/v1')}`")
        named = {each for each in Permission if f"`{each}`" in described["description"]}
        assert {each for each in Permission if f"`{each}`" in line[1]} == named


def test_every_code_has_its_line_and_its_status_in_the_documentation():
    documented = {cells[0].strip("`"): int(cells[1]) for cells in rows("Errors")}

    assert {code: documented.get(code) for code in STATUS} == {code: int(status) for code, status in STATUS.items()}
    bare = {"bad_request", "csrf_failed", "internal", "method_not_allowed", "too_large", "unsupported_media_type"}
    assert set(documented) == set(STATUS) | bare


# --- the machine ----------------------------------------------------------------------------------------------------

# What fits the schema may still be refused: rules between fields, symbols of which there are no prices, cursors that no
# list has given, names of indicators, and keys that stood for another request are no matter of JSON schema.
RULES = sorted(
    described["operationId"]
    for method, path, described in operations()
    if (method == "POST" and path != "/api/v1/tokens")
    or method in {"PUT", "PATCH"}
    or path.endswith(("/prices", "/chart", "/compare", "/heat-map", "/uploads/{upload_id}"))
    or any(each["name"] == "cursor" for each in described["parameters"])
)
CONFIG = f"""
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412"]
[[operations]]
include-operation-id = {RULES}
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422"]
[[operations]]
include-operation-id = "create_token"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "422", "429"]
"""
# To a stranger everything but signing in is 401, and so there is no use in trying every bound of every field.
STRANGERS_CONFIG = f"{CONFIG}\n[phases.coverage]\nenabled = false\n"
SERIES, FINISHED, WAITING, SPARE, GROUP, SHARE = "5e" * 8, "f1" * 8, "0a" * 8, "70" * 8, "6e" * 8, "5a" * 8
NOBODY = "00" * 8  # who may not manage users is refused before anything is looked for
UPLOAD = "0f" * 8
TEMPLATE = "7e" * 8
FETCH = "fe" * 8
STUDY = "5d" * 8
IDS = {
    "instrument_id": [SERIES],
    "analysis_id": [FINISHED, WAITING],
    "token_id": [SPARE],
    "group_id": [GROUP],
    "share_id": [SHARE],
    "template_id": [TEMPLATE],
    **{name: [NOBODY] for name in ("user_id", "session_id", "invitation_id")},
    "upload_id": [UPLOAD],
    "acquisition_id": [FETCH],
    "study_id": [STUDY],
}
PLAIN = {"Accept-Encoding": "identity"}  # the machine cannot unpack all that it says it can
SOME = hypothesis.settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
)


class _Door:
    """A WSGI application that exists before the database does: operations are collected before fixtures are made."""

    app = None

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


DOOR = _Door()


def _machine(described, config):
    made = schemathesis.openapi.from_dict(described, config=SchemathesisConfig.from_str(config))
    made.app = DOOR
    return made


def _with_known_ids(described):
    """Return the document with the ids of what there is, so that not all that is asked about is missing."""
    described = copy.deepcopy(described)
    for methods in described["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = {"enum": IDS[parameter["name"]]}
    return described


researcher = _machine(_with_known_ids(document()), CONFIG)
outsider = _machine(document(), STRANGERS_CONFIG)


@researcher.auth()
class _Bearer:
    """Puts the researcher's token into a request, unless leaving it out is what is tried."""

    secret = ""

    def get(self, _case, _context):
        return self.secret

    def set(self, case, data, _context):
        case.headers["Authorization"] = f"Bearer {data}"


@pytest.fixture(scope="module")
def busy(tmp_path_factory, sqlite_template):
    """An application with prices, a researcher, an analysis of theirs that succeeded and one that waits."""
    home = tmp_path_factory.mktemp("busy")
    shutil.copyfile(sqlite_template, home / "assay.sqlite")
    limits = dict.fromkeys(("sign_in_limit", "request_limit"), "1000000 per minute")
    app = create_app(Settings(home=home, secret_key="only-for-tests-" + "0" * 32, **limits))
    database = parts_of(app).database
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Queue, "send", lambda _queue, _name: True)
        patch.setattr(passwords, "is_right", lambda _hash, _password: False)  # slow on purpose; nobody guesses it here
        load_google(app, database)
        with database.write() as session:
            actor = factories.create_actor(session)
            carried = GRANTS[actor.role]
            secret = tokens.create_token(session, actor, name="test", scopes=carried, expires_in_days=1)[1]
            spare, _ = tokens.create_token(session, actor, name="spare", scopes=carried, expires_in_days=1)
        finished = finish(app, database, actor)
        with database.write() as session:
            session.query(PriceSeries).one().public_id = SERIES
            session.query(ApiToken).filter_by(public_id=spare.id).one().public_id = SPARE
            study = factories.create_study(session, actor, {}, {}, {}, public_id=STUDY)
            session.query(Analysis).filter_by(study_number=2).delete()
            row = session.query(Analysis).filter_by(public_id=finished).one()
            row.public_id, row.study_id, row.study_number = FINISHED, study.id, 2
            kept = {"name": "Kept", "description": "", "spec": {}, "is_shared": False}
            template = templates.create_template(session, actor, **kept)
            session.query(Template).filter_by(public_id=template.id).one().public_id = TEMPLATE
            waiting = factories.create_analysis(session, actor, public_id=WAITING)
            file = parts_of(app).files.receive([b"date,open,high,low,close,volume\n2012-01-03,1,2,1,1,5\n"])
            factories.create_upload(session, actor, public_id=UPLOAD, content_hash=file[0])
            session.add(Group(public_id=GROUP, name="Desk", name_key="desk", created_at=factories.NOW))
            factories.create_acquisition(session, actor, public_id=FETCH)
            session.add(Share(public_id=SHARE, analysis_id=waiting.id, link_hash="0" * 64, created_at=factories.NOW))
        patch.setattr(DOOR, "app", app)
        patch.setattr(_Bearer, "secret", secret)
        yield
    database.dispose()


@pytest.mark.slow
@pytest.mark.usefixtures("busy")
@researcher.parametrize()
@SOME
def test_a_researcher_finds_nothing_wrong(case):
    case.call_and_validate(headers=PLAIN)


@pytest.mark.slow
@pytest.mark.usefixtures("busy")
@outsider.parametrize()
@SOME
def test_a_stranger_finds_nothing_wrong(case):
    case.call_and_validate(headers=PLAIN)
