import datetime

import pyotp
import pytest

from tests import factories
from webapp.errors import Conflict, InvalidCredentials, NotFound, PermissionDenied, SecondFactorNeeded
from webapp.permissions import Actor, Permission
from webapp.secrets import TWO_FACTOR, SecretBox
from webapp.services import sessions, signing_in, two_factor, users
from webapp.services.sessions import Visit
from webapp.tables import AuditEvent, RecoveryCode, User

RIGHT = factories.PASSWORD
BOX = SecretBox("only-for-tests-" + "0" * 32, TWO_FACTOR)


@pytest.fixture
def user(session):
    return factories.create_user(session, email="ada@example.org")


@pytest.fixture
def actor(user):
    return factories.actor_of(user)


@pytest.fixture
def clock(monkeypatch):
    """The database's clock, which a test may set forward."""

    class Clock:
        now = datetime.datetime(2026, 1, 2, 3, 4, 10, tzinfo=datetime.UTC)

        def forward(self, seconds):
            self.now += datetime.timedelta(seconds=seconds)

        def code(self, secret, steps=0):
            return pyotp.TOTP(secret).at(self.now + datetime.timedelta(seconds=30 * steps))

    clock = Clock()
    monkeypatch.setattr(two_factor, "database_now", lambda _session: clock.now)
    return clock


@pytest.fixture
def device(session, actor, clock):
    """The secret of a device that was added, half a minute ago; and the recovery codes."""
    secret = two_factor.begin(session, BOX, actor, password=RIGHT).secret
    codes = two_factor.confirm(session, BOX, actor, code=clock.code(secret))
    clock.forward(30)
    return secret, codes


def sign_in(session, user, code=""):
    check = signing_in.verify_password(session, user.email, RIGHT)
    return signing_in.sign_in(session, check, box=BOX, code=code).actor


def test_nothing_is_asked_for_before_the_first_code(session, user, actor, clock):
    made = two_factor.begin(session, BOX, actor, password=RIGHT)

    assert f"secret={made.secret}" in made.uri
    assert made.uri.startswith("otpauth://totp/Assay:ada%40example.org?")
    assert sign_in(session, user) == actor
    with pytest.raises(InvalidCredentials):
        two_factor.confirm(session, BOX, actor, code="000000")
    assert not two_factor.get_status(session, actor).is_on
    assert made.secret not in user.totp_secret


def test_with_a_device_a_code_is_needed_beside_the_password(session, user, actor, device, clock):
    secret, _ = device

    with pytest.raises(SecondFactorNeeded):
        sign_in(session, user)
    with pytest.raises(SecondFactorNeeded):
        signing_in.authenticate(session, user.email, RIGHT)
    for wrong in ("000000", "12345", "nonsense", "\ud800", "１２３４５６"):
        with pytest.raises(InvalidCredentials):
            sign_in(session, user, wrong)
    assert sign_in(session, user, clock.code(secret)) == actor


def test_a_code_works_once_and_no_earlier_one_after_it(session, user, device, clock):
    secret, _ = device
    used, earlier = clock.code(secret), clock.code(secret, -1)
    sign_in(session, user, f" {used[:3]} {used[3:]} ")

    for code in (used, earlier):
        with pytest.raises(InvalidCredentials):
            sign_in(session, user, code)
    clock.forward(30)
    sign_in(session, user, clock.code(secret))


def test_the_code_that_turned_it_on_signs_nobody_in(session, user, actor, clock):
    secret = two_factor.begin(session, BOX, actor, password=RIGHT).secret
    two_factor.confirm(session, BOX, actor, code=clock.code(secret))

    with pytest.raises(InvalidCredentials):
        sign_in(session, user, clock.code(secret))


def test_a_clock_may_be_off_by_one_step_and_no_more(session, user, device, clock):
    secret, _ = device
    with pytest.raises(InvalidCredentials):
        sign_in(session, user, clock.code(secret, 2))
    assert sign_in(session, user, clock.code(secret, 1))


