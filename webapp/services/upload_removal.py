"""Uploads that go: deleted by their owner, or cleared away because nobody stored them; then their bytes, if unused."""

import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, documents, upload_judging
from webapp.storage import FileStore
from webapp.tables import Acquisition, Upload

# A file is received before its row is written: bytes that came in so lately may be about to get one.
_YOUNG = datetime.timedelta(days=1)
_MOST_AT_ONCE = 500


def delete_upload(session: Session, actor: Actor, upload_id: str, *, address: str = "") -> None:
    """Forget a file that is not stored.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own it.
    upload_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    NotFound
        If the actor has no such upload.
    Conflict
        If it is stored: what stayed out of the store belongs to the prices.
    """
    require(actor, Permission.PRICES_WRITE)
    row = upload_judging.owned_by(session, actor, upload_id)
    upload_judging.refuse_if_stored(row)
    session.execute(delete(Upload).where(Upload.id == row.id))
    audit.record(session, action="upload.deleted", subject=upload_id, actor=actor, address=address)


def clear_old(session: Session, days: int) -> int:
    """Forget files that nobody has stored for so many days, the oldest first; return how many went.

    Parameters
    ----------
    session : Session
        A writing transaction.
    days : int
        How long they are kept.

    Returns
    -------
    int
        At most 500; the next time brings the rest.
    """
    oldest = database_now(session) - datetime.timedelta(days=days)
    query = (
        select(Upload.id, Upload.public_id)
        .where(Upload.status == "checked", Upload.created_at < oldest)
        .order_by(Upload.created_at, Upload.id)
        .limit(_MOST_AT_ONCE)
        .with_for_update()
    )
    found = session.execute(query).all()
    session.execute(delete(Upload).where(Upload.id.in_([row_id for row_id, _ in found])))
    for _, public_id in found:
        audit.record(session, action="upload.cleared", subject=public_id, details={"days": days})
    return len(found)


def remove_unused(session: Session, files: FileStore) -> int:
    """Remove the bytes of files to which no upload, no waiting import and no document refers; return how many went.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    files : FileStore
        Where they lie.

    Returns
    -------
    int
        Files that came in within the last day stay in any case.
    """
    used = set(session.scalars(select(Upload.content_hash).distinct()))
    waiting = select(Acquisition.request).where(
        Acquisition.kind == "import", Acquisition.status.in_(["queued", "running"])
    )
    used |= {request["content_hash"] for request in session.scalars(waiting)}
    used |= documents.used_hashes(session)
    return files.remove_unused(used, before=database_now(session) - _YOUNG)
