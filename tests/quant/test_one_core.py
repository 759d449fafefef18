from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from quant.one_core import one_core, one_thread


def threads(api):
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == api}


def test_linear_algebra_keeps_to_one_core_inside():
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(limits=2):
        with one_core():
            assert threads("blas") == {1}
        assert threads("blas") == {2}


def test_blocks_of_several_threads_wait_for_one_another():
    def see(_):
        with one_core():
            return threads("blas")

    with ThreadPoolExecutor(4) as executor:
        assert list(executor.map(see, range(8))) == [{1}] * 8


def test_openmp_keeps_to_the_calling_thread():
    import sklearn.ensemble  # noqa: F401, PLC0415  # brings OpenMP along

    with one_thread():
        assert threads("openmp") == {1}
