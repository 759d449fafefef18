"""Storage: which stored outputs an answer uses, and what those of a person take together, each counted once.

Adding up all outputs takes too long for somebody with very many answers, and is asked at every submission. So what an
answer brings that its owner did not have before is added to a sum, in the transaction that saves it.
"""

import datetime
from collections.abc import Mapping

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.db import into
from webapp.tables import Analysis, Artifact, StorageUse


def add(
    session: Session, analysis_id: int, owner_id: int, outputs: Mapping[str, tuple[str, int]], *, at: datetime.datetime
) -> None:
    """Write down the stored outputs that an analysis uses, and count those that its owner did not use before.

    Parameters
    ----------
    session : Session
        A writing transaction.
    analysis_id : int
        Key of the analysis.
    owner_id : int
        Key of its owner.
    outputs : mapping of str to (str, int)
        By name, such as `features`: key in the store, and size in bytes. What is empty is left out.
    at : datetime
        When.
    """
    outputs = {name: (key, n_bytes) for name, (key, n_bytes) in outputs.items() if n_bytes}
    sizes = dict(outputs.values())
    if not sizes:
        return
    n_new = sum(n_bytes for key, n_bytes in sizes.items() if key not in _had(session, owner_id, sizes))
    rows = [
        {"analysis_id": analysis_id, "name": name, "key": key, "n_bytes": n_bytes, "created_at": at}
        for name, (key, n_bytes) in outputs.items()
    ]
    session.execute(into(Artifact), rows)
    more = (
        update(StorageUse)
        .where(StorageUse.user_id == owner_id)
        .values(n_bytes=StorageUse.n_bytes + n_new)
        .execution_options(synchronize_session=False)
    )
    if session.execute(more).rowcount:  # type: ignore[attr-defined]  # an UPDATE has a row count
        return
    try:
        with session.begin_nested():
            session.add(StorageUse(user_id=owner_id, n_bytes=n_new))
    except IntegrityError:  # another worker has just saved the first one
        session.execute(more)


def used(session: Session, user_id: int) -> int:
    """Return the bytes that the stored outputs of a person's answers take, what several use counted once."""
    return session.scalar(select(StorageUse.n_bytes).where(StorageUse.user_id == user_id)) or 0


def _had(session: Session, owner_id: int, keys: Mapping[str, int]) -> set[str]:
    """Return those of the keys that an answer of this person uses already."""
    questions = [
        exists(1)
        .where(Artifact.key == key, Analysis.id == Artifact.analysis_id, Analysis.owner_id == owner_id)
        .label(f"had_{number}")
        for number, key in enumerate(keys)
    ]
    answers = session.execute(select(*questions)).one()
    return {key for key, is_had in zip(keys, answers, strict=True) if is_had}
