"""Which model: the candidates are scored, and if none is good enough, better parameters are searched.

Each trial is a stage of its own. Others may compute trials of a search too, in any order; they are told in the order of
their numbers, so the answer is the same whoever computed them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from quant import report
from quant.errors import ModelError
from quant.frames import Features, Labels
from quant.latest import final_fold
from quant.learning import TrainingSpan, best_of, did_not_fit, learning_part, meets_target, to_model
from quant.luck import Finding
from quant.models.catalog import ModelEntry
from quant.models.search import grid_parameters, sample_parameters, suggest_parameters, with_parameters
from quant.result import TriedModel
from quant.spec import AnalysisSpec
from quant.stages import Json, NoPeers, Peers, StageOutput, StageStore, Step, help_with, obtain, stage_key
from quant.validation.certificate import purge_certificate
from quant.validation.cross_validation import FoldResult
from quant.validation.likeness import weekly_shape
from quant.validation.scores import SCORES
from quant.validation.splits import Fold
from quant.validation.tuning import Candidate, Trial, draw_parameters, grid_of, next_round, random_search
from quant.watcher import Quiet, Watcher

_SUMMED = ("n_folds", "n_labels_checked", "n_purged", "n_embargoed")  # of purge certificates


@dataclass
class Choosing:
    """Trials of one question.

    Attributes
    ----------
    spec : AnalysisSpec
        The question.
    span : TrainingSpan
        All that choosing may see.
    store : StageStore
        Where trials are kept.
    peers : Peers
        Who else may be computing trials.
    watcher : Watcher
        Who is told.
    n_jobs : int
        Threads that fit folds side by side.
    keys : dict of str to str
        Keys of the stages of the run: that of the features, and after choosing one for each trial.
    version : int
        Version of the code of the stages.
    fold : int
        The walk-forward fold whose training rows are the span; what is chosen in the first holds for all, unless each
        chooses for itself.
    """

    spec: AnalysisSpec
    span: TrainingSpan
    store: StageStore
    peers: Peers
    watcher: Watcher
    n_jobs: int
    keys: dict[str, str]
    version: int
    n_told: int = 0
    fold: int = 0

    def choose(self, pinned_n_tuning_trials: int | None) -> tuple[list[TriedModel], dict[str, Json]]:
        """Score the candidates; if none is good enough and tuning is on, search for better parameters.

        Returns
        -------
        trials : list of TriedModel
            Candidates first, then those of the search.
        tuning : dict
            Facts about the search.

        Raises
        ------
        ModelError
            If a candidate does not fit.
        """
        spec, at = self.spec, self.watcher.at
        trials: list[TriedModel] = []
        for number, model in enumerate(spec.models):
            at("train", number / len(spec.models))
            trials.append(self._tell(number, "candidate", model, self._step("candidate", number, model)))
            at("train", (number + 1) / len(spec.models), report.describe_trial(trials[-1]))
        chance = self.span.chance()
        target_met = meets_target(spec, best_of(trials), chance)
        tuning: dict[str, Json] = {"started": False, "n_trials": 0, "target_met_before": target_met}
        if target_met is False and spec.tuning.enabled:
            trials += self._tune(pinned_n_tuning_trials)
            tuning |= {"started": True, "n_trials": len(trials) - len(spec.models)}
        tuning["target_met"] = meets_target(spec, best_of(trials), chance)
        return trials, tuning

    def help(self) -> None:
        """Compute and store trials of the search that the peers hand out, until they hand out none."""
        help_with(self.store, self.peers, self._open_steps)

    def _open_steps(self) -> list[Step]:
        """Return the trials that can be computed now: of a search in rounds, those of the first that is not stored."""
        scores: list[float | None] = []
        while True:
            drawn = self._drawn(self.spec.tuning.n_trials, scores)
            steps = [self._step("tuning", number, model) for number, _, model in drawn]
            if self.spec.tuning.method != "tpe" or not steps:
                return steps
            found = [self.store.get(step.key) for step in steps]
            if not all(found):
                return steps
            scores += [output.facts["score"] for output in found if output is not None]

    def _drawn(self, n_trials: int, scores: Sequence[float | None]) -> list[tuple[int, int, ModelEntry]]:
        """Return number, candidate's place and model of each trial that is known by these scores: all, or a round."""
        spec, candidates = self.spec, self._candidates()
        if spec.tuning.method == "tpe":
            first = len(scores)
            chosen = [] if first >= n_trials else next_round(
                candidates,
                scores,
                round_size=spec.tuning.round_size,
                seed=spec.seed,
                higher_is_better=SCORES[spec.validation.score].higher_is_better,
            )  # fmt: skip
        else:
            first = 0
            chosen = (
                grid_of(candidates, n_trials)
                if spec.tuning.method == "grid"
                else [draw_parameters(candidates, spec.seed, number) for number in range(n_trials)]
            )
        return [
            (number, place, with_parameters(spec.models[place], parameters))
            for number, (place, parameters) in enumerate(chosen[: n_trials - first], start=first)
        ]

    def _candidates(self) -> list[Candidate]:
        return [
            Candidate(
                entry.name,
                partial(sample_parameters, type(entry)),
                partial(grid_parameters, type(entry)),
                partial(suggest_parameters, type(entry)),
            )
            for entry in self.spec.models
        ]

    def _step(self, kind: str, number: int, model: ModelEntry) -> Step:
        """Return a trial as a stage; its key leaves out the number, under which another analysis may have stored it."""
        part = {**learning_part(self.spec, model), "strategy": self.spec.strategy.model_dump(mode="json")}
        if self.fold:
            part["fold"] = self.fold
        key = stage_key("trial", version=self.version, spec=part, inputs={"features": self.keys["features"]})
        size = len(self.span.features).bit_length()

        failures: list[ModelError] = []  # what did not fit once, when it was computed ahead, will not fit again

        def compute() -> StageOutput:
            if failures:
                raise failures[0]
            on_fold = partial(self._on_fold, kind, iter(range(1, len(self.span.folds) + 1)))
            try:
                judged = self.span.judge(model, number=number, kind=kind, n_jobs=self.n_jobs, on_fold=on_fold)
            except ModelError as error:
                failures.append(error)
                raise
            facts = {name: fact for name, fact in vars(judged).items() if name not in {"earned", "weeks"}}
            return StageOutput({"earned": pd.DataFrame({"earned": judged.earned})}, facts)

        return Step(key, f"trial {model.name} {size}", compute)  # type: ignore[attr-defined]  # every entry has a name

    def _on_fold(self, kind: str, done: Iterator[int], _result: FoldResult) -> None:
        stage, n_trials = (
            ("train", len(self.spec.models)) if kind == "candidate" else ("tune", self.spec.tuning.n_trials)
        )
        self.watcher.at(stage, min(1.0, (self.n_told + next(done) / len(self.span.folds)) / n_trials))

    def _tell(self, number: int, kind: str, model: ModelEntry, step: Step, *later: Step) -> TriedModel:
        """Obtain a trial and tell of it, also of one that does not fit."""
        self.n_told = number
        try:
            output = obtain(self.store, self.peers, step, *later)
        except ModelError:
            self.watcher.tried([did_not_fit(self.spec, model, number=number, kind=kind)])  # it was a trial all the same
            raise
        self.keys[f"trial/{f'fold-{self.fold}/' if self.fold else ''}{kind}-{number}"] = step.key
        earned = output.frames["earned"]["earned"].to_numpy()
        own = {
            "number": number,
            "kind": kind,
            "fold_scores": tuple(output.facts["fold_scores"]),
            "earned": earned,
            "weeks": weekly_shape(pd.DatetimeIndex(self.span.features.index.unique("timestamp")), earned),
        }
        judged = TriedModel(**{**output.facts, **own})
        self.watcher.tried([judged])
        return judged

    def _is_begun(self, step: Step) -> bool:
        return self.store.get(step.key) is not None or self.peers.is_begun(step.key)

    def _tune(self, pinned_n_trials: int | None) -> list[TriedModel]:
        spec = self.spec
        self.watcher.at("tune", 0.0, "No model met the target; searching for better parameters in the training span.")
        n_most = pinned_n_trials or spec.tuning.n_trials
        drawn = self._drawn(n_most, ())
        steps = [self._step("tuning", number, model) for number, _, model in drawn]
        judged: list[TriedModel] = []
        if spec.tuning.method == "grid":
            n_most = min(n_most, len(drawn))

        def draw(number: int) -> tuple[int, dict[str, Any]]:
            if number == len(drawn):  # all before are told
                drawn.extend(self._drawn(n_most, [trial.score for trial in judged]))
                steps.extend(self._step("tuning", each, model) for each, _, model in drawn[number:])
            _, place, model = drawn[number]
            return place, model.model_dump(exclude={"name"})

        def evaluate(_position: int, _parameters: Mapping[str, Any]) -> Sequence[float]:
            number, _, model = drawn[len(judged)]
            self.peers.offer({step.key: step.kind for step in steps[number + 1 :]})
            try:
                judged.append(self._tell(number, "tuning", model, *steps[number:]))
            except ModelError:
                judged.append(did_not_fit(spec, model, number=number, kind="tuning"))
                raise
            return [np.nan if score is None else score for score in judged[-1].fold_scores]

        def is_begun(number: int) -> bool:
            return number < len(steps) and self._is_begun(steps[number])

        def on_trial(trial: Trial) -> None:
            message = f"Did not fit: {trial.error}" if trial.error else report.describe_trial(judged[-1])
            self.watcher.at("tune", (trial.number + 1) / spec.tuning.n_trials, message)

        try:
            trials = random_search(
                self._candidates(),
                evaluate,
                n_trials=n_most,
                time_budget_seconds=spec.tuning.time_budget_seconds,
                seed=spec.seed,
                pinned_n_trials=pinned_n_trials,
                on_trial=on_trial,
                is_begun=is_begun,
                draw=draw,
            )
        finally:
            self.peers.withdraw()
        self.watcher.tuned(len(trials))
        return judged


