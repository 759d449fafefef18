"""From what the stages left to the answer: frames for charts and tables, facts, and the verdict."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from quant.brackets import bracket
from quant.catalog import in_a_sentence
from quant.data.adjustment import back_adjusted
from quant.fitting import score_weights
from quant.frames import MARKET_COLUMNS, Labels, Predictions, forecast_of, has_quantiles, task_of, to_panel
from quant.latest import Latest, describe_latest
from quant.learning import candidates_frame, compare_trials, cv_scores_frame, to_model
from quant.luck import Finding, count_luck, look_at_choice
from quant.portfolio.allocation import summary_of_shares
from quant.preparation import CleanPrices, Instrument, bar_returns
from quant.result import AnalysisResult, TriedModel
from quant.returns import per_period_rate
from quant.risk.drawdown import drawdowns
from quant.risk.measure import measure
from quant.spec import AnalysisSpec
from quant.stages import Json, numeric_versions
from quant.tearsheet import factor_exposures, tearsheet_frames, uncertainty
from quant.trading import Book
from quant.validation.by_class import calibration_by_class, calibration_error, roc_by_class
from quant.validation.cross_validation import Weigh, score_folds, score_together
from quant.validation.fold_intervals import fold_intervals
from quant.validation.intervals import coverage, prediction_intervals
from quant.validation.number_scores import forecast_bins
from quant.validation.quantile_bands import quantile_bands
from quant.validation.scores import (
    SCORES,
    confusion,
    scores_for,
)
from quant.validation.splits import Fold
from quant.verdict import Evidence, verdict

COVERAGE_WINDOW = 125  # half a year of daily bars


@dataclass(frozen=True)
class Judged:
    """What predictions are worth, whatever account trades on them.

    Attributes
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of the out-of-sample predictions.
    intervals : DataFrame of shape (n_rows, 3 or 7)
        Of the outcomes, see `quant.validation.intervals`.
    outcomes : DataFrame of shape (n_rows, 2)
        `label` and `outcome` of each prediction.
    frames : mapping of str to DataFrame
        Of the answer: `fold_scores`, how predictions came true, `coverage`, `quantile_coverage` if quantiles were
        predicted, and `prices` from the first one on.
    facts : mapping of str to JSON
        Of the answer: `scores`, `score_intervals`, `calibration`, `intervals`, `latest`; and `quantiles` if they were
        predicted.
    """

    predictions: Predictions
    intervals: pd.DataFrame
    outcomes: pd.DataFrame
    frames: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Json]


@dataclass(frozen=True)
class Material:
    """Everything that the stages of a run left behind."""

    spec: AnalysisSpec
    instruments: Sequence[Instrument]
    clean: CleanPrices
    labels: Labels
    folds: Sequence[Fold]
    purged_folds: Sequence[Fold]
    chance_score: float | None  # see `quant.learning.TrainingSpan.chance`
    trials: Sequence[TriedModel]
    best: TriedModel
    tuning: Mapping[str, Json]
    judged: Judged
    decisions: pd.DataFrame
    book: Book
    importance: pd.DataFrame | None
    explained: Mapping[str, pd.DataFrame]
    certificates: Mapping[str, Json]
    audit: Mapping[str, Json] | None
    null: Finding
    asked: Mapping[str, Finding]  # what luck explains, of what is looked for on request only
    periods_per_year: float
    stage_keys: Mapping[str, str]
    swept: Finding = field(default_factory=Finding)  # how the rule was chosen, if numbers of it were varied


def judge(
    spec: AnalysisSpec,
    clean: CleanPrices,
    labels: Labels,
    folds: Sequence[Fold],
    predictions: Predictions,
    latest: Latest,
) -> Judged:
    """Hold predictions against what came.

    Parameters
    ----------
    spec : AnalysisSpec
        The question; its account and its candidates are not looked at.
    clean : CleanPrices
        Its prices.
    labels : DataFrame of shape (n_samples, n_columns)
        Labels panel of the samples.
    folds : sequence of Fold
        The walk-forward folds.
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of the out-of-sample predictions.
    latest : Latest
        What the final model said.

    Returns
    -------
    Judged
        Frames and facts of the answer.

    Notes
    -----
    Timing: the intervals use what was known at each moment, see `quant.validation.intervals`; the rest judges.
    """
    outcomes = labels[["label", "outcome"]].reindex(predictions.index)
    weigh = score_weights(spec, labels, bar_returns(clean.adjusted))
    quality = _quality(predictions, outcomes["label"])
    intervals = prediction_intervals(predictions, labels, spec.intervals)
    covered, coverage_over_time = coverage(intervals, outcomes["outcome"], window=COVERAGE_WINDOW)
    closes = {position: float(prices["close"].iloc[-1]) for position, prices in clean.raw.items()}
    bands = None
    if has_quantiles(predictions):
        bands = quantile_bands(predictions, intervals, outcomes["outcome"], window=COVERAGE_WINDOW)
    fold_scores, scores = (
        _fold_scores(spec, labels, folds, predictions, weigh),
        _scores(spec, predictions, labels, weigh),
    )
    return Judged(
        predictions,
        intervals,
        outcomes,
        frames={
            "fold_scores": fold_scores,
            **quality,
            "coverage": coverage_over_time,
            **({} if bands is None else {"quantile_coverage": bands[1]}),
            "prices": prices_since(clean, predictions.index[0][0]),
        },
        facts={
            "scores": scores,
            "score_intervals": fold_intervals(fold_scores, list(scores)),
            "calibration": _calibration(quality),
            "intervals": {"level": spec.intervals.level, "window": COVERAGE_WINDOW, **covered},
            **({} if bands is None else {"quantiles": {"window": COVERAGE_WINDOW, **bands[0]}}),
            "latest": describe_latest(spec, latest, predictions, labels, closes),
        },
    )


def assemble(material: Material) -> AnalysisResult:
    """Put the answer together.

    Parameters
    ----------
    material : Material
        What the stages left.

    Returns
    -------
    AnalysisResult
        The answer; nothing in its frames and facts depends on the clock or the machine.
    """
    spec, book = material.spec, material.book
    metrics = [
        metric._asdict()
        for metric in measure(
            book.equity,
            book.benchmark,
            book.trades,
            spec.risk,
            material.periods_per_year,
            segment="out_of_sample" if spec.rule is None or _is_held_out(material) else "whole_range",
        )
    ]
    returns = book.equity["return"].dropna()
    nested = material.asked.get("nested", Finding()).facts or {"n_later_trials": 0}
    excess = returns - per_period_rate(spec.risk.risk_free_annual, material.periods_per_year)
    luck = count_luck(excess, material.trials, nested["n_later_trials"], is_sampled=bool(material.swept.facts))
    choice = look_at_choice(material.trials)
    asked = {name: frame for found in material.asked.values() for name, frame in found.frames.items()}
    return AnalysisResult(
        frames={**_frames(material), **choice.frames, **material.null.frames, **asked, **material.swept.frames},
        facts={
            "verdict": verdict(_evidence(material, metrics, luck)),
            "metrics": metrics,
            "chosen": _chosen(material),
            "tuning": dict(material.tuning),
            "comparison": compare_trials(material.trials, material.best, material.purged_folds)
            if spec.rule is None
            else None,
            **material.judged.facts,
            "honesty": {
                "audit": material.audit,
                "purge": dict(material.certificates),
                "luck": luck,
                "overfitting": choice.facts,
                "null_test": material.null.facts,
                **{name: found.facts for name, found in material.asked.items() if found.facts is not None},
            },
            "data": _data(material),
            "trading": _trading(book),
            "brackets": bracket(
                book.outcome,
                material.decisions,
                spec.backtest,
                periods_per_year=material.periods_per_year,
                risk_free_annual=spec.risk.risk_free_annual,
            ),
            "risk": uncertainty(book.equity, book.trades, spec.risk, material.periods_per_year, seed=spec.seed),
            "factors": factor_exposures(
                book.equity, material.judged.frames["prices"], spec.risk, material.periods_per_year
            ),
            **({"sweep": material.swept.facts} if material.swept.facts else {}),
            "spec_hash": spec.hash(),
            "seed": spec.seed,
        },
        stage_keys=dict(material.stage_keys),
        versions=numeric_versions() | {"python": platform.python_version()},
    )


def describe_trial(trial: TriedModel) -> str:
    """Return a trial as one line for the log."""
    score = "no score" if trial.score is None else f"{trial.score_name} {trial.score:.4f}"
    parameters = ", ".join(f"{name} {_said(value)}" for name, value in trial.parameters.items())
    return f"{trial.kind.capitalize()} {trial.number + 1}: {trial.model} ({parameters}): {score}."


def _said(value: Json) -> str:
    """Return a parameter as it stands in a line: a number, a word, on or off."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else f"{value:g}"


