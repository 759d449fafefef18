"""The audit trail: who did what, from where. Rows are only added."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.permissions import Actor
from webapp.tables import AuditEvent

_SUBJECT_LENGTH = 120
_ADDRESS_LENGTH = 64


def record(
    session: Session,
    *,
    action: str,
    subject: str,
    actor: Actor | None = None,
    address: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the audit trail, in the transaction of what it tells about.

    Parameters
    ----------
    session : Session
        A writing transaction.
    action : str
        What happened, as `subject.verb` in the past tense: `analysis.submitted`.
    subject : str
        What it was done to: a public id, or what a stranger typed; longer than 120 characters is cut.
    actor : Actor, optional
        Who did it; none for the command line and for people who did not prove who they are.
    address : str, default=""
        Network address of the request; empty for the command line.
    details : mapping, optional
        JSON values worth keeping; never a password, a token or prices.
    """
    session.add(
        AuditEvent(
            at=database_now(session),
            user_id=actor.user_id if actor else None,
            action=action,
            subject=_printable(subject)[:_SUBJECT_LENGTH],
            address=_printable(address)[:_ADDRESS_LENGTH],
            details=dict(details or {}),
        )
    )


def forget(session: Session, email: str, public_id: str) -> None:
    """Put a deleted person's id where the trail has their e-mail address; nothing else in it ever changes.

    Parameters
    ----------
    session : Session
        A writing transaction.
    email : str
        The address, as it was kept or typed.
    public_id : str
        Whose it was.
    """
    session.execute(
        update(AuditEvent)
        .where(AuditEvent.subject == email)
        .values(subject=public_id)
        .execution_options(synchronize_session="fetch")
    )


def _printable(text: str) -> str:
    """Return the text with a mark for what no database takes; strangers choose part of what is written here."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
