"""A small question about real prices, and its answer, for the tests of the pipeline."""

import pytest

from quant.spec import AnalysisSpec

QUICK = {
    "instruments": [{"symbol": "GOOG"}],
    "end": "2008-12-31",
    "features": [{"name": "return", "window": 5}, {"name": "rsi"}, {"name": "volatility", "window": 10}],
    "label": {"name": "forward_return", "horizon": 3},
    "models": [{"name": "logistic"}, {"name": "xgboost", "n_rounds": 20}],
    "validation": {"train_bars": 300, "test_bars": 120, "n_folds": 3, "target": None},
    "strategy": {"enter_above": 0.5, "exit_below": 0.5},
    "audit": {"n_cuts": 3},
}


@pytest.fixture(scope="session")
def quick_spec():
    """A question that takes a second or two."""
    return AnalysisSpec.model_validate(QUICK)


@pytest.fixture(scope="session")
def quick_result(quick_spec):
    """Its answer."""
    from quant.analysis import run_analysis  # noqa: PLC0415  # most tests of rooms do not need the whole chain
    from quant.preparation import fetch_instruments  # noqa: PLC0415

    return run_analysis(quick_spec, fetch_instruments)
