"""What is remembered: the same values, within bounds, and never an answer to another question."""

import numpy as np
import pandas as pd
import pytest

from quant.analysis import AFTER_PREDICTIONS, AFTER_SAMPLES, run_analysis
from quant.memory import Memory, count_bytes
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore

KILOBYTE = np.zeros(128)
BASE = {
    "instruments": [{"symbol": "GOOG"}],
    "end": "2006-12-29",
    "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 10}],
    "models": [{"name": "logistic"}],
    "validation": {"train_bars": 200, "test_bars": 100, "n_folds": 2, "target": None},
    "tuning": {"enabled": False},
    "audit": {"enabled": False},
    "importance": False,
}
# For each part of the question another that changes the answer.
OTHERS = {
    "instruments": [{"symbol": "MSFT"}],
    "start": "2004-10-01",
    "end": "2006-11-30",
    "bars": {"name": "tick", "n_days": 2},
    "cleaning": {"drop_zero_volume": True, "max_gap_sessions": 4},
    "features": [{"name": "return", "window": 4}, {"name": "volatility", "window": 10}],
    "label": {"name": "forward_return", "horizon": 2},
    "preparation": [{"name": "clip"}],
    "events": {"at": "cusum", "threshold": 1.0},
    "weights": {"by": "uniqueness"},
    "models": [{"name": "logistic", "c": 0.01}],
    "calibration": {"method": "sigmoid"},
    "validation": {**BASE["validation"], "test_bars": 90},
    "tuning": {"enabled": True, "n_trials": 1},
    "intervals": {"level": 0.5},
    "strategy": {"enter_above": 0.5, "exit_below": 0.5},
    "allocation": {"name": "inverse_volatility", "window": 30},
    "backtest": {"initial_cash": 50_000},
    "risk": {"rolling_window": 20},
    "audit": {"enabled": True, "n_cuts": 1},
    "overfitting": {"n_resamples": 50},
    "explanation": {"learning_curve": True},
    "importance": True,
    "seed": 2,
}
NAMES_ONE_VALUE = {"spec_version", "interval", "sweep"}  # the last of models, and what rules share is not remembered


def test_what_was_made_is_not_made_again():
    made = []

    def make():
        made.append(1)
        return KILOBYTE

    memory = Memory(4 * 1024)
    assert memory.recall("one", make) is memory.recall("one", make) is KILOBYTE
    assert len(made) == 1


def test_what_was_not_asked_for_the_longest_is_forgotten_first():
    memory = Memory(4 * 1024)
    for key in "abcdae":
        memory.recall(key, lambda: KILOBYTE)
    made = []
    for key in "acde":
        memory.recall(key, lambda key=key: made.append(key))
    assert made == []
    memory.recall("b", lambda: made.append("b"))

    assert made == ["b"]
    assert memory.n_bytes <= 4 * 1024


@pytest.mark.parametrize("most_bytes", [0, 4 * 1024 - 1])
def test_what_is_too_large_is_not_kept(most_bytes):
    memory = Memory(most_bytes)
    memory.recall("large", lambda: KILOBYTE)

    assert memory.recall("large", lambda: "made again") == "made again"


def test_what_fails_is_tried_again():
    memory = Memory(1024)
    with pytest.raises(ZeroDivisionError):
        memory.recall("one", lambda: 1 / 0)

    assert memory.recall("one", lambda: 1) == 1


def test_bytes_are_those_of_all_that_a_value_consists_of():
    class Holder:
        def __init__(self, value):
            self.value = value

    for value in (KILOBYTE, pd.Series(KILOBYTE), pd.DataFrame({"a": KILOBYTE}), pd.Index(KILOBYTE), "a" * 1024):
        for held in (value, [value], {"one": value}, Holder({"one": (value,)})):
            assert 1024 <= count_bytes(held) <= 1024 + 200


def test_every_part_of_the_question_has_another_here():
    assert set(OTHERS) == set(AnalysisSpec.model_fields) - NAMES_ONE_VALUE
    assert set(OTHERS) >= AFTER_SAMPLES >= AFTER_PREDICTIONS


@pytest.fixture(scope="module")
def remembering():
    """Store and memory of a process that has answered the base question, and the answer's hash."""
    store, memory = MemoryStore(), Memory(64 * 1024**2)
    answer = run_analysis(AnalysisSpec.model_validate(BASE), fetch_instruments, store=store, memory=memory)
    return store, memory, answer.hash()


@pytest.mark.parametrize("part", sorted(OTHERS))
def test_a_question_that_differs_in_one_part_gets_its_own_answer(remembering, part):
    store, memory, first = remembering
    spec = AnalysisSpec.model_validate({**BASE, part: OTHERS[part]})
    remembered = run_analysis(spec, fetch_instruments, store=store, memory=memory)

    assert remembered.hash() == run_analysis(spec, fetch_instruments).hash() != first
    again = run_analysis(AnalysisSpec.model_validate(BASE), fetch_instruments, store=store, memory=memory)
    assert again.hash() == first


def test_members_that_differ_in_their_account_alone_are_prepared_once(remembering, monkeypatch):
    store, memory, _ = remembering
    for name in ("quant.analysis.clean_prices", "quant.analysis.labels_panel", "quant.report.prediction_intervals"):
        monkeypatch.setattr(name, None)
    spec = AnalysisSpec.model_validate({**BASE, "backtest": {"initial_cash": 70_000}})

    assert run_analysis(spec, fetch_instruments, store=store, memory=memory).facts["verdict"]