def _frames(material: Material) -> dict[str, pd.DataFrame]:
    book, judged = material.book, material.judged
    equity = book.equity.assign(
        benchmark=book.benchmark["equity"],
        benchmark_return=book.benchmark["return"],
        drawdown=drawdowns(book.equity["equity"]),
        benchmark_drawdown=drawdowns(book.benchmark["equity"]),
    )
    frames = {
        "equity": equity,
        "trades": book.trades,
        "fills": book.fills,
        "predictions": pd.concat(
            [judged.predictions, judged.intervals, material.decisions, judged.outcomes], axis="columns"
        ),
        "candidates": candidates_frame(material.trials),
        "cv_scores": cv_scores_frame(material.trials),
        **judged.frames,
        **material.explained,
        **tearsheet_frames(
            book.equity, book.benchmark, judged.frames["prices"], material.spec.risk, material.periods_per_year
        ),
    }
    if "share" in material.decisions:
        frames["division"] = summary_of_shares(material.decisions["share"])
    return frames if material.importance is None else {**frames, "importance": material.importance}


def _quality(predictions: Predictions, label: pd.Series) -> dict[str, pd.DataFrame]:
    """Return how well predictions came true; of three classes, each has curves of its own."""
    if task_of(predictions) == "regression":
        return {"forecast_bins": forecast_bins(label, predictions["predicted_return"])}
    forecast = forecast_of(predictions)
    return {
        "roc": roc_by_class(label, forecast),
        "calibration": calibration_by_class(label, forecast),
        "confusion": confusion(label, forecast),
    }


