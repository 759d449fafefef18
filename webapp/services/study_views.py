"""Studies as those see them whose they are: where they are, how far, and which axes they have."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, load_only

from quant.grid import Axis, places_of
from webapp.db import database_now
from webapp.errors import NotFound
from webapp.permissions import Actor, Permission, require
from webapp.services import pace, paging, turns
from webapp.services.paging import Order
from webapp.services.waiting import Waiting
from webapp.services.workflow import Status
from webapp.tables import Analysis, Study

_NEWEST_FIRST = (Order(Study.created_at, descending=True), Order(Study.id, descending=True))
_BY_NUMBER = (Order(Analysis.study_number),)  # of members it is never NULL, and unique in a study
# What is read of a member that is shown: its question, which is by far the most, is not.
_SHOWN = (
    Analysis.public_id, Analysis.study_number, Analysis.title, Analysis.status, Analysis.progress, Analysis.stage,
    Analysis.verdict, Analysis.is_credible, Analysis.error_code, Analysis.error_message, Analysis.worker,
    Analysis.first_started_at, Analysis.started_at, Analysis.finished_at, Analysis.stage_fraction,
    Analysis.stage_seconds, Analysis.progress_before,
)  # fmt: skip
_WAITING = (Analysis.owner_id, Analysis.study_id, Analysis.not_before, Analysis.error_message)  # why one waits
_NOTHING = "There is no such study."


class State(StrEnum):
    """Where a study is, as of its members."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


@dataclass(frozen=True)
class AxisView:
    """An axis as doors show it; `words` are its values for people, `values` the same as they were sent."""

    path: str
    title: str
    words: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True)
class StudySummary:
    """A study as a list shows it. `counts` has every status; `progress` is the share of all work that is done."""

    id: str
    title: str
    state: State
    n_members: int
    counts: Mapping[Status, int]
    progress: float
    created_at: datetime.datetime


@dataclass(frozen=True)
class StudyView:
    """A study as its own page shows it.

    `eta_seconds` is None until a member has ended, and while it rests. `queue_position`, from 1, and `waits_for`, in
    words, are those of the first of its members that wait; `workers` are those that compute some.
    """

    summary: StudySummary
    spec: Mapping[str, Any]
    axes: tuple[AxisView, ...]
    n_folded: int
    paused_at: datetime.datetime | None
    cancelled_at: datetime.datetime | None
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None
    elapsed_seconds: float | None
    eta_seconds: float | None
    queue_position: int | None
    waits_for: str | None
    workers: tuple[str, ...]

    @property
    def id(self) -> str:
        """The public id."""
        return self.summary.id

    @property
    def state(self) -> State:
        """Where it is."""
        return self.summary.state


@dataclass(frozen=True)
class MemberView:
    """A member of a study; `number` is its combination, and `words` are the values that it has of each axis."""

    id: str
    number: int
    title: str
    words: tuple[str, ...]
    status: Status
    progress: float
    stage: str | None
    verdict: str | None
    is_credible: bool | None
    error_code: str | None
    error_message: str | None
    worker: str | None
    elapsed_seconds: float | None
    eta_seconds: float | None
    started_at: datetime.datetime | None
    finished_at: datetime.datetime | None


@dataclass(frozen=True)
class MemberPage:
    """Some members, in the order of their numbers, and the cursor of the next page."""

    items: tuple[MemberView, ...]
    next: str | None


@dataclass(frozen=True)
class StudyPage:
    """Some studies, newest first, and the cursor of the next page."""

    items: tuple[StudySummary, ...]
    next: str | None


def get(session: Session, actor: Actor, study_id: str) -> StudyView:
    """Return a study with its progress.

    Raises
    ------
    NotFound
        If the actor has no such study.
    """
    require(actor, Permission.ANALYSES_READ)
    return view(session, actor, find(session, actor, study_id))


def list_studies(session: Session, actor: Actor, *, limit: int = 50, cursor: str = "") -> StudyPage:
    """Return the actor's studies, newest first.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Whose studies.
    limit : int, default=50
        At most this many, 1 to 500.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    StudyPage
        The studies with their progress.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    InvalidInput
        If the cursor is none of this list.
    """
    require(actor, Permission.ANALYSES_READ)
    query = select(Study).where(Study.owner_id == actor.user_id, Study.hidden_at.is_(None))
    rows, following = paging.fetch_page(session, query, _NEWEST_FIRST, cursor=cursor, limit=limit)
    are_members = and_(Analysis.study_id.in_([row.id for row in rows]), Analysis.study_number.is_not(None))
    counts: defaultdict[int | None, Counter[Status]] = defaultdict(Counter)
    for key, status, count in session.execute(
        select(Analysis.study_id, Analysis.status, func.count())
        .where(are_members)
        .group_by(Analysis.study_id, Analysis.status)
    ):
        counts[key][Status(status)] = count
    of_what_is_open = (  # what is over counts as a whole: its rows need not be read
        select(Analysis.study_id, func.sum(Analysis.progress))
        .where(are_members, Analysis.status.in_([Status.QUEUED, Status.RUNNING]))
        .group_by(Analysis.study_id)
    )
    begun = {key: done for key, done in session.execute(of_what_is_open)}  # noqa: C416  # typed rows
    return StudyPage(tuple(_summary(row, counts[row.id], begun.get(row.id, 0.0)) for row in rows), following)


