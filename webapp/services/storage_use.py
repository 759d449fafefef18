"""Storage: which stored outputs an answer uses, and what those of a person take together, each counted once.

Adding up all outputs takes too long for somebody with very many answers, and is asked at every submission. So what an
answer brings that its owner did not have before is added to a sum, in the transaction that saves it.
"""

import datetime
from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp.db import ask, into
from webapp.tables import Analysis, Artifact, StorageUse, User

# One key at a time: an answer may use thousands of outputs, and an output be used by as many answers.
_USES = (
    select(Artifact.id)
    .join(Analysis, Analysis.id == Artifact.analysis_id)
    .where(Artifact.key == bindparam("key"), Analysis.owner_id == bindparam("owner_id"))
    .limit(1)
)


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
    lock(session, owner_id)  # of two answers that share an output and are saved at once, one counts it
    had = _had(session, owner_id, sizes)
    n_new = sum(n_bytes for key, n_bytes in sizes.items() if key not in had)
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
    if not session.execute(more).rowcount:  # type: ignore[attr-defined]  # an UPDATE has a row count
        session.add(StorageUse(user_id=owner_id, n_bytes=n_new))
        session.flush()


def lock(session: Session, user_id: int) -> None:
    """Let nobody else count what this person has until the transaction ends. On SQLite a writer is alone anyway."""
    if session.get_bind().dialect.name == "sqlite":
        return
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def used(session: Session, user_id: int) -> int:
    """Return the bytes that the stored outputs of a person's answers take, what several use counted once."""
    return session.scalar(select(StorageUse.n_bytes).where(StorageUse.user_id == user_id)) or 0


def _had(session: Session, owner_id: int, keys: Iterable[str]) -> set[str]:
    """Return those of the keys that an answer of this person uses already."""
    return {key for key in keys if ask(session, _USES, {"key": key, "owner_id": owner_id}).first() is not None}
