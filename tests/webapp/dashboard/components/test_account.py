import pyotp

from tests.factories import NOW
from tests.webapp.dashboard.reading import by_id, of_type, text
from webapp.dashboard.components import account
from webapp.permissions import Actor, Permission, Role
from webapp.services.tokens import TokenView
from webapp.services.two_factor import Enrolment, TwoFactorStatus


def test_the_second_step_says_whether_it_is_on():
    off, on = TwoFactorStatus(is_on=False, since=None, n_codes_left=0), TwoFactorStatus(True, NOW, 9)

    assert "Off" in text(account.two_factor_panel(off))
    assert "On Since 2026-01-02. 9 recovery codes left." in text(account.two_factor_panel(on))
    assert by_id(account.two_factor_panel(on), "account-begin").style == {"display": "none"}
    assert by_id(account.two_factor_panel(off), "account-off").style == {"display": "none"}


def test_a_device_is_added_by_a_picture_that_no_other_host_draws():
    secret = pyotp.random_base32()
    shown = account.enrolment(Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name="a@b.org")))

    (picture,) = of_type(shown, "Img")
    assert picture.src.startswith("data:image/svg+xml")
    assert secret in text(shown)


def test_recovery_codes_can_be_copied():
    shown = account.recovery_codes(["a-b", "c-d"])
    assert by_id(shown, "account-recovery-codes").children == "a-b\nc-d"


def test_tokens_are_listed_with_what_they_carry_and_scopes_are_those_of_the_role():
    view = TokenView("t1", "notebook", (Permission.ANALYSES_READ,), NOW, NOW, None)
    panel = account.tokens_panel([view], Actor(1, "Ada", Role.VIEWER))

    assert "notebook Read analyses and their results" in text(panel)
    offered = {option["value"] for option in by_id(panel, "account-token-scopes").options}
    assert offered == {"analyses:read", "prices:read"}
    assert "You have no tokens" in text(account.tokens_panel([], Actor(1, "Ada", Role.VIEWER)))
