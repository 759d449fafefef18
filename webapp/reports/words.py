"""What an answer's tests and measurements say, each in one plain sentence: for pages, report and tear sheet alike."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from quant.catalog import in_a_sentence
from quant.models.catalog import MODELS
from quant.validation.scores import Score
from webapp import formats
from webapp.services.results import ResultView

TITLES = {entry.model_fields["name"].default: entry.title for entry in MODELS}
SCENARIOS = {
    "costs_0x": "Without costs",
    "costs_1x": "As asked",
    "costs_2x": "Twice the costs",
    "costs_5x": "Five times the costs",
    "worst_fills": "Fills at the worst price of their bars",
    "best_fills": "Fills at the best price of their bars",
}
MIDDLES = {"two_way": 0.5, "three_way": 1 / 3, "regression": 0.0}  # where a model says nothing

_CHANCE = 0.5  # choosing blindly, the chosen one is in the lower half every second time
_LITTLE = 0.05


def chance_runs_in_words(found: Mapping[str, Any], title: str) -> str:
    """Return what repeating the whole way says, in one plain sentence."""
    done = (
        f"Choosing, tuning and walking forward again on outcomes of other bars, {found['n_runs']:,} times, did as well "
        f"by {title} with a probability of {_chance_of(found['score_p_value'])}"
    )
    by_sharpe = found["sharpe_p_value"]
    earned = "" if by_sharpe is None else f", and by the Sharpe ratio of its signals with {_chance_of(by_sharpe)}"
    known = [each for each in (found["score_p_value"], by_sharpe) if each is not None]
    meaning = (
        "there was something to find"
        if known and max(known) <= _LITTLE
        else "the two do not agree"
        if known and min(known) <= _LITTLE
        else "the search finds as much where there is nothing"
    )
    return f"{done}{earned}: {meaning}."


def _chance_of(probability: float | None) -> str:
    return "unknown" if probability is None else f"{probability:.3f}" if probability < _LITTLE else f"{probability:.2f}"


def paths_in_words(found: Mapping[str, Any]) -> str:
    """Return what the paths say, in one plain sentence."""
    walked = (
        f"On {found['n_paths']:,} ways through the same history, put together from {found['n_splits']:,} fits "
        "that each left out other bars,"
    )
    share = found["share_at_or_below_zero"]
    if share is None:
        return f"{walked} the model never held anything."
    meaning = (
        "the result does not hang on one path"
        if share == 0.0
        else "the result hangs on the path"
        if share < _CHANCE
        else "on most paths there was nothing to earn"
    )
    return (
        f"{walked} the Sharpe ratio of a bar lay between {formats.number(found['least'], 3)} and "
        f"{formats.number(found['most'], 3)}, and was zero or less on {formats.percent(share, 0)}: {meaning}."
    )


def choice_in_words(found: Mapping[str, Any], sweep: Mapping[str, Any] | None = None) -> str:
    """Return what the probability of backtest overfitting says, in one plain sentence.

    Of a sweep with more combinations than were looked at, a second one says that it is of a sample.
    """
    share = formats.percent(found["probability"], 0)
    meaning = (
        "the choice carried over to bars that it had not seen"
        if found["probability"] < _LITTLE
        else "choosing was better than taking any"
        if found["probability"] < _CHANCE
        else "choosing by the past was no better than taking any"
    )
    is_sample = sweep is not None and sweep["n_sampled"] < sweep["n_combinations"]
    sample = (
        f" These are an even sample of the sweep's {sweep['n_combinations']:,} combinations: the best was chosen among "
        "more, which this share does not count."
        if sweep is not None and is_sample
        else ""
    )
    return (
        f"The best of {found['n_trials']:,} trials on one half of the training span was no better than the middle one "
        f"on the other half in {share} of {found['n_combinations']:,} ways to halve it: {meaning}.{sample}"
    )


def chance_in_words(found: Mapping[str, Any]) -> str:
    """Return what the null test says, in one plain sentence."""
    if found["p_value"] is None:
        return "Nothing was held, so there is nothing that chance could do as well."
    chance = f"{found['p_value']:.3f}" if found["p_value"] < _LITTLE else f"{found['p_value']:.2f}"
    verdict = (
        "the signals came at better times than chance" if found["p_value"] <= _LITTLE else "chance does this easily"
    )
    return (
        f"With the traded returns in another order, in blocks of about {found['mean_block_bars']:.0f} bars, the same "
        f"signals earned as much for their risk with a probability of {chance} "
        f"({found['n_resamples']:,} resamples): {verdict}."
    )


def nested_in_words(found: Mapping[str, Any]) -> str:
    """Return what it means that each fold chose for itself."""
    n_models = formats.plural(found["n_different"], "model")
    n_later = found.get("n_later_trials", 0)
    later = f"; {formats.plural(n_later, 'trial')} that the first did not make count as well" if n_later else ""
    return (
        f"The model was chosen anew for each of {len(found['folds']):,} folds, inside its own training rows: "
        f"{n_models} in all. So the curve is that of choosing, not of one choice that went well. What several folds "
        f"tried counts as one trial here{later}; in the ledger each counts."
    )


def intervals_in_words(facts: Mapping[str, Any]) -> str:
    """Return how many outcomes lay inside their intervals; of those of which any is known."""
    return (
        f"{formats.percent(facts['covered'])} of {formats.plural(facts['n_scored'], 'outcome')} lay inside an interval "
        f"that should hold {formats.percent(facts['level'], 0)}; on average it was "
        f"{formats.percent(facts['mean_width'])} wide. Each is made of outcomes that were known at that moment, of "
        "predictions that were out of sample."
    )


def quantiles_in_words(facts: Mapping[str, Any]) -> str:
    """Return how many outcomes lay between predicted quantiles; of those of which any is known."""
    inner, outer = facts["bands"]
    return (
        f"{formats.percent(outer['covered'])} of {formats.plural(outer['n_scored'], 'outcome')} lay between the "
        f"predicted quantiles that should hold {formats.percent(outer['level'], 0)}, and "
        f"{formats.percent(inner['covered'])} between those that should hold {formats.percent(inner['level'], 0)}; on "
        f"average they were {formats.percent(outer['mean_width'])} and {formats.percent(inner['mean_width'])} wide. A "
        "model learns them in training and promises nothing later; where they crossed, they were sorted."
    )


def conformal_in_words(facts: Mapping[str, Any]) -> str | None:
    """Return what bands held that learned from what they missed; None in answers from before there were any."""
    inner, outer = facts["bands"]
    wide, narrow = outer.get("conformal"), inner.get("conformal")
    if not wide or not narrow or wide["covered"] is None:
        return None
    return (
        f"Moved by what earlier bands missed (conformalised quantile regression), they held "
        f"{formats.percent(wide['covered'])} and {formats.percent(narrow['covered'])} of "
        f"{formats.plural(wide['n_scored'], 'outcome')}, {formats.percent(wide['mean_width'])} and "
        f"{formats.percent(narrow['mean_width'])} wide."
    )


def boundary_in_words(frame: pd.DataFrame, task: str, *, is_drawn: bool = True) -> str:
    """Return between what the model says on the map, and on which share of it more than nothing."""
    middle, is_share = MIDDLES[task], task != "regression"
    digits = 1 if is_share else 2
    said = "the probability of label 1" if is_share else "the predicted return"
    predicted = frame["predicted"]
    low, high, level = (formats.percent(each, digits) for each in (predicted.min(), predicted.max(), middle))
    share = float((predicted > middle).mean())
    where = f"on {formats.percent(share, 0)} of it more than {level}"
    line = "; the dashed line is where it is just that" if is_drawn and 0 < share < 1 else ""
    pair = f"{frame['across'].iloc[0]} and {frame['up'].iloc[0]}"
    return (
        f"By {pair}, with all other features at their medians, {said} by the final model runs from {low} to {high}, "
        f"{where}{line}. It describes the model, not the market, and shows combinations that may never have come."
    )


def comparison_in_words(result: ResultView, score: Score) -> list[tuple[bool | None, str]]:
    """Return a sentence for each model that was compared, each with whether the chosen one is really better."""
    facts = result.facts.get("comparison")
    if facts is None:
        return []
    if not facts:
        return [(None, "There was nothing to compare it with: only one set of parameters was tried.")]
    chosen = result.facts["chosen"]
    return [_in_words(each, chosen, result, score) for each in facts]


def _in_words(
    found: Mapping[str, Any], chosen: Mapping[str, Any], result: ResultView, score: Score
) -> tuple[bool | None, str]:
    other = in_a_sentence(TITLES.get(found["model"], found["model"]))
    if found["model"] == chosen["model"]:
        other = f"{other} with its next best parameters"
    elif result.frames["candidates"]["kind"].iloc[found["trial"]] == "tuning":
        other = f"{other} with its best parameters"
    title, difference = in_a_sentence(score.title), found["difference"]
    if difference is None or found["p_value"] is None:
        same = f"{formats.plural(found['n_folds'], 'fold')}, too few or too much alike to tell"
        return None, f"Compared with {other} on {same}."
    gain = difference if score.higher_is_better else -difference
    size = f"{formats.number(abs(difference), _digits(difference))} {'better' if gain > 0 else 'worse'}"
    chance = f"chance alone makes such a difference in {formats.percent(found['p_value_adjusted'], 0)} of comparisons"
    if found["is_distinguishable"]:
        return gain > 0, f"Better than {other}: its mean {title} is {size}, and {chance}."
    return None, f"Not distinguishable from {other}: its mean {title} is {size}, but {chance}."


def _digits(value: float) -> int:
    """Return so many decimals that two digits of a small number are seen, but no fewer than three."""
    return 3 if abs(value) >= 0.01 or value == 0 else min(8, 1 - math.floor(math.log10(abs(value))))  # noqa: PLR2004  # 1 %
