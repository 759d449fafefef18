"""Who may do what about people: one's own account, users and invitations, groups. A part of `policy`."""

from tests.factories import PASSWORD
from tests.project.use_cases import A_ROLE, GROUP, MANAGE, READ, THIS_GROUP, THIS_USER, USER, UseCase
from webapp.permissions import Permission

PEOPLE = (
    # --- one's own account ---
    UseCase("read my account", None, {"GET /api/v1/me": {}, "GET /api/v1/allowance": {}}),
    UseCase(
        "change my own account",
        None,  # a token cannot; see tests/webapp/api/test_me.py
        {
            "page /account": {},
            "account.change_password": {},
            "account.begin": {},
            "account.confirm": {},
            "account.turn_off": {},
            "account.renew_codes": {},
            "account.make_token": {},
            "account.end_others": {},
        },
    ),
    UseCase(
        "change my own account by REST",
        None,
        {
            "POST /api/v1/me/password": {"current_password": PASSWORD, "password": "another password"},
            "POST /api/v1/me/two-factor": {"password": PASSWORD},
            "POST /api/v1/me/two-factor/confirm": {"code": "000000"},
            "POST /api/v1/me/two-factor/off": {"password": PASSWORD},
            "POST /api/v1/me/two-factor/recovery-codes": {"password": PASSWORD},
            "GET /api/v1/me/sessions": {},
            "DELETE /api/v1/me/sessions": {},
        },
        only_people=True,
    ),
    UseCase(
        "end one of my sessions",
        None,
        {"DELETE /api/v1/me/sessions/<session_id>": {}, "account.end_session": {}},
        about="session",
        only_people=True,
    ),
    UseCase("revoke one of my tokens on the page", None, {"account.revoke_token": {}}, about="token"),
    # --- users and invitations ---
    UseCase("list users", MANAGE, {"GET /api/v1/users": {}, "page /admin/users": {}, "users.show": {}}),
    UseCase("turn back to the first users", None, {"users.first_page": {}}),
    UseCase(
        "create a user",
        MANAGE,
        {
            "POST /api/v1/users": {"email": "new@example.org", "name": "New"},
            "users.create": {"users-create-email": "new@example.org", "users-create-name": "New", **A_ROLE},
        },
    ),
    UseCase(
        "see a user",
        MANAGE,
        {f"GET {USER}{part}": {} for part in ("", "/sessions", "/limits")} | {"page /admin/users/<public_id>": {}},
        about="user",
    ),
    UseCase("shut a user out", MANAGE, {f"POST {USER}/disable": {}, "user.disable": THIS_USER}, about="user"),
    UseCase("let a user in again", MANAGE, {f"POST {USER}/enable": {}, "user.enable": THIS_USER}, about="user"),
    UseCase(
        "change a role",
        MANAGE,
        {f"POST {USER}/role": {"role": "viewer"}, "user.set_role": {**THIS_USER, **A_ROLE}},
        about="user",
    ),
    UseCase("limit a user", MANAGE, {f"PUT {USER}/limits": {}, "user.set_limits": THIS_USER}, about="user"),
    UseCase("read everybody's limits", MANAGE, {"GET /api/v1/limits": {}}),
    UseCase("set everybody's limits", MANAGE, {"PUT /api/v1/limits": {}, "users.set_limits": {}}),
    UseCase("reset a password", MANAGE, {f"POST {USER}/password": {}, "user.reset_password": THIS_USER}, about="user"),
    UseCase("delete a user", MANAGE, {f"DELETE {USER}": {}, "user.delete": THIS_USER}, about="user"),
    UseCase(
        "end a user's sessions",
        MANAGE,
        {
            f"DELETE {USER}/sessions": {},
            f"DELETE {USER}/sessions/<session_id>": {},
            "user.end_session": THIS_USER,
            "user.end_sessions": THIS_USER,
        },
        about="user",
    ),
    UseCase(
        "turn somebody's second step off",
        MANAGE,
        {f"POST {USER}/two-factor/off": {}, "user.turn_two_factor_off": THIS_USER},
        about="user",
    ),
    UseCase(
        "read the audit trail",
        Permission.AUDIT_READ,
        {
            "GET /api/v1/audit": {},
            "GET /api/v1/audit/export": {},
            "page /admin/audit": {},
            "audit.show": {},
            "audit.older": {"audit-next": "x"},
        },
    ),
    UseCase("list invitations", MANAGE, {"GET /api/v1/invitations": {}}),
    UseCase(
        "invite somebody",
        MANAGE,
        {
            "POST /api/v1/invitations": {"email": "new@example.org"},
            "users.invite": {"users-invite-email": "new@example.org", "users-invite-days": "7", **A_ROLE},
        },
    ),
    UseCase(
        "take an invitation back",
        MANAGE,
        {"DELETE /api/v1/invitations/<invitation_id>": {}, "users.revoke": {}},
    ),
    # --- groups ---
    UseCase("list groups", READ, {"GET /api/v1/groups": {}}),
    UseCase("list all groups", MANAGE, {"page /admin/groups": {}}),
    UseCase("see a group", MANAGE, {"page /admin/groups/<public_id>": {}}, about="group"),
    UseCase(
        "make a group",
        MANAGE,
        {"POST /api/v1/groups": {"name": "Another"}, "groups.create": {"groups-name": "Another"}},
    ),
    UseCase(
        "rename a group",
        MANAGE,
        {f"PATCH {GROUP}": {"name": "Another"}, "group.rename": {**THIS_GROUP, "group-name": "Another"}},
        about="group",
    ),
    UseCase(
        "fill a group",
        MANAGE,
        {
            f"PUT {GROUP}/members": {"emails": []},
            f"PUT {GROUP}/members/<user_id>": {},
            f"DELETE {GROUP}/members/<user_id>": {},
            "group.add_member": {**THIS_GROUP, "group-email": "nobody@example.org"},
            "group.remove_member": THIS_GROUP,
        },
        about="group",
    ),
    UseCase(
        "delete a group",
        MANAGE,
        {f"DELETE {GROUP}": {}, "group.delete": {**THIS_GROUP, "group-typed": "Desk"}},
        about="group",
    ),
)
