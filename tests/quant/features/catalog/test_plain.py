import itertools
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from quant.features.catalog import Return
from quant.features.catalog.plain import PlainFeature, PlainFeatureSpec


def test_a_plain_feature_is_known_by_its_name():
    adapter = TypeAdapter(PlainFeatureSpec)
    assert adapter.validate_python({"name": "return", "window": 3}) == Return(window=3)
    with pytest.raises(ValidationError, match="'name'"):
        adapter.validate_python({"name": "fortune"})


def test_a_category_stands_together():
    categories = [kind.category for kind in get_args(PlainFeature)]
    assert len([a for a, b in itertools.pairwise(categories) if a != b]) == len(set(categories)) - 1
