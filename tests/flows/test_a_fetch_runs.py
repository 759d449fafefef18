"""A fetch through a real data worker and a real broker, a server answering as Yahoo does; then an analysis of it."""

import datetime
import os
import signal

import pytest

from quant.data.provider import PriceQuery, create_provider
from quant.spec import AnalysisSpec
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from tests.yahoo import PAGE, Answer, Listing, run_yahoo
from webapp import jobs
from webapp.services import acquisitions, prices
from webapp.services.workflow import Status
from webapp.tables import Acquisition

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.databases("sqlite")]


@pytest.fixture
def server():
    bars = create_provider("sample").fetch(PriceQuery("GOOG")).bars.set_index("session")
    rows = {day.date(): tuple(map(float, row)) for day, *row in bars.iloc[:, :5].itertuples()}
    with run_yahoo() as server:
        server.listings["GOOG"] = Listing(rows, splits={datetime.date(2010, 1, 4): (2, 1)})
        server.listings["MSFT"] = Listing(rows)
        yield server


@pytest.fixture
def ask(stage):
    """Ask for a fetch as the one user there is; the message is sent after the commit."""

    def ask(symbol="GOOG"):
        with stage.database.write() as session:
            acquisition_id = acquisitions.submit_fetch(session, stage.actor, source="yahoo", symbol=symbol)
            stage.queue.send_after_commit(session, jobs.ACQUIRE)
        return acquisition_id

    return ask


@pytest.fixture
def data_worker(stage, server):
    return lambda **changes: stage.start_worker(is_for_data=True, yahoo_base_url=server.url, **changes)


def look(stage, acquisition_id):
    with stage.database.read() as session:
        return acquisitions.get(session, stage.actor, acquisition_id)


def is_asked(server):
    return any("/chart/" in each for each in server.asked)


def end_of(stage, acquisition_id, seconds=60):
    wait_until(
        lambda: look(stage, acquisition_id).status.is_final, seconds=seconds, what=f"the end of {acquisition_id}"
    )
    return look(stage, acquisition_id)


def test_a_fetch_and_then_an_analysis_of_what_it_brought(stage, server, data_worker, ask):
    data_worker()
    first, second = ask(), ask("MSFT")

    view = end_of(stage, first)
    assert (view.status, view.n_added) == (Status.SUCCEEDED, 2148), view.error_message
    assert end_of(stage, second).status is Status.SUCCEEDED
    assert server.most_at_once == 1

    stage.start_worker()
    question = {**QUICK, "instruments": [{"symbol": "GOOG", "source": "yahoo"}]}
    answer = stage.wait_final(stage.submit(AnalysisSpec.model_validate(question)))
    assert answer.status is Status.SUCCEEDED, answer.error_message


def test_without_an_answer_the_error_is_clear_and_what_is_stored_stays(stage, server, data_worker, ask):
    data_worker()
    end_of(stage, ask())
    server.instead = Answer(503, PAGE)
    acquisition_id = ask()

    wait_until(lambda: look(stage, acquisition_id).error_code, seconds=30, what="the first failure")
    view = look(stage, acquisition_id)
    assert (view.status, view.error_code) == (Status.QUEUED, "provider_unavailable")
    assert "problem of its own" in view.error_message
    with stage.database.read() as session:
        (kept,) = prices.search_instruments(session, stage.actor, source="yahoo")
    assert (kept.revision, kept.n_bars) == (1, 2148)


def test_a_silent_source_is_cancelled_and_a_killed_worker_goes_on(stage, server, data_worker, ask, valkey):
    data_worker()
    server.instead = Answer(200, "{}", delay=30, times=2)
    silent = ask()
    wait_until(lambda: is_asked(server), seconds=30, what="the source to be asked")
    with stage.database.write() as session:
        acquisitions.cancel(session, stage.actor, silent)
    assert end_of(stage, silent, seconds=5).status is Status.CANCELLED

    server.asked.clear()
    killed = ask("MSFT")
    wait_until(lambda: is_asked(server), seconds=30, what="the source to be asked again")
    with stage.database.read() as session:
        pid = session.query(Acquisition).filter_by(public_id=killed).one().worker_pid
    with valkey.client() as client:
        client.flushall()  # a broker that forgot everything
    os.kill(pid, signal.SIGKILL)
    view = end_of(stage, killed)
    assert (view.status, view.attempt, view.revision) == (Status.SUCCEEDED, 2, 1), view.error_message
