import dataclasses

import numpy as np
import pandas as pd
import pytest
from dash import html

from quant.validation.scores import SCORES
from tests.webapp.dashboard import reading
from webapp.dashboard.components import explanation

AUC, LOSS = SCORES["roc_auc"], SCORES["log_loss"]
NAMES = [f"feature_{place}" for place in range(14)]
FRAMES = {
    "partial_dependence": pd.DataFrame(
        [
            {"feature": name, "value": value, "mean": 0.5 + place * value / 1000, "lower": 0.4, "upper": 0.6}
            for place, name in enumerate(NAMES)
            for value in (-1.0, 1.0)
        ]
    ),
    "decision_boundary": pd.DataFrame(
        {
            "across": "a",
            "up": "b",
            "x": [0.0, 1.0, 0.0, 1.0],
            "y": [0.0, 0.0, 2.0, 2.0],
            "predicted": [0.4, 0.5, 0.6, 0.7],
        }
    ),
    "shap": pd.DataFrame({"feature": ["a", "b"], "mean": [0.2, 0.1], "std": [0.1, 0.1], "direction": [-0.9, np.nan]}),
    "single_feature": pd.DataFrame(
        {"feature": ["a", "b"], "mean": [0.52, np.nan], "std": [0.01, np.nan], "n_folds": [3, 0]}
    ),
    "clusters": pd.DataFrame(
        {"features": ["a, b", "c"], "n_features": [2, 1], "mean": [0.02, -0.01], "std": [0.01, 0.01]}
    ),
    "learning_curve": pd.DataFrame(
        {
            "n_bars": [200, 1000],
            "mean": [0.50, 0.53],
            "std": [0.01, 0.01],
            "training_mean": [0.70, 0.58],
            "training_std": [0.02, 0.01],
            "n_folds": [9, 9],
        }
    ),
}


@pytest.fixture
def panels(result):
    def panels(score=AUC, **frames):
        shown = dataclasses.replace(result, frames={**result.frames, **frames})
        return html.Div(explanation.explanation(shown, score, "light"))

    return panels


def words(tree):
    return reading.text(tree).replace("\u00a0", " ").replace("\u202f", " ")


def test_an_answer_without_them_has_no_panel(panels):
    assert words(panels()) == ""


def test_every_part_that_was_asked_for_is_drawn(panels):
    tree = panels(**FRAMES)
    charts = {each for each in reading.ids(tree) if str(each).startswith("analysis-")}

    assert charts >= {"analysis-single-features", "analysis-clusters", "analysis-learning-curve"}
    assert "3 features in 2 groups" in words(tree)
    assert "1 feature could not be scored" in words(tree)


def test_of_many_features_those_that_move_the_predictions_most_are_drawn_at_one_scale(panels):
    tree = panels(partial_dependence=FRAMES["partial_dependence"])
    drawn = [reading.by_id(tree, f"analysis-dependence-{place}").figure for place in range(12)]

    assert "Shown are the 12 features of 14" in words(tree)
    assert drawn[0]["data"][2]["y"] == pytest.approx([0.487, 0.513])
    assert len({tuple(each["layout"]["yaxis"]["range"]) for each in drawn}) == 1
    assert "feature_0 " not in f"{words(tree)} "


def test_what_could_not_be_measured_is_said_so(panels):
    unknown = {name: FRAMES[name].assign(mean=np.nan) for name in ("single_feature", "clusters", "learning_curve")}
    text = words(panels(**unknown))

    assert "does not fit on one feature alone" in text
    assert "no test window held different outcomes" in text
    assert "does not fit on so few bars" in text


@pytest.mark.parametrize(
    ("score", "means", "sentence"),
    [
        (AUC, (0.50, 0.53), "More training bars helped. With 1,000 bars area under the ROC curve is 0.050 better"),
        (AUC, (0.53, 0.50), "More training bars did harm"),
        (AUC, (0.500, 0.503), "made no difference that stands out"),
        (LOSS, (0.70, 0.66), "More training bars helped"),
    ],
)
def test_the_learning_curve_is_put_in_words(score, means, sentence):
    curve = FRAMES["learning_curve"].assign(mean=means)

    assert sentence in explanation.learning_in_words(curve, score).replace("\u202f", ",")


def test_a_boundary_says_where_the_model_says_more_than_nothing(panels):
    said = words(panels(decision_boundary=FRAMES["decision_boundary"]))

    assert "By a and b, with all other features at their medians" in said
    assert (
        "runs from 40.0 % to 70.0 %, on 50 % of it more than 50.0 %; the dashed line is where it is just that" in said
    )
    flat = FRAMES["decision_boundary"].assign(x=1.0)
    assert "there is no map of it" in words(panels(decision_boundary=flat))


def test_a_boundary_of_returns_lies_at_zero():
    grid = FRAMES["decision_boundary"].assign(predicted=[0.01, 0.02, 0.01, 0.03])
    said = explanation.boundary_in_words(grid, "regression").replace("\u202f", " ").replace("\u00a0", " ")

    assert (
        "the predicted return by the final model runs from 1.00 % to 3.00 %, on 100 % of it more than 0.00 %. It"
        in said
    )


def test_what_features_add_is_said_with_its_unit(panels):
    assert "from the average one, in log odds" in words(panels(shap=FRAMES["shap"]))
