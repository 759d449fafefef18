import pytest

from quant.features.catalog import FEATURES, PRESETS
from quant.spec import AnalysisSpec

each = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)


@each
def test_a_preset_is_a_question_s_list_of_features(preset):
    asked = [feature.model_dump() for feature in preset.features]
    spec = AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], "features": asked})
    assert spec.features == preset.features


def test_presets_have_names_of_their_own_and_say_what_they_are_for():
    names = [preset.name for preset in PRESETS]
    assert len({*names, *(entry.model_fields["name"].default for entry in FEATURES)}) == len(names) + len(FEATURES)
    assert all(preset.title and preset.summary.endswith(".") for preset in PRESETS)
