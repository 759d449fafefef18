"""The model that was chosen: by what, beside which others, and how far its predictions were off, in sentences."""

from collections.abc import Mapping
from typing import Any

from quant.validation.scores import SCORES
from webapp import formats
from webapp.reports import words
from webapp.reports.blocks import Block, Bullets, Cell, Paragraph, Section, Table
from webapp.reports.model_words import choice_in_words
from webapp.services.results import ResultView

_STATES = {True: "good", False: "bad", None: "open"}


def chosen(result: ResultView) -> Section:
    """Return what was chosen and what became of it; of a rule there is nothing."""
    score = SCORES[result.facts["chosen"]["score_name"]]
    choice, compared = choice_in_words(result, score), words.comparison_in_words(result, score)
    judged = [*(line for line in choice if line[0] is not None), *compared]
    parameters = ", ".join(
        f"{formats.humanised(name).lower()} {formats.plain(value)}"
        for name, value in result.facts["chosen"]["parameters"].items()
    )
    blocks: list[Block] = [
        Paragraph(" ".join(text for is_good, text in choice if is_good is None)),
        *([Bullets([(_STATES[is_good], text) for is_good, text in judged])] if judged else []),
    ]
    if parameters:
        blocks.append(Paragraph(f"Its parameters: {parameters}.", is_small=True))
    blocks += [Paragraph(each) for each in _uncertainty(result)]
    boundary = result.frames.get("decision_boundary")
    if boundary is not None and not boundary.empty:
        blocks.append(Paragraph(words.boundary_in_words(boundary, result.facts["latest"]["task"], is_drawn=False)))
    nested = result.facts["honesty"].get("nested")
    return Section("The model", [*blocks, _folds(nested)] if nested else blocks, brief=blocks)


def _uncertainty(result: ResultView) -> list[str]:
    """Return how many outcomes lay where they should, of intervals and of predicted quantiles."""
    said: list[str | None] = []
    intervals, quantiles = result.facts.get("intervals"), result.facts.get("quantiles")
    if intervals and intervals["covered"] is not None:
        said.append(words.intervals_in_words(intervals))
    if quantiles and quantiles["bands"][-1]["covered"] is not None:
        said += [words.quantiles_in_words(quantiles), words.conformal_in_words(quantiles)]
    return [each for each in said if each is not None]


def _folds(nested: Mapping[str, Any]) -> Table:
    """Return what each fold chose for itself."""
    *folds, final = nested["folds"]
    rows = [
        [
            Cell("final" if each is final else formats.count(each["fold"] + 1)),
            Cell(each["title"]),
            Cell(", ".join(f"{name} {value}" for name, value in each["parameters"].items())),
            Cell(formats.number(each["score"], 4)),
        ]
        for each in (*folds, final)
    ]
    heads = ("Fold", "Model", "Parameters", SCORES[nested["score_name"]].title)
    numbers = (False, False, False, True)
    return Table("A choice for each fold", heads, rows, numbers, (0.1, 0.24, 0.46, 0.2), shows_caption=True)
