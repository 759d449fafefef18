"""Claim: a backtest is many times faster than vectorbt's and backtesting.py's on the same signals, and near a loop."""

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.backtest_loop import backtest_loop
from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import ENGINES
from benchmarks.signal_paths import CASH, SignalPath, changes
from benchmarks.timing import compare
from quant.backtest.alignment import align
from quant.backtest.benchmark import buy_and_hold
from quant.backtest.catalog import BacktestSpec, CostSpec
from quant.backtest.engine import BacktestResult, run_backtest
from quant.backtest.trades import find_round_trips
from quant.features.trend import simple_moving_average
from quant.frames import Prices, to_panel
from quant.risk.catalog import RiskSpec
from quant.risk.drawdown import max_drawdown
from quant.risk.measure import measure as measure_risk
from quant.risk.performance import sharpe_ratio, total_return

GOAL = (
    "2,500 bars with trades and measures: at least 25 times faster than vectorbt, 35 times than backtesting.py; a "
    "million bars: 8 and 600 times, and at most 1.3 times as long as one compiled loop; 500 instruments of 2,500 bars "
    "in one account, decided monthly: 100 times faster than vectorbt."
)
_PERIODS = 252
_MONTH = 21


def measure(*, quick: bool = False) -> Finding:
    """Time the same signals in all engines."""
    n_bars, n_long, n_instruments, rounds = (300, 2_000, 4, 2) if quick else (2_500, 1_000_000, 500, 5)
    short, long = _crossing(n_bars, 20, 50, 1e-3), _crossing(n_long, 240, 720, 1e-5)
    market, weights = _panel(n_instruments, n_bars)
    asked = {
        **{f"short.{name}": values for name, values in short.for_peers().items()},
        **{f"long.{name}": values for name, values in long.for_peers().items()},
        "panel.open": np.column_stack([frame["open"] for frame in market.values()]),
        "panel.close": np.column_stack([frame["close"] for frame in market.values()]),
        "panel.weights": weights["target_weight"].to_numpy().reshape(n_bars, n_instruments),
        "rounds": np.array(rounds),
    }
    theirs = ENGINES.answer("engine_speeds", asked)
    aligned, spec = align(market), _panel_spec()
    equity = np.empty(n_long)
    opens, closes = (np.ascontiguousarray(long.prices[name].to_numpy()) for name in ("open", "close"))

    def loop() -> object:
        return backtest_loop(opens, closes, long.weights, CASH, long.commission_rate, long.slippage_rate, equity)

    decided = weights.dropna()
    calls: dict[str, Callable[[], Any]] = {
        "short": lambda: with_everything(short),
        "long": lambda: with_three(long.run()),
        "loop": loop,
        "panel": lambda: with_three(run_backtest(aligned, decided, spec)),
    }
    loop()
    for name, found in (("short", short.run()), ("long", long.run()), ("panel", run_backtest(aligned, decided, spec))):
        np.testing.assert_allclose(found.final_equity, theirs[f"{name}.last"][0], rtol=1e-9)
    np.testing.assert_allclose(equity[-len(long.run().equity) :], long.run().equity["equity"], rtol=1e-9)
    timed = compare(calls, rounds=rounds, clock=process_time)
    seconds = {
        **{name: timed.seconds(name) for name in calls},
        **{name: float(np.median(values)) for name, values in theirs.items() if not name.endswith("last")},
    }
    return Finding(
        name="engines",
        title="Speed beside other engines",
        goal=GOAL,
        how=(
            "A crossing of two averages, long or short, all in, decided at a close and filled at the next open, with "
            "commissions; weights are given. Prices and weights go in as frames. On few bars ours gives the curve, its "
            "benchmark, the trades and all measures, vectorbt the result, its positions, return, Sharpe ratio and "
            "drawdown, backtesting.py, which trades whole shares, its run with its statistics. On many, and in one "
            "account of many instruments whose equal weights are decided every 21 bars, ours gives the curve and the "
            "same three. The loop, `benchmarks/backtest_loop.py`, gives the same curve and the three. Last equities of "
            "vectorbt, the loop and ours are compared. One thread; times of the processor, medians."
        ),
        goals=(
            Goal(
                f"vectorbt over ours, {n_bars:,} bars",
                seconds["short.vectorbt"] / seconds["short"],
                25.0,
                "×",
                at_least=True,
            ),
            Goal(
                f"backtesting.py over ours, {n_bars:,} bars",
                seconds["short.backtesting"] / seconds["short"],
                35.0,
                "×",
                at_least=True,
            ),
            Goal(
                f"vectorbt over ours, {n_long:,} bars",
                seconds["long.vectorbt"] / seconds["long"],
                8.0,
                "×",
                at_least=True,
            ),
            Goal(
                f"backtesting.py over ours, {n_long:,} bars",
                seconds["long.backtesting"] / seconds["long"],
                600.0,
                "×",
                at_least=True,
            ),
            Goal(f"ours over the loop, {n_long:,} bars", timed.ratio("long", "loop"), 1.3, "×"),
            Goal(
                f"vectorbt over ours, {n_instruments} instruments",
                seconds["panel.vectorbt"] / seconds["panel"],
                100.0,
                "×",
                at_least=True,
            ),
        ),
        tables=(
            Table(
                "Milliseconds:",
                ("what", "ours", "vectorbt", "backtesting.py", "loop"),
                (
                    _row(f"{n_bars:,} bars", seconds, "short", "short.vectorbt", "short.backtesting", None),
                    _row(f"{n_long:,} bars", seconds, "long", "long.vectorbt", "long.backtesting", "loop"),
                    _row(f"{n_instruments} × {n_bars:,} bars", seconds, "panel", "panel.vectorbt", None, None),
                ),
            ),
        ),
    )


