import dataclasses

import pytest
from dash import html

from quant.validation.scores import SCORES
from tests.webapp.dashboard import reading
from webapp.dashboard.components import choice

FOUND = {
    "trial": 1,
    "model": "random_forest",
    "difference": 0.0062,
    "standard_error": 0.01,
    "p_value": 0.31,
    "p_value_adjusted": 0.62,
    "n_folds": 5,
    "is_distinguishable": False,
}


@pytest.fixture
def said(result):
    def said(*found, score="roc_auc", **chosen):
        facts = {**result.facts, "comparison": list(found), "chosen": {**result.facts["chosen"], **chosen}}
        lines = choice.comparison_in_words(dataclasses.replace(result, facts=facts), SCORES[score])
        return [(is_good, text.replace("\u00a0", " ").replace("\u202f", " ")) for is_good, text in lines]

    return said


def test_what_chance_makes_is_called_not_distinguishable(said):
    ((is_good, text),) = said(FOUND)

    assert is_good is None
    assert text == (
        "Not distinguishable from random forest: its mean area under the ROC curve is 0.0062 better, but chance alone "
        "makes such a difference in 62 % of comparisons."
    )


def test_a_real_difference_is_one(said):
    ((is_good, text),) = said({**FOUND, "is_distinguishable": True, "difference": 0.05, "p_value_adjusted": 0.01})

    assert is_good is True
    assert text.startswith("Better than random forest: its mean area under the ROC curve is 0.050 better, and chance")


def test_of_a_loss_less_is_better(said):
    ((_, text),) = said({**FOUND, "difference": -0.02}, score="log_loss")

    assert "log loss is 0.020 better" in text


def test_the_same_model_is_named_by_its_parameters(said, result):
    kinds = result.frames["candidates"]["kind"]
    tuned = int(kinds[kinds == "tuning"].index[0])

    assert "random forest with its next best parameters" in said(FOUND, model="random_forest")[0][1]
    assert "random forest with its best parameters" in said({**FOUND, "trial": tuned}, model="logistic")[0][1]


def test_too_little_to_compare_is_said(said):
    unknown = {**FOUND, "p_value": None, "p_value_adjusted": None, "n_folds": 2}

    assert said(unknown) == [(None, "Compared with random forest on 2 folds, too few or too much alike to tell.")]
    assert "nothing to compare" in said()[0][1]


def test_a_real_answer_compares_its_models_and_an_older_one_says_nothing(result):
    words = reading.text(html.Div(choice.compared(result, SCORES["roc_auc"])))
    assert words.count("istinguishable from ") + words.count("Better than ") == len(result.facts["comparison"])
    assert "Paired test" in words

    old = {name: fact for name, fact in result.facts.items() if name != "comparison"}
    assert choice.compared(dataclasses.replace(result, facts=old), SCORES["roc_auc"]) == []
