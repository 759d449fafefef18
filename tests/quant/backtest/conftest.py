"""Small markets, made by hand or at random, and a slow engine to compare with."""

import numpy as np
import pandas as pd
import pytest

from quant.backtest.catalog import (
    BacktestSpec,
    CostSpec,
    DelistingSpec,
    FixedFraction,
    InterestSpec,
    LiquiditySpec,
    MarginSpec,
)
from tests.quant.backtest.slow_account import SlowAccount


def make_prices(
    close, *, open_=None, high=None, low=None, split=None, dividend=None, volume=None, days=None, start="2024-01-01"
):
    """Price frame of one instrument; without opens, each bar opens at the previous close. `days` count from `start`."""
    close = np.asarray(close, dtype=float)
    open_ = np.concatenate([close[:1], close[:-1]]) if open_ is None else np.asarray(open_, dtype=float)
    days = np.arange(len(close)) if days is None else np.asarray(days)
    sessions = pd.DatetimeIndex(pd.Timestamp(start).as_unit("us") + pd.to_timedelta(days, unit="D"))
    return pd.DataFrame(
        {
            "session": sessions,
            "open": open_,
            "high": np.maximum(open_, close) if high is None else np.asarray(high, dtype=float),
            "low": np.minimum(open_, close) if low is None else np.asarray(low, dtype=float),
            "close": close,
            "volume": np.full(len(close), 1e6) if volume is None else np.asarray(volume, dtype=float),
            "split_factor": np.ones(len(close)) if split is None else np.asarray(split, dtype=float),
            "dividend": np.zeros(len(close)) if dividend is None else np.asarray(dividend, dtype=float),
        },
        index=pd.DatetimeIndex(sessions + pd.Timedelta(hours=21), name="timestamp").tz_localize("UTC").as_unit("us"),
    )


def make_weights(prices, weights):
    """Panel of target weights: one list an instrument from its first bar on; None decides nothing."""
    rows = [
        (timestamp, instrument, float(weight))
        for instrument, wishes in weights.items()
        for timestamp, weight in zip(prices[instrument].index, wishes, strict=False)
        if weight is not None
    ]
    frame = pd.DataFrame(rows, columns=["timestamp", "instrument", "target_weight"])
    frame["timestamp"] = pd.DatetimeIndex(frame["timestamp"]).as_unit("us")
    return frame.set_index(["timestamp", "instrument"]).sort_index()


def _seen(rng, n_bars, after_bars):
    """Which bars an instrument has: none missing, some, and perhaps none to the end; no halt as long as a delisting."""
    seen = rng.random(n_bars) < rng.choice([0.7, 1.0, 1.0])
    seen[::after_bars] = True
    if rng.random() < 0.25:
        seen[int(rng.integers(1, n_bars)) :] = False
    return seen


def random_case(seed):
    """Prices with gaps, splits, dividends, missing bars and delistings; weights with pauses; a specification."""
    rng = np.random.default_rng(seed)
    n_bars, n_instruments = int(rng.integers(3, 40)), int(rng.integers(1, 4))
    prices, weights = {}, {}
    short = rng.random() < 0.5
    gross = rng.choice([0.5, 1.0, 1.0, 2.5])
    after_bars = int(rng.choice([3, 8]))
    for instrument in range(n_instruments):
        split = np.where(rng.random(n_bars) < 0.05, rng.choice([2.0, 0.5, 1.5, 3.0], n_bars), 1.0)
        move = np.exp(rng.normal(0, rng.choice([0.005, 0.05]), n_bars))
        close = rng.uniform(5, 500) * np.cumprod(move / split)
        open_ = np.concatenate([close[:1], close[:-1] / split[1:]]) * np.exp(rng.normal(0, 0.02, n_bars))
        wick = np.exp(np.abs(rng.normal(0, 0.01, n_bars)))
        dividend = np.where(rng.random(n_bars) < 0.1, np.round(0.02 * close, 2), 0.0)
        high, low = np.maximum(open_, close) * wick, np.minimum(open_, close) / wick
        frame = make_prices(close, open_=open_, high=high, low=low, split=split, dividend=dividend)
        seen = _seen(rng, n_bars, after_bars)
        prices[instrument] = frame[seen]
        wishes = rng.choice([0.0, 0.3, 0.7, 1.0], seen.sum()) * gross / n_instruments
        wishes *= rng.choice([-1.0, 1.0], seen.sum()) if short else 1.0
        weights[instrument] = np.where(rng.random(seen.sum()) < 0.4, None, wishes)
        weights[instrument][0] = wishes[0]
    costs = CostSpec(
        commission_bps=rng.choice([0.0, 5.0, 50.0]),
        commission_per_share=rng.choice([0.0, 0.01]),
        commission_minimum=rng.choice([0.0, 0.0, 5.0]),
        slippage_bps=rng.choice([0.0, 10.0]),
        borrow_annual=rng.choice([0.0, 0.3]),
    )
    spec = BacktestSpec(
        initial_cash=rng.choice([1_000.0, 100_000.0]),
        costs=costs,
        whole_shares=bool(rng.random() < 0.5),
        rebalance_threshold=rng.choice([0.0, 0.047, 0.29]),
        sizing=FixedFraction(fraction=gross),
        interest=InterestSpec(cash_annual=rng.choice([0.0, 0.5]), debt_annual=rng.choice([0.0, 0.5])),
        touched_limits=rng.choice(["filled", "missed"]),
        delisting=DelistingSpec(after_bars=after_bars, assumed_return=rng.choice([0.0, -0.3, -1.0])),
    )
    return prices, make_weights(prices, weights), spec


def thin_case(seed):
    """As `random_case`, in a market that is thin, on margin: some bars trade nothing, most less than is wanted."""
    prices, weights, spec = random_case(seed)
    rng = np.random.default_rng([seed, 1])
    for i, frame in prices.items():
        volume = rng.choice([0.0, 3.0, 50.0, 1000.0], len(frame)) * 300 / frame["close"].iloc[0]
        prices[i] = frame.assign(volume=np.round(volume))
    liquidity = LiquiditySpec(
        half_spread_bps=rng.choice([0.0, 7.0]),
        impact_bps=rng.choice([0.0, 300.0]),
        impact_shape=rng.choice(["square_root", "linear"]),
        max_volume_share=rng.choice([None, 0.05, 0.5]),
        unfilled=rng.choice(["waits", "dropped"]),
    )
    margin = MarginSpec(max_leverage=rng.choice([None, 0.6]), maintenance=rng.choice([None, 0.6, 0.95]))
    return prices, weights, spec.model_copy(update={"liquidity": liquidity, "margin": margin})


@pytest.fixture(scope="session")
def market():
    """Return the builders of small markets."""

    class Builders:
        prices = staticmethod(make_prices)
        weights = staticmethod(make_weights)
        random_case = staticmethod(random_case)
        thin_case = staticmethod(thin_case)
        free = CostSpec(commission_bps=0, slippage_bps=0, borrow_annual=0)

    return Builders


@pytest.fixture(scope="session")
def free_spec(market):
    """Return a specification without costs and in fractions of shares."""
    return BacktestSpec(initial_cash=1000.0, costs=market.free, whole_shares=False, rebalance_threshold=0.0)


@pytest.fixture(scope="session")
def slow_account():
    """Return the slow engine."""
    return SlowAccount
