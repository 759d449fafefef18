from tests.webapp.dashboard import reading
from webapp.dashboard.components.form.problem_list import problem_list
from webapp.dashboard.components.form.problems import Problem


def test_no_mistakes_are_no_list():
    assert problem_list([]) is None


def test_each_mistake_leads_to_its_field():
    tree = problem_list([Problem("validation.train_bars", "Expected more."), Problem("strategy", "In order, please.")])

    words = reading.text(tree)
    links = reading.of_type(tree, "A")
    assert words.startswith("2 things to mend before this can run")
    assert "Validation, training window:  Expected more." in words
    assert [reading.attribute(link, "data-goto") for link in links] == ["field-validation-train-bars", "field-strategy"]


def test_one_mistake_is_one_thing():
    assert reading.text(problem_list([Problem("", "Start must be before end.")])).startswith("1 thing to mend")
