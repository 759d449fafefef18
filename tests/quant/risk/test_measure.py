import json

import numpy as np
import pandas as pd
import pytest

from quant.risk.catalog import RiskSpec
from quant.risk.definitions import DEFINITIONS
from quant.risk.measure import measure
from quant.risk.performance import sharpe_ratio

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
