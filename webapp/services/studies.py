"""Studies: one base question asked for every combination of values, watched and commanded as one.

Its members are analyses like any other. Where a study is follows from where they are; one that fails fails alone.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from quant.grid import Axis, Grid, expand, places_of, without_axes
from webapp.db import database_now
from webapp.errors import MOST_ENTRIES, Conflict, InvalidInput, lists_too_long
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, quotas, snapshots, submissions
from webapp.services.study_views import State, StudyView, find, view
from webapp.services.submissions import MOST_CHARACTERS, Question, clean_title
from webapp.services.workflow import Status
from webapp.tables import Analysis, Study


@dataclass(frozen=True)
class StudySize:
    """How large a study would be: combinations of values, those that ask the same as another, and what is left."""

    n_combinations: int
    n_folded: int
    n_members: int
    limit: int


def measure(session: Session, actor: Actor, spec: Mapping[str, Any], axes: Sequence[Axis], *, most: int) -> StudySize:
    """Say how large a study would be, or all that is wrong with it, without asking anything.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who would ask.
    spec : mapping
        The base question as JSON; what an axis sets need not be in it.
    axes : sequence of Axis
        What differs.
    most : int
        Most combinations that are allowed.

    Returns
    -------
    StudySize
        Combinations and members.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    InvalidInput
        If the question or a value does not fit, there are too many combinations, or there are no prices of an
        instrument; `fields` names each by its dotted path, such as `axes.1.values.0`.
    """
    require(actor, Permission.ANALYSES_RUN)
    grid = _checked(session, actor, spec, axes, most)
    return StudySize(grid.n_combinations, grid.n_folded, len(grid.members), most)


def create(
    session: Session,
    actor: Actor,
    *,
    spec: Mapping[str, Any],
    axes: Sequence[Axis],
    most: int,
    title: str = "",
    address: str = "",
) -> StudyView:
    """Put a whole study into the queue: all of its questions, or none.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks, and will own the study and its analyses.
    spec : mapping
        The base question as JSON; what an axis sets need not be in it.
    axes : sequence of Axis
        What differs.
    most : int
        Most combinations that are allowed.
    title : str, default=""
        What to call it; empty: made from the axes.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    StudyView
        The study. The caller sends work messages after the commit.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    InvalidInput
        As `measure` does, or if the title is too long.
    QuotaExceeded
        If more of the actor's analyses would wait than may, or they have no room left.
    """
    require(actor, Permission.ANALYSES_RUN)
    title = clean_title(title) or " × ".join(axis.title for axis in axes)[:MOST_CHARACTERS]
    grid = _checked(session, actor, spec, axes, most)
    quotas.check(session, actor, len(grid.members))
    row = Study(
        public_id=secrets.token_hex(8),
        owner_id=actor.user_id,
        title=title,
        spec=without_axes(spec, axes),
        axes=[axis.model_dump(mode="json") for axis in axes],
        n_members=len(grid.members),
        n_folded=grid.n_folded,
        created_at=database_now(session),
    )
    session.add(row)
    session.flush()
    questions = (
        Question(member.spec.resolved(), member.spec_hash, _member_title(member.words), member.number)
        for member in grid.members
    )
    submissions.put_into_queue(session, actor.user_id, questions, study_id=row.id)
    _record(session, "study.submitted", row, actor, address, n_analyses=len(grid.members))
    return view(session, actor, row)


def cancel(session: Session, actor: Actor, study_id: str, *, address: str = "") -> StudyView:
    """Stop all that has not ended; what has, stays.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    StudyView
        The study afterwards; what runs stops within seconds. Asking twice changes nothing.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor has no such study.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find(session, actor, study_id)
    now = database_now(session)
    n_left, n_asked = submissions.withdraw(session, Analysis.study_id == row.id, now)
    if n_left or n_asked:
        row.cancelled_at, row.paused_at = now, None
        _record(session, "study.cancelled", row, actor, address, n_queued=n_left, n_running=n_asked)
    session.flush()
    return view(session, actor, row)


