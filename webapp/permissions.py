"""Who acts, and what their role allows."""

from dataclasses import dataclass, field
from enum import StrEnum

from webapp.errors import PermissionDenied


class Role(StrEnum):
    """What a user may do; each role includes the ones below it."""

    VIEWER = "viewer"
    RESEARCHER = "researcher"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing that can be allowed, named `subject:action`; also the scopes of an API token."""

    ANALYSES_READ = "analyses:read"
    ANALYSES_RUN = "analyses:run"
    PRICES_READ = "prices:read"
    PRICES_WRITE = "prices:write"
    USERS_MANAGE = "users:manage"
    AUDIT_READ = "audit:read"


GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.ANALYSES_READ, Permission.PRICES_READ}),
    Role.RESEARCHER: frozenset(
        {Permission.ANALYSES_READ, Permission.PRICES_READ, Permission.ANALYSES_RUN, Permission.PRICES_WRITE}
    ),
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True)
class Actor:
    """The user on whose behalf a service acts. `scopes` narrows what the role grants; None does not."""

    user_id: int
    name: str
    role: Role
    scopes: frozenset[Permission] | None = field(default=None)
    public_id: str = field(default="", compare=False)  # for the log

    def may(self, permission: Permission) -> bool:
        """Whether the role grants the permission and the token, if any, carries it."""
        return permission in GRANTS[self.role] and (self.scopes is None or permission in self.scopes)


def require(actor: Actor, permission: Permission) -> None:
    """Raise PermissionDenied unless the actor has the permission; the message says whether role or token lacks it."""
    if actor.may(permission):
        return
    if permission in GRANTS[actor.role]:
        carried = ", ".join(sorted(actor.scopes or ())) or "none"
        raise PermissionDenied(
            f"This needs the scope {permission}; your role grants it, but this token carries {carried}. "
            "Use a token with that scope."
        )
    raise PermissionDenied(f"This needs the permission {permission}; your role is {actor.role}. Ask an administrator.")
