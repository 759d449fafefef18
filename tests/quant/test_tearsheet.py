import json

import numpy as np
import pandas as pd
import pytest

from quant.risk.catalog import RiskSpec
from quant.tearsheet import factor_exposures, tearsheet_frames, uncertainty

N_BARS = 120


def curve(seed, *, spread=0.01):
    index = pd.date_range("2024-01-01 21:00", periods=N_BARS, tz="UTC", unit="us", name="timestamp")
    changes = np.random.default_rng(seed).normal(0.001, spread, N_BARS)
    changes[0] = 0.0
    equity = pd.DataFrame({"equity": 1000.0 * np.cumprod(1.0 + changes)}, index=index)
    return equity.assign(**{"return": equity["equity"] / equity["equity"].shift(1) - 1.0})


def panel(*curves):
    frames = {position: each["equity"].rename("adjusted_close").to_frame() for position, each in enumerate(curves)}
    return pd.concat(frames, names=["instrument"]).swaplevel().sort_index()


def trades(n_closed):
    outcomes = np.random.default_rng(9).normal(0.02, 0.05, n_closed + 1)
    return pd.DataFrame({"return_on_entry_value": outcomes, "is_open": [False] * n_closed + [True]})


def test_the_tables_of_a_curve():
    own, other = curve(1), curve(2)
    frames = tearsheet_frames(own, other, panel(own, other), RiskSpec(rolling_window=20), 252)
    assert set(frames) == {"monthly_returns", "yearly_returns", "drawdowns", "stress", "rolling", "correlations"}
    assert frames["yearly_returns"]["return"].tolist() == pytest.approx([own["equity"].iloc[-1] / 1000.0 - 1.0])
    assert frames["stress"]["n_bars"].tolist() == [5, 21, 63]
    pair = frames["correlations"]
    assert pair[["instrument", "other"]].to_numpy().tolist() == [[0, 1]]
    assert pair["correlation"].iloc[0] == pytest.approx(own["return"].corr(other["return"]))
    assert "correlations" not in tearsheet_frames(own, other, panel(own), RiskSpec(), 252)


def test_luck_and_sizes_are_json_and_come_with_words():
    facts = uncertainty(curve(1), trades(30), RiskSpec(), 252, seed=3)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert [each["method"] for each in facts["luck"]] == ["block_bootstrap", "normal"]
    for each in facts["luck"]:
        assert each["sharpe_ratio"]["lower"] < each["sharpe_ratio"]["upper"]
        assert "Sharpe ratio" in each["in_words"]
    assert facts["bet"]["n_trades"] == 30  # the open one has no outcome yet
    assert facts["volatility"]["factor"] == pytest.approx(0.1 / facts["volatility"]["annualised"])
    assert uncertainty(curve(1), trades(30), RiskSpec(), 252, seed=3) == facts


def test_a_curve_that_never_moved_says_nothing():
    flat = curve(1, spread=0.0)
    flat["equity"], flat["return"] = 1000.0, 0.0
    assert uncertainty(flat, trades(2), RiskSpec(), 252, seed=3) == {"luck": [], "bet": None, "volatility": None}


def test_what_the_instruments_explain_of_a_curve_is_told_with_its_doubt():
    one, other = curve(2), curve(3)
    own = curve(4, spread=0.001)
    own["return"] = 0.0005 + 0.8 * one["return"] - 0.3 * other["return"] + 0.1 * (own["return"] - 0.001)
    facts = factor_exposures(own, panel(one, other), RiskSpec(risk_free_annual=0.0), 252)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert [each["instrument"] for each in facts["betas"]] == [0, 1]
    assert [each["beta"] for each in facts["betas"]] == pytest.approx([0.8, -0.3], abs=0.01)
    assert facts["alpha_annualised"] == pytest.approx(0.0005 * 252, abs=0.02)
    assert facts["n_bars"] == N_BARS - 1
    assert facts["r_squared"] > 0.99
    assert "more than chance would make of it" in facts["in_words"]
    free = factor_exposures(own, panel(one, other), RiskSpec(risk_free_annual=0.05), 252)
    left_out = 0.05 * (1 - 0.8 + 0.3)  # of the rate, what the betas do not take from the instruments
    assert free["alpha_annualised"] == pytest.approx(facts["alpha_annualised"] - left_out, abs=0.002)


def test_chance_is_called_chance_and_twins_cannot_be_told_apart():
    own, other = curve(5), curve(6)
    facts = factor_exposures(own, panel(other), RiskSpec(), 252)
    assert facts["r_squared"] < 0.1
    twins = factor_exposures(own, panel(other, other), RiskSpec(), 252)
    assert twins["betas"] == []
    assert "no mixtures of one another" in twins["in_words"]
    still = own.assign(**{"return": 0.0})
    assert "hardly moved" in factor_exposures(still, panel(other), RiskSpec(), 252)["in_words"]