def pause(session: Session, actor: Actor, study_id: str, *, address: str = "") -> StudyView:
    """Start nothing more of a study until it is resumed; what runs, finishes.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    StudyView
        The study afterwards. Asking twice, or when nothing is left to do, changes nothing.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor has no such study.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find(session, actor, study_id)
    if row.paused_at is None and view(session, actor, row).state is not State.FINISHED:
        row.paused_at = database_now(session)
        _record(session, "study.paused", row, actor, address)
        session.flush()
    return view(session, actor, row)


def resume(session: Session, actor: Actor, study_id: str, *, address: str = "") -> StudyView:
    """Let a paused study go on.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    StudyView
        The study afterwards. Asking twice changes nothing. The caller sends work messages after the commit.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor has no such study.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find(session, actor, study_id)
    if row.paused_at is not None:
        row.paused_at = None
        _record(session, "study.resumed", row, actor, address)
        session.flush()
    return view(session, actor, row)


def retry_failed(session: Session, actor: Actor, study_id: str, *, address: str = "") -> StudyView:
    """Ask anew what has failed, in its place; what has succeeded stays as it is.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    StudyView
        The study afterwards. With nothing that has failed, nothing changes. The caller sends work messages.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor has no such study.
    QuotaExceeded
        If more of the actor's analyses would wait than may, or they have no room left.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find(session, actor, study_id)
    failed = session.scalars(
        select(Analysis)
        .where(Analysis.study_id == row.id, Analysis.study_number.is_not(None), Analysis.status == Status.FAILED)
        .order_by(Analysis.study_number)
        .with_for_update()  # two who ask at once: the second finds nothing that has failed
    ).all()
    questions = [Question(each.spec, each.spec_hash, each.title, each.study_number) for each in failed]
    if questions:
        quotas.check(session, actor, len(questions))
    for each in failed:
        each.study_number = None  # it stays, with its trials, and a later try has its place
    session.flush()
    if questions:
        submissions.put_into_queue(session, actor.user_id, questions, study_id=row.id)
        _record(session, "study.retried", row, actor, address, n_analyses=len(questions))
    return view(session, actor, row)


def hide(session: Session, actor: Actor, study_id: str, *, address: str = "") -> None:
    """Take a study and its analyses out of all lists; their trials count as before.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    address : str, default=""
        Network address of the request, for the audit trail.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor has no such study.
    Conflict
        If it is not finished.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find(session, actor, study_id)
    state = view(session, actor, row).state
    if state is not State.FINISHED:
        raise Conflict(f"Expected a finished study to delete; this one is {state}. Wait for it, or cancel it first.")
    now = database_now(session)
    row.hidden_at = now
    session.execute(
        update(Analysis).where(Analysis.study_id == row.id, Analysis.archived_at.is_(None)).values(archived_at=now)
    )
    _record(session, "study.deleted", row, actor, address)
    session.flush()


def _checked(session: Session, actor: Actor, spec: Mapping[str, Any], axes: Sequence[Axis], most: int) -> Grid:
    """Return what is asked, of which every question is sound and has prices."""
    if too_long := lists_too_long(spec):
        fields = {f"spec.{name}": f"expected at most {MOST_ENTRIES:,} entries" for name in too_long}
        raise InvalidInput("The question has lists that are far too long.", fields=fields)
    grid = expand(spec, axes, most=most)
    problems = dict(grid.problems) or _without_prices(session, actor, grid, axes)
    if problems:
        raise InvalidInput("The study has mistakes; each is named with its field.", fields=problems)
    return grid


def _without_prices(session: Session, actor: Actor, grid: Grid, axes: Sequence[Axis]) -> dict[str, str]:
    """Return which instruments have no prices, by the field that names them."""
    sizes = [len(axis.values) for axis in axes]
    axis = next((place for place, each in enumerate(axes) if each.path == "instruments"), None)
    problems: dict[str, str] = {}
    looked_at = set()
    for member in grid.members:
        asked = (member.spec.instruments, member.spec.interval)
        if asked in looked_at:
            continue
        looked_at.add(asked)
        try:
            snapshots.resolve(session, actor, *asked)
        except InvalidInput as error:
            if axis is None:
                problems |= {f"spec.{field}": text for field, text in error.fields.items()}
            else:
                problems[f"axes.{axis}.values.{places_of(member.number, sizes)[axis]}"] = str(error)
    return problems


def _member_title(words: str) -> str:
    return words if len(words) <= MOST_CHARACTERS else words[: MOST_CHARACTERS - 1].rstrip() + "…"


def _record(session: Session, action: str, row: Study, actor: Actor, address: str, **details: int) -> None:
    audit.record(session, action=action, subject=row.public_id, actor=actor, address=address, details=details)
