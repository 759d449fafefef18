import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.risk.catalog import RiskSpec
from quant.risk.definitions import DEFINITIONS
from quant.risk.drawdown import max_drawdown, ulcer_index
from quant.risk.exposure import relate
from quant.risk.measure import measure
from quant.risk.performance import (
    annualised_volatility,
    calmar_ratio,
    compound_annual_growth_rate,
    hit_rate,
    raw_kurtosis,
    sharpe_ratio,
    skewness,
    sortino_ratio,
    total_return,
)
from quant.risk.tails import (
    cornish_fisher_value_at_risk,
    ewma_value_at_risk,
    normal_expected_shortfall,
    normal_value_at_risk,
    omega_ratio,
    tail_ratio,
)
from quant.risk.value_at_risk import expected_shortfall, value_at_risk

TRADES = pd.DataFrame(
    {
        "pnl": [10.0, -4.0, 6.0, 100.0],
        "return_on_entry_value": [0.1, -0.04, 0.03, 0.5],
        "bars_held": [3, 5, 1, 9],
        "is_open": [False, False, False, True],
    }
)


@pytest.fixture
def curves(curve_of):
    equity = curve_of([0.01, -0.02, 0.03, 0.0], initial=1000.0).to_frame()
    equity["return"] = equity["equity"].pct_change()
    equity["exposure"] = [0.0, 0.5, 1.0, 0.0, 0.0]
    equity["turnover"] = [0.0, 0.5, 0.5, 1.0, 0.0]
    equity["costs"] = [0.0, 1.0, 2.0, 3.0, 0.0]
    benchmark = curve_of([0.02, -0.01, 0.0, 0.01], initial=1000.0).to_frame()
    return equity, benchmark.assign(**{"return": benchmark["equity"].pct_change()})


def values_of(metrics):
    return {metric.name: metric.value for metric in metrics}


def test_every_metric_has_a_definition_and_every_definition_a_metric(curves):
    metrics = measure(*curves, TRADES, RiskSpec(), 252)
    assert [metric.name for metric in metrics] == list(DEFINITIONS)


def test_values_by_hand(curves):
    values = values_of(measure(*curves, TRADES, RiskSpec(), 252))
    assert values["total_return"] == pytest.approx(1.01 * 0.98 * 1.03 - 1)
    assert values["final_equity"] == pytest.approx(1000 * 1.01 * 0.98 * 1.03)
    assert values["max_drawdown"] == pytest.approx(-0.02)
    assert values["longest_drawdown_bars"] == 2
    assert values["longest_drawdown_days"] == 2
    assert values["best_bar"] == pytest.approx(0.03)
    assert values["worst_bar"] == pytest.approx(-0.02)
    assert values["winning_bars"] == 0.5
    assert values["time_in_market"] == 0.5
    assert values["average_exposure"] == pytest.approx(0.375)
    assert values["annualised_turnover"] == pytest.approx(0.5 / 2 * 252)
    assert values["total_costs"] == 6.0
    assert values["n_trades"] == 4
    assert values["hit_rate"] == pytest.approx(2 / 3)
    assert values["profit_factor"] == 4.0
    assert values["average_trade_return"] == pytest.approx(0.03)
    assert values["average_bars_held"] == 3.0


def test_the_spec_decides_rate_and_confidence(curves):
    equity, benchmark = curves
    metrics = {
        m.name: m for m in measure(equity, benchmark, TRADES, RiskSpec(risk_free_annual=0.05, confidence=0.5), 252)
    }
    own = equity["return"].dropna()
    assert metrics["sharpe_ratio"].value == sharpe_ratio(own, periods_per_year=252, risk_free_annual=0.05)
    assert metrics["value_at_risk"].value == pytest.approx(-0.01)
    assert metrics["expected_shortfall"].value == pytest.approx(0.01)


def test_the_benchmark_stands_beside_where_it_has_a_value(curves):
    metrics = {m.name: m for m in measure(*curves, TRADES, RiskSpec(), 252, segment="hold_out")}
    assert metrics["total_return"].benchmark_value == pytest.approx(1.02 * 0.99 * 1.01 - 1)
    assert metrics["sharpe_ratio"].benchmark_value is not None
    assert metrics["beta"].benchmark_value is None
    assert metrics["hit_rate"].benchmark_value is None
    assert {m.segment for m in metrics.values()} == {"hold_out"}


