"""Damage that is improbable but possible is found in the packaged prices, and their real extremes are not."""

import numpy as np
import pandas as pd
import pytest

from quant.data import oddities
from quant.data.findings import Bars

NOW = pd.Timestamp("2026-01-02", tz="UTC")
MARKET = ["open", "high", "low", "close"]

ALL = [
    oddities.sessions_without_bar,
    oddities.decimal_slips,
    oddities.price_spikes,
    oddities.suspected_splits,
    oddities.price_jumps,
    oddities.repeated_blocks,
    oddities.stale_bars,
    oddities.repeated_opens,
    oddities.zero_volume,
]


@pytest.fixture(params=["GOOG", "IBM", "MSFT"])
def prices(request, sample):
    return sample[request.param][-500:].copy()


def run(check, prices, calendar="XNYS"):
    return check(Bars(prices, calendar, NOW))


def scaled(prices, rows, factor, columns=MARKET):
    prices = prices.copy()
    positions = [prices.columns.get_loc(column) for column in columns]
    prices.iloc[rows, positions] = prices.iloc[rows, positions] * factor
    return prices


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
@pytest.mark.parametrize("symbol", ["GOOG", "IBM", "MSFT"])
def test_thirteen_years_of_real_prices_are_clean(check, symbol, sample):
    assert run(check, sample[symbol]) == []


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
@pytest.mark.parametrize("n_bars", [0, 1, 2])
def test_short_frames_are_judged_too(check, n_bars, sample):
    assert run(check, sample["GOOG"][:n_bars]) == []


@pytest.mark.parametrize("move", [0.296, -0.264])
@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_a_true_jump_after_bad_or_good_news_is_no_oddity(check, move, prices):
    jumped = scaled(prices, slice(300, None), 1 + move)
    assert run(check, jumped) == []


def test_holes_but_not_closures(sample):
    prices = sample["IBM"]
    around = prices[prices["session"].between("2001-08-01", "2001-10-31")]
    assert run(oddities.sessions_without_bar, around) == []
    (finding,) = run(oddities.sessions_without_bar, around.drop(around.index[[5, 20, 21, 22]]))
    assert finding.count == 4
    assert finding.sessions == tuple(around["session"].iloc[[5, 20, 21, 22]].dt.date)
    assert "at most 3 in a row" in finding.message


def test_a_bar_in_the_far_future_does_not_make_a_hole(prices):
    damaged = prices.copy()
    damaged.index = damaged.index[:-1].append(pd.DatetimeIndex(["2049-01-04 21:00"], tz="UTC").as_unit("us"))
    damaged.iloc[-1, 0] = pd.Timestamp("2049-01-04")
    assert run(oddities.sessions_without_bar, damaged.rename_axis("timestamp")) == []


@pytest.mark.parametrize("factor", [10.0, 100.0, 0.1, 0.01])
@pytest.mark.parametrize("length", [1, 3, 5])
def test_a_slipped_decimal_point(prices, factor, length):
    damaged = scaled(prices, slice(200, 200 + length), factor)
    (finding,) = run(oddities.decimal_slips, damaged)
    assert finding.rows == tuple(range(200, 200 + length))
    assert finding.severity == "warning"
    assert run(oddities.suspected_splits, damaged) == []
    assert run(oddities.price_spikes, damaged) == []


@pytest.mark.parametrize("column", ["high", "low"])
def test_one_wrong_extreme(prices, column):
    damaged = scaled(prices, [150], 10.0 if column == "high" else 0.1, [column])
    (finding,) = run(oddities.price_spikes, damaged)
    assert finding.rows == (150,)
    assert run(oddities.decimal_slips, damaged) == []


def test_a_spike_goes_away_and_comes_back_but_a_crash_does_not(prices):
    (finding,) = run(oddities.price_spikes, scaled(prices, [250], 1.8))
    assert finding.rows == (250,)
    assert run(oddities.price_spikes, scaled(prices, slice(250, None), 0.45)) == []


