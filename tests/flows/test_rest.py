"""REST of a whole running installation: a generated client does the main job, and a machine finds nothing wrong.

The machine sends 3 examples to each operation in each role here; `make fuzz` sends 100.
"""

import copy
import dataclasses
import importlib
import json
import os
import re
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

from tests import factories
from tests.flows.conftest import wait_until
from tests.flows.test_up import Installation
from tests.webapp.api.answered import QUESTION
from tests.webapp.api.test_openapi import FINISHED, GROUP, PLAIN, SERIES, SHARE, SPARE, STRANGERS_CONFIG
from webapp.api.openapi import document
from webapp.config import Settings
from webapp.db import Database
from webapp.permissions import GRANTS
from webapp.services import tokens
from webapp.tables import Analysis, ApiToken, Group, PriceSeries, Share, User

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(3600)]

N_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))  # noqa: TID251  # a switch of the test run, not a setting
ROLES = ("viewer", "researcher", "admin")
NO_LIMIT = "10000000 per minute"
LONGEST_ADDRESS = 4_000  # about what gunicorn reads of a request's first line


@dataclasses.dataclass
class Live:
    """A running installation, and a token for each role."""

    url: str
    database: Database
    secrets: dict[str, str]
    emails: dict[str, str]

    def ask(self, role, method, path, **options):
        headers = {"Authorization": f"Bearer {self.secrets[role]}"}
        return httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=60, **options)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """Everything that `make run` starts, with people in every role and an analysis that a worker has answered."""
    home = tmp_path_factory.mktemp("live") / "home"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SIGN_IN_LIMIT", "REQUEST_LIMIT"):
            patch.setenv(f"ASSAY_{name}", NO_LIMIT)
        patch.setenv("ASSAY_EXAMPLE", "false")
        patch.setenv("ASSAY_WORKER_PROCESSES", "1")
        installation = Installation(home, "")
        try:
            installation.up()
            database = Database(Settings(home=home, secret_key="k" * 32).resolved_database_url)
            yield Live(installation.url, database, *_let_in(database))
            database.dispose()
        finally:
            installation.end()


def _let_in(database):
    secrets, emails = {}, {}
    with database.write() as session:
        for role in ROLES:
            user = factories.create_user(session, role=role, email=f"{role}@live.example.org")
            actor = factories.actor_of(user)
            emails[role] = user.email
            secrets[role] = tokens.create_token(
                session, actor, name="live", scopes=GRANTS[actor.role], expires_in_days=1
            )[1]
    return secrets, emails


