"""Random search for better parameters, inside the training span."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from quant.errors import InvalidSpec, ModelError

Parameters: TypeAlias = dict[str, Any]
Evaluate: TypeAlias = Callable[[int, Parameters], Sequence[float]]


@dataclass(frozen=True)
class Candidate:
    """A model whose parameters are searched.

    Attributes
    ----------
    model : str
        Name of the model, for people.
    sample : callable
        `sample(rng)` draws parameters from a numpy Generator, and from nothing else.
    """

    model: str
    sample: Callable[[np.random.Generator], Mapping[str, Any]]


@dataclass(frozen=True)
class Trial:
    """One parameter set that was tried.

    Attributes
    ----------
    number : int
        From 0; with the seed it determines model and parameters.
    candidate : int
        Position of the model among the candidates.
    model : str
        Its name.
    parameters : dict
        What was drawn.
    score : float or None
        Mean of the fold scores that are known; None if none is.
    fold_scores : tuple of float or None
        One a fold; None where the score is not defined.
    seconds : float
        Wall time: of interest, and no part of the result.
    status : {"finished", "failed"}
        A trial fails if its model does not fit; the search goes on.
    error : str or None
        Why it failed.
    """

    number: int
    candidate: int
    model: str
    parameters: Parameters
    score: float | None
    fold_scores: tuple[float | None, ...]
    seconds: float
    status: Literal["finished", "failed"]
    error: str | None = None


def draw_parameters(candidates: Sequence[Candidate], seed: int, number: int) -> tuple[int, Parameters]:
    """Return which candidate a trial tries, and its parameters.

    Parameters
    ----------
    candidates : sequence of Candidate
        The models, at least one; they take turns.
    seed : int
        Start of the search's random numbers, 0 or more.
    number : int
        Number of the trial, 0 or more.

    Returns
    -------
    candidate : int
        Position among the candidates.
    parameters : dict
        Drawn from random numbers that depend on `seed` and `number` alone, not on other trials, threads or time.
    """
    position = number % len(candidates)
    return position, dict(candidates[position].sample(np.random.default_rng([seed, number])))


def random_search(  # noqa: PLR0913  # each is a part of what a search is
    candidates: Sequence[Candidate],
    evaluate: Evaluate,
    *,
    n_trials: int,
    time_budget_seconds: float,
    seed: int,
    pinned_n_trials: int | None = None,
    on_trial: Callable[[Trial], None] | None = None,
    is_begun: Callable[[int], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Trial]:
    """Try parameter sets drawn at random, told one after the other.

    Parameters
    ----------
    candidates : sequence of Candidate
        The models, at least one; trial `i` tries candidate `i` modulo their number.
    evaluate : callable
        `evaluate(candidate, parameters)` returns the scores of the folds, NaN where one is not defined; the folds may
        run side by side. It must see training rows only: purged folds inside the training span, never a row that a
        reported score is computed from.
    n_trials : int
        Most trials to start, at least 1.
    time_budget_seconds : float
        No trial starts later than this after the first, by `clock`; a started trial is finished.
    seed : int
        Start of the random numbers.
    pinned_n_trials : int, default=None
        Run exactly so many trials, whatever the time: the number of an earlier run, to repeat it. From 1 to `n_trials`.
    on_trial : callable, default=None
        `on_trial(trial)`, called after each trial: for progress, for storing, and for cancelling by raising.
    is_begun : callable, default=None
        `is_begun(number)` tells whether somebody has begun a trial already, or ended it: the time budget, which keeps
        trials from being started, does not keep it out.
    clock : callable, default=time.monotonic
        Seconds that only grow.

    Returns
    -------
    list of Trial
        In the order of their numbers, which are 0, 1, 2 and so on without a hole. The time budget decides how many
        there are; what each contains depends on `seed` and its number alone, but for `seconds`.

    Raises
    ------
    InvalidSpec
        If there is no candidate, or a number is out of its bounds.

    Notes
    -----
    Timing: choosing by these scores makes the best of them too good. Report the score of rows that no trial has seen,
    and count the trials where the result is judged (`quant.validation.overfitting`).

    A `ModelError` in `evaluate` makes the trial fail; any other error ends the search.

    References
    ----------
    Bergstra and Bengio 2012, Random Search for Hyper-Parameter Optimization, JMLR 13.
    """
    if not candidates:
        raise InvalidSpec("Expected at least one model to search; found none.", field="candidates")
    if n_trials < 1:
        raise InvalidSpec(f"Expected at least 1 trial; found {n_trials}.", field="n_trials")
    if pinned_n_trials is not None and not 1 <= pinned_n_trials <= n_trials:
        raise InvalidSpec(
            f"Expected to repeat from 1 to {n_trials} trials; found {pinned_n_trials}.", field="pinned_n_trials"
        )

    started = clock()
    trials: list[Trial] = []
    for number in range(n_trials if pinned_n_trials is None else pinned_n_trials):
        is_late = number > 0 and pinned_n_trials is None and clock() - started > time_budget_seconds
        if is_late and not (is_begun is not None and is_begun(number)):
            break
        trials.append(_run_trial(candidates, evaluate, seed, number, clock))
        if on_trial is not None:
            on_trial(trials[-1])
    return trials


def _run_trial(
    candidates: Sequence[Candidate], evaluate: Evaluate, seed: int, number: int, clock: Callable[[], float]
) -> Trial:
    started = clock()
    position, parameters = draw_parameters(candidates, seed, number)
    fold_scores: tuple[float | None, ...] = ()
    error = None
    try:
        fold_scores = tuple(None if math.isnan(score) else float(score) for score in evaluate(position, parameters))
    except ModelError as failure:
        error = str(failure)
    known = [score for score in fold_scores if score is not None]
    return Trial(
        number=number,
        candidate=position,
        model=candidates[position].model,
        parameters=parameters,
        score=math.fsum(known) / len(known) if known else None,
        fold_scores=fold_scores,
        seconds=clock() - started,
        status="finished" if error is None else "failed",
        error=error,
    )
