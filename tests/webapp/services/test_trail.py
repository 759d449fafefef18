import datetime
import re

import pytest

from tests import factories, schema
from webapp.errors import InvalidInput, PermissionDenied
from webapp.permissions import Role
from webapp.services import audit, invitations, trail, users


@pytest.fixture
def admin(session):
    return factories.actor_of(factories.create_user(session, role="admin", name="Boss"))


@pytest.fixture
def ada(session):
    return factories.create_user(session, name="Ada")


def sentences(session, admin, **which):
    return [item.sentence for item in trail.read_trail(session, admin, **which).items]


def test_lines_are_sentences_newest_first_with_names_and_addresses(session, admin, ada, count_queries):
    users.set_role(session, admin, ada.public_id, role=Role.VIEWER, address="10.0.0.1")
    users.set_active(session, None, ada.public_id, is_active=False)
    invitations.create_invitation(session, admin, email="eve@example.org", role=Role.ADMIN)
    audit.record(session, action="account.sign_in_refused", subject="who?", address="10.0.0.9")
    session.flush()

    with count_queries(session) as statements:
        found = sentences(session, admin)

    assert found == [
        "Somebody who was not signed in failed to sign in as who?.",
        "Boss invited eve@example.org (role: admin; days: 7).",
        "The command line disabled Ada.",
        "Boss changed the role of Ada (from: researcher; to: viewer).",
    ]
    assert len(statements) == 4
    assert trail.read_trail(session, admin).items[-1].address == "10.0.0.1"


def test_the_trail_is_filtered_by_person_action_and_day(session, admin, ada):
    users.set_active(session, admin, ada.public_id, is_active=False)
    audit.record(session, action="analysis.submitted", subject="a1", actor=factories.actor_of(ada))
    audit.record(session, action="accountant.hired", subject="x", actor=admin)
    session.flush()
    today = datetime.datetime.now(datetime.UTC).date()
    day = datetime.timedelta(days=1)

    assert sentences(session, admin, user_id=ada.public_id) == [
        "Ada submitted the analysis a1.", "Boss disabled Ada.",
    ]  # fmt: skip
    assert sentences(session, admin, user_id="nobody") == []
    assert sentences(session, admin, action="account") == ["Boss disabled Ada."]
    assert sentences(session, admin, action="analysis.submitted") == ["Ada submitted the analysis a1."]
    assert len(sentences(session, admin, start=today - day, end=today + day)) == 3
    assert sentences(session, admin, start=today + 2 * day) == []
    assert sentences(session, admin, end=today - 2 * day) == []
    assert len(sentences(session, admin, start=datetime.date.min, end=datetime.date.max)) == 3


def test_pages_follow_each_other_whatever_is_added_meanwhile(session, admin):
    for number in range(5):
        audit.record(session, action="analysis.submitted", subject=f"a{number}", actor=admin)
    session.flush()
    first = trail.read_trail(session, admin, limit=2)
    audit.record(session, action="analysis.submitted", subject="a9", actor=admin)
    session.flush()
    second = trail.read_trail(session, admin, limit=2, cursor=first.next)
    last = trail.read_trail(session, admin, limit=2, cursor=second.next)

    assert [item.subject for page in (first, second, last) for item in page.items] == ["a4", "a3", "a2", "a1", "a0"]
    assert last.next is None
    with pytest.raises(InvalidInput):
        trail.read_trail(session, admin, cursor="made up")


def test_somebody_deleted_is_named_no_more(session, admin, ada):
    audit.record(session, action="account.signed_in", subject=ada.public_id, actor=factories.actor_of(ada))
    users.delete_user(session, admin, ada.public_id)

    assert sentences(session, admin) == [
        "Boss deleted the user Deleted user (cancelled: 0).",
        "Deleted user signed in.",
    ]


@pytest.mark.parametrize("role", ["viewer", "researcher"])
def test_only_administrators_read_it(session, role):
    with pytest.raises(PermissionDenied):
        trail.read_trail(session, factories.create_actor(session, role))


def test_an_action_without_a_sentence_is_still_told(session, admin):
    audit.record(session, action="weather.turned_fair", subject="today", details={"sky": ["blue", "white"]})
    session.flush()

    assert sentences(session, admin) == ["The command line: weather turned fair today (sky: blue, white)."]


def test_every_action_that_is_recorded_has_its_sentence():
    named = re.compile(
        r"\"((?:account|sessions?|invitation|token|two_factor|analysis|prices|upload|template|backup|group)\.[a-z_]+)\""
    )
    code = "".join(
        file.read_text() for file in (schema.ROOT / "webapp" / "services").glob("*.py") if file.stem != "trail"
    )
    recorded = set(named.findall(code))
    assert len(recorded) > 30
    assert recorded - set(trail.SENTENCES) == set()


def test_a_change_is_told_as_from_what_to_what(session, admin):
    tags = {"tags": {"from": [], "to": ["a", "b"]}, "archived": {"from": False, "to": True}}
    audit.record(session, action="analysis.noted", subject="a1", actor=admin, details=tags)
    session.flush()
    assert sentences(session, admin) == [
        "Boss noted something about the analysis a1 (tags: none → a, b; archived: no → yes).",
    ]  # fmt: skip
