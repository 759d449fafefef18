"""What goes into a bundle, for the worker that makes it: who asked was allowed to read the analysis."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from quant.spec import read_stored
from webapp.bundles.writing import write as write_bundle
from webapp.errors import NotFound
from webapp.storage import FrameStore
from webapp.tables import Analysis, PriceRevision, PriceSeries, Security, SnapshotItem

_GONE = "The files of this result are gone from the store; run the analysis again to get them back."
PINNED = "n_tuning_trials"  # what a re-run repeats beside question, prices and seed


@dataclass(frozen=True)
class BundleContents:
    """What a bundle says of an analysis, and where the frames of its answer lie."""

    about: Mapping[str, Any]
    question: Mapping[str, Any]
    result_key: str


def read(session: Session, analysis_id: int, *, made_at: datetime.datetime) -> BundleContents:
    """Return what goes into the bundle of an analysis, without the answer itself.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    analysis_id : int
        Key of an analysis that has an answer.
    made_at : datetime
        When the bundle is made.

    Returns
    -------
    BundleContents
        For `write`. Of an imported analysis it names the one that was computed, where it was.
    """
    row = session.get_one(Analysis, analysis_id)
    origin = row.origin or {
        "id": row.public_id,
        "title": row.title,
        "submitted_at": row.submitted_at,
        "finished_at": row.finished_at,
    }
    about = {
        "made_at": made_at,
        "analysis": {name: origin[name] for name in ("id", "title", "submitted_at", "finished_at")},
        "question_hash": row.spec_hash,
        "result_hash": row.result_hash,
        "pins": {name: value for name, value in row.pins.items() if name == PINNED and value is not None},
        "versions": dict(row.versions),
        "prices": origin["prices"] if row.origin else _vintages(session, row.snapshot_id),
    }
    return BundleContents(about, read_stored(row.spec).resolved(), row.result_key or "")


def write(contents: BundleContents, store: FrameStore, path: Path) -> None:
    """Write the bundle, a frame at a time.

    Parameters
    ----------
    contents : BundleContents
        What it says.
    store : FrameStore
        Where answers are kept.
    path : Path
        Where it will lie.

    Raises
    ------
    NotFound
        If the files of the answer are gone.
    Conflict
        If it would be larger than a bundle may be.
    """
    key = contents.result_key
    output = store.get(key, [])
    if output is None:
        raise NotFound(_GONE)

    def frame(name: str) -> pd.DataFrame:
        found = store.get(key, [name])
        if found is None:  # cleaned up while we looked
            raise NotFound(_GONE)
        return found.frames[name]

    about = {**contents.about, "snapshot_hash": output.facts["data"]["snapshot_hash"]}
    frames = [(name, lambda name=name: frame(name)) for name in store.list_frames(key)]
    write_bundle(path, about, contents.question, output.facts, frames)


def _vintages(session: Session, snapshot_id: int | None) -> Sequence[Mapping[str, Any]]:
    rows = session.execute(
        select(
            Security.symbol,
            PriceSeries.source,
            Security.exchange.label("calendar"),
            Security.currency,
            PriceRevision.number.label("revision"),
            PriceRevision.content_hash,
        )
        .select_from(SnapshotItem)
        .join(PriceSeries, PriceSeries.id == SnapshotItem.series_id)
        .join(Security, Security.id == PriceSeries.security_id)
        .join(
            PriceRevision,
            and_(PriceRevision.series_id == SnapshotItem.series_id, PriceRevision.number == SnapshotItem.revision),
        )
        .where(SnapshotItem.snapshot_id == snapshot_id)
        .order_by(SnapshotItem.position)
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for it
