"""Claim: bars are made of trades about as fast as one loop over them can run."""

import statistics
import time

import numpy as np
import pandas as pd
from numba import njit

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import MLFINPY
from benchmarks.timing import compare
from quant.bars.activity import dollar_bars
from quant.bars.trades import Trades

GOAL = (
    "1,000,000 trades become about 1,000 dollar bars at least 350 times as fast as with mlfinpy, in at most 1.5 times "
    "what one compiled loop takes."
)
_N_BARS = 1000


def measure(*, quick: bool = False) -> Finding:
    """Time dollar bars of real prices and volumes in another order, taken for trades."""
    n_trades, rounds, peer_rounds = (20_000, 2, 1) if quick else (1_000_000, 15, 3)
    trades, threshold = _tape(n_trades)
    price, size = trades["price"].to_numpy(), trades["size"].to_numpy()
    ours, plain = _ours(trades, threshold), plain_loop(price, size, threshold)
    theirs = MLFINPY.measure("dollar_bars", np.column_stack([[price, size], [threshold, 0.0]]), rounds=peer_rounds)
    _agree(ours, plain, np.array(theirs["volume"]))
    timed = compare(
        {"ours": lambda: _ours(trades, threshold), "plain": lambda: plain_loop(price, size, threshold)}, rounds=rounds
    )
    processor = statistics.median(_processor_seconds(trades, threshold) for _ in range(rounds))
    peer = statistics.median(theirs["mlfinpy"])
    over_plain = timed.ratio("ours", "plain")
    return Finding(
        name="bars",
        title="Bars",
        goal=GOAL,
        how=(
            f"{n_trades:,} trades at the closes and volumes of real bars in another order, into {len(ours):,} dollar "
            f"bars of ten columns with the tick rule. The loop is compiled, fused, and gives the same numbers without "
            f"checks and frame. mlfinpy 0.1.2 runs in its own environment, {peer_rounds} times; against it processor "
            f"time counts. Medians of {rounds} rounds."
        ),
        goals=(
            Goal("faster than mlfinpy", peer / processor, 350.0, "×", at_least=True),
            Goal("over the plain loop", over_plain, 1.5, "×"),
        ),
        tables=(
            Table(
                "Dollar bars, milliseconds:",
                ("trades", "ours", "plain loop", "mlfinpy", "mlfinpy over plain loop"),
                (
                    (
                        n_trades,
                        *(1e3 * timed.seconds(name) for name in ("ours", "plain")),
                        1e3 * peer,
                        peer / timed.seconds("plain"),
                    ),
                ),
            ),
        ),
    )


def _tape(n_trades: int) -> tuple[Trades, float]:
    prices = long_prices(n_trades)
    trades = prices[["close", "volume"]].set_axis(["price", "size"], axis=1)
    return trades, float((trades["price"] * trades["size"]).sum() / _N_BARS)


def _ours(trades: Trades, threshold: float) -> pd.DataFrame:
    return dollar_bars(trades, threshold=threshold, estimate="fixed", n_trades=1000, span=20)


def _processor_seconds(trades: Trades, threshold: float) -> float:
    began = time.process_time()
    _ours(trades, threshold)
    return time.process_time() - began


def _agree(ours: pd.DataFrame, plain: np.ndarray, peer_volume: np.ndarray) -> None:
    np.testing.assert_array_equal(ours.iloc[:, 1:].to_numpy().T, plain)
    np.testing.assert_allclose(ours["volume"].to_numpy(), peer_volume, rtol=1e-9)


@njit(cache=True)
def plain_loop(prices: np.ndarray, sizes: np.ndarray, threshold: float) -> np.ndarray:
    """Return dollar bars by one loop: open, high, low, close, volume, value, trades, bought, sold."""
    bars = np.empty((9, prices.size))
    n_bars, begin, side = 0, 0, 0
    high, low = prices[0], prices[0]
    volume, value, bought, sold = 0.0, 0.0, 0.0, 0.0
    for i in range(prices.size):
        price, size = prices[i], sizes[i]
        if i > 0:
            change = price - prices[i - 1]
            side = 1 if change > 0.0 else (-1 if change < 0.0 else side)
        high, low = max(high, price), min(low, price)
        volume += size
        value += price * size
        bought += size if side > 0 else 0.0
        sold += size if side < 0 else 0.0
        if value >= threshold:
            bars[0, n_bars], bars[1, n_bars], bars[2, n_bars], bars[3, n_bars] = prices[begin], high, low, price
            bars[4, n_bars], bars[5, n_bars], bars[6, n_bars] = volume, value, i + 1 - begin
            bars[7, n_bars], bars[8, n_bars] = bought, sold
            n_bars += 1
            begin = i + 1
            high, low = -np.inf, np.inf
            volume, value, bought, sold = 0.0, 0.0, 0.0, 0.0
    return bars[:, :n_bars].copy()
