"""Templates: questions without instruments and dates that people keep, for themselves or for everybody here."""

import datetime
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, NotFound, QuotaExceeded
from webapp.permissions import Actor, Permission, require
from webapp.services import analyses, audit
from webapp.tables import Template, User

MAX_NAME = 80
MAX_DESCRIPTION = 200
MOST_TEMPLATES = 100

# What a template leaves as it is: these are the person's own.
KEPT = ("instruments", "start", "end")
_STAND_IN = {"instruments": [{"symbol": "X"}], "start": None, "end": None}
_NOTHING = "There is no such template."


@dataclass(frozen=True)
class TemplateView:
    """A template as those see it who may start from it; `spec` has neither instruments nor dates."""

    id: str
    name: str
    description: str
    owner: str
    is_own: bool
    is_shared: bool
    spec: dict[str, Any]
    created_at: datetime.datetime
    updated_at: datetime.datetime


def list_templates(session: Session, actor: Actor) -> list[TemplateView]:
    """Return the actor's templates and those that others share with everybody, by name.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who asks.

    Returns
    -------
    list of TemplateView
        The actor's own first.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    """
    require(actor, Permission.ANALYSES_READ)
    rows = session.execute(
        select(Template, User.name)
        .join(User, User.id == Template.owner_id)
        .where(or_(Template.owner_id == actor.user_id, Template.is_shared))
        .order_by(Template.owner_id != actor.user_id, Template.name_key, Template.id)
    )
    return [_view(row, owner, actor) for row, owner in rows]


def get_template(session: Session, actor: Actor, template_id: str) -> TemplateView:
    """Return a template to start from.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who asks.
    template_id : str
        Public id of the template.

    Returns
    -------
    TemplateView
        The template.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such template of the actor's own or shared.
    """
    require(actor, Permission.ANALYSES_READ)
    found = session.execute(
        select(Template, User.name)
        .join(User, User.id == Template.owner_id)
        .where(Template.public_id == template_id, or_(Template.owner_id == actor.user_id, Template.is_shared))
    ).one_or_none()
    if found is None:
        raise NotFound(_NOTHING)
    return _view(*found, actor)


def create_template(
    session: Session,
    actor: Actor,
    *,
    name: str,
    description: str,
    spec: Mapping[str, Any],
    is_shared: bool,
    address: str = "",
) -> TemplateView:
    """Keep a question to start from.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks, and will own it.
    name : str
        What it is called, 1 to 80 characters; no other template of the actor has the same, in any case.
    description : str
        What it is for, at most 200 characters.
    spec : mapping
        The question; its instruments and dates are left out, what it does not say is kept at today's defaults.
    is_shared : bool
        Whether everybody here may start from it.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    TemplateView
        The template.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    InvalidInput
        If name, description or question do not fit.
    Conflict
        If the actor has a template of that name.
    QuotaExceeded
        If the actor has 100 templates.
    """
    require(actor, Permission.ANALYSES_RUN)
    n_own = session.scalar(select(func.count()).select_from(Template).where(Template.owner_id == actor.user_id)) or 0
    if n_own >= MOST_TEMPLATES:
        raise QuotaExceeded(f"Expected at most {MOST_TEMPLATES} templates. Delete one first.")
    now = database_now(session)
    row = Template(public_id=secrets.token_hex(8), owner_id=actor.user_id, created_at=now)
    _fill(row, name, description, spec, is_shared=is_shared, now=now)
    _add(session, row)
    _record(session, "template.created", row, actor, address)
    return get_template(session, actor, row.public_id)


def update_template(
    session: Session,
    actor: Actor,
    template_id: str,
    *,
    name: str,
    description: str,
    spec: Mapping[str, Any],
    is_shared: bool,
    address: str = "",
) -> TemplateView:
    """Put another question, name, description or audience in the place of a template's.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own it.
    template_id : str
        Public id of the template.
    name, description, spec, is_shared
        As `create_template` takes them.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    TemplateView
        The template afterwards.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor has no such template: one that another shares can be started from, not changed.
    InvalidInput
        If name, description or question do not fit.
    Conflict
        If the actor has another template of that name.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = _own(session, actor, template_id)
    try:
        with session.begin_nested():
            _fill(row, name, description, spec, is_shared=is_shared, now=database_now(session))
            session.flush()
    except IntegrityError as error:
        raise _taken(name) from error
    _record(session, "template.updated", row, actor, address)
    return get_template(session, actor, template_id)


def delete_template(session: Session, actor: Actor, template_id: str, *, address: str = "") -> None:
    """Forget a template; analyses that began with it stay as they are.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own it.
    template_id : str
        Public id of the template.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor has no such template.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = _own(session, actor, template_id)
    _record(session, "template.deleted", row, actor, address)
    session.delete(row)
    session.flush()


def _fill(
    row: Template, name: str, description: str, spec: Mapping[str, Any], *, is_shared: bool, now: datetime.datetime
) -> None:
    row.name, row.description = _checked(name, description)
    row.name_key = row.name.casefold()
    question = analyses.parse_spec({**spec, **_STAND_IN}).resolved()
    row.spec = {part: value for part, value in question.items() if part not in KEPT}
    row.is_shared = is_shared
    row.updated_at = now


def _checked(name: str, description: str) -> tuple[str, str]:
    name, description = " ".join(name.split()), " ".join(description.split())
    fields = {}
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        fields["name"] = f"expected 1 to {MAX_NAME} printable characters; found {len(name)} characters"
    if len(description) > MAX_DESCRIPTION or not (description.isprintable() or not description):
        fields["description"] = f"expected at most {MAX_DESCRIPTION} printable characters; found {len(description)}"
    if fields:
        wrong = "; ".join(f"{field}: {problem}" for field, problem in fields.items())
        raise InvalidInput(f"The template does not fit: {wrong}.", fields=fields)
    return name, description


def _add(session: Session, row: Template) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise _taken(row.name) from error


def _taken(name: str) -> Conflict:
    return Conflict(f"You have a template with the name {name} already. Choose another name, or update that one.")


def _own(session: Session, actor: Actor, template_id: str) -> Template:
    row = session.scalars(
        select(Template).where(Template.public_id == template_id, Template.owner_id == actor.user_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_NOTHING)
    return row


def _record(session: Session, action: str, row: Template, actor: Actor, address: str) -> None:
    details = {"name": row.name, "is_shared": row.is_shared}
    audit.record(session, action=action, subject=row.public_id, actor=actor, address=address, details=details)


def _view(row: Template, owner: str, actor: Actor) -> TemplateView:
    return TemplateView(
        id=row.public_id,
        name=row.name,
        description=row.description,
        owner=owner,
        is_own=row.owner_id == actor.user_id,
        is_shared=row.is_shared,
        spec=dict(row.spec),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
