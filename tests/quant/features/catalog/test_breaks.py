import pytest
from pydantic import ValidationError

from quant.features.catalog import ExplosiveRoot


def test_a_regression_must_fit_into_the_window():
    assert ExplosiveRoot(window=42, min_rows=40, n_lags=1).warm_up == 41
    with pytest.raises(ValidationError, match="at most 39 rows of 41 closes with 1 lags; found 40"):
        ExplosiveRoot(window=41, min_rows=40, n_lags=1)
