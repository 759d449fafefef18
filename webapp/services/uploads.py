"""Files of prices that people bring: judged by the gate, corrected by their owner, then stored as a series of theirs.

Reading a file takes time, so it happens outside of writing transactions: `examine` and `prepare` read and judge,
`create`, `change` and `store` write down what came of it, if nobody was faster.
"""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from quant.data.catalog import InstrumentSpec
from quant.data.files.layout import FileLayout, LayoutChoices
from quant.errors import InvalidPrices
from webapp.db import database_now
from webapp.errors import Conflict, InvalidInput, QuotaExceeded
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, paging, price_store, quotas, upload_judging, upload_views
from webapp.services.price_store import RevisionView
from webapp.services.upload_judging import Decision, Prepared, examine, prepare
from webapp.services.upload_views import DecisionView, FindingView, UploadView
from webapp.storage import FileStore, FrameStore
from webapp.tables import PriceSeries, QuarantinedRow, Security, Upload, UploadDecision, UploadFinding

if TYPE_CHECKING:
    from quant.data.files.examination import Examination

__all__ = [
    "Decision",
    "DecisionView",
    "FileLayout",
    "FindingView",
    "LayoutChoices",
    "Prepared",
    "UploadView",
    "change",
    "check_instrument",
    "create",
    "deliver",
    "examine",
    "get",
    "list_uploads",
    "prepare",
    "quarantined",
    "store",
]

SOURCE = "upload"
MOST_BYTES = 50 * 1024**2
MOST_UPLOADS = 1000
MOST_WAITING = 100
TOO_LARGE = (
    "Expected a file of at most 50 MiB; found a larger one. Split it, or let whoever runs this server import it: "
    "python -m webapp.cli import FILE --email YOU --symbol SYMBOL"
)

_NEWEST_FIRST = (paging.Order(Upload.created_at, descending=True), paging.Order(Upload.id, descending=True))
_LONGEST_NAME = 120
_MOST_QUARANTINED = 100_000
_CURRENCY_LENGTH = 3
ASSET_CLASSES = ("equity", "index", "fund", "currency", "crypto", "commodity", "bond", "other")


def create(
    session: Session, actor: Actor, *, filename: str, content_hash: str, n_bytes: int, examination: "Examination",
    address: str = "",
) -> UploadView:  # fmt: skip
    """Keep a file that was judged.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who brought it, and owns it.
    filename : str
        What it was called; only shown.
    content_hash : str
        Of its bytes, under which it lies in the file store.
    n_bytes : int
        Its size.
    examination : Examination
        What the gate says about it.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    UploadView
        The upload; nothing of it is in the store of prices yet.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    QuotaExceeded
        If the actor has a thousand uploads, a hundred that are not stored, or no room for this one.
    """
    require(actor, Permission.PRICES_WRITE)
    _refuse_too_many(session, actor)
    quotas.check_storage(session, actor, n_bytes)
    row = Upload(
        public_id=secrets.token_hex(8),
        owner_id=actor.user_id,
        filename=_shown_name(filename),
        content_hash=content_hash,
        n_bytes=n_bytes,
        status="checked",
        version=1,
        choices={},
        created_at=database_now(session),
        **_facts(examination),
    )
    session.add(row)
    session.flush()
    _write_findings(session, row, examination)
    details = {"content_hash": content_hash, "n_bytes": n_bytes}
    audit.record(session, action="upload.created", subject=row.public_id, actor=actor, address=address, details=details)
    return upload_views.view_of(session, row)


def _refuse_too_many(session: Session, actor: Actor) -> None:
    counts = select(Upload.status, func.count()).where(Upload.owner_id == actor.user_id).group_by(Upload.status)
    by_status: dict[str, int] = dict(session.execute(counts).all())
    if by_status.get("checked", 0) >= MOST_WAITING:
        raise QuotaExceeded(
            f"Expected at most {MOST_WAITING} files of one person that are not stored. Delete one of yours on the page "
            "Upload prices, or store it."
        )
    if sum(by_status.values()) >= MOST_UPLOADS:
        raise QuotaExceeded(f"Expected at most {MOST_UPLOADS:,} uploads of one person. Ask an administrator for room.")


def get(session: Session, actor: Actor, upload_id: str) -> UploadView:
    """Return one upload.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks; must own it.
    upload_id : str
        Public id.

    Returns
    -------
    UploadView
        With its findings and decisions.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If the actor has no such upload.
    """
    require(actor, Permission.PRICES_READ)
    return upload_views.view_of(session, upload_judging.owned_by(session, actor, upload_id))


