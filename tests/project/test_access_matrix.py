"""Everybody at every door, for what is theirs, what is shared with them and what is another's.

The cases are made of the maps of routes, pages and callbacks; what is expected of each is derived from the one table in
`tests/project/policy.py`. Doors of one use case share one expectation, so pages and REST cannot differ. Whoever adds a
door adds it there: a test says which line is missing.
"""

import functools
import json
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

import dash
import pytest

from tests import factories
from tests.project.policy import POLICY, UseCase
from webapp.api.operations import OPERATIONS, PREFIX
from webapp.app import create_app
from webapp.auth.session import parts_of
from webapp.config import Settings
from webapp.dashboard import alerts
from webapp.dashboard.components.share_dialog import REVOKE
from webapp.jobs import Queue
from webapp.permissions import GRANTS, Actor, Permission, Role
from webapp.services import accounts, groups, invitations, sessions, shares, templates, tokens, users
from webapp.services.sessions import Visit
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")

SECRET = "only-the-owner-knows"  # in the titles of analyses and the names of instruments that are another's
NARROW = frozenset({Permission.PRICES_READ})
# Who asks: by the pages' cookie, or by a token under /api/.
ROLES = {"viewer": Role.VIEWER, "researcher": Role.RESEARCHER, "admin": Role.ADMIN, "disabled": Role.ADMIN}
TOKENS = {"full token": GRANTS[Role.RESEARCHER], "narrow token": NARROW}
CALLERS = ("stranger", *ROLES, *TOKENS)
OWNERSHIPS = {
    "analysis": ("own", "shared", "another's"),
    "instrument": ("own", "another's"),
    "template": ("own", "another's"),
    "token": ("own", "another's"),
    "upload": ("own", "another's"),
    "study": ("own", "another's"),
    "acquisition": ("own", "another's"),
    "session": ("own", "another's"),
}
REFUSED = {401: "not_signed_in", 403: "permission_denied", 404: "not_found"}
# Doors behind which the title stands: "own" or "shared".
SHOWN = {"GET /api/v1/analyses/<analysis_id>", "page /analyses/<public_id>"}


def settings(home: Path) -> Settings:
    return Settings(
        home=home, secret_key="only-for-tests-" + "0" * 32, sign_in_limit="1000000 per minute", example=False
    )


# --- the maps: every door there is -----------------------------------------------------------------------------------


