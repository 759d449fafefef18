import dataclasses

import pandas as pd
import pytest

from quant.frames import of_instrument
from tests.webapp.dashboard import reading
from webapp.dashboard.components import trade_filters
from webapp.dashboard.components.tabs import trades
from webapp.services.trade_lists import TradeFilter, TradeList, choose


def listing(result, every=None, wanted=TradeFilter()):  # noqa: B008  # frozen
    every = result.frames["trades"] if every is None else every
    return TradeList(result, choose(every, wanted), len(every))


def many(result, n):
    frame = pd.concat([result.frames["trades"]] * (n // len(result.frames["trades"]) + 1), ignore_index=True)
    return frame.iloc[:n]


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

    grid = reading.by_id(trades.trade_page(("GOOG", "IBM"), listing(result, open_one), 0), "analysis-trades-grid")
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
    assert [reading.ids(each) for each in hidden if reading.ids(each)] == [
        [trade_filters.SYMBOL],
        [trades.INSTRUMENT],
        [trades.PAGE],
    ]
    names = [each["headerName"] for each in reading.by_id(tree, "analysis-trades-grid").columnDefs]
    assert "Symbol" not in names


def test_another_instrument_has_its_own_price(result):
    first, second = (trades.price_chart(listing(result), place, TradeFilter(), "light") for place in (0, 1))

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


def test_figures_charts_and_list_are_of_the_trades_that_match(result):
    wanted = TradeFilter(side="short")
    found = listing(result, wanted=wanted)
    assert 0 < len(found.trades) < found.n_all

    tree = trades.body(("GOOG", "IBM"), found, wanted, "light")
    rows = reading.by_id(trades.listed(("GOOG", "IBM"), found), "analysis-trades-grid").rowData

    cards = [reading.text(card) for card in reading.of_class(tree, "metric")]
    assert cards[0] == f"Trades {len(found.trades)} of {found.n_all}, {len(found.trades)} short"
    assert cards[-1].startswith("Result ")
    assert {row["direction"] for row in rows} == {"short"}
    assert [row["number"] for row in rows] == found.trades["number"].tolist()
    names = {trace["name"] for trace in reading.by_id(tree, "analysis-trades-chart").figure["data"]}
    assert "Short entry" in names
    assert "Long entry" not in names


def test_of_a_chosen_instrument_there_is_no_other_to_choose(result):
    wanted = TradeFilter(instrument=1)

    tree = trades.body(("GOOG", "IBM"), listing(result, wanted=wanted), wanted, "light")

    assert [each["label"] for each in reading.by_id(tree, trades.INSTRUMENT).options] == ["IBM"]
    assert reading.by_id(tree, "analysis-trades-chart").figure["data"][0]["name"] == "IBM"


def test_where_nothing_matches_that_is_said(result):
    wanted = TradeFilter(least_bars=10**6)
    found = listing(result, wanted=wanted)

    assert f"None of the {found.n_all} trades matches" in reading.text(trades.body(("A", "B"), found, wanted, "light"))
    assert "No trade matches." in reading.text(trades.listed(("A", "B"), found))


def test_of_a_hundred_thousand_trades_none_is_lost(result):
    found = listing(result, many(result, 100_000))

    options = reading.by_id(trades.listed(("GOOG", "IBM"), found), trades.PAGE).options
    assert [options[0]["label"], options[-1]["label"]] == ["1 to 1,000", "99,001 to 100,000"]
    seen = []
    for page in (0, 1, len(options) - 1):
        shown = reading.by_id(trades.trade_page(("GOOG", "IBM"), found, page), "analysis-trades-grid")
        assert shown.defaultColDef["sortable"] is False  # a heading would sort this page alone
        seen += [row["number"] for row in shown.rowData]
    assert seen == [*range(1, 2001), *range(99_001, 100_001)]
    assert reading.by_id(trades.trade_page(("A", "B"), listing(result), 0), "analysis-trades-grid").defaultColDef[
        "sortable"
    ]


def test_of_chosen_dates_the_price_is_drawn_around_their_trades(result):
    every = result.frames["trades"]
    own = every[(every["instrument"] == 0) & ~every["is_open"]].sort_values("entry_at")
    first = own["entry_at"].iloc[len(own) // 2]
    wanted = TradeFilter(first=first.date(), last=first.date())

    chart = trades.price_chart(listing(result, wanted=wanted), 0, wanted, "light")

    bars = of_instrument(result.frames["prices"], 0)
    days = reading.by_id(chart, "analysis-trades-chart").figure["layout"]["xaxis"]["range"][1] + 0.5
    held = int(own["bars_held"].iloc[len(own) // 2])
    assert held <= days <= held + 15 < len(bars)


def test_many_marks_are_thinned_and_that_is_said(result):
    found = listing(result, many(result, 5000))

    chart = trades.price_chart(found, 0, TradeFilter(), "light")

    assert "one is marked. Choose dates" in reading.text(chart)
    assert "one is marked" not in reading.text(trades.price_chart(listing(result), 0, TradeFilter(), "light"))
