"""A question of a rule alone, and of a rule that a model filters."""

import numpy as np
import pytest

from quant import trading
from quant.analysis import run_analysis
from quant.errors import NotEnoughData
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec

QUESTION = {"instruments": [{"symbol": "IBM"}], "end": "2004-12-31", "audit": {"n_cuts": 3}}


def asked(strategy, **changes):
    return AnalysisSpec.model_validate({**QUESTION, "strategy": strategy, **changes})


@pytest.fixture(scope="module")
def answer():
    return run_analysis(asked({"name": "crossover_rule", "direction": "long_short"}), fetch_instruments)


def test_a_rule_is_traded_from_its_first_known_bar_and_says_that_nothing_was_kept_from_it(answer):
    assert len(answer.frames["equity"]) == answer.facts["data"]["instruments"][0]["n_bars"] - 49
    assert "whole range" in answer.facts["verdict"]["text"]
    assert {each["segment"] for each in answer.facts["metrics"]} == {"whole_range"}
    assert answer.facts["chosen"]["title"] == "Crossover of averages"
    assert answer.facts["latest"]["predictions"][0]["signal"] in {-1, 1}


def test_it_is_one_trial_of_the_sharpe_ratio_of_its_account(answer):
    luck, returns = answer.facts["honesty"]["luck"], answer.frames["equity"]["return"].dropna()
    assert luck["n_trials"] == 1
    assert answer.frames["candidates"]["score"].iloc[0] == pytest.approx(returns.mean() / returns.std())
    assert luck["deflated_sharpe_ratio"] == luck["probabilistic_sharpe_ratio"]


def test_it_is_audited_by_other_futures(answer):
    audit = answer.facts["honesty"]["audit"]
    assert audit["passed"]
    assert len(audit["cuts"]) == audit["n_replaced"] == 3
    assert min(audit["compared"].values()) > 0


def test_a_rule_that_peeks_is_found(monkeypatch):
    honest = trading.rule_signals

    def with_tomorrow(rule, adjusted):
        signals = honest(rule, adjusted)
        signals["signal"] = np.append(signals["signal"].to_numpy()[1:], 0)
        return signals

    monkeypatch.setattr(trading, "rule_signals", with_tomorrow)
    found = run_analysis(asked({"name": "reversion_rule", "enter": 0.5}, audit={"n_cuts": 40}), fetch_instruments)
    assert not found.facts["honesty"]["audit"]["passed"]
    assert found.facts["verdict"]["level"] == "not_credible"


def test_what_a_rule_has_no_use_for_does_not_count():
    rule = {"name": "momentum_rule"}
    plain, with_models = asked(rule), asked(rule, models=[{"name": "svm"}], importance=False)
    assert plain.hash() == with_models.hash()
    assert plain == with_models


def test_a_rule_needs_bars():
    with pytest.raises(NotEnoughData, match="Expected at least 3 bars after the 5000"):
        run_analysis(asked({"name": "momentum_rule", "wait_bars": 5000}), fetch_instruments)


def test_a_model_can_decide_when_to_follow_a_rule():
    spec = AnalysisSpec.model_validate(
        {
            **QUESTION,
            "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 10}],
            "label": {"name": "meta_label", "rule": "strategy", "horizon": 5},
            "models": [{"name": "logistic"}],
            "validation": {"train_bars": 400, "test_bars": 250, "n_folds": 3, "target": None},
            "strategy": {"name": "filtered_rule", "rule": {"name": "breakout_rule", "direction": "long_short"}},
            "importance": False,
        }
    )
    found = run_analysis(spec, fetch_instruments)
    predictions = found.frames["predictions"]
    followed = predictions["signal"] != 0
    assert found.facts["honesty"]["audit"]["passed"]
    assert followed.any()
    assert (predictions["signal"] == predictions["side"])[followed].all()
    assert not followed.equals(predictions["side"].fillna(0.0) != 0)
