"""Strangers reach nothing, and nobody reaches what is another's: every route, page, callback and service.

All of them are found by themselves: whoever adds one has nothing to do here, unless it takes an argument of a new name.
"""

import importlib
import inspect
import json
import pkgutil
from dataclasses import dataclass

import dash
import pytest

from tests import factories
from webapp import services
from webapp.api.operations import OPERATIONS, PREFIX
from webapp.auth.guard import PUBLIC_ENDPOINTS
from webapp.auth.session import parts_of
from webapp.errors import AppError, NotFound, PermissionDenied
from webapp.permissions import Actor, Permission, Role
from webapp.services import groups, invitations, quotas, sessions, shares, templates, tokens
from webapp.services.sessions import Visit
from webapp.tables import Acquisition, Analysis, ApiToken, BrowserSession, LogLine, Share, Study, User

pytestmark = pytest.mark.databases("sqlite")

VALUES = {"role": Role.ADMIN, "password": "another password", "is_active": False}  # what services take beside ids
SECRET = "only-the-owner-knows"
OWNER = "The owner of all that is secret"  # administrators may know the name, and what it does not own
UNSAID = {"description": "", "spec": {}, "is_shared": False}  # what a template is kept with
TRAIL = {f"{PREFIX}/audit", f"{PREFIX}/audit/export"}  # tell administrators what tokens are called
BROWSER = {"Accept": "text/html,*/*;q=0.8"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
# What fits where something has to be sent, so that it is the id that is refused.
BODIES = {
    "POST /api/v1/analyses/<analysis_id>/documents": {"kind": "html"},
    "POST /api/v1/analyses/<analysis_id>/documents/cancel": {"kind": "html"},
    "POST /api/v1/analyses/<analysis_id>/shares": {"kind": "link"},
    "PATCH /api/v1/analyses/<analysis_id>": {"archived": True},
}
OWNED = {"analysis_id", "instrument_id", "token_id", "acquisition_id", "study_id", "session_id"}
PROBLEM = {"type", "title", "status", "code", "detail", "request_id"}


@dataclass(frozen=True)
class Ground:
    """What the owner has, and what it is called where it is asked for."""

    owner: Actor
    running_id: str
    ids: dict[str, str]


@pytest.fixture
def ground(database):
    """An owner with a queued, a running and a failed analysis, prices and a token; all but the owner named SECRET."""
    with database.write() as session:
        user = factories.create_user(session, name=OWNER, email="owner@example.org")
        owner = factories.actor_of(user)
        factories.create_analysis(session, owner, title=SECRET)
        running = factories.create_analysis(session, owner, title=SECRET, status="running", started_at=factories.NOW)
        failed = factories.create_analysis(
            session, owner, title=SECRET, status="failed", error_code="internal", error_message=SECRET,
            started_at=factories.NOW, finished_at=factories.NOW,
        )  # fmt: skip
        session.add(
            LogLine(analysis_id=failed.id, attempt=1, at=factories.NOW, level="info", stage=None, message=SECRET)
        )
        security = factories.create_security(session, symbol=SECRET, name=SECRET)
        series = factories.create_series(session, security, owner_id=user.id, source=SECRET[:20])
        admin = factories.create_actor(session, "admin")
        group = groups.create_group(session, admin, name="Desk")
        link, _ = shares.make_link(session, owner, failed.public_id)
        acquisition = factories.create_acquisition(session, owner, symbol=SECRET)
        upload = factories.create_upload(session, owner, filename=SECRET)
        over = {"status": "failed", "title": SECRET, "error_code": "internal", "error_message": SECRET}
        study = factories.create_study(session, owner, over, {"status": "cancelled"}, title=SECRET)
        token, _ = tokens.create_token(session, owner, name=SECRET, scopes=["analyses:read"], expires_in_days=1)
        opened = sessions.open_session(session, user, Visit(SECRET, 7))
        invitation, _ = invitations.create_invitation(session, admin, email="guest@example.org", role=Role.VIEWER)
        ids = {
            "analysis_id": failed.public_id,
            "template_id": templates.create_template(session, owner, name=SECRET, **UNSAID).id,
            "public_id": failed.public_id,
            "instrument_id": series.public_id,
            "token_id": token.id,
            "acquisition_id": acquisition.public_id,
            "upload_id": upload.public_id,
            "study_id": study.public_id,
            "group_id": group.id,
            "share_id": link.id,
            "secret": session.query(Share).one().link_hash,  # all that an intruder could find in the database
            "user_id": user.public_id,
            "session_id": sessions.holder_of(session, opened).session_id,
            "invitation_id": invitation.id,
            "email": user.email,
            "filename": "dash.css",
            "package_name": "dash",
            "fingerprinted_path": "deps/react@18.3.1.min.js",
            "path": f"analyses/{failed.public_id}",
        }
        return Ground(owner, running.public_id, ids)


@pytest.fixture
def as_owner(app, ground):
    return _signed_in(app, ground.ids["email"])


@pytest.fixture
def as_other(app, database):
    """Somebody else, who may do all that the owner may."""
    with database.write() as session:
        email = factories.create_user(session, email="other@example.org").email
    return _signed_in(app, email)


@pytest.fixture
def as_admin(app, database):
    with database.write() as session:
        email = factories.create_user(session, email="admin@example.org", role="admin").email
    return _signed_in(app, email)


def _signed_in(app, email):
    client = app.test_client()
    client.get("/login")
    form = {"email": email, "password": factories.PASSWORD, "csrf_token": client.get_cookie("_csrf_token").value}
    assert client.post("/login", data=form).status_code == 302
    client.get("/app/", headers=BROWSER)
    return client


def csrf(client):
    return {"X-CSRFToken": client.get_cookie("_csrf_token").decoded_value}


# --- routes ---------------------------------------------------------------------------------------------------------


def addresses(app, ground):
    """Every rule, and an address of it that leads to what is the owner's."""
    for rule in app.url_map.iter_rules():
        unknown = rule.arguments - set(ground.ids)
        assert not unknown, f"{rule.rule}: say in `ground` what {unknown} of the owner is."
        with app.test_request_context():
            adapter = app.create_url_adapter(None) or app.url_map.bind("localhost")
        yield (
            rule,
            adapter.build(rule.endpoint, {name: ground.ids[name] for name in rule.arguments}, rule.methods and None),
        )


def test_a_stranger_reaches_no_route_by_any_method(app, client, ground):
    client.get("/login")
    n_refused = 0
    for rule, address in addresses(app, ground):
        for method in METHODS:
            if f"{'GET' if method == 'HEAD' else method} {rule.rule}" in PUBLIC_ENDPOINTS:
                continue
            answer = client.open(address, method=method, headers=csrf(client), buffered=True)
            assert answer.status_code == 401, f"{method} {address}"
            assert method == "HEAD" or set(answer.json) == PROBLEM, f"{method} {address}"
            page = client.open(address, method=method, headers={**csrf(client), **BROWSER})
            assert page.status_code == 401 or page.location.startswith("/login"), f"{method} {address}"
            assert SECRET.encode() not in answer.data + page.data
            n_refused += 1
    assert n_refused > 100


def test_what_is_public_says_so_in_the_one_list_and_in_the_openapi_document():
    documented = {f"{operation.method} {PREFIX}{operation.path}" for operation in OPERATIONS if operation.is_public}

    assert documented == {endpoint for endpoint in PUBLIC_ENDPOINTS if PREFIX in endpoint}


def test_what_is_public_tells_nothing(client, ground):
    for endpoint in PUBLIC_ENDPOINTS:
        method, rule = endpoint.split()
        with client.open(rule.replace("<path:filename>", "assay.css"), method=method) as answer:
            assert SECRET.encode() not in answer.data, endpoint


def test_what_is_anothers_is_not_found_by_any_route(app, as_other, as_owner, as_admin, ground, database):
    before = owned_rows(database)
    n_seen_by_owner = n_asked = 0
    for rule, address in addresses(app, ground):
        if rule.rule == "/logout":
            continue
        for method in sorted(rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            is_managing = is_for_managers(method, rule)
            for client in (as_other,) if is_managing else (as_other, as_admin):
                body = BODIES.get(f"{method} {rule.rule}")
                answer = client.open(address, method=method, headers=csrf(client), json=body, buffered=True)
                assert answer.status_code < 500 or rule.rule == "/readyz", f"{method} {address}"
                is_told = client is as_admin and rule.rule in TRAIL
                assert is_told or SECRET.encode() not in answer.data, f"{method} {address}"
                if is_managing:
                    assert answer.status_code == 403, f"{method} {address}"
                elif rule.arguments & OWNED:
                    assert answer.status_code == 404, f"{method} {address}"
                    assert answer.json["code"] == "not_found"
                    n_asked += 1
            if method == "GET":
                with as_owner.get(address) as seen:
                    n_seen_by_owner += SECRET.encode() in seen.data
    assert owned_rows(database) == before
    assert n_asked >= 16
    assert n_seen_by_owner >= 3, "The owner sees nothing either: this test shows nothing."


def is_for_managers(method, rule):
    """Whether a route is for those who manage users: they may do there to others what it is for."""
    path = rule.rule.removeprefix(PREFIX)
    return (method, path, Permission.USERS_MANAGE) in {(each.method, each.path, each.permission) for each in OPERATIONS}


def test_anothers_id_and_an_unknown_one_get_the_same_answer(app, as_other, ground):
    for rule, address in addresses(app, ground):
        if "analysis_id" not in rule.arguments:
            continue
        unknown = address.replace(ground.ids["analysis_id"], "0" * 16)
        for method in rule.methods & {"GET", "POST"}:
            body = BODIES.get(f"{method} {rule.rule}")
            answers = [
                as_other.open(each, method=method, headers=csrf(as_other), json=body).json
                for each in (address, unknown)
            ]
            assert {**answers[0], "request_id": ""} == {**answers[1], "request_id": ""}, address


def owned_rows(database, *, leaving_out=()):
    """All that the owner has, as it stands in the database."""
    with database.read() as session:
        tables = (Analysis, Acquisition, ApiToken, BrowserSession, LogLine, Share, Study)
        rows = [row for table in tables for row in session.query(table) if table not in leaving_out]
        owners = {user.id for user in session.query(User) if user.name == OWNER}
        return [
            {name: value for name, value in sorted(vars(row).items()) if name != "_sa_instance_state"}
            for row in rows
            if getattr(row, "owner_id", None) in {*owners, None} and getattr(row, "user_id", None) in {*owners, None}
        ]


# --- pages and callbacks --------------------------------------------------------------------------------------------


def callbacks(client):
    """Every callback that runs on the server."""
    dependencies = client.get("/app/_dash-dependencies").json
    found = [each for each in dependencies if not each["clientside_function"]]
    assert len(found) >= 10
    return found


def patterned(client):
    """Components with ids of several parts, as they are on the pages when these open."""
    drawing = next(each for each in callbacks(client) if each["output"].startswith(".._pages_content."))
    found = []

    def look(part):
        if isinstance(part, dict):
            if isinstance(part.get("id"), dict):
                found.append(part)
            part = list(part.values())
        for each in part if isinstance(part, list) else []:
            look(each)

    for page in dash.page_registry.values():
        fill = {"pathname": "/app" + page["path"], "search": ""}
        look(call(client, drawing, lambda _component, name, fill=fill: fill[name], []).json)
    return found


def call(client, dependency, fill, components):
    """Send what the browser sends when a callback is due."""
    outputs = [_matches(part.rpartition(".")[0], part.rpartition(".")[2], components)
               for part in dependency["output"].removeprefix("..").removesuffix("..").split("...")]  # fmt: skip
    body = {
        "output": dependency["output"],
        "outputs": outputs if dependency["output"].startswith("..") else outputs[0],
        "inputs": [_filled(each, fill, components) for each in dependency["inputs"]],
        "state": [_filled(each, fill, components) for each in dependency["state"]],
        "changedPropIds": [f"{each['id']}.{each['property']}" for each in dependency["inputs"][:1]],
    }
    return client.post("/app/_dash-update-component", json=body, headers=csrf(client))


def _matches(component, name, components):
    """The component of this id, or those on the page that match it."""
    if not component.startswith("{"):
        return {"id": component, "property": name.split("@")[0]}
    wanted = json.loads(component)
    return [
        {"id": each["id"], "property": name.split("@")[0], "value": each["id"] if name == "id" else each.get(name)}
        for each in components
        if each["id"].keys() == wanted.keys()
        and all(value in (["ALL"], each["id"][key]) for key, value in wanted.items())
    ]


def _filled(each, fill, components):
    if each["id"].startswith("{"):
        return _matches(each["id"], each["property"], components)
    return {**each, "value": fill(each["id"], each["property"])}


def fillings(ground):
    """What an intruder may put into the fields of a request: another's ids, wherever one could be meant."""
    failed, running = ground.ids["analysis_id"], ground.running_id
    numbers = {"n_clicks": 1, "n_intervals": 1}

    def page(path, search=""):
        known = {**numbers, "pathname": path, "search": search, "disabled": False}
        return lambda component, name: known.get(name, True if "open" in component else path)

    def everywhere(text):
        known = {**numbers, "pathname": f"/app/analyses/{text}", "search": ""}
        return lambda _component, name: known.get(name, text)

    def as_meant(text):
        def fill(component, name):
            if name in numbers:
                return numbers[name]
            if name == "pathname":
                return f"/app/analyses/{text}"
            if component.endswith("-id"):
                return text
            return {
                "analyses-status": "all",
                "analysis-status": "queued",
                "analysis-tab": "overview",
                "analysis-log-after": 0,
            }.get(component, True if "open" in component else "")

        return fill

    yield from (as_meant(failed), as_meant(running), everywhere(failed), everywhere(running))
    for path in dash.page_registry.values():
        yield page("/app" + path["path"])
    yield from (page(f"/app/analyses/{failed}", f"?tab={tab}") for tab in ("overview", "reproduce"))
    yield page("/app/new", f"?from={failed}")


def test_a_stranger_calls_no_callback(client, as_other, ground):
    client.get("/login")
    components = patterned(as_other)
    for dependency in callbacks(as_other):
        for fill in fillings(ground):
            answer = call(client, dependency, fill, components)
            assert answer.status_code == 401, dependency["output"]
            assert set(answer.json) == PROBLEM


def test_a_callback_needs_the_sessions_token(as_other, ground):
    as_other.delete_cookie("_csrf_token")
    as_other.set_cookie("_csrf_token", "made up")
    for dependency in callbacks(as_other):
        assert call(as_other, dependency, next(fillings(ground)), []).status_code == 400


@pytest.mark.parametrize("intruder", ["as_other", "as_admin"])
def test_no_page_or_callback_shows_or_changes_what_is_anothers(request, intruder, as_owner, ground, database):
    client, client_is_admin = request.getfixturevalue(intruder), intruder == "as_admin"
    before, components = owned_rows(database), patterned(client)
    for dependency in callbacks(client):
        for fill in fillings(ground):
            answer = call(client, dependency, fill, components)
            assert answer.status_code in {200, 204}, f"{dependency['output']}: {answer.text[:500]}"
            is_told = client_is_admin and b"audit-grid" in answer.data
            assert is_told or SECRET.encode() not in answer.data, dependency["output"]
    assert owned_rows(database) == before

    seen = {
        dependency["output"]
        for dependency in callbacks(as_owner)
        for fill in fillings(ground)
        if SECRET.encode() in call(as_owner, dependency, fill, components).data
    }
    assert len(seen) >= 4, f"The owner sees nothing either but in {seen}: this test shows nothing."
    assert owned_rows(database) != before, "The owner changes nothing either: this test shows nothing."


def test_a_viewer_changes_nothing_by_any_callback(app, as_other, database, ground, jobs_sent):
    with database.write() as session:
        session.get_one(User, ground.owner.user_id).role = "viewer"
    client = _signed_in(app, ground.ids["email"])
    # Of what is theirs, a viewer may still end their sessions.
    before = owned_rows(database, leaving_out=[BrowserSession])
    components = patterned(as_other)
    for dependency in callbacks(client):
        for fill in fillings(ground):
            assert call(client, dependency, fill, components).status_code in {200, 204}, dependency["output"]
    assert owned_rows(database, leaving_out=[BrowserSession]) == before
    assert jobs_sent == []


def test_the_layout_that_everybody_shares_knows_nobody(as_other, as_owner):
    as_owner.get("/app/_dash-layout")

    layout = json.dumps(as_other.get("/app/_dash-layout").json)

    assert OWNER not in layout


# --- services ---------------------------------------------------------------------------------------------------------


# Services whose things belong to nobody in particular, and which administrators may reach.
FOR_ADMINISTRATORS = {"groups", "invitations", "quotas", "trail", "two_factor", "users"}


def services_for_actors():
    """Every public function of the services that acts on behalf of somebody and takes an id of something."""
    for module in pkgutil.iter_modules(services.__path__, "webapp.services."):
        for name, function in vars(importlib.import_module(module.name)).items():
            if not inspect.isfunction(function) or function.__module__ != module.name or name.startswith("_"):
                continue
            arguments = inspect.signature(function).parameters
            if "owner" in arguments:
                continue  # a part of other services, which have found out whether the actor may
            if "actor" in arguments and any(argument.endswith("_id") for argument in arguments):
                module_name = module.name.rpartition(".")[2]
                for role in ("researcher",) if module_name in FOR_ADMINISTRATORS else ("researcher", "admin"):
                    yield pytest.param(function, role, id=f"{module_name}.{name}-{role}")


@pytest.mark.parametrize(("function", "role"), list(services_for_actors()))
def test_every_service_refuses_the_wrong_actor(function, role, ground, database, app):
    with database.write() as session:
        intruder = factories.create_actor(session, role)
    before = owned_rows(database)
    with database.write() as session:
        given = {**ground.ids, **VALUES, "session": session, "actor": intruder, "store": parts_of(app).store}
        given |= {"name": "Name", "emails": [], "files": parts_of(app).files, "frames": parts_of(app).store}
        given |= {"prepared": None, "kind": "html", "symbol": "ABC", "instrument": {"symbol": "ABC"}}
        given |= {"limits": quotas.Limits(n_running=1)}
        given |= UNSAID
        wanted = inspect.signature(function).parameters.values()
        missing = {each.name for each in wanted if each.default is each.empty} - set(given)
        assert not missing, f"{function.__qualname__}: say in `ground` what {missing} of the owner is."

        with pytest.raises((NotFound, PermissionDenied)) as caught:
            function(**{each.name: given[each.name] for each in wanted if each.default is each.empty})

    assert isinstance(caught.value, AppError)
    assert SECRET not in str(caught.value)
    assert owned_rows(database) == before


def test_services_with_ids_were_found():
    assert len(list(services_for_actors())) >= 7