def list_members(
    session: Session,
    actor: Actor,
    study_id: str,
    *,
    status: Collection[Status] = (),
    limit: int = 50,
    cursor: str = "",
) -> MemberPage:
    """Return the members of a study, in the order of the grid: the last axis changes fastest.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    status : collection of Status, default=()
        Only these; empty: all.
    limit : int, default=50
        At most this many, 1 to 500.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    MemberPage
        The members.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If the actor has no such study.
    InvalidInput
        If the cursor is none of this list.
    """
    require(actor, Permission.ANALYSES_READ)
    study = find(session, actor, study_id)
    query = select(Analysis).options(load_only(*_SHOWN, raiseload=True))
    query = query.where(*is_member(study))
    if status:
        query = query.where(Analysis.status.in_(status))
    rows, following = paging.fetch_page(session, query, _BY_NUMBER, cursor=cursor, limit=limit)
    axes, now = axes_of(study), database_now(session)
    return MemberPage(tuple(_member(row, axes, now) for row in rows), following)


def find(session: Session, actor: Actor, study_id: str) -> Study:
    """Return the row of a study that the actor owns.

    Raises
    ------
    NotFound
        In the same words whether it is another's, was deleted, or does not exist.
    """
    row = session.scalars(
        select(Study).where(Study.public_id == study_id, Study.owner_id == actor.user_id, Study.hidden_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound(_NOTHING)
    return row


def axes_of(row: Study) -> tuple[AxisView, ...]:
    """Return a study's axes as doors show them."""
    axes = [Axis.model_validate(each) for each in row.axes]
    return tuple(AxisView(axis.path, axis.title, axis.words, axis.values) for axis in axes)


def words_of(number: int, axes: Sequence[AxisView]) -> tuple[str, ...]:
    """Return the values that a member has of each axis, in words."""
    places = places_of(number, [len(axis.values) for axis in axes])
    return tuple(axis.words[place] for axis, place in zip(axes, places, strict=True))


def view(session: Session, actor: Actor, row: Study) -> StudyView:
    """Return a study with its progress, to its owner."""
    members = session.execute(
        select(
            Analysis.status,
            Analysis.progress,
            Analysis.worker,
            Analysis.first_started_at,
            Analysis.started_at,
            Analysis.finished_at,
        ).where(*is_member(row))
    ).all()
    counts = Counter(Status(member.status) for member in members)
    # What was handed back waits with what it has done: no study goes backwards because a worker was lost.
    begun = sum(member.progress for member in members if not Status(member.status).is_final)
    summary = _summary(row, counts, begun)
    began = min((each.first_started_at for each in members if each.first_started_at), default=None)
    is_finished = summary.state is State.FINISHED
    ended = max((each.finished_at for each in members if each.finished_at), default=None) if is_finished else None
    now = database_now(session)
    position, waits_for = _place(session, actor, row, now) if counts[Status.QUEUED] else (None, None)
    took = [
        (member.finished_at - member.started_at).total_seconds()
        for member in members
        if member.status in {Status.SUCCEEDED, Status.FAILED} and member.started_at and member.finished_at
    ]
    eta = None
    n_running = counts[Status.RUNNING]
    if took and n_running and summary.state is State.RUNNING:
        # What is left, at the pace of what has ended, by as many as run now.
        left = counts[Status.QUEUED] + n_running - begun
        eta = left * sum(took) / len(took) / n_running
    return StudyView(
        summary=summary,
        spec=row.spec,
        axes=axes_of(row),
        n_folded=row.n_folded,
        paused_at=row.paused_at,
        cancelled_at=row.cancelled_at,
        started_at=began,
        finished_at=ended,
        elapsed_seconds=((ended or now) - began).total_seconds() if began else None,
        eta_seconds=eta,
        queue_position=position,
        waits_for=waits_for,
        workers=tuple(sorted({each.worker for each in members if each.status == Status.RUNNING and each.worker})),
    )


def _place(session: Session, actor: Actor, row: Study, now: datetime.datetime) -> tuple[int | None, str | None]:
    """Return where the first of the members that wait stands among all that wait, and why it does."""
    waiting = select(Analysis).options(load_only(*_WAITING, raiseload=True))
    waiting = waiting.where(*is_member(row), Analysis.status == Status.QUEUED)
    first = session.scalars(waiting.order_by(~turns.is_due(now), Analysis.submitted_at, Analysis.id).limit(1)).first()
    if first is None:  # a worker took it a moment ago
        return None, None
    place = turns.place_of(session, first.id, now) or 1
    return place, Waiting(session, actor, now).why(first, place)


def is_member(row: Study) -> tuple[ColumnElement[bool], ...]:
    """Select the members of a study; a try that another has replaced is none."""
    return Analysis.study_id == row.id, Analysis.study_number.is_not(None)


def _summary(row: Study, counts: Mapping[Status, int], begun: float) -> StudySummary:
    n_final = sum(count for status, count in counts.items() if status.is_final)
    n_running = counts.get(Status.RUNNING, 0)
    if n_final == row.n_members:
        state = State.FINISHED
    elif row.paused_at is not None:
        state = State.PAUSED
    else:
        state = State.RUNNING if n_running or n_final else State.QUEUED
    return StudySummary(
        id=row.public_id,
        title=row.title,
        state=state,
        n_members=row.n_members,
        counts={status: counts.get(status, 0) for status in Status},
        progress=(n_final + begun) / row.n_members,
        created_at=row.created_at,
    )


def _member(row: Analysis, axes: Sequence[AxisView], now: datetime.datetime) -> MemberView:
    number = row.study_number or 0
    return MemberView(
        id=row.public_id,
        number=number,
        title=row.title,
        words=words_of(number, axes),
        status=Status(row.status),
        progress=row.progress,
        stage=row.stage,
        verdict=row.verdict,
        is_credible=row.is_credible,
        error_code=row.error_code,
        error_message=row.error_message,
        worker=row.worker if row.status == Status.RUNNING else None,
        elapsed_seconds=pace.elapsed_seconds(row, now),
        eta_seconds=pace.eta_seconds(row, now),
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
