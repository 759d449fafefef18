"""Finished analyses side by side: what was asked otherwise, what came of it, and whether it differs at all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from quant.bars.day_catalog import DayBarsEntry, stored_bars
from quant.calendars import counted_periods_per_year, periods_per_year
from quant.returns import per_period_rate
from quant.risk.definitions import DEFINITIONS
from quant.validation.comparison import (
    ResampledDifference,
    SharpeDifference,
    holm,
    resampled_differences,
    sharpe_difference,
)
from webapp.errors import Conflict, InvalidInput
from webapp.permissions import Actor, Permission, require
from webapp.services import analyses, results
from webapp.services.analyses import AnalysisSummary, AnalysisView
from webapp.services.results import ResultView
from webapp.services.workflow import Status
from webapp.storage import FrameStore

FEWEST, MOST = 2, 100


@dataclass(frozen=True)
class Difference:
    """Something that was not the same: its dotted path, and its value in each analysis; None where it is not there."""

    path: str
    by_analysis: tuple[Any, ...]


@dataclass(frozen=True)
class MetricLine:
    """One metric of each analysis; `best` are the places of the best, none if no direction is good or all are equal."""

    name: str
    by_analysis: tuple[float | None, ...]
    best: tuple[int, ...]


@dataclass(frozen=True)
class Cause:
    """One thing that could make a number change; `differs` is None if it cannot be told.

    `kind` is one of "parameters", "data", "seed", "library", "code"; `details` says what differs.
    """

    kind: str
    differs: bool | None
    details: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """An analysis beside the first one: the paired tests of their returns, and why their numbers differ.

    `p_value` is that of the resamples, made larger for as many pairs as there are; NaN if it cannot be told.
    """

    id: str
    test: SharpeDifference
    resampled: ResampledDifference
    p_value: float
    causes: tuple[Cause, ...]
    is_same_answer: bool


@dataclass(frozen=True)
class Comparison:
    """Analyses side by side, in the order in which they were named; the first is what the others are compared with.

    `curves` has one column an analysis, its wealth from 1 at the first bar that all have; it is empty if they have none
    in common. `whole_curves` are the same on all bars that each has of its own, unknown where it has none, and 1 at
    that first common bar, too. `parameters` are only those that differ.
    """

    analyses: tuple[AnalysisSummary, ...]
    parameters: tuple[Difference, ...]
    metrics: tuple[MetricLine, ...]
    curves: pd.DataFrame
    whole_curves: pd.DataFrame
    pairs: tuple[Pair, ...]


def compare(session: Session, store: FrameStore, actor: Actor, ids: Sequence[str]) -> Comparison:
    """Put finished analyses side by side.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    store : FrameStore
        Where answers are kept.
    actor : Actor
        Who asks; must be able to read all of them.
    ids : sequence of str
        Public ids, 2 to 100 different ones.

    Returns
    -------
    Comparison
        Parameters, metrics, curves and paired tests.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses.
    InvalidInput
        If there are too few or too many, or one is named twice.
    NotFound
        If the actor may not see one of them, or it does not exist.
    Conflict
        If one of them has no answer.
    """
    require(actor, Permission.ANALYSES_READ)
    if not FEWEST <= len(ids) <= MOST or len(set(ids)) < len(ids):
        message = f"expected {FEWEST} to {MOST} different analyses; found {len(set(ids))} of {len(ids)} different"
        raise InvalidInput(f"These cannot be compared: {message}.", fields={"ids": message})
    views = [analyses.get(session, actor, id_) for id_ in ids]
    for view in views:
        if view.status is not Status.SUCCEEDED:
            raise Conflict(
                f"Expected analyses that have succeeded; “{view.summary.title}” is {view.status}. Leave it out."
            )
    answers = [results.load(session, store, actor, id_, ("equity",), looks_for_trials=False) for id_ in ids]
    parameters = tuple(differing([flatten(view.spec) for view in views]))
    returns = _common_returns(answers) if _have_same_bars(views) else _between_common_bars(answers)
    excess, per_year = _excess(views, answers, returns)
    resampled = resampled_differences(excess, periods_per_year=per_year)
    p_values = holm([each.p_value for each in resampled])
    return Comparison(
        analyses=tuple(view.summary for view in views),
        parameters=parameters,
        metrics=tuple(_metrics(answers)),
        curves=_curves(returns),
        whole_curves=_whole_curves(answers, returns.index),
        pairs=tuple(
            Pair(
                view.id,
                sharpe_difference(excess[place], excess[0], periods_per_year=per_year),
                resampled[place - 1],
                float(p_values[place - 1]),
                tuple(_causes(parameters, place, answers[0], answer)),
                is_same_answer=answer.result_hash == answers[0].result_hash,
            )
            for place, (view, answer) in enumerate(zip(views[1:], answers[1:], strict=True), start=1)
        ),
    )


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    """Return JSON as one level, by dotted paths; entries of a list are told by their names where they have some."""
    if isinstance(value, Mapping) and value:
        parts = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, list) and value and any(isinstance(each, Mapping) for each in value):
        parts = [(_entry(each, place, value), each) for place, each in enumerate(value)]
    else:
        return {path: value}
    flat: dict[str, Any] = {}
    for name, each in parts:
        flat |= flatten(each, f"{path}.{name}" if path else name)
    return flat


def differing(questions: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Return what is not the same in all of these, in the order in which it is met."""
    paths = dict.fromkeys(path for question in questions for path in question)
    found = [Difference(path, tuple(question.get(path) for question in questions)) for path in paths]
    return [each for each in found if any(value != each.by_analysis[0] for value in each.by_analysis)]


