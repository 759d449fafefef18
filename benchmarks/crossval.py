"""Claim: purged cross-validation and tuning cost hardly more than the fits that they consist of."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.bare import Job
from benchmarks.findings import Finding, Goal, Table
from benchmarks.fits import fits_through
from quant.analysis import run_analysis
from quant.fitting import fit_folds
from quant.frames import Predictions
from quant.models.catalog import ModelEntry
from quant.preparation import (
    bar_returns,
    clean_prices,
    features_panel,
    fetch_instruments,
    labels_panel,
    samples,
)
from quant.spec import AnalysisSpec
from quant.validation.certificate import purge_certificate
from quant.validation.cross_validation import FoldResult, fit_predict_folds, score_folds
from quant.validation.splits import purged_k_fold

GOAL = (
    "purged cross-validation takes at most 1.03 times the plain loop of its fits and 0.3 s, on two threads at most "
    "0.62 times that loop; 30 trials of tuning take at most 3 % beyond their fits."
)
_N_FOLDS, _EMBARGO, _FIXED_SECONDS = 5, 5, 0.3
_WINDOWS = tuple(range(2, 12))


@dataclass(frozen=True)
class _Timed:
    """Seconds of one model, a number a round: wall and, of what runs on one thread, processor."""

    plain: list[float]
    one: list[float]
    plain_wall: list[float]
    two_wall: list[float]


def measure(*, quick: bool = False) -> Finding:
    """Time five purged folds of real prices with 40 features, and a search."""
    n_rounds, size, n_trials = (1, 10, 2) if quick else (3, 300, 30)
    found = {
        "XGBoost": _cross_validated({"name": "xgboost", "n_rounds": size, "max_depth": 6}, n_rounds),
        "random forest": _cross_validated({"name": "random_forest", "n_trees": size}, n_rounds),
    }
    one = {name: _over(timed.one, timed.plain, _FIXED_SECONDS) for name, timed in found.items()}
    two = {name: _over(timed.two_wall, timed.plain_wall, 0.0) for name, timed in found.items()}
    total, fits = _tuned(n_trials, n_rounds=max(10, size // 6))
    return Finding(
        name="crossval",
        title="Cross-validation",
        goal=GOAL,
        how=(
            f"{_N_FOLDS} purged folds with an embargo of {_EMBARGO} bars of the sample's prices of GOOG with "
            f"{4 * len(_WINDOWS)} features, {size} trees: from panels to scores, with splits, purge certificate, "
            "checks and frames, against a plain loop over the same folds, parameters and seeds on arrays, which gives "
            f"the same probabilities. In turns, {n_rounds} times; one thread by processor time, two by the clock. "
            f"Tuning is that of a whole run, {n_trials} trials of XGBoost on {_N_FOLDS} folds each, stages kept in "
            "memory; its fits are what fitting and predicting takes inside it."
        ),
        goals=(
            Goal("one thread over the plain loop, less 0.3 s", max(one.values()), 1.03, "×"),
            Goal("two threads over the plain loop", max(two.values()), 0.62, "×"),
            Goal("tuning beyond its fits", 100.0 * (total / fits - 1.0), 3.0, "%"),
        ),
        tables=(
            Table(
                "Seconds, and ratios over the plain loop:",
                ("model", "plain loop", "one thread", "two threads", "one thread less 0.3 s, ratio", "two, ratio"),
                tuple(
                    (
                        name,
                        *(statistics.median(each) for each in (timed.plain, timed.one, timed.two_wall)),
                        one[name],
                        two[name],
                    )
                    for name, timed in found.items()
                ),
            ),
            Table(
                "Tuning, seconds:",
                ("trials", "all", "fits and predictions"),
                ((n_trials, total, fits),),
            ),
        ),
    )


def _spec(model: dict[str, Any], **changes: Any) -> AnalysisSpec:
    names = ("return", "volatility", "rsi", "sma")
    return AnalysisSpec.model_validate(
        {
            "instruments": [{"symbol": "GOOG"}],
            "features": [{"name": name, "window": window} for name in names for window in _WINDOWS],
            "models": [model],
            "importance": False,
            "audit": {"enabled": False},
            **changes,
        }
    )


def _cross_validated(model: dict[str, Any], n_rounds: int) -> _Timed:
    """Time the plain loop, and ours on one thread and on two, in turns."""
    spec = _spec(model)
    adjusted = clean_prices(spec, dict(enumerate(fetch_instruments(spec)))).adjusted
    rows, outcomes = samples(spec, features_panel(spec, adjusted), labels_panel(spec, adjusted))
    bars = bar_returns(adjusted)
    entry: ModelEntry = spec.models[0]

    def ours(n_jobs: int) -> Predictions:
        folds = purged_k_fold(outcomes, _N_FOLDS, _EMBARGO)
        purge_certificate(folds, outcomes)
        predictions, _ = fit_folds(spec, entry, rows, outcomes, folds, bars=bars, n_jobs=n_jobs)
        score_folds(predictions, outcomes, [spec.validation.score])
        return predictions

    job = Job(
        entry, spec.seed, rows.to_numpy(), outcomes["label"].to_numpy(), purged_k_fold(outcomes, _N_FOLDS, _EMBARGO)
    )
    timed = _Timed([], [], [], [])
    with threadpool_limits(limits=1):
        np.testing.assert_array_equal(ours(2)["probability"].to_numpy(), job.run())
        for _ in range(n_rounds):
            plain, plain_wall = _seconds(job.run)
            timed.plain.append(plain)
            timed.plain_wall.append(plain_wall)
            timed.one.append(_seconds(lambda: ours(1))[0])
            timed.two_wall.append(_seconds(lambda: ours(2))[1])
    return timed


def _tuned(n_trials: int, *, n_rounds: int) -> tuple[float, float]:
    """Return the seconds of a run that searches, less those of one that does not, and of the fits of the search."""
    model = {"name": "xgboost", "n_rounds": n_rounds}
    seconds = {}
    for n in (0, 0, n_trials):  # once to warm up
        spec = _spec(
            model,
            validation={"target": 0.99},
            tuning={"enabled": n > 0, "n_trials": max(n, 1), "time_budget_seconds": 86_400},
        )
        fits: list[float] = []
        with fits_through(_noting(fits)):
            _, total = _seconds(lambda spec=spec: run_analysis(spec, fetch_instruments))
        seconds[n] = (total, sum(fits))
    return seconds[n_trials][0] - seconds[0][0], seconds[n_trials][1] - seconds[0][1]


def _noting(fits: list[float]) -> Callable[..., Any]:
    """Return the function that fits folds, with what each fold took noted."""

    def noted(*arguments: Any, on_fold: Callable[[FoldResult], None] | None = None, **options: Any) -> Any:
        def note(result: FoldResult) -> None:
            fits.append(result.seconds)
            if on_fold is not None:
                on_fold(result)

        return fit_predict_folds(*arguments, on_fold=note, **options)

    return noted


def _seconds(function: Callable[[], object]) -> tuple[float, float]:
    """Return the processor's seconds of a call, and the clock's."""
    began, began_wall = time.process_time(), time.perf_counter()
    function()
    return time.process_time() - began, time.perf_counter() - began_wall


def _over(ours: list[float], plain: list[float], fixed: float) -> float:
    """Return the median ratio of neighbours, less what may be spent whatever the fits take."""
    return statistics.median((one - fixed) / other for one, other in zip(ours, plain, strict=True))
