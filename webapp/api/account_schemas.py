"""What goes in and out about people: accounts, invitations, sessions."""

from typing import Annotated, Any

from pydantic import Field

from webapp.api.columns import Moment, PageView, View
from webapp.api.reading import PRINTABLE, Body, PageQuery, Query, QueryDate
from webapp.permissions import Role
from webapp.services.invitations import MAX_DAYS
from webapp.services.passwords import MIN_LENGTH

Email = Annotated[str, Field(max_length=254, description="What they sign in with.", examples=["ada@example.org"])]
RoleField = Annotated[Role, Field(description="What they may do; each role includes the ones before it.")]


class User(View):
    """A person, as administrators see them."""

    id: str
    email: str
    name: str
    role: Role
    is_active: bool = Field(description="Whether they may sign in.")
    created_at: Moment
    last_sign_in_at: Moment | None
    has_two_factor: bool = Field(description="Whether signing in also asks for a code of a device.")


class UserQuery(PageQuery):
    """Which users."""

    text: str = Field(
        default="", max_length=120, pattern=PRINTABLE, description="Only those whose name or e-mail contains this."
    )


class UserList(PageView):
    """A page of users, by e-mail."""

    items: list[User]
    total: int = Field(description="How many match.")


class NewUser(Body):
    """Who is let in."""

    email: Email
    name: str = Field(max_length=120, description="What others see.")
    role: RoleField = Role.RESEARCHER


class UserWithPassword(View):
    """A new user, and their password, which is shown this once."""

    user: User
    password: str = Field(description="It is stored nowhere.")


class NewRole(Body):
    """Another role."""

    role: RoleField


class NewPassword(View):
    """A password that was made up."""

    password: str = Field(description="It is stored nowhere.")


class Session(View):
    """A browser that somebody is signed in with."""

    id: str
    created_at: Moment
    last_seen_at: Moment = Field(description="To the minute.")
    expires_at: Moment
    address: str = Field(description="Network address of its last request.")
    user_agent: str = Field(description="What the browser says of itself.")
    is_current: bool = Field(description="Whether it is the one that asks.")


class SessionList(View):
    """Open sessions, the one used last first."""

    items: list[Session]


class SessionsEnded(View):
    """How many sessions have ended."""

    n_ended: int


class NewInvitation(Body):
    """Who is invited."""

    email: Email
    role: RoleField = Role.RESEARCHER
    days: int = Field(default=7, ge=1, le=MAX_DAYS, description="Days until the link ends by itself.")


class Invitation(View):
    """An invitation that still works, without its link."""

    id: str
    email: str
    role: Role
    invited_by: str
    created_at: Moment
    expires_at: Moment


class InvitationList(View):
    """Invitations that still work, newest first."""

    items: list[Invitation]


class InvitationWithLink(View):
    """An invitation, and its link, which is shown this once."""

    invitation: Invitation
    link: str = Field(description="Hand it over yourself: no mail is sent. It works once, and is stored nowhere.")


class TwoFactor(View):
    """Whether a code is asked for at sign-in."""

    is_on: bool
    since: Moment | None
    n_codes_left: int = Field(description="Recovery codes that were not used.")


class Me(User):
    """Whom a token or session acts for."""

    two_factor: TwoFactor


_PASSWORD = Field(max_length=1024, description="Yours, as it is now.", json_schema_extra={"format": "password"})


class OwnPassword(Body):
    """Proof that it is you."""

    password: str = _PASSWORD


class PasswordChange(Body):
    """Another password."""

    current_password: str = _PASSWORD
    password: str = Field(
        min_length=MIN_LENGTH, max_length=1024, description="The new one.", json_schema_extra={"format": "password"}
    )


class Enrolment(View):
    """What an authenticator app needs to know, shown this once."""

    secret: str = Field(description="In base 32, to be typed.")
    uri: str = Field(description="`otpauth://…`, to be shown as a QR code.")


class FirstCode(Body):
    """What the device shows."""

    code: str = Field(max_length=32, description="Six digits.")


class RecoveryCodes(View):
    """Codes for who loses their device; each works once."""

    recovery_codes: list[str] = Field(description="They are stored nowhere.")


class TrailFilter(Query):
    """Which lines of the audit trail."""

    user: str = Field(
        default="",
        max_length=32,
        pattern=PRINTABLE,
        description="Only what this user did, or what was done to them: a user's id; empty: all.",
    )
    action: str = Field(
        default="",
        max_length=64,
        pattern=PRINTABLE,
        description="Only this action, such as `account.disabled`, or all of a subject, such as `account`; empty: all.",
    )
    start: QueryDate | None = Field(default=None, description="Only from this day on, in UTC.")
    end: QueryDate | None = Field(default=None, description="Only up to this day, in UTC.")


class TrailQuery(TrailFilter, PageQuery):
    """Which lines of the audit trail, a page at a time."""


class TrailEntry(View):
    """A line of the audit trail."""

    at: Moment
    user: str = Field(description="Who did it, in words.")
    user_id: str | None = Field(description="Id of who did it; null: the command line, or somebody not signed in.")
    action: str = Field(description="`subject.verb`, such as `account.disabled`.")
    subject: str = Field(description="What it was done to: an id, or what somebody typed.")
    sentence: str = Field(description="All of it in words.")
    address: str = Field(description="Network address of the request.")
    details: dict[str, Any] = Field(description="What else is worth keeping.")


class Trail(PageView):
    """A page of the audit trail, newest first."""

    items: list[TrailEntry]
