import datetime

import pytest

from tests.factories import NOW
from tests.webapp.dashboard.reading import of_class, of_type, text
from webapp.dashboard.components import people
from webapp.errors import InvalidInput
from webapp.permissions import Role
from webapp.services.sessions import SessionView

AGENTS = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0": "Edge on Windows",  # noqa: E501
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15": "Safari on macOS",  # noqa: E501
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36": "Chrome on Android",  # noqa: E501
    "python-requests/2.32": "python-requests/2.32",
    "": "Unknown browser",
}


@pytest.mark.parametrize(("agent", "name"), AGENTS.items())
def test_a_browser_is_called_by_its_name(agent, name):
    assert people.browser_name(agent) == name


def test_every_role_can_be_chosen_and_nothing_else():
    assert [option["value"] for option in people.role_options()] == list(Role)
    assert [people.to_role(role) for role in ("viewer", "admin")] == [Role.VIEWER, Role.ADMIN]
    for wrong in ("king", None, ["admin"], 3):
        with pytest.raises(InvalidInput):
            people.to_role(wrong)


def test_access_is_an_icon_and_a_word():
    assert text(people.access_badge(is_active=True)) == "Active"
    assert text(people.access_badge(is_active=False)) == "Disabled"
    assert of_class(people.access_badge(is_active=False), "bi-slash-circle")


def test_a_secret_can_be_copied_and_is_said_to_be_shown_once():
    shown = people.shown_once("The link:", "s3cret", element_id="x")

    assert "s3cret" in text(shown)
    assert "shown this once" in text(shown)
    assert of_class(shown, "copy")


def test_sessions_are_named_and_each_can_be_ended():
    hour = datetime.timedelta(hours=1)
    views = [SessionView(f"s{n}", NOW - hour, NOW, NOW + hour, "10.0.0.1", "curl/8", n == 1) for n in range(2)]

    table = people.sessions_table(views, "page-end", NOW)

    assert [button.id for button in of_type(table, "Button")] == [
        {"type": "page-end", "session": f"s{n}"} for n in range(2)
    ]
    assert text(table).count("this browser") == 1
    assert "10.0.0.1" in text(table)
    assert "No browser is signed in" in text(people.sessions_table([], "page-end", NOW))


def test_what_was_only_drawn_was_not_clicked():
    ids = [{"type": "t", "session": "a"}, {"type": "t", "session": "b"}]

    assert people.clicked([None, 1], ids, "session") == "b"
    assert people.clicked([None, None], ids, "session") is None
