"""Why a queued analysis waits, in words: whatever is true of several of them is asked once."""

import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.permissions import Actor
from webapp.services import quotas, workers
from webapp.tables import Analysis, Study


class Waiting:
    """Says why queued analyses wait.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        To whom it is said; of others' limits they learn no numbers.
    now : datetime
        The database's moment.
    """

    def __init__(self, session: Session, actor: Actor, now: datetime.datetime) -> None:
        self._session = session
        self._actor = actor
        self._now = now
        self._held_back: dict[int, str | None] = {}
        self._paused: set[int] | None = None
        self._n_workers: int | None = None

    def why(self, row: Analysis, place: int | None) -> str:
        """Return what an analysis waits for, the first cause that would have to go.

        Parameters
        ----------
        row : Analysis
            A queued one.
        place : int or None
            Among the queued, from 1.

        Returns
        -------
        str
            A few words.
        """
        if row.not_before is not None and row.not_before > self._now:
            seconds = round((row.not_before - self._now).total_seconds())
            return f"trying again in {seconds} s after: {row.error_message}"
        if row.study_id is not None and row.study_id in self._paused_studies():
            return "its study is paused"
        if row.owner_id not in self._held_back:
            self._held_back[row.owner_id] = self._why_held_back(row.owner_id)
        if (held_back := self._held_back[row.owner_id]) is not None:
            return held_back
        if self._n_workers is None:
            self._n_workers = workers.count_alive(self._session)
        if not self._n_workers:
            return "no worker is alive; it begins when one has started"
        return f"{place - 1:,} ahead of it" if place is not None and place > 1 else "the next free worker takes it"

    def _paused_studies(self) -> set[int]:
        if self._paused is None:
            self._paused = set(self._session.scalars(select(Study.id).where(Study.paused_at.is_not(None))))
        return self._paused

    def _why_held_back(self, owner_id: int) -> str | None:
        why = quotas.why_held_back(self._session, owner_id, self._now)
        if why is None or owner_id == self._actor.user_id:
            return why
        return "its owner has reached a limit"
