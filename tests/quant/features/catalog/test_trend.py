import pytest
from pydantic import ValidationError

from quant.features.catalog import Macd


def test_fast_must_be_below_slow():
    with pytest.raises(ValidationError, match="fast must be below slow; found fast 26 and slow 26"):
        Macd(fast=26)
