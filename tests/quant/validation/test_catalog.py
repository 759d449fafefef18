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


@pytest.mark.parametrize(
    ("score", "coin", "die"), [("log_loss", 0.69, 1.09), ("brier", 0.24, 0.33), ("accuracy", 0.51, 0.34)]
)
def test_a_target_is_held_against_a_coin_or_of_three_classes_against_a_die(score, coin, die):
    for target, task in ((coin, "two_way"), (die, "three_way")):
        ValidationSpec(score=score, target=target).check_target(task)
    with pytest.raises(ValueError, match="of a coin; found"):
        ValidationSpec(score=score, target=die).check_target("two_way")
    with pytest.raises(ValidationError, match="of a die of three classes; found"):
        ValidationSpec(score=score, target=0.3 if score == "accuracy" else 2.0)


@pytest.mark.parametrize("fields", [{"train_bars": 1}, {"test_bars": 0}, {"embargo_bars": -1}, {"folds": 5}])
def test_what_cannot_be_asked_is_refused(fields):
    with pytest.raises(ValidationError):
        ValidationSpec(**fields)
