import threading
import time
import warnings
from functools import partial

import pytest

from quant.errors import InvalidSpec
from quant.validation.threads import run_in_threads

PATIENCE_SECONDS = 30


class Stop(Exception):
    """What a caller raises to cancel."""


@pytest.mark.parametrize("n_jobs", [1, 2, 3, 8])
def test_results_keep_the_order_of_the_tasks(n_jobs):
    def task(number):
        time.sleep(0.002 * (number % 3))
        return number * 10

    told = {}
    results = run_in_threads(
        [partial(task, number) for number in range(7)],
        n_jobs=n_jobs,
        on_done=lambda number, value: told.update({number: value}),
    )
    assert results == [0, 10, 20, 30, 40, 50, 60]
    assert told == dict(enumerate(results))


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_the_caller_is_told_in_its_own_thread(n_jobs):
    told_in, ran_in = [], set()

    def task():
        ran_in.add(threading.get_ident())

    run_in_threads([task] * 5, n_jobs=n_jobs, on_done=lambda *_: told_in.append(threading.get_ident()))
    assert told_in == [threading.get_ident()] * 5
    assert (threading.get_ident() in ran_in) == (n_jobs == 1)


def test_no_more_tasks_run_at_a_time_than_asked():
    running, most, lock = 0, 0, threading.Lock()

    def task():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1

    run_in_threads([task] * 9, n_jobs=3)
    assert most == 3


def test_cancelling_does_not_wait_and_starts_nothing_more():
    first_may_end, second_may_end, second_ended = (threading.Event() for _ in range(3))
    started = []

    def task(number):
        started.append(number)
        if number == 0:
            assert first_may_end.wait(PATIENCE_SECONDS)
        else:
            first_may_end.set()  # both run now
            assert second_may_end.wait(PATIENCE_SECONDS)
            second_ended.set()

    def cancel(number, _result):
        raise Stop(number)

    with pytest.raises(Stop, match="0"):
        run_in_threads([partial(task, number) for number in range(6)], n_jobs=2, on_done=cancel)
    assert not second_ended.is_set()  # still running, and nobody waited for it
    second_may_end.set()
    assert second_ended.wait(PATIENCE_SECONDS)
    assert sorted(started) == [0, 1]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failing_task_ends_the_run(n_jobs):
    started = []

    def task(number):
        started.append(number)
        if number == 2:
            raise Stop("task 2")
        return number

    with pytest.raises(Stop, match="task 2"):
        run_in_threads([partial(task, number) for number in range(50)], n_jobs=n_jobs)
    assert len(started) < 10


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tasks_are_asked_for_one_at_a_time(n_jobs):
    asked, done = [], []

    def tasks():
        for number in range(6):
            assert len(asked) - len(done) < n_jobs
            asked.append(number)
            yield lambda: None

    run_in_threads(tasks(), n_jobs=n_jobs, on_done=lambda number, _: done.append(number))
    assert sorted(done) == list(range(6))


def test_nothing_to_do_gives_nothing():
    assert run_in_threads([], n_jobs=2) == []


def test_without_a_thread_nothing_runs():
    with pytest.raises(InvalidSpec, match="at least 1 thread"):
        run_in_threads([], n_jobs=0)


def test_warning_filters_survive_threads_that_change_them_at_once():
    # What scikit-learn's fits do, in the order that spoils the filters: the second to enter finds those of the first.
    first_entered, second_entered, first_left = (threading.Event() for _ in range(3))

    def first():
        with warnings.catch_warnings():
            warnings.resetwarnings()
            first_entered.set()
            assert second_entered.wait(PATIENCE_SECONDS)
        first_left.set()

    def second():
        assert first_entered.wait(PATIENCE_SECONDS)
        with warnings.catch_warnings():
            second_entered.set()
            assert first_left.wait(PATIENCE_SECONDS)

    before = list(warnings.filters)
    assert before
    run_in_threads([first, second], n_jobs=2)
    assert list(warnings.filters) == before
    with pytest.raises(UserWarning, match="still an error"):
        warnings.warn("still an error, as pytest was told", stacklevel=1)
