import pytest
from pydantic import TypeAdapter, ValidationError

from quant.catalog import describe
from quant.transforms.catalog import TRANSFORMS, Clip, TransformSpec

by_name = pytest.mark.parametrize("entry", TRANSFORMS, ids=lambda entry: entry.__name__)


@by_name
def test_defaults_survive_json(entry):
    assert TypeAdapter(TransformSpec).validate_json(entry().model_dump_json()) == entry()


@by_name
def test_implementations_load(entry):
    assert callable(entry.load())


def test_entries_describe_themselves():
    described = describe(TRANSFORMS)
    assert len({entry["name"] for entry in described}) == len(TRANSFORMS) == 10
    assert all(entry["title"] and entry["summary"].endswith(".") and entry["category"] for entry in described)


def test_parameters_out_of_bounds_are_refused():
    with pytest.raises(ValidationError):
        Clip(share=0.5)
