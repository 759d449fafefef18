"""What goes in and out about people: accounts, invitations, sessions."""

from typing import Annotated

from pydantic import Field

from webapp.api.columns import Moment, PageView, View
from webapp.api.reading import Body, PageQuery
from webapp.permissions import Role
from webapp.services.invitations import MAX_DAYS

_PRINTABLE = r"^[^\u0000-\u001f\u007f]*$"

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


class UserQuery(PageQuery):
    """Which users."""

    text: str = Field(
        default="", max_length=120, pattern=_PRINTABLE, description="Only those whose name or e-mail contains this."
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
