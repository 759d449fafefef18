"""Many ways through the same history: the chosen model on combinatorial purged splits, which judge and never trade.

Walking forward is one path. Here each choice of some groups of bars is tested by a model of all the others, purged and
embargoed, and the predictions are put together to several paths that each go through all groups once: how much of what
the traded curve shows is the luck of its one path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import comb
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.fitting import fit_folds
from quant.frames import Features, Labels, Predictions
from quant.learning import earned_by_signals, learning_part
from quant.luck import Finding, look_at_returns
from quant.models.catalog import ModelEntry
from quant.spec import AnalysisSpec
from quant.stages import Json
from quant.validation.certificate import purge_certificate
from quant.validation.overfitting import return_moments
from quant.validation.selection import LEAST_TRIALS
from quant.validation.splits import Fold, combinatorial_purged, combine_paths
from quant.validation.threads import run_in_threads
from quant.watcher import Watcher

# `stored(name, part, model, compute)` returns the frame of a stage from where it is kept, or computes it.
Stored: TypeAlias = Callable[[str, Json, ModelEntry, Callable[[], pd.DataFrame]], pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Paths:
    """What is walked.

    Attributes
    ----------
    spec : AnalysisSpec
        The question.
    rows, outcomes : DataFrame
        Panels of all samples.
    bars, next_returns : Series
        Panels, see `quant.preparation.bar_returns` and `next_bar_returns`.
    watcher : Watcher
        Who is told.
    n_jobs : int
        Threads that fit models side by side.
    """

    spec: AnalysisSpec
    rows: Features
    outcomes: Labels
    bars: pd.Series
    next_returns: pd.Series
    watcher: Watcher
    n_jobs: int = 1

    def judge(self, chosen: ModelEntry, stored: Stored) -> tuple[Finding, dict[str, Json]]:
        """Walk the chosen model, and all candidates if there are enough to rank, and say how the paths differ.

        Parameters
        ----------
        chosen : ModelEntry
            The model with its parameters, chosen in the first training window.
        stored : callable
            `stored(name, part, model, compute)` returns the frame of a stage that depends on `part`, computed or kept.

        Returns
        -------
        finding : Finding
            As `judge_paths`; nothing if no paths were asked for.
        certificate : dict
            The purge certificate of the splits under `paths`; empty if there are none.

        Raises
        ------
        NotEnoughData
            If there are fewer bars than groups, or a split has no row to train on.
        LeakageError
            If a training label overlaps a test block.
        ModelError
            If a model does not fit.

        Notes
        -----
        Timing: models have seen bars on both sides of what they predict. Paths say how much a result varies; none of
        them could have been traded.
        """
        spec, asked = self.spec, self.spec.overfitting
        folds = self.folds()
        if not folds:
            return Finding(), {}
        certificate = {"paths": purge_certificate(folds, self.outcomes)}
        candidates = spec.models if len(spec.models) >= LEAST_TRIALS else ()
        models = list(dict.fromkeys((chosen, *candidates)))
        done = count(1)

        def tell() -> None:
            self.watcher.at("paths", next(done) / (len(folds) * len(models)))

        def walk(model: ModelEntry) -> pd.DataFrame:
            part = {
                **learning_part(spec, model),
                "strategy": spec.strategy.model_dump(mode="json"),
                "groups": [asked.path_groups, asked.path_test_groups],
            }
            return stored(f"paths/{models.index(model)}", part, model, lambda: self.walk(model, folds, tell))

        self.watcher.at("paths", 0.0, f"Fitting {len(models)} of the models on {len(folds)} combinatorial splits.")
        walked = {model: walk(model) for model in models}
        return judge_paths(spec, walked[chosen], [walked[model] for model in candidates]), certificate

    def folds(self) -> list[Fold]:
        """Return the combinatorial purged splits that were asked for; none if none were."""
        asked = self.spec.overfitting
        if not asked.path_groups:
            return []
        embargo = self.spec.validation.embargo_bars
        return combinatorial_purged(self.outcomes, asked.path_groups, asked.path_test_groups, embargo)

    def walk(self, model: ModelEntry, folds: Sequence[Fold], on_fold: Callable[[], None] | None = None) -> pd.DataFrame:
        """Fit a model on each combinatorial split and return what its signals earn on each path.

        Parameters
        ----------
        model : ModelEntry
            The model with its parameters.
        folds : sequence of Fold
            As `folds` returns them.
        on_fold : callable, default=None
            Called after each split.

        Returns
        -------
        DataFrame of shape (n_bars, n_paths)
            Index `timestamp`; `path_1` and so on: simple return of each bar without costs, the mean over instruments;
            NaN where what a bar earns is not known.

        References
        ----------
        López de Prado 2018, Advances in Financial Machine Learning, sections 12.3 and 12.4.
        """
        return pd.DataFrame(
            {
                f"path_{number}": earned_by_signals(predictions, self.spec, self.next_returns)
                for number, predictions in enumerate(self.predict(model, folds, on_fold), start=1)
            }
        )

    def predict(
        self, model: ModelEntry, folds: Sequence[Fold], on_fold: Callable[[], None] | None = None
    ) -> list[Predictions]:
        """Fit a model on each combinatorial split and return the predictions of each path: of every row, once."""
        fit = partial(fit_folds, self.spec, model, self.rows, self.outcomes, bars=self.bars)
        tasks = [partial(fit, [fold]) for fold in folds]
        on_done = None if on_fold is None else lambda _number, _result: on_fold()
        predicted = [predictions for predictions, _ in run_in_threads(tasks, n_jobs=self.n_jobs, on_done=on_done)]
        asked = self.spec.overfitting
        groups = _groups(self.outcomes, asked.path_groups)
        return [
            pd.concat([predicted[split][groups[folds[split].test] == group] for group, split in enumerate(splits)])
            for splits in combine_paths(asked.path_groups, asked.path_test_groups)
        ]


def judge_paths(spec: AnalysisSpec, chosen: pd.DataFrame, candidates: Sequence[pd.DataFrame]) -> Finding:
    """Say how the paths of the chosen model differ, and whether choosing among the candidates carries over.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    chosen : DataFrame of shape (n_bars, n_paths)
        As `Paths.walk` returns it.
    candidates : sequence of DataFrame
        The same of each candidate; none if their choice is not judged.

    Returns
    -------
    Finding
        JSON facts: `n_groups`, `n_test_groups`, `n_splits`, `n_paths`, `n_bars`, `share_seen` of all bars on
        which the model was chosen; `sharpe_ratios` of the paths, per bar
        (None where nothing moves), their `median`, `least` and `most`, and `share_at_or_below_zero`, None if no path
        moves; `overfitting` of the candidates' mean paths, see `quant.luck.look_at_returns`. The frame `paths`.

    Notes
    -----
    Timing: a statement about the past.
    """
    ratios = [return_moments(chosen[path]).sharpe for path in chosen]
    known = np.array([ratio for ratio in ratios if not np.isnan(ratio)])
    means = [each.mean(axis="columns", skipna=False).to_numpy() for each in candidates]
    asked = spec.overfitting
    facts: dict[str, Json] = {
        "n_groups": asked.path_groups,
        "n_test_groups": asked.path_test_groups,
        "n_splits": comb(asked.path_groups, asked.path_test_groups),
        "n_paths": len(ratios),
        "n_bars": int(chosen.notna().all(axis="columns").sum()),
        "share_seen": min(1.0, spec.validation.train_bars / len(chosen)),
        "sharpe_ratios": [None if np.isnan(ratio) else float(ratio) for ratio in ratios],
        "median": float(np.median(known)) if known.size else None,
        "least": float(known.min()) if known.size else None,
        "most": float(known.max()) if known.size else None,
        "share_at_or_below_zero": float((known <= 0.0).mean()) if known.size else None,
        "overfitting": look_at_returns(np.column_stack(means)).facts if means else None,
    }
    return Finding(facts, {"paths": chosen})


def _groups(labels: Labels, n_groups: int) -> NDArray[np.intp]:
    """Return the group of bars that each row lies in."""
    bar, bars = pd.factorize(labels.index.get_level_values("timestamp"))
    sizes = [len(part) for part in np.array_split(np.arange(len(bars)), n_groups)]
    return np.repeat(np.arange(n_groups), sizes)[bar]
