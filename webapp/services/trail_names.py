"""What the ids in lines of the audit trail are called, as far as who reads them may know it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.db import database_now
from webapp.permissions import Actor
from webapp.services import access
from webapp.tables import Acquisition, Analysis, ApiToken, AuditEvent, Group, Invitation, Template, Upload, User

_MOST_TEXTS = 5_000  # of the details of a page; a database takes only so many values at once

# What belongs to somebody, by the beginning of its actions: its public id, its owner, and what they call it.
_OWNED: Mapping[str, tuple[InstrumentedAttribute[Any], ...]] = {
    "token": (ApiToken.public_id, ApiToken.user_id, ApiToken.name),
    "prices": (Acquisition.public_id, Acquisition.owner_id, Acquisition.symbol),
    "upload": (Upload.public_id, Upload.owner_id, Upload.filename),
    "template": (Template.public_id, Template.owner_id, Template.name),
}


def names_of(session: Session, actor: Actor, rows: Sequence[AuditEvent]) -> dict[str, str]:
    """Return what the subjects of lines are called, and the people and groups that their details tell of.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who reads the trail.
    rows : sequence of AuditEvent
        The lines.

    Returns
    -------
    dict of str to str
        Names by public id, of what still exists. Of what belongs to somebody else and is not shared with the actor, the
        id and whose it is: an administrator sees that it is there, not what is in it.
    """
    texts = (text for row in rows for text in _texts(row.details))
    ids = {row.subject for row in rows}.union(islice(texts, _MOST_TEXTS))
    names = _pairs(session.execute(select(User.public_id, User.name).where(User.public_id.in_(ids))))
    names |= _pairs(
        session.execute(select(Invitation.public_id, Invitation.email).where(Invitation.public_id.in_(ids)))
    )
    kinds = {row.action.partition(".")[0] for row in rows}
    if kinds & {"group", "analysis"}:
        names |= _pairs(session.execute(select(Group.public_id, Group.name).where(Group.public_id.in_(ids))))
    if "analysis" in kinds:
        names |= _analyses(session, actor, ids)
    for kind in sorted(kinds & set(_OWNED)):
        public, owned_by, title = _OWNED[kind]
        found = session.execute(
            select(public, title, owned_by, User.name).join(User, User.id == owned_by).where(public.in_(ids))
        )
        names |= {
            public_id: name if owner_id == actor.user_id else _of(public_id, owner)
            for public_id, name, owner_id, owner in found
        }
    return names


def _analyses(session: Session, actor: Actor, ids: set[str]) -> dict[str, str]:
    shared = access.is_shared_with(actor.user_id, database_now(session))
    found = session.execute(
        select(Analysis.public_id, Analysis.title, Analysis.owner_id, User.name, shared)
        .join(User, User.id == Analysis.owner_id)
        .where(Analysis.public_id.in_(ids))
    )
    return {
        public_id: f"“{title}”" if owner_id == actor.user_id or is_shared else _of(public_id, owner)
        for public_id, title, owner_id, owner, is_shared in found
    }


def _of(public_id: str, owner: str) -> str:
    return f"{public_id} of {owner}"


def _pairs(found: Iterable[Any]) -> dict[str, str]:
    return dict(map(tuple, found))


def _texts(value: Any) -> Iterator[str]:
    """Yield every text among the details of a line."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
