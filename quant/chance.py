"""What the whole way finds where there is nothing to find: choosing and walking forward on outcomes in another order.

Resampling the traded returns (`quant.luck.resample`) asks whether the signals came at the right time, and takes them as
given. Here everything that could have fitted itself to noise is done again, tuning included, on rows whose outcomes
come from other bars: what remains is what the search finds by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.bootstrap import stationary_bootstrap
from quant.choosing import Choosing, choose_each
from quant.errors import ModelError
from quant.fitting import fit_chosen, score_weights
from quant.frames import Features, Labels, Predictions, forecast_of
from quant.learning import TrainingSpan, best_of, earned_by_signals, learning_part, to_model
from quant.luck import Finding
from quant.preparation import traded_folds
from quant.spec import AnalysisSpec
from quant.stages import Json, MemoryStore, NoPeers
from quant.validation.cross_validation import score_together
from quant.validation.null_test import usual_block_bars
from quant.validation.overfitting import return_moments
from quant.validation.scores import SCORES
from quant.watcher import Quiet, Watcher

# `stored(name, part, compute)` returns the frame of a stage from where it is kept, or computes it.
Stored = Callable[[str, Json, Callable[[], pd.DataFrame]], pd.DataFrame]

# Parts of the question that decide how a model is chosen and walks, beside what is learned.
_ASKED = ("instruments", "start", "end", "features", "cleaning", "tuning", "strategy", "validation")

# Scores that are not defined of forecasts which never differ.
_CORRELATIONS = ("information_coefficient", "rank_ic")


@dataclass(frozen=True, eq=False)
class ChanceRuns:
    """What is repeated.

    Attributes
    ----------
    spec : AnalysisSpec
        The question.
    rows, outcomes : DataFrame
        Panels of all samples.
    bars, next_returns : Series
        Panels, see `quant.preparation.bar_returns` and `next_bar_returns`.
    watcher : Watcher
        Who is told; never of trials, which are not those of somebody who looks for something.
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

    def judge(self, predictions: Predictions, n_tuning_trials: int, stored: Stored) -> Finding:
        """Say how often choosing and walking forward does as well on outcomes in another order.

        Parameters
        ----------
        predictions : DataFrame of shape (n_rows, n_columns)
            Panel of the traded folds, of the run itself.
        n_tuning_trials : int
            Trials of its search; with 0 a search, where one is needed, makes as many as were asked for.
        stored : callable
            `stored(name, part, compute)` returns the frame of a stage that depends on `part`, computed or kept.

        Returns
        -------
        Finding
            JSON facts: `n_runs`, `n_failed`, `order`, `mean_block_bars`, `score_name`; `score` and `sharpe_ratio` (per
            bar, without costs) of the run, None if there is none; `score_p_value` and `sharpe_p_value`,
            (1 + r) / (1 + n) with r of n runs at least as good, None without the number. A run whose model does not
            fit, or whose score is not defined, counts as one that is; `n_failed` are the former. The frame
            `chance_runs`, one row a run: `score`, `sharpe_ratio`, `is_fitted`. Nothing if none were asked for.

        Notes
        -----
        Timing: uses the whole of what was traded; a statement about the past.

        References
        ----------
        Davison and Hinkley 1997, Bootstrap Methods and their Application, section 4.2 (the p-value); Ojala and
        Garriga 2010, Permutation Tests for Studying Classifier Performance, JMLR 11 (labels in another order); White
        2000, A Reality Check for Data Snooping, Econometrica 68(5) (the search repeated).
        """
        asked, spec = self.spec.overfitting, self.spec
        if not asked.n_chance_runs:
            return Finding()
        self.watcher.at("chance", 0.0, f"Choosing and walking forward {asked.n_chance_runs} times on other outcomes.")
        question = spec.resolved()
        part: dict[str, Json] = {
            "models": [learning_part(spec, model) for model in spec.models],
            "asked": {name: question[name] for name in _ASKED},
            "order": asked.chance_order,
            "n_tuning_trials": n_tuning_trials,
        }
        runs = []
        for number in range(asked.n_chance_runs):
            compute = lambda number=number: self.run(number, n_tuning_trials)  # noqa: E731  # used once
            runs.append(stored(f"chance/{number}", {**part, "number": number}, compute))
            self.watcher.at("chance", (number + 1) / asked.n_chance_runs)
        found = pd.concat(runs, ignore_index=True)
        score, sharpe = self._judged(predictions, self.outcomes, self.next_returns)
        rule = SCORES[spec.validation.score]
        direction = 1.0 if rule.higher_is_better else -1.0
        facts: dict[str, Json] = {
            "n_runs": len(found),
            "n_failed": int((~found["is_fitted"]).sum()),
            "order": asked.chance_order,
            "mean_block_bars": self._mean_block_bars(),
            "score_name": spec.validation.score,
            "score": None if np.isnan(score) else score,
            "score_p_value": share_as_good(direction * score, direction * found["score"].to_numpy()),
            "sharpe_ratio": None if np.isnan(sharpe) else sharpe,
            "sharpe_p_value": share_as_good(sharpe, found["sharpe_ratio"].to_numpy()),
        }
        return Finding(facts, {"chance_runs": found})

    def run(self, number: int, n_tuning_trials: int) -> pd.DataFrame:
        """Choose and walk forward on outcomes in the order of this number; return one row of `chance_runs`.

        Notes
        -----
        Timing: as in the run itself, bar for bar: rows keep their features and the ends of their labels, so that the
        same rows are purged. Score and Sharpe ratio of a model that does not fit are NaN. The Sharpe ratio of one that
        never holds anything is 0, and so is the correlation of forecasts that never differ: they have found nothing.
        """
        spec = self.spec
        outcomes, next_returns = self.reordered(number)
        folds = traded_folds(spec, outcomes)
        span = TrainingSpan(spec, self.rows, outcomes, next_returns=next_returns, bars=self.bars, folds=folds)
        quiet = Quiet(self.watcher, "chance", number / spec.overfitting.n_chance_runs)
        choosing = Choosing(spec, span, MemoryStore(), NoPeers(), quiet, self.n_jobs, {"features": ""}, 0)
        n_trials = n_tuning_trials or spec.tuning.n_trials
        try:
            chosen = [best_of(choosing.choose(n_trials)[0])] * len(folds)
            if spec.validation.nested:
                chosen[1:] = map(best_of, choose_each(choosing, self.rows, outcomes, folds[1:], n_trials)[0])
            models = {fold.number: to_model(spec, trial) for fold, trial in zip(folds, chosen, strict=True)}
            predictions = fit_chosen(
                spec, models, self.rows, outcomes, folds, bars=self.bars, n_jobs=self.n_jobs,
                on_fold=lambda _result: quiet.at("predict", 0.0),
            )  # fmt: skip
        except ModelError:
            return pd.DataFrame({"score": [np.nan], "sharpe_ratio": [np.nan], "is_fitted": [False]})
        score, sharpe = self._judged(predictions, outcomes, next_returns)
        if spec.validation.score in _CORRELATIONS and not np.ptp(forecast_of(predictions), axis=0).any():
            score = 0.0
        sharpe = 0.0 if np.isnan(sharpe) else sharpe
        return pd.DataFrame({"score": [score], "sharpe_ratio": [sharpe], "is_fitted": [True]})

    def reordered(self, number: int) -> tuple[Labels, pd.Series]:
        """Return labels and next returns in the order of this number.

        Returns
        -------
        labels : DataFrame of shape (n_rows, n_columns)
            The panel, with `label` and `outcome` of each row from another bar of the same instrument. Ends of labels
            stay, and so does what is not known: rows without an event, and outcomes that are still to come.
        next_returns : Series of shape (n_rows,)
            Panel of what the same other bar earned.

        Notes
        -----
        Bars move together over all instruments, in blocks that keep what neighbours share: `permuted` cuts the range
        into blocks and shuffles them, so that each outcome comes once; `bootstrapped` draws blocks with replacement.
        Where an instrument has no outcome at the bar that is meant, the next in the new order takes its place: then
        instruments move together but for a few bars.
        """
        index = self.outcomes.index
        bar, stamps = pd.factorize(index.get_level_values("timestamp"))
        instruments = index.get_level_values("instrument").to_numpy()
        known = self.outcomes["label"].notna().to_numpy()
        asked, rng = self.spec.overfitting, np.random.default_rng([self.spec.seed, number])
        order = _order(len(stamps), self._mean_block_bars(), asked.chance_order, rng)
        follow = _drawn_again if asked.chance_order == "bootstrapped" else _shuffled
        source = np.arange(len(index))
        for instrument in np.unique(instruments[known]):
            rows = np.flatnonzero(instruments == instrument)
            source[rows[known[rows]]] = rows[follow(order, bar[rows], known[rows])]
        labels, returns = self.outcomes.copy(), self.next_returns.reindex(index)
        for column in ("label", "outcome"):
            labels[column] = self.outcomes[column].to_numpy(dtype=np.float64)[source]
        return labels, pd.Series(returns.to_numpy(dtype=np.float64)[source], index=index, name=returns.name)

    def _mean_block_bars(self) -> float:
        n_bars = self.outcomes.index.get_level_values("timestamp").nunique()
        return usual_block_bars(n_bars, self.spec.label.horizon_bars)

    def _judged(self, predictions: Predictions, labels: Labels, next_returns: pd.Series) -> tuple[float, float]:
        """Return the score of traded predictions, and the Sharpe ratio of what their signals earn; NaN without one."""
        name = self.spec.validation.score
        weigh = score_weights(self.spec, labels, self.bars)
        value = score_together(predictions, labels, [name], weigh=weigh)[name]
        return value, float(return_moments(earned_by_signals(predictions, self.spec, next_returns)).sharpe)