def _calibration(quality: Mapping[str, pd.DataFrame]) -> Json:
    """Return how far probabilities are from how often they came true; None of numbers, or if nothing was scored."""
    if "calibration" not in quality or quality["calibration"].empty:
        return None
    error, by_chance = calibration_error(quality["calibration"])
    return {"expected_error": error, "expected_error_by_chance": by_chance, "n_bins": len(quality["calibration"])}


def _fold_scores(
    spec: AnalysisSpec, labels: Labels, folds: Sequence[Fold], predictions: Predictions, weigh: Weigh | None
) -> pd.DataFrame:
    scores = score_folds(predictions, labels, weigh=weigh).set_index("fold")
    spans = pd.DataFrame(
        {
            "fold": [fold.number for fold in folds],
            "train_start": [fold.train_span[0] for fold in folds],
            "train_end": [fold.train_span[1] for fold in folds],
            "test_start": [fold.test_span[0] for fold in folds],
            "test_end": [fold.test_span[1] for fold in folds],
            "n_train": [len(fold.train) for fold in folds],
            "n_test": [len(fold.test) for fold in folds],
        }
    )
    names = scores_for(spec.label.task, has_quantiles=has_quantiles(predictions))
    return spans.join(scores[["share_positive", *names]], on="fold")


def prices_since(clean: CleanPrices, start: pd.Timestamp) -> pd.DataFrame:
    """Return raw bars and the back-adjusted close of each instrument from the first traded bar on."""
    closes = {position: back_adjusted(prices)["close"] for position, prices in clean.raw.items()}
    for position in clean.n_days:  # raw bars of several days hold shares where days held dividends
        adjusted = clean.adjusted[position]["close"]
        closes[position] = adjusted * (closes[position].iloc[-1] / adjusted.iloc[-1])
    return to_panel(
        {
            position: prices[list(MARKET_COLUMNS)].assign(adjusted_close=closes[position]).loc[start:]
            for position, prices in clean.raw.items()
        }
    )


def _is_held_out(material: Material) -> bool:
    """Whether the rule was chosen on other bars than those of the curve."""
    return bool((material.swept.facts or {}).get("held_out"))


