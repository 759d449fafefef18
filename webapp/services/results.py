"""Saving an answer in the transaction that ends its analysis, and reading it back for whoever may see it."""

import datetime
import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from quant.result import AnalysisResult
from quant.spec import read_stored
from quant.stages import StageOutput, hash_json
from quant.validation.overfitting import deflated_sharpe_ratio
from webapp.db import Base, database_now, into
from webapp.errors import Conflict, NotFound
from webapp.permissions import Actor, Permission, require
from webapp.services import jobs, storage_use, trials
from webapp.services.access import find_readable
from webapp.services.jobs import Claim
from webapp.services.trials import Ground
from webapp.services.workflow import Status
from webapp.storage import FREELY, FrameStore, ScopedStore
from webapp.tables import (
    Analysis,
    Artifact,
    Backtest,
    FittedModel,
    PerformanceMetric,
    Prediction,
    PriceSeries,
    SnapshotItem,
    TradeRow,
    Trial,
    TrialSeries,
    UsedFeature,
)

HEADLINE = "headline"
AS_ASKED = "costs_1x"  # of the brackets, which is the headline
FINAL_MODEL = "final"  # the stage that keeps it
RULE = "rule"  # the task of a question without a model
SIGNALS = {1: "long", 0: "flat", -1: "short"}
_TRADE_COLUMNS = (
    "instrument", "direction", "is_open", "entry_at", "exit_at", "max_shares", "entry_price", "exit_price", "pnl",
    "return_on_entry_value", "costs", "bars_held", "max_favourable_excursion", "max_adverse_excursion",
)  # fmt: skip
_FORECASTS = ("probability", "probability_down", "predicted_return")


@dataclass(frozen=True)
class ResultView:
    """An answer as doors show it: the frames that were asked for, all facts, and what the ledger says today."""

    id: str
    frames: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Any]
    result_hash: str
    versions: Mapping[str, str]
    n_ledger_trials: int
    n_ledger_independent: float | None = None  # how many independent ones these amount to; None if nobody looked
    has_model: bool = False  # whether the final model is kept; False also if nobody looked

    @property
    def deflated_by_ledger(self) -> float | None:
        """The deflated Sharpe ratio if every trial that anyone made on these prices counts: the strict bound."""
        return self._deflated_by(max(self.facts["honesty"]["luck"]["n_trials"], self.n_ledger_trials))

    @property
    def deflated_by_independent(self) -> float | None:
        """The same, if of trials that earned alike only so many count as they amount to; None if nobody looked."""
        if self.n_ledger_independent is None:
            return None
        own = self.facts["honesty"]["luck"].get("n_effective_trials") or 1.0  # unknown in older answers
        return self._deflated_by(max(own, self.n_ledger_independent))

    def _deflated_by(self, n_trials: float) -> float | None:
        luck = self.facts["honesty"]["luck"]
        if luck["sharpe_ratio"] is None:
            return None
        return deflated_sharpe_ratio(
            luck["sharpe_ratio"],
            luck["n_returns"],
            luck["skewness"],
            luck["raw_kurtosis"],
            trial_variance=luck["trial_variance"],
            n_trials=n_trials,
        )


@dataclass(frozen=True)
class StoredResult:
    """An answer in the store.

    Attributes
    ----------
    result_hash : str
        Equal for equal answers, whoever computed them.
    key : str
        Where it is stored: made of what it answers and contains, so a second write, or one by a worker that has lost
        the analysis, changes nothing.
    outputs : mapping of str to (str, int)
        Key and bytes of everything that the answer was made of, by name, and of the answer itself: `result`. Other
        analyses may share a stage. What takes no bytes is not stored: the hash of the prices is among the keys, too.
    """

    result_hash: str
    key: str
    outputs: Mapping[str, tuple[str, int]]


