"""The search for better parameters, inside the training span: at random, on a grid, or by what trials have found."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat, zip_longest
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
    grid : callable
        `grid()` yields parameters in the order in which they are to be tried.
    suggest : callable
        `suggest(trial)` lets a trial of Optuna's choose parameters.
    """

    model: str
    sample: Callable[[np.random.Generator], Mapping[str, Any]]
    grid: Callable[[], Iterable[Mapping[str, Any]]] = tuple
    suggest: Callable[[Any], Mapping[str, Any]] = dict


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


def grid_of(candidates: Sequence[Candidate], n_trials: int) -> list[tuple[int, Parameters]]:
    """Return the first trials of a grid search: candidates take turns until none has a point left.

    Parameters
    ----------
    candidates : sequence of Candidate
        The models, at least one.
    n_trials : int
        Most trials.

    Returns
    -------
    list of (int, dict)
        Position among the candidates, and parameters.
    """
    walks = [
        zip(repeat(place), map(dict, islice(candidate.grid(), n_trials)), strict=False)
        for place, candidate in enumerate(candidates)
    ]
    turns = chain.from_iterable(zip_longest(*walks))
    return list(islice((turn for turn in turns if turn is not None), n_trials))


def next_round(
    candidates: Sequence[Candidate],
    scores: Sequence[float | None],
    *,
    round_size: int,
    seed: int,
    higher_is_better: bool,
) -> list[tuple[int, Parameters]]:
    """Return what a tree-structured Parzen estimator tries next, after whole rounds of which it knows the scores.

    Parameters
    ----------
    candidates : sequence of Candidate
        The models, at least one; trial `i` tries candidate `i` modulo their number, and each has its own estimator.
    scores : sequence of float or None
        Of all trials so far, in the order of their numbers: a multiple of `round_size`. None: it failed, or no score.
    round_size : int
        Trials that are chosen at once, at least 1.
    seed : int
        Start of the random numbers.
    higher_is_better : bool
        Whether the greatest score is sought.

    Returns
    -------
    list of (int, dict)
        Position among the candidates, and parameters, of `round_size` trials.

    Raises
    ------
    InvalidSpec
        If the scores are not those of whole rounds.

    Notes
    -----
    Timing: as `random_search`: scores of folds inside the training span.

    Optuna is asked and told in memory, from the first trial on each time: so what is tried depends on the arguments
    alone, and whoever knows the scores, in any process, finds the same.

    References
    ----------
    Bergstra, Bardenet, Bengio and Kégl 2011, Algorithms for Hyper-Parameter Optimization, NeurIPS 24.
    """
    if round_size < 1 or len(scores) % round_size:
        raise InvalidSpec(
            f"Expected the scores of whole rounds of {round_size} trials; found {len(scores)}.", field="round_size"
        )
    import optuna  # noqa: PLC0415  # half a second, for those who ask for it

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    state = optuna.trial.TrialState
    studies = [
        optuna.create_study(
            direction="maximize" if higher_is_better else "minimize",
            sampler=optuna.samplers.TPESampler(seed=(seed + place) % 2**32),
        )
        for place in range(len(candidates))
    ]
    asked: list[tuple[int, Parameters]] = []
    for first in range(0, len(scores) + round_size, round_size):
        trials = []
        for number in range(first, first + round_size):
            place = number % len(candidates)
            trials.append(studies[place].ask())
            asked.append((place, dict(candidates[place].suggest(trials[-1]))))
        for (place, _), trial, score in zip(asked[first:], trials, scores[first : first + round_size], strict=False):
            studies[place].tell(trial, score, state=state.FAIL if score is None else state.COMPLETE)
    return asked[-round_size:]


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
    draw: Callable[[int], tuple[int, Parameters]] | None = None,
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
    draw : callable, default=None
        `draw(number)` returns candidate and parameters of a trial, when all before it are told; None: at random.
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
        drawn = draw_parameters(candidates, seed, number) if draw is None else draw(number)
        trials.append(_run_trial(candidates, evaluate, number, drawn, clock))
        if on_trial is not None:
            on_trial(trials[-1])
    return trials


def _run_trial(
    candidates: Sequence[Candidate],
    evaluate: Evaluate,
    number: int,
    drawn: tuple[int, Parameters],
    clock: Callable[[], float],
) -> Trial:
    started = clock()
    position, parameters = drawn
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
