"""One core for the linear algebra of a fit, so that its last bits do not depend on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import threadpool_limits

# Limiting the threads of the linear algebra library is a setting of the whole process, so only one fit may hold it.
_one_fit_at_a_time = Lock()


@contextmanager
def one_core() -> Iterator[None]:
    """Keep the linear algebra library to one core inside the block; blocks of several threads wait for one another.

    Yields
    ------
    None
        Nothing.
    """
    with _one_fit_at_a_time, threadpool_limits(limits=1, user_api="blas"):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenMP to the calling thread inside the block; the setting is that thread's own, and nobody waits.

    Yields
    ------
    None
        Nothing.
    """
    with threadpool_limits(limits=1, user_api="openmp"):
        yield
