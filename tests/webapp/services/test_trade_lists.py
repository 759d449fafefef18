"""The trades that match a filter, in a chosen order."""

import datetime
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.webapp.services.test_results import RESULT, actor, claim, save, store  # noqa: F401  # fixtures
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.services import trade_lists
from webapp.services.trade_lists import ORDERS, OUTCOMES, REASONS, SIDES, TradeFilter, choose, reasons, sort

DAYS = pd.date_range("2020-01-02 21:00", periods=400, freq="D", tz="UTC", unit="us")


def trades(n, seed=1):
    """Return trades of every kind."""
    random = np.random.default_rng(seed)
    entry = np.sort(random.integers(0, 300, n))
    held = random.integers(0, 90, n)
    is_open = random.random(n) < 0.1
    left = np.where(is_open, "open", random.choice(REASONS[:-1], n))
    earned = random.normal(0.0, 0.05, n)
    return pd.DataFrame(
        {
            "instrument": random.integers(0, 3, n),
            "direction": random.choice(["long", "short"], n),
            "entry_at": DAYS[entry],
            "exit_at": pd.Series(DAYS[entry + held]).mask(is_open),
            "pnl": earned * 1000.0,
            "return_on_entry_value": earned,
            "costs": random.random(n),
            "bars_held": held,
            "max_adverse_excursion": -random.random(n),
            "max_favourable_excursion": random.random(n),
            "is_open": is_open,
            "exit_reason": left,
        }
    )


def few(options):
    return st.none() | st.sampled_from(options)


dates = st.none() | st.dates(datetime.date(2019, 12, 1), datetime.date(2021, 3, 1))
filters = st.builds(
    TradeFilter,
    instrument=few((0, 1, 2)),
    side=few(SIDES),
    outcome=few(OUTCOMES),
    reason=few(REASONS),
    first=dates,
    last=dates,
    least_bars=few((0, 5, 40)),
    most_bars=few((0, 10, 80)),
)


def matches(each, wanted):
    """Say what the filter says, a trade at a time."""
    day = each["entry_at"].date()
    return all(
        (
            wanted.instrument in (None, each["instrument"]),
            wanted.side in (None, each["direction"]),
            wanted.outcome in (None, "won" if each["pnl"] > 0 else "lost"),
            wanted.reason in (None, each["exit_reason"]),
            wanted.first is None or day >= wanted.first,
            wanted.last is None or day <= wanted.last,
            wanted.least_bars is None or each["bars_held"] >= wanted.least_bars,
            wanted.most_bars is None or each["bars_held"] <= wanted.most_bars,
        )
    )


@given(filters, st.integers(0, 60))
def test_what_matches_is_what_the_words_say_and_nothing_is_lost(wanted, n):
    every = trades(n)

    found = choose(every, wanted)

    expected = [place for place, each in enumerate(every.to_dict("records"), 1) if matches(each, wanted)]
    assert found["number"].tolist() == expected
    assert found.drop(columns="number").equals(every.iloc[[place - 1 for place in expected]])


@given(st.sampled_from(ORDERS), st.booleans())
def test_an_order_keeps_every_trade_and_puts_the_unknown_last(order, descending):
    every = choose(trades(50), TradeFilter())

    found = sort(every, order, descending=descending)

    assert sorted(found["number"]) == list(range(1, 51))
    values = found[trade_lists._BY[order]]
    known = values.dropna()
    assert known.is_monotonic_decreasing if descending else known.is_monotonic_increasing
    assert values.iloc[len(known) :].isna().all()
    for _, equal in found.groupby(values, sort=False):
        assert equal["number"].is_monotonic_increasing


def test_the_first_and_the_last_day_count_in_full_and_no_day_is_too_far():
    every = trades(60)
    day = every["entry_at"].iloc[30].date()

    same = choose(every, TradeFilter(first=day, last=day))

    assert set(same["entry_at"].dt.date) == {day}
    assert len(choose(every, TradeFilter(first=datetime.date.min, last=datetime.date.max))) == 60
    assert choose(every, TradeFilter(last=datetime.date.min)).empty


def test_a_trade_that_made_nothing_did_not_win():
    every = trades(1).assign(pnl=0.0)

    assert choose(every, TradeFilter(outcome="won")).empty
    assert len(choose(every, TradeFilter(outcome="lost"))) == 1


def test_older_answers_know_signals_and_open_trades_only():
    every = trades(40)
    older = every.drop(columns="exit_reason")

    assert set(reasons(older)) == {"signal", "open"}
    assert len(choose(older, TradeFilter(reason="open"))) == every["is_open"].sum()
    assert choose(older, TradeFilter(reason="stop_loss")).empty


def test_a_filter_that_contradicts_itself_or_its_question_is_refused():
    early, late = datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)
    for wanted, field in (
        (TradeFilter(instrument=3), "instrument"),
        (TradeFilter(instrument=-1), "instrument"),
        (TradeFilter(first=late, last=early), "last"),
        (TradeFilter(least_bars=3, most_bars=2), "most_bars"),
    ):
        with pytest.raises(InvalidInput, match="no trade of this analysis") as refused:
            trade_lists.check(wanted, n_instruments=3)
        assert set(refused.value.fields) == {field}
    trade_lists.check(TradeFilter(instrument=2, first=early, last=early, least_bars=2, most_bars=2), n_instruments=3)


def test_filters_that_differ_have_keys_that_differ():
    some = [TradeFilter(), TradeFilter(instrument=0), TradeFilter(least_bars=0), TradeFilter(most_bars=0)]
    some += [TradeFilter(side="long"), TradeFilter(side="short"), TradeFilter(first=datetime.date(2020, 1, 1))]

    assert len({each.key for each in some}) == len(some)
    assert [each.is_used for each in some] == [False, *[True] * (len(some) - 1)]


def test_of_a_hundred_thousand_trades_all_are_looked_at_in_a_moment():
    every = trades(100_000)
    began = time.perf_counter()

    found = sort(choose(every, TradeFilter(side="short", outcome="won")), "return", descending=True)

    assert time.perf_counter() - began < 2.0
    assert len(found) == ((every["direction"] == "short") & (every["pnl"] > 0)).sum()


@pytest.fixture
def answered(session, store, claim, monkeypatch):  # noqa: F811  # a fixture
    monkeypatch.setitem(RESULT.facts, "data", {"instruments": [{"symbol": "GOOG"}]})
    save(session, store, claim)
    return claim.public_id


def test_they_are_read_by_whom_may_read_the_analysis_alone(session, store, actor, answered):  # noqa: F811  # fixtures
    found = trade_lists.read_trades(session, store, actor, answered, TradeFilter(side="short"))
    assert (found.n_all, found.trades["number"].tolist(), found.result.id) == (2, [2], answered)
    with pytest.raises(InvalidInput, match="no trade of this analysis"):
        trade_lists.read_trades(session, store, actor, answered, TradeFilter(instrument=1))

    with pytest.raises(NotFound, match="no such analysis"):
        trade_lists.read_trades(session, store, factories.create_actor(session, "admin"), answered, TradeFilter())


def test_without_an_answer_there_are_none(session, store, actor, claim):  # noqa: F811  # fixtures
    with pytest.raises(Conflict, match="running"):
        trade_lists.read_trades(session, store, actor, claim.public_id, TradeFilter())
