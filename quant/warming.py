"""What a new process does before its first question, so that no question waits for imports or compilation."""

import pandas as pd

from quant.analysis import run_analysis
from quant.backtest.catalog import BacktestSpec, ExitSpec
from quant.backtest.engine import run_backtest
from quant.bars.day_catalog import DAY_BARS
from quant.frames import Prices, to_panel
from quant.labels.catalog import LABELS, EventSpec
from quant.labels.events import cusum_events
from quant.preparation import clean_prices, fetch_instruments
from quant.spec import AnalysisSpec
from quant.sweeping import compile_sweeps

_SMALL_QUESTION = AnalysisSpec.model_validate(
    {
        "instruments": [{"symbol": "GOOG"}],
        "end": "2006-12-29",
        "models": [
            {"name": "logistic"},
            {"name": "random_forest", "n_trees": 10},
            {"name": "xgboost", "n_rounds": 10},
        ],
        "validation": {"train_bars": 200, "test_bars": 100, "n_folds": 2, "target": None},
        "backtest": {"sizing": {"name": "volatility_target"}},
        "audit": {"n_cuts": 1},
    }
)


def warm_up(*, from_the_end: bool = False) -> None:
    """Load every library that a run needs and compile or load every kernel, by running a small real question.

    Of two processes that have everything to compile, one begins `from_the_end`: each finds what the other compiled.
    """
    for step in reversed(_STEPS) if from_the_end else _STEPS:
        step()


def _run_a_small_question() -> None:
    run_analysis(_SMALL_QUESTION, fetch_instruments)


def _keep_a_protected_account() -> None:
    prices, protected = _some_prices(), BacktestSpec(exits=ExitSpec(stop_loss=0.1))
    run_backtest({0: prices}, to_panel({0: pd.DataFrame({"target_weight": 1.0}, index=prices.index[:1])}), protected)


def _compile_what_else_is_asked() -> None:
    prices = _some_prices()
    compile_sweeps(prices)
    DAY_BARS[-1].load()  # with it, the kernels of all bars
    for label in LABELS:
        label.load()(prices, **label().parameters())
    cusum_events(prices, **EventSpec().model_dump(exclude={"at"}))


def _some_prices() -> Prices:
    instruments = dict(enumerate(fetch_instruments(_SMALL_QUESTION)))
    return next(iter(clean_prices(_SMALL_QUESTION, instruments).adjusted.values()))


_STEPS = (_run_a_small_question, _keep_a_protected_account, _compile_what_else_is_asked)
