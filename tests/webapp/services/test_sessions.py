import datetime

import pytest

from tests import factories
from webapp.errors import NotFound, PermissionDenied
from webapp.permissions import Actor, Permission
from webapp.services import sessions
from webapp.services.sessions import Visit
from webapp.tables import AuditEvent, BrowserSession

LONG_AGO = datetime.timedelta(days=60)


@pytest.fixture
def user(session):
    return factories.create_user(session)


def opened(session, user, agent="Firefox"):
    return sessions.open_session(session, user, Visit(agent, 7), address="127.0.0.1")


def test_a_session_stands_for_its_user_in_one_query(session, user, count_queries):
    secret = opened(session, user)

    with count_queries(session) as statements:
        holder = sessions.holder_of(session, secret)

    assert holder.actor == factories.actor_of(user)
    assert not holder.is_sighting_due
    assert len(statements) == 1


@pytest.mark.parametrize("secret", ["", "other", "ö", "\ud800", "x" * 5000])
def test_what_is_no_session_stands_for_nobody(session, user, secret):
    opened(session, user)

    assert sessions.holder_of(session, secret) is None


def test_an_ended_an_old_and_a_disabled_session_stand_for_nobody(session, user):
    ended, old, shut_out = (opened(session, user) for _ in range(3))
    rows = session.query(BrowserSession).order_by(BrowserSession.id).all()
    rows[0].ended_at = factories.NOW
    rows[1].expires_at = rows[1].created_at - datetime.timedelta(seconds=1)
    session.flush()

    assert sessions.holder_of(session, ended) is None
    assert sessions.holder_of(session, old) is None
    assert sessions.holder_of(session, shut_out) is not None
    user.is_active = False
    session.flush()
    assert sessions.holder_of(session, shut_out) is None


def test_a_sighting_is_noted_once_a_minute(session, user):
    secret = opened(session, user)
    row = session.query(BrowserSession).one()
    row.last_seen_at -= datetime.timedelta(seconds=61)
    session.flush()
    before = row.last_seen_at
    holder = sessions.holder_of(session, secret)
    assert holder.is_sighting_due

    sessions.note_sighting(session, holder.session_id, address="127.0.0.9")
    session.refresh(row)
    noted = row.last_seen_at
    sessions.note_sighting(session, holder.session_id, address="127.0.0.10")
    session.refresh(row)

    assert before < noted == row.last_seen_at
    assert row.address == "127.0.0.9"
    assert not sessions.holder_of(session, secret).is_sighting_due


def test_rows_of_sessions_long_over_go_when_their_owner_comes_again(session, user):
    opened(session, user)
    row = session.query(BrowserSession).one()
    row.expires_at -= LONG_AGO
    session.flush()
    session.expunge(row)

    opened(session, user, "Chromium")

    assert [each.user_agent for each in session.query(BrowserSession)] == ["Chromium"]


def test_what_a_browser_says_of_itself_is_kept_as_far_as_it_can_be(session, user):
    opened(session, user, "a\x00b" + "c" * 500)

    assert session.query(BrowserSession).one().user_agent == "a\ufffdb" + "c" * 197


def test_the_list_has_ones_own_open_sessions_and_says_which_is_this(session, user):
    secrets = [opened(session, user, agent) for agent in ("a", "b", "c")]
    opened(session, factories.create_user(session), "another's")
    current = sessions.holder_of(session, secrets[1]).session_id
    first = sessions.holder_of(session, secrets[0]).session_id
    sessions.end_session(session, factories.actor_of(user), first)

    views = sessions.list_sessions(session, factories.actor_of(user), current=current)

    assert {(view.user_agent, view.is_current) for view in views} == {("b", True), ("c", False)}
    assert views[0].address == "127.0.0.1"


def test_ending_one_or_all_others_counts_at_once_and_is_told(session, user):
    secrets = [opened(session, user, agent) for agent in ("a", "b", "c")]
    ids = [sessions.holder_of(session, secret).session_id for secret in secrets]
    actor = factories.actor_of(user)

    sessions.end_session(session, actor, ids[0])
    sessions.end_session(session, actor, ids[0])
    assert [sessions.holder_of(session, secret) is None for secret in secrets] == [True, False, False]
    assert sessions.end_other_sessions(session, actor, current=ids[1]) == 1
    assert sessions.end_other_sessions(session, actor, current=ids[1]) == 0

    assert [sessions.holder_of(session, secret) is None for secret in secrets] == [True, False, True]
    assert [event.action for event in session.query(AuditEvent)] == ["session.ended", "sessions.ended"]


def test_nobody_ends_anothers_session(session, user):
    secret = opened(session, user)
    other = factories.create_actor(session)

    with pytest.raises(NotFound, match="There is no such session"):
        sessions.end_session(session, other, sessions.holder_of(session, secret).session_id)
    assert sessions.end_other_sessions(session, other, current="") == 0
    assert sessions.holder_of(session, secret) is not None


def test_a_token_knows_and_ends_no_sessions(session, user):
    opened(session, user)
    actor = Actor(user.id, user.name, "researcher", frozenset(Permission))

    for attempt in (
        lambda: sessions.list_sessions(session, actor),
        lambda: sessions.end_session(session, actor, "0" * 16),
        lambda: sessions.end_other_sessions(session, actor, current=""),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