def _chosen(material: Material) -> dict[str, Json]:
    best, rule = material.best, material.spec.rule
    if rule is not None:
        return {
            "trial": material.trials.index(best),
            "kind": best.kind,
            "number": best.number,
            "model": best.model,
            "title": type(rule).title,
            "parameters": dict(best.parameters),
            **dict.fromkeys(("score_name", "score", "target", "target_met", "chance_score")),
        }
    model = to_model(material.spec, best)
    return {
        "trial": material.trials.index(best),  # row of the frame `candidates`
        "kind": best.kind,
        "number": best.number,  # among trials of its kind
        "model": best.model,
        "title": type(model).title,
        "parameters": dict(best.parameters),
        "score_name": best.score_name,
        "score": best.score,
        "target": material.spec.validation.target,
        "target_met": material.tuning["target_met"],
        "chance_score": material.chance_score,
    }


def _scores(spec: AnalysisSpec, predictions: Predictions, labels: Labels, weigh: Weigh | None) -> dict[str, Json]:
    """Return the scores of all out-of-sample predictions together; None where one is not defined."""
    names = scores_for(spec.label.task, has_quantiles=has_quantiles(predictions))
    values = score_together(predictions, labels, names, weigh=weigh)
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def _data(material: Material) -> dict[str, Json]:
    return {
        "snapshot_hash": material.stage_keys["prices"],
        "n_samples": len(material.labels),
        "warm_up": material.spec.warm_up,
        **_bars(material),
        "instruments": [
            {
                "symbol": item.spec.symbol,
                "source": item.spec.source,
                "calendar": item.calendar,
                "currency": item.currency,
                "n_bars": len(prices),
                **({"n_days": material.clean.n_days[position]} if material.clean.n_days else {}),
                "first_session": prices["session"].iloc[0].date().isoformat(),
                "last_session": prices["session"].iloc[-1].date().isoformat(),
                "findings": [finding.to_dict() for finding in material.clean.findings[position]],
            }
            for position, (item, prices) in enumerate(
                zip(material.instruments, material.clean.raw.values(), strict=True)
            )
        ],
    }


def _bars(material: Material) -> dict[str, Json]:
    """Return which bars were gathered; nothing of days."""
    bars = material.spec.bars
    if not bars.gathers:
        return {}
    facts = {"name": type(bars).model_fields["name"].default, "title": type(bars).title}
    return {"bars": {**facts, "a_year": material.periods_per_year, "counted": bars.interval is None}}


def _trading(book: Book) -> dict[str, Json]:
    return {
        "n_fills": len(book.fills),
        "n_trades": len(book.trades),
        "ruined_at": None if book.ruined_at is None else book.ruined_at.isoformat(),
        "pending": [
            {
                **order,
                "decided_at": order["decided_at"].isoformat(),
                **{level: None if np.isnan(order[level]) else order[level] for level in ("stop_price", "limit_price")},
            }
            for order in book.pending.to_dict("records")
        ],
    }


def _is_no_better_than_chance(chosen: Mapping[str, Json]) -> bool:
    """Whether the chosen model is at the target, and yet not good enough."""
    if chosen["target_met"] is not False or chosen["score"] is None:
        return False
    return SCORES[chosen["score_name"]].meets(chosen["score"], chosen["target"])


def _evidence(material: Material, metrics: Sequence[Mapping[str, Json]], luck: Mapping[str, Json]) -> Evidence:
    values = {metric["name"]: metric for metric in metrics}
    audit, chosen = material.audit, _chosen(material)
    return Evidence(
        n_signals=int((material.decisions["signal"] != 0).sum()),
        n_trades=len(material.book.trades),
        n_trials=luck["n_trials"],
        ruined_at=None if material.book.ruined_at is None else material.book.ruined_at.isoformat(),
        total_return=values["total_return"]["value"],
        benchmark_return=values["total_return"]["benchmark_value"],
        sharpe_ratio=values["sharpe_ratio"]["value"],
        benchmark_sharpe_ratio=values["sharpe_ratio"]["benchmark_value"],
        deflated_sharpe_ratio=luck["deflated_sharpe_ratio"],
        score_title="" if chosen["score_name"] is None else in_a_sentence(SCORES[chosen["score_name"]].title),
        score=chosen["score"],
        target=chosen["target"],
        target_met=chosen["target_met"],
        is_audited=audit is not None,
        is_rule=material.spec.rule is not None,
        n_combinations=(material.swept.facts or {}).get("n_combinations", 0),
        chosen_until=material.swept.facts["last_at"] if material.swept.facts and _is_held_out(material) else None,
        chance_score=chosen["chance_score"] if _is_no_better_than_chance(chosen) else None,
        audit_failure=audit["differences"][0]["in_words"] if audit and not audit["passed"] else None,
    )
