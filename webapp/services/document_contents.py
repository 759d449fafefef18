"""What a document is made of, for the worker that makes it: who asked was allowed to read it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.services import accounts, analyses, results, snapshots
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView
from webapp.services.snapshots import SeriesRef
from webapp.storage import FrameStore
from webapp.tables import Analysis, User


@dataclass(frozen=True)
class Contents:
    """An analysis as its owner sees it, its answer, and the prices that it was made from."""

    view: AnalysisView
    result: ResultView
    vintages: Sequence[SeriesRef]


def read(session: Session, store: FrameStore, analysis_id: int, names: Sequence[str]) -> Contents:
    """Return what a document of an analysis is made of.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    store : FrameStore
        Where answers are kept.
    analysis_id : int
        Key of the analysis.
    names : sequence of str
        Frames of the answer.

    Returns
    -------
    Contents
        All of it.

    Raises
    ------
    NotFound
        If the files of the answer are gone.
    """
    row = session.get_one(Analysis, analysis_id)
    owner = accounts.to_actor(session.scalars(select(User).where(User.id == row.owner_id)).one())
    return Contents(
        analyses.get(session, owner, row.public_id),
        results.load(session, store, owner, row.public_id, names),
        snapshots.vintages_of(session, row.snapshot_id) if row.snapshot_id is not None else [],
    )
