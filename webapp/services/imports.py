"""Files that are too large for a browser: handed in by the command line, judged and stored by a data worker.

The file, what was said about it and what the gate found are an upload like any other: if something has to be answered
first, the job fails, and the owner answers on the page and stores it there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, NotFound
from webapp.permissions import Actor, Permission, require
from webapp.services import accounts, acquisitions, uploads
from webapp.services.acquisition_jobs import AcquisitionClaim, Outcome
from webapp.services.uploads import SOURCE, Decision, Prepared, UploadView
from webapp.storage import FileStore, FrameStore
from webapp.tables import PriceSeries, User

if TYPE_CHECKING:
    from quant.data.files.examination import Examination

__all__ = ["Decision", "judge", "keep", "owner_by_email", "receive", "store", "submit"]

MOST_BYTES = 2 * 1024**3


def owner_by_email(session: Session, email: str) -> Actor:
    """Return the active user with this e-mail.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.scalars(select(User).where(User.email == accounts.to_email(email), User.is_active)).one_or_none()
    if row is None:
        raise NotFound(f"Expected the e-mail of somebody who may sign in; found {email}.")
    return accounts.to_actor(row)


def submit(
    session: Session,
    actor: Actor,
    *,
    filename: str,
    content_hash: str,
    n_bytes: int,
    instrument: Mapping[str, str],
    layout: Mapping[str, Any],
    decisions: Sequence[Decision] = (),
) -> str:
    """Put the reading of a file into the queue.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who will own what is in it.
    filename : str
        What it was called.
    content_hash : str
        Of its bytes, under which it lies in the file store.
    n_bytes : int
        Its size.
    instrument : mapping of str to str
        `symbol`, and perhaps `name`, `currency` and `asset_class`.
    layout : mapping
        Choices about the layout.
    decisions : sequence of Decision, optional
        What is decided about findings.

    Returns
    -------
    str
        Public id of the acquisition. The caller sends the message after the commit.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    InvalidInput
        If the instrument is called something that does not fit.
    """
    require(actor, Permission.PRICES_WRITE)
    uploads.check_instrument(**instrument)
    request = {
        "filename": filename,
        "content_hash": content_hash,
        "n_bytes": n_bytes,
        "instrument": dict(instrument),
        "layout": dict(layout),
        "decisions": [[each.code, each.decision, each.reason] for each in decisions],
    }
    symbol = instrument["symbol"]
    return acquisitions.submit_import(session, actor, source=SOURCE, symbol=symbol, request=request)


def receive(files: FileStore, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Copy a file into the file store, piece by piece.

    Raises
    ------
    InvalidInput
        If it is larger than 2 GiB.
    """

    def counted() -> Iterable[bytes]:
        n_bytes = 0
        for chunk in chunks:
            n_bytes += len(chunk)
            if n_bytes > MOST_BYTES:
                raise InvalidInput(f"Expected a file of at most {MOST_BYTES / 1024**3:g} GiB; found a larger one.")
            yield chunk

    return files.receive(counted())


def judge(files: FileStore, claim: AcquisitionClaim) -> "Examination":
    """Read the file of an import and judge it with what was said about it; outside of writing transactions.

    Raises
    ------
    UnreadableFile
        If there is no table in it.
    InvalidSpec
        If a choice or decision is not possible for this file.
    """
    request = claim.request
    decided = {code: decision for code, decision, _ in request["decisions"] if decision is not None}
    return uploads.examine(files, request["content_hash"], request["layout"], decided)


def keep(session: Session, claim: AcquisitionClaim, examination: "Examination") -> UploadView:
    """Keep the file of an import as an upload of its owner, with what the gate says about it.

    Raises
    ------
    NotFound
        If its owner may not sign in any more.
    PermissionDenied
        If its owner may not change prices any more.
    """
    actor, request = _owner(session, claim), claim.request
    view = uploads.create(
        session,
        actor,
        filename=request["filename"],
        content_hash=request["content_hash"],
        n_bytes=request["n_bytes"],
        examination=examination,
    )
    decisions = tuple(Decision(*each) for each in request["decisions"])
    prepared = Prepared(view.version, request["layout"], decisions, examination)
    return uploads.change(session, actor, view.id, prepared)


def store(
    session: Session, frames: FrameStore, claim: AcquisitionClaim, upload: UploadView, examination: "Examination"
) -> Outcome:
    """Store the sound rows of an import, and say what that changed.

    Raises
    ------
    InvalidPrices
        If something has to be answered first; the message says what, and where.
    """
    actor = _owner(session, claim)
    prepared = Prepared(upload.version, upload.choices, (), examination)
    stored, revision = uploads.deliver(session, frames, actor, upload.id, prepared, claim.request["instrument"])
    series_id = session.scalars(select(PriceSeries.id).where(PriceSeries.public_id == stored.instrument_id)).one()
    message = f"{stored.n_kept:,} bars from {stored.filename}; {stored.n_quarantined:,} rows stay out."
    return Outcome(
        series_id=series_id,
        revision=revision.number,
        n_bars=stored.n_kept,
        n_added=revision.n_added,
        n_restated=revision.n_restated,
        n_withdrawn=revision.n_withdrawn,
        message=message,
    )


def _owner(session: Session, claim: AcquisitionClaim) -> Actor:
    row = session.scalars(select(User).where(User.id == claim.owner_id, User.is_active)).one_or_none()
    if row is None:
        raise NotFound("Who asked for this import may not sign in any more.")
    return accounts.to_actor(row)