def list_uploads(
    session: Session, actor: Actor, *, cursor: str = "", limit: int = 50
) -> tuple[list[UploadView], str | None]:
    """Return the actor's uploads, newest first.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who asks.
    cursor : str, default=""
        The second value of an earlier answer; empty: from the newest.
    limit : int, default=50
        At most this many, 1 to 500.

    Returns
    -------
    uploads : list of UploadView
        Without findings and decisions.
    cursor : str or None
        Of the next page; None if there is none.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    InvalidInput
        If the cursor is none that this list has given.
    """
    require(actor, Permission.PRICES_READ)
    query = (
        select(Upload, PriceSeries.public_id, Security.symbol)
        .outerjoin(PriceSeries, PriceSeries.id == Upload.series_id)
        .outerjoin(Security, Security.id == PriceSeries.security_id)
        .where(Upload.owner_id == actor.user_id)
    )
    rows, following = paging.fetch_page(session, query, _NEWEST_FIRST, cursor=cursor, limit=limit)
    return [upload_views.brief(row, instrument_id, symbol) for row, instrument_id, symbol in rows], following


def quarantined(session: Session, files: FileStore, actor: Actor, upload_id: str) -> list[tuple[int, str, str]]:
    """Return the rows of a file that stay out of the store.

    Parameters
    ----------
    session : Session
        A transaction.
    files : FileStore
        Where the file lies.
    actor : Actor
        Who asks; must own it.
    upload_id : str
        Public id.

    Returns
    -------
    list of (int, str, str)
        Line of the file, code of the finding, and the text of the row; of a file that is not stored yet, as it would
        be stored now.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices.
    NotFound
        If the actor has no such upload.
    """
    require(actor, Permission.PRICES_READ)
    row = upload_judging.owned_by(session, actor, upload_id)
    if row.status == "stored":
        kept = select(QuarantinedRow).where(QuarantinedRow.upload_id == row.id).order_by(QuarantinedRow.line)
        return [(each.line, each.code, each.text) for each in session.scalars(kept)]
    return examine(files, row.content_hash, row.choices, upload_judging.decided(session, row)).quarantined()


def change(session: Session, actor: Actor, upload_id: str, prepared: Prepared, *, address: str = "") -> UploadView:
    """Write down what an owner says about a file, and what the gate says to that.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own it.
    upload_id : str
        Public id.
    prepared : Prepared
        From `prepare`.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    UploadView
        The upload as it is now.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    NotFound
        If the actor has no such upload.
    Conflict
        If it is stored already, or somebody changed it meanwhile.
    """
    require(actor, Permission.PRICES_WRITE)
    row = upload_judging.owned_by(session, actor, upload_id)
    _apply(session, actor, row, prepared, address)
    return upload_views.view_of(session, row)


def store(  # noqa: PLR0913  # each says one thing about the instrument, and most have a default
    session: Session,
    frames: FrameStore,
    actor: Actor,
    upload_id: str,
    prepared: Prepared,
    *,
    symbol: str,
    name: str = "",
    currency: str = "USD",
    asset_class: str = "equity",
    address: str = "",
) -> UploadView:
    """Store the sound rows of a file as a series of its owner; a series of that symbol is extended and revised.

    Parameters
    ----------
    session : Session
        A writing transaction.
    frames : FrameStore
        Where columnar files are kept.
    actor : Actor
        Who asks; must own it. Nobody else will see the series.
    upload_id : str
        Public id.
    prepared : Prepared
        From `prepare`.
    symbol : str
        What the instrument will be called in questions.
    name : str, default=""
        What a person calls it; by default the symbol.
    currency : str, default="USD"
        Three letters.
    asset_class : str, default="equity"
        One of `ASSET_CLASSES`.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    UploadView
        With the instrument's id.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    NotFound
        If the actor has no such upload.
    Conflict
        If it is stored already, or somebody changed it meanwhile.
    InvalidInput
        If the symbol, name, currency or class does not fit.
    InvalidPrices
        If something has to be chosen or mended first, or the series has another currency or calendar.
    """
    said = {"symbol": symbol, "name": name, "currency": currency, "asset_class": asset_class}
    return deliver(session, frames, actor, upload_id, prepared, said, address=address)[0]


