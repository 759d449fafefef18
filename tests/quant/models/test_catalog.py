import pytest
from pydantic import TypeAdapter, ValidationError

from quant.catalog import describe
from quant.models.catalog import MODELS, Choices, ModelSpec, RandomForest

by_name = pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.__name__)


@by_name
def test_defaults_survive_json(entry):
    assert TypeAdapter(ModelSpec).validate_json(entry().model_dump_json()) == entry()


@by_name
def test_the_search_space_names_parameters_and_stays_within_their_bounds(entry):
    assert entry.search_space
    for name, bounds in entry.search_space.items():
        assert name in entry().parameters()
        for value in bounds.values if isinstance(bounds, Choices) else (bounds.low, bounds.high):
            assert entry(**{name: value}).parameters()[name] == value


@by_name
def test_implementations_load(entry):
    assert callable(entry.load())


def test_entries_describe_themselves():
    described = describe(MODELS)
    assert [entry["name"] for entry in described] == [
        "logistic",
        "random_forest",
        "xgboost",
        "svm",
        "ridge",
        "random_forest_regression",
        "xgboost_regression",
        "svm_regression",
        "hist_boosting",
        "neighbours",
        "bagged_trees",
        "voting",
        "stacking",
        "elastic_net",
        "hist_boosting_regression",
        "neighbours_regression",
        "bagged_trees_regression",
        "voting_regression",
        "stacking_regression",
        "linear_quantiles",
        "hist_boosting_quantiles",
        "xgboost_quantiles",
    ]
    assert all(entry["title"] and entry["summary"] and entry["parameters"]["properties"] for entry in described)


def test_unknown_parameters_are_refused():
    with pytest.raises(ValidationError):
        RandomForest(depth=3)