def with_everything(path: SignalPath) -> object:
    """Return curve, benchmark, trades and all measures."""
    outcome = path.run()
    benchmark = buy_and_hold(outcome.bars, CASH, outcome.equity.index[0])
    trades = find_round_trips(outcome)
    return trades, measure_risk(outcome.equity, benchmark, trades.outcomes, RiskSpec(), _PERIODS)


def with_three(outcome: BacktestResult) -> tuple[float, float, float]:
    """Return the total return, Sharpe ratio and deepest drawdown of a curve."""
    equity = outcome.equity["equity"].to_numpy()
    return total_return(equity), sharpe_ratio(outcome.equity["return"], periods_per_year=_PERIODS), max_drawdown(equity)


def _crossing(n_bars: int, fast: int, slow: int, rate: float) -> SignalPath:
    """Return a path that is long while the fast mean is above the slow one, and short otherwise."""
    prices = long_prices(n_bars)
    close = prices["close"].to_numpy()
    sides = np.sign(simple_moving_average(close, fast) - simple_moving_average(close, slow))
    return SignalPath("crossing", prices, changes(sides), whole_shares=False, commission_rate=rate, slippage_rate=0.0)


def _panel(n_instruments: int, n_bars: int) -> tuple[dict[int, Prices], pd.DataFrame]:
    """Return the prices of many instruments, and equal weights of the whole account every month."""
    long = long_prices(n_instruments * n_bars)
    index = long.index[:n_bars]
    market = {n: long.iloc[n * n_bars : (n + 1) * n_bars].set_axis(index) for n in range(n_instruments)}
    weight = np.full(n_bars, np.nan)
    weight[::_MONTH] = 0.95 / n_instruments
    weights = to_panel({n: pd.DataFrame({"target_weight": weight}, index=index) for n in market})
    return market, weights


def _panel_spec() -> BacktestSpec:
    costs = CostSpec(
        commission_bps=10.0, commission_per_share=0.0, commission_minimum=0.0, slippage_bps=0.0, borrow_annual=0.0
    )
    return BacktestSpec(initial_cash=CASH, costs=costs, whole_shares=False, rebalance_threshold=0.0)


def _row(what: str, seconds: dict[str, float], *names: str | None) -> tuple[str | float | None, ...]:
    return (what, *(None if name is None else 1e3 * seconds[name] for name in names))
