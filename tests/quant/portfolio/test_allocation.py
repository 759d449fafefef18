import numpy as np
import pandas as pd
import pytest

from quant.portfolio.allocation import shares_of_prices, shares_of_returns, summary_of_shares
from quant.portfolio.catalog import EqualShares, InverseVolatility, MinimumVariance
from tests.quant.portfolio.test_catalog import market


def walked(n=100):
    return pd.DataFrame(np.vstack([np.full(4, np.nan), market(1, n_returns=n)]))


def test_equal_shares_never_move():
    assert (shares_of_returns(walked(), EqualShares()) == 0.25).all(axis=None)


def test_shares_are_equal_until_the_window_is_full_and_stand_between_rebalances():
    returns = walked()
    shares = shares_of_returns(returns, InverseVolatility(window=30, rebalance_bars=10))

    assert (shares.iloc[:30] == 0.25).all(axis=None)
    changed = shares.index[(shares.diff().abs() > 0).any(axis=1)]
    assert list(changed) == list(range(30, 101, 10))
    expected = 1 / returns.iloc[11:41].std()
    np.testing.assert_allclose(shares.iloc[40], expected / expected.sum())
    assert (shares.iloc[40:50] == shares.iloc[40]).all(axis=None)


def test_a_missing_return_is_left_out_and_many_take_the_instrument_out():
    returns = walked()
    returns.iloc[35, 0] = np.nan
    returns.iloc[30:34, 1] = np.nan
    shares = shares_of_returns(returns, InverseVolatility(window=30, rebalance_bars=10)).iloc[40]
    assert shares[1] == 0
    known = returns.iloc[11:41].drop(columns=1).dropna()
    expected = 1 / known.std()
    np.testing.assert_allclose(shares[[0, 2, 3]], expected / expected.sum())


def test_while_nobody_takes_part_shares_stay():
    returns = walked()
    returns.iloc[45:] = np.nan
    shares = shares_of_returns(returns, MinimumVariance(window=30, rebalance_bars=10))
    np.testing.assert_array_equal(shares.iloc[-1], shares.iloc[40])


def test_one_instrument_has_it_all():
    assert (shares_of_returns(walked()[[0]], MinimumVariance(window=20)) == 1).all(axis=None)


def test_prices_are_looked_at_on_their_own_bars():
    days = pd.date_range("2020-01-01", periods=90, tz="UTC")
    moves = np.random.default_rng(1).normal(0, [0.01, 0.02], (90, 2)).cumsum(axis=0)
    long, late = (pd.DataFrame({"close": 100 * np.exp(column)}, index=days) for column in moves.T)
    late = late.iloc[40:]
    shares = shares_of_prices({0: long, 1: late}, InverseVolatility(window=20, rebalance_bars=5))

    assert shares.index.equals(long.index)
    assert (shares.loc[: long.index[19], 1] == 0.5).all()
    assert (shares.loc[long.index[20] : long.index[54], 1] == 0).all()
    assert 0 < shares[1].iloc[-1] < 0.5


def test_how_a_book_was_divided_all_in_all():
    index = pd.MultiIndex.from_product([range(3), [0, 1]], names=["timestamp", "instrument"])
    found = summary_of_shares(pd.Series([0.5, 0.5, 0.2, 0.8, 0.3, 0.7], index=index))
    assert list(found.columns) == ["instrument", "latest", "mean", "least", "most"]
    assert found.iloc[1].tolist() == pytest.approx([1, 0.7, 2 / 3, 0.5, 0.8])
