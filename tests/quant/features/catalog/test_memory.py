import pytest

from quant.features.catalog import FractionalDifference
from quant.features.catalog.memory import n_weights


@pytest.mark.parametrize(
    ("order", "expected"), [(0.2, [11, 73, 497, 3382]), (0.4, [11, 55, 282, 1458]), (0.6, [9, 34, 140, 590])]
)
def test_known_numbers_of_weights(order, expected):
    assert [n_weights(order, cut_off) for cut_off in (1e-2, 1e-3, 1e-4, 1e-5)] == expected


def test_warm_up_is_one_bar_less_than_the_window():
    assert FractionalDifference(order=0.4, cut_off=1e-4).warm_up == 281
