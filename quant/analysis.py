"""One analysis, from the question to the answer: the only place where the stages are wired together.

acquire -> clean -> features -> labels -> split -> train -> tune -> predict -> final -> strategy -> backtest -> risk ->
importance -> audit -> report. Costly stages are kept in a `StageStore` under the hash of all that went in, each trial
and each fold on its own: a run that was interrupted goes on where it stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd

from quant import report
from quant.audit import Run, look_ahead_audit
from quant.calendars import periods_per_year
from quant.catalog import in_a_sentence
from quant.data.snapshot import snapshot_hash
from quant.errors import InvalidSpec, ModelError, NotEnoughData
from quant.frames import Features, Labels, Predictions
from quant.labels.catalog import LABELS
from quant.latest import Latest, final_fold, predict_latest
from quant.learning import TrainingSpan, best_of, did_not_fit, meets_target, to_model
from quant.models.build import build
from quant.models.catalog import ModelEntry
from quant.models.importance import both_importances, impurity_importance, permutation_importance
from quant.models.prediction import PREDICT
from quant.models.search import sample_parameters, with_parameters
from quant.preparation import (
    CleanPrices,
    Instrument,
    clean_prices,
    features_panel,
    fetch_instruments,
    label_gap,
    labels_panel,
    next_bar_returns,
    samples,
    traded_folds,
)
from quant.result import AnalysisResult, TriedModel
from quant.spec import AnalysisSpec
from quant.stages import Json, MemoryStore, StageOutput, StageStore, stage_key
from quant.trading import decide, trade
from quant.validation.certificate import purge_certificate
from quant.validation.cross_validation import FoldResult, fit_predict_folds
from quant.validation.intervals import prediction_intervals
from quant.validation.scores import SCORES
from quant.validation.splits import Fold
from quant.validation.tuning import Candidate, Trial, random_search

__all__ = ["Instrument", "Silent", "Watcher", "run_analysis", "warm_up"]

STAGE_VERSION = 3  # raised when the same spec and inputs give another output for a reason that no catalogue entry has
N_PERMUTATIONS = 3
LEAST_SCORED_ROWS = 30  # a score of fewer rows says nothing about a feature
LEAST_TRADED_BARS = 3  # two returns, without which nothing has a deviation

Acquire = Callable[[AnalysisSpec], Sequence[Instrument]]


class Watcher(Protocol):
    """Who is told how a run fares. Each call may raise, which ends the run."""

    def at(self, stage: str, fraction: float, message: str = "") -> None:
        """Take note that a stage is done by `fraction`, and of a line for the log."""

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Take note of trials, each as soon as it was made."""

    def tuned(self, n_trials: int) -> None:
        """Take note of how many tuning trials there were: a re-run must make as many."""


