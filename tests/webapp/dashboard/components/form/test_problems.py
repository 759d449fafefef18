import pytest

from quant.spec import AnalysisSpec
from webapp.dashboard.components.form.problems import check


@pytest.fixture
def question():
    return AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}]}).resolved()


def broken(question, path, value):
    node = question
    *parents, last = path.split(".")
    for parent in parents:
        node = node[int(parent)] if isinstance(node, list) else node[parent]
    node[last] = value
    return question


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("validation.train_bars", 50, "Expected at least 100; found 50."),
        ("validation.train_bars", "many", "Expected a whole number; found “many”."),
        ("validation.train_bars", 100.5, "Expected a whole number; found 100.5."),
        ("validation.train_bars", None, "Expected a whole number; found nothing."),
        ("backtest.initial_cash", 0, "Expected more than 0; found 0."),
        ("backtest.costs.slippage_bps", "0,5", "Expected a number with a decimal point; found “0,5”."),
        ("risk.confidence", 1.5, "Expected at most 0.999; found 1.5."),
        ("features.3.window", 1, "Expected at least 2; found 1."),
        ("models.1.n_trees", 5, "Expected at least 10; found 5."),
        ("start", "tomorrow", "Expected a date such as 2024-03-15; found “tomorrow”."),
        ("instruments", [], "Expected at least 1; found none."),
        ("validation.colour", "red", "There is no such field."),
        ("tuning.enabled", "perhaps", "Expected on or off; found “perhaps”."),
    ],
)
def test_a_mistake_is_named_at_its_field_in_words(question, path, value, words):
    spec, problems = check(broken(question, path, value))

    assert spec is None
    assert [(problem.path, problem.text) for problem in problems] == [(path, words)]


def test_the_variant_is_no_part_of_a_path(question):
    question["backtest"]["sizing"] = {"name": "volatility_target", "window": 1}

    _, problems = check(question)

    assert [problem.path for problem in problems] == ["backtest.sizing.window"]


def test_an_unknown_variant_is_named(question):
    question["models"] = [{"name": "oracle"}]

    _, problems = check(question)

    assert problems[0].path == "models.0"
    assert "oracle" in problems[0].text
    assert "logistic" in problems[0].text


def test_mistakes_between_fields_stand_at_what_holds_them(question):
    question["strategy"]["enter_above"] = 0.1
    question["features"].append(question["features"][0])
    question |= {"start": "2010-01-01", "end": "2009-01-01"}

    _, problems = check(question)

    assert {problem.path for problem in problems} == {"strategy", "features"}
    question["strategy"]["enter_above"] = 0.6
    del question["features"][-1]
    assert [problem.path for problem in check(question)[1]] == [""]


def test_all_mistakes_are_named_at_once(question):
    question["validation"] |= {"train_bars": 1, "n_folds": 1}

    assert len(check(question)[1]) == 2


@pytest.mark.parametrize("nonsense", [None, [], "text", 7])
def test_what_is_no_question_at_all_is_said_so(nonsense):
    spec, problems = check(nonsense)

    assert spec is None
    assert len(problems) == 1


def test_a_valid_question_has_none(question):
    spec, problems = check(question)

    assert problems == []
    assert spec.resolved() == question


def test_the_first_fifty_mistakes_are_named_and_the_others_counted(question):
    question |= {f"k{n}": 0 for n in range(1_050)}

    _, problems = check(question)

    assert [problem.path for problem in problems[:-1]] == [f"k{n}" for n in range(50)]
    assert problems[-1].text == "1,000 more mistakes were found; mend these first."


@pytest.mark.parametrize("name", ["instruments", "features", "models"])
def test_a_list_that_is_far_too_long_is_one_mistake(question, name):
    question[name] = [0] * 1_001

    _, problems = check(question)

    assert [(problem.path, problem.text) for problem in problems] == [(name, "Expected at most 1,000 entries.")]


def test_every_wrong_entry_of_a_list_is_named(question):
    question["features"] = [{"name": "return", "window": 0}, {"name": "return", "window": 1}, {"name": "oracle"}]

    assert [problem.path for problem in check(question)[1]] == ["features.0.window", "features.2"]
