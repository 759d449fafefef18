"""One analysis, from the question to the answer: the only place where the stages are wired together.

acquire -> clean -> features -> labels -> split -> train -> tune -> predict -> final -> strategy -> backtest -> risk ->
importance -> audit -> report. Costly stages are kept in a `StageStore` under the hash of all that went in, each trial
and each fold on its own: a run that was interrupted goes on where it stopped.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from quant import report
from quant.audit import Run, look_ahead_audit
from quant.backtest.catalog import BacktestSpec, ExitSpec
from quant.backtest.engine import run_backtest
from quant.catalog import in_a_sentence
from quant.choosing import Choosing, learning_part
from quant.data.snapshot import snapshot_hash
from quant.errors import NotEnoughData
from quant.explaining import LEAST_SCORED_ROWS, Explaining
from quant.fitting import fit_folds
from quant.frames import Features, Labels, Predictions, to_panel
from quant.labels.catalog import LABELS, EventSpec
from quant.labels.events import cusum_events
from quant.latest import Latest, final_fold, predict_latest
from quant.learning import TrainingSpan, best_of, to_model
from quant.luck import resample
from quant.memory import Memory
from quant.models.catalog import ModelEntry
from quant.models.importance import both_importances, impurity_importance, permutation_importance
from quant.models.prediction import PREDICT
from quant.preparation import (
    CleanPrices,
    Instrument,
    account_periods_per_year,
    bar_returns,
    clean_prices,
    features_panel,
    fetch_instruments,
    labels_panel,
    next_bar_returns,
    samples,
    traded_folds,
)
from quant.result import AnalysisResult
from quant.ruling import Ground, answer_by_rule
from quant.spec import AnalysisSpec
from quant.stages import Json, MemoryStore, NoPeers, Peers, StageOutput, StageStore, Step, hash_json, obtain, stage_key
from quant.trading import decide, trade
from quant.validation.certificate import purge_certificate
from quant.validation.cross_validation import FoldResult
from quant.validation.scores import SCORES
from quant.validation.splits import Fold
from quant.watcher import Silent, Watcher

__all__ = ["Instrument", "Silent", "Watcher", "help_tuning", "run_analysis", "warm_up"]

STAGE_VERSION = 4  # raised when the same spec and inputs give another output for a reason that no catalogue entry has
N_PERMUTATIONS = 3
# Parts of a question that nothing before the models depends on, and nothing before the account does. What is remembered
# is kept under all others.
AFTER_PREDICTIONS = frozenset(
    {"models", "tuning", "allocation", "backtest", "risk", "audit", "overfitting", "importance", "explanation"}
)
AFTER_SAMPLES = AFTER_PREDICTIONS | {"weights", "calibration", "intervals", "strategy"}
LEAST_TRADED_BARS = 3  # two returns, without which nothing has a deviation

Acquire = Callable[[AnalysisSpec], Sequence[Instrument]]
Value = TypeVar("Value")


def run_analysis(
    spec: AnalysisSpec,
    acquire: Acquire,
    *,
    store: StageStore | None = None,
    peers: Peers | None = None,
    watcher: Watcher | None = None,
    memory: Memory | None = None,
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
    peers : Peers, optional
        Who else may be computing the same stages, and may help with tuning; default: nobody.
    watcher : Watcher, optional
        Who is told about progress and trials; default: nobody.
    memory : Memory, optional
        What this process remembers of other questions of the same prices; default: nothing.
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
    run = _Chain(
        spec, store or MemoryStore(), peers or NoPeers(), watcher or Silent(), n_jobs, memory=memory or Memory()
    )
    return run.answer(acquire, pinned_n_tuning_trials)


def help_tuning(
    spec: AnalysisSpec, acquire: Acquire, *, store: StageStore, peers: Peers, watcher: Watcher, n_jobs: int = 1
) -> None:
    """Compute trials of the search of another run of the same question, for as long as the peers hand some out.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    acquire : callable
        As for `run_analysis`; it must return the same prices as for the other run.
    store : StageStore
        That of the other run.
    peers : Peers
        Whoever hands out the trials that the other run offers.
    watcher : Watcher
        Who is asked whether help is still wanted.
    n_jobs : int, default=1
        Threads that fit models side by side.

    Raises
    ------
    AnalysisCancelled
        If the watcher says so.

    Notes
    -----
    Timing: as in `run_analysis`; a trial sees the training span only.
    """
    if spec.rule is not None:
        return  # it has no search
    run = _Chain(spec, store, NoPeers(), watcher, n_jobs)
    replace(run.choosing(run.prepare(acquire)), peers=peers).help()


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
    protected = BacktestSpec(exits=ExitSpec(stop_loss=0.1))
    run_backtest({0: prices}, to_panel({0: pd.DataFrame({"target_weight": 1.0}, index=prices.index[:1])}), protected)
    for label in LABELS:
        label.load()(prices, **label().parameters())
    cusum_events(prices, **EventSpec().model_dump(exclude={"at"}))


@dataclass(frozen=True, eq=False)
class _Samples:
    """What is there before anything is learned."""

    instruments: Sequence[Instrument]
    periods_per_year: float
    clean: CleanPrices
    features: Features
    labels: Labels
    rows: Features
    outcomes: Labels
    folds: list[Fold]
    span: TrainingSpan
    certificates: Mapping[str, Json]


@dataclass
class _Chain:
    """A run: what it was asked with, and what its stages have left so far."""

    spec: AnalysisSpec
    store: StageStore
    peers: Peers
    watcher: Watcher
    n_jobs: int
    memory: Memory = field(default_factory=Memory)
    keys: dict[str, str] = field(default_factory=dict)
    bars: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"))  # log returns of all bars
    models: dict[int, Any] = field(default_factory=dict)  # fitted walk-forward models, those of stored folds left out

    def clean(self, acquire: Acquire) -> tuple[Sequence[Instrument], CleanPrices, float]:
        spec, at = self.spec, self.watcher.at
        at("acquire", 0.0, f"Reading prices of {', '.join(item.symbol for item in spec.instruments)}.")
        instruments = acquire(spec)
        q = account_periods_per_year(spec, instruments)
        self.keys["prices"] = snapshot_hash(
            {f"{item.spec.source}:{item.spec.symbol}": item.prices for item in instruments}
        )
        at("clean", 0.0)
        clean = self._recall(
            "clean", AFTER_SAMPLES, instruments, lambda: clean_prices(spec, dict(enumerate(instruments)))
        )
        return instruments, clean, q

    def prepare(self, acquire: Acquire) -> _Samples:
        spec, at = self.spec, self.watcher.at
        instruments, clean, q = self.clean(acquire)
        at("features", 0.0, f"{sum(map(len, clean.raw.values()))} bars are clean.")
        features = self._features(clean)
        at("labels", 0.0)
        ground = self._recall(
            "samples", AFTER_SAMPLES, instruments, lambda: self._samples(instruments, q, clean, features)
        )
        self.bars = ground.span.bars
        return replace(ground, span=ground.span.asked_by(spec))

    def _samples(self, instruments: Sequence[Instrument], q: float, clean: CleanPrices, features: Features) -> _Samples:
        spec = self.spec
        labels = labels_panel(spec, clean.adjusted)
        self.watcher.at("split", 0.0)
        rows, outcomes = samples(spec, features, labels)
        folds = _traded_folds(spec, outcomes)
        bars, next_returns = bar_returns(clean.adjusted), next_bar_returns(clean.adjusted)
        span = TrainingSpan(spec, rows, outcomes, next_returns=next_returns, bars=bars, folds=folds)
        certificates = {
            "walk_forward": purge_certificate(folds, outcomes),
            "purged_k_fold": purge_certificate(span.folds, span.labels),
            "final": purge_certificate([final_fold(outcomes, len(folds))], outcomes),
        }
        return _Samples(instruments, q, clean, features, labels, rows, outcomes, folds, span, certificates)

    def _recall(
        self, what: str, later: Collection[str], instruments: Sequence[Instrument], make: Callable[[], Value]
    ) -> Value:
        """Return what follows from the prices and from the question but for its `later` parts, perhaps from memory."""
        if self.spec.followed is not None:  # its sides are part of the labels
            later = {*later} - {"strategy"}
        asked = {name: part for name, part in self.spec.resolved().items() if name not in later}
        listed = [[item.calendar, item.currency] for item in instruments]
        return self.memory.recall(hash_json([what, asked, listed, self.keys]), make)

    def choosing(self, ground: _Samples) -> Choosing:
        return Choosing(
            self.spec, ground.span, self.store, self.peers, self.watcher, self.n_jobs, self.keys, STAGE_VERSION
        )

    def answer(self, acquire: Acquire, pinned_n_tuning_trials: int | None) -> AnalysisResult:
        spec, at = self.spec, self.watcher.at
        if spec.rule is not None:
            return answer_by_rule(spec, Ground(*self.clean(acquire), self.keys), self.watcher)
        ground = self.prepare(acquire)
        clean, rows, outcomes, folds = ground.clean, ground.rows, ground.outcomes, ground.folds
        q = ground.periods_per_year
        trials, tuning = self.choosing(ground).choose(pinned_n_tuning_trials)
        best = best_of(trials)
        model = to_model(spec, best)
        predictions = self._predict(model, rows, outcomes, folds)
        latest = self._final(model, rows, outcomes, len(folds))
        judged = self._recall(
            "judged",
            AFTER_PREDICTIONS,
            ground.instruments,
            lambda: report.judge(spec, clean, outcomes, folds, predictions, latest),
        )
        at("strategy", 0.0)
        decisions = decide(spec, predictions, clean.adjusted, q)
        null = self._recall(
            "null test",
            AFTER_PREDICTIONS - {"overfitting"},
            ground.instruments,
            lambda: resample(spec, decisions["signal"], ground.span.next_returns),
        )
        at("backtest", 0.0)
        book = trade(spec, clean, decisions)
        at("risk", 0.0)
        importance = self._importance(model, rows, outcomes, folds)
        explained = self._explained(Explaining(spec, model, rows, outcomes, folds, ground.span, self.n_jobs))
        run = Run(
            spec, ground.instruments, ground.features, ground.labels,
            folds, model, predictions, judged.intervals, decisions, book.equity, q,
        )  # fmt: skip
        audit = self._audit(run)
        at("report", 0.0)
        return report.assemble(
            report.Material(
                spec=spec,
                instruments=ground.instruments,
                clean=clean,
                labels=outcomes,
                folds=folds,
                purged_folds=ground.span.folds,
                trials=trials,
                best=best,
                tuning=tuning,
                judged=judged,
                decisions=decisions,
                book=book,
                importance=importance,
                explained=explained,
                certificates=ground.certificates,
                audit=audit,
                null=null,
                periods_per_year=q,
                stage_keys=self.keys,
            )
        )

    def _stored(
        self, name: str, part: Json, inputs: Mapping[str, str], compute: Callable[[], StageOutput], kind: str
    ) -> StageOutput:
        """Return a stage's output from the store, or compute it and put it there."""
        key = self.keys[name] = stage_key(name, version=STAGE_VERSION, spec=part, inputs=inputs)
        return obtain(self.store, self.peers, Step(key, kind, compute))

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
        kind = f"features {sum(map(len, clean.raw.values())).bit_length()}"
        return self._stored("features", part, {"prices": self.keys["prices"]}, compute, kind).frames["features"]

    def _predict(self, model: ModelEntry, rows: Features, outcomes: Labels, folds: Sequence[Fold]) -> Predictions:
        """Predict each fold's test bars by a model trained on the bars before; folds that are stored are not fitted."""
        at = self.watcher.at
        at("predict", 0.0, f"Walking forward with {in_a_sentence(type(model).title)} over {len(folds)} folds.")
        part = learning_part(self.spec, model)
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
        done: dict[int, Predictions] = {}

        def missing() -> list[Fold]:
            for fold in folds:
                if fold.number not in done and (output := self.store.get(keys[fold.number])) is not None:
                    done[fold.number] = output.frames["predictions"]
            return [fold for fold in folds if fold.number not in done]

        def on_fold(result: FoldResult) -> None:
            number = result.fold.number
            self.store.put(keys[number], StageOutput({"predictions": result.predictions}))
            self.models[number] = result.model
            done[number] = result.predictions
            at("predict", len(done) / len(folds))

        inputs = {"features": self.keys["features"]}
        walk = stage_key("predict", version=STAGE_VERSION, spec=part, inputs=inputs)  # its folds are computed by one
        while missing():
            with self.peers.claim({walk: _kind("predict", model, rows)}) as claimed:
                if claimed is not None:
                    self._fit(model, rows, outcomes, missing(), on_fold)
        return pd.concat([done[fold.number] for fold in folds])

    def _final(self, model: ModelEntry, rows: Features, outcomes: Labels, number: int) -> Latest:
        """Return what a model of all known labels says about the last bar."""
        fold = final_fold(outcomes, number)
        message = f"Fitting the final {in_a_sentence(type(model).title)} on {len(fold.train)} rows."
        self.watcher.at("final", 0.0, message)
        compute = lambda: StageOutput(  # noqa: E731  # used once
            {"predictions": predict_latest(self.spec, model, rows, outcomes, fold, bars=self.bars)}
        )
        inputs = {"features": self.keys["features"]}
        kind = _kind("final", model, rows)
        output = self._stored("final", learning_part(self.spec, model), inputs, compute, kind)
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
            fit_folds(self.spec, model, rows, outcomes, folds, bars=self.bars, n_jobs=self.n_jobs, on_fold=on_fold)

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
        part, kind = {"score": self.spec.validation.score}, _kind("importance", model, rows)
        return self._stored("importance", part, inputs, compute, kind).frames["importance"]

    def _explained(self, explaining: Explaining) -> dict[str, pd.DataFrame]:
        """Return the parts of the explanation that were asked for, each a stage of its own."""
        inputs = {name: self.keys[name] for name in ("features", "final")}
        part, frames = {"score": self.spec.validation.score}, {}
        for name, compute in explaining.parts().items():
            self.watcher.at("importance", 1.0, f"Looking at the model: {name.replace('_', ' ')}.")
            asked = part | ({"likeness": self.spec.explanation.likeness} if name == "clusters" else {})
            output = lambda compute=compute: StageOutput({"explained": compute()})  # noqa: E731  # used once
            kind = _kind(name, explaining.model, explaining.rows)
            frames[name] = self._stored(name, asked, inputs, output, kind).frames["explained"]
        return frames

    def _audit(self, run: Run) -> Mapping[str, Json] | None:
        if not self.spec.audit.enabled:
            return None
        at = self.watcher.at
        at("audit", 0.0, f"Repeating the run on history cut off at {self.spec.audit.n_cuts} bars.")
        facts = look_ahead_audit(run, on_cut=lambda done, n_cuts: at("audit", done / n_cuts))
        nothing = "Nothing was found that used what came later."
        at("audit", 1.0, nothing if facts["passed"] else facts["differences"][0]["in_words"])
        return facts


def _kind(stage: str, model: ModelEntry, rows: Features) -> str:
    """Return words that stages share which take about as long."""
    return f"{stage} {model.name} {len(rows).bit_length()}"  # type: ignore[attr-defined]  # every entry has a name


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
