"""What open pages ask again and again: whether anything has changed since they last looked.

An answer is a mark, a short text that changes when anything changes that the page shows. There are many looks, so they
cost one small query. What takes more, such as the place in the queue, all who look through one web process share for a
moment.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from webapp.db import ask, database_now
from webapp.logs import mention
from webapp.permissions import Actor, Permission, require
from webapp.services.access import find_readable
from webapp.services.analyses import queue_place
from webapp.services.workflow import Status
from webapp.tables import Analysis

SHARED_SECONDS = 0.4  # with the time between two looks, less than the two seconds within which a change is seen
_MOST_SHARED = 1000

Found = TypeVar("Found")

# What changes while an analysis waits and runs, made once: it is asked hundreds of times a second.
_CHANGING = select(
    Analysis.owner_id, Analysis.status, Analysis.progress, Analysis.stage, Analysis.stage_fraction, Analysis.attempt,
    Analysis.worker, Analysis.cancel_requested_at,
).where(Analysis.public_id == bindparam("public_id"))  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What a look at an analysis found.

    `mark` changes when anything changes that `analyses.get` says, but for the seconds that pass. `is_own` says to whom:
    until an analysis is over, all who do not own it are told the same.
    """

    mark: str
    is_own: bool
    is_final: bool


class Shared(Generic[Found]):
    """What was found a moment ago, by what it was asked of; for all threads of a process."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[float, Found]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what was found under a key a moment ago, or find it."""
        at, found = self._found.get(key, (float("-inf"), None))
        if found is not None and time.monotonic() - at < SHARED_SECONDS:
            return found
        found = find()
        with self._lock:
            if len(self._found) >= _MOST_SHARED:
                self._found.clear()
            self._found[key] = (time.monotonic(), found)
        return found


_places: Shared[tuple[int | None, str | None]] = Shared()


def look_at(session: Session, actor: Actor, analysis_id: str) -> Look:
    """Return whether anything about an analysis has changed.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who looks; owns the analysis or may read it.
    analysis_id : str
        Public id.

    Returns
    -------
    Look
        With the mark. A change of its place in the queue may be missing from it for a moment.

    Raises
    ------
    NotFound
        If there is no such analysis that the actor may see.
    """
    require(actor, Permission.ANALYSES_READ)
    row = ask(session, _CHANGING, {"public_id": analysis_id}).one_or_none()
    is_own = row is not None and row.owner_id == actor.user_id
    if is_own:
        mention(analysis=analysis_id)
    else:
        find_readable(session, actor, analysis_id)
    place = None
    if row is not None and row.status == Status.QUEUED:
        key = (session.get_bind(), analysis_id, is_own)
        place = _places.get(key, lambda: _place(session, actor, analysis_id))
    said = "|".join(str(each) for each in (*(row or ()), place))
    is_final = row is not None and Status(row.status).is_final
    return Look(hashlib.sha256(said.encode()).hexdigest()[:16], is_own, is_final)


def _place(session: Session, actor: Actor, analysis_id: str) -> tuple[int | None, str | None]:
    """Return where a queued analysis stands, and why."""
    return queue_place(session, actor, find_readable(session, actor, analysis_id), database_now(session))
