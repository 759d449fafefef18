import pytest

from tests import factories
from webapp.errors import Conflict, InvalidCredentials, InvalidInput, NotFound, PermissionDenied
from webapp.permissions import Role
from webapp.services import audit, invitations, sessions, signing_in, tokens, users
from webapp.services.sessions import Visit
from webapp.tables import Analysis, AuditEvent, Trial, User

RIGHT = factories.PASSWORD


@pytest.fixture
def admin(session):
    return factories.create_actor(session, "admin")


@pytest.fixture
def user(session):
    return factories.create_user(session, email="ada@example.org", name="Ada")


def actions(session):
    return [event.action for event in session.query(AuditEvent).order_by(AuditEvent.id)]


def opened(session, user):
    return sessions.open_session(session, user, Visit("Firefox", 7), address="127.0.0.1")


def token_of(session, user):
    actor = factories.actor_of(user)
    return tokens.create_token(session, actor, name="n", scopes=["analyses:read"], expires_in_days=1)[1]


@pytest.mark.parametrize("role", ["researcher", "viewer"])
def test_only_administrators_do_any_of_it(session, user, role):
    actor = factories.create_actor(session, role)
    for attempt in (
        lambda: users.search_users(session, actor),
        lambda: users.get_user(session, actor, user.public_id),
        lambda: users.create_with_password(session, actor, email="a@b", name="n", role=Role.ADMIN),
        lambda: users.set_active(session, actor, user.public_id, is_active=False),
        lambda: users.set_role(session, actor, user.public_id, role=Role.ADMIN),
        lambda: users.set_password(session, actor, user.public_id, password="another password"),
        lambda: users.reset_password(session, actor, "0" * 16),
        lambda: users.delete_user(session, actor, user.public_id),
        lambda: users.list_sessions_of(session, actor, user.public_id),
        lambda: users.end_session_of(session, actor, user.public_id, "0" * 16),
        lambda: users.end_sessions_of(session, actor, user.public_id),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert actions(session) == []


def test_people_are_found_by_name_and_address_page_by_page(session, admin, count_queries):
    for name in ("Cleo", "ann", "Bob_1"):
        factories.create_user(session, name=name, email=f"{name.lower()}@house.org")
    session.expire_all()

    with count_queries(session) as statements:
        page = users.search_users(session, admin, text=" HOUSE.org ", limit=2)

    assert ([each.name for each in page.items], page.total) == (["ann", "Bob_1"], 3)
    assert len(statements) == 2
    for where in ({"offset": 2}, {"cursor": page.next}):
        rest = users.search_users(session, admin, text="house", limit=2, **where)
        assert ([each.name for each in rest.items], rest.next) == (["Cleo"], None)
    assert [each.name for each in users.search_users(session, admin, text="b_1").items] == ["Bob_1"]
    assert users.search_users(session, admin, text="%").total == 0


def test_a_new_user_gets_a_password_that_is_said_once(session, admin):
    view, password = users.create_with_password(session, admin, email="new@b.org", name="New", role=Role.VIEWER)

    assert signing_in.authenticate(session, "new@b.org", password).role is Role.VIEWER
    assert users.get_user(session, admin, view.id).email == "new@b.org"
    assert password not in str([vars(event) for event in session.query(AuditEvent)])


def test_a_password_that_was_shown_has_to_be_changed_but_not_ones_own(session, admin, user):
    def must_choose(user_id):
        return session.query(User).filter_by(public_id=user_id).one().must_choose_password

    view, _ = users.create_with_password(session, admin, email="new@b.org", name="New", role=Role.VIEWER)
    assert must_choose(view.id)
    users.reset_password(session, admin, user.public_id)
    assert must_choose(user.public_id)
    users.set_password(session, None, user.public_id, password="typed at a terminal")
    assert not must_choose(user.public_id)
    me = session.get_one(User, admin.user_id)
    users.reset_password(session, admin, me.public_id)
    assert not must_choose(me.public_id)


def test_somebody_shut_out_loses_sessions_and_tokens_at_once_and_for_good(session, admin, user):
    secret, token = opened(session, user), token_of(session, user)

    assert users.set_active(session, admin, user.public_id, is_active=False).is_active is False
    assert sessions.holder_of(session, secret) is None
    assert tokens.bearer_of(session, token) is None
    with pytest.raises(InvalidCredentials):
        signing_in.authenticate(session, user.email, RIGHT)

    assert users.set_active(session, admin, user.public_id, is_active=True).is_active is True
    assert sessions.holder_of(session, secret) is None
    assert tokens.bearer_of(session, token) is None
    assert signing_in.authenticate(session, user.email, RIGHT).user_id == user.id
    assert actions(session) == [
        "token.created", "account.disabled", "sessions.ended", "token.revoked", "account.sign_in_refused",
        "account.enabled", "account.signed_in",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "attempt",
    [
        lambda session, row: users.set_active(session, None, row, is_active=False),
        lambda session, row: users.set_role(session, None, row, role=Role.RESEARCHER),
        lambda session, row: users.delete_user(session, None, row),
    ],
)
def test_the_house_is_never_left_without_an_administrator(session, attempt):
    first, second = (factories.create_user(session, role="admin") for _ in range(2))
    factories.create_user(session, role="admin", is_active=False)

    attempt(session, second.public_id)
    with pytest.raises(Conflict, match="last active administrator"):
        attempt(session, first.public_id)

    assert session.get_one(User, first.id).role == "admin"
    assert session.get_one(User, first.id).is_active


def test_a_role_is_changed_and_told(session, admin, user):
    assert users.set_role(session, admin, user.public_id, role=Role.VIEWER).role is Role.VIEWER
    users.set_role(session, admin, user.public_id, role=Role.VIEWER)

    event = session.query(AuditEvent).one()
    assert (event.action, event.subject) == ("account.role_changed", user.public_id)
    assert event.details == {"from": "researcher", "to": "viewer"}


def test_a_reset_password_ends_whatever_the_old_one_opened(session, admin, user):
    secret, token = opened(session, user), token_of(session, user)

    password = users.reset_password(session, admin, user.public_id)

    assert sessions.holder_of(session, secret) is None
    assert tokens.bearer_of(session, token) is None
    assert signing_in.authenticate(session, user.email, password).user_id == user.id
    with pytest.raises(InvalidCredentials):
        signing_in.authenticate(session, user.email, RIGHT)


def test_a_short_password_or_an_unknown_user_is_refused(session, user):
    with pytest.raises(InvalidInput):
        users.set_password(session, None, user.public_id, password="short")
    with pytest.raises(NotFound):
        users.set_password(session, None, "0" * 16, password=RIGHT)


def test_an_administrator_sees_and_ends_sessions(session, admin, user):
    first, second = opened(session, user), opened(session, user)

    views = users.list_sessions_of(session, admin, user.public_id)
    assert [(view.user_agent, view.address, view.is_current) for view in views] == [("Firefox", "127.0.0.1", False)] * 2
    users.end_session_of(session, admin, user.public_id, sessions.holder_of(session, first).session_id)
    assert sessions.holder_of(session, first) is None
    assert users.end_sessions_of(session, admin, user.public_id) == 1
    assert sessions.holder_of(session, second) is None
    with pytest.raises(NotFound):
        users.end_session_of(session, admin, user.public_id, "0" * 16)


class TestDeleting:
    @pytest.fixture
    def gone(self, session, admin, user):
        """Somebody deleted who had everything; the person's row."""
        self.secret, self.token = opened(session, user), token_of(session, user)
        self.queued = factories.create_analysis(session, user)
        self.running = factories.create_analysis(session, user, status="running", started_at=factories.NOW)
        self.done = factories.create_analysis(
            session, user, status="succeeded", started_at=factories.NOW, finished_at=factories.NOW
        )
        self.other = factories.create_analysis(session, admin)
        audit.record(session, action="account.sign_in_refused", subject=user.email)
        session.flush()
        self.n_events = session.query(AuditEvent).count()
        users.delete_user(session, admin, user.public_id, address="127.0.0.1")
        session.expire_all()
        return user

    def test_nothing_tells_any_more_who_it_was(self, session, gone):
        assert (gone.name, gone.email.partition("@")[2]) == ("Deleted user", "deleted.invalid")
        everything = [str(vars(row)) for table in (User, AuditEvent) for row in session.query(table)]
        assert not [row for row in everything if "ada@example.org" in row or "'Ada'" in row]

    def test_nothing_opens_any_more(self, session, gone):
        assert sessions.holder_of(session, self.secret) is None
        assert tokens.bearer_of(session, self.token) is None
        for email in ("ada@example.org", gone.email):
            with pytest.raises(InvalidCredentials):
                signing_in.authenticate(session, email, RIGHT)

    @pytest.mark.usefixtures("gone")
    def test_what_they_ran_stops_and_what_others_run_does_not(self, session):
        assert [session.get_one(Analysis, each.id).status for each in (self.queued, self.running, self.done)] == [
            "cancelled", "running", "succeeded",
        ]  # fmt: skip
        assert session.get_one(Analysis, self.running.id).cancel_requested_at is not None
        assert session.get_one(Analysis, self.other.id).status == "queued"

    def test_trail_and_ledger_stay(self, session, gone):
        events = session.query(AuditEvent).order_by(AuditEvent.id).all()
        assert len(events) == self.n_events + 1
        assert (events[-1].action, events[-1].subject) == ("account.deleted", gone.public_id)
        assert events[-1].details == {"n_cancelled": 2}
        assert Trial.owner_id.property.columns[0].foreign_keys == set()

    def test_they_are_found_nowhere(self, session, admin, gone):
        assert users.search_users(session, admin).total == 1
        with pytest.raises(NotFound):
            users.get_user(session, admin, gone.public_id)
        with pytest.raises(NotFound):
            users.set_active(session, admin, gone.public_id, is_active=True)

    @pytest.mark.usefixtures("gone")
    def test_the_address_is_free_again(self, session, admin):
        invitations.create_invitation(session, admin, email="ada@example.org", role=Role.VIEWER)
        users.create_with_password(session, admin, email="ada@example.org", name="Ada", role=Role.VIEWER)
