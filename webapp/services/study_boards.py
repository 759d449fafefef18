"""What a study has found: its leaderboard, deflated by all that it tried, and its heat map over two axes."""

import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, case, func, select
from sqlalchemy.orm import Session

from quant.grid import places_of
from quant.validation.likeness import independent_trials
from quant.validation.overfitting import deflated_sharpe_ratio
from quant.verdict import CONFIDENT
from webapp.errors import InvalidInput
from webapp.permissions import Actor, Permission, require
from webapp.services.results import HEADLINE
from webapp.services.study_views import AxisView, axes_of, find, is_member
from webapp.services.workflow import Status
from webapp.tables import Analysis, Backtest, PerformanceMetric, Study, Trial

_FEWEST_FOR_A_VARIANCE = 2
_OPEN = frozenset(status for status in Status if not status.is_final)


class Measure(StrEnum):
    """What a leaderboard is sorted by, and a heat map coloured by; all out of sample and after costs."""

    SHARPE_RATIO = "sharpe_ratio"
    DEFLATED = "deflated_sharpe_ratio"
    BY_INDEPENDENT = "deflated_by_independent"
    TOTAL_RETURN = "total_return"
    MAX_DRAWDOWN = "max_drawdown"
    N_TRADES = "n_trades"


class Over(StrEnum):
    """What stands for several members in one cell."""

    MEDIAN = "median"
    BEST = "max"


_STORED = (Measure.SHARPE_RATIO, Measure.TOTAL_RETURN, Measure.MAX_DRAWDOWN, Measure.N_TRADES)


@dataclass(frozen=True)
class BoardRow:
    """A member and what came of it; `measures` has all of `Measure`, None where unknown, and nothing until it ends.

    `rank` counts from 1 among the finished ones whose audit found no look-ahead, best first; `words` are the values
    that it has of each axis.
    """

    number: int
    rank: int | None
    analysis_id: str
    title: str
    words: tuple[str, ...]
    status: Status
    progress: float
    measures: Mapping[Measure, float | None]
    verdict: str | None
    is_credible: bool | None
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True)
class Board:
    """The members of a study, best first, then those that have not ended, then those without an answer.

    `n_trials` counts all that the study has tried so far, later tries of what had failed included; `n_independent` is
    how many independent ones these amount to, by what they earned week by week. `sentence` says what the best of so
    many is worth.
    """

    rows: tuple[BoardRow, ...]
    axes: tuple[AxisView, ...]
    sort: Measure
    n_succeeded: int
    n_trials: int
    n_independent: float
    sentence: str


@dataclass(frozen=True)
class Cell:
    """One cell of a heat map: what stands for its members, and how these are."""

    value: float | None
    n_members: int
    n_succeeded: int
    n_failed: int


@dataclass(frozen=True)
class HeatMap:
    """A measure over two axes, rows first; a cell is None where the study asks nothing."""

    rows: AxisView
    columns: AxisView
    measure: Measure
    over: Over
    cells: tuple[tuple[Cell | None, ...], ...]


def leaderboard(session: Session, actor: Actor, study_id: str, *, sort: Measure = Measure.SHARPE_RATIO) -> Board:
    """Return the members of a study, best first.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    sort : Measure, default=Measure.SHARPE_RATIO
        What is best: the greatest of it. What a look-ahead audit has found out comes last.

    Returns
    -------
    Board
        All members, with what is known of them.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If the actor has no such study.
    """
    require(actor, Permission.ANALYSES_READ)
    study = find(session, actor, study_id)
    axes = axes_of(study)
    n_trials, n_independent = count_trials(session, study)
    rows = _ranked(_deflated(_found(session, study), n_trials, n_independent), axes, sort)
    n_succeeded = sum(row.status is Status.SUCCEEDED for row in rows)
    sentence = _sentence(rows, n_succeeded, n_trials, n_independent)
    return Board(rows, axes, sort, n_succeeded, n_trials, n_independent, sentence)


