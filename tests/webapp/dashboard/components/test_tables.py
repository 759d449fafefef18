import numpy as np
import pandas as pd
import pytest
from dash import html

from tests.webapp.dashboard import reading
from webapp.dashboard.components import tables
from webapp.dashboard.components.tables import Column


def test_a_table_names_its_columns_and_rows():
    tree = tables.data_table([Column("Depth", is_number=False), Column("Bars")], [["−3 %", "7"], [html.B("x"), "8"]])

    heads = reading.of_type(tree, "Th")
    assert [each.scope for each in heads] == ["col", "col", "row", "row"]
    assert [each.className for each in heads[:2]] == [None, "number"]
    assert all(each.className == "number" for each in reading.of_type(tree, "Td"))


def test_a_wide_table_scrolls_by_itself_and_by_keyboard():
    tree = tables.data_table([Column("A")], [["1"]], caption="All of it")

    assert (tree.className, tree.tabIndex, tree.role) == ("table-scroll", "0", "region")
    assert reading.attribute(tree, "aria-label") == "All of it"


def test_a_definition_opens():
    tree = tables.definition("Sharpe ratio", summary="Mean over deviation.", formula="m / s", source="Sharpe 1994")

    assert type(tree).__name__ == "Details"
    assert reading.text(tree) == "Sharpe ratio Mean over deviation. m / s Source:  Sharpe 1994"
    assert reading.text(tables.definition("A", summary="B")) == "A B"


@pytest.fixture
def months():
    return pd.DataFrame({"year": [2008, 2008, 2009], "month": [11, 12, 1], "return": [0.1, -0.05, np.nan]})


def test_months_stand_in_their_columns_with_the_compounded_year(months):
    rows = reading.of_type(reading.of_type(tables.monthly_heat_map(months), "Tbody")[0], "Tr")

    first = [reading.text(cell) for cell in rows[0].children]
    assert first == ["2008", *[""] * 10, "10.0", "−5.0", "4.5"]
    assert reading.text(rows[1].children[-1]) == "–"


def test_the_year_compounds_what_the_months_earned(result):
    months = result.frames["monthly_returns"]
    rows = reading.of_type(reading.of_type(tables.monthly_heat_map(months), "Tbody")[0], "Tr")

    totals = [float(reading.text(row.children[-1]).replace("−", "-")) for row in rows]
    growth = np.prod([1 + total / 100 for total in totals]) - 1
    equity = result.frames["equity"]["equity"]
    assert growth == pytest.approx(equity.iloc[-1] / equity.iloc[0] - 1, abs=0.002)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (0.0, ""),
        (0.0004, ""),
        (0.004, "p1"),
        (0.01, "p2"),
        (0.03, "p3"),
        (0.4, "p4"),
        (-0.01, "n2"),
        (-0.4, "n4"),
        (np.nan, ""),
    ],
)
def test_shades_are_symmetric_steps(value, name):
    assert tables.shade(value) == name
