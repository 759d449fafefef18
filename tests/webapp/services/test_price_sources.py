"""The circuit breaker: it opens, lets one try, closes or stays open for longer; and pauses that a source asks for."""

import datetime

import pytest

from webapp.db import database_now
from webapp.services import price_sources
from webapp.services.price_sources import FAILURES_TO_OPEN, LONGEST_PAUSE_SECONDS, SourceState
from webapp.tables import PriceSource

SOURCE = "yahoo"


def fail(session, n_times=1, **values):
    for _ in range(n_times):
        price_sources.failed(session, SOURCE, code="provider_unavailable", message="No answer.", **values)


def pass_time(session):
    """As if the pause were over."""
    session.get_one(PriceSource, SOURCE).not_before = database_now(session) - datetime.timedelta(seconds=1)
    session.flush()


def pause_left(session):
    return (price_sources.look_at(session, SOURCE).not_before - database_now(session)).total_seconds()


def test_a_source_that_was_never_asked_is_closed(session):
    view = price_sources.look_at(session, SOURCE)

    assert (view.state, view.n_failures, view.not_before) == (SourceState.CLOSED, 0, None)


def test_a_few_failures_in_a_row_open_it(session):
    fail(session, FAILURES_TO_OPEN - 1)
    assert price_sources.look_at(session, SOURCE).state is SourceState.CLOSED

    fail(session)
    view = price_sources.look_at(session, SOURCE)
    assert (view.state, view.n_failures) == (SourceState.OPEN, FAILURES_TO_OPEN)
    assert (view.error_code, view.error_message) == ("provider_unavailable", "No answer.")
    assert 50 < pause_left(session) <= 60


def test_an_answer_in_between_begins_the_count_anew(session):
    fail(session, FAILURES_TO_OPEN - 1)
    price_sources.answered(session, SOURCE)
    fail(session)

    view = price_sources.look_at(session, SOURCE)
    assert (view.state, view.n_failures) == (SourceState.CLOSED, 1)
    assert view.succeeded_at <= view.failed_at


def test_after_the_pause_one_may_try_and_an_answer_closes_it(session):
    fail(session, FAILURES_TO_OPEN)
    pass_time(session)
    assert price_sources.look_at(session, SOURCE).state is SourceState.HALF_OPEN

    price_sources.answered(session, SOURCE)
    view = price_sources.look_at(session, SOURCE)
    assert (view.state, view.n_failures, view.error_message) == (SourceState.CLOSED, 0, None)


def test_a_trial_that_fails_opens_it_for_longer_up_to_a_limit(session):
    fail(session, FAILURES_TO_OPEN)
    pass_time(session)
    fail(session)
    assert price_sources.look_at(session, SOURCE).state is SourceState.OPEN
    assert 110 < pause_left(session) <= 120

    fail(session, 20)
    assert LONGEST_PAUSE_SECONDS - 10 < pause_left(session) <= LONGEST_PAUSE_SECONDS


def test_a_source_that_asks_for_a_pause_gets_it(session):
    fail(session, retry_after=30.0)

    assert price_sources.look_at(session, SOURCE).state is SourceState.PAUSED
    assert 25 < pause_left(session) <= 30
    pass_time(session)
    assert price_sources.look_at(session, SOURCE).state is SourceState.CLOSED


@pytest.mark.databases("sqlite")
def test_the_longer_of_both_pauses_counts(session):
    fail(session, FAILURES_TO_OPEN, retry_after=300.0)

    assert 290 < pause_left(session) <= 300
