"""Limits: how much each person may run, queue, compute in a day and store; what they have used and what is left.

Administrators set them, for the house and for single people. What waits, or would be stored, is held against them when
it is submitted (`check`); what runs and computes when a worker looks for work (`held_back`), so that it waits and does
not fail.
"""

import datetime
import math
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from webapp.db import database_now
from webapp.errors import InvalidInput, NotFound, QuotaExceeded
from webapp.permissions import Actor
from webapp.services import audit, cpu_use, storage_use
from webapp.services.accounts import require_manager
from webapp.services.workflow import Status
from webapp.tables import Analysis, CpuUse, Document, HouseLimits, Upload, User, UserLimits

MOST_QUEUED = 10_000  # unless an administrator says otherwise: a slip of a script should not fill the queue
MOST = 2**31 - 1
MOST_BYTES = 2**53 - 1  # what JSON carries exactly
_HOUSE = 1
_ASK_AGAIN_SECONDS = 60
_UNITS = ((1024**4, "TiB"), (1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))


@dataclass(frozen=True)
class Limits:
    """The limits; 0 is no limit, and None the house's own, or in the house none.

    Attributes
    ----------
    n_running : int, optional
        Analyses at once.
    n_queued : int, optional
        Analyses that wait.
    cpu_minutes : int, optional
        Processor time a day, in UTC.
    storage_bytes : int, optional
        Results and uploads.
    """

    n_running: int | None = None
    n_queued: int | None = None
    cpu_minutes: int | None = None
    storage_bytes: int | None = None


@dataclass(frozen=True)
class Allowance:
    """What somebody may take, and what they have taken of it.

    Attributes
    ----------
    limits : Limits
        What holds for them; None is no limit.
    own : Limits
        What was set for them alone; None is the house's.
    n_running, n_queued : int
        Analyses that run and wait now.
    cpu_seconds : float
        Processor time that their analyses took today.
    storage_bytes : int, optional
        Of results and uploads, what several results share counted once; None if it was not measured.
    day_ends_at : datetime
        When processor time begins anew.
    """

    limits: Limits
    own: Limits
    n_running: int
    n_queued: int
    cpu_seconds: float
    storage_bytes: int | None
    day_ends_at: datetime.datetime

    @property
    def left(self) -> Limits:
        """What is left of each limit; None where there is none, or nothing was measured."""
        begun_minutes = math.ceil(self.cpu_seconds / 60)  # what is left is promised, so no second of it may be gone
        taken = (self.n_running, self.n_queued, begun_minutes, self.storage_bytes)
        most = (getattr(self.limits, each.name) for each in fields(Limits))
        pairs = zip(most, taken, strict=True)
        return Limits(*(None if limit is None or used is None else max(0, limit - used) for limit, used in pairs))


def check(session: Session, actor: Actor, n_new: int = 1) -> None:
    """Refuse what would make more analyses wait, or store more, than the actor may.

    Parameters
    ----------
    session : Session
        A writing transaction; on PostgreSQL the actor's other submissions wait for its end.
    actor : Actor
        Who submits.
    n_new : int, default=1
        How many analyses are about to be submitted.

    Raises
    ------
    QuotaExceeded
        If they are too many, or no room is left.
    """
    limits = limits_of(session, actor.user_id)
    if not limits.n_queued and not limits.storage_bytes:
        return
    storage_use.lock(session, actor.user_id)
    if limits.n_queued:
        n_queued = _count(session, actor.user_id, Status.QUEUED)
        if n_queued + n_new > limits.n_queued:
            raise QuotaExceeded(
                f"Expected at most {limits.n_queued:,} of your analyses to wait; {n_queued:,} wait already"
                f"{f', and these are {n_new:,} more' if n_new > 1 else ''}. "
                "Wait until some are done, cancel some, or ask an administrator for a higher limit.",
                limit="n_queued",
                retry_after=_ASK_AGAIN_SECONDS,
            )
    _check_storage(session, actor, limits.storage_bytes)


def check_storage(session: Session, actor: Actor, n_bytes: int = 0) -> None:
    """Refuse what would be stored beyond the room that the actor has.

    Parameters
    ----------
    session : Session
        A transaction.
    actor : Actor
        Who stores.
    n_bytes : int, default=0
        What is about to be stored; 0 if that is not known yet.

    Raises
    ------
    QuotaExceeded
        If no room is left.
    """
    _check_storage(session, actor, limits_of(session, actor.user_id).storage_bytes, n_bytes)


