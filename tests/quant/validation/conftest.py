"""Labels panels to split."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def daily_labels() -> Callable[..., pd.DataFrame]:
    """Return a maker of panels on one calendar whose labels all end the same number of bars later."""

    def make(n_bars: int, *, horizon: int = 1, n_instruments: int = 1, n_unknown: int = 0, seed: int = 0):
        stamps = pd.date_range("2020-01-01", periods=n_bars + horizon, freq="D", tz="UTC", unit="us")
        index = pd.MultiIndex.from_product([stamps[:n_bars], range(n_instruments)], names=["timestamp", "instrument"])
        label = np.random.default_rng(seed).integers(0, 2, len(index)).astype(float)
        labels = pd.DataFrame({"label": label, "label_end": np.repeat(stamps[horizon:], n_instruments)}, index=index)
        is_unknown = np.arange(len(index)) >= len(index) - n_unknown * n_instruments
        return labels.mask(is_unknown[:, None] & np.ones((1, 2), dtype=bool))

    return make
