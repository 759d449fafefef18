"""Importing a bundle: an analysis that was computed elsewhere becomes one of whoever brings it, and says so.

Its hashes show that nothing was changed since it was exported. That the numbers are true, only a re-run shows: so it
counts nowhere as computed here, neither in the ledger of trials nor among jobs.
"""

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from quant.errors import UnreadableFile
from quant.stages import StageOutput, hash_json
from webapp.bundles.manifest import MOST_BYTES
from webapp.db import database_now
from webapp.errors import InvalidInput
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, foreign_prices, quotas, storage_use
from webapp.services.bundle_contents import PINNED
from webapp.services.submissions import clean_title, default_title, keywords_of, symbols_of
from webapp.services.workflow import Status
from webapp.storage import FileStore, FrameStore
from webapp.tables import Analysis

if TYPE_CHECKING:
    from webapp.bundles.reading import Bundle

__all__ = ["MOST_BYTES", "TOO_LARGE", "create", "read", "receive"]

TOO_LARGE = f"Expected a bundle of at most {MOST_BYTES >> 20} MiB; found a larger file. Assay exports none that is."
_MOST_TRIALS = 10_000


def receive(files: FileStore, chunks: Iterable[bytes]) -> str:
    """Copy what is sent into the file store, piece by piece; return the hash of its bytes.

    Parameters
    ----------
    files : FileStore
        Where it will lie; nothing refers to it, so it is cleared away after a while.
    chunks : iterable of bytes
        The file.

    Returns
    -------
    str
        SHA-256 of the file.

    Raises
    ------
    UnreadableFile
        If it is larger than a bundle may be.
    """

    def counted() -> Iterable[bytes]:
        n_bytes = 0
        for chunk in chunks:
            n_bytes += len(chunk)
            if n_bytes > MOST_BYTES:
                raise UnreadableFile(TOO_LARGE, reason="too_large")
            yield chunk

    content_hash, _ = files.receive(counted())
    return content_hash


def read(session: Session, files: FileStore, actor: Actor, content_hash: str) -> "Bundle":
    """Read a bundle in a process of its own and compare all that it says of itself.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    files : FileStore
        Where it lies.
    actor : Actor
        Who brings it.
    content_hash : str
        SHA-256 of the file.

    Returns
    -------
    Bundle
        For `create`.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    QuotaExceeded
        If the actor has no room left.
    UnreadableFile
        If it is no bundle, was changed, or holds what no answer holds.
    """
    from webapp.bundles.apart import judge  # noqa: PLC0415  # only who brings a bundle waits for it

    require(actor, Permission.ANALYSES_RUN)
    quotas.check_storage(session, actor)
    try:
        with files.local(content_hash) as path:
            return judge(path)
    except FileNotFoundError as error:
        message = "Expected the bundle as it was sent; found it gone from the server's folder. Send it again."
        raise UnreadableFile(message, reason="missing_file") from error


def create(
    session: Session, store: FrameStore, actor: Actor, bundle: "Bundle", *, content_hash: str, address: str = ""
) -> str:
    """Make the analysis of a bundle one of the actor's, private like any other.

    Parameters
    ----------
    session : Session
        A writing transaction.
    store : FrameStore
        Where answers and columnar files are kept.
    actor : Actor
        Who will own it.
    bundle : Bundle
        What `read` returned.
    content_hash : str
        SHA-256 of the file.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    str
        Public id of the analysis.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    QuotaExceeded
        If the actor has no room for it.
    """
    require(actor, Permission.ANALYSES_RUN)
    manifest, facts = bundle.manifest, bundle.facts
    public_id = secrets.token_hex(8)
    key = hash_json({"analysis": public_id, "result": manifest.result_hash})
    quotas.check_storage(session, actor, sum(each.n_bytes for each in manifest.members.values()))
    store.put(key, StageOutput(bundle.frames, facts))
    origin = _origin(bundle, content_hash)
    now, spec = database_now(session), bundle.spec.resolved()
    title = _title(bundle)
    row = Analysis(
        public_id=public_id,
        owner_id=actor.user_id,
        title=title,
        keywords=keywords_of(title, spec),
        symbols=symbols_of(spec),
        spec=spec,
        spec_version=spec["spec_version"],
        spec_hash=manifest.question_hash,
        snapshot_id=foreign_prices.find(session, store, actor.user_id, bundle.spec.interval, origin),
        pins=_pins(bundle),
        status=Status.SUCCEEDED,
        submitted_at=now,
        finished_at=now,
        progress=1.0,
        stage_seconds={},
        result_key=key,
        result_hash=manifest.result_hash,
        verdict=facts["verdict"]["text"],
        is_credible=facts["verdict"]["is_credible"],
        versions=dict(manifest.versions),
        imported_at=now,
        origin=origin,
    )
    session.add(row)
    session.flush()
    outputs = {"result": (key, store.count_bytes(key))}
    storage_use.add(session, row.id, actor.user_id, outputs, at=now)
    details = {"bundle": content_hash, "result_hash": manifest.result_hash, "from": manifest.analysis.id}
    audit.record(session, action="analysis.imported", subject=public_id, actor=actor, address=address, details=details)
    return public_id


def _origin(bundle: "Bundle", content_hash: str) -> dict[str, Any]:
    """Return what is kept of where an answer comes from."""
    said = bundle.manifest.model_dump(mode="json", include={"made_at", "snapshot_hash", "prices"})
    return {**said, **bundle.manifest.analysis.model_dump(mode="json"), "bundle": content_hash}


def _title(bundle: "Bundle") -> str:
    try:
        return clean_title(bundle.manifest.analysis.title) or default_title(bundle.spec)
    except InvalidInput:
        return default_title(bundle.spec)


def _pins(bundle: "Bundle") -> dict[str, int]:
    n_trials = bundle.manifest.pins.get(PINNED)
    return {} if n_trials is None or not 0 <= n_trials <= _MOST_TRIALS else {PINNED: n_trials}