def store_result(
    store: FrameStore | ScopedStore,
    claim: Claim,
    result: AnalysisResult,
    *,
    publish: AbstractContextManager[object] = FREELY,
) -> StoredResult:
    """Write an answer's frames and facts to the store in which its stages are, outside any transaction.

    Parameters
    ----------
    store : FrameStore or ScopedStore
        The store of the stages.
    claim : Claim
        The analysis.
    result : AnalysisResult
        The answer.
    publish : context manager, optional
        Entered around the moment at which the answer becomes visible; raises if the analysis is no longer this
        worker's.

    Returns
    -------
    StoredResult
        What `save` needs to know of it.
    """
    result_hash = result.hash()
    frames = store.store if isinstance(store, ScopedStore) else store
    key = hash_json({"analysis": claim.public_id, "result": result_hash})
    keys = {name: store.address(stage_key) for name, stage_key in result.stage_keys.items()}
    sizes = {name: (address, frames.count_bytes(address)) for name, address in keys.items()}
    frames.put(key, StageOutput(result.frames, result.facts), publish=publish)
    return StoredResult(result_hash, key, {**sizes, "result": (key, frames.count_bytes(key))})


def save(
    session: Session, claim: Claim, result: AnalysisResult, stored: StoredResult, *, series_ids: tuple[int, ...]
) -> None:
    """End an analysis with its answer: status, metrics, trades, models and features in one transaction.

    Raises
    ------
    AnalysisCancelled
        If somebody cancelled it before.
    LeaseLost
        If it is no longer this worker's; nothing is written then.
    """
    verdict = result.facts["verdict"]
    jobs.finish(
        session,
        claim,
        {
            "result_key": stored.key,
            "result_hash": stored.result_hash,
            "verdict": verdict["text"],
            "is_credible": verdict["is_credible"],
            "versions": dict(result.versions),
        },
    )
    now = database_now(session)
    storage_use.add(session, claim.analysis_id, claim.owner_id, stored.outputs, at=now)
    if result.facts["latest"]["task"] != RULE:  # a rule of prices has neither model nor features
        _add_models(session, claim, result)
        _add_latest(session, claim, result, series_ids, now)
        _add_features(session, claim, result, stored.outputs["features"][0], now)
    _add_backtest(session, claim, result, series_ids)


def load(
    session: Session,
    store: FrameStore,
    actor: Actor,
    analysis_id: str,
    names: Iterable[str] | None = None,
    *,
    looks_for_model: bool = False,
    looks_for_likeness: bool = False,
    looks_for_trials: bool = True,
) -> ResultView:
    """Return an answer, with the frames called `names`; None: all.

    Whether its model was kept, and how many independent trials those of the ledger amount to, costs a look each that
    few need: it is said if it is asked for. How many trials the ledger has is said unless it is not asked for: 0 then.

    Raises
    ------
    NotFound
        If there is no such analysis that the actor may see, or its files are gone.
    Conflict
        If it has no answer (yet).
    """
    require(actor, Permission.ANALYSES_READ)
    row = find_readable(session, actor, analysis_id)
    if row.status != Status.SUCCEEDED or row.result_key is None:
        raise Conflict(f"Expected an analysis that has succeeded; this one is {row.status}.")
    output = store.get(row.result_key, names)
    if output is None:
        raise NotFound("The files of this result are gone from the store; run the analysis again to get them back.")
    ground = _ground_of(session, row.id) if looks_for_trials or looks_for_likeness else None
    return ResultView(
        id=row.public_id,
        frames=output.frames,
        facts=output.facts,
        result_hash=row.result_hash or "",
        versions=row.versions,
        n_ledger_trials=0 if ground is None else trials.count(session, ground),
        n_ledger_independent=trials.count_independent(session, ground) if ground and looks_for_likeness else None,
        has_model=looks_for_model and kept_model(session, store, row) is not None,
    )


def kept_model(session: Session, store: FrameStore, row: Analysis) -> tuple[str, Mapping[str, Any]] | None:
    """Return where an answer's final model is and what is said of it; None of a rule, and where it was not kept.

    The model itself is not read.
    """
    key = session.scalar(select(Artifact.key).where(Artifact.analysis_id == row.id, Artifact.name == FINAL_MODEL))
    output = None if key is None else store.get(key, [])
    return None if key is None or output is None or "made_by" not in output.facts else (key, output.facts)


