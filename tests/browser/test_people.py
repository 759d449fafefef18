"""From an invitation to two-factor sign-in, as people do it."""

import time

import pyotp
import pytest
from playwright.sync_api import expect

from tests import factories
from webapp.permissions import Role
from webapp.services import invitations

pytestmark = pytest.mark.browser

PASSWORD = "a password of my own"


def test_somebody_invited_adds_a_device_and_signs_in_with_it(open_page, live_app):
    with live_app.database.write() as session:
        host = factories.create_actor(session, "admin")
        _, secret = invitations.create_invitation(session, host, email="grace@example.org", role=Role.RESEARCHER)

    page = open_page(f"/invitation/{secret}", width=390, signed=False)
    page.fill("#name", "Grace Hopper")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Create my account").click()
    page.wait_for_url(f"{live_app.url}/app/")

    page.goto(f"{live_app.url}/app/account")
    page.fill("#account-two-factor-password", PASSWORD)
    page.get_by_role("button", name="Turn on").click()
    page.get_by_alt_text("QR code for an authenticator app").wait_for()
    device = pyotp.TOTP(page.text_content("#account-secret"))
    used = int(time.time()) // 30
    page.fill("#account-code", device.generate_otp(used))
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("#account-recovery-codes")).to_be_in_viewport()
    assert "10 recovery codes left" in page.text_content("#account-two-factor").replace("\u00a0", " ")

    page.context.clear_cookies()
    page.goto(f"{live_app.url}/login")
    page.fill("#email", "grace@example.org")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/login/code**")
    page.fill("#code", device.generate_otp(used + 1))  # the next step's is accepted already
    page.press("#code", "Enter")
    page.wait_for_url(f"{live_app.url}/app/")
