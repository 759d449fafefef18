"""What luck explains: the trials that were made, the choice among them, and the order of the returns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.learning import trial_returns
from quant.result import TriedModel
from quant.spec import AnalysisSpec
from quant.stages import Json
from quant.validation.null_test import LEAST_BARS, null_test, usual_block_bars
from quant.validation.overfitting import (
    deflated_sharpe_ratio,
    effective_trials,
    expected_best_sharpe,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    return_moments,
)
from quant.validation.selection import (
    LEAST_BARS_A_BLOCK,
    LEAST_TRIALS,
    N_BLOCKS,
    backtest_overfitting,
    trial_correlations,
)

_WIDEST_LOGIT, _LOGIT_STEP = 5.0, 0.5
_UNKNOWN = (
    "sharpe_ratio",
    "skewness",
    "raw_kurtosis",
    "probabilistic_sharpe_ratio",
    "deflated_sharpe_ratio",
    "deflated_by_effective",
    "minimum_track_record_length",
)


@dataclass(frozen=True)
class Finding:
    """Facts, None if there was too little to find any, and a frame of what they are of."""

    facts: dict[str, Json] | None = None
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)


def count_luck(
    excess: pd.Series, trials: Sequence[TriedModel], n_more: int = 0, *, is_sampled: bool = False
) -> dict[str, Json]:
    """Return how likely the curve's Sharpe ratio is more than the best of so many tries by luck; all per bar.

    Parameters
    ----------
    excess : Series of shape (n_returns,)
        Returns of the traded curve above the risk-free rate.
    trials : sequence of TriedModel
        All that were made in the first training window, those that did not fit included.
    n_more : int, default=0
        Others that were made, see `quant.choosing.choose_for_folds`.
    is_sampled : bool, default=False
        Whether those whose returns are known are an even sample of all: then all resemble each other as they do.

    Returns
    -------
    dict
        JSON facts. The `deflated_sharpe_ratio` counts each trial as one; `deflated_by_effective` counts how many
        independent ones they amount to, `n_effective_trials`, with each that did not fit and each of the others as one.

    Notes
    -----
    Timing: uses the whole of what was traded; a statement about the past.

    The trials' Sharpe ratios come from the training span, the curve's from the bars after it. So the variance of the
    former is measured in units of what chance gives over their own bars, taken to be at least 1 (a few trials that
    happen to agree must not make luck look impossible), and carried over to the number of bars of the curve.
    """
    moments = return_moments(excess)
    tried = np.array([trial.sharpe_ratio for trial in trials if trial.sharpe_ratio is not None])
    earned = trial_returns(trials)
    spread = float(tried.var(ddof=1)) * len(earned) if len(tried) > 1 else 0.0
    variance = max(spread, 1.0) / (moments.n_returns - 1)
    n_trials = len(trials) + n_more
    n_effective, n_known = effective_trials(trial_correlations(earned)), earned.shape[1]
    if is_sampled and n_known > 1:
        n_effective = 1.0 + (n_effective - 1.0) * (n_trials - 1) / (n_known - 1)
    else:
        n_effective += n_trials - n_known
    shape = {"skewness": moments.skewness, "raw_kurtosis": moments.raw_kurtosis}
    facts: dict[str, Json] = {
        "n_trials": n_trials,
        "n_effective_trials": n_effective,
        "n_returns": moments.n_returns,
        "trial_variance": variance,
        "expected_best_sharpe": expected_best_sharpe(variance, n_trials),
    }
    if np.isnan(moments.sharpe):  # the curve never moved
        return facts | dict.fromkeys(_UNKNOWN)
    least = minimum_track_record_length(moments.sharpe, **shape)
    deflated, by_effective = (
        deflated_sharpe_ratio(moments.sharpe, moments.n_returns, **shape, trial_variance=variance, n_trials=n)
        for n in (n_trials, n_effective)
    )
    return facts | {
        "sharpe_ratio": moments.sharpe,
        **shape,
        "probabilistic_sharpe_ratio": probabilistic_sharpe_ratio(moments.sharpe, moments.n_returns, **shape),
        "deflated_sharpe_ratio": deflated,
        "deflated_by_effective": by_effective,
        "minimum_track_record_length": least if np.isfinite(least) else None,
    }


def look_at_choice(trials: Sequence[TriedModel]) -> Finding:
    """Return how often the best of the trials on half of the training span is no better than the median on the rest.

    Parameters
    ----------
    trials : sequence of TriedModel
        All that were made; those that did not fit have nothing to compare.

    Returns
    -------
    Finding
        Facts of `quant.validation.selection.backtest_overfitting`, and the frame `overfitting`, how often each logit
        came; nothing with fewer trials or bars than it takes.

    Notes
    -----
    Timing: the training span only.
    """
    return look_at_returns(trial_returns(trials))


def look_at_returns(earned: NDArray[np.float64]) -> Finding:
    """Return how often the best of several on half of the bars is no better than the median on the rest.

    Parameters
    ----------
    earned : ndarray of shape (n_bars, n_trials)
        What each earned at each bar.

    Returns
    -------
    Finding
        As `look_at_choice`.

    Notes
    -----
    Timing: a statement about the past.
    """
    n_bars = int((~np.isnan(earned).any(axis=1)).sum())
    if earned.shape[1] < LEAST_TRIALS or n_bars < LEAST_BARS_A_BLOCK * N_BLOCKS:
        return Finding()
    found = backtest_overfitting(earned)
    edges = np.arange(-_WIDEST_LOGIT, _WIDEST_LOGIT + _LOGIT_STEP, _LOGIT_STEP)
    # A logit of 0 counts as overfit, so each bin has its upper edge.
    places = np.searchsorted(edges, found.combinations["logit"].clip(-_WIDEST_LOGIT + 1e-9, _WIDEST_LOGIT), side="left")
    counts = np.bincount(places - 1, minlength=len(edges) - 1)
    facts: dict[str, Json] = {
        "probability": found.probability,
        "probability_of_loss": found.probability_of_loss,
        "slope": None if np.isnan(found.slope) else found.slope,
        "r_squared": None if np.isnan(found.r_squared) else found.r_squared,
        "n_trials": found.n_trials,
        "n_bars": found.n_bars,
        "n_blocks": found.n_blocks,
        "n_combinations": len(found.combinations),
    }
    bins = pd.DataFrame({"logit": edges[1:] - _LOGIT_STEP / 2, "n_combinations": counts.astype(np.int64)})
    return Finding(facts, {"overfitting": bins})


def resample(spec: AnalysisSpec, signals: pd.Series, next_returns: pd.Series) -> Finding:
    """Return how often the traded signals do as well on returns whose order was drawn anew.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    signals : Series of shape (n_rows,)
        Panel of what was to be held.
    next_returns : Series
        Panel of one-bar outcomes, see `quant.preparation.next_bar_returns`.

    Returns
    -------
    Finding
        Facts of `quant.validation.null_test.null_test`, with `sharpe_ratio` and `p_value` None if nothing moved, and
        the frame `null_test`; nothing if it was switched off, or fewer than 20 bars were traded.

    Notes
    -----
    Timing: uses the whole of what was traded; a statement about the past.
    """
    held = signals.unstack("instrument")  # noqa: PD010  # a panel's own level
    if not spec.overfitting.n_resamples or len(held) < LEAST_BARS:
        return Finding()
    earned = next_returns.reindex(signals.index).unstack("instrument")  # noqa: PD010  # a panel's own level
    found = null_test(
        held,
        earned,
        n_resamples=spec.overfitting.n_resamples,
        mean_block_bars=usual_block_bars(len(held), spec.label.horizon_bars),
        seed=spec.seed,
    )
    is_known = not np.isnan(found.p_value)
    facts: dict[str, Json] = {
        "sharpe_ratio": found.sharpe_ratio if is_known else None,
        "p_value": found.p_value if is_known else None,
        "n_resamples": found.n_resamples,
        "mean_block_bars": found.mean_block_bars,
        "n_bars": len(held),
    }
    return Finding(facts, {"null_test": pd.DataFrame({"sharpe_ratio": found.resampled})} if is_known else {})
