import datetime

import pandas as pd
import pytest

from quant.data.provider import DELIVERED_COLUMNS, PROVIDERS, Delivered, PriceQuery, create_provider
from quant.errors import InvalidPrices, InvalidSpec


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_provider_knows_its_name_and_its_symbols(name):
    provider = create_provider(name)
    assert provider.name == name
    assert provider.symbols() == tuple(sorted(provider.symbols()))


def test_an_unknown_source_is_refused_with_those_there_are():
    with pytest.raises(InvalidSpec, match="sample, yahoo; found 'crystal ball'") as caught:
        create_provider("crystal ball")
    assert caught.value.field == "source"


def test_a_range_that_ends_before_it_begins_is_refused():
    day = datetime.date(2010, 1, 4)
    PriceQuery("GOOG", start=day, end=day)
    with pytest.raises(InvalidSpec, match="start before end"):
        PriceQuery("GOOG", start=day, end=day - datetime.timedelta(days=1))


def delivered(columns, actions=None):
    bars = pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
    return Delivered("X", bars, "USD", "XNYS", "America/New_York", "X", "equity", actions=actions)


def test_a_delivery_has_the_columns_of_the_contract():
    assert list(delivered((*DELIVERED_COLUMNS, "adjusted_close")).bars) == [*DELIVERED_COLUMNS, "adjusted_close"]
    with pytest.raises(InvalidPrices, match="found session, open"):
        delivered(("session", "open"))
    with pytest.raises(InvalidPrices, match="found ratio"):
        delivered(DELIVERED_COLUMNS, actions=pd.DataFrame({"ratio": [2.0]}))
