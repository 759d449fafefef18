"""Groups of users, with which analyses can be shared. Administrators make them; members see their own."""

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.permissions import Actor, Permission, require
from webapp.services import audit
from webapp.services.accounts import to_email
from webapp.tables import Group, GroupMember, User

MOST_MEMBERS = 500
_MAX_NAME = 80


@dataclass(frozen=True)
class MemberView:
    """A member of a group. `email` and `id` are None for who may not manage users."""

    name: str
    email: str | None
    id: str | None = None


@dataclass(frozen=True)
class GroupView:
    """A group with its members, by name; `id` is public."""

    id: str
    name: str
    members: tuple[MemberView, ...]
    created_at: datetime.datetime


def list_groups(session: Session, actor: Actor) -> list[GroupView]:
    """Return the groups that the actor is in, by name; all of them for who may manage users.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who asks.

    Returns
    -------
    list of GroupView
        With the members who may sign in.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    """
    require(actor, Permission.ANALYSES_READ)
    query = select(Group).order_by(Group.name_key)
    if not actor.may(Permission.USERS_MANAGE):
        query = query.where(Group.id.in_(select(GroupMember.group_id).where(GroupMember.user_id == actor.user_id)))
    rows = session.scalars(query).all()
    members: dict[int, list[MemberView]] = {row.id: [] for row in rows}
    shows_all = actor.may(Permission.USERS_MANAGE)
    found = session.execute(
        select(GroupMember.group_id, User.name, User.email, User.public_id)
        .join(User, User.id == GroupMember.user_id)
        .where(GroupMember.group_id.in_(members), User.is_active)
        .order_by(User.name, User.id)
    )
    for group_id, name, email, public_id in found:
        members[group_id].append(MemberView(name, email, public_id) if shows_all else MemberView(name, None))
    return [GroupView(row.public_id, row.name, tuple(members[row.id]), row.created_at) for row in rows]


def list_all(session: Session, actor: Actor) -> list[GroupView]:
    """Return every group, by name.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    """
    require(actor, Permission.USERS_MANAGE)
    return list_groups(session, actor)


def list_own_names(session: Session, actor: Actor) -> list[str]:
    """Return what the groups that the actor is in are called, by name; for administrators, too, none but their own."""
    own = select(GroupMember.group_id).where(GroupMember.user_id == actor.user_id)
    return list(session.scalars(select(Group.name).where(Group.id.in_(own)).order_by(Group.name_key)))


def get_group(session: Session, actor: Actor, group_id: str) -> GroupView:
    """Return one group, for administrators.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such group.
    """
    found = next((view for view in list_all(session, actor) if view.id == group_id), None)
    if found is None:
        raise _unknown()
    return found


