import json

import pytest

from quant.features.catalog import PLAIN_FEATURES, PRESETS, HurstExponent
from quant.models.catalog import MODELS
from tests.webapp.dashboard import reading
from webapp.dashboard.components.form import controls
from webapp.dashboard.components.form.schema import Choice, Field, sections
from webapp.dashboard.components.form.values import default_question, to_question, to_values

OPTIONS = [{"label": "GOOG · Google", "value": "GOOG@sample"}]


@pytest.fixture
def values():
    return {**to_values(default_question()), "instruments": ["GOOG@sample"]}


def drawn(name, values):
    section = next(section for section in sections() if section.name == name)
    return controls.draw_parts(section.parts, values, OPTIONS)


def test_each_value_has_one_control_and_one_place_for_its_mistake(values):
    tree = [drawn(section.name, values) for section in sections()]
    fields = [each["path"] for each in reading.ids(tree) if isinstance(each, dict) and each["type"] == controls.FIELD]
    variants = [
        each["path"] for each in reading.ids(tree) if isinstance(each, dict) and each["type"] == controls.VARIANT
    ]
    problems = [
        each["path"] for each in reading.ids(tree) if isinstance(each, dict) and each["type"] == controls.PROBLEM
    ]

    assert set(fields) | set(variants) | {"instruments"} == set(values)
    assert len(fields) == len(set(fields))
    names = {path for path in values if path.endswith(".name")}
    assert (set(values) - names) | {"backtest.sizing.name"} <= set(problems)


def test_a_label_belongs_to_its_control(values):
    tree = drawn("validation", values)

    label = next(each for each in reading.of_type(tree, "Label") if each.children == "Training window")
    assert json.loads(label.htmlFor) == {"path": "validation.train_bars", "type": controls.FIELD}
    assert label.htmlFor == '{"path":"validation.train_bars","type":"new-analysis-field"}'


def test_help_unit_and_bounds_stand_at_the_field(values):
    box = next(
        each
        for each in reading.walk(drawn("validation", values))
        if getattr(each, "id", "") == "field-validation-train-bars"
    )

    words = reading.text(box)
    assert "Bars of the first training window" in words
    assert "100 to 20,000." in words
    assert reading.of_type(box, "InputGroupText")[0].children == "bars"


def test_numbers_are_typed_as_text_so_that_nothing_typed_is_lost(values):
    entry = reading.by_id(drawn("validation", values), controls.field_id("validation.train_bars"))

    assert (entry.type, entry.inputmode, entry.value) == ("text", "numeric", "1000")


def test_switches_and_selects_show_their_value(values):
    tree = drawn("strategy", values)

    direction = reading.by_id(tree, controls.field_id("strategy.direction"))
    assert direction.value == "long_flat"
    assert {option["label"] for option in direction.options} == {"Long or in cash", "Long or short"}
    assert reading.by_id(drawn("tuning", values), controls.field_id("tuning.enabled")).value is True


def test_another_variant_brings_its_own_fields(values):
    tree = drawn("backtest", {**values, "backtest.sizing.name": "volatility_target"})

    paths = [each["path"] for each in reading.ids(tree) if isinstance(each, dict) and each["type"] == controls.FIELD]
    assert "backtest.sizing.window" in paths
    assert "backtest.sizing.fraction" not in paths
    select = reading.by_id(
        tree, {"type": controls.VARIANT, "path": "backtest.sizing.name", "shown": "volatility_target"}
    )
    assert select.value == "volatility_target"


def test_an_instrument_that_was_not_found_again_stays_chosen(values):
    tree = drawn("instruments", {**values, "instruments": ["GOOG@sample", "BTC/USD@elsewhere"]})

    dropdown = reading.by_id(tree, controls.INSTRUMENTS)
    assert dropdown.value == ["GOOG@sample", "BTC/USD@elsewhere"]
    assert {option["value"] for option in dropdown.options} == {"GOOG@sample", "BTC/USD@elsewhere"}


def test_every_entry_of_a_list_can_be_removed_and_one_added(values):
    tree = drawn("models", values)

    removes = [each for each in reading.ids(tree) if isinstance(each, dict) and each["type"] == controls.REMOVE]
    assert removes == [{"type": controls.REMOVE, "path": f"models.{place}"} for place in range(3)]
    adding = reading.by_id(tree, {"type": controls.ADD_NAME, "path": "models"})
    assert [option["value"] for option in adding.options] == [entry.model_fields["name"].default for entry in MODELS]


def test_words_between_backticks_are_set_as_code():
    parts = controls.marked("Long (`long_flat`), or short.")

    assert reading.text(parts) == "Long ( long_flat ), or short."
    assert [type(part).__name__ for part in parts] == ["str", "Code", "str"]