def deliver(
    session: Session, frames: FrameStore, actor: Actor, upload_id: str, prepared: Prepared,
    instrument: Mapping[str, str], *, address: str = "",
) -> tuple[UploadView, RevisionView]:  # fmt: skip
    """Do what `store` does, with `instrument` as it takes it apart; return also how the series changed."""
    require(actor, Permission.PRICES_WRITE)
    row = upload_judging.owned_by(session, actor, upload_id)
    said = check_instrument(**instrument)
    _apply(session, actor, row, prepared, address)
    examination = prepared.examination
    delivered = examination.delivered(**said)
    series_id = price_store.open_series(session, delivered, source=SOURCE, owner_id=actor.user_id)
    revision = price_store.record_delivery(session, frames, series_id, delivered, reason=f"upload {row.public_id}")
    row.status, row.stored_at, row.series_id = "stored", database_now(session), series_id
    row.revision = revision.number
    _keep_quarantined(session, row, examination)
    session.flush()
    details = {"symbol": said["symbol"], "revision": revision.number, **_counts(revision)}
    audit.record(session, action="upload.stored", subject=row.public_id, actor=actor, address=address, details=details)
    return upload_views.view_of(session, row), revision


def _apply(session: Session, actor: Actor, row: Upload, prepared: Prepared, address: str) -> None:
    """Write a judgement down, unless the row was changed since it was read."""
    locked = select(Upload).where(Upload.id == row.id).with_for_update()
    session.scalars(locked, execution_options={"populate_existing": True}).one()
    upload_judging.refuse_if_stored(row)
    if row.version != prepared.version:
        raise Conflict("Expected the upload as you saw it; found that it was changed meanwhile. Load it again.")
    row.version += 1
    row.choices = dict(prepared.choices)
    for name, value in _facts(prepared.examination).items():
        setattr(row, name, value)
    now = database_now(session)
    for each in prepared.decisions:
        decision = {"code": each.code, "decision": each.decision}
        reason = each.reason.strip()
        session.add(UploadDecision(upload_id=row.id, reason=reason, user_id=actor.user_id, at=now, **decision))
        audit.record(
            session, action="upload.decided", subject=row.public_id, actor=actor, address=address, details=decision
        )
    session.flush()
    _write_findings(session, row, prepared.examination)


def _facts(examination: "Examination") -> dict[str, Any]:
    return {
        "layout": examination.layout.model_dump(mode="json"),
        "preview": [[line, cells] for line, cells in examination.preview],
        "interval": examination.interval,
        "n_rows": examination.n_rows,
        "n_kept": examination.n_kept,
        "n_quarantined": examination.n_quarantined,
        "is_storable": examination.is_storable,
    }


def _write_findings(session: Session, row: Upload, examination: "Examination") -> None:
    session.execute(delete(UploadFinding).where(UploadFinding.upload_id == row.id))
    session.add_all(
        UploadFinding(upload_id=row.id, position=position, **finding.to_dict())
        for position, finding in enumerate(examination.findings)
    )
    session.flush()


def _keep_quarantined(session: Session, row: Upload, examination: "Examination") -> None:
    rows = examination.quarantined()
    if len(rows) > _MOST_QUARANTINED:
        raise InvalidPrices(
            f"Expected at most {_MOST_QUARANTINED:,} rows that stay out; found {len(rows):,}. Correct how the file is "
            "read, or leave these rows out of it."
        )
    once = {line: (code, text) for line, code, text in rows}
    session.add_all(
        QuarantinedRow(upload_id=row.id, line=line, code=code, text=_storable(text))
        for line, (code, text) in once.items()
    )


def check_instrument(
    *, symbol: str, name: str = "", currency: str = "USD", asset_class: str = "equity"
) -> dict[str, str]:
    """Return what an instrument is called, tidied up.

    Raises
    ------
    InvalidInput
        If something of it does not fit; each is named.
    """
    symbol, currency = symbol.strip(), currency.strip().upper()
    name = " ".join(name.split()) or symbol
    fields = {}
    try:
        InstrumentSpec(symbol=symbol)
    except ValueError:
        fields["symbol"] = "expected 1 to 32 letters, digits and . / _ = ^ -"
    if len(name) > _LONGEST_NAME or not name.isprintable():
        fields["name"] = f"expected at most {_LONGEST_NAME} characters"
    if len(currency) != _CURRENCY_LENGTH or not (currency.isascii() and currency.isalpha()):
        fields["currency"] = "expected three letters, such as USD"
    if asset_class not in ASSET_CLASSES:
        fields["asset_class"] = f"expected one of {', '.join(ASSET_CLASSES)}"
    if fields:
        raise InvalidInput("What is said about the instrument has mistakes; each is named.", fields=fields)
    return {"symbol": symbol, "name": name, "currency": currency, "asset_class": asset_class}


def _counts(revision: RevisionView) -> dict[str, int]:
    return {name: getattr(revision, name) for name in ("n_added", "n_restated", "n_withdrawn")}


def _shown_name(filename: str) -> str:
    name = filename.replace("\\", "/").rpartition("/")[2]
    return "".join(each if each.isprintable() else "\ufffd" for each in name)[:200] or "unnamed"


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd")
