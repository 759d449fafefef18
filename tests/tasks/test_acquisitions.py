"""The task that acquires prices, against a server that answers as Yahoo does; each test calls it as a worker would."""

import datetime

import pytest

import tasks.acquisitions
from quant.data import yahoo_session
from quant.data.provider import PriceQuery, create_provider
from tests import factories
from tests.yahoo import PAGE, Answer, Listing, run_yahoo
from webapp import jobs
from webapp.services import acquisition_jobs, acquisitions, price_sources, prices
from webapp.services.price_sources import SourceState
from webapp.services.workflow import Status
from webapp.tables import Acquisition

pytestmark = pytest.mark.databases("sqlite")


def listing(last=datetime.date(2003, 3, 31)):
    query = PriceQuery("MSFT", start=datetime.date(2003, 1, 2), end=last)
    bars = create_provider("sample").fetch(query).bars.set_index("session")
    rows = {day.date(): tuple(map(float, row)) for day, *row in bars.iloc[:, :5].itertuples()}
    return Listing(rows, splits={datetime.date(2003, 2, 18): (2, 1)})


@pytest.fixture
def server():
    with run_yahoo() as server:
        server.listings["MSFT"] = listing()
        yield server
    yahoo_session.forget_session()


@pytest.fixture
def worker(parts, server, monkeypatch):
    """The parts of a data worker whose Yahoo is the server."""
    settings = parts.settings.model_copy(update={"yahoo_base_url": server.url, "yahoo_requests_per_minute": 1000})
    own = type(parts)(settings, parts.database, parts.queue)
    monkeypatch.setattr(tasks.acquisitions, "hands", lambda: own)
    return own


def ask(parts, actor, symbol="MSFT", **values):
    with parts.database.write() as session:
        return acquisitions.submit_fetch(session, actor, source="yahoo", symbol=symbol, **values)


def look(parts, actor, acquisition_id):
    with parts.database.read() as session:
        return acquisitions.get(session, actor, acquisition_id)


def state(parts):
    with parts.database.read() as session:
        return price_sources.look_at(session, "yahoo")


def test_without_work_nothing_is_asked_and_nothing_sent(worker, server, jobs_sent):
    tasks.acquisitions.acquire()

    assert server.asked == []
    assert jobs_sent == []


def test_a_fetch_brings_raw_bars_into_a_shared_series_and_looks_for_more(worker, actor, jobs_sent):
    acquisition_id = ask(worker, actor)
    tasks.acquisitions.acquire()

    view = look(worker, actor, acquisition_id)
    assert (view.status, view.n_added, view.progress) == (Status.SUCCEEDED, 61, 1.0)
    assert jobs_sent == [jobs.ACQUIRE]
    with worker.database.write() as session:
        other = factories.create_actor(session, "viewer")
        found = prices.read_prices(session, worker.store, other, view.instrument_id)
    assert found["close"].loc[found["session"] == "2003-02-14"].iloc[0] == pytest.approx(48.3)


def test_the_second_fetch_asks_for_the_tail_only(worker, server, actor):
    server.listings["MSFT"] = listing(datetime.date(2003, 3, 28))
    ask(worker, actor)
    tasks.acquisitions.acquire()
    server.listings["MSFT"] = listing()
    server.asked.clear()

    acquisition_id = ask(worker, actor)
    tasks.acquisitions.acquire()
    view = look(worker, actor, acquisition_id)
    assert (view.n_bars, view.n_added, view.revision) == (6, 1, 2)
    assert len(server.charts()) == 1

    acquisition_id = ask(worker, actor)
    tasks.acquisitions.acquire()
    assert look(worker, actor, acquisition_id).message == "Nothing new: the newest bar is still that of 2003-03-31."


def test_a_restated_tail_makes_it_ask_for_everything(worker, server, actor):
    ask(worker, actor)
    tasks.acquisitions.acquire()
    server.asked.clear()
    bars = server.listings["MSFT"].bars
    for day in (datetime.date(2003, 1, 10), datetime.date(2003, 3, 31)):
        bars[day] = (*bars[day][:4], bars[day][4] + 100)

    acquisition_id = ask(worker, actor)
    tasks.acquisitions.acquire()
    view = look(worker, actor, acquisition_id)
    assert (view.n_restated, view.n_added, view.n_bars) == (2, 0, 61)
    assert len(server.charts()) == 2


def test_an_unknown_symbol_fails_and_closes_no_circuit(worker, actor):
    acquisition_id = ask(worker, actor, "GONE")
    tasks.acquisitions.acquire()

    view = look(worker, actor, acquisition_id)
    assert (view.status, view.error_code, view.instrument_id) == (Status.FAILED, "symbol_not_found", None)
    assert state(worker).state is SourceState.CLOSED