class Silent:
    """A watcher that takes no note."""

    def at(self, stage: str, fraction: float, message: str = "") -> None:
        """Take no note."""

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Take no note."""

    def tuned(self, n_trials: int) -> None:
        """Take no note."""


def run_analysis(
    spec: AnalysisSpec,
    acquire: Acquire,
    *,
    store: StageStore | None = None,
    watcher: Watcher | None = None,
    n_jobs: int = 1,
    pinned_n_tuning_trials: int | None = None,
) -> AnalysisResult:
    """Answer a question.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    acquire : callable
        `acquire(spec)` returns the instruments with their raw prices, in the order of `spec.instruments`.
    store : StageStore, optional
        Where stages are kept; default: in memory.
    watcher : Watcher, optional
        Who is told about progress and trials; default: nobody.
    n_jobs : int, default=1
        Threads that fit models side by side. They change no result.
    pinned_n_tuning_trials : int, optional
        Repeat a run that made this many tuning trials, whatever the time budget.

    Returns
    -------
    AnalysisResult
        Frames and facts. The same question of the same prices gives the same `hash()`.

    Raises
    ------
    DataError
        If prices are missing, contradictory or too few.
    LeakageError
        If a training label overlaps a test window.
    ModelError
        If a model does not fit.
    AnalysisCancelled
        If the watcher says so.

    Notes
    -----
    Timing: the equity curve is made of predictions of models that were trained before the bar they predict, and of
    fills at the open after the prediction.
    """
    run = _Chain(spec, store or MemoryStore(), watcher or Silent(), n_jobs, pinned_n_tuning_trials)
    return run.answer(acquire)


def warm_up() -> None:
    """Load every library that a run needs and compile or load every kernel, by running a small real question."""
    spec = AnalysisSpec.model_validate(
        {
            "instruments": [{"symbol": "GOOG"}],
            "end": "2006-12-29",
            "models": [
                {"name": "logistic"},
                {"name": "random_forest", "n_trees": 10},
                {"name": "xgboost", "n_rounds": 10},
            ],
            "validation": {"train_bars": 200, "test_bars": 100, "n_folds": 2, "target": None},
            "backtest": {"sizing": {"name": "volatility_target"}},
            "audit": {"n_cuts": 1},
        }
    )
    run_analysis(spec, fetch_instruments)
    prices = next(iter(clean_prices(spec, dict(enumerate(fetch_instruments(spec)))).adjusted.values()))
    for label in LABELS:
        label.load()(prices, **label().parameters())


@dataclass
class _Chain:
    """A run: what it was asked with, and what its stages have left so far."""

    spec: AnalysisSpec
    store: StageStore
    watcher: Watcher
    n_jobs: int
    pinned_n_tuning_trials: int | None
    keys: dict[str, str] = field(default_factory=dict)
    models: dict[int, Any] = field(default_factory=dict)  # fitted walk-forward models, those of stored folds left out

    def answer(self, acquire: Acquire) -> AnalysisResult:
        spec, at = self.spec, self.watcher.at
        at("acquire", 0.0, f"Reading prices of {', '.join(item.symbol for item in spec.instruments)}.")
        instruments = acquire(spec)
        q = _periods_per_year(spec, instruments)
        self.keys["prices"] = snapshot_hash(
            {f"{item.spec.source}:{item.spec.symbol}": item.prices for item in instruments}
        )
        at("clean", 0.0)
        clean = clean_prices(spec, dict(enumerate(instruments)))
        at("features", 0.0, f"{sum(map(len, clean.raw.values()))} bars are clean.")
        features = self._features(clean)
        at("labels", 0.0)
        labels = labels_panel(spec, clean.adjusted)
        at("split", 0.0)
        rows, outcomes = samples(spec, features, labels)
        folds = _traded_folds(spec, outcomes)
        span = TrainingSpan(spec, rows, outcomes, next_bar_returns(clean.adjusted), folds)
        certificates = {
            "walk_forward": purge_certificate(folds, outcomes),
            "purged_k_fold": purge_certificate(span.folds, span.labels),
        }
        trials, tuning = self._choose(span)
        best = best_of(trials)
        model = to_model(spec, best)
        predictions = self._predict(model, rows, outcomes, folds)
        intervals = prediction_intervals(predictions, outcomes, spec.intervals)
        latest = self._final(model, rows, outcomes, len(folds))
        certificates["final"] = purge_certificate([latest.fold], outcomes)
        at("strategy", 0.0)
        decisions = decide(spec, predictions, clean.adjusted, q)
        at("backtest", 0.0)
        book = trade(spec, clean, decisions)
        at("risk", 0.0)
        importance = self._importance(model, rows, outcomes, folds)
        run = Run(spec, instruments, features, labels, folds, model, predictions, intervals, decisions, book.equity, q)
        audit = self._audit(run)
        at("report", 0.0)
        return report.assemble(
            report.Material(
                spec=spec,
                instruments=instruments,
                clean=clean,
                labels=outcomes,
                folds=folds,
                trials=trials,
                best=best,
                tuning=tuning,
                predictions=predictions,
                intervals=intervals,
                latest=latest,
                decisions=decisions,
                book=book,
                importance=importance,
                certificates=certificates,
                audit=audit,
                periods_per_year=q,
                stage_keys=self.keys,
            )
        )

    def _stored(
        self, name: str, part: Json, inputs: Mapping[str, str], compute: Callable[[], StageOutput]
    ) -> StageOutput:
        """Return a stage's output from the store, or compute it and put it there."""
        key = self.keys[name] = stage_key(name.partition("/")[0], version=STAGE_VERSION, spec=part, inputs=inputs)
        output = self.store.get(key)
        if output is None:
            output = compute()
            self.store.put(key, output)
        return output

    def _features(self, clean: CleanPrices) -> Features:
        spec = self.spec
        part = {
            # Panels know instruments by their position, which the hash of the prices leaves out.
            "instruments": [f"{item.source}:{item.symbol}" for item in spec.instruments],
            "features": [[type(entry).version, entry.model_dump(mode="json")] for entry in spec.features],
            "cleaning": spec.cleaning.model_dump(mode="json"),
            "span": [str(spec.start), str(spec.end)],
        }
        compute = lambda: StageOutput({"features": features_panel(spec, clean.adjusted)})  # noqa: E731  # used once
        return self._stored("features", part, {"prices": self.keys["prices"]}, compute).frames["features"]

    def _learning_part(self, model: ModelEntry) -> dict[str, Json]:
        """Return what a fitted model depends on, besides its features."""
        spec = self.spec
        return {
            "model": [type(model).version, model.model_dump(mode="json")],
            "label": [type(spec.label).version, spec.label.model_dump(mode="json")],
            "validation": spec.validation.model_dump(mode="json", exclude={"target"}),
            "seed": spec.seed,
        }

    def _choose(self, span: TrainingSpan) -> tuple[list[TriedModel], dict[str, Json]]:
        """Score the candidates; if none is good enough and tuning is on, search for better parameters."""
        spec, at = self.spec, self.watcher.at
        trials: list[TriedModel] = []
        for number, model in enumerate(spec.models):
            at("train", number / len(spec.models))
            trials.append(self._judge(span, model, number=number, kind="candidate"))
            at("train", (number + 1) / len(spec.models), report.describe_trial(trials[-1]))
        target_met = meets_target(spec, best_of(trials))
        tuning: dict[str, Json] = {"started": False, "n_trials": 0, "target_met_before": target_met}
        if target_met is False and spec.tuning.enabled:
            trials += self._tune(span)
            tuning |= {"started": True, "n_trials": len(trials) - len(spec.models)}
        tuning["target_met"] = meets_target(spec, best_of(trials))
        return trials, tuning

    def _judge(self, span: TrainingSpan, model: ModelEntry, *, number: int, kind: str) -> TriedModel:
        n_done = 0

        def on_fold(_result: FoldResult) -> None:
            nonlocal n_done
            n_done += 1
            if kind == "candidate":
                self.watcher.at("train", (number + n_done / len(span.folds)) / len(self.spec.models))
            else:
                self.watcher.at("tune", (number + n_done / len(span.folds)) / self.spec.tuning.n_trials)

        def compute() -> StageOutput:
            judged = span.judge(model, number=number, kind=kind, n_jobs=self.n_jobs, on_fold=on_fold)
            return StageOutput(facts=vars(judged))

        part = {**self._learning_part(model), "strategy": self.spec.strategy.model_dump(mode="json")}
        inputs = {"features": self.keys["features"]}
        try:
            facts = self._stored(f"trial/{kind}-{number}", part, inputs, compute).facts
        except ModelError:
            self.watcher.tried([did_not_fit(self.spec, model, number=number, kind=kind)])  # it was a trial all the same
            raise
        # The same trial may have been stored by another analysis, under another number.
        scores = tuple(facts["fold_scores"])
        judged = TriedModel(**{**facts, "number": number, "kind": kind, "fold_scores": scores})
        self.watcher.tried([judged])
        return judged

    def _tune(self, span: TrainingSpan) -> list[TriedModel]:
        spec = self.spec
        self.watcher.at("tune", 0.0, "No model met the target; searching for better parameters in the training span.")
        judged: list[TriedModel] = []

        def evaluate(position: int, parameters: Mapping[str, Any]) -> list[float]:
            model, number = with_parameters(spec.models[position], parameters), len(judged)
            try:
                judged.append(self._judge(span, model, number=number, kind="tuning"))
            except ModelError:
                judged.append(did_not_fit(spec, model, number=number, kind="tuning"))
                raise
            return [np.nan if score is None else score for score in judged[-1].fold_scores]

        def on_trial(trial: Trial) -> None:
            message = f"Did not fit: {trial.error}" if trial.error else report.describe_trial(judged[-1])
            self.watcher.at("tune", (trial.number + 1) / spec.tuning.n_trials, message)

        trials = random_search(
            [Candidate(entry.name, partial(sample_parameters, type(entry))) for entry in spec.models],
            evaluate,
            n_trials=spec.tuning.n_trials,
            time_budget_seconds=spec.tuning.time_budget_seconds,
            seed=spec.seed,
            pinned_n_trials=self.pinned_n_tuning_trials,
            on_trial=on_trial,
        )
        self.watcher.tuned(len(trials))
        return judged

    def _predict(self, model: ModelEntry, rows: Features, outcomes: Labels, folds: Sequence[Fold]) -> Predictions:
        """Predict each fold's test bars by a model trained on the bars before; folds that are stored are not fitted."""
        at = self.watcher.at
        at("predict", 0.0, f"Walking forward with {in_a_sentence(type(model).title)} over {len(folds)} folds.")
        part = self._learning_part(model)
        keys = {
            fold.number: stage_key(
                "predict",
                version=STAGE_VERSION,
                spec={**part, "fold": fold.number},
                inputs={"features": self.keys["features"]},
            )
            for fold in folds
        }
        self.keys |= {f"predict/fold-{number}": key for number, key in keys.items()}
        stored = {number: output for number, key in keys.items() if (output := self.store.get(key)) is not None}
        done = {number: output.frames["predictions"] for number, output in stored.items()}

        def on_fold(result: FoldResult) -> None:
            number = result.fold.number
            self.store.put(keys[number], StageOutput({"predictions": result.predictions}))
            self.models[number] = result.model
            done[number] = result.predictions
            at("predict", len(done) / len(folds))

        self._fit(model, rows, outcomes, [fold for fold in folds if fold.number not in done], on_fold)
        return pd.concat([done[fold.number] for fold in folds])

    def _final(self, model: ModelEntry, rows: Features, outcomes: Labels, number: int) -> Latest:
        """Return what a model of all known labels says about the last bar."""
        fold = final_fold(outcomes, number)
        message = f"Fitting the final {in_a_sentence(type(model).title)} on {len(fold.train)} rows."
        self.watcher.at("final", 0.0, message)
        compute = lambda: StageOutput({"predictions": predict_latest(self.spec, model, rows, outcomes, fold)})  # noqa: E731  # used once
        inputs = {"features": self.keys["features"]}
        output = self._stored("final", self._learning_part(model), inputs, compute)
        return Latest(output.frames["predictions"], fold)

    def _fit(
        self,
        model: ModelEntry,
        rows: Features,
        outcomes: Labels,
        folds: Sequence[Fold],
        on_fold: Callable[[FoldResult], None],
    ) -> None:
        if folds:
            fit_predict_folds(
                partial(build, model, self.spec.seed, gap=label_gap(self.spec)),
                rows,
                outcomes,
                folds,
                predict=PREDICT[self.spec.label.task],
                n_jobs=self.n_jobs,
                task=self.spec.label.task,
                on_fold=on_fold,
            )

    def _importance(
        self, model: ModelEntry, rows: Features, outcomes: Labels, folds: Sequence[Fold]
    ) -> pd.DataFrame | None:
        """Return how much each feature mattered, in training and out of sample, averaged over the folds."""
        if not self.spec.importance:
            return None

        def compute() -> StageOutput:
            missing = [fold for fold in folds if fold.number not in self.models]
            self._fit(
                model, rows, outcomes, missing, lambda result: self.models.update({result.fold.number: result.model})
            )
            score = SCORES[self.spec.validation.score]
            inside, outside = [], []
            for number, fold in enumerate(folds):
                known = fold.test[outcomes["label"].notna().to_numpy()[fold.test]]
                fitted = self.models[fold.number]
                inside.append(impurity_importance(fitted, list(rows.columns)))
                if len(known) >= LEAST_SCORED_ROWS and np.ptp(outcomes["label"].to_numpy()[known]) > 0:
                    outside.append(
                        permutation_importance(
                            fitted,
                            rows.iloc[known],
                            outcomes["label"].iloc[known],
                            score.function,
                            self.spec.seed + fold.number,
                            N_PERMUTATIONS,
                            higher_is_better=score.higher_is_better,
                            predict=PREDICT[self.spec.label.task],
                        )
                    )
                self.watcher.at("importance", (number + 1) / len(folds))
            return StageOutput({"importance": both_importances(inside, outside)})

        self.watcher.at("importance", 0.0)
        inputs = {name: key for name, key in self.keys.items() if name.startswith("predict/")}
        return self._stored("importance", {"score": self.spec.validation.score}, inputs, compute).frames["importance"]

    def _audit(self, run: Run) -> Mapping[str, Json] | None:
        if not self.spec.audit.enabled:
            return None
        at = self.watcher.at
        at("audit", 0.0, f"Repeating the run on history cut off at {self.spec.audit.n_cuts} bars.")
        facts = look_ahead_audit(run, on_cut=lambda done, n_cuts: at("audit", done / n_cuts))
        nothing = "Nothing was found that used what came later."
        at("audit", 1.0, nothing if facts["passed"] else facts["differences"][0]["in_words"])
        return facts


def _periods_per_year(spec: AnalysisSpec, instruments: Sequence[Instrument]) -> float:
    """Return how many bars a year has, which must be the same for all instruments of one account."""
    calendars = sorted({instrument.calendar for instrument in instruments})
    if len(calendars) > 1:
        raise InvalidSpec(
            f"Expected instruments that trade on one calendar; found {' and '.join(calendars)}, whose years have "
            "different numbers of bars. Ask about them one by one.",
            field="instruments",
        )
    return periods_per_year(calendars[0], spec.interval)


def _traded_folds(spec: AnalysisSpec, labels: Labels) -> list[Fold]:
    """Return the walk-forward folds, or say at once that they are too few to measure anything."""
    folds = traded_folds(spec, labels)
    n_bars = len(labels.index[np.concatenate([fold.test for fold in folds])].unique("timestamp"))
    if n_bars < LEAST_TRADED_BARS:
        raise NotEnoughData(
            f"Expected at least {LEAST_TRADED_BARS} bars after the first training window; found {n_bars}. "
            "Use a longer history or a shorter training window."
        )
    return folds
