"""Numbers, as people and programs write them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.data.files.numbers import decimal_of, parse_numbers


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["2.058,20", "2.020,58"], ","),
        (["2,058.20"], "."),
        (["12,5"], ","),
        (["12.5", "1,234"], "."),
        (["1.234.567"], ","),
        (["1,234,567"], "."),
        (["1'234.5"], "."),
        (["1 234,5"], ","),
        (["0,123"], ","),
        (["1234.567"], "."),
        (["100", "200"], "."),
        (["€ 12,50"], ","),
        (["1,234"], None),
        (["12.5", "12,5"], None),
    ],
)
def test_all_cells_together_tell_the_decimal_separator(cells, decimal):
    assert decimal_of([pa.array(cells)], usual=None) == decimal


def test_three_digits_after_a_point_are_decimals_only_where_that_is_usual():
    cells = pa.array(["110.123", "98.456"])

    assert decimal_of([cells], usual=".") == "."
    assert decimal_of([cells], usual=None) is None


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1,234.5", ".", 1234.5), ("1.234,5", ",", 1234.5), ("$12.50", ".", 12.5), ("-$12.50", ".", -12.5),
        ("12,50 €", ",", 12.5), ("(3.5)", ".", -3.5), ("1.5e-3", ".", 0.0015), ("1\u202f234,5", ",", 1234.5),
        ("1 234 567", ".", 1234567.0), ("2.5M", ".", 2.5e6), ("12,3K", ",", 12300.0), ("\u221212.5", ".", -12.5),
        ("USD 5", ".", 5.0), ("+7", ".", 7.0), (".5", ".", 0.5),
    ],
)  # fmt: skip
def test_a_number_is_read(cell, decimal, value):
    assert parse_numbers(pa.array([cell]), decimal).values.tolist() == [value]


@pytest.mark.parametrize("cell", ["1,5", "1,23,456", "12abc", "=1+1", "1.2.3", "inf", "1e999"])
def test_what_is_no_number_is_not_made_one(cell):
    found = parse_numbers(pa.array([cell, "1.5"]), ".")

    assert np.isnan(found.values[0]) or not np.isfinite(found.values[0])
    assert found.is_unreadable.tolist() == [True, False]


@pytest.mark.parametrize("cell", ["", " ", "-", "NaN", "null", "N/A", "#N/A", "None", "n.a.", "#REF!", "k.A."])
def test_words_for_no_value_are_known(cell):
    found = parse_numbers(pa.array([cell]), ".")

    assert found.is_missing.tolist() == [True]
    assert found.is_unreadable.tolist() == [False]


def test_currencies_are_seen():
    assert parse_numbers(pa.array(["$1.5", "€2.5", "3"]), ".").currencies == ("EUR", "USD")


@given(st.lists(st.floats(0.0001, 1e12), min_size=1, max_size=20))
def test_a_point_for_thousands_never_becomes_a_decimal(values):
    cells = pa.array([f"{value:,.4f}".translate(str.maketrans(",.", ".,")) for value in values])

    assert parse_numbers(cells, ",").values.tolist() == [float(f"{value:.4f}") for value in values]