class LaterFold(Quiet):
    """Lets the choice of a later fold be cancelled, and tells of its trials, each with the number of its fold.

    Parameters
    ----------
    watcher : Watcher
        That of the run.
    fold : int
        The walk-forward fold.
    """

    def __init__(self, watcher: Watcher, fold: int) -> None:
        super().__init__(watcher, "tune", 1.0)
        self._fold = fold

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Tell of trials: what is tried again on more rows is a trial once more, much like the first."""
        self._watcher.tried([replace(trial, kind=f"{trial.kind} {self._fold}") for trial in models])


def choose_each(
    choosing: Choosing, features: Features, labels: Labels, folds: Sequence[Fold], n_tuning_trials: int
) -> tuple[list[list[TriedModel]], list[dict[str, Json]]]:
    """Choose for each fold anew, inside its own training rows: nested validation.

    Parameters
    ----------
    choosing : Choosing
        The choice of the first fold.
    features, labels : DataFrame
        Panels of all samples.
    folds : sequence of Fold
        Those after the first.
    n_tuning_trials : int
        Trials of each search, where no candidate is good enough; no time budget decides.

    Returns
    -------
    trials : list of list of TriedModel
        All that were made, of each fold; see `quant.learning.best_of`.
    certificates : list of dict
        The purge certificates of the inner folds, one a fold.

    Raises
    ------
    ModelError
        If a candidate does not fit.
    LeakageError
        If a training label overlaps a test block of the inner folds.

    Notes
    -----
    Timing: each choice sees labels that are known before its fold's first traded bar. The same candidates, and the same
    parameters of a search at random or on a grid, are tried again on more rows: they are no new trials of somebody who
    looks for something. Others are, and count for this answer (`quant.luck.count_luck`). The watcher is told of all of
    them: a ledger counts each, and can tell by what they earned that they are alike.
    """
    trials, certificates = [], []
    for fold in folds:
        span = choosing.span.of_fold(features, labels, fold)
        certificates.append(purge_certificate(span.folds, span.labels))
        own = replace(
            choosing,
            span=span,
            fold=fold.number,
            watcher=LaterFold(choosing.watcher, fold.number),
            peers=NoPeers(),
            n_told=0,
        )
        trials.append(own.choose(n_tuning_trials)[0])
    return trials, certificates


def choose_for_folds(
    choosing: Choosing,
    trials: Sequence[TriedModel],
    features: Features,
    labels: Labels,
    folds: Sequence[Fold],
    n_searched: int,
) -> tuple[dict[int, ModelEntry], Finding, dict[str, Json]]:
    """Return which model each fold has, and the final model: the first choice for all, or each its own.

    Parameters
    ----------
    choosing : Choosing
        The choice of the first fold.
    trials : sequence of TriedModel
        Its trials.
    features, labels : DataFrame
        Panels of all samples.
    folds : sequence of Fold
        The walk-forward folds.
    n_searched : int
        Trials of its search; if there were none, a search that a later choice needs makes as many as were asked for.

    Returns
    -------
    models : dict of int to ModelEntry
        By the number of the fold; that after the walk-forward folds is the final model.
    finding : Finding
        JSON facts of a nested choice: `folds`, one a choice with `fold`, `model`, `title`, `parameters` and `score`;
        `n_different` models among them; `n_later_trials`, models and parameters that only later choices tried;
        `score_name`. Nothing otherwise.
    certificate : dict
        Under `nested` the sums of the inner folds' purge certificates; empty otherwise.

    Notes
    -----
    Timing: as `choose_each`.
    """
    spec, first, final = choosing.spec, best_of(trials), final_fold(labels, len(folds))
    numbers = [fold.number for fold in (*folds, final)]
    if not spec.validation.nested:
        return dict.fromkeys(numbers, to_model(spec, first)), Finding(), {}
    choosing.watcher.at("tune", 1.0, f"Choosing anew for each of {len(numbers) - 1} later folds.")
    n_trials = n_searched or spec.tuning.n_trials
    later, certificates = choose_each(choosing, features, labels, [*folds[1:], final], n_trials)
    chosen = [first, *map(best_of, later)]
    tried, tried_first = ({to_model(spec, trial) for trial in each} for each in (chain(*later), trials))
    models = {number: to_model(spec, trial) for number, trial in zip(numbers, chosen, strict=True)}
    facts: dict[str, Json] = {
        "folds": [
            {
                "fold": number,
                "model": trial.model,
                "title": type(models[number]).title,
                "parameters": dict(trial.parameters),
                "score": trial.score,
            }
            for number, trial in zip(numbers, chosen, strict=True)
        ],
        "n_different": len(set(models.values())),
        "n_later_trials": len(tried - tried_first),
        "score_name": spec.validation.score,
    }
    sums = {name: sum(each[name] for each in certificates) for name in _SUMMED}
    gaps = {
        name: min((each[name] for each in certificates if each[name] is not None), default=None)
        for name in ("least_bars_before", "least_bars_after")
    }
    return models, Finding(facts), {"nested": {**sums, **gaps}}
