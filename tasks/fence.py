"""The fence: what a worker computes becomes visible only while the work is its own.

A worker that was frozen, or cut off from the database, may find when it comes back that its work went to another. Rows
are safe by `attempt` in every WHERE; files are safe by this: they are renamed into place within a transaction that has
found, and locked, the job's row under its attempt.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy.orm import Session

from quant.stages import StageOutput
from webapp.db import Database
from webapp.recent import RecentStore
from webapp.storage import FrameStore, ScopedStore

Fence = Callable[[], AbstractContextManager[Session]]


def fence(database: Database, hold: Callable[[Session], None]) -> Fence:
    """Return what opens a writing transaction that begins with `hold`, which raises if the work is no longer ours."""

    @contextmanager
    def opened() -> Iterator[Session]:
        with database.write() as session:
            hold(session)
            yield session

    return opened


class FencedStore:
    """A `quant.stages.StageStore` into which only the owner of a job can put anything.

    Parameters
    ----------
    store : FrameStore, ScopedStore or RecentStore
        Where outputs are kept; whoever may read there may read here.
    fence : Fence
        Of the job.
    """

    def __init__(self, store: FrameStore | ScopedStore | RecentStore, fence: Fence) -> None:
        self._store = store
        self._fence = fence

    def get(self, key: str) -> StageOutput | None:
        """Return what is stored under `key`, or None."""
        return self._store.get(key)

    def put(self, key: str, output: StageOutput) -> None:
        """Store an output, if the job is still ours.

        Raises
        ------
        LeaseLost
            If it is not; nothing is visible then.
        """
        self._store.put(key, output, publish=self._fence())
