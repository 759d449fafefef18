"""Reading the audit trail: what was done, by whom, to what, from where; in sentences, newest first."""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.permissions import Actor, Permission, require
from webapp.services import paging, trail_names
from webapp.tables import AuditEvent, User

_NEWEST_FIRST = (paging.Order(AuditEvent.id, descending=True),)
COMMAND_LINE = "The command line"
STRANGER = "Somebody who was not signed in"

_HASH = re.compile(r"[0-9a-f]{40,}")
_SHOWN_OF_A_HASH = 12

# What each action says, after who did it; `{subject}` is what it was done to.
SENTENCES: dict[str, str] = {
    "account.created": "made an account for {subject}",
    "account.signed_in": "signed in",
    "account.sign_in_refused": "failed to sign in as {subject}",
    "account.code_refused": "gave a wrong code to sign in as {subject}",
    "account.signed_out": "signed out",
    "account.password_changed": "changed their password",
    "account.password_chosen": "chose a password of their own",
    "account.password_reset": "gave {subject} a new password",
    "account.role_changed": "changed the role of {subject}",
    "account.disabled": "disabled {subject}",
    "account.enabled": "enabled {subject}",
    "account.deleted": "deleted the user {subject}",
    "two_factor.enabled": "turned two-factor sign-in on",
    "two_factor.disabled": "turned two-factor sign-in of {subject} off",
    "two_factor.codes_renewed": "made new recovery codes",
    "two_factor.code_used": "signed in with a recovery code",
    "session.ended": "ended a session of {subject}",
    "sessions.ended": "ended sessions of {subject}",
    "invitation.created": "invited {subject}",
    "invitation.revoked": "revoked the invitation of {subject}",
    "invitation.accepted": "accepted the invitation of {subject}",
    "token.created": "made the token {subject}",
    "token.revoked": "revoked the token {subject}",
    "analysis.submitted": "submitted the analysis {subject}",
    "analysis.rerun": "ran the analysis {subject} again",
    "analysis.cancelled": "cancelled the analysis {subject}",
    "analysis.shared": "shared the analysis {subject}",
    "analysis.unshared": "took back a share of the analysis {subject}",
    "analysis.noted": "noted something about the analysis {subject}",
    "analysis.imported": "imported the analysis {subject} from a bundle",
    "analysis.document_asked": "asked for a document of the analysis {subject}",
    "study.submitted": "submitted the study {subject}",
    "study.cancelled": "cancelled the study {subject}",
    "study.paused": "paused the study {subject}",
    "study.resumed": "resumed the study {subject}",
    "study.retried": "retried what failed in the study {subject}",
    "study.deleted": "deleted the study {subject}",
    "analysis.link_opened": "opened a link to the analysis {subject}",
    "prices.fetch_asked": "asked for prices of {subject}",
    "prices.import_asked": "asked to import prices ({subject})",
    "prices.acquisition_cancelled": "cancelled the acquisition {subject}",
    "upload.created": "brought the file {subject}",
    "upload.decided": "decided about findings in the file {subject}",
    "upload.stored": "stored the prices of the file {subject}",
    "upload.deleted": "deleted the file {subject}",
    "upload.cleared": "cleared away the file {subject}, which nobody had stored",
    "template.created": "made the template {subject}",
    "template.updated": "changed the template {subject}",
    "template.deleted": "deleted the template {subject}",
    "backup.written": "wrote the backup {subject}",
    "backup.restored": "restored the backup {subject}",
    "group.created": "made the group {subject}",
    "group.renamed": "renamed the group {subject}",
    "group.members_set": "set the members of the group {subject}",
    "limits.user_set": "set the limits of {subject}",
    "limits.house_set": "set everybody's limits",
    "group.deleted": "deleted the group {subject}",
}