def chosen_models(facts: Mapping[str, Any]) -> dict[int | None, Mapping[str, Any]]:
    """Return name (`model`), `title`, `parameters` and `score` of each fold's model where folds chose for themselves.

    Under None is the final model, and where one choice holds for all folds there is nothing else.
    """
    nested = facts.get("honesty", {}).get("nested")
    if nested is None:
        return {None: facts["chosen"]}
    *folds, final = nested["folds"]
    return {**{each["fold"]: each for each in folds}, None: final}


def place_of(session: Session, analysis_id: str, instrument_id: str) -> int:
    """Return an instrument's place in the question of an analysis; who may see both has been asked before.

    Raises
    ------
    NotFound
        If the analysis was not made from the instrument's prices.
    """
    place = session.scalar(
        select(SnapshotItem.position)
        .join(Analysis, Analysis.snapshot_id == SnapshotItem.snapshot_id)
        .join(PriceSeries, PriceSeries.id == SnapshotItem.series_id)
        .where(Analysis.public_id == analysis_id, PriceSeries.public_id == instrument_id)
        .limit(1)
    )
    if place is None:
        raise NotFound("This analysis was not made from this instrument's prices. Choose one that was.")
    return place


def _ground_of(session: Session, analysis_id: int) -> Ground | None:
    """Return what an analysis's own trials were made on."""
    own = session.scalars(select(Trial).where(Trial.analysis_id == analysis_id).limit(1)).one_or_none()
    if own is None:
        return None
    series = tuple(session.scalars(select(TrialSeries.series_id).where(TrialSeries.trial_id == own.id)))
    return Ground(series, own.interval, own.first_session, own.last_session)


def _add_models(session: Session, claim: Claim, result: AnalysisResult) -> None:
    chosen = chosen_models(result.facts)
    names = [column for column in result.frames["fold_scores"].columns if column in result.facts["scores"]]
    rows = [
        {
            "analysis_id": claim.analysis_id,
            "fold": int(fold["fold"]),
            "name": model["model"],
            "parameters": model["parameters"],
            "seed": result.facts["seed"],
            "train_start": _instant(fold["train_start"]),
            "train_end": _instant(fold["train_end"]),
            "test_start": _instant(fold["test_start"]),
            "test_end": _instant(fold["test_end"]),
            "n_train": int(fold["n_train"]),
            "n_test": int(fold["n_test"]),
            "scores": {name: _number(fold[name]) for name in names},
        }
        for fold in result.frames["fold_scores"].to_dict("records")
        for model in [chosen.get(int(fold["fold"]), chosen[None])]
    ]
    session.execute(into(FittedModel), rows)


def _add_latest(
    session: Session, claim: Claim, result: AnalysisResult, series_ids: tuple[int, ...], now: datetime.datetime
) -> None:
    """Add the final model and what it says about the last bar."""
    chosen, latest = chosen_models(result.facts)[None], result.facts["latest"]
    as_of = _instant(latest["as_of"])
    final = {
        "analysis_id": claim.analysis_id,
        "fold": None,
        "name": chosen["model"],
        "parameters": chosen["parameters"],
        "seed": result.facts["seed"],
        "train_start": _instant(latest["train_start"]),
        "train_end": _instant(latest["train_end"]),
        "test_start": as_of,
        "test_end": as_of,
        "n_train": latest["n_train"],
        "n_test": len(latest["predictions"]),
        "scores": {},
    }
    model_id = _add(session, FittedModel, final)
    predictions = [
        {
            "model_id": model_id,
            "series_id": series_ids[said["instrument"]],
            "timestamp": as_of,
            "task": latest["task"],
            **{column: said.get(column) for column in _FORECASTS},
            "lower": said["lower"],
            "upper": said["upper"],
            "level": latest["level"],
            "signal": SIGNALS[said["signal"]],
            "created_at": now,
        }
        for said in latest["predictions"]
    ]
    session.execute(into(Prediction), predictions)


