"""A study's members held together: which of them, why not the others, and what came of it.

Nothing is stored: what members earned never changes, so the same question about them has the same answer.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from quant.bars.day_catalog import stored_bars
from quant.calendars import periods_per_year
from quant.catalog import in_a_sentence
from quant.errors import NotEnoughData
from quant.grid import places_of
from quant.portfolio.catalog import BooksSpec
from quant.validation.catalog import ScoreName
from quant.validation.scores import SCORES
from quant.verdict import CONFIDENT
from webapp.errors import Conflict, InvalidInput
from webapp.permissions import Actor, Permission, require
from webapp.services.study_boards import count_trials
from webapp.services.study_views import AxisView, axes_of, find, is_member
from webapp.services.workflow import Status
from webapp.storage import FrameStore
from webapp.tables import Analysis, Study, Trial

if TYPE_CHECKING:
    from quant.combining import Combined

_TOGETHER = "together"  # as `quant.combining` calls it
_LIKELY, _EVEN = 0.05, 0.5
MOST = 100  # members that are held together, and that are asked how well choosing among them carries over
_JUDGED = ("candidate", "tuning")  # trials with a score of purged folds in the training span; those of rules have none


@dataclass(frozen=True)
class HeldMember:
    """A member that is held: its own bars, its score on validation folds if it has one, and its share of the whole.

    `latest_share` is that with which it would go on, `mean_share` that of all bars.
    """

    id: str
    title: str
    score_name: str | None
    score: float | None
    first_at: datetime.datetime
    last_at: datetime.datetime
    n_bars: int
    latest_share: float
    mean_share: float


@dataclass(frozen=True)
class LeftOut:
    """A member that is not held, and why, in a sentence."""

    id: str
    title: str
    why: str


@dataclass(frozen=True, eq=False)
class StudyPortfolio:
    """Members of a study held together.

    `combined` calls them by their ids. `overfitting` are the facts of `quant.combining.look_at_members` about
    `n_asked` of the `n_succeeded` members; None with too few of them.
    """

    spec: BooksSpec
    members: tuple[HeldMember, ...]
    left_out: tuple[LeftOut, ...]
    combined: "Combined"
    overfitting: Mapping[str, Any] | None
    n_asked: int
    n_succeeded: int
    n_trials: int
    n_independent: float


@dataclass(frozen=True)
class _Member:
    row: Row[*tuple[Any, ...]]
    score_name: ScoreName | None
    score: float | None

    @property
    def id(self) -> str:
        return str(self.row.public_id)


@dataclass(frozen=True)
class _Answer:
    member: _Member
    equity: pd.Series
    luck: Mapping[str, Any]
    market: tuple[str, str, str]  # calendar, bars, currency
    periods_per_year: float | None
    risk_free: float


def hold(
    session: Session, store: FrameStore, actor: Actor, study_id: str, *, spec: BooksSpec, members: Sequence[str] = ()
) -> StudyPortfolio:
    """Hold members of a study together, walking forward.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    store : FrameStore
        Where answers are kept.
    actor : Actor
        Who asks; must own the study.
    study_id : str
        Public id.
    spec : BooksSpec
        How to divide, how often, and what it costs.
    members : sequence of str, default=()
        Public ids of members; none: of each value of the axis of instruments the one with the best validation score,
        which knows nothing of what was earned afterwards, or the first in the study where there is no such score.

    Returns
    -------
    StudyPortfolio
        What was held and what came of it; what was left out, and why.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    NotFound
        If the actor has no such study.
    InvalidInput
        If more than 100 are to be held, one of them is not of the study or has no answer, or too few bars are left.
    Conflict
        If no member has an answer that can be believed.
    """
    require(actor, Permission.ANALYSES_READ)
    study = find(session, actor, study_id)
    everyone = _members(session, study)
    out = {each.id: why for each in everyone if (why := _unfit(each.row))}
    fit = [each for each in everyone if each.id not in out]
    if not fit:
        raise Conflict(
            "Expected a member that has succeeded and that the audit has nothing against; there is none yet."
        )
    chosen = _named(fit, members, out) if members else _best(fit, axes_of(study), out)
    asked = _evenly(fit)
    answers = _answers(session, store, {each.id: each for each in (*chosen, *asked)}.values())
    held = _of_one_market([each for each in chosen if each.id in answers], answers, out)
    out |= {each.id: "Its files are gone from the store; run it again." for each in chosen if each.id not in answers}
    if not held:
        raise Conflict("The files of all members are gone from the store. Run them again to get them back.")
    others = [answers[each.id] for each in asked if each.id in answers]
    alike = [each for each in others if each.market == held[0].market]
    n_trials, n_independent = count_trials(session, study)
    combined, overfitting = _computed(held, alike, spec, n_trials, n_independent)
    out |= {each.member.id: _elsewhere(each, combined) for each in held if each.member.id in combined.left_out}
    return StudyPortfolio(
        spec=spec,
        members=tuple(_held(each, combined) for each in held if each.member.id not in combined.left_out),
        left_out=tuple(LeftOut(each.id, each.row.title, out[each.id]) for each in everyone if each.id in out),
        combined=combined,
        overfitting=overfitting,
        n_asked=len(alike),
        n_succeeded=len(fit),
        n_trials=n_trials,
        n_independent=n_independent,
    )


def _members(session: Session, study: Study) -> list[_Member]:
    """Return the members in the order of the grid, each with its best score on validation folds, if it has one."""
    of_study = select(Analysis.id).where(*is_member(study))
    scores = {
        row.analysis_id: (row.score_name, row.most if SCORES[row.score_name].higher_is_better else row.least)
        for row in session.execute(
            select(
                Trial.analysis_id,
                Trial.score_name,
                func.max(Trial.score).label("most"),
                func.min(Trial.score).label("least"),
            )
            .where(Trial.analysis_id.in_(of_study), Trial.kind.in_(_JUDGED), Trial.score.is_not(None))
            .group_by(Trial.analysis_id, Trial.score_name)
        )
        if row.score_name in SCORES
    }
    rows = session.execute(
        select(
            Analysis.id,
            Analysis.public_id,
            Analysis.study_number,
            Analysis.title,
            Analysis.status,
            Analysis.is_credible,
            Analysis.result_key,
            Analysis.error_message,
        )
        .where(*is_member(study))
        .order_by(Analysis.study_number)
    )
    return [_Member(row, *scores.get(row.id, (None, None))) for row in rows]


def _unfit(row: Row[*tuple[Any, ...]]) -> str | None:
    """Return why a member cannot be held, whatever is asked; None if it can."""
    if row.status == Status.FAILED:
        return f"It failed: {row.error_message}" if row.error_message else "It failed."
    if row.status == Status.CANCELLED:
        return "It was cancelled."
    if row.status != Status.SUCCEEDED or row.result_key is None:
        return "It has not ended yet."
    return "The audit found look-ahead: what it earned is not to be believed." if row.is_credible is False else None


def _named(fit: Sequence[_Member], ids: Sequence[str], out: dict[str, str]) -> list[_Member]:
    by_id = {each.id: each for each in fit}
    unknown = [each for each in ids if each not in by_id]
    message = (
        f"expected members that can be held; of {unknown[0]}: {out.get(unknown[0], 'it is none of this study')}"
        if unknown
        else f"expected at most {MOST} members; found {len(ids)}"
        if len(set(ids)) > MOST
        else ""
    )
    if message:
        raise InvalidInput(f"These cannot be held together: {message}.", fields={"members": message})
    out |= {each.id: "It was not among those that you chose." for each in fit if each.id not in set(ids)}
    return [each for each in fit if each.id in set(ids)]


def _best(fit: Sequence[_Member], axes: Sequence[AxisView], out: dict[str, str]) -> list[_Member]:
    """Return the best on validation folds of each value of the axis of instruments; `out` learns why not the others."""
    place = next((number for number, axis in enumerate(axes) if axis.path == "instruments"), None)
    sizes = [len(axis.values) for axis in axes]
    groups: dict[int, list[_Member]] = {}
    for each in fit:
        groups.setdefault(0 if place is None else places_of(each.row.study_number, sizes)[place], []).append(each)
    chosen = []
    for group in groups.values():
        best = group[0]
        for other in group[1:]:
            if _is_better(other, best):
                best = other
        chosen.append(best)
        out |= {each.id: _why_not(each, best) for each in group if each is not best}
    out |= {each.id: f"Only the first {MOST} are held together." for each in chosen[MOST:]}
    return chosen[:MOST]


def _is_better(member: _Member, other: _Member) -> bool:
    """Return whether a member is better on validation folds, as far as the two can be compared."""
    if member.score_name is None or member.score_name != other.score_name:
        return False
    return (
        member.score is not None
        and other.score is not None
        and SCORES[member.score_name].is_better(member.score, other.score)
    )


def _why_not(member: _Member, best: _Member) -> str:
    if best.score_name is None or member.score_name != best.score_name:
        return f"“{best.row.title}”, of the same instruments, comes first; no validation score compares the two."
    title = in_a_sentence(SCORES[best.score_name].title)
    return (
        f"“{best.row.title}”, of the same instruments, was at least as good on validation folds: {title} "
        f"{best.score:.3f} against {member.score:.3f}."
    )


def _evenly(fit: Sequence[_Member]) -> list[_Member]:
    """Return all, or an even sample of so many."""
    places = np.unique(np.linspace(0, len(fit) - 1, min(len(fit), MOST)).round().astype(int))
    return [fit[place] for place in places]


def _answers(session: Session, store: FrameStore, members: Iterable[_Member]) -> dict[str, _Answer]:
    """Return what members earned, by their ids; those whose files are gone are not among them."""
    wanted = list(members)
    asked = {
        id_: (stored_bars(bars), risk_free or 0.0)
        for id_, bars, risk_free in session.execute(
            select(
                Analysis.id,
                Analysis.spec["bars"],
                Analysis.spec["risk"]["risk_free_annual"].as_float(),
            ).where(Analysis.id.in_([each.row.id for each in wanted]))
        )
    }
    found = {}
    for each in wanted:
        output = store.get(each.row.result_key, ("equity",))
        if output is not None:
            market = output.facts["data"]["instruments"][0]
            bars, risk_free = asked[each.row.id]
            a_year = None if bars.interval is None else periods_per_year(market["calendar"], bars.interval)
            name, parameters = type(bars).model_fields["name"].default, bars.parameters()
            said = " ".join([name, *(f"{parameter} {value}" for parameter, value in parameters.items())])
            found[each.id] = _Answer(
                each,
                output.frames["equity"]["equity"],
                output.facts["honesty"]["luck"],
                (market["calendar"], said, market["currency"]),
                a_year,
                risk_free,
            )
    return found


def _of_one_market(members: Sequence[_Member], answers: Mapping[str, _Answer], out: dict[str, str]) -> list[_Answer]:
    """Return those of the calendar, bars and currency that most have; `out` learns why not the others."""
    found = [answers[each.id] for each in members]
    counted = Counter(each.market for each in found)
    usual = max(counted, key=lambda market: counted[market], default=None)
    for each in found:
        if each.market != usual and usual is not None:
            out[each.member.id] = (
                f"It is of {', '.join(each.market)} (calendar, bars, currency), most of the others of "
                f"{', '.join(usual)}: they have no bars in common that mean the same."
            )
    return [each for each in found if each.market == usual]


def _computed(
    held: Sequence[_Answer], alike: Sequence[_Answer], spec: BooksSpec, n_trials: int, n_independent: float
) -> "tuple[Combined, Mapping[str, Any] | None]":
    """Return what those that are held came to, and how well choosing among those that are alike carries over."""
    from quant.combining import Trials, combine, look_at_members, spread_of  # noqa: PLC0415  # 120 MB that few need

    known = [each.luck for each in alike if each.luck["sharpe_ratio"] is not None]
    spread = spread_of([each["sharpe_ratio"] for each in known], [each["trial_variance"] for each in known])
    try:
        combined = combine(
            {each.member.id: each.equity for each in held},
            spec,
            Trials(n_trials, n_independent, spread),
            periods_per_year=held[0].periods_per_year,
            risk_free_annual=held[0].risk_free,
        )
    except NotEnoughData as error:
        raise InvalidInput(str(error), fields={"window": str(error)}) from error
    return combined, look_at_members({each.member.id: each.equity for each in alike})


def _elsewhere(answer: _Answer, combined: "Combined") -> str:
    n_common = combined.left_out[answer.member.id]
    index = answer.equity.index
    return (
        f"It was traded from {index[0]:%Y-%m-%d} to {index[-1]:%Y-%m-%d} and shares {n_common:,} bars with the "
        "longest; with it, too few would be common to all."
    )


def _held(answer: _Answer, combined: "Combined") -> HeldMember:
    member, shares = answer.member, combined.books.shares[answer.member.id]
    return HeldMember(
        id=member.id,
        title=member.row.title,
        score_name=member.score_name,
        score=member.score,
        first_at=answer.equity.index[0].to_pydatetime(),
        last_at=answer.equity.index[-1].to_pydatetime(),
        n_bars=len(answer.equity),
        latest_share=float(shares.iloc[-1]),
        mean_share=float(shares.mean()),
    )


def in_words(found: StudyPortfolio) -> tuple[str, ...]:
    """Say in plain words what the members are worth together.

    Parameters
    ----------
    found : StudyPortfolio
        As `hold` returns it.

    Returns
    -------
    tuple of str
        One sentence or two each about the span, equal shares, the best alone, luck, and choosing among members.
    """
    combined = found.combined
    first, last = (combined.curves.index[place] for place in (0, -1))
    n = len(found.members)
    span = (
        f"{n:,} member{'' if n == 1 else 's'} on the {len(combined.curves):,} bars from {first:%Y-%m-%d} to "
        f"{last:%Y-%m-%d} that follow the first {found.spec.window:,} which all have; capital was divided "
        f"{combined.books.n_divisions:,} times, each time by bars before."
    )
    told = (span, _beside_equal(found), _beside_the_best(found), _after_luck(found), _of_the_choice(found))
    return tuple(filter(None, told))


def _beside_equal(found: StudyPortfolio) -> str:
    test = found.combined.test
    if len(found.members) == 1 or found.spec.method == "equal":
        return ""
    if np.isnan(test.p_value):
        return "It cannot be told whether that differs from equal shares."
    worth = "is not distinguishable from chance" if test.p_value > _LIKELY else "chance hardly explains"
    more = "above" if test.difference >= 0 else "below"
    return (
        f"The Sharpe ratio is {abs(test.difference):.2f} {more} that of equal shares, which {worth} (p = "
        f"{test.p_value:.2f})."
    )


def _beside_the_best(found: StudyPortfolio) -> str:
    combined, titles = found.combined, {each.id: each.title for each in found.members}
    together, alone = (combined.measures[name].sharpe_ratio for name in (_TOGETHER, combined.best))
    if len(found.members) == 1 or np.isnan(alone) or np.isnan(together):
        return ""
    return (
        f"The Sharpe ratio of “{titles[combined.best]}” alone is {alone:.2f}, of all together {together:.2f}; which "
        "would be the best, nobody could know before."
    )


def _after_luck(found: StudyPortfolio) -> str:
    combined = found.combined
    if np.isnan(combined.deflated):
        return "Nothing moved, so there is no Sharpe ratio to be deflated."
    worth = "unlikely to be luck" if combined.deflated >= CONFIDENT else "not distinguishable from luck"
    return (
        f"Deflated by all {found.n_trials:,} trials of the study, its Sharpe ratio is more than luck with a "
        f"probability of {combined.deflated:.2f}, so it is {worth}; by the {found.n_independent:,.1f} independent ones "
        f"that they amount to, with {combined.deflated_by_independent:.2f}. Each way to divide that you look at is one "
        "more try, which nobody counts."
    )


def _of_the_choice(found: StudyPortfolio) -> str:
    facts = found.overfitting
    if facts is None:
        return "Whether choosing the best member carries over takes five members with 32 returns of the same bars."
    share = facts["probability"]
    worth = (
        "choosing carried over"
        if share < _LIKELY
        else "choosing was better than taking any"
        if share < _EVEN
        else "choosing by the past was no better than taking any"
    )
    sample = "" if found.n_asked == found.n_succeeded else f" of the {found.n_succeeded:,} that succeeded"
    return (
        f"The best of {facts['n_trials']:,} members{sample} on one half of {facts['n_bars']:,} bars was no better than "
        f"the middle one on the other half in {share:.0%} of {facts['n_combinations']:,} ways to halve them (the "
        f"probability of backtest overfitting, PBO): {worth}."
    )