@dataclass(frozen=True)
class TrailEntry:
    """A line of the trail. `user` is who did it, `user_id` their public id, None for the command line and strangers."""

    at: datetime.datetime
    user: str
    user_id: str | None
    action: str
    subject: str
    sentence: str
    address: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class TrailPage:
    """Some lines, newest first, and the cursor of the next page."""

    items: tuple[TrailEntry, ...]
    next: str | None


def read_trail(  # each narrows the list, and all may be left out
    session: Session,
    actor: Actor,
    *,
    user_id: str = "",
    action: str = "",
    start: datetime.date | None = None,
    end: datetime.date | None = None,
    limit: int = 50,
    cursor: str = "",
) -> TrailPage:
    """Return lines of the audit trail, newest first.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who asks.
    user_id : str, default=""
        Public id: only what this person did, or what was done to them; empty: all.
    action : str, default=""
        Only this action, such as `account.disabled`, or all of a subject, such as `account`; empty: all.
    start : date, optional
        Only from this day on, in UTC.
    end : date, optional
        Only up to this day, in UTC.
    limit : int, default=50
        At most this many, 1 to 500.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    TrailPage
        The lines, in sentences.

    Raises
    ------
    PermissionDenied
        If the actor may not read the trail.
    InvalidInput
        If the cursor is none of this list.
    """
    require(actor, Permission.AUDIT_READ)
    query = select(AuditEvent)
    if user_id:
        number = select(User.id).where(User.public_id == user_id).scalar_subquery()
        query = query.where(or_(AuditEvent.user_id == number, AuditEvent.subject == user_id))
    if action:
        query = query.where(
            or_(AuditEvent.action == action, AuditEvent.action.startswith(f"{action}.", autoescape=True))
        )
    if start is not None:
        query = query.where(AuditEvent.at >= _midnight(start))
    if end is not None and end < datetime.date.max:
        query = query.where(AuditEvent.at < _midnight(end + datetime.timedelta(days=1)))
    rows, following = paging.fetch_page(session, query, _NEWEST_FIRST, cursor=cursor, limit=limit)
    return TrailPage(tuple(_entries(session, actor, rows)), following)


def _entries(session: Session, actor: Actor, rows: Sequence[AuditEvent]) -> Iterable[TrailEntry]:
    numbers = {row.user_id for row in rows if row.user_id is not None}
    by_number = {each.id: each for each in session.scalars(select(User).where(User.id.in_(numbers)))}
    names = trail_names.names_of(session, actor, rows)
    for row in rows:
        doer = by_number.get(row.user_id) if row.user_id is not None else None
        stranger = STRANGER if row.address else COMMAND_LINE
        user = doer.name if doer else stranger
        yield TrailEntry(
            at=row.at,
            user=user,
            user_id=doer.public_id if doer else None,
            action=row.action,
            subject=row.subject,
            sentence=_sentence(row, user, names),
            address=row.address,
            details=row.details,
        )


def _sentence(row: AuditEvent, user: str, names: Mapping[str, str]) -> str:
    words = SENTENCES.get(row.action, "")
    if not words:
        user, words = f"{user}:", f"{row.action.replace('.', ' ').replace('_', ' ')} {{subject}}"
    known = {
        name.removeprefix("n_").replace("_", " "): _plain(value, names)
        for name, value in row.details.items()
        if value not in (None, "", [])
    }
    more = "; ".join(f"{name}: {value}" for name, value in known.items())
    subject = names.get(row.subject, row.subject)
    return f"{user} {words.replace('{subject}', subject)}{f' ({more})' if more else ''}."


def _plain(value: Any, names: Mapping[str, str]) -> str:
    """Return a detail as text; a change is a mapping with `from` and `to`, and of a hash the beginning is enough."""
    if isinstance(value, Mapping):
        if set(value) == {"from", "to"}:
            return f"{_plain(value['from'], names)} → {_plain(value['to'], names)}"
        return ", ".join(f"{name} {_plain(each, names)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(each, names) for each in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    text = names.get(str(value), str(value))
    return f"{text[:_SHOWN_OF_A_HASH]}…" if _HASH.fullmatch(text) else text


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
