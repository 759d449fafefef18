from typing import Literal

import pytest

from quant.bars.day_catalog import DAY_BARS
from quant.features.catalog import FEATURES
from quant.models.catalog import MODELS
from quant.spec import AnalysisSpec
from quant.transforms.catalog import TRANSFORMS
from webapp.dashboard.components.form import schema
from webapp.dashboard.components.form.schema import Choice, Entries, Field, Instruments, sections

DRAWN_AS = {Field: "field", Choice: "choice", Entries: "list", Instruments: "instruments"}


def all_parts():
    return {part.path: part for section in sections() for part in section.parts}


def leaves(model, prefix=""):
    """Return the dotted path of every value of the spec that a person may choose, read from the classes themselves."""
    found = set()
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        annotation = field.annotation
        if getattr(annotation, "__origin__", None) is Literal and len(annotation.__args__) == 1:
            continue
        if hasattr(annotation, "model_fields"):
            found |= leaves(annotation, f"{path}.")
        else:
            found.add(path)
    return found


def test_every_field_of_the_question_is_in_the_form_once():
    paths = [part.path for section in sections() for part in section.parts]

    assert len(paths) == len(set(paths))
    assert set(paths) == leaves(AnalysisSpec)


def test_sections_follow_the_workflow():
    names = [section.name for section in sections()]

    order = [name for name in AnalysisSpec.model_fields if name in names]
    assert names[0] == "instruments"
    assert names[-1] == "finish"
    assert names[1:-1] == [name for name in order if name != "instruments"]


def test_every_entry_of_the_catalogues_can_be_chosen_by_its_title():
    parts = all_parts()

    for path, catalogue in (
        ("bars", DAY_BARS),
        ("features", FEATURES),
        ("models", MODELS),
        ("preparation", TRANSFORMS),
    ):
        assert {variant.title for variant in parts[path].variants} == {entry.title for entry in catalogue}
        assert {variant.summary for variant in parts[path].variants} == {entry.summary for entry in catalogue}


def test_a_field_knows_its_kind_bounds_default_and_help():
    bars = all_parts()["validation.train_bars"]
    description = AnalysisSpec.model_fields["validation"].annotation.model_fields["train_bars"].description

    assert (bars.kind, bars.default, bars.minimum, bars.maximum, bars.unit) == ("integer", 1000, 100, 20000, "bars")
    assert bars.help_text == description
    assert bars.label == "Training window"


def test_a_field_may_be_left_empty_if_the_question_says_so():
    parts = all_parts()

    assert parts["start"].is_optional
    assert parts["validation.target"].is_optional
    assert not parts["validation.train_bars"].is_optional


def test_a_choice_offers_its_variants_with_their_own_fields():
    sizing = all_parts()["backtest.sizing"]

    assert [variant.name for variant in sizing.variants] == ["fixed_fraction", "volatility_target", "kelly"]
    assert [field.path for field in schema.placed(sizing.variants[0], sizing.path)] == ["backtest.sizing.fraction"]
    assert all(variant.summary for variant in sizing.variants)


def test_every_field_has_a_label_and_help():
    fields = [part for part in all_parts().values() if isinstance(part, Field)]
    of_variants = [
        field
        for part in all_parts().values()
        if isinstance(part, Choice | Entries)
        for variant in part.variants
        for field in variant.fields
    ]

    assert all(field.label and field.help_text for field in [*fields, *of_variants])


def test_fields_of_what_is_drawn_follow_the_values():
    section = next(section for section in sections() if section.name == "models")
    values = {"models.0.name": "logistic", "models.1.name": "random_forest"}

    paths = [field.path for field in schema.fields_of(section.parts, values)]

    assert paths[0] == "models.0.c"
    assert "models.1.n_trees" in paths
    assert not any(path.startswith("models.2") for path in paths)


def test_every_part_can_be_drawn():
    assert {type(part) for part in all_parts().values()} <= set(DRAWN_AS)


@pytest.mark.parametrize("index", ["x", "", "-1", "01", "1e3", "\u0663", "9" * 5000, "__class__"])
def test_what_is_no_place_in_a_list_is_left_out(index):
    features = all_parts()["features"]

    assert schema.entry_indices(features, {f"features.{index}.name": 1, "features.12.name": 1}) == [12]