def routes(app) -> list[str]:
    return [
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def pages() -> list[str]:
    return [f"page {page.get('path_template') or page['path']}" for page in dash.page_registry.values()]


def name_of(declared) -> str:
    """Module and function of a callback, partials seen through."""
    function = declared["callback"].__wrapped__
    while isinstance(function, functools.partial):
        function = function.func
    return f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"


def callbacks() -> dict[str, list[str]]:
    """Names of the callbacks that run on the server, each with its outputs: one function may be wired many times."""
    found: dict[str, list[str]] = {}
    for output, declared in dash.get_app().callback_map.items():
        if "callback" in declared and "_pages" not in output:
            found.setdefault(name_of(declared), []).append(output)
    return found


@functools.cache
def doors() -> dict[str, list[str]]:
    """Every door, with the outputs of those that are callbacks."""
    app = create_app(settings(Path(tempfile.mkdtemp(prefix="assay-matrix-"))))
    return {**{each: [""] for each in [*routes(app), *pages()]}, **callbacks()}


LINES = {door: case for case in POLICY for door in case.doors}


def test_every_door_has_its_line_in_the_policy():
    missing = sorted(set(doors()) - set(LINES))
    assert not missing, "\n".join(
        [
            "Say in tests/project/policy.py who may use these doors. Add each to the doors of its use case,",
            "or add a use case, such as (body or fields that fit beside the door; about='analysis' if it names one):",
            *(f'    UseCase("…", RUN, {{"{door}": {{}}}}),' for door in missing),
        ]
    )
    assert sorted(set(LINES) - set(doors())) == [], "These doors are not there: take them out of the policy."
    assert len(LINES) == sum(len(case.doors) for case in POLICY), "A door stands in two lines."


def test_the_policy_names_the_permissions_that_the_contract_names():
    for declared in OPERATIONS:
        case = LINES[f"{declared.method} {PREFIX}{declared.path}"]
        assert (declared.permission, declared.is_public) == (case.needs, case.is_public), declared.id


# --- the cases -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One caller at one door, for something of one owner."""

    door: str
    output: str
    use: UseCase
    caller: str
    ownership: str

    def __str__(self) -> str:
        return f"{self.caller} · {self.door}{self.output and '>' + self.output[:40]} · {self.ownership or 'any'}"

    @property
    def expected(self) -> int:
        """200 stands for: let in, whatever comes of it there."""
        if self.use.is_public:
            return 200
        if self.caller in {"stranger", "disabled"}:
            return 401
        if self.use.only_people and self.caller in TOKENS:
            return 403
        if self.use.needs is not None and self.use.needs not in self.grants:
            return 403
        is_theirs = self.ownership in {"", "own"} or (self.ownership == "shared" and self.use.readers)
        return 200 if is_theirs else 404

    @property
    def grants(self) -> frozenset[Permission]:
        return TOKENS[self.caller] if self.caller in TOKENS else GRANTS[ROLES[self.caller]]


def cases():
    for door, outputs in doors().items():
        if door not in LINES:
            continue  # another test says so
        for output in outputs:
            for caller in CALLERS:
                if caller in TOKENS and "/api/" not in door:
                    continue
                for ownership in OWNERSHIPS.get(LINES[door].about, ("",)):
                    yield Case(door, output, LINES[door], caller, ownership)


CASES = list(cases())


def test_there_are_enough_cases():
    assert len(CASES) >= 500
    assert {case.expected for case in CASES} == {200, 401, 403, 404}
    assert {case.ownership for case in CASES} == {"", "own", "shared", "another's"}


# --- the world -------------------------------------------------------------------------------------------------------


class World:
    """An application and a database that all cases share; what a case changes is put back."""

    def __init__(self, home: Path, template: Path) -> None:
        shutil.copyfile(template, home / "assay.sqlite")
        self.path, self.pristine = home / "assay.sqlite", home / "pristine.sqlite"
        self.app = create_app(settings(home))
        self.database = parts_of(self.app).database
        self.cookies: dict[str, dict[str, str]] = {"stranger": {}}
        self.secrets: dict[str, str] = {}
        self.ids: dict[tuple[str, str], dict[str, str]] = {}
        self.codes: list[str] = []
        with self.database.write() as session:
            self._fill(session)
        for caller in ("stranger", *ROLES):
            self.cookies[caller] = self._sign_in(caller)
        with self.database.write() as session:
            disabled = accounts.find_user(session, self.emails["disabled"])
            users.set_active(session, None, disabled.id, is_active=False)
        self._copy(self.path, self.pristine)

    def _fill(self, session) -> None:
        owner = factories.create_actor(session)
        manager = factories.create_actor(session, "admin")
        self.group_id = groups.create_group(session, manager, name="Desk").id
        person = factories.create_user(session)
        self.person = {
            "user_id": person.public_id,
            "session_id": self._session(session, person),
            "invitation_id": invitations.create_invitation(
                session, manager, email="guest@example.org", role=Role.VIEWER
            )[0].id,
        }
        people = {name: factories.create_user(session, role=role) for name, role in ROLES.items()}
        self.emails = {name: user.email for name, user in people.items()}
        mark = factories.create_analysis(session, owner, title=SECRET)
        self.secret = shares.make_link(session, owner, mark.public_id)[1]
        for name, user in people.items():
            self._own(session, name, user, owner)
        for name, scopes in TOKENS.items():
            actor = factories.actor_of(people["researcher"])
            token, self.secrets[name] = tokens.create_token(session, actor, name=name, scopes=scopes, expires_in_days=1)
            for ownership in ("own", "shared", "another's"):
                self.ids[name, ownership] = {**self.ids["researcher", ownership]}
            self.ids[name, "own"]["token_id"] = token.id

    def _own(self, session, name: str, user: User, owner) -> None:
        """Give a person something of their own, something that is shared with them, and something that is neither."""
        over = {"status": "failed", "error_code": "internal", "started_at": factories.NOW, "finished_at": factories.NOW}
        for ownership, holder in (("own", factories.actor_of(user)), ("shared", owner), ("another's", owner)):
            title = SECRET if ownership == "another's" else ownership
            row = factories.create_analysis(session, holder, title=title, **over)
            # A viewer's own analysis is from when they were a researcher.
            sharer = Actor(holder.user_id, holder.name, Role.RESEARCHER)
            if ownership == "shared":
                shares.share_with_user(session, sharer, row.public_id, email=user.email)
            link, _ = shares.make_link(session, sharer, row.public_id)
            series = factories.create_prices(session, parts_of(self.app).store, owner_id=holder.user_id)
            token, _ = tokens.create_token(session, holder, name="t", scopes=NARROW, expires_in_days=1)
            file = parts_of(self.app).files.receive([b"date,open,high,low,close\n2012-01-03,1,2,1,1\n"])
            upload = factories.create_upload(session, holder, content_hash=file[0], filename=title)
            unsaid = {"description": "", "spec": {}, "is_shared": False}
            template = templates.create_template(session, sharer, name=row.public_id, **unsaid)
            self.ids[name, ownership] = {
                "template_id": template.id,
                "upload_id": upload.public_id,
                "study_id": factories.create_study(session, holder, over, over, title=title).public_id,
                "acquisition_id": factories.create_acquisition(session, holder, symbol=title).public_id,
                "analysis_id": row.public_id,
                "public_id": row.public_id,
                "share_id": link.id,
                "instrument_id": series.public_id,
                "token_id": token.id,
                "own_session_id": self._session(
                    session, user if ownership == "own" else session.get_one(User, owner.user_id)
                ),
            }

    @staticmethod
    def _session(session, user: User) -> str:
        opened = sessions.open_session(session, user, Visit("Firefox", 7))
        return sessions.holder_of(session, opened).session_id

    def _sign_in(self, caller: str) -> dict[str, str]:
        client = self.app.test_client()
        client.get("/login")
        if caller != "stranger":
            form = {"email": self.emails[caller], "password": factories.PASSWORD}
            token = client.get_cookie("_csrf_token").value
            assert client.post("/login", data={**form, "csrf_token": token}).status_code == 302
            client.get("/app/", headers={"Accept": "text/html"})
        jar = SimpleCookie()
        for cookie in client._cookies.values():
            jar[cookie.key] = cookie.value
        return {key: morsel.value for key, morsel in jar.items()}

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        with sqlite3.connect(source) as from_, sqlite3.connect(target) as to:
            from_.backup(to)
        from_.close()
        to.close()

    def put_back(self) -> None:
        """Make the database what it was."""
        self._copy(self.pristine, self.path)

    def client(self, caller: str):
        client = self.app.test_client()
        if caller in self.secrets:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.secrets[caller]}"
            return client, {}
        for key, value in self.cookies[caller].items():
            client.set_cookie(key, value)
        csrf = client.get_cookie("_csrf_token")
        return client, {"X-CSRFToken": csrf.decoded_value} if csrf else {}

    @functools.cached_property
    def components(self):
        """Components of the form with ids of several parts, as they are when it opens."""
        drawing = next(each for each in self.dependencies if each["output"].startswith(".._pages_content."))
        place = {"pathname": "/app/new", "search": ""}
        client, headers = self.client("researcher")
        body = body_of(drawing, lambda _component, name: place[name], [])
        found = []

        def look(part):
            if isinstance(part, dict):
                if isinstance(part.get("id"), dict):
                    found.append(part)
                part = list(part.values())
            for each in part if isinstance(part, list) else []:
                look(each)

        look(client.post("/app/_dash-update-component", json=body, headers=headers).json)
        assert found
        return found

    @functools.cached_property
    def dependencies(self):
        """What the browser knows of the callbacks."""
        return self.client("researcher")[0].get("/app/_dash-dependencies").json

    def names(self, case: Case) -> dict[str, str]:
        """What stands in an address for each name."""
        ownership = case.ownership or "own"
        own = self.ids.get((case.caller, ownership)) or self.ids["researcher", ownership]
        return {
            **own,
            **self.person,
            **({"session_id": own["own_session_id"]} if case.use.about == "session" else {}),
            "group_id": self.group_id,
            "secret": self.secret,
            "filename": "assay.css" if "static" in case.door else "dash.css",
            "package_name": "dash",
            "fingerprinted_path": "deps/react@18.3.1.min.js",
            "path": "analyses",
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory, sqlite_template):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Queue, "send", lambda _queue, _name: True)
        world = World(tmp_path_factory.mktemp("matrix"), sqlite_template)
        describe = alerts.describe

        def note(error):
            world.codes.append(getattr(error, "code", f"internal: {error!r}"))
            return describe(error)

        patch.setattr(alerts, "describe", note)
        yield world
    world.database.dispose()


