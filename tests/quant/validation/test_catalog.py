import pytest
from pydantic import ValidationError

from quant.validation.catalog import TuningSpec, ValidationSpec
from quant.validation.scores import SCORES


def test_defaults_survive_json():
    for spec in (ValidationSpec(), TuningSpec()):
        assert type(spec).model_validate_json(spec.model_dump_json()) == spec


def test_every_score_that_can_be_asked_for_exists():
    assert all(ValidationSpec(score=name, target=None).score == name for name in SCORES)
    with pytest.raises(ValidationError, match="score"):
        ValidationSpec(score="r3")


@pytest.mark.parametrize("fields", [{"train_bars": 1}, {"test_bars": 0}, {"embargo_bars": -1}, {"folds": 5}])
def test_what_cannot_be_asked_is_refused(fields):
    with pytest.raises(ValidationError):
        ValidationSpec(**fields)
