"""Many tasks on a few threads, with their outcomes told to the thread that asked.

Threads and not processes: an analysis runs inside a daemonic worker, which may have no children, and fits spend their
time in compiled code that lets other threads run.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import Any, TypeVar

from quant.errors import InvalidSpec

Result = TypeVar("Result")
Task = Callable[[], Result]


def run_in_threads(
    tasks: Iterable[Task[Result]], *, n_jobs: int, on_done: Callable[[int, Result], None] | None = None
) -> list[Result]:
    """Run tasks on threads and return their results in the order of the tasks.

    Parameters
    ----------
    tasks : iterable of callable
        Functions without arguments. The next one is asked for only when a thread is free, by the calling thread: a
        generator may stop the run by ending.
    n_jobs : int
        Tasks at a time, at least 1. With 1 they run in the calling thread.
    on_done : callable, default=None
        `on_done(number, result)`, called in the calling thread after each task, in the order in which they end.

    Returns
    -------
    list
        One result a task. The number of threads decides nothing but the order of the calls of `on_done`.

    Raises
    ------
    InvalidSpec
        If `n_jobs` is below 1.

    Notes
    -----
    What a task or `on_done` raises, this raises at once, and no further task starts. A task that is already running
    on another thread cannot be stopped: it ends by itself, and its result is dropped.

    Examples
    --------
    >>> run_in_threads([lambda: 1, lambda: 2], n_jobs=2)
    [1, 2]
    """
    if n_jobs < 1:
        raise InvalidSpec(f"Expected at least 1 thread; found {n_jobs}.", field="n_jobs")
    report = on_done or (lambda _number, _result: None)
    results: dict[int, Result] = {}
    if n_jobs == 1:
        for number, task in enumerate(tasks):
            results[number] = task()
            report(number, results[number])
        return list(results.values())
    executor = ThreadPoolExecutor(n_jobs, thread_name_prefix="validation")
    running: dict[Future[Result], int] = {}
    queue = enumerate(tasks)
    try:
        while True:
            running |= {
                executor.submit(_shielded, task): number for number, task in islice(queue, n_jobs - len(running))
            }
            if not running:
                return [results[number] for number in sorted(results)]
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=running.__getitem__):
                number = running.pop(future)
                results[number] = future.result()
                report(number, results[number])
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


class _WarningFilters:
    """Keeps the process's warning filters as they were while threads fit models.

    scikit-learn changes the filters for a moment in most fits and then puts back what it found. From two threads at
    once each may find, and put back, the other's: before Python 3.14 the filters are one list for the whole process,
    and it was seen emptied. The first thread to start notes the filters, the last to end restores them.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_running = 0
        self._noted: list[Any] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Note the filters if no other thread has, and restore them if no other thread still runs."""
        with self._lock:
            if self._n_running == 0:
                self._noted = list(warnings.filters)
            self._n_running += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_running -= 1
                if self._n_running == 0 and list(warnings.filters) != self._noted:
                    warnings.filters = self._noted
                    with warnings.catch_warnings():
                        pass  # entering and leaving tells Python that the filters have changed


_warning_filters = _WarningFilters()


def _shielded(task: Task[Result]) -> Result:
    with _warning_filters.kept():
        return task()