# --- asking ----------------------------------------------------------------------------------------------------------


def filled(sent, names):
    """What is sent, with the ids of the case in it."""
    return json.loads(functools.reduce(lambda text, n: text.replace(f"{{{n}}}", names[n]), names, json.dumps(sent)))


def ask_route(world, case):
    """Return the status and the text of the answer."""
    method, rule = case.door.split()
    names = world.names(case)
    for name, value in names.items():
        for kind in ("", "path:", "string:"):
            rule = rule.replace(f"<{kind}{name}>", value)
    assert "<" not in rule, f"Say in `World.names` what stands for the name in {rule}."
    client, headers = world.client(case.caller)
    body = filled(case.use.doors[case.door], names) or None
    answer = client.open(rule, method=method, headers=headers, json=body, buffered=True)
    if answer.status_code in REFUSED and answer.is_json:
        assert answer.json["code"] in {REFUSED[answer.status_code], "invalid_credentials"}
    return answer.status_code, answer.text if answer.mimetype in {"application/json", "text/html"} else ""


def ask_callback(world, case):
    declared = next(each for each in world.dependencies if each["output"] == case.output)
    names = world.names(case)
    fills = filled(case.use.doors[case.door], names)
    return call(world, case, declared, lambda component, name: value_of(component, name, names, fills))


