"""Accounts held together: known arithmetic, what drifts and costs, and never a look ahead."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quant.errors import InvalidSpec, NotEnoughData
from quant.portfolio.books import LEAST_BARS, hold_together, on_common_bars
from quant.portfolio.catalog import ALLOCATIONS, BooksSpec
from tests.quant.portfolio.test_catalog import market

NAMES = [entry.model_fields["name"].default for entry in ALLOCATIONS]
DAYS = pd.date_range("2020-01-01", periods=200, tz="UTC")


def accounts(n=120, seed=1):
    values = np.vstack([np.full(4, np.nan), market(seed, n_returns=n - 1)])
    return pd.DataFrame(values, index=DAYS[:n], columns=list("abcd"))


def spec(method="risk_parity", **changes):
    return BooksSpec(**{"method": method, "window": 40, "rebalance_bars": 15, **changes})


def test_every_method_of_the_catalogue_has_its_name_and_no_other():
    for name in NAMES:
        assert BooksSpec(method=name).allocation.model_dump()["name"] == name
    assert BooksSpec(method="minimum_variance", window=33, rebalance_bars=7).allocation.parameters() == {
        "window": 33, "rebalance_bars": 7, "covariance": "ledoit_wolf",
    }  # fmt: skip
    with pytest.raises(ValidationError):
        BooksSpec(method="best_of_all")


@pytest.mark.parametrize("method", NAMES)
@given(cut=st.integers(60, 119), seed=st.integers(0, 9))
@settings(max_examples=8, deadline=None)
def test_nothing_changes_before_a_bar_if_the_future_is_gone_or_another(method, cut, seed):
    returns = accounts()
    whole = hold_together(returns, spec(method))
    gone = hold_together(returns.iloc[:cut], spec(method))
    other = returns.copy()
    other.iloc[cut:] = np.random.default_rng(seed).permutation(other.iloc[cut:].to_numpy().ravel()).reshape(-1, 4)
    scrambled = hold_together(other, spec(method))
    n_known = cut - 40
    for found in (gone, scrambled):
        pd.testing.assert_frame_equal(found.curve.iloc[:n_known], whole.curve.iloc[:n_known], check_exact=True)
        pd.testing.assert_frame_equal(found.shares.iloc[:n_known], whole.shares.iloc[:n_known], check_exact=True)


@pytest.mark.parametrize("method", NAMES)
def test_shares_are_never_negative_and_sum_to_one(method):
    shares = hold_together(accounts(), spec(method)).shares
    assert (shares >= 0).all(axis=None)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)


@pytest.mark.parametrize("method", NAMES)
def test_a_portfolio_of_one_account_is_that_account(method):
    returns = accounts()[["c"]]
    found = hold_together(returns, spec(method, cost_bps=50))
    expected = (1 + returns["c"].iloc[41:]).cumprod()
    np.testing.assert_allclose(found.curve["equity"].iloc[1:], expected, rtol=1e-12)
    assert found.curve["costs"].sum() == 0


@pytest.mark.parametrize("method", NAMES)
def test_the_order_of_the_accounts_changes_nothing(method):
    returns = accounts()
    found, turned = hold_together(returns, spec(method)), hold_together(returns[["c", "a", "d", "b"]], spec(method))
    pd.testing.assert_frame_equal(found.curve, turned.curve, check_exact=True)
    pd.testing.assert_frame_equal(found.shares, turned.shares[list("abcd")], check_exact=True)


def test_equal_shares_without_costs_drift_between_divisions():
    returns = accounts()
    found = hold_together(returns, spec("equal", cost_bps=0))
    wealth, held, expected = 1.0, np.full(4, 0.25), [1.0]
    for row, values in enumerate(returns.to_numpy()[41:]):
        held = held * (1 + values)
        wealth = held.sum()
        expected.append(wealth)
        if (row + 1) % 15 == 0:
            held = np.full(4, wealth / 4)
    np.testing.assert_allclose(found.curve["equity"], expected, rtol=1e-12)
    assert found.n_divisions == 6
    every_bar = hold_together(returns, spec("equal", cost_bps=0, rebalance_bars=1))
    np.testing.assert_allclose(every_bar.curve["return"].iloc[1:], returns.iloc[41:].mean(axis=1), atol=1e-15)


@pytest.mark.parametrize("method", NAMES)
def test_moving_capital_costs_what_is_moved(method):
    free, dear = (hold_together(accounts(), spec(method, cost_bps=bps)) for bps in (0, 100))
    pd.testing.assert_frame_equal(free.shares, dear.shares)
    pd.testing.assert_series_equal(free.curve["turnover"], dear.curve["turnover"])
    assert (dear.curve["equity"] <= free.curve["equity"]).all()
    np.testing.assert_allclose(dear.curve["costs"], dear.curve["turnover"] * 0.01)
    kept = (1 - dear.curve["costs"]).cumprod()
    np.testing.assert_allclose(dear.curve["equity"], free.curve["equity"] * kept, rtol=1e-12)
    bars_of_moves = np.flatnonzero(free.curve["turnover"].to_numpy())
    assert set(bars_of_moves) <= {16, 31, 46, 61, 76}
    assert len(bars_of_moves) == 5


def test_what_is_lost_is_lost():
    returns = accounts()
    returns.iloc[70:72] = [[-1.0] * 4, [0.5] * 4]
    found = hold_together(returns, spec("equal", cost_bps=0))
    assert (found.curve["equity"].iloc[30:] == 0).all()
    assert (found.shares.iloc[30:] == 0).all(axis=None)
    assert (found.curve["return"].iloc[31:] == 0).all()


@pytest.mark.parametrize("method", NAMES)
def test_twins_idle_accounts_and_few_rows_are_divided_all_the_same(method):
    returns = accounts(n=70)
    returns["twin"] = returns["a"]
    returns["idle"] = 0.0
    for number in range(30):  # more accounts than returns in the window
        returns[f"more {number}"] = np.random.default_rng(number).normal(0, 0.01, 70)
    shares = hold_together(returns, spec(method, window=20)).shares
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-9)
    assert (shares >= 0).all(axis=None)
    if method != "equal":
        assert (shares["idle"] == 0).all()
    idle = returns[["idle"]].assign(other=0.0)
    assert (hold_together(idle, spec(method, window=20)).shares == 0.5).all(axis=None)


def test_too_few_bars_and_unknown_returns_are_refused():
    with pytest.raises(NotEnoughData, match=f"at least {40 + LEAST_BARS} bars"):
        hold_together(accounts(n=59), spec())
    with pytest.raises(NotEnoughData):
        hold_together(accounts()[[]], spec())
    for wrong in (np.nan, np.inf):
        returns = accounts()
        returns.iloc[50, 1] = wrong
        with pytest.raises(InvalidSpec, match="1 unknown or infinite"):
            hold_together(returns, spec())


def test_accounts_come_to_common_bars_with_all_that_they_earned():
    wealth = {
        "whole": pd.Series(np.linspace(100, 200, 100), DAYS[:100]),
        "holes": pd.Series(np.linspace(50, 20, 80), DAYS[10:100].delete(range(20, 30))),
        "later": pd.Series(np.linspace(1, 2, 60), DAYS[90:150]),
    }
    common = on_common_bars(wealth, least=40)
    assert list(common.returns) == ["whole", "holes"]
    assert common.left_out == {"later": 10}
    assert len(common.returns) == 80
    for name in ("whole", "holes"):
        kept = wealth[name].loc[common.returns.index]
        np.testing.assert_allclose((1 + common.returns[name].iloc[1:]).prod(), kept.iloc[-1] / kept.iloc[0])
    assert on_common_bars(wealth, least=5).left_out == {}
    with pytest.raises(NotEnoughData, match="found 100"):
        on_common_bars(wealth, least=101)
    with pytest.raises(NotEnoughData, match="found 0"):
        on_common_bars({}, least=1)


def test_a_ruined_account_earns_nothing_any_more():
    ruined = pd.Series([1.0, 0.5, -0.1, 0.3, 0.2], DAYS[:5])
    found = on_common_bars({"ruined": ruined}, least=5).returns["ruined"]
    np.testing.assert_allclose(found.iloc[1:], [-0.5, -1.2, 0.0, 0.0])
