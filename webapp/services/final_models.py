"""The final model of an answer, kept: to take away, and to be asked about bars that came after it.

Models are read from what this program's own workers stored, after a comparison with its SHA-256, as objects of listed
types only (`quant.models.persistence`). Nothing that anybody sends is ever read as one.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from quant.spec import read_stored
from quant.stages import StageOutput, unpack_bytes
from webapp.errors import Conflict, TooManyRequests
from webapp.permissions import Actor, Permission, require
from webapp.services import results, snapshots
from webapp.services.access import find_owned, find_readable
from webapp.services.workflow import Status
from webapp.storage import FrameStore
from webapp.tables import Analysis

MOST_BYTES = 20 * 1024**2  # of a model that a web process reads: some seconds of its processor
_ASK_AGAIN_SECONDS = 5
_NOT_KEPT = (
    "Expected an answer that kept its model; this one is from before models were kept, or its files are gone. "
    "Run the analysis again."
)
_ASKED = threading.Lock()  # whoever asks again and again keeps one thread of a process busy, and no more


@dataclass(frozen=True)
class ModelFile:
    """A fitted model as a skops archive, its SHA-256, and what a browser may call it."""

    data: bytes
    digest: str
    filename: str


def tag_of(session: Session, store: FrameStore, actor: Actor, analysis_id: str) -> str:
    """Return the SHA-256 of the final model of an answer; refuses as `read_model` does."""
    require(actor, Permission.ANALYSES_READ)
    _, facts = _kept(session, store, find_readable(session, actor, analysis_id))
    return str(facts["digest"])


def read_model(session: Session, store: FrameStore, actor: Actor, analysis_id: str) -> ModelFile:
    """Return the final model of an answer, to take away.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If there is no such analysis that the actor may see.
    Conflict
        If it has no answer (yet), its answer is that of a rule, or its model was not kept.
    """
    require(actor, Permission.ANALYSES_READ)
    key, facts = _kept(session, store, find_readable(session, actor, analysis_id))
    data = unpack_bytes(_output(store, key).frames["model"], facts["n_bytes"])
    return ModelFile(data, facts["digest"], f"assay-{analysis_id}-model.skops")


def predict_newest(session: Session, store: FrameStore, actor: Actor, analysis_id: str) -> Mapping[str, Any]:
    """Ask the final model of an answer about the newest bar there is, without a run.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where results and columnar files are kept.
    actor : Actor
        Who asks; must own the analysis, whose prices may be theirs alone.
    analysis_id : str
        Public id of the analysis.

    Returns
    -------
    mapping
        As `quant.newer.predict_newer` returns it. Nothing is stored.

    Raises
    ------
    PermissionDenied
        If the actor may not run and read analyses.
    NotFound
        If there is no such analysis of the actor.
    Conflict
        If it has no answer (yet), its answer is that of a rule, its model was not kept or is too large, or its
        instruments, features or libraries are others by now.
    TooManyRequests
        If this process predicts another newer bar at the moment.
    ModelError
        If the model is damaged.
    NotEnoughData
        If there is no bar after the model, or a feature of a newer one is unknown.

    Notes
    -----
    Timing: the model knows what it knew when the analysis was answered.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find_owned(session, actor, analysis_id)
    key, facts = _kept(session, store, row)
    answer = results.load(session, store, actor, analysis_id, names=["predictions"])
    spec = read_stored(row.spec)
    if row.snapshot_id is None:  # an answer has one
        raise Conflict("Expected an answer of pinned prices; this one has none. Run the analysis again.")
    if facts["n_bytes"] > MOST_BYTES:
        raise Conflict(
            f"Expected a model of at most {MOST_BYTES >> 20} MiB to be asked on a page; this one takes "
            f"{facts['n_bytes'] >> 20}. Run the analysis again instead."
        )

    from quant.latest import final_model, made_by  # noqa: PLC0415  # the libraries of models: 200 MB that few need
    from quant.newer import predict_newer  # noqa: PLC0415  # as above

    if facts["made_by"] != made_by(spec):
        raise Conflict(
            "Expected a model of the features and libraries of today; since this one was made, the program computes "
            "them otherwise. Run the analysis again."
        )
    if not _ASKED.acquire(blocking=False):
        raise TooManyRequests(
            "Expected to predict one newer bar at a time; another is being predicted. Try again in a moment.",
            retry_after=_ASK_AGAIN_SECONDS,
        )
    try:
        vintages = snapshots.vintages_of(session, row.snapshot_id)
        instruments = snapshots.read_newest(session, store, actor, vintages, spec)
        model = final_model(_output(store, key))
        return predict_newer(spec, model, instruments, answer.frames["predictions"], answer.facts["latest"])
    finally:
        _ASKED.release()


def _kept(session: Session, store: FrameStore, row: Analysis) -> tuple[str, Mapping[str, Any]]:
    """Return the address of the stage that kept the model, and its facts; the model itself is not read."""
    if row.status != Status.SUCCEEDED:
        raise Conflict(f"Expected an analysis that has succeeded; this one is {row.status}.")
    if read_stored(row.spec).rule is not None:
        raise Conflict(
            "Expected an analysis that chose a model; this one is of a rule of prices, which learns nothing."
        )
    kept = results.kept_model(session, store, row)
    if kept is None:
        raise Conflict(_NOT_KEPT)
    return kept


def _output(store: FrameStore, key: str) -> StageOutput:
    output = store.get(key)
    if output is None:  # cleaned up while we looked
        raise Conflict(_NOT_KEPT)
    return output