def ask_page(world, case):
    drawing = next(each for each in world.dependencies if each["output"].startswith(".._pages_content."))
    named = world.names(case)[
        {"user": "user_id", "group": "group_id", "study": "study_id"}.get(case.use.about, "public_id")
    ]
    path = case.door.removeprefix("page ").replace("<public_id>", named)
    place = {"pathname": f"/app{path}", "search": ""}
    return call(world, case, drawing, lambda _component, name: place[name])


def value_of(component, name, names, fills):
    """What a field holds: as the policy says, else what it would after a click."""
    if component in fills:
        return fills[component]
    if component == "analysis-id":
        return names["analysis_id"]
    if name in {"n_clicks", "n_intervals", "n_submit"}:
        return 1
    if name == "data" and ("panel" in component or "open" in component):
        return True
    return {"n_clicks": 1, "data": 0, "pathname": "/app/", "search": ""}.get(name, "")


def body_of(declared, fill, components):
    """What the browser sends when a callback is due; `components` are those with ids of several parts on the page."""

    def matching(component, name):
        wanted = json.loads(component)
        return [
            {"id": each["id"], "property": name, "value": each["id"] if name == "id" else each.get(name)}
            for each in components
            if each["id"].keys() == wanted.keys()
            and all(value in (["ALL"], each["id"][key]) for key, value in wanted.items())
        ]

    def property_of(each):
        if each["id"].startswith("{"):
            return matching(each["id"], each["property"])
        return {**each, "value": fill(each["id"], each["property"])}

    outputs = []
    for part in declared["output"].removeprefix("..").removesuffix("..").split("..."):
        component, _, name = part.rpartition(".")
        name = name.split("@")[0]
        is_pattern = component.startswith("{")
        outputs.append(matching(component, name) if is_pattern else {"id": component, "property": name})
    return {
        "output": declared["output"],
        "outputs": outputs if declared["output"].startswith("..") else outputs[0],
        "inputs": [property_of(each) for each in declared["inputs"]],
        "state": [property_of(each) for each in declared["state"]],
        "changedPropIds": [f"{each['id']}.{each['property']}" for each in declared["inputs"][:1]],
    }


def call(world, case, declared, fill):
    """Call a callback; return as what HTTP status the outcome counts, and the text of the answer."""
    clicked = [
        {"props": {}, "id": {"type": kind, name: world.names(case)[f"{name}_id"]}, "n_clicks": 1}
        for kind, name in (
            (REVOKE, "share"),
            ("users-revoke", "invitation"),
            ("user-end", "session"),
            ("group-remove", "user"),
            ("account-end", "session"),
            ("account-revoke", "token"),
        )
    ]
    body = body_of(declared, fill, [*world.components, *clicked])
    client, headers = world.client(case.caller)
    world.codes.clear()
    answer = client.post("/app/_dash-update-component", json=body, headers=headers)
    if answer.status_code not in {200, 204}:
        return answer.status_code, answer.text
    by_code = {code: status for status, code in REFUSED.items()}
    for code in world.codes:
        assert not code.startswith("internal"), f"{case}: {code}"
        if code in by_code:
            return by_code[code], answer.text
    is_nowhere = "There is no such page or analysis" in answer.text and case.door != "page /404"
    return 404 if is_nowhere else 200, answer.text


@pytest.mark.parametrize("case", CASES, ids=str)
def test_everybody_at_every_door(world, case):
    kind = "page" if case.door.startswith("page ") else "callback" if case.output else "route"
    status, text = {"route": ask_route, "callback": ask_callback, "page": ask_page}[kind](world, case)
    if not (kind == "route" and case.door.startswith("GET ")):
        world.put_back()

    if case.expected == 200:
        is_let_in = status not in REFUSED and (status < 500 or case.door == "GET /readyz")
        assert is_let_in or case.use.is_public, f"{case}: expected to be let in; found {status} {text[:300]}"
    else:
        assert status == case.expected, f"{case}: expected {case.expected}; found {status} {text[:300]}"
    assert SECRET not in text, case
    if case.expected == 200 and case.door in SHOWN:
        assert case.ownership in text, "Whoever is let in sees nothing: this case shows nothing."
