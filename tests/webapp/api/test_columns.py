"""Columns are a promise: what they are called is what frames call them."""

import pytest

from quant.frames import FORECAST_COLUMNS, PRICE_COLUMNS, QUANTILE_COLUMNS
from tests.webapp.api.answered import answer
from webapp.api import columns


def test_prices_are_price_frames():
    assert list(columns.PriceColumns.model_fields) == ["timestamp", *PRICE_COLUMNS]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("equity", columns.EquityColumns),
        ("trades", columns.TradeColumns),
    ],
)
def test_tables_are_those_of_an_answer_with_symbols(name, table):
    frame = answer().frames[name]
    index = [level for level in frame.index.names if level]

    assert [column for column in table.model_fields if column != "symbol"] == [*index, *frame.columns]
    assert ("symbol" in table.model_fields) == ("instrument" in table.model_fields)


def test_predictions_have_room_for_every_kind_of_model():
    frame = answer().frames["predictions"]
    fields = list(columns.PredictionColumns.model_fields)
    assert [column for column in fields if column in [*frame.index.names, *frame.columns]] == [
        *frame.index.names,
        *frame.columns,
    ]
    forecasts = {column for group in (*FORECAST_COLUMNS.values(), QUANTILE_COLUMNS) for column in group}
    forecasts |= {"side", "share", *(f"conformal_{level}" for level in (10, 25, 75, 90))}
    assert set(fields) - {*frame.index.names, *frame.columns, "symbol"} <= forecasts <= set(fields)


@pytest.mark.parametrize(
    "table", [columns.PriceColumns, columns.EquityColumns, columns.TradeColumns, columns.PredictionColumns]
)
def test_every_column_says_what_it_is(table):
    assert table.__doc__.endswith(".")
    for name, column in table.model_fields.items():
        assert column.description.endswith("."), name
        assert not name.endswith("_"), "a trailing underscore is for Python only"