# --- a generated client -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The package that openapi-python-client makes of our document."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document()))
    (folder / "config.json").write_text('{"post_hooks": []}')
    made = subprocess.run(
        [
            *(Path(sys.executable).parent / "openapi-python-client", "generate", "--meta", "none"),
            *("--path", folder / "openapi.json", "--config", folder / "config.json"),
            *("--output-path", folder / "assay_client"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    left_out = re.findall(r"WARNING parsing (\w+ \S+)", made.stdout + made.stderr)
    assert set(left_out) <= {"POST /api/v1/uploads", "POST /api/v1/bundles"}, "no file as it is; by a form it can"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield lambda name: importlib.import_module(f"assay_client.{name}")


def test_a_generated_client_does_the_main_job(live, client):
    """Sign in, submit, watch, fetch the answer, sign out, by functions and classes that nobody wrote."""
    models, connect = client("models"), client("client")
    credentials = models.Credentials(
        email=live.emails["researcher"], password=factories.PASSWORD, name="generated", expires_in_days=1
    )
    with connect.Client(base_url=live.url) as guest:
        token = client("api.tokens.create_token").sync(client=guest, body=credentials)
    with connect.AuthenticatedClient(base_url=live.url, token=token.token) as me:
        analysis_id = _submit_twice(client, me, models)
        _watch_and_fetch(client, me, analysis_id)
        client("api.tokens.revoke_token").sync_detailed(token.id, client=me)
        refused = client("api.analyses.list_analyses").sync_detailed(client=me)
    assert (refused.status_code, refused.parsed.code) == (HTTPStatus.UNAUTHORIZED, "not_signed_in")


def _submit_twice(client, me, models):
    submission = models.Submission(spec=models.AnalysisSpec.from_dict(QUESTION), title="By a generated client")
    submit = client("api.analyses.submit_analysis")
    submitted, again = (submit.sync_detailed(client=me, body=submission, idempotency_key="once") for _ in range(2))
    assert submitted.status_code == HTTPStatus.ACCEPTED, submitted.content
    assert again.parsed.id == submitted.parsed.id
    return submitted.parsed.id


def _watch_and_fetch(client, me, analysis_id):
    watch = client("api.analyses.get_analysis")
    wait_until(
        lambda: watch.sync(analysis_id, client=me).status in {"succeeded", "failed"}, seconds=240, what=analysis_id
    )
    seen = watch.sync(analysis_id, client=me)
    assert (seen.status, seen.error_message) == ("succeeded", None)
    results = client("api.results.get_results")
    found = results.sync_detailed(analysis_id, client=me)
    assert found.parsed.result_hash == seen.result_hash
    assert {metric.name for metric in found.parsed.metrics} >= {"sharpe_ratio", "max_drawdown"}
    known = results.sync_detailed(analysis_id, client=me, if_none_match=found.headers["ETag"])
    assert known.status_code == HTTPStatus.NOT_MODIFIED
    equity = client("api.results.get_equity").sync(analysis_id, client=me)
    assert equity.n_rows == len(equity.columns.equity) > 100
    listed = client("api.analyses.list_analyses").sync(client=me, limit=1)
    assert [item.id for item in listed.items] == [analysis_id]


@pytest.mark.parametrize("bars", [{"name": "weekly"}, {"name": "dollar", "n_days": 4}], ids=lambda bars: bars["name"])
def test_longer_bars_are_asked_and_answered(live, bars):
    validation = {**QUESTION["validation"], "train_bars": 100}
    question = {**QUESTION, "bars": bars, "features": QUESTION["features"][:1], "validation": validation}
    submitted = live.ask("researcher", "POST", "/analyses", json={"spec": question})
    assert submitted.status_code == HTTPStatus.ACCEPTED, submitted.text
    path = f"/analyses/{submitted.json()['id']}"
    wait_until(
        lambda: live.ask("researcher", "GET", path).json()["status"] in {"succeeded", "failed"}, seconds=240, what=path
    )
    assert live.ask("researcher", "GET", path).json()["error_message"] is None
    found = live.ask("researcher", "GET", f"{path}/results").json()
    [instrument] = found["data"]["instruments"]
    assert found["data"]["bars"]["name"] == bars["name"]
    assert instrument["n_days"] / instrument["n_bars"] == pytest.approx(bars.get("n_days", 5), rel=0.4)
    assert found["honesty"]["audit"]["passed"] is True
    assert found["honesty"]["audit"]["compared"]["bars"] > 0
    refused = live.ask("researcher", "POST", "/analyses", json={"spec": {**question, "bars": {"name": "time"}}})
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Time bars of seconds ask for trades" in refused.text


# --- the machine ------------------------------------------------------------------------------------------------------

IDS = {
    "instrument_id": SERIES, "analysis_id": FINISHED, "token_id": SPARE, "group_id": GROUP, "share_id": SHARE,
}  # fmt: skip
SOME = hypothesis.settings(
    max_examples=N_EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
)


@pytest.fixture(scope="module")
def settled(live):
    """The installation with an answered analysis, a group and a share, under the names that the machine knows."""
    submitted = live.ask("researcher", "POST", "/analyses", json={"spec": QUESTION})
    analysis_id = submitted.json()["id"]

    def is_over():
        return live.ask("researcher", "GET", f"/analyses/{analysis_id}").json()["status"] == "succeeded"

    wait_until(is_over, seconds=240, what=analysis_id)
    with live.database.write() as session:
        researcher = session.query(User).filter_by(email=live.emails["researcher"]).one()
        spare, _ = tokens.create_token(
            session, factories.actor_of(researcher), name="spare", scopes=["analyses:read"], expires_in_days=1
        )
        session.query(ApiToken).filter_by(public_id=spare.id).one().public_id = SPARE
        session.query(PriceSeries).first().public_id = SERIES
        analysis = session.query(Analysis).filter_by(public_id=analysis_id).one()
        analysis.public_id = FINISHED
        session.add(Group(public_id=GROUP, name="Desk", name_key="desk", created_at=factories.NOW))
        session.add(Share(public_id=SHARE, analysis_id=analysis.id, link_hash="0" * 64, created_at=factories.NOW))
    yield live
    for role in ROLES:
        assert live.ask(role, "GET", "/catalog").status_code == HTTPStatus.OK, f"the {role} was shut out meanwhile"
    assert httpx.get(f"{live.url}/readyz", timeout=60).status_code == HTTPStatus.OK


def _document():
    """Return the document with the ids of what there is, so that not all that is asked about is missing."""
    described = copy.deepcopy(document())
    for methods in described["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path" and parameter["name"] in IDS:
                    parameter["schema"] = {"enum": [IDS[parameter["name"]], "0" * 16]}
    return described


def _machine(role=None):
    made = schemathesis.openapi.from_dict(_document(), config=SchemathesisConfig.from_str(STRANGERS_CONFIG))
    if role is not None:

        @made.auth()
        class _Bearer:
            """Puts the role's token into a request, unless leaving it out is what is tried."""

            secret = ""

            def get(self, _case, _context):
                return SECRETS.get(role, "")  # asked for at collection too, when nothing runs yet

            def set(self, case, data, _context):
                case.headers["Authorization"] = f"Bearer {data}"

    return made


SECRETS = {}
stranger, viewer, researcher, admin = _machine(), *map(_machine, ROLES)


def _send(case, live):
    SECRETS.update(live.secrets)
    how = {"base_url": live.url, "headers": PLAIN, "timeout": 60}
    answer = case.call(**how)
    if answer.status_code == HTTPStatus.REQUEST_URI_TOO_LONG:  # the web server's own word, before anything of ours
        assert len(answer.request.url) > LONGEST_ADDRESS
        return
    case.validate_response(answer, headers=PLAIN, transport_kwargs=how)


@stranger.parametrize()
@SOME
def test_a_stranger_finds_nothing_wrong(case, settled):
    _send(case, settled)


@viewer.parametrize()
@SOME
def test_a_viewer_finds_nothing_wrong(case, settled):
    _send(case, settled)


@researcher.parametrize()
@SOME
def test_a_researcher_finds_nothing_wrong(case, settled):
    _send(case, settled)


@admin.parametrize()
@SOME
def test_an_admin_finds_nothing_wrong(case, settled):
    _send(case, settled)