@pytest.mark.parametrize("ratio", [2.0, 3.0, 1.5, 7.0, 20.0, 0.1, 10.0, 100.0])
def test_a_split_without_an_action(prices, ratio):
    damaged = scaled(prices.assign(dividend=0.0), slice(260, None), 1 / ratio)
    (finding,) = run(oddities.suspected_splits, damaged)
    assert finding.rows == (260,)
    assert f"one: {ratio:.3g}." in finding.message
    announced = damaged.copy()
    announced.iloc[260, announced.columns.get_loc("split_factor")] = ratio
    assert run(oddities.suspected_splits, announced) == []


def test_the_real_split_of_microsoft_is_suspected_only_if_the_actions_lack_it(sample):
    forgotten = sample["MSFT"].assign(split_factor=1.0)
    (finding,) = run(oddities.suspected_splits, forgotten)
    assert [session.isoformat() for session in finding.sessions] == ["2003-02-18"]
    assert "one: 2." in finding.message


def test_a_split_that_did_not_happen_is_suspected_as_its_inverse(prices):
    wrong = prices.copy()
    wrong.iloc[260, wrong.columns.get_loc("split_factor")] = 2.0
    (finding,) = run(oddities.suspected_splits, wrong)
    assert finding.rows == (260,)


def test_a_feed_that_is_stuck(prices):
    damaged = prices.copy()
    damaged.loc[damaged.index[100:104], MARKET] = damaged[MARKET].iloc[100].to_numpy()
    damaged.loc[damaged.index[200:202], MARKET] = damaged[MARKET].iloc[200].to_numpy()
    (finding,) = run(oddities.stale_bars, damaged)
    assert finding.rows == (101, 102, 103)


def test_opens_that_are_no_opens(prices):
    damaged = prices.copy()
    before = damaged["close"].shift(1)
    open_ = damaged["open"].where(damaged.index < damaged.index[100], before)
    damaged = damaged.assign(open=open_, high=np.maximum(open_, damaged["high"]), low=np.minimum(open_, damaged["low"]))
    (finding,) = run(oddities.repeated_opens, damaged)
    assert set(range(100, 500)) <= set(finding.rows)
    assert finding.count < 410
    assert run(oddities.repeated_opens, damaged, calendar="24/7") == []


def test_bars_without_trades(prices):
    damaged = prices.copy()
    damaged.iloc[[7, 8], damaged.columns.get_loc("volume")] = 0.0
    (finding,) = run(oddities.zero_volume, damaged)
    assert finding.rows == (7, 8)


def test_the_longest_gap(sample):
    sessions = pd.DatetimeIndex(sample["GOOG"]["session"])
    assert oddities.longest_gap(sessions, "XNYS") == 0
    assert oddities.longest_gap(sessions.delete([4, 5, 9]), "XNYS") == 2
    assert oddities.longest_gap(sessions[::-1].delete([4, 5, 9]), "XNYS") == 2
    assert oddities.longest_gap(sessions[:0], "XNYS") == 0


def test_a_jump_that_stays_and_is_no_split_is_found(prices):
    rest = list(range(200, len(prices)))
    (finding,) = run(oddities.price_jumps, scaled(prices, rest, 0.562))

    assert finding.rows == (200,)
    assert run(oddities.price_jumps, scaled(prices, rest, 0.74)) == []  # a bad day is none
    assert run(oddities.price_jumps, scaled(prices, rest, 0.5)) == []  # asked about as a split
    assert run(oddities.price_jumps, scaled(prices, [200], 3)) == []  # a spike


def test_bars_that_are_pasted_twice_are_found(prices):
    pasted = prices.copy()
    pasted.iloc[200:210, 1:6] = prices.iloc[150:160, 1:6].to_numpy()
    (finding,) = run(oddities.repeated_blocks, pasted)

    assert finding.rows == tuple(range(200, 210))
