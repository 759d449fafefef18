import pytest

from quant.spec import AnalysisSpec
from webapp.dashboard.components.form.problems import check
from webapp.dashboard.components.form.templates import TEMPLATES, from_template

MINE = {"instruments": [{"symbol": "IBM", "source": "sample"}], "start": "2005-01-03", "end": "2010-01-04"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.name)
def test_a_template_is_a_valid_question_about_my_instruments(template):
    spec, problems = check(from_template(template.name, MINE))

    assert problems == []
    assert [each.symbol for each in spec.instruments] == ["IBM"]
    assert (str(spec.start), str(spec.end)) == ("2005-01-03", "2010-01-04")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.name)
def test_a_template_without_instruments_lacks_nothing_else(template):
    _, problems = check(from_template(template.name, {}))

    assert [problem.path for problem in problems] == ["instruments"]


def test_the_default_is_the_default():
    assert check(from_template("default", MINE))[0] == AnalysisSpec.model_validate(MINE)


def test_the_quick_one_is_smaller_in_every_way():
    quick, usual = (check(from_template(name, MINE))[0] for name in ("quick", "default"))

    assert len(quick.features) < len(usual.features)
    assert len(quick.models) < len(usual.models)
    assert quick.validation.n_folds < usual.validation.n_folds
    assert not quick.tuning.enabled


def test_the_long_short_one_is_what_it_says():
    spec, _ = check(from_template("long-short", MINE))

    assert spec.strategy.direction == "long_short"
    assert spec.backtest.sizing.name == "volatility_target"


def test_names_and_titles_differ():
    assert len({template.name for template in TEMPLATES}) == len({template.title for template in TEMPLATES}) == 8
