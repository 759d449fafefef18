import pytest

from webapp.dashboard.components.form.problems import check
from webapp.dashboard.components.form.structure import Clicks, Drawn, restructured
from webapp.dashboard.components.form.values import default_question, to_question, to_values
from webapp.errors import InvalidInput

VARIANT = {"type": "new-analysis-variant", "path": "backtest.sizing.name", "shown": "fixed_fraction"}
ADD = [{"type": "new-analysis-add", "path": "features"}, {"type": "new-analysis-add", "path": "models"}]


@pytest.fixture
def drawn():
    """The form at its start, with one field filled wrongly."""

    def drawn(sizing="fixed_fraction"):
        values = {**to_values(default_question()), "risk.confidence": "wrong"}
        del values["instruments"], values["backtest.sizing.name"]
        ids = [{"type": "new-analysis-field", "path": path} for path in values]
        return Drawn(ids, list(values.values()), [VARIANT], [sizing], ["GOOG@sample"])

    return drawn


def clicks(*, added=(None, None), removed=()):
    remove_ids = [{"type": "new-analysis-remove", "path": f"models.{place}"} for place in range(3)]
    return Clicks(ADD, added, ["rsi", "logistic"], remove_ids, removed or [None] * 3)


def test_what_stands_in_the_form_is_read_by_path(drawn):
    values = drawn().values()

    assert values["instruments"] == ["GOOG@sample"]
    assert values["backtest.sizing.name"] == "fixed_fraction"
    assert values["risk.confidence"] == "wrong"


def test_nothing_clicked_changes_nothing(drawn):
    assert restructured(drawn(), clicks()) is None


def test_an_entry_is_added_at_the_end_with_its_defaults(drawn):
    question = to_question(restructured(drawn(), clicks(added=(1, None))))

    assert len(question["features"]) == 12
    assert question["features"][-1] == {"name": "rsi", "window": 14}


def test_a_preset_adds_its_features_but_for_those_that_are_there(drawn):
    asked = Clicks(ADD, (1, None), ["preset_classic", "logistic"], [], [])
    question = to_question(restructured(drawn(), asked))
    names = [entry["name"] for entry in question["features"]]

    assert names[11:] == ["adx", "aroon", "stochastic", "williams_r", "cci"]
    assert check({**question, "risk": {}})[1] == []


def test_the_entry_whose_button_was_clicked_is_removed_and_the_rest_closes_up(drawn):
    values = restructured(drawn(), clicks(removed=[None, 1, None]))

    assert [entry["name"] for entry in to_question(values)["models"]] == ["logistic", "xgboost"]
    assert "models.1.n_rounds" in values
    assert not any(path.startswith("models.2") for path in values)


def test_another_variant_gets_its_own_parameters(drawn):
    values = restructured(drawn("volatility_target"), clicks())

    assert values["backtest.sizing.annualised_volatility"] == "0.15"
    assert "backtest.sizing.fraction" not in values


def test_whatever_else_was_typed_stays(drawn):
    for each in (restructured(drawn("volatility_target"), clicks()), restructured(drawn(), clicks(added=(None, 1)))):
        assert each["risk.confidence"] == "wrong"
        assert each["instruments"] == ["GOOG@sample"]


def test_only_a_list_takes_entries(drawn):
    wrong = Clicks([{"type": "new-analysis-add", "path": "risk"}], [1], ["rsi"], [], [])

    with pytest.raises(InvalidInput, match="no such list"):
        restructured(drawn(), wrong)


@pytest.mark.parametrize("path", ["models", "models.x", "risk.0", "", "models.0.1"])
def test_only_an_entry_of_a_list_is_removed(drawn, path):
    forged = Clicks([], [], [], [{"type": "new-analysis-remove", "path": path}], [1])
    before = to_question(drawn().values())["models"]

    try:
        after = to_question(restructured(drawn(), forged))["models"]
    except InvalidInput:
        after = before
    assert after == before


@pytest.mark.parametrize(
    ("ids", "values"), [(None, []), ([1], [1]), ([{}], [1]), ([{"path": 1}], [1]), ([{"path": "seed"}], []), ("x", "y")]
)
def test_ids_that_no_page_draws_are_refused(ids, values):
    with pytest.raises(InvalidInput, match="Load the page again"):
        Drawn(ids, values, [], [], [])
    with pytest.raises(InvalidInput, match="Load the page again"):
        Clicks(ids, values, values, [], [])


@pytest.mark.parametrize("instruments", ["GOOG@sample", 1, {"a": 1}, ["GOOG@sample"] * 1_001])
def test_instruments_that_no_page_offers_are_refused(instruments):
    with pytest.raises(InvalidInput, match="Load the page again"):
        Drawn([], [], [], [], instruments)


def test_an_axis_of_a_sweep_is_added_and_removed_where_it_stands(drawn):
    adding = Clicks([{"type": "new-analysis-add", "path": "sweep.axes"}], (1,), ["multiples"], [], [])
    values = restructured(drawn(), adding)
    assert to_question(values)["sweep"]["axes"][0]["name"] == "multiples"

    ids = [{"type": "new-analysis-field", "path": path} for path in values if path != "instruments"]
    again = Drawn(ids, [values[each["path"]] for each in ids], [], [], ["GOOG@sample"])
    removing = Clicks([], (), [], [{"type": "new-analysis-remove", "path": "sweep.axes.0"}], [1])
    question = to_question(restructured(again, removing))
    assert question["sweep"]["axes"] == []
    assert len(question["models"]) == 3
