from typing import get_args

import pytest
from jsonschema_rs import validator_for

from quant.backtest.catalog import SizingSpec
from quant.bars.day_catalog import DAY_BARS
from quant.features.catalog import FEATURES, PRESETS
from quant.labels.catalog import LABELS
from quant.models.catalog import MODELS
from quant.portfolio.catalog import ALLOCATIONS
from quant.risk.definitions import DEFINITIONS
from quant.spec import AnalysisSpec
from quant.strategies.catalog import STRATEGIES
from quant.transforms.catalog import TRANSFORMS
from quant.validation.catalog import ScoreName
from tests.webapp.api.answered import QUESTION
from tests.webapp.api.calls import problem
from webapp.api.catalog import SIZING

pytestmark = pytest.mark.databases("sqlite")


def names(entries):
    return {entry.model_fields["name"].default for entry in entries}


def test_everything_that_a_question_can_be_made_of_is_there(me):
    answer = me.get("/catalog")

    assert answer.status_code == 200
    found = {room: {entry["name"] for entry in entries} for room, entries in answer.json.items() if room != "spec"}
    assert found == {
        "bars": names(DAY_BARS),
        "features": names(FEATURES),
        "presets": {preset.name for preset in PRESETS},
        "labels": names(LABELS),
        "models": names(MODELS),
        "transforms": names(TRANSFORMS),
        "allocations": names(ALLOCATIONS),
        "strategies": names(STRATEGIES),
        "sizing": names(get_args(get_args(SizingSpec)[0])),
        "scores": set(get_args(ScoreName)),
        "metrics": set(DEFINITIONS),
    }


def test_no_way_of_sizing_is_forgotten():
    assert set(SIZING) == set(get_args(get_args(SizingSpec)[0]))


@pytest.mark.parametrize("room", ["bars", "features", "labels", "models", "transforms", "allocations", "sizing"])
def test_entries_say_what_they_are_and_what_they_take(me, room):
    for entry in me.get("/catalog").json[room]:
        assert entry["title"]
        assert entry["summary"].endswith(".")
        assert entry["category"]
        assert entry["parameters"]["properties"]["name"]["const"] == entry["name"]


def test_the_schema_of_a_question_judges_as_the_server_does(me):
    judge = validator_for(me.get("/catalog").json["spec"])

    assert judge.is_valid(QUESTION)
    assert judge.is_valid(AnalysisSpec.model_validate(QUESTION).resolved())
    assert not judge.is_valid({**QUESTION, "surprise": 1})
    assert not judge.is_valid({**QUESTION, "seed": "1"})


def test_whoever_may_enter_may_read_it(call_as, stranger):
    problem(stranger.get("/catalog"), 401, "not_signed_in")
    assert call_as("viewer", scopes=["prices:read"]).get("/catalog").status_code == 200
