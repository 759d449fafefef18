"""Accounts held together: beside equal shares and each alone, deflated, and asked how choosing carries over."""

import numpy as np
import pandas as pd
import pytest

from quant.combining import EQUAL, TOGETHER, Trials, combine, look_at_members, spread_of
from quant.errors import NotEnoughData
from quant.portfolio.catalog import BooksSpec
from quant.risk.performance import sharpe_ratio
from quant.validation.overfitting import deflated_sharpe_ratio, return_moments

DAYS = pd.date_range("2020-01-01", periods=400, freq="B", tz="UTC", name="timestamp")
SPEC = BooksSpec(method="inverse_volatility", window=40, rebalance_bars=20, cost_bps=10)
TRIALS = Trials(n_trials=12, n_independent=3.5, variance=0.001)


def wealth(n_accounts=3, n_bars=300, seed=5):
    drawn = np.random.default_rng(seed).normal(
        0.0006, [0.008, 0.012, 0.02, 0.01, 0.015][:n_accounts], (n_bars, n_accounts)
    )
    curves = 100.0 * np.cumprod(1.0 + drawn, axis=0)
    return {f"account {place}": pd.Series(curves[:, place], DAYS[:n_bars]) for place in range(n_accounts)}


@pytest.fixture(scope="module")
def found():
    return combine(wealth(), SPEC, TRIALS, periods_per_year=252, risk_free_annual=0.01)


def test_all_curves_begin_at_one_where_capital_is_first_divided(found):
    assert list(found.curves) == [TOGETHER, EQUAL, "account 0", "account 1", "account 2"]
    assert found.curves.index.equals(DAYS[40:300])
    assert (found.curves.iloc[0] == 1).all()
    alone = wealth()["account 1"]
    np.testing.assert_allclose(found.curves["account 1"], alone.iloc[40:] / alone.iloc[40])


def test_measures_are_those_of_the_curves_and_intervals_hold_them(found):
    rate = 1.01 ** (1 / 252) - 1
    for name, measured in found.measures.items():
        changes = found.curves[name].pct_change(fill_method=None).iloc[1:]
        assert measured.sharpe_ratio == pytest.approx(sharpe_ratio(changes - rate, periods_per_year=252))
        assert measured.total_return == pytest.approx(found.curves[name].iloc[-1] - 1)
        assert (measured.luck is None) == (name not in {TOGETHER, EQUAL, found.best})
        if measured.luck:
            assert measured.luck.sharpe_ratio.lower < measured.sharpe_ratio < measured.luck.sharpe_ratio.upper
            assert measured.luck.max_drawdown.value == pytest.approx(measured.max_drawdown)
        assert (measured.turnover > 0) == (name in {TOGETHER, EQUAL})
    alone = {name: each.sharpe_ratio for name, each in found.measures.items() if name.startswith("account")}
    assert found.best == max(alone, key=alone.__getitem__)


def test_the_sharpe_ratio_is_deflated_by_all_and_by_independent_trials(found):
    rate = 1.01 ** (1 / 252) - 1
    moments = return_moments(found.curves[TOGETHER].pct_change(fill_method=None).iloc[1:] - rate)
    variance = max(0.001, 1 / (moments.n_returns - 1))
    for n_trials, deflated in ((12, found.deflated), (3.5, found.deflated_by_independent)):
        assert deflated == pytest.approx(
            deflated_sharpe_ratio(
                moments.sharpe, moments.n_returns, moments.skewness, moments.raw_kurtosis,
                trial_variance=variance, n_trials=n_trials,
            )
        )  # fmt: skip
    assert found.deflated < found.deflated_by_independent


def test_equal_shares_are_what_equal_shares_are_and_cannot_be_told_apart():
    found = combine(wealth(), SPEC.model_copy(update={"method": "equal"}), TRIALS, periods_per_year=252)
    pd.testing.assert_series_equal(found.curves[TOGETHER], found.curves[EQUAL], check_names=False)
    assert np.isnan(found.test.p_value)
    assert found.test.difference == 0


def test_accounts_that_never_move_have_nothing_to_be_deflated():
    idle = {"idle": pd.Series(100.0, DAYS[:100])}
    found = combine(idle, SPEC, TRIALS, periods_per_year=252)
    assert np.isnan([found.deflated, found.deflated_by_independent, found.measures[TOGETHER].sharpe_ratio]).all()
    assert found.measures[TOGETHER].luck is None


def test_an_account_elsewhere_is_left_out_and_too_few_bars_are_refused():
    later = pd.Series(np.linspace(1, 2, 80), DAYS[290:370])
    found = combine({**wealth(), "later": later}, SPEC, TRIALS, periods_per_year=252)
    assert found.left_out == {"later": 10}
    assert "later" not in found.curves
    with pytest.raises(NotEnoughData, match="at least 320 bars"):
        combine(wealth(), SPEC.model_copy(update={"window": 300}), TRIALS, periods_per_year=252)


def test_choosing_among_members_is_asked_of_five_and_of_bars_enough():
    assert look_at_members({}) is None
    assert look_at_members(wealth(4)) is None
    assert look_at_members({name: each.iloc[:15] for name, each in wealth(5).items()}) is None
    facts = look_at_members(wealth(5))
    assert facts is not None
    assert (facts["n_trials"], facts["n_bars"], facts["n_combinations"]) == (5, 299, 12870)
    assert 0 <= facts["probability"] <= 1
    skilled = {
        f"{place}": pd.Series((1 + 0.001 * place + 0.01 * (-1.0) ** np.arange(200)).cumprod(), DAYS[:200])
        for place in range(6)
    }
    facts = look_at_members(skilled)
    assert facts is not None
    assert facts["probability"] == 0


def test_trials_vary_as_widely_as_curves_or_questions_say():
    assert spread_of([0.01, 0.03], [0.0001]) == pytest.approx(0.0002)
    assert spread_of([0.01], [0.0003, 0.0001]) == 0.0003
    assert spread_of([], []) == 0
