import pytest

from quant.models.catalog import MODELS, RandomForest, XgBoost
from quant.models.explanation_catalog import ExplanationSpec


def test_only_models_that_tell_are_asked_what_features_add():
    asked = ExplanationSpec(shap=True)
    asked.check_models([XgBoost], MODELS, [])
    with pytest.raises(ValueError, match=r"of quantiles of returns\); found Random forest\. Leave it out"):
        asked.check_models([XgBoost, RandomForest], MODELS, [])
    with pytest.raises(ValueError, match="reach the model one by one; found Principal components"):
        asked.check_models([XgBoost], MODELS, ["Principal components"])
    ExplanationSpec().check_models([RandomForest], MODELS, ["Principal components"])


def test_a_boundary_lies_between_two_columns_of_the_question():
    ExplanationSpec(decision_boundary=True, boundary_y="b").check_columns(["a", "b"])
    for asked, columns, words in (
        ({"boundary_x": "c"}, ["a", "b"], "columns of the features .a, b.; found c"),
        ({"boundary_x": "a", "boundary_y": "a"}, ["a", "b"], "two different columns of the features; found a alone"),
        ({"decision_boundary": True}, ["a"], "two different columns of the features; found a alone"),
    ):
        with pytest.raises(ValueError, match=words):
            ExplanationSpec(**asked).check_columns(columns)