def heat_map(board: Board, rows: str = "", columns: str = "", *, measure: Measure, over: Over = Over.MEDIAN) -> HeatMap:
    """Return a measure over two axes of a study.

    Parameters
    ----------
    board : Board
        As `leaderboard` returns it.
    rows, columns : str, default=""
        Paths of two of its axes; empty: the first that is not the other.
    measure : Measure
        What stands in the cells.
    over : Over, default=Over.MEDIAN
        What stands for several members of one cell, which differ in other axes.

    Returns
    -------
    HeatMap
        The cells.

    Raises
    ------
    InvalidInput
        If these are not two different axes of the study.
    """
    paths = [axis.path for axis in board.axes]
    rows = rows or next((path for path in paths if path != columns), "")
    columns = columns or next((path for path in paths if path != rows), "")
    problems = {name: each for name, each in (("rows", rows), ("columns", columns)) if each not in paths}
    if problems or rows == columns:
        found = " and ".join(filter(None, (rows, columns)))
        message = f"expected two different ones of {', '.join(paths)}; found {found}"
        raise InvalidInput(
            f"There is no such heat map: {message}.", fields=dict.fromkeys(problems or ["rows"], message)
        )
    down, across = paths.index(rows), paths.index(columns)
    sizes = [len(axis.values) for axis in board.axes]
    members: defaultdict[tuple[int, int], list[BoardRow]] = defaultdict(list)
    for row in board.rows:
        places = places_of(row.number, sizes)
        members[places[down], places[across]].append(row)
    cells = tuple(
        tuple(_cell(members[place, other], measure, over) for other in range(sizes[across]))
        for place in range(sizes[down])
    )
    return HeatMap(board.axes[down], board.axes[across], measure, over, cells)


@dataclass
class _Found:
    """A row of the member, its measures, and what its Sharpe ratio is deflated by."""

    member: Row[*tuple[Any, ...]]
    measures: dict[Measure, float | None]
    luck: Mapping[str, Any] | None


def _found(session: Session, study: Study) -> list[_Found]:
    """Return the members in the order of their numbers, with what is stored of each."""
    pivoted = [func.max(case((PerformanceMetric.name == name, PerformanceMetric.value))) for name in _STORED]
    measured = {
        backtest_id: dict(zip(_STORED, values, strict=True))
        for backtest_id, *values in session.execute(
            select(PerformanceMetric.backtest_id, *pivoted)
            .join(Backtest, Backtest.id == PerformanceMetric.backtest_id)
            .join(Analysis, Analysis.id == Backtest.analysis_id)
            .where(
                *is_member(study),
                Backtest.name == HEADLINE,
                PerformanceMetric.name.in_(_STORED),
                PerformanceMetric.period == "all",
            )
            .group_by(PerformanceMetric.backtest_id)
        )
    }
    members = session.execute(
        select(
            Analysis.study_number,
            Analysis.public_id,
            Analysis.title,
            Analysis.status,
            Analysis.progress,
            Analysis.verdict,
            Analysis.is_credible,
            Analysis.error_code,
            Analysis.error_message,
            Backtest.id.label("backtest_id"),
            Backtest.luck,
        )
        .outerjoin(Backtest, and_(Backtest.analysis_id == Analysis.id, Backtest.name == HEADLINE))
        .where(*is_member(study))
        .order_by(Analysis.study_number)
    )
    return [_Found(member, measured.get(member.backtest_id, {}), member.luck) for member in members]


def count_trials(session: Session, study: Study) -> tuple[int, float]:
    """Return how many trials the ledger has of a study, and how many independent ones these amount to.

    Those of all its analyses, whatever became of them; one of which the ledger does not know what it earned counts as
    one.
    """
    of_study = select(Analysis.id).where(Analysis.study_id == study.id)
    shapes = session.scalars(select(Trial.weeks).where(Trial.analysis_id.in_(of_study))).all()
    return len(shapes), independent_trials(shapes)