def test_a_source_that_is_away_is_asked_again_later(worker, server, actor):
    server.instead = Answer(503, PAGE)
    acquisition_id = ask(worker, actor)
    tasks.acquisitions.acquire()

    view = look(worker, actor, acquisition_id)
    assert (view.status, view.error_code) == (Status.QUEUED, "provider_unavailable")
    assert view.waits_until is not None
    assert state(worker).n_failures == 1


def test_a_source_that_is_away_again_and_again_is_left_alone_and_what_is_stored_stays(worker, server, actor):
    ask(worker, actor)
    tasks.acquisitions.acquire()
    server.instead = Answer(503, PAGE)
    acquisition_id = ask(worker, actor)
    for _ in range(price_sources.FAILURES_TO_OPEN):
        tasks.acquisitions.acquire()
        with worker.database.write() as session:
            session.query(Acquisition).update({"not_before": None})
    assert state(worker).state is SourceState.OPEN
    server.asked.clear()
    tasks.acquisitions.acquire()

    view = look(worker, actor, acquisition_id)
    assert (view.status, view.error_code) == (Status.FAILED, "provider_unavailable")
    assert "3 times in a row" in view.error_message
    assert server.asked == []
    with worker.database.read() as session:
        (kept,) = prices.search_instruments(session, actor, source="yahoo")
    assert (kept.n_bars, kept.revision) == (61, 1)


def test_a_source_that_asks_for_a_pause_gets_it(worker, server, actor):
    server.instead = Answer(429, "Too Many Requests", {"Retry-After": "30"})
    acquisition_id = ask(worker, actor)
    tasks.acquisitions.acquire()

    view = look(worker, actor, acquisition_id)
    assert (view.status, view.error_code) == (Status.QUEUED, "rate_limited")
    assert state(worker).state is SourceState.PAUSED
    assert 28 < (view.waits_until - view.started_at).total_seconds() < 60


def test_one_that_is_cancelled_meanwhile_keeps_nothing(worker, actor, monkeypatch):
    acquisition_id = ask(worker, actor)
    real = tasks.acquisitions._provider

    def cancel_meanwhile(parts, claim):
        with parts.database.write() as session:
            acquisitions.cancel(session, actor, acquisition_id)
        return real(parts, claim)

    monkeypatch.setattr(tasks.acquisitions, "_provider", cancel_meanwhile)
    tasks.acquisitions.acquire()

    assert look(worker, actor, acquisition_id).status is Status.CANCELLED
    with worker.database.read() as session:
        assert prices.search_instruments(session, actor, source="yahoo") == []


def test_one_that_is_cancelled_while_the_source_is_away_is_not_tried_again(worker, server, actor, monkeypatch):
    server.instead = Answer(503, PAGE)
    acquisition_id = ask(worker, actor)
    real = tasks.acquisitions._report

    def cancel_afterwards(parts, claim, progress):
        real(parts, claim, progress)
        with parts.database.write() as session:
            acquisitions.cancel(session, actor, acquisition_id)

    monkeypatch.setattr(tasks.acquisitions, "_report", cancel_afterwards)
    tasks.acquisitions.acquire()

    assert look(worker, actor, acquisition_id).status is Status.CANCELLED


def test_what_nobody_foresaw_is_told_without_details(worker, actor, monkeypatch, caplog):
    def break_down(parts, claim):
        raise ZeroDivisionError("a secret")

    monkeypatch.setitem(tasks.acquisitions.CARRIERS, "fetch", break_down)
    acquisition_id = ask(worker, actor)
    tasks.acquisitions.acquire()

    view = look(worker, actor, acquisition_id)
    assert (view.status, view.error_code) == (Status.FAILED, "internal")
    assert "secret" not in view.error_message
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("answer", [None, Answer(503, PAGE)], ids=["bars", "a refusal"])
def test_a_worker_that_lost_its_acquisition_keeps_nothing_of_it(worker, parts, actor, server, monkeypatch, answer):
    server.instead = answer
    acquisition_id = ask(parts, actor)
    before, files = state(parts), sorted(parts.store.root.rglob("*"))
    provider = tasks.acquisitions._provider

    def take_away_and_go_on(own, claim):
        with parts.database.write() as session:
            assert acquisition_jobs.hand_back(session, claim.acquisition_id, claim.attempt, reason="It fell silent.")
        return provider(own, claim)

    monkeypatch.setattr(tasks.acquisitions, "_provider", take_away_and_go_on)
    monkeypatch.setattr(tasks.acquisitions, "_report", lambda *_: None)  # which would learn of it earlier
    tasks.acquisitions.acquire()

    assert server.asked
    assert look(parts, actor, acquisition_id).status is Status.QUEUED
    assert (state(parts), sorted(parts.store.root.rglob("*"))) == (before, files)
    with parts.database.read() as session:
        assert prices.search_instruments(session, actor, source="yahoo") == []