def _entry(each: Any, place: int, entries: Sequence[Any]) -> str:
    """Return what an entry of a list is called: by its name or symbol if no other has it, else by its number."""

    def name_of(entry: Any) -> str:
        keys = ("name", "symbol", "parameter", "window") if isinstance(entry, Mapping) else ()
        return " ".join(str(entry[key]) for key in keys if key in entry)

    name = name_of(each)
    return name if name and [name_of(other) for other in entries].count(name) == 1 else str(place)


def _common_returns(answers: Sequence[ResultView]) -> pd.DataFrame:
    """Return the returns of the bars that all have, one column an analysis, by its place."""
    columns = [answer.frames["equity"]["return"].rename(place) for place, answer in enumerate(answers)]
    return pd.concat(columns, axis=1, join="inner").sort_index()


def _have_same_bars(views: Sequence[AnalysisView]) -> bool:
    """Whether all were asked of the same bars of the calendar, so that returns of one timestamp are of one span."""
    asked = [_bars(view) for view in views]
    return asked[0].interval is not None and all(each == asked[0] for each in asked)


def _bars(view: AnalysisView) -> DayBarsEntry:
    return stored_bars(view.spec.get("bars"))


def _between_common_bars(answers: Sequence[ResultView]) -> pd.DataFrame:
    """Return what each earned from one bar that all have to the next, one column an analysis, by its place."""
    wealth = [
        (1.0 + answer.frames["equity"]["return"].fillna(0.0)).cumprod().rename(place)
        for place, answer in enumerate(answers)
    ]
    joined = pd.concat(wealth, axis=1, join="inner").sort_index()
    returns: pd.DataFrame = joined / joined.shift(1) - 1.0
    return returns


def _curves(returns: pd.DataFrame) -> pd.DataFrame:
    """Return wealth from 1 at the first common bar on: what was earned before it is left out."""
    earned = returns.fillna(0.0)
    earned.iloc[:1] = 0.0
    return (1.0 + earned).cumprod()


def _whole_curves(answers: Sequence[ResultView], common: pd.Index) -> pd.DataFrame:
    """Return wealth on each one's own bars, from its first to its last, and 1 at the first bar that all have."""
    if common.empty:
        return pd.DataFrame(index=common)
    returns = [answer.frames["equity"]["return"].fillna(0.0).rename(place) for place, answer in enumerate(answers)]
    # Where one lacks a bar that others have, its wealth is unknown there, and goes on after it.
    wealth = (1.0 + pd.concat(returns, axis=1, join="outer").sort_index()).cumprod()
    curves: pd.DataFrame = wealth / wealth.loc[common[0]]
    filled: pd.DataFrame = curves.ffill(limit_area="inside")  # of a bar that one lacks, its wealth is the last one's
    return filled


def _metrics(answers: Sequence[ResultView]) -> list[MetricLine]:
    known = [{each["name"]: each["value"] for each in answer.facts["metrics"]} for answer in answers]
    lines = []
    for name, definition in DEFINITIONS.items():
        values = tuple(metrics.get(name) for metrics in known)
        if any(value is not None for value in values):
            lines.append(MetricLine(name, values, _best(values, definition.better)))
    return lines


def _best(values: Sequence[float | None], better: str) -> tuple[int, ...]:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if better == "none" or len(set(finite)) < FEWEST:
        return ()
    best = max(finite) if better == "higher" else min(finite)
    return tuple(place for place, value in enumerate(values) if value == best)


def _excess(
    views: Sequence[AnalysisView], answers: Sequence[ResultView], returns: pd.DataFrame
) -> tuple[pd.DataFrame, float]:
    """Return what each earned above the rate that it calls free of risk, and bars a year.

    They are those of the calendar of the first, or, between bars that happen to be common, counted.
    """
    calendar = answers[0].facts["data"]["instruments"][0]["calendar"]
    interval = _bars(views[0]).interval if _have_same_bars(views) else None
    if interval is not None:
        per_year = periods_per_year(calendar, interval)
    else:
        per_year = counted_periods_per_year(returns.index) if len(returns) > 1 else 1.0
    rates = [per_period_rate(view.spec["risk"]["risk_free_annual"], per_year) for view in views]
    return returns - rates, per_year


def _causes(asked: Sequence[Difference], place: int, base_answer: ResultView, answer: ResultView) -> list[Cause]:
    """Return what differs between the first analysis and the one at a place: parameters, data, seed, library, code."""
    others = [each.path for each in asked if each.by_analysis[place] != each.by_analysis[0]]
    parameters = tuple(path for path in others if path != "seed")
    hashes = [each.facts["data"]["snapshot_hash"] for each in (base_answer, answer)]
    seeds = [each.facts["seed"] for each in (base_answer, answer)]
    libraries = differing([base_answer.versions, answer.versions])
    causes = [
        Cause("parameters", bool(parameters), parameters),
        Cause("data", hashes[0] != hashes[1], tuple(each[:12] for each in hashes) if hashes[0] != hashes[1] else ()),
        Cause("seed", seeds[0] != seeds[1], tuple(str(each) for each in seeds) if seeds[0] != seeds[1] else ()),
        Cause(
            "library",
            bool(libraries),
            tuple(
                f"{each.path} {each.by_analysis[0] or 'none'} → {each.by_analysis[1] or 'none'}" for each in libraries
            ),
        ),
    ]
    is_same_answer = base_answer.result_hash == answer.result_hash
    # Of the program no version is kept: with all else equal, the answers themselves say whether it has changed.
    is_told = is_same_answer or not any(each.differs for each in causes)
    return [*causes, Cause("code", not is_same_answer if is_told else None, ())]