def _add_features(
    session: Session, claim: Claim, result: AnalysisResult, artifact_key: str, now: datetime.datetime
) -> None:
    spec = read_stored(claim.spec)
    importance = result.frames.get("importance")
    means = dict(zip(importance["feature"], importance["mean"], strict=True)) if importance is not None else {}
    rows = [
        {
            "analysis_id": claim.analysis_id,
            "name": entry.name,
            "column_name": column,
            "parameters": parameters,
            "category": entry.category,
            "interval": spec.interval,
            "importance": _number(means.get(column)),
            "artifact_key": artifact_key,
            "calculated_at": now,
        }
        for entry in spec.features
        for parameters in [json.loads(entry.model_dump_json(exclude={"name"}))]
        for column in entry.columns
    ]
    session.execute(into(UsedFeature), rows)


def _add_backtest(session: Session, claim: Claim, result: AnalysisResult, series_ids: tuple[int, ...]) -> None:
    equity, rows = result.frames["equity"], result.frames["trades"]
    backtest = {
        "analysis_id": claim.analysis_id,
        "name": HEADLINE,
        "initial_cash": float(equity["equity"].iloc[0]),
        "final_equity": float(equity["equity"].iloc[-1]),
        "start_at": _instant(equity.index[0]),
        "end_at": _instant(equity.index[-1]),
        "n_trades": len(rows),
        "luck": result.facts["honesty"]["luck"],
    }
    backtest_id = _add(session, Backtest, backtest)
    session.execute(into(Backtest), _brackets(backtest, result))
    _add_trades(session, backtest_id, rows, series_ids)
    metrics = [
        {
            "backtest_id": backtest_id,
            "name": metric["name"],
            "segment": metric["segment"],
            "period": "all",
            "value": metric["value"],
            "benchmark_value": metric["benchmark_value"],
        }
        for metric in result.facts["metrics"]
    ]
    segment = metrics[0]["segment"]
    months = [
        {
            "backtest_id": backtest_id,
            "name": "total_return",
            "segment": segment,
            "period": f"{int(month['year'])}-{int(month['month']):02d}",
            "value": _number(month["return"]),
            "benchmark_value": _number(month["benchmark_return"]),
        }
        for month in result.frames["monthly_returns"].to_dict("records")
    ]
    session.execute(into(PerformanceMetric), [*metrics, *months])


def _brackets(headline: Mapping[str, Any], result: AnalysisResult) -> list[dict[str, Any]]:
    """Return the same decisions under other costs and at other prices, each as a backtest whose trades are not kept."""
    return [
        {**headline, **{name: scenario[name] for name in ("name", "final_equity", "n_trades")}, "luck": None}
        for scenario in result.facts["brackets"]["scenarios"]
        if scenario["name"] != AS_ASKED
    ]


def _add_trades(session: Session, backtest_id: int, rows: pd.DataFrame, series_ids: tuple[int, ...]) -> None:
    securities = [
        session.scalars(select(PriceSeries.security_id).where(PriceSeries.id == id_)).one() for id_ in series_ids
    ]
    columns = [rows[name].tolist() for name in _TRADE_COLUMNS]
    columns.append(rows["exit_reason"].tolist() if "exit_reason" in rows else [None] * len(rows))  # older answers
    trades = [
        {
            "backtest_id": backtest_id,
            "number": number,
            "security_id": securities[int(instrument)],
            "direction": str(direction),
            "entry_at": _instant(entry_at),
            "exit_at": None if is_open else _instant(exit_at),
            "exit_reason": None if is_open else reason,
            "shares": float(shares),
            "entry_price": float(entry_price),
            "exit_price": None if is_open else _number(exit_price),
            "profit": float(profit),
            "return_fraction": float(earned),
            "costs": float(costs),
            "n_bars": int(n_bars),
            "best_excursion": float(best),
            "worst_excursion": float(worst),
        }
        for number, (
            instrument, direction, is_open, entry_at, exit_at, shares, entry_price, exit_price, profit, earned, costs,
            n_bars, best, worst, reason,
        ) in enumerate(zip(*columns, strict=True), start=1)
    ]  # fmt: skip
    if trades:
        session.execute(into(TradeRow), trades)


def _add(session: Session, table: type[Base], row: Mapping[str, Any]) -> int:
    """Insert one row and return its key."""
    key: int = session.execute(into(table).returning(table.__table__.c.id), row).scalar_one()
    return key


def _instant(value: Any) -> datetime.datetime:
    instant: datetime.datetime = pd.Timestamp(value).to_pydatetime()
    return instant


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
