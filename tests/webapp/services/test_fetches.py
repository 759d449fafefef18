"""What a fetch asks for and keeps: the tail, restatements, withdrawals, an unfinished split. Prices are Microsoft's."""

import dataclasses

import pandas as pd
import pytest

from quant.data.snapshot import actions_of
from quant.errors import InvalidPrices
from tests import factories
from webapp.services import acquisition_jobs, fetches, price_store, prices
from webapp.tables import PriceSeries

FIRST, LAST = "2003-01-02", "2003-03-31"


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


@pytest.fixture
def claim(session, actor):
    factories.create_acquisition(session, actor, symbol="MSFT")
    return acquisition_jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=3)


def delivery(first=FIRST, last=LAST, *, later_splits=1.0, **changes):
    """Return bars as Yahoo delivers them: adjusted for splits, with the list of splits and dividends."""
    whole = factories.delivery("MSFT", FIRST, LAST)
    actions = actions_of(whole).assign(implied=False)
    bars = factories.delivery("MSFT", first, last).bars.drop(columns="adjusted_close")
    for day, split in actions["split_factor"].items():
        before = (bars["session"] < day).to_numpy()
        bars.loc[before, ["open", "high", "low", "close"]] /= split
        bars.loc[before, "volume"] *= split
    bars[["open", "high", "low", "close"]] /= later_splits
    bars["volume"] *= later_splits
    if later_splits != 1.0:
        new = pd.DataFrame({"split_factor": [later_splits], "dividend": [0.0], "implied": [False]})
        actions = pd.concat([actions, new.set_index(pd.DatetimeIndex(["2003-04-01"], name="session"))])
        actions["dividend"] /= later_splits
    actions = actions[actions.index >= bars["session"].iloc[0]]
    return dataclasses.replace(whole, bars=bars, actions=actions, basis="split_adjusted", **changes)


def close_of(bars, day):
    return bars["close"].loc[bars["session"] == pd.Timestamp(day)].iloc[0]


def test_what_is_not_stored_is_fetched_whole_and_shared(session, store, claim):
    query = fetches.plan(session, store, claim)
    assert (query.symbol, query.interval, query.start, query.end) == ("MSFT", "1d", None, None)

    outcome = fetches.keep(session, store, claim, delivery())
    series = session.get_one(PriceSeries, outcome.series_id)
    assert (series.source, series.owner_id, series.basis) == ("yahoo", None, "split_adjusted")
    assert (outcome.revision, outcome.n_bars, outcome.n_added) == (1, 61, 61)
    assert outcome.message == "61 bars new, up to 2003-03-31."
    bars = price_store.read_bars(session, store, series.id, 1)
    assert close_of(bars, "2003-02-14") == pytest.approx(48.3), "as it was traded, before the split"


def test_what_is_stored_is_fetched_from_a_few_bars_before_its_end(session, store, claim):
    fetches.keep(session, store, claim, delivery(last="2003-03-14"))

    query = fetches.plan(session, store, claim)
    assert query.start.isoformat() == "2003-03-10"
    whole = dataclasses.replace(claim, extent="all")
    assert fetches.plan(session, store, whole).start is None

    tail = delivery(first="2003-03-10")
    assert not fetches.tells_of_changes(session, store, claim, tail)
    outcome = fetches.keep(session, store, claim, tail)
    assert (outcome.revision, outcome.n_added, outcome.n_restated, outcome.n_withdrawn) == (2, 11, 0, 0)


def test_nothing_new_is_said_and_makes_no_vintage(session, store, claim):
    fetches.keep(session, store, claim, delivery())

    outcome = fetches.keep(session, store, claim, delivery(first="2003-03-25", notes=("Left out something.",)))
    assert (outcome.revision, outcome.n_added) == (1, 0)
    assert outcome.message == "Nothing new: the newest bar is still that of 2003-03-31. Left out something."


def test_a_later_split_changes_no_stored_bar(session, store, claim):
    fetches.keep(session, store, claim, delivery(last="2003-03-28"))
    tail = delivery(first="2003-03-24", later_splits=7.0)

    assert not fetches.tells_of_changes(session, store, claim, tail)
    outcome = fetches.keep(session, store, claim, tail)
    assert (outcome.n_added, outcome.n_restated) == (1, 0)


def test_a_restated_bar_is_a_new_row_and_makes_us_look_at_all(session, store, claim, actor):
    first = fetches.keep(session, store, claim, delivery())
    changed = delivery(first="2003-03-25")
    changed.bars.loc[2, "close"] *= 1.01

    assert fetches.tells_of_changes(session, store, claim, changed)
    outcome = fetches.keep(session, store, claim, changed)
    assert (outcome.revision, outcome.n_added, outcome.n_restated) == (2, 0, 1)
    assert outcome.message == "1 bar restated by the source."
    old, new = (price_store.read_bars(session, store, first.series_id, number) for number in (1, 2))
    day = "2003-03-27"
    assert close_of(new, day) == pytest.approx(close_of(old, day) * 1.01)
    assert prices.search_instruments(session, actor, symbol="MSFT", source="yahoo")[0].revision == 2


def test_a_bar_that_the_source_took_back_is_withdrawn(session, store, claim):
    fetches.keep(session, store, claim, delivery())
    without = delivery(first="2003-03-25")
    without = dataclasses.replace(without, bars=without.bars.drop(index=2).reset_index(drop=True))

    assert fetches.tells_of_changes(session, store, claim, without)
    outcome = fetches.keep(session, store, claim, without)
    assert (outcome.n_withdrawn, outcome.message) == (1, "1 bar withdrawn by the source.")


@pytest.mark.parametrize("factor", [2.0, 0.1])
def test_prices_that_contradict_the_list_of_splits_are_refused(session, store, claim, factor):
    fetches.keep(session, store, claim, delivery(last="2003-03-28"))
    tail = delivery(first="2003-03-24")
    tail.bars[["open", "high", "low", "close"]] /= factor

    for act in (fetches.tells_of_changes, fetches.keep):
        with pytest.raises(InvalidPrices, match=r"5 shared bars times.*contradict each other"):
            act(session, store, claim, tail)


def test_a_series_that_somebody_owns_is_another(session, store, claim, actor):
    factories.create_prices(session, store, owner_id=actor.user_id)

    assert fetches.plan(session, store, claim).start is None
    assert not fetches.tells_of_changes(session, store, claim, delivery())
