"""Tried with the Model tab, whose words these are."""

from quant.validation.scores import SCORES
from tests.webapp.reports import told
from webapp.reports.model_words import choice_in_words, score_text


def test_what_was_chosen_stands_first_and_what_became_of_it_last():
    first, *_, last = [text for _, text in choice_in_words(told.result(), SCORES["roc_auc"])]

    assert first.startswith("Logistic regression had the best area under the ROC curve")
    assert last.startswith(f"Out of sample, over all predictions that were traded, it reached {score_text(0.4546)[:4]}")
