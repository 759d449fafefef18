"""What a process of the worker works with: settings, database, store and queue, made once a process."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from webapp.config import Settings, load_settings
from webapp.db import Database
from webapp.jobs import Queue

MEMORY_BYTES = 16 * 1024**2

if TYPE_CHECKING:
    from quant.memory import Memory
    from webapp.recent import Recent
    from webapp.storage import FileStore, FrameStore


@dataclass(frozen=True)
class Hands:
    """The parts that tasks work with."""

    settings: Settings
    database: Database
    queue: Queue

    @cached_property
    def store(self) -> "FrameStore":
        """The frame store, which brings pandas with it: the keeper, who needs neither, stays small."""
        from webapp.storage import open_frames  # noqa: PLC0415  # see above

        return open_frames(self.settings)

    @cached_property
    def recent(self) -> "Recent":
        """What this process has just read."""
        from webapp.recent import Recent  # noqa: PLC0415  # see above

        return Recent()

    @cached_property
    def memory(self) -> "Memory":
        """What this process has worked out."""
        from quant.memory import Memory  # noqa: PLC0415  # see above

        return Memory(MEMORY_BYTES)

    @cached_property
    def files(self) -> "FileStore":
        """Files that people brought."""
        from webapp.storage import open_files  # noqa: PLC0415  # see above

        return open_files(self.settings)


@lru_cache(maxsize=1)
def hands() -> Hands:
    """Return this process's parts."""
    settings = load_settings()
    return Hands(
        settings,
        Database(settings.resolved_database_url),
        Queue(settings.resolved_redis_url),
    )
