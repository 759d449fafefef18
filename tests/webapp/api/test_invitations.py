import pytest

from tests.webapp.api.calls import fields, problem

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def boss(call_as):
    """An administrator's program."""
    return call_as("admin")


def test_a_link_is_shown_once_and_leads_to_the_page(boss, app):
    answer = boss.post("/invitations", json={"email": "ada@example.org", "role": "viewer", "days": 3})

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    link = answer.json["link"]
    assert link.startswith("http://localhost/invitation/")
    assert "ada@example.org" in app.test_client().get(link.removeprefix("http://localhost")).text
    listed = boss.get("/invitations").json["items"]
    assert listed == [answer.json["invitation"]]
    assert link.rpartition("/")[2] not in str(listed)


def test_a_revoked_link_leads_nowhere(boss, app):
    answer = boss.post("/invitations", json={"email": "ada@example.org"}).json

    assert boss.delete(f"/invitations/{answer['invitation']['id']}").status_code == 204
    assert app.test_client().get(answer["link"].removeprefix("http://localhost")).status_code == 404
    assert boss.get("/invitations").json["items"] == []


def test_what_does_not_fit_is_said(boss):
    assert "days" in fields(boss.post("/invitations", json={"email": "a@b.org", "days": 31}))
    assert "email" in fields(boss.post("/invitations", json={"email": "nobody"}))
    problem(boss.delete(f"/invitations/{'0' * 16}"), 404, "not_found")


def test_nobody_else_invites(me):
    problem(me.post("/invitations", json={"email": "a@b.org"}), 403, "permission_denied")
    problem(me.get("/invitations"), 403, "permission_denied")
