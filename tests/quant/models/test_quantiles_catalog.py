import pytest
from pydantic import ValidationError

from quant.models.catalog import MODELS
from quant.spec import AnalysisSpec


def question(*models, score="pinball_loss"):
    return {
        "instruments": [{"symbol": "GOOG"}],
        "label": {"name": "forward_return_size"},
        "models": [{"name": name} for name in models],
        "validation": {"score": score, "target": None},
    }


def test_models_of_quantiles_learn_returns_and_say_so():
    entries = [entry for entry in MODELS if entry.predicts_quantiles]

    assert [entry.model_fields["name"].default for entry in entries] == [
        "linear_quantiles",
        "hist_boosting_quantiles",
        "xgboost_quantiles",
    ]
    assert {entry.learns for entry in entries} == {"numbers"}


def test_a_pinball_loss_compares_models_of_quantiles_only():
    assert AnalysisSpec.model_validate(question("linear_quantiles", "xgboost_quantiles"))
    with pytest.raises(ValidationError, match="asks for models that predict quantiles, and for no others"):
        AnalysisSpec.model_validate(question("linear_quantiles", "ridge"))


def test_by_other_scores_they_stand_beside_other_models_of_returns():
    assert AnalysisSpec.model_validate(question("linear_quantiles", "ridge", score="mean_error"))
