from pathlib import Path

import pandas as pd
import pytest

SAMPLE = Path(__file__).parents[3] / "quant" / "data" / "sample"


@pytest.fixture(scope="session", params=["GOOG", "IBM", "MSFT"])
def real(request):
    """Years of real daily bars, raw, one instrument at a time; MSFT has a split in them, which any oracle sees too."""
    return pd.read_csv(SAMPLE / f"{request.param}.csv").astype({"volume": "float64"})
