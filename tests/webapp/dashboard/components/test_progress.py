import datetime

import pytest

from tests.factories import NOW
from tests.webapp.dashboard import reading
from webapp.dashboard.components import progress
from webapp.services.analyses import LogEntry
from webapp.services.workflow import Status


def test_a_queued_analysis_says_its_place_and_why_it_waits(view):
    tree = progress.progress(view(status=Status.QUEUED, queue_position=3, waits_for="2 ahead of it", progress=0.0))

    words = reading.text(tree)
    assert "Waiting for a worker" in words
    assert "Place in the queue 3" in words
    assert "2 ahead of it" in words


def test_a_running_one_says_how_far_and_how_long(view):
    tree = progress.progress(
        view(
            status=Status.RUNNING,
            stage="train",
            progress=0.4,
            elapsed_seconds=65.0,
            eta_seconds=100.0,
            worker="host:1",
            attempt=2,
        )
    )

    words = reading.text(tree)
    assert "40 % done, now at: train" in words
    assert "Elapsed 1 min 5 s" in words
    assert "Left, about 1 min 40 s" in words
    assert "Worker host:1" in words
    assert "Attempt 2" in words
    bar = next(each for each in reading.of_class(tree, "big-progress"))
    assert reading.attribute(bar, "aria-valuenow") == "40"


def test_unknown_times_are_no_numbers(view):
    words = reading.text(progress.progress(view(status=Status.RUNNING, stage="clean", elapsed_seconds=None)))

    assert "Elapsed –" in words
    assert "Left, about –" in words


def test_a_cancelled_run_that_still_runs_says_that_it_stops(view):
    words = reading.text(progress.progress(view(status=Status.RUNNING, stage="train", cancel_requested=True)))

    assert "Stopping" in words
    assert "within a few seconds" in words


def test_it_is_never_done_before_it_is_done(view):
    assert "99 % done" in reading.text(progress.progress(view(status=Status.RUNNING, stage="report", progress=1.0)))


def test_a_failure_says_where_why_and_its_code(view):
    tree = progress.failure(
        view(
            status=Status.FAILED,
            stage="split",
            error_code="not_enough_data",
            error_message="Expected more than 5000 bars; found 2099.",
        )
    )

    words = reading.text(tree)
    assert "This analysis failed while it was at “Split”." in words
    assert "Expected more than 5000 bars; found 2099." in words
    assert "not_enough_data" in words


@pytest.mark.parametrize("code", sorted(progress._ADVICE))
def test_failures_whose_message_gives_no_advice_get_some(view, code):
    words = reading.text(progress.failure(view(status=Status.FAILED, error_code=code, error_message="It failed.")))

    assert f"What to do:  {progress._ADVICE[code]}" in words


def test_every_advice_belongs_to_a_failure_that_there_is(codes):
    assert set(progress._ADVICE) - codes == set()


def test_an_unforeseen_failure_has_words_too(view):
    words = reading.text(progress.failure(view(status=Status.FAILED, error_code=None, error_message=None)))

    assert "nobody foresaw" in words
    assert "internal" in words


def test_a_cancelled_analysis_offers_to_ask_again(view):
    tree = progress.cancelled(view(status=Status.CANCELLED))

    assert reading.of_type(tree, "Link")[0].href == "/app/new?from=a1b2c3"


def test_log_lines_have_time_stage_and_level():
    entries = [
        LogEntry(1, NOW, 1, "INFO", "train", "Candidate 1."),
        LogEntry(2, NOW + datetime.timedelta(seconds=1), 1, "ERROR", None, "Broken."),
    ]

    first, second = progress.log_lines(entries)

    assert reading.text(first) == "03:04:05 Train Candidate 1."
    assert reading.text(second).split() == ["03:04:06", "Broken."]
    assert "log-error" in second.className
