"""Grids: as many questions as combinations that differ, or every mistake under the value that makes it."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.grid import MOST_AXES, Axis, axis_title, axis_words, expand, places_of, without_axes
from quant.spec import AnalysisSpec


def axis(path, *values):
    return Axis(path=path, values=values)


def test_each_combination_is_a_question_with_the_values_in_their_places():
    axes = [
        axis("instruments", "GOOG", ["GOOG", {"symbol": "MSFT"}]),
        axis("model", "logistic", {"name": "svm", "c": 2.0}),
    ]
    grid = expand({"seed": 7}, axes, most=10)

    assert (grid.n_combinations, grid.n_folded, dict(grid.problems)) == (4, 0, {})
    assert [member.number for member in grid.members] == [0, 1, 2, 3]
    assert grid.members[3].spec == AnalysisSpec.model_validate(
        {"seed": 7, "instruments": [{"symbol": "GOOG"}, {"symbol": "MSFT"}], "models": [{"name": "svm", "c": 2.0}]}
    )
    assert grid.members[3].spec_hash == grid.members[3].spec.hash()
    assert [member.words for member in grid.members[:2]] == [
        "GOOG · Logistic regression",
        "GOOG · Support vector machine (c 2)",
    ]


def test_a_parameter_finds_the_models_that_have_it_and_the_rest_is_folded():
    axes = [axis("model.max_depth", 3, 5), axis("model", "logistic", "random_forest")]  # a part before its whole
    grid = expand({"instruments": [{"symbol": "GOOG"}]}, axes, most=10)

    assert (grid.n_combinations, grid.n_folded) == (4, 1)
    assert [member.words for member in grid.members] == [
        "Logistic regression",
        "max depth 3 · Random forest",
        "max depth 5 · Random forest",
    ]
    assert [getattr(member.spec.models[0], "max_depth", None) for member in grid.members] == [None, 3, 5]


def test_parts_of_the_question_that_nobody_wrote_can_differ_too():
    axes = [
        axis("label.horizon", 5, 10),
        axis("strategy.direction", "long_flat", "long_short"),
        axis("features.0.window", 1, 2),
    ]
    grid = expand({"instruments": [{"symbol": "GOOG"}], "features": [{"name": "return", "window": 9}]}, axes, most=10)

    assert len(grid.members) == 8
    last = grid.members[-1].spec
    assert (last.label.horizon, last.strategy.direction, last.features[0].window) == (10, "long_short", 2)


def test_one_combination_changes_no_other():
    base = {"instruments": [{"symbol": "GOOG"}], "validation": {"n_folds": 4}}
    grid = expand(base, [axis("validation.embargo_bars", 1, 2, 3)], most=10)

    assert [member.spec.validation.embargo_bars for member in grid.members] == [1, 2, 3]
    assert base == {"instruments": [{"symbol": "GOOG"}], "validation": {"n_folds": 4}}


def test_all_mistakes_are_named_at_once_under_what_makes_them():
    axes = [
        axis("instruments", "GOOG", ""),
        axis("model", "logistik", "logistic"),
        axis("model.depth", 3),
        axis("label.horizon", 5, 0),
        axis("strategy.nothing", 1),
        axis("features.40.window", 1),
    ]
    grid = expand({"seed": -1}, axes, most=100)

    assert grid.members == ()
    assert set(grid.problems) == {
        "spec.seed",
        "axes.0.values.1",
        "axes.1.values.0",
        "axes.2.path",
        "axes.3.values.1",
        "axes.4.values.0",
        "axes.5.values.0",
    }
    assert grid.problems["axes.1.values.0"].startswith("Model, logistik: expected one of 'logistic'")
    assert grid.problems["axes.3.values.1"] == "Label: horizon, 0: expected greater than or equal to 1"
    assert "there is no field of that name" in grid.problems["axes.4.values.0"]


def test_values_that_do_not_fit_each_other_are_told_by_their_combination():
    axes = [axis("model", "logistic", "ridge"), axis("label", "forward_return", "triple_barrier")]
    grid = expand({"instruments": [{"symbol": "GOOG"}]}, axes, most=10)

    assert list(grid.problems) == ["axes"]
    assert grid.problems["axes"].startswith("2 combinations do not fit. Ridge regression × Forward return: the label")


@pytest.mark.parametrize(
    ("axes", "field", "words"),
    [
        ([axis("seed", *range(5)), axis("label.horizon", *range(1, 4))], "axes", "found 5 × 3 = 15"),
        ([axis("seed", 1), axis("seed", 2)], "axes.1.path", "there twice"),
        ([axis("model", "svm"), axis("models", ["svm"])], "axes.1.path", "there twice"),
        ([axis("sead", 1)], "axes.0.path", "expected one of model, instruments"),
        ([axis("seed", 1, 2, 1)], "axes.0.values.2", "found 1 twice"),
        ([], "axes", f"expected 1 to {MOST_AXES} axes; found 0"),
    ],
)
def test_axes_that_make_no_grid_are_refused_before_anything_is_computed(axes, field, words):
    grid = expand({"instruments": [{"symbol": "GOOG"}]}, axes, most=10)

    assert list(grid.problems) == [field]
    assert words in grid.problems[field]


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from(["logistic", "random_forest", "xgboost", "svm"]), min_size=1, max_size=3, unique=True),
)
def test_members_are_those_whose_places_their_numbers_say(horizons, models):
    axes = [axis("label.horizon", *horizons), axis("model", *models)]
    grid = expand({"instruments": [{"symbol": "GOOG"}]}, axes, most=100)

    assert len(grid.members) == grid.n_combinations == len(horizons) * len(models)
    assert len({member.spec_hash for member in grid.members}) == len(grid.members)
    for member in grid.members:
        of_horizon, of_model = places_of(member.number, [len(horizons), len(models)])
        assert member.spec.label.horizon == horizons[of_horizon]
        assert member.spec.models[0].name == models[of_model]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.data())
def test_a_number_says_its_places(sizes, data):
    number = data.draw(st.integers(0, math.prod(sizes) - 1))
    places = places_of(number, sizes)

    assert all(0 <= place < size for place, size in zip(places, sizes, strict=True))
    back = 0
    for place, size in zip(places, sizes, strict=True):
        back = back * size + place
    assert back == number


def test_words_are_for_people_and_no_two_are_alike():
    lots = [[{"name": "return", "window": n} for n in range(1, size)] for size in (5, 5)]
    assert axis_words("features", lots) == ("4 features (1)", "4 features (2)")
    assert axis_words("instruments", ["GOOG", ["GOOG", {"symbol": "MSFT"}]]) == ("GOOG", "GOOG, MSFT")
    assert axis_words("importance", [True, False]) == ("yes", "no")
    assert axis_words("start", [None, "2010-01-04"]) == ("none", "2010-01-04")
    assert axis_words("backtest.costs", [{"slippage_bps": 5.0}]) == ("slippage bps 5",)
    assert len(axis_words("model", ["x" * 100])[0]) == 40
    assert (axis_title("backtest.costs"), axis_title("label.horizon")) == ("Costs", "Label: horizon")


def test_what_an_axis_sets_whole_is_left_out_of_the_base():
    base = {"instruments": [], "models": [], "label": {"horizon": 3}}
    assert without_axes(base, [axis("model", "svm"), axis("label.horizon", 1)]) == {
        "instruments": [],
        "label": {"horizon": 3},
    }