def _check_storage(session: Session, actor: Actor, most: int | None, n_bytes: int = 0) -> None:
    if not most:
        return
    used = stored_bytes(session, actor.user_id)
    if used >= most or used + n_bytes > most:
        more = f", and this takes {_size(n_bytes)}" if n_bytes else ""
        raise QuotaExceeded(
            f"Expected your results and uploads to take at most {_size(most)}; they take {_size(used)}{more}. "
            "Ask an administrator for more room.",
            limit="storage_bytes",
        )


def limits_of(session: Session, user_id: int) -> Limits:
    """Return what holds for a person: their own limits, else the house's; None is no limit."""
    own, house = _own_and_house(session, user_id)
    return Limits(**{each.name: _either(getattr(own, each.name), getattr(house, each.name)) for each in fields(Limits)})


def held_back(today: datetime.date | BindParameter[datetime.date]) -> Select[int]:
    """Select the keys of those of whom nothing more is started now: they run, or have computed, as much as they may.

    Parameters
    ----------
    today : date
        The database's day.

    Returns
    -------
    Select
        Of keys of users.
    """
    running, used = running_by_owner().subquery(), _used_on(today).subquery()
    most_running, most_minutes = _limit("n_running"), _limit("cpu_minutes")
    return (
        select(User.id)
        .outerjoin(UserLimits, UserLimits.user_id == User.id)
        .outerjoin(running, running.c.owner_id == User.id)
        .outerjoin(used, used.c.user_id == User.id)
        .where(
            or_(
                and_(most_running > 0, running.c.n_running >= most_running),
                and_(most_minutes > 0, used.c.seconds >= 60 * most_minutes),
            )
        )
    )


def running_by_owner() -> Select[int, int]:
    """Select, of those of whom something runs, key and number."""
    return (
        select(Analysis.owner_id, func.count().label("n_running"))
        .where(Analysis.status == Status.RUNNING)
        .group_by(Analysis.owner_id)
    )


def why_held_back(session: Session, user_id: int, now: datetime.datetime) -> str | None:
    """Return in words, to the person, why nothing more of theirs is started now; None if it may be."""
    limits = limits_of(session, user_id)
    if limits.n_running:
        n_running = _count(session, user_id, Status.RUNNING)
        if n_running >= limits.n_running:
            return f"you run {n_running} of {limits.n_running}, your limit"
    if limits.cpu_minutes:
        minutes = cpu_use.spent_today(session, user_id, now.date()) / 60
        if minutes >= limits.cpu_minutes:
            return (
                f"you have used {minutes:,.0f} of your {limits.cpu_minutes:,} processor minutes today; "
                f"it begins after 00:00 UTC, in {_in_words(_day_ends_at(now) - now)}"
            )
    return None


def get_own(session: Session, actor: Actor, *, only_limited: bool = False) -> Allowance:
    """Return what the actor may take and has taken; with `only_limited`, room is measured only if it has a limit."""
    return _allowance(session, actor.user_id, only_limited=only_limited)


def get_of(session: Session, actor: Actor | None, user_id: str) -> Allowance:
    """Return what a person may take, and what is left of it.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    """
    return _allowance(session, _user(session, actor, user_id).id)


def set_of(session: Session, actor: Actor | None, user_id: str, *, limits: Limits, address: str = "") -> Allowance:
    """Set what one person may take; it counts from now on, and what runs goes on.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks; None for the command line.
    user_id : str
        Public id of whom.
    limits : Limits
        All four; None is the house's, 0 no limit.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    Allowance
        What they may take now.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    NotFound
        If there is no such user.
    InvalidInput
        If a limit is negative or too large.
    """
    user = _user(session, actor, user_id)
    before = _own(session, user.id)
    _set(session, UserLimits(user_id=user.id), limits)
    if limits != before:
        audit.record(
            session,
            action="limits.user_set",
            subject=user.public_id,
            actor=actor,
            address=address,
            details=_changes(before, limits),
        )
    return _allowance(session, user.id)


def get_house(session: Session, actor: Actor | None) -> Limits:
    """Return what holds for everybody who has no limit of their own; None is no limit.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    """
    require_manager(actor)
    return _house(session)


def set_house(session: Session, actor: Actor | None, *, limits: Limits, address: str = "") -> Limits:
    """Set what holds for everybody who has no limit of their own; it counts from now on.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor or None
        The administrator who asks; None for the command line.
    limits : Limits
        All four; None or 0 is no limit.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    Limits
        What holds now.

    Raises
    ------
    PermissionDenied
        If the actor may not manage users.
    InvalidInput
        If a limit is negative or too large.
    """
    require_manager(actor)
    before = _house(session)
    _set(session, HouseLimits(id=_HOUSE), limits)
    if limits != before:
        audit.record(
            session,
            action="limits.house_set",
            subject="",
            actor=actor,
            address=address,
            details=_changes(before, limits),
        )
    return _house(session)


