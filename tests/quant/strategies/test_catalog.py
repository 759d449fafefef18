import pytest
from pydantic import ValidationError

from quant.strategies.catalog import Thresholds


def test_round_trip_through_json():
    spec = Thresholds(direction="long_short", enter_above=0.6, short_below=0.3)
    assert Thresholds.model_validate_json(spec.model_dump_json()) == spec


def test_unknown_field_is_refused():
    with pytest.raises(ValidationError, match="extra"):
        Thresholds.model_validate({"enter_over": 0.6})


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ({"exit_below": 0.6}, "short_below ≤ exit_below ≤ enter_above"),
        ({"short_below": 0.51}, "short_below ≤ exit_below ≤ enter_above"),
        ({"cover_above": 0.56}, "short_below ≤ cover_above ≤ enter_above"),
        ({"cover_above": 0.39}, "short_below ≤ cover_above ≤ enter_above"),
    ],
)
def test_thresholds_out_of_order_are_refused(thresholds, message):
    with pytest.raises(ValidationError, match=message):
        Thresholds(**thresholds)
