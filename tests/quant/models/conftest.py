"""Rows to learn from."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def rows() -> tuple[pd.DataFrame, np.ndarray]:
    """Return features, of which the first two matter, and labels."""
    rng = np.random.default_rng(17)
    columns = ["strong", "weak", "noise_0", "noise_1", "bollinger_width_20_2.5"]
    features = pd.DataFrame(rng.normal(size=(400, 5)) * [1, 1, 1, 100, 0.01], columns=columns)
    score = 1.5 * features["strong"] + 0.7 * features["weak"] + rng.normal(size=400)
    return features, (score > 0).to_numpy(dtype=np.int64)