def share_as_good(observed: float, found: NDArray[np.float64]) -> float | None:
    """Return (1 + r) / (1 + n), with r of n at least as good; what is not known counts as good. None without a number.

    Examples
    --------
    >>> share_as_good(2.0, np.array([1.0, 2.0, np.nan]))
    0.75
    """
    if np.isnan(observed):
        return None
    return float((1 + (~(found < observed)).sum()) / (1 + len(found)))


def _order(n_bars: int, mean_block_bars: float, order: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return where each bar's outcome comes from."""
    if order == "bootstrapped":
        drawn: NDArray[np.int64] = stationary_bootstrap(n_bars, 1, mean_block_bars, rng)[0]
        return drawn
    cuts = np.flatnonzero(rng.random(n_bars - 1) < 1.0 / mean_block_bars) + 1
    blocks = np.split(np.arange(n_bars), cuts)
    return np.concatenate([blocks[place] for place in rng.permutation(len(blocks))])


def _shuffled(order: NDArray[np.int64], bars: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the row whose outcome each known row of an instrument gets, each once, where its bars are shuffled.

    A bar that it lacks at its old place or at its new one leaves a gap, which the others fill in their order.
    """
    place = np.argsort(order)[bars]  # where each bar goes
    is_lost = ~np.isin(place, bars)
    place[is_lost] = np.setdiff1d(bars, place)[np.argsort(np.argsort(place[is_lost]))]
    moved = np.argsort(place)
    return moved[known[moved]]


def _drawn_again(order: NDArray[np.int64], bars: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the row whose outcome each known row of an instrument gets: the next known one at the bar that was drawn.

    Bars before its first and after its last stand for others between them, so that neighbours stay neighbours.
    """
    rows = np.flatnonzero(known)
    first, last = bars[rows[[0, -1]]]
    wanted = first + (order[bars[rows]] - first) % (last - first + 1)
    drawn: NDArray[np.int64] = rows[np.searchsorted(bars[rows], wanted)]
    return drawn
