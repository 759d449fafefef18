import numpy as np
import pytest

from quant.sums import pairwise_square_sum, pairwise_sum

LENGTHS = [0, 1, 2, 7, 8, 9, 127, 128, 129, 500, 2519, 10_007]


@pytest.mark.parametrize("n", LENGTHS)
def test_a_sum_is_that_of_numpy_to_the_last_bit(n):
    values = np.random.default_rng(n).normal(0.0, 0.01, n + 3)

    assert pairwise_sum(values[:n], 0, n) == np.add.reduce(values[:n])
    assert pairwise_sum(values, 3, n + 3) == np.add.reduce(values[3:])
    centre = np.float64(0.003)
    assert pairwise_square_sum(values, 3, n + 3, centre) == np.add.reduce((values[3:] - centre) * (values[3:] - centre))
