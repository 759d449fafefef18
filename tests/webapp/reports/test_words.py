"""Sentences that pages and documents share; those of luck, choice and explanation are tried with their panels."""

import pandas as pd

from webapp.reports import words


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_what_each_fold_chose_is_counted():
    said = plain(words.nested_in_words({"folds": [{}] * 4, "n_different": 2, "n_later_trials": 1}))

    assert "anew for each of 4 folds, inside its own training rows: 2 models in all" in said
    assert "1 trial that the first did not make" in said
    assert "did not make" not in words.nested_in_words({"folds": [{}], "n_different": 1})


def test_what_lay_inside_is_held_against_what_should():
    facts = {"covered": 0.79, "n_scored": 414, "level": 0.8, "mean_width": 0.07}
    assert plain(words.intervals_in_words(facts)).startswith(
        "79.0 % of 414 outcomes lay inside an interval that should"
    )
    bands = [{**facts, "level": 0.5, "covered": 0.4}, facts]
    said = plain(words.quantiles_in_words({"bands": bands}))
    assert "should hold 80 %, and 40.0 % between those that should hold 50 %" in said


def test_a_map_says_how_much_of_it_is_above_the_middle():
    frame = pd.DataFrame({"across": "rsi", "up": "return", "predicted": [0.4, 0.6, 0.7, 0.8]})

    assert "on 75 % of it more than 50.0 %" in plain(words.boundary_in_words(frame, "two_way"))
