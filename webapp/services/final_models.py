"""The final model of an answer, kept: to take away, and to be asked about bars that came after it.

Models are read from what this program's own workers stored, after a comparison with its SHA-256, as objects of listed
types only (`quant.models.persistence`). Nothing that anybody sends is ever read as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from quant.spec import read_stored
from quant.stages import StageOutput, unpack_bytes
from webapp.errors import Conflict
from webapp.permissions import Actor, Permission, require
from webapp.services import results, snapshots
from webapp.services.access import find_owned, find_readable
from webapp.services.workflow import Status
from webapp.storage import FrameStore
from webapp.tables import Analysis, Artifact

STAGE = "final"  # name of the stage that keeps it


@dataclass(frozen=True)
class ModelFile:
    """A fitted model as a skops archive, its SHA-256, and what a browser may call it."""

    data: bytes
    digest: str
    filename: str


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
    row = find_readable(session, actor, analysis_id)
    kept = _kept(session, store, row)
    data = unpack_bytes(kept.frames["model"], kept.facts["n_bytes"])
    return ModelFile(data, kept.facts["digest"], f"assay-{analysis_id}-model.skops")


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
        If the actor may not run analyses.
    NotFound
        If there is no such analysis of the actor.
    Conflict
        If it has no answer (yet), its answer is that of a rule, its model was not kept, or its instruments are others
        by now.
    NotEnoughData
        If there is no bar after the model, or a feature of a newer one is unknown.

    Notes
    -----
    Timing: the model knows what it knew when the analysis was answered.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find_owned(session, actor, analysis_id)
    kept = _kept(session, store, row)
    answer = results.load(session, store, actor, analysis_id, names=["predictions"])
    spec = read_stored(row.spec)
    if row.snapshot_id is None:  # an answer has one
        raise Conflict("Expected an answer of pinned prices; this one has none. Run the analysis again.")
    instruments = snapshots.read_newest(session, store, actor, row.snapshot_id, spec)

    from quant.latest import final_model  # noqa: PLC0415  # the libraries of models: 200 MB that few requests need
    from quant.newer import predict_newer  # noqa: PLC0415  # as above

    return predict_newer(spec, final_model(kept), instruments, answer.frames["predictions"], answer.facts["latest"])


def _kept(session: Session, store: FrameStore, row: Analysis) -> StageOutput:
    """Return the output of the stage that kept the model."""
    if row.status != Status.SUCCEEDED:
        raise Conflict(f"Expected an analysis that has succeeded; this one is {row.status}.")
    if read_stored(row.spec).rule is not None:
        raise Conflict(
            "Expected an analysis that chose a model; this one is of a rule of prices, which learns nothing."
        )
    key = session.scalar(select(Artifact.key).where(Artifact.analysis_id == row.id, Artifact.name == STAGE))
    output = None if key is None else store.get(key)
    if output is None or "model" not in output.frames:
        raise Conflict(
            "Expected an answer that kept its model; this one is from before models were kept, or its files are gone. "
            "Run the analysis again."
        )
    return output
