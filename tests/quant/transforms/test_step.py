import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from quant.transforms.elementwise import Scaler
from quant.transforms.step import Step


def test_a_step_says_what_it_is_asked_for():
    with pytest.raises(NotImplementedError):
        Step().fit(np.ones((3, 1)))


def test_nothing_is_transformed_before_something_is_learned():
    with pytest.raises(NotFittedError):
        Scaler().transform(np.ones((3, 1)))


def test_another_number_of_columns_is_refused():
    with pytest.raises(ValueError, match="2 features"):
        Scaler().fit(np.ones((3, 1))).transform(np.ones((3, 2)))