def _deflated(found: Sequence[_Found], n_trials: int, n_independent: float) -> Sequence[_Found]:
    """Add the Sharpe ratios deflated by all that the study tried, and by the independent ones among that.

    How much the trials' Sharpe ratios vary is what each question found of its own trials, or what the members' curves
    show, whichever is more: the stricter.
    """
    known = [each.luck["sharpe_ratio"] for each in found if each.luck and each.luck["sharpe_ratio"] is not None]
    spread = statistics.variance(known) if len(known) >= _FEWEST_FOR_A_VARIANCE else 0.0
    for each in found:
        if each.measures:
            own = each.luck or {}
            effective = own.get("n_effective_trials") or 1.0  # unknown in older answers
            each.measures[Measure.DEFLATED] = _deflate(each.luck, spread, max(own.get("n_trials", 1), n_trials))
            each.measures[Measure.BY_INDEPENDENT] = _deflate(each.luck, spread, max(effective, n_independent))
    return found


def _deflate(luck: Mapping[str, Any] | None, spread: float, n_trials: float) -> float | None:
    if not luck or luck["sharpe_ratio"] is None:
        return None
    return deflated_sharpe_ratio(
        luck["sharpe_ratio"],
        luck["n_returns"],
        luck["skewness"],
        luck["raw_kurtosis"],
        trial_variance=max(luck["trial_variance"], spread),
        n_trials=n_trials,
    )


def _place(found: _Found, sort: Measure) -> tuple[int, float, int]:
    """Return what members are sorted by: found and credible, found, under way, without an answer."""
    member, value = found.member, found.measures.get(sort)
    if member.status == Status.SUCCEEDED:
        group = 1 if member.is_credible is False else 0
        return group, math.inf if value is None else -value, member.study_number
    return 2 if member.status in _OPEN else 3, 0.0, member.study_number


def _ranked(found: Sequence[_Found], axes: Sequence[AxisView], sort: Measure) -> tuple[BoardRow, ...]:
    words = list(itertools.product(*(axis.words for axis in axes)))  # by number: the last axis changes fastest
    rows: list[BoardRow] = []
    rank = 0
    for each in sorted(found, key=lambda each: _place(each, sort)):
        number, public_id, title, status, progress, verdict, is_credible, code, message, *_ = each.member
        is_ranked = status == Status.SUCCEEDED and is_credible is not False and each.measures.get(sort) is not None
        rank += is_ranked
        rows.append(
            BoardRow(
                number=number,
                rank=rank if is_ranked else None,
                analysis_id=public_id,
                title=title,
                words=words[number],
                status=Status(status),
                progress=progress,
                measures=each.measures,
                verdict=verdict,
                is_credible=is_credible,
                error_code=code,
                error_message=message,
            )
        )
    return tuple(rows)


def _sentence(rows: Sequence[BoardRow], n_succeeded: int, n_trials: int, n_independent: float) -> str:
    """Say in plain words what the best of so many is worth."""
    if not n_succeeded:
        return "Nothing has succeeded yet. The best comes first, deflated by all that was tried."
    best = next((row for row in rows if row.rank == 1), None)
    tried = f"{n_trials:,} trial{'' if n_trials == 1 else 's'}"
    if best is None:
        return f"Nothing of what has finished can be ranked; {tried} so far."
    deflated = best.measures.get(Measure.DEFLATED)
    if deflated is None:
        return f"The first has no Sharpe ratio that could be deflated by the {tried} of this study."
    worth = "unlikely to be luck" if deflated >= CONFIDENT else "not distinguishable from luck"
    return (
        f"The first is the best of {n_succeeded:,} by {tried}: deflated by all of them, its Sharpe ratio is more than "
        f"luck with a probability of {deflated:.2f}, so it is {worth}. Trials that earned alike are hardly separate "
        f"tries: these amount to {n_independent:,.1f} independent ones, and deflated by those it is "
        f"{best.measures[Measure.BY_INDEPENDENT] or 0.0:.2f}."
    )


def _cell(members: Sequence[BoardRow], measure: Measure, over: Over) -> Cell | None:
    if not members:
        return None
    known = [value for row in members if (value := row.measures.get(measure)) is not None]
    value = None if not known else max(known) if over is Over.BEST else statistics.median(known)
    return Cell(
        value=value,
        n_members=len(members),
        n_succeeded=sum(row.status is Status.SUCCEEDED for row in members),
        n_failed=sum(row.status is Status.FAILED for row in members),
    )
