import pyotp
import pytest

from tests import factories
from tests.webapp.dashboard.reading import by_id, of_type, text
from webapp.dashboard.pages import account
from webapp.errors import InvalidCredentials, InvalidInput, TooManyRequests
from webapp.services import sessions, signing_in, tokens
from webapp.services.sessions import Visit
from webapp.tables import User

pytestmark = pytest.mark.databases("sqlite")

RIGHT = factories.PASSWORD
NEW = "another password"


def test_the_page_shows_who_one_is(acting):
    with acting("viewer") as actor:
        page = text(account.layout())
    assert page.startswith(actor.name)
    assert "You are in no group" in page
    assert "You have no tokens" in page
    assert "No browser is signed in" in page


def test_a_password_is_changed_if_it_was_typed_twice_alike(acting, database, told):
    with acting() as actor:
        with pytest.raises(InvalidInput, match="twice alike"):
            account.change_password(1, RIGHT, NEW, "something else")
        with pytest.raises(InvalidCredentials):
            account.change_password(1, "wrong", NEW, NEW)
        message, *_, first, second, third = account.change_password(1, RIGHT, NEW, NEW)
    assert message is None, "a secret that was shown has ended with the password"
    assert told == ["You have a new password. All other sessions and all tokens have ended."]
    assert (first, second, third) == ("", "", "")
    with database.write() as session:
        assert signing_in.authenticate(session, session.get_one(User, actor.user_id).email, NEW) == actor


def test_wrong_passwords_are_counted(acting, monkeypatch):
    monkeypatch.setattr("webapp.auth.limits.WRONG_PROOFS", "1 per hour")
    with acting():
        with pytest.raises(InvalidCredentials):
            account.turn_off(1, "wrong")
        with pytest.raises(TooManyRequests):
            account.turn_off(1, RIGHT)


def test_a_device_is_added_and_forgotten(acting, told):
    with acting():
        secret = by_id(account.begin(1, RIGHT), "account-secret").children
        codes, panel, _ = account.confirm(1, pyotp.TOTP(secret).now())
        assert len(by_id(codes, "account-recovery-codes").children.split()) == 10
        assert "10 recovery codes left" in text(panel)
        assert by_id(account.renew_codes(1, RIGHT)[0], "account-recovery-codes").children
        message, panel = account.turn_off(1, RIGHT)
        assert message is None
        assert "your password alone" in told[-1]
        assert "Off" in text(panel)


def test_a_token_is_made_shown_once_and_revoked(acting, database):
    with acting() as actor:
        message, panel = account.make_token(1, "notebook", "30", ["analyses:read"])
        secret = by_id(message, "account-secret").children
        with database.read() as session:
            assert tokens.bearer_of(session, secret).actor.user_id == actor.user_id
        button = next(each for each in of_type(panel, "Button") if isinstance(each.id, dict))
        assert "You have no tokens" in text(account.revoke_token([1], [button.id])[1])
        for days, scopes in (("soon", ["analyses:read"]), (30, []), (30, ["users:manage"])):
            with pytest.raises(InvalidInput):
                account.make_token(1, "n", days, scopes)


def test_sessions_are_ended(acting, database, told):
    with acting() as actor:
        with database.write() as session:
            for _ in range(3):
                sessions.open_session(session, session.get_one(User, actor.user_id), Visit("curl/8", 7))
        buttons = [each for each in of_type(account.layout(), "Button") if isinstance(each.id, dict)]
        assert text(account.end_session([1], [buttons[0].id])).count("curl/8") == 2
        account.end_others(1)
        assert told == ["The session has ended.", "2 sessions ended."]


def test_what_was_not_clicked_does_nothing(acting):
    with acting():
        before = text(account.layout())
        account.change_password(None, RIGHT, NEW, NEW)
        account.begin(None, RIGHT)
        account.confirm(None, "000000")
        account.turn_off(None, RIGHT)
        account.renew_codes(None, RIGHT)
        account.make_token(None, "n", 30, ["analyses:read"])
        account.revoke_token([None], [{"type": "account-revoke", "token": "x"}])
        account.end_session([None], [{"type": "account-end", "session": "x"}])
        account.end_others(None)
        assert text(account.layout()) == before
