import pytest
from pydantic import ValidationError

from quant.models.catalog import MODELS
from quant.models.entry import FloatRange, ModelEntry


def test_a_range_knows_nothing_else():
    with pytest.raises(ValidationError):
        FloatRange(low=0.0, high=1.0, step=0.1)


@pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.__name__)
def test_later_parameters_are_parameters_with_defaults(entry):
    assert issubclass(entry, ModelEntry)
    assert entry.later_parameters <= set(entry().model_dump())
