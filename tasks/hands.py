"""What a process of the worker works with: settings, database, store and queue, made once a process."""

from dataclasses import dataclass
from functools import lru_cache

from webapp.config import Settings, load_settings
from webapp.db import Database
from webapp.jobs import Queue
from webapp.storage import FrameStore


@dataclass(frozen=True)
class Hands:
    """The parts that tasks work with."""

    settings: Settings
    database: Database
    store: FrameStore
    queue: Queue


@lru_cache(maxsize=1)
def hands() -> Hands:
    """Return this process's parts."""
    settings = load_settings()
    return Hands(
        settings,
        Database(settings.resolved_database_url),
        FrameStore(settings.home / "frames"),
        Queue(settings.redis_url.get_secret_value()),
    )
