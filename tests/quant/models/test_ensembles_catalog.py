import pytest
from pydantic import ValidationError

from quant.models.catalog import MODELS
from quant.models.ensembles_catalog import Ensemble, Stacking, StackingRegression, Voting

BY_NAME = {entry.model_fields["name"].default: entry for entry in MODELS}


def test_members_are_told_by_name():
    assert Voting(neighbours=True, forest=False).parameters() == {
        "members": ("logistic", "xgboost", "neighbours"),
        "combine": "mean",
    }
    assert StackingRegression().chosen == ("ridge", "random_forest_regression", "xgboost_regression")


def test_one_model_is_no_ensemble():
    with pytest.raises(ValidationError, match="expected at least 2 models to combine; found 1"):
        Stacking(forest=False, boosting=False)


@pytest.mark.parametrize(
    "entry", [each for each in MODELS if issubclass(each, Ensemble)], ids=lambda each: each.__name__
)
def test_members_learn_what_the_ensemble_learns(entry):
    assert {BY_NAME[name].learns for name in entry.members.values()} == {entry.learns}
    assert set(entry.members) < set(entry.model_fields)
