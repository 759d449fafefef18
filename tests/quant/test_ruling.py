"""A question of a rule alone, and of a rule that a model filters."""

from dataclasses import replace

import numpy as np
import pytest

from quant import trading
from quant.analysis import run_analysis
from quant.errors import DataError, NotEnoughData
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


def test_an_account_with_every_order_and_cost_is_audited_and_bracketed():
    backtest = {
        "sizing": {"name": "kelly", "window": 60},
        "entry": {"order": "limit", "distance": 0.005, "valid_bars": 3},
        "liquidity": {"half_spread_bps": 2, "impact_bps": 100, "max_volume_share": 0.01},
        "interest": {"cash_annual": 0.02, "debt_annual": 0.05},
        "margin": {"max_leverage": 1.0, "maintenance": 0.3},
        "exits": {"stop_loss": 0.05, "take_profit": 0.1, "intrabar": "target_first"},
    }
    asked_all = asked({"name": "crossover_rule", "direction": "long_short"}, backtest=backtest)
    facts = (found := run_analysis(asked_all, fetch_instruments)).facts
    assert facts["honesty"]["audit"]["passed"]
    assert {"limit_entry", "signal"} < set(found.frames["fills"]["reason"])
    of = {each["name"]: each["final_equity"] for each in facts["brackets"]["scenarios"]}
    assert of["best_fills"] >= of["costs_1x"] >= of["worst_fills"]
    assert found.frames["equity"]["interest"].sum() > 0


def test_fills_by_volume_ask_for_volumes():
    backtest = {"liquidity": {"max_volume_share": 0.1}}

    def without_volume(spec):
        return [replace(item, prices=item.prices.assign(volume=0.0)) for item in fetch_instruments(spec)]

    with pytest.raises(DataError, match="volumes of IBM"):
        run_analysis(asked({"name": "crossover_rule"}, backtest=backtest), without_volume)


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