def stored_bytes(session: Session, user_id: int) -> int:
    """Return what a person's results, their documents and uploads take; what several results share is counted once."""
    brought = select(func.sum(Upload.n_bytes)).where(Upload.owner_id == user_id)
    made = select(func.sum(Document.n_bytes)).join(Analysis).where(Analysis.owner_id == user_id)
    return storage_use.used(session, user_id) + sum(int(session.scalar(each) or 0) for each in (brought, made))


def _allowance(session: Session, user_id: int, *, only_limited: bool = False) -> Allowance:
    now, limits = database_now(session), limits_of(session, user_id)
    is_measured = limits.storage_bytes is not None or not only_limited
    return Allowance(
        limits=limits,
        own=_own(session, user_id),
        n_running=_count(session, user_id, Status.RUNNING),
        n_queued=_count(session, user_id, Status.QUEUED),
        cpu_seconds=cpu_use.spent_today(session, user_id, now.date()),
        storage_bytes=stored_bytes(session, user_id) if is_measured else None,
        day_ends_at=_day_ends_at(now),
    )


def _of_both() -> CompoundSelect[*tuple[Any, ...]]:
    names = [each.name for each in fields(Limits)]
    own = select(literal("own"), *(getattr(UserLimits, name) for name in names))
    house = select(literal("house"), *(getattr(HouseLimits, name) for name in names))
    return union_all(own.where(UserLimits.user_id == bindparam("user_id")), house.where(HouseLimits.id == _HOUSE))


def _own_and_house(session: Session, user_id: int) -> tuple[Limits, Limits]:
    """Return what holds for a person and for the house, in one question: it is asked before every submission."""
    found = {whose: Limits(*values) for whose, *values in session.execute(_BOTH, {"user_id": user_id})}
    return found.get("own", Limits()), found.get("house", Limits(n_queued=MOST_QUEUED))


def _own(session: Session, user_id: int) -> Limits:
    return _limits(session.get(UserLimits, user_id)) or Limits()


def _house(session: Session) -> Limits:
    return _limits(session.get(HouseLimits, _HOUSE)) or Limits(n_queued=MOST_QUEUED)


def _limits(row: HouseLimits | UserLimits | None) -> Limits | None:
    return None if row is None else Limits(**{each.name: getattr(row, each.name) for each in fields(Limits)})


def _either(own: int | None, house: int | None) -> int | None:
    """Return a limit of one's own, else the house's; None if there is none."""
    return (house if own is None else own) or None


def _set(session: Session, row: HouseLimits | UserLimits, limits: Limits) -> None:
    wrong = {}
    for each in fields(Limits):
        value, most = getattr(limits, each.name), MOST_BYTES if each.name == "storage_bytes" else MOST
        if value is not None and not 0 <= value <= most:
            wrong[each.name] = f"expected 0 to {most:,}, 0 for no limit; found {value:,}"
        setattr(row, each.name, value)
    if wrong:
        raise InvalidInput("The limits have mistakes; each is named with its field.", fields=wrong)
    session.merge(row)
    session.flush()


def _changes(before: Limits, after: Limits) -> dict[str, dict[str, int | None]]:
    pairs = {each.name: (getattr(before, each.name), getattr(after, each.name)) for each in fields(Limits)}
    return {name: {"from": old, "to": new} for name, (old, new) in pairs.items() if old != new}


def _limit(name: str) -> ColumnElement[int]:
    """Return the limit of a user in a query that has their own beside them."""
    house = select(getattr(HouseLimits, name)).where(HouseLimits.id == _HOUSE).scalar_subquery()
    return func.coalesce(getattr(UserLimits, name), house)


def _used_on(day: datetime.date | BindParameter[datetime.date]) -> Select[int, float]:
    return select(CpuUse.user_id, CpuUse.seconds).where(CpuUse.used_on == day)


def _count(session: Session, user_id: int, status: Status) -> int:
    query = select(func.count()).where(Analysis.owner_id == user_id, Analysis.status == status)
    return session.scalar(query) or 0


def _user(session: Session, actor: Actor | None, user_id: str) -> User:
    require_manager(actor)
    row = session.scalars(select(User).where(User.public_id == user_id, User.deleted_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound("There is no such user.")
    return row


def _day_ends_at(now: datetime.datetime) -> datetime.datetime:
    return now.astimezone(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)


def _in_words(left: datetime.timedelta) -> str:
    hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _size(n_bytes: int) -> str:
    for size, unit in _UNITS:
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes} bytes"


_BOTH = _of_both()  # made once: every submission and every claim asks it
