"""The whole answer: frames, facts, and one hash over everything in it that must repeat bit for bit.

Frames, by name (fractions per bar unless said otherwise; indices and columns in this order)
    equity            timestamp -> equity cash position_value return exposure turnover costs interest benchmark
                      benchmark_return drawdown benchmark_drawdown
    sweep             one row a combination: its numbers by name, then its measures, as `quant.rule_choice` defines
                      them; if nothing was varied none
    trades            one row a round trip, as `quant.backtest.trades` defines it
    fills             one row a fill, as `quant.backtest.engine` defines it
    predictions       panel -> what was predicted (see `quant.frames`), fold lower upper signal target_weight (share)
                      label outcome (`lower` and `upper`: the interval of the outcome, of outcomes known at that moment)
    candidates        one row a trial: number kind model parameters score sharpe_ratio (parameters as JSON text)
    fold_scores       one row a walk-forward fold: fold train_start train_end test_start test_end n_train n_test, scores
    overfitting       one row a bin of logits: logit n_combinations, of `quant.validation.selection`; with fewer than 5
                      trials none
    null_test         one row a resample: sharpe_ratio, of `quant.validation.null_test`; if it was switched off none
    paths             timestamp -> path_1 path_2 ..., as `quant.paths` defines them; if none were asked for none
    chance_runs       one row a repetition: score sharpe_ratio, of `quant.chance`; if none were asked for none
    cv_scores         one row a trial and purged fold: number fold score
    roc, calibration, confusion       as `quant.validation.scores` defines them, of all out-of-sample predictions of
                      classes; of numbers instead `forecast_bins`
    coverage          timestamp -> covered, as `quant.validation.intervals` defines it
    quantile_coverage timestamp -> covered_50 covered_80 and the same of moved bands, as
                      `quant.validation.quantile_bands` defines them; of models that predict no quantiles none
    importance        as `quant.models.importance.both_importances` defines it
    partial_dependence, decision_boundary, shap, single_feature, clusters, learning_curve      as `quant.explaining`
                      defines them, if asked for
    monthly_returns   year month return benchmark_return
    yearly_returns    year return benchmark_return
    stress            the worst windows, then named ones: name n_bars start_at end_at return benchmark_return
    correlations      one row a pair of instruments: instrument other correlation; of one instrument none
    division          one row an instrument: instrument latest mean least most share of the book; of equal shares none
    drawdowns         the deepest: peak_at valley_at recovery_at depth n_bars
    rolling           timestamp -> rolling measures
    prices            panel -> open high low close volume (raw) and adjusted_close (back-adjusted), from the first
                      out-of-sample bar
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.stages import hash_frame, hash_json
from quant.validation.catalog import ScoreName


@dataclass(frozen=True)
class TriedModel:
    """One trial: a model and its parameters, judged on the purged folds of the training span.

    A rule is one too, of the kind `rule`: judged by the Sharpe ratio of its account, costs included, on all its bars.
    Each combination of a sweep is one of the kind `sweep`, judged by its account on the bars that the choice sees.

    `score` is the mean over folds; None if no fold could be scored. `sharpe_ratio` is per bar, of holding what the
    purged predictions' signals say, without costs; it says how widely trials differ, and is no claim of profit.
    `earned` has the returns that it is of, one a bar of the training span; None where the trial is only told of.
    `weeks` is what a ledger keeps of them, see `quant.validation.likeness`.
    """

    number: int
    kind: str
    model: str
    parameters: Mapping[str, Any]
    score_name: ScoreName | Literal["sharpe_ratio", "total_return"]
    score: float | None
    fold_scores: tuple[float | None, ...]
    sharpe_ratio: float | None
    earned: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)
    weeks: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class AnalysisResult:
    """The answer to one question.

    Attributes
    ----------
    frames : mapping of str to DataFrame
        Named at the head of this module.
    facts : mapping of str to JSON
        `verdict`, `metrics`, `chosen`, `tuning`, `comparison`, `scores`, `score_intervals`, `calibration`, `intervals`,
        `latest`, `honesty`, `data`, `trading`, `brackets`, `risk`, `spec_hash`, `seed`; `quantiles`, if they were
        predicted; `sweep`, of `quant.rule_choice`, if numbers of a rule were varied.
    stage_keys : mapping of str to str
        Address of each stored stage.
    versions : mapping of str to str
        Versions of the libraries that decide numbers.
    """

    frames: Mapping[str, pd.DataFrame]
    facts: Mapping[str, Any]
    stage_keys: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def hash(self) -> str:
        """Return the SHA-256 of all frames and facts: equal for a re-run of the same question and prices."""
        return hash_json(
            {"frames": {name: hash_frame(frame) for name, frame in self.frames.items()}, "facts": self.facts}
        )
