import dataclasses

import pandas as pd

from tests.webapp.reports import told
from webapp.reports import model
from webapp.reports.blocks import Bullets, Paragraph, Table


def said(section):
    found = [text for block in section.blocks if isinstance(block, Bullets) for _, text in block.items]
    found += [block.text for block in section.blocks if isinstance(block, Paragraph)]
    return " ".join(found).replace("\N{NO-BREAK SPACE}", " ")


def test_what_was_chosen_and_how_far_it_was_off():
    text = said(model.chosen(told.result()))

    assert "Logistic regression had the best area under the ROC curve" in text
    assert "Its parameters: c 0.1." in text
    assert "lay inside an interval that should hold 80 %" in text


def test_a_map_and_a_choice_for_each_fold_are_told_if_they_were_asked_for():
    found = told.result()
    fold = {"fold": 0, "title": "Logistic regression", "parameters": {"c": 0.1}, "score": 0.5}
    nested = {"folds": [fold, {**fold, "fold": 1}], "n_different": 1, "score_name": "roc_auc"}
    facts = {**found.facts, "honesty": {**found.facts["honesty"], "nested": nested}}
    grid = pd.DataFrame({"across": ["rsi"] * 2, "up": ["return"] * 2, "predicted": [0.4, 0.6]})
    asked = dataclasses.replace(found, facts=facts, frames={**found.frames, "decision_boundary": grid})
    section = model.chosen(asked)

    assert "By rsi and return" in said(section)
    [table] = [block for block in section.blocks if isinstance(block, Table)]
    assert [row[0].text for row in table.rows] == ["1", "final"]
    assert not [block for block in section.brief if isinstance(block, Table)]
