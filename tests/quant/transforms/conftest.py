"""Rows to prepare: of different scales, some alike, with heavy tails."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def rows():
    """Return features, of which 0 and 1 matter and 3 resembles 0, and classes."""
    rng = np.random.default_rng(23)
    table = rng.standard_t(4, size=(300, 6)) * [1.0, 2.0, 100.0, 1.0, 0.01, 5.0]
    table[:, 3] = table[:, 0] + 0.2 * rng.normal(size=300)
    score = table[:, 0] + table[:, 1] / 2.0 + 0.5 * rng.normal(size=300)
    return table, (score > 0).astype(np.int64)
