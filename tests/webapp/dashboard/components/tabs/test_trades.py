import dataclasses

import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.tabs import trades


@pytest.fixture
def tree(view, result):
    return trades.content(view(), result, "light")


def test_every_trade_is_in_the_table(tree, result):
    rows = reading.by_id(tree, "analysis-trades-grid").rowData
    frame = result.frames["trades"]

    assert len(rows) == len(frame)
    assert [row["number"] for row in rows] == list(range(1, len(frame) + 1))
    assert sum(row["result"] for row in rows) == pytest.approx(frame["pnl"].sum())
    assert {row["symbol"] for row in rows} == {"GOOG", "IBM"}


def test_a_trade_that_is_still_open_has_no_exit(view, result):
    open_one = result.frames["trades"].iloc[:1].assign(is_open=True, exit_price=float("nan"))

    row = reading.walk(trades.trade_grid(open_one, ("GOOG", "IBM")))
    grid = next(each for each in row if getattr(each, "id", "") == "analysis-trades-grid")
    assert (grid.rowData[0]["exit"], grid.rowData[0]["exit_price"]) == ("open", None)


def test_columns_say_unit_and_meaning_and_figures_stand_right(tree):
    columns = {each["headerName"]: each for each in reading.by_id(tree, "analysis-trades-grid").columnDefs}

    assert columns["Return, %"]["type"] == "rightAligned"
    assert columns["Return, %"]["valueFormatter"] == {"function": "assayPercent(params.value, 1, true)"}
    assert all("headerTooltip" in columns[name] for name in ("Result", "Costs", "Worst, %", "Best, %"))
    assert "Symbol" in columns


def test_with_one_instrument_nothing_asks_which(view, result):
    own = result.frames["trades"][result.frames["trades"]["instrument"] == 0]
    facts = {**result.facts, "data": {**result.facts["data"], "instruments": result.facts["data"]["instruments"][:1]}}
    one = dataclasses.replace(result, frames={**result.frames, "trades": own}, facts=facts)

    tree = trades.content(view(symbols=("GOOG",)), one, "light")

    hidden = [each for each in reading.of_type(tree, "Div") if getattr(each, "hidden", False)]
    assert [reading.ids(each) for each in hidden if reading.ids(each)] == [[trades.INSTRUMENT]]
    names = [each["headerName"] for each in reading.by_id(tree, "analysis-trades-grid").columnDefs]
    assert "Symbol" not in names


def test_another_instrument_has_its_own_price(result):
    first, second = (trades.price_chart(result, place, "light") for place in (0, 1))

    names = [reading.by_id(each, "analysis-trades-chart").figure["data"][0]["name"] for each in (first, second)]
    assert names == ["GOOG", "IBM"]


def test_the_numbers_are_counted_from_the_trades(tree, result):
    frame = result.frames["trades"]
    cards = [reading.text(card) for card in reading.of_class(tree, "metric")]

    assert cards[0] == f"Trades {len(frame)} {int((frame['direction'] == 'short').sum())} short"
    assert cards[1].endswith(f"{int((frame['pnl'] > 0).sum())} of {len(frame)}")


def test_no_trades_are_an_empty_state_and_no_empty_box(view, result):
    none = dataclasses.replace(result, frames={**result.frames, "trades": result.frames["trades"].iloc[:0]})

    tree = trades.content(view(), none, "light")

    assert "Nothing was traded" in reading.text(tree)
    assert "analysis-trades-grid" not in reading.ids(tree)


def test_it_reads_no_more_than_it_shows(view, result):
    narrow = dataclasses.replace(result, frames={name: result.frames[name] for name in trades.FRAMES})

    assert reading.text(trades.content(view(), narrow, "light"))
