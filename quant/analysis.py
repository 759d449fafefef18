"""One analysis, from the question to the answer: the only place where the stages are wired together.

acquire -> clean -> features -> labels -> split -> train -> tune -> predict -> final -> strategy -> backtest -> risk ->
importance -> paths -> chance -> audit -> report. Costly stages are kept in a `StageStore` under the hash of all that
went in, each trial and each fold on its own: a run that was interrupted goes on where it stopped.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pandas as pd

from quant import report
from quant.audit import Run, look_ahead_audit
from quant.catalog import in_a_sentence
from quant.chance import ChanceRuns
from quant.choosing import Choosing, choose_for_folds
from quant.data.snapshot import snapshot_hash
from quant.explaining import Explaining
from quant.fitting import fit_chosen
from quant.frames import Features, Labels, Predictions
from quant.latest import KEPT, Latest, final_fold, fit_final
from quant.learning import TrainingSpan, best_of, learning_part
from quant.luck import Finding, resample
from quant.memory import Memory
from quant.models.catalog import ModelEntry
from quant.paths import Paths
from quant.preparation import (
    CleanPrices,
    Instrument,
    account_periods_per_year,
    bar_returns,
    bars_asked,
    clean_prices,
    features_panel,
    folds_to_measure,
    labels_panel,
    next_bar_returns,
    samples,
)
from quant.result import AnalysisResult
from quant.ruling import Ground, answer_by_rule
from quant.spec import AnalysisSpec
from quant.stages import (
    Json,
    MemoryStore,
    NoPeers,
    Peers,
    StageOutput,
    StageStore,
    Step,
    hash_json,
    help_with,
    obtain,
    stage_key,
)
from quant.trading import decide, refuse_seen, trade
from quant.validation.certificate import purge_certificate
from quant.validation.cross_validation import FoldResult
from quant.validation.splits import Fold
from quant.watcher import Silent, Watcher

__all__ = ["Instrument", "Silent", "Watcher", "help_tuning", "run_analysis"]

STAGE_VERSION = 6  # raised when the same spec and inputs give another output for a reason that no catalogue entry has
# Parts of a question that nothing before the models depends on, and nothing before the account does. What is remembered
# is kept under all others.
AFTER_PREDICTIONS = frozenset(
    {"models", "tuning", "allocation", "backtest", "risk", "audit", "overfitting", "importance", "explanation"}
)
AFTER_SAMPLES = AFTER_PREDICTIONS | {"weights", "calibration", "intervals", "strategy"}

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
    run = _Chain(spec, store, NoPeers(), watcher, n_jobs)
    if spec.rule is not None:
        if spec.sweep.is_used:
            help_with(store, peers, run.ground(acquire).choice(spec).steps)
        return
    replace(run.choosing(run.prepare(acquire)), peers=peers).help()


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
        self.keys["prices"] = snapshot_hash(
            {f"{item.spec.source}:{item.spec.symbol}": item.prices for item in instruments}
        )
        at("clean", 0.0)
        placed = dict(enumerate(instruments))
        clean = self._recall("clean", AFTER_SAMPLES, instruments, lambda: clean_prices(spec, placed))
        return instruments, clean, account_periods_per_year(spec, instruments, clean.adjusted)

    def ground(self, acquire: Acquire) -> Ground:
        return Ground(*self.clean(acquire), self.keys, self.store, self.peers, self.n_jobs)

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
        folds = folds_to_measure(spec, outcomes)
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
            return answer_by_rule(spec, self.ground(acquire), self.watcher)
        ground = self.prepare(acquire)
        clean, rows, outcomes, folds = ground.clean, ground.rows, ground.outcomes, ground.folds
        q = ground.periods_per_year
        choosing = self.choosing(ground)
        trials, tuning = choosing.choose(pinned_n_tuning_trials)
        models, nested, inner = choose_for_folds(choosing, trials, rows, outcomes, folds, tuning["n_trials"])
        first, model = models[folds[0].number], models[len(folds)]
        predictions = refuse_seen(self._predict(models, rows, outcomes, folds), folds, outcomes)
        latest = self._final(model, rows, outcomes, len(folds))
        judged = self._recall(
            "judged", AFTER_PREDICTIONS, ground.instruments,
            lambda: report.judge(spec, clean, outcomes, folds, predictions, latest),
        )  # fmt: skip
        at("strategy", 0.0)
        decisions = decide(spec, predictions, clean.adjusted, q)
        null = self._recall(
            "null test", AFTER_PREDICTIONS - {"overfitting"}, ground.instruments,
            lambda: resample(spec, decisions["signal"], ground.span.next_returns),
        )  # fmt: skip
        at("backtest", 0.0)
        book = trade(spec, clean, decisions)
        at("risk", 0.0)
        explaining = Explaining(spec, model, first, rows, outcomes, folds, ground.span, self.n_jobs)
        importance = self._importance(explaining, models)
        explained = self._explained(explaining)
        asked, certificate = self._on_request(first, predictions, tuning, ground)
        audit = self._audit(Run(
            spec, ground.instruments, ground.features, ground.labels,
            folds, models, predictions, judged.intervals, decisions, book.equity, q,
        ))  # fmt: skip
        at("report", 0.0)
        return report.assemble(
            report.Material(
                spec=spec,
                instruments=ground.instruments,
                clean=clean,
                labels=outcomes,
                folds=folds,
                purged_folds=ground.span.folds,
                chance_score=ground.span.chance(),
                trials=trials,
                best=best_of(trials),
                tuning=tuning,
                judged=judged,
                decisions=decisions,
                book=book,
                importance=importance,
                explained=explained,
                certificates={**ground.certificates, **inner, **certificate},
                audit=audit,
                null=null,
                asked={"nested": nested, **asked},
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
            **bars_asked(spec),
        }
        compute = lambda: StageOutput({"features": features_panel(spec, clean.adjusted)})  # noqa: E731  # used once
        kind = f"features {sum(map(len, clean.raw.values())).bit_length()}"
        return self._stored("features", part, {"prices": self.keys["prices"]}, compute, kind).frames["features"]

    def _predict(
        self, models: Mapping[int, ModelEntry], rows: Features, outcomes: Labels, folds: Sequence[Fold]
    ) -> Predictions:
        """Predict each fold's test bars by a model trained on the bars before; folds that are stored are not fitted."""
        at = self.watcher.at
        titles = dict.fromkeys(in_a_sentence(type(models[fold.number]).title) for fold in folds)
        at("predict", 0.0, f"Walking forward with {', '.join(titles)} over {len(folds)} folds.")
        keys = {
            fold.number: stage_key(
                "predict",
                version=STAGE_VERSION,
                spec={**learning_part(self.spec, models[fold.number]), "fold": fold.number},
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
        part = {"folds": list(keys.values())}  # computed by one
        walk = stage_key("predict", version=STAGE_VERSION, spec=part, inputs=inputs)
        while missing():
            with self.peers.claim({walk: _kind("predict", models[0], rows)}) as claimed:
                if claimed is not None:
                    self._fit(models, rows, outcomes, missing(), on_fold)
        return pd.concat([done[fold.number] for fold in folds])

    def _final(self, model: ModelEntry, rows: Features, outcomes: Labels, number: int) -> Latest:
        """Return what a model of all known labels says about the last bar."""
        fold = final_fold(outcomes, number)
        message = f"Fitting the final {in_a_sentence(type(model).title)} on {len(fold.train)} rows."
        self.watcher.at("final", 0.0, message)
        compute = lambda: fit_final(self.spec, model, rows, outcomes, fold, bars=self.bars)  # noqa: E731  # used once
        inputs = {"features": self.keys["features"]}
        kind, part = _kind("final", model, rows), {**learning_part(self.spec, model), "kept": KEPT}
        output = self._stored("final", part, inputs, compute, kind)
        return Latest(output.frames["predictions"], fold)

    def _fit(
        self,
        models: Mapping[int, ModelEntry],
        rows: Features,
        outcomes: Labels,
        folds: Sequence[Fold],
        on_fold: Callable[[FoldResult], None],
    ) -> None:
        if folds:
            fit_chosen(self.spec, models, rows, outcomes, folds, bars=self.bars, n_jobs=self.n_jobs, on_fold=on_fold)

    def _importance(self, explaining: Explaining, models: Mapping[int, ModelEntry]) -> pd.DataFrame | None:
        """Return how much each feature mattered, in training and out of sample, averaged over the folds."""
        if not self.spec.importance:
            return None
        model, rows, folds, at = explaining.model, explaining.rows, explaining.folds, self.watcher.at

        def compute() -> StageOutput:
            missing = [fold for fold in folds if fold.number not in self.models]
            keep = lambda result: self.models.update({result.fold.number: result.model})  # noqa: E731  # used once
            self._fit(models, rows, explaining.outcomes, missing, keep)
            on_fold = lambda n_done: at("importance", n_done / len(folds))  # noqa: E731  # used once
            return StageOutput({"importance": explaining.importance(self.models, on_fold)})

        at("importance", 0.0)
        inputs = {name: key for name, key in self.keys.items() if name.startswith("predict/")}
        part, kind = {"score": self.spec.validation.score}, _kind("importance", model, rows)
        return self._stored("importance", part, inputs, compute, kind).frames["importance"]

    def _explained(self, explaining: Explaining) -> dict[str, pd.DataFrame]:
        """Return the parts of the explanation that were asked for, each a stage of its own."""
        inputs = {name: self.keys[name] for name in ("features", "final")}
        part, frames = {"score": self.spec.validation.score}, {}
        for name, compute in explaining.parts().items():
            self.watcher.at("importance", 1.0, f"Looking at the model: {name.replace('_', ' ')}.")
            asked = part | explaining.options(name)
            output = lambda compute=compute: StageOutput({"explained": compute()})  # noqa: E731  # used once
            kind = _kind(name, explaining.model, explaining.rows)
            frames[name] = self._stored(name, asked, inputs, output, kind).frames["explained"]
        return frames

    def _on_request(
        self, model: ModelEntry, predictions: Predictions, tuning: Mapping[str, Json], ground: _Samples
    ) -> tuple[dict[str, Finding], Mapping[str, Json]]:
        """Return what luck explains by fitting much more, and the certificate of its splits; nothing unasked."""

        def stored(name: str, part: Json, model: ModelEntry, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
            output = lambda: StageOutput({"found": compute()})  # noqa: E731  # used once
            inputs, kind = {"features": self.keys["features"]}, _kind(name.partition("/")[0], model, ground.rows)
            return self._stored(name, part, inputs, output, kind).frames["found"]

        parts = (ground.rows, ground.outcomes, self.bars, ground.span.next_returns, self.watcher, self.n_jobs)
        paths, certificate = Paths(self.spec, *parts).judge(model, stored)
        chance = ChanceRuns(self.spec, *parts).judge(
            predictions, tuning["n_trials"], lambda name, part, compute: stored(name, part, model, compute)
        )
        return {"paths": paths, "chance_runs": chance}, certificate

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