def test_unknown_is_none_and_everything_is_json(curves):
    equity, benchmark = curves
    flat = equity.assign(equity=1000.0, exposure=0.0, turnover=0.0, **{"return": [np.nan, 0.0, 0.0, 0.0, 0.0]})
    metrics = measure(flat, benchmark, TRADES.iloc[:0], RiskSpec(), 252)
    values = values_of(metrics)
    for name in (
        "sharpe_ratio",
        "sortino_ratio",
        "calmar_ratio",
        "hit_rate",
        "profit_factor",
        "correlation",
        "skewness",
    ):
        assert values[name] is None
    assert values["n_trades"] == 0
    assert values["max_drawdown"] == 0.0
    text = json.dumps([metric._asdict() for metric in metrics], allow_nan=False)
    assert len(json.loads(text)) == len(DEFINITIONS)


def test_a_curve_of_its_first_bar_has_no_metrics_but_its_money(curves):
    equity, benchmark = curves
    values = values_of(measure(equity.iloc[:1], benchmark.iloc[:1], TRADES.iloc[:0], RiskSpec(), 252))
    assert values["final_equity"] == 1000.0
    assert values["total_return"] is None
    assert values["best_bar"] is None


def test_a_ruined_account_is_measured_up_to_its_ruin(curves):
    equity, benchmark = curves
    ruined = equity.assign(equity=[1000.0, 500.0, -100.0, 50.0, 50.0], exposure=[0.0, 1.0, np.nan, 0.0, 0.0])
    ruined["return"] = [np.nan, -0.5, -1.2, np.nan, 0.0]
    values = values_of(measure(ruined, benchmark, TRADES, RiskSpec(), 252))
    assert values["max_drawdown"] == pytest.approx(-1.1)
    assert values["worst_bar"] == pytest.approx(-1.2)
    assert values["compound_annual_growth_rate"] == pytest.approx(0.05 ** (252 / 4) - 1)


RETURNS = st.lists(
    st.sampled_from([-0.9, -0.02, -0.01, -1e-16, 0.0, 1e-15, 0.004, 0.01, 0.03, 1.0, np.nan]), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(
    RETURNS, RETURNS, st.sampled_from([0.0, 0.03]), st.sampled_from([0.5, 0.95, 0.99]), st.sampled_from([12.0, 252.0])
)
def test_all_at_once_is_each_by_itself_to_the_last_bit(own, other, rate, confidence, periods):
    n = min(len(own), len(other))
    index = pd.date_range("2024-01-01", periods=n + 1, freq="D", tz="UTC", unit="us", name="timestamp")
    ours, theirs = (
        pd.DataFrame(
            {"equity": 100.0 * np.cumprod([1.0, *(1.0 + np.nan_to_num(values[:n]))]), "return": [np.nan, *values[:n]]},
            index,
        )
        for values in (own, other)
    )
    ours = ours.assign(exposure=0.5, turnover=0.1, costs=1.0)
    spec = RiskSpec(risk_free_annual=rate, confidence=confidence)
    found = {metric.name: metric for metric in measure(ours, theirs, TRADES, spec, periods)}
    for side, curve in (("value", ours), ("benchmark_value", theirs)):
        returns, equity = curve["return"], curve["equity"]
        excess = {"periods_per_year": periods}
        alone = {
            "total_return": total_return(equity),
            "compound_annual_growth_rate": compound_annual_growth_rate(equity, **excess),
            "sharpe_ratio": sharpe_ratio(returns, risk_free_annual=rate, **excess),
            "sortino_ratio": sortino_ratio(returns, minimum_annual=rate, **excess),
            "omega_ratio": omega_ratio(returns, threshold_annual=rate, **excess),
            "calmar_ratio": calmar_ratio(equity, **excess),
            "winning_bars": hit_rate(returns),
            "annualised_volatility": annualised_volatility(returns, **excess),
            "max_drawdown": max_drawdown(equity),
            "ulcer_index": ulcer_index(equity) if n else np.nan,
            "value_at_risk": value_at_risk(returns, confidence=confidence),
            "expected_shortfall": expected_shortfall(returns, confidence=confidence),
            "normal_value_at_risk": normal_value_at_risk(returns, confidence=confidence),
            "normal_expected_shortfall": normal_expected_shortfall(returns, confidence=confidence),
            "cornish_fisher_value_at_risk": cornish_fisher_value_at_risk(returns, confidence=confidence),
            "ewma_value_at_risk": ewma_value_at_risk(returns, confidence=confidence),
            "tail_ratio": tail_ratio(returns, confidence=confidence),
            "skewness": skewness(returns),
            "raw_kurtosis": raw_kurtosis(returns),
        }
        assert {name: getattr(found[name], side) for name in alone} == {
            name: value if np.isfinite(value) else None for name, value in alone.items()
        }
    relation = relate(ours["return"], theirs["return"], periods_per_year=periods, risk_free_annual=rate)._asdict()
    del relation["n_observations"]
    assert {name: found[name].value for name in relation} == {
        name: value if np.isfinite(value) else None for name, value in relation.items()
    }
