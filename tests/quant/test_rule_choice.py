"""The choice among combinations: what it sees, that chunks and helpers change nothing, and what is said of it."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from quant import rule_choice
from quant.analysis import help_tuning, run_analysis
from quant.errors import NotEnoughData
from quant.preparation import clean_prices, fetch_instruments
from quant.rule_choice import RuleChoice
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore, NoPeers, StageOutput
from quant.watcher import Silent
from tests.quant.strategies.test_combinations import AXES

AXIS = {"name": "range", "parameter": "fast", "first": 5, "last": 45, "step": 5}
QUESTION = {
    "instruments": [{"symbol": "IBM"}],
    "end": "2004-12-31",
    "audit": {"n_cuts": 2},
    "overfitting": {"n_resamples": 0},
    "strategy": {"name": "crossover_rule"},
    "sweep": {"axes": [AXIS]},
}
PAIR = {"instruments": [{"symbol": "IBM"}, {"symbol": "MSFT"}], "strategy": {"name": "pairs_rule"}}


class Offered(NoPeers):
    """Peers who hand out what is not stored yet."""

    def __init__(self, store):
        self.store = store

    def claim(self, wanted):
        return nullcontext(next((key for key in wanted if self.store.get(key) is None), None))


def asked(**changes):
    return AnalysisSpec.model_validate({**QUESTION, **changes})


def choice_of(spec, n_jobs=1):
    return RuleChoice(spec, clean_prices(spec, dict(enumerate(fetch_instruments(spec)))), 252.0, {"prices": ""}, n_jobs)


@pytest.fixture(scope="module")
def answer():
    return run_analysis(asked(), fetch_instruments)


def test_the_best_on_the_first_bars_is_traded_on_the_others(answer):
    swept, frame = answer.facts["sweep"], answer.frames["sweep"]
    best = frame.loc[frame["sharpe_ratio"].idxmax()]
    assert answer.facts["chosen"]["parameters"]["fast"] == swept["best"]["fast"] == best["fast"]
    assert swept["n_combinations"] == len(frame) == 9
    assert answer.frames["equity"].index[0] == pd.Timestamp(swept["last_at"])
    n_held_out = len(answer.frames["equity"]) - 1
    assert n_held_out == int(0.3 * (swept["n_bars"] + n_held_out))
    assert {each["segment"] for each in answer.facts["metrics"]} == {"out_of_sample"}
    assert "best of 9 combinations was chosen on bars up to" in answer.facts["verdict"]["text"]
    assert answer.facts["honesty"]["audit"]["passed"]


def test_it_is_bracketed_as_any_answer_is(answer):
    of = {each["name"]: each["final_equity"] for each in answer.facts["brackets"]["scenarios"]}
    assert set(of) == {"costs_0x", "costs_1x", "costs_2x", "costs_5x", "worst_fills", "best_fills"}
    assert of["best_fills"] >= of["costs_1x"] == answer.frames["equity"]["equity"].iloc[-1] >= of["worst_fills"]
    assert answer.facts["brackets"]["break_even_bps"] is None or answer.facts["brackets"]["break_even_bps"] > 0.0


def test_each_combination_is_a_trial_and_deflates(answer):
    luck = answer.facts["honesty"]["luck"]
    assert luck["n_trials"] == len(answer.frames["candidates"]) == 9
    assert set(answer.frames["candidates"]["kind"]) == {"sweep"}
    assert 1.0 <= luck["n_effective_trials"] < 9
    assert luck["deflated_sharpe_ratio"] < luck["probabilistic_sharpe_ratio"]
    assert answer.facts["honesty"]["overfitting"]["n_trials"] == 9


def test_its_curve_is_that_of_the_chosen_rule_asked_alone(answer):
    alone = {"name": "crossover_rule", **answer.facts["chosen"]["parameters"]}
    whole = run_analysis(asked(strategy=alone, sweep={}), fetch_instruments)
    held_out = answer.frames["predictions"]
    expected = whole.frames["predictions"].loc[held_out.index, ["signal", "target_weight"]]
    pd.testing.assert_frame_equal(held_out[["signal", "target_weight"]], expected)


def test_nothing_held_out_is_the_whole_curve_and_says_so():
    answer = run_analysis(asked(sweep={"axes": [AXIS], "held_out": 0}, audit={"enabled": False}), fetch_instruments)
    frame, metrics = answer.frames["sweep"], {each["name"]: each["value"] for each in answer.facts["metrics"]}
    best = frame.loc[frame["sharpe_ratio"].idxmax()]
    assert metrics["total_return"] == pytest.approx(best["total_return"], rel=1e-9)
    assert metrics["max_drawdown"] == pytest.approx(best["max_drawdown"], rel=1e-9)
    assert answer.facts["honesty"]["luck"]["sharpe_ratio"] == pytest.approx(best["sharpe_ratio"], rel=1e-9)
    assert answer.facts["sweep"]["held_out"] is False
    assert "on which it was chosen" in answer.facts["verdict"]["text"]


@pytest.mark.parametrize("account", [{}, {"risk": {"risk_free_annual": 0.03}}], ids=["plain", "risk-free rate"])
def test_compiled_and_whole_accounts_give_the_same_numbers(account):
    choice = choice_of(asked(**account))
    found = choice.measure(slice(None))
    whole = [choice.account(number)[0] for number in range(len(found))]
    np.testing.assert_allclose(found, whole, rtol=1e-9, atol=1e-12)


def test_what_cannot_be_compiled_runs_whole_and_is_named():
    spec = asked(backtest={"exits": {"stop_loss": 0.05}})
    choice = choice_of(spec)
    assert choice.slowly_because == "the account has exits"
    assert not choice.measure(slice(0, 2)).equals(choice_of(asked()).measure(slice(0, 2)))


def test_pairs_are_swept_too():
    axes = [axis.model_dump() for axis in AXES["pairs_rule"]]
    choice = choice_of(asked(**PAIR, sweep={"axes": axes}))
    best = choice.choose(MemoryStore(), NoPeers(), Silent())
    assert len(best.frame) == 9
    assert "two instruments" in best.facts["slowly_because"]
    assert best.frame["n_trades"].sum() > 0


def test_chunks_threads_and_helpers_change_nothing(answer, monkeypatch):
    monkeypatch.setattr(rule_choice, "_QUICK_BARS", 2_000)  # one or two a chunk
    store = MemoryStore()
    assert len(choice_of(asked()).steps()) > 3
    help_tuning(asked(), fetch_instruments, store=store, peers=Offered(store), watcher=Silent(), n_jobs=2)
    helped = dict(store.outputs)
    again = run_analysis(asked(), fetch_instruments, store=store, n_jobs=2)
    assert again.hash() == answer.hash()
    assert set(store.outputs) == set(helped)


def test_a_risk_free_rate_is_part_of_the_key():
    keys = {choice_of(asked(risk={"risk_free_annual": rate})).steps()[0].key for rate in (0.0, 0.02)}
    assert len(keys) == 2
    assert choice_of(asked(sweep={"axes": [AXIS], "choose_by": "total_return"})).steps()[0].key in keys


def test_too_little_to_hold_out_is_refused():
    with pytest.raises(NotEnoughData, match="as many held out"):
        choice_of(asked(end="2000-09-01", sweep={"axes": [AXIS], "held_out": 0.01})).choose(
            MemoryStore(), NoPeers(), Silent()
        )


def test_a_stored_chunk_is_not_measured_again(monkeypatch):
    choice, store = choice_of(asked()), MemoryStore()
    (step,) = choice.steps()
    store.put(step.key, StageOutput({"measures": choice.measure(slice(None))}))
    monkeypatch.setattr(rule_choice, "sweep_rule", None)
    assert len(choice.choose(store, NoPeers(), Silent()).trials) == 9