def test_bounds_in_words():
    field = Field("x", "X", "", "number", minimum=0, maximum=4, excludes_minimum=True)

    assert controls._bounds(field) == " Above 0 to 4."
    assert controls._bounds(Field("x", "X", "", "number", minimum=2)) == " At least 2."
    assert controls._bounds(Field("x", "X", "", "number", maximum=2)) == " At most 2."
    assert controls._bounds(Field("x", "X", "", "number")) == ""


def test_anchors_are_plain_and_differ():
    paths = [part.path for section in sections() for part in section.parts if isinstance(part, Field | Choice)]

    anchors = {controls.anchor(path) for path in paths}
    assert len(anchors) == len(paths)
    assert all(anchor.replace("-", "").isalnum() for anchor in anchors)


def test_of_many_features_one_is_found_by_what_it_says():
    section = next(section for section in sections() if section.name == "features")
    tree = controls.draw_parts(section.parts, to_values(default_question()), [])
    picker = reading.by_id(tree, {"type": controls.ADD_NAME, "path": "features"})
    found = [option["value"] for option in picker.options if "rate of change" in option["search"]]
    assert found == ["return"]


def feature_cards(*names):
    section = next(section for section in sections() if section.name == "features")
    asked = [{"name": name} for name in names]
    return controls.draw_parts(section.parts, to_values(default_question() | {"features": asked}), [])


def test_presets_stand_before_the_features_and_are_found_by_what_they_are_for():
    picker = reading.by_id(feature_cards("rsi"), {"type": controls.ADD_NAME, "path": "features"})
    assert [option["value"] for option in picker.options[: len(PRESETS)]] == [preset.name for preset in PRESETS]
    assert [option["label"] for option in picker.options if "oscillators" in option["search"]] == [
        "Classic technical set (12\u00a0features)"
    ]


def test_a_feature_says_how_long_it_warms_up_and_what_it_costs_with_what_stands_in_its_fields():
    assert "Warms up 20 bars. Costs next to nothing." in reading.text(feature_cards("volatility"))
    n_averages = float(f"{HurstExponent().cost:.2g}")
    assert f"Costs as much as {n_averages:,.0f} moving averages." in reading.text(feature_cards("hurst"))
    assert "Warms up" not in reading.text(feature_cards("day_of_week"))
    section = next(section for section in sections() if section.name == "features")
    longer = to_values(default_question() | {"features": [{"name": "hurst", "window": HurstExponent().window + 50}]})
    said = reading.text(controls.draw_parts(section.parts, longer, []))
    assert f"{n_averages:,.0f} moving averages as it is offered first; a longer window may cost more." in said


def test_a_feature_whose_parameters_are_wrong_says_neither():
    section = next(section for section in sections() if section.name == "features")
    values = to_values(default_question() | {"features": [{"name": "volatility", "window": "many"}]})
    assert "Warms up" not in reading.text(controls.draw_parts(section.parts, values, []))


def test_many_features_stand_under_their_kinds_and_few_do_not():
    many = [entry.model_fields["name"].default for entry in PLAIN_FEATURES]
    written = reading.text(feature_cards(*many))
    assert "Momentum · 7" in written
    assert "Structural breaks · 2" in written
    assert "·" not in reading.text(feature_cards("rsi", "sma"))


def test_a_transform_shows_what_it_is_made_of():
    section = next(section for section in sections() if section.name == "features")
    made = {"name": "lag", "bars": 2, "of": {"name": "macd"}}
    tree = controls.draw_parts(section.parts, to_values(default_question() | {"features": [made]}), [])
    select = reading.by_id(tree, {"type": controls.VARIANT, "path": "features.0.of.name", "shown": "macd"})
    assert select.value == "macd"
    assert reading.by_id(tree, controls.field_id("features.0.of.slow")).value == "26"


def test_a_field_for_another_instrument_offers_the_chosen_ones_and_may_be_left_empty():
    question = default_question() | {
        "instruments": [{"symbol": symbol, "source": "sample"} for symbol in ("GOOG", "IBM")],
        "features": [{"name": "beta", "window": 20}],
    }
    tree = drawn("features", to_values(question))
    field = reading.by_id(tree, controls.field_id("features.0.against"))
    assert (field.value, field.list) == ("", controls.SYMBOLS)
    offered = reading.by_id(drawn("instruments", to_values(question)), controls.SYMBOLS)
    assert [option.value for option in offered.children] == ["GOOG", "IBM"]
    assert to_question(to_values(question))["features"] == [{"name": "beta", "against": "", "window": 20}]


def test_what_few_people_need_is_folded_until_it_is_changed(values):
    def is_open(path):
        folds = reading.of_type(drawn("backtest", values), "Details")
        return next(each.open for each in folds if path in str(reading.ids(each)))

    assert not is_open("backtest.liquidity.impact_bps")
    values["backtest.liquidity.impact_bps"] = "100"
    assert is_open("backtest.liquidity.impact_bps")
    assert not is_open("backtest.exits.stop_loss")
