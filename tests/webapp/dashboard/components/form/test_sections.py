import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.form import sections as drawing
from webapp.dashboard.components.form.schema import sections
from webapp.dashboard.components.form.values import default_question, to_values
from webapp.services.comparison import flatten


@pytest.fixture
def values():
    return {**to_values(default_question()), "instruments": ["GOOG@sample"]}


def section(name):
    return next(each for each in sections() if each.name == name)


def opened(values):
    return [each.id["name"] for each in drawing.draw_form(values, []) if each.open]


def test_what_is_at_its_defaults_is_folded_and_the_instruments_never(values):
    assert opened(values) == ["instruments"]
    assert opened({**values, "risk.confidence": "0.9"}) == ["instruments", "risk"]


def test_a_folded_section_says_what_is_in_it(values):
    assert (
        drawing.summary(section("validation"), values)
        .replace("\u00a0", " ")
        .startswith("Training window 1,000 bars · Test window 125 bars · Expanding training window: on")
    )
    assert drawing.summary(section("models"), values).replace("\u00a0", " ") == (
        "3 models: Logistic regression, Random forest, XGBoost"
    )
    assert (
        drawing.summary(section("features"), values)
        .replace("\u00a0", " ")
        .startswith("11 features: Return, Volatility")
    )
    assert "Fixed fraction" in drawing.summary(section("backtest"), values)
    assert (
        drawing.summary(section("instruments"), {**values, "instruments": ["GOOG@sample", "IBM@sample"]}) == "GOOG, IBM"
    )
    assert drawing.summary(section("instruments"), {**values, "instruments": []}) == "none chosen"


def test_an_empty_list_says_so(values):
    none = {path: value for path, value in values.items() if not path.startswith("models.")}

    assert drawing.summary(section("models"), none) == "no model"


def test_a_sweep_is_asked_for_where_there_is_a_rule(values):
    assert "sweep" in drawing.unused_sections(values)
    ruled = {**values, "strategy.name": "crossover_rule"}
    assert "sweep" not in drawing.unused_sections(ruled)
    assert "no varied number" in drawing.summary(section("sweep"), ruled)
    varied = {**ruled, "sweep.axes.0.name": "range", "sweep.axes.0.parameter": "fast"}
    assert "1\u00a0varied number: Range" in drawing.summary(section("sweep"), varied)
    assert "sweep" in opened(varied)


def test_how_much_was_changed_stands_at_the_section(values):
    assert drawing.changed(section("validation"), values) == ""
    assert drawing.changed(
        section("validation"), {**values, "validation.train_bars": "9", "validation.n_folds": "3"}
    ) == ("2 changed")
    assert drawing.changed(section("instruments"), values) == ""


@pytest.mark.parametrize(
    ("path", "name", "place"),
    [
        ("validation.train_bars", "validation", "Validation, training window"),
        ("features.3.window", "features", "Features, window"),
        ("backtest.sizing.max_fraction", "backtest", "Backtest and costs, greatest share of equity"),
        ("strategy", "strategy", "Strategy"),
        ("start", "instruments", "Instruments, first session"),
        ("seed", "finish", "Report and repeatability, seed"),
        ("", "instruments", "Instruments"),
        ("no.such.field", "instruments", "Instruments"),
    ],
)
def test_a_mistake_is_placed(path, name, place):
    assert drawing.section_of(path).name == name
    assert drawing.place_of(path) == place


def test_a_section_with_a_mistake_is_marked():
    assert "has-errors" in drawing.section_class(section("risk"), ["risk.confidence"])
    assert "has-errors" not in drawing.section_class(section("audit"), ["risk.confidence"])


def test_sections_are_numbered_in_order(values):
    steps = reading.of_class(drawing.draw_form(values, []), "form-step")

    shown = [reading.text(step) for step in steps if reading.text(step) != "0"]
    assert len(shown) == len(sections()) - len(drawing.unused_sections(values))
    assert shown == [str(number) for number in range(1, len(shown) + 1)]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("seed", "Seed"),
        ("start", "First session"),
        ("validation.train_bars", "Validation: training window, bars"),
        ("label.name", "Label: kind"),
        ("features.rsi 14.window", "Features: RSI 14, window, bars"),
        ("features.2.window", "Features: no. 3, window, bars"),
        ("models.logistic.name", "Models: logistic regression"),
        ("instruments.BRK.B.source", "Instruments: BRK.B, source"),
        ("sweep.axes", "Sweep: varied numbers"),
        ("sweep.axes.range fast.first", "Sweep: varied numbers, range fast, first"),
        ("backtest.costs.slippage_bps", "Backtest and costs: costs, slippage, bps"),
        ("nowhere.at_all", "Nowhere: at all"),
    ],
)
def test_a_path_is_told_in_the_words_of_the_form(path, words):
    assert drawing.path_in_words(path) == words


def test_every_path_of_a_question_has_words(spec):
    for path in flatten(spec.resolved()):
        assert "_" not in drawing.path_in_words(path)


def test_choices_and_switches_are_told_in_the_words_of_the_form():
    assert drawing.value_in_words("validation.score", "roc_auc") == "Area under the ROC curve"
    assert drawing.value_in_words("label.name", "forward_return") == "Forward return"
    assert drawing.value_in_words("audit.enabled", False) == "off"
    assert drawing.value_in_words("seed", 7) is drawing.value_in_words("start", "2004-10-01") is None


def test_of_what_is_folded_a_summary_tells_what_was_changed():
    values = to_values(default_question())
    assert "Half spread" not in drawing.summary(section("backtest"), values)
    values["backtest.liquidity.half_spread_bps"] = "2"
    assert "Half spread 2" in drawing.summary(section("backtest"), values)