def test_each_recovery_code_works_once(session, user, actor, device):
    _, codes = device
    assert len(set(codes)) == 10
    assert not {code for code in codes if code in str([vars(row) for row in session.query(RecoveryCode)])}

    assert sign_in(session, user, codes[0].upper().replace("-", " ")) == actor
    with pytest.raises(InvalidCredentials):
        sign_in(session, user, codes[0])
    assert two_factor.get_status(session, actor).n_codes_left == 9
    assert "two_factor.code_used" in {event.action for event in session.query(AuditEvent)}


def test_a_recovery_code_is_its_owners(session, device):
    other = factories.create_user(session, two_factor_since=factories.NOW, totp_secret=BOX.seal(pyotp.random_base32()))

    with pytest.raises(InvalidCredentials):
        sign_in(session, other, device[1][0])


def test_new_codes_take_the_place_of_the_old(session, user, actor, device):
    renewed = two_factor.renew_codes(session, actor, password=RIGHT)

    with pytest.raises(InvalidCredentials):
        sign_in(session, user, device[1][0])
    assert sign_in(session, user, renewed[0]) == actor


def test_turning_it_on_ends_other_sessions(session, user, actor, clock):
    mine, other = (sessions.open_session(session, user, Visit("b", 7)) for _ in range(2))
    current = sessions.holder_of(session, mine).session_id
    secret = two_factor.begin(session, BOX, actor, password=RIGHT).secret
    two_factor.confirm(session, BOX, actor, code=clock.code(secret), current=current)

    assert sessions.holder_of(session, mine) is not None
    assert sessions.holder_of(session, other) is None


def test_what_changes_it_asks_for_the_password_and_a_person(session, user, actor, device):
    program = Actor(user.id, user.name, "researcher", frozenset(Permission))
    for function in (two_factor.turn_off, two_factor.renew_codes):
        with pytest.raises(InvalidCredentials):
            function(session, actor, password="a wrong password")
        with pytest.raises(PermissionDenied):
            function(session, program, password=RIGHT)
    with pytest.raises(PermissionDenied):
        two_factor.confirm(session, BOX, program, code="000000")
    with pytest.raises(Conflict, match="on already"):
        two_factor.begin(session, BOX, actor, password=RIGHT)
    with pytest.raises(Conflict):
        two_factor.confirm(session, BOX, actor, code="000000")


def test_off_the_password_alone_signs_in(session, user, actor, device):
    two_factor.turn_off(session, actor, password=RIGHT)

    assert sign_in(session, user) == actor
    assert session.query(RecoveryCode).count() == 0
    with pytest.raises(Conflict, match="is off"):
        two_factor.renew_codes(session, actor, password=RIGHT)
    assert [e.action for e in session.query(AuditEvent) if "two_factor" in e.action] == [
        "two_factor.enabled", "two_factor.disabled",
    ]  # fmt: skip


def test_an_administrator_helps_who_lost_their_device(session, user, actor, device):
    admin = factories.create_actor(session, "admin")
    secret = sessions.open_session(session, user, Visit("b", 7))
    with pytest.raises(PermissionDenied):
        two_factor.turn_off_for(session, actor, user.public_id)
    with pytest.raises(NotFound):
        two_factor.turn_off_for(session, admin, "0" * 16)

    two_factor.turn_off_for(session, admin, user.public_id)

    assert sign_in(session, user) == actor
    assert sessions.holder_of(session, secret) is None


def test_with_another_secret_key_no_code_opens_and_it_is_said(session, user, device, clock):
    other = SecretBox("another-key-" + "1" * 32, TWO_FACTOR)
    check = signing_in.verify_password(session, user.email, RIGHT)

    with pytest.raises(Conflict, match="secret key"):
        signing_in.sign_in(session, check, box=other, code=clock.code(device[0]))


def test_deleting_somebody_forgets_their_device(session, user, device):
    factories.create_user(session, role="admin")
    users.delete_user(session, None, user.public_id)

    session.expire_all()
    assert session.get_one(User, user.id).totp_secret is None
    assert session.query(RecoveryCode).count() == 0