def create_group(session: Session, actor: Actor, *, name: str, address: str = "") -> GroupView:
    """Make a group without members.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    name : str
        What it is called, 1 to 80 characters; no other group has the same, in any case.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    GroupView
        The group.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    InvalidInput
        If the name does not fit.
    Conflict
        If the name is taken.
    """
    require(actor, Permission.USERS_MANAGE)
    name = _clean(name)
    now = database_now(session)
    row = Group(public_id=secrets.token_hex(8), name=name, name_key=_key(name), created_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise _taken(name) from error
    audit.record(
        session, action="group.created", subject=row.public_id, actor=actor, address=address, details={"name": name}
    )
    return GroupView(row.public_id, name, (), now)


def rename_group(session: Session, actor: Actor, group_id: str, *, name: str, address: str = "") -> GroupView:
    """Give a group another name.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    group_id : str
        Public id of the group.
    name : str
        The new name, 1 to 80 characters.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    GroupView
        The group afterwards.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such group.
    InvalidInput
        If the name does not fit.
    Conflict
        If the name is taken.
    """
    row = _managed(session, actor, group_id)
    name, before = _clean(name), row.name
    try:
        with session.begin_nested():
            row.name, row.name_key = name, _key(name)
    except IntegrityError as error:
        raise _taken(name) from error
    if name != before:
        audit.record(
            session,
            action="group.renamed",
            subject=row.public_id,
            actor=actor,
            address=address,
            details={"from": before, "to": name},
        )
    return _view(session, actor, row)


def set_members(
    session: Session, actor: Actor, group_id: str, *, emails: Sequence[str], address: str = ""
) -> GroupView:
    """Say who is in a group; whoever is left out of the list leaves it, and loses what was shared with it at once.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    group_id : str
        Public id of the group.
    emails : sequence of str
        All members, at most 500.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    GroupView
        The group afterwards.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such group.
    InvalidInput
        If there are too many, or one of them is nobody who may sign in; `fields` has `emails` and names them.
    """
    row = _managed(session, actor, group_id)
    wanted = sorted({to_email(email) for email in emails})
    if len(wanted) > MOST_MEMBERS:
        message = f"expected at most {MOST_MEMBERS} members; found {len(wanted)}"
        raise InvalidInput("The group is too large.", fields={"emails": message})
    rows = session.execute(select(User.email, User.id).where(User.email.in_(wanted), User.is_active))
    found: dict[str, int] = {email: user_id for email, user_id in rows}  # noqa: C416  # rows are no tuples to mypy
    unknown = [email for email in wanted if email not in found]
    if unknown:
        message = f"expected active users; found nobody with {', '.join(unknown[:20])}"
        raise InvalidInput("Not everybody on the list is an active user.", fields={"emails": message})
    _change(session, actor, row, _member_ids(session, row), set(found.values()), address)
    return _view(session, actor, row)


def add_member(
    session: Session, actor: Actor, group_id: str, *, email: str = "", user_id: str = "", address: str = ""
) -> GroupView:
    """Let one more user into a group, who from then on reads what is shared with it.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    group_id : str
        Public id of the group.
    email : str, default=""
        Of an active user; who is in the group already stays.
    user_id : str, default=""
        Their public id instead.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    GroupView
        The group afterwards.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such group, or no active user with this id.
    InvalidInput
        If nobody who may sign in has this address, or the group is full; `fields` has `email`.
    """
    row = _managed(session, actor, group_id)
    joining = _active_user(session, email, user_id)
    before = _member_ids(session, row)
    if len(before | {joining}) > MOST_MEMBERS:
        message = f"expected at most {MOST_MEMBERS} members; take somebody out first"
        raise InvalidInput("The group is full.", fields={"email": message})
    _change(session, actor, row, before, before | {joining}, address)
    return _view(session, actor, row)


def remove_member(session: Session, actor: Actor, group_id: str, user_id: str, *, address: str = "") -> GroupView:
    """Take one user out of a group, who loses what was shared with it at once.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    group_id : str
        Public id of the group.
    user_id : str
        Public id of the member; nothing changes if they have left already.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    GroupView
        The group afterwards.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such group.
    """
    row = _managed(session, actor, group_id)
    before = _member_ids(session, row)
    leaving = set(session.scalars(select(User.id).where(User.public_id == user_id)))
    _change(session, actor, row, before, before - leaving, address)
    return _view(session, actor, row)


def _active_user(session: Session, email: str, user_id: str) -> int:
    email = to_email(email)
    who = User.public_id == user_id if user_id else User.email == email
    found = session.scalar(select(User.id).where(who, User.is_active))
    if found is None and user_id:
        raise NotFound("There is no such user, or they may no longer sign in.")
    if found is None:
        message = f"expected the e-mail of an active user; found nobody with {email or 'an empty one'}"
        raise InvalidInput("There is no such user.", fields={"email": message})
    return found


def _member_ids(session: Session, row: Group) -> set[int]:
    return set(session.scalars(select(GroupMember.user_id).where(GroupMember.group_id == row.id)))


def _change(session: Session, actor: Actor, row: Group, before: set[int], after: set[int], address: str) -> None:
    session.execute(delete(GroupMember).where(GroupMember.group_id == row.id, GroupMember.user_id.in_(before - after)))
    session.add_all(GroupMember(group_id=row.id, user_id=user_id) for user_id in sorted(after - before))
    session.flush()
    if before != after:
        audit.record(
            session,
            action="group.members_set",
            subject=row.public_id,
            actor=actor,
            address=address,
            details={"added": _public_ids(session, after - before), "removed": _public_ids(session, before - after)},
        )


def delete_group(session: Session, actor: Actor, group_id: str, *, address: str = "") -> None:
    """Remove a group; what was shared with it is not shared with its members any more.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The administrator who asks.
    group_id : str
        Public id of the group.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such group.
    """
    row = _managed(session, actor, group_id)
    audit.record(
        session,
        action="group.deleted",
        subject=row.public_id,
        actor=actor,
        address=address,
        details={"name": row.name},
    )
    session.execute(delete(Group).where(Group.id == row.id))


def _managed(session: Session, actor: Actor, group_id: str) -> Group:
    require(actor, Permission.USERS_MANAGE)
    row = session.scalars(select(Group).where(Group.public_id == group_id).with_for_update()).one_or_none()
    if row is None:
        raise _unknown()
    return row


def _view(session: Session, actor: Actor, row: Group) -> GroupView:
    return next(view for view in list_groups(session, actor) if view.id == row.public_id)


def _public_ids(session: Session, user_ids: set[int]) -> list[str]:
    return list(session.scalars(select(User.public_id).where(User.id.in_(user_ids)).order_by(User.public_id)))


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        message = f"expected 1 to {_MAX_NAME} printable characters; found {len(name)} characters"
        raise InvalidInput("The name does not fit.", fields={"name": message})
    return name


def _key(name: str) -> str:
    return name.casefold()


def _unknown() -> NotFound:
    return NotFound("There is no such group.")


def _taken(name: str) -> Conflict:
    return Conflict(f"There is already a group called {name}. Choose another name.")
