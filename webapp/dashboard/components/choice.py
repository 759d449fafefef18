"""Whether the model that was chosen is better than the others by more than chance, in words."""

import math
from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from quant.catalog import in_a_sentence
from quant.models.catalog import MODELS
from quant.validation.scores import Score
from webapp import formats
from webapp.dashboard.components.cards import check_line
from webapp.services.results import ResultView

TITLES = {entry.model_fields["name"].default: entry.title for entry in MODELS}


def compared(result: ResultView, score: Score) -> list[Component]:
    """Return what the paired test says of the chosen model beside the next best of each; nothing in older answers."""
    lines = comparison_in_words(result, score)
    if not lines:
        return []
    note = (
        "Paired test of the purged folds, corrected for training rows that they share and for the number of "
        "comparisons. It does not allow for the choice itself, which makes differences look greater."
    )
    return [
        html.Ul([check_line(is_good, text) for is_good, text in lines], className="check-list mt-3"),
        html.P(note, className="small muted mt-2"),
    ]


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
