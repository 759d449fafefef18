"""What was chosen, what it was held against, and what became of it: for the Model tab and for documents."""

from quant.catalog import in_a_sentence
from quant.validation.scores import Score
from webapp import formats
from webapp.services.results import ResultView, chosen_models


def choice_in_words(result: ResultView, score: Score) -> list[tuple[bool | None, str]]:
    """Return what was chosen, whether it met the target and what tuning did, each with whether that is good."""
    chosen, tuning = result.facts["chosen"], result.facts["tuning"]
    best = (
        f"{chosen['title']} had the best {in_a_sentence(score.title)} on the purged folds of the training span: "
        f"{score_text(chosen['score'])}. Without skill it would be {score.no_skill}."
    )
    if chosen.get("chance_score") is not None:  # None of numbers, and in older answers
        best += f" There, the shares of the classes alone get {score_text(chosen['chance_score'])}."
    lines: list[tuple[bool | None, str]] = [(None, best)]
    if len(chosen_models(result.facts)) > 1:
        lines.append((None, "That is the choice of the first fold; each later one chose for itself; all are listed."))
    if chosen["target"] is None:
        lines.append((None, "No target was set, so nothing was searched for."))
    elif chosen["target_met"]:
        lines.append((True, f"It meets the target of {chosen['target']:g}."))
    elif chosen["score"] is not None and score.meets(chosen["score"], chosen["target"]):
        words = f"It is at the target of {chosen['target']:g}, but no better than those shares: not good enough."
        lines.append((False, words))
    else:
        lines.append(
            (False, f"It misses the target of {chosen['target']:g}: by the measure set beforehand, not good enough.")
        )
    if tuning["started"]:
        n_trials = formats.plural(tuning["n_trials"], "parameter set")
        outcome = (
            "one of them is the model above" if chosen["kind"] == "tuning" else "none was better than the candidates"
        )
        lines.append(
            (None, f"No candidate met the target, so {n_trials} were tried inside the training span; {outcome}.")
        )
    return [*lines, _out_of_sample_in_words(result, score)]


def _out_of_sample_in_words(result: ResultView, score: Score) -> tuple[bool | None, str]:
    """Return what became of the score on bars that the models had not seen."""
    value, target = result.facts["scores"].get(score.name), result.facts["chosen"]["target"]
    if value is None:
        return None, "Out of sample the score is not defined: all outcomes were alike."
    text = f"Out of sample, over all predictions that were traded, it reached {score_text(value)}"
    if target is None:
        return None, f"{text}."
    is_good = score.meets(value, target)
    return is_good, f"{text}, which {'meets' if is_good else 'misses'} the same target."


def score_text(value: float | None) -> str:
    """Return a score as a page writes it."""
    return formats.number(value, 3)
