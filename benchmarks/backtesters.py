"""Claim: a backtest is many times faster than vectorbt's and backtesting.py's on the same signals, and near a loop."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from time import process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.agreement import ours
from benchmarks.backtest import one_backtest
from benchmarks.backtest_loop import backtest_loop
from benchmarks.findings import Cell, Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import ENGINES
from benchmarks.signal_paths import CASH, SignalPath, changes
from benchmarks.timing import Comparison, compare
from quant.backtest.alignment import align
from quant.backtest.engine import run_backtest
from quant.features.trend import simple_moving_average
from quant.frames import to_panel
from quant.risk.catalog import RiskSpec
from quant.risk.performance import headline, sharpe_ratio

GOAL = (
    "2,500 bars with trades and measures: at least 25 times faster than vectorbt, 35 times than backtesting.py; a "
    "million bars: 8 and 600 times, and at most 1.3 times as long as one compiled loop; 500 instruments of 2,500 bars "
    "in one account, decided monthly: 100 times faster than vectorbt."
)
_PERIODS = 252
_MONTH = 21
_INVESTED = 0.9  # so that gaps and costs cut no purchase

Array = NDArray[np.float64]
Answers = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class _Book:
    """Opens, closes and weights of many instruments on one timeline, each of shape (n_bars, n_instruments)."""

    opens: Array
    closes: Array
    weights: Array
    index: pd.DatetimeIndex

    def for_peers(self) -> dict[str, Array]:
        """Return it as arrays."""
        return {"open": self.opens, "close": self.closes, "weights": self.weights, "rates": _RATES}

    def path(self, number: int) -> SignalPath:
        """Return one instrument of it by itself."""
        opens, closes = self.opens[:, number], self.closes[:, number]
        market = {"open": opens, "high": np.maximum(opens, closes), "low": np.minimum(opens, closes), "close": closes}
        prices = pd.DataFrame({**market, "volume": 0.0, "split_factor": 1.0, "dividend": 0.0}, index=self.index)
        return SignalPath(f"{number}", prices, self.weights[:, number], whole_shares=False, commission_rate=1e-3,
                          slippage_rate=0.0)  # fmt: skip


_RATES = np.array([0.0, 1e-3, 0.0, CASH])


def measure(*, quick: bool = False) -> Finding:
    """Time the same signals in all engines."""
    n_bars, n_long, n_instruments, rounds = (300, 2_000, 4, 2) if quick else (2_500, 1_000_000, 500, 5)
    short, long = _crossing(n_bars, 20, 50, 1e-3), _crossing(n_long, 240, 720, 1e-5)
    book = _book(n_instruments, n_bars)
    asked = {"short": short.for_peers(), "long": long.for_peers(), "book": book.for_peers()}
    theirs = ENGINES.answer(
        "engine_speeds",
        {f"{case}.{name}": values for case, arrays in asked.items() for name, values in arrays.items()}
        | {"rounds": np.array(rounds)},
    )
    _check(short, long, theirs)
    timed = _timed(short, long, book, theirs["book.vectorbt.equity"], rounds)
    seconds = {name: timed.seconds(name) for name in timed.samples}
    seconds |= {name: statistics.median(theirs[name].tolist()) for name in theirs if not name.endswith("equity")}
    return Finding(
        name="engines",
        title="Speed beside other engines",
        goal=GOAL,
        how=(
            "A crossing of two averages, long or short, in whole shares, decided at a close and filled at the "
            "next open with commissions; weights are given. On the fewest bars ours takes frames and gives the "
            "curve, its benchmark, the trades and all measures, vectorbt 1.2.0 its result with the table of its "
            "statistics (in another row, with return, Sharpe ratio and drawdown alone), backtesting.py 0.6.6 its "
            "run with its statistics. On a million bars, and in one account of many instruments whose equal "
            "weights are decided every 21 bars, prices are checked and aligned before, and ours and vectorbt give "
            "the account with those three measures. The loop, `benchmarks/backtest_loop.py`, writes cash, shares, "
            "prices and equity at every bar and gives the three. Equity is the same at every bar to 1e-9 in all "
            f"engines and the loop. One thread; times of the processor, medians of {rounds} rounds; backtesting.py "
            "ran once on the most bars."
        ),
        goals=_goals(seconds, timed, (f"{n_bars:,} bars", f"{n_long:,} bars", f"{n_instruments} instruments")),
        tables=(_table(seconds, (f"{n_bars:,} bars", f"{n_long:,} bars", f"{n_instruments} × {n_bars:,} bars")),),
    )


def _goals(seconds: Mapping[str, float], timed: Comparison, cases: tuple[str, str, str]) -> tuple[Goal, ...]:
    short, long, book = cases
    asked = (
        (f"vectorbt over ours, {short}", "short.vectorbt", "short", 25.0),
        (f"backtesting.py over ours, {short}", "short.backtesting", "short", 35.0),
        (f"vectorbt over ours, {long}", "long.vectorbt", "long", 8.0),
        (f"backtesting.py over ours, {long}", "long.backtesting", "long", 600.0),
        (f"vectorbt over ours, {book}", "book.vectorbt", "book", 100.0),
    )
    return (
        *(Goal(what, seconds[peer] / seconds[own], least, "×", at_least=True) for what, peer, own, least in asked),
        Goal(f"ours over the loop, {long}", timed.ratio("long", "loop"), 1.3, "×"),
    )


def _table(seconds: Mapping[str, float], cases: tuple[str, str, str]) -> Table:
    short, long, book = cases
    asked: tuple[tuple[str, tuple[str | None, ...]], ...] = (
        (f"{short}, everything", ("short", "short.vectorbt", "short.backtesting", None)),
        (f"{short}, three measures", (None, "short.vectorbt three", None, None)),
        (long, ("long", "long.vectorbt", "long.backtesting", "loop")),
        (book, ("book", "book.vectorbt", None, None)),
    )
    rows: list[tuple[Cell, ...]] = [
        (what, *(None if name is None else 1e3 * seconds[name] for name in names)) for what, names in asked
    ]
    return Table("Milliseconds:", ("what", "ours", "vectorbt", "backtesting.py", "loop"), tuple(rows))


def _timed(short: SignalPath, long: SignalPath, book: _Book, equity: Array, rounds: int) -> Comparison:
    """Time ours and the loop, and compare the equity of the book with vectorbt's."""
    panel, spec = _panel({0: short}), short.spec()
    bars, decided, rules = align({0: long.prices}), _panel({0: long}), long.spec()
    paths = {number: book.path(number) for number in range(book.weights.shape[1])}
    market, wanted, costs = align({n: path.prices for n, path in paths.items()}), _panel(paths), paths[0].spec()
    np.testing.assert_allclose(run_backtest(market, wanted, costs).levels, equity, rtol=1e-9)
    return compare(
        {
            "short": lambda: one_backtest({0: short.prices}, panel, spec, RiskSpec()),
            "long": lambda: headline(run_backtest(bars, decided, rules).levels, periods_per_year=_PERIODS),
            "loop": lambda: _loop(long)[1],
            "book": lambda: headline(run_backtest(market, wanted, costs).levels, periods_per_year=_PERIODS),
        },
        rounds=rounds,
        clock=process_time,
    )


def _loop(path: SignalPath) -> tuple[Array, tuple[float, float, float]]:
    """Return the equity that the loop finds at every bar, and its three measures."""
    opens, closes = path.prices["open"].to_numpy(), path.prices["close"].to_numpy()
    account = np.empty((4, len(closes)))
    return account[3], backtest_loop(opens, closes, path.weights, CASH, path.commission_rate, account)


def _check(short: SignalPath, long: SignalPath, theirs: Answers) -> None:
    """Compare the equity at every bar, and the three measures with those of the loop."""
    for case, path in (("short", short), ("long", long)):
        equity, _ = ours(path, "vectorbt")
        np.testing.assert_allclose(equity, theirs[f"{case}.vectorbt.equity"], rtol=1e-9)
        np.testing.assert_allclose(equity, theirs[f"{case}.backtesting.equity"], rtol=1e-9)
        own, measures = _loop(path)
        np.testing.assert_allclose(equity, own, rtol=1e-9)
        growth, sharpe, depth = headline(path.run().levels, periods_per_year=_PERIODS)
        np.testing.assert_allclose((growth, depth), (measures[0], measures[2]), rtol=1e-9)
        # the loop counts the bars before the first decision too: returns of zero
        returns = equity[1:] / equity[:-1] - 1.0
        np.testing.assert_allclose(measures[1] * np.sqrt(_PERIODS), sharpe_ratio(returns, periods_per_year=_PERIODS),
                                   rtol=1e-6)  # fmt: skip
        np.testing.assert_allclose(sharpe, measures[1] * np.sqrt(_PERIODS), rtol=0.05)


def _crossing(n_bars: int, fast: int, slow: int, rate: float) -> SignalPath:
    """Return a path that is long while the fast mean is above the slow one, and short otherwise."""
    prices = long_prices(n_bars)
    close = prices["close"].to_numpy()
    sides = np.sign(simple_moving_average(close, fast) - simple_moving_average(close, slow))
    weights = changes(sides) * _INVESTED
    return SignalPath("crossing", prices, weights, whole_shares=True, commission_rate=rate, slippage_rate=0.0)


def _book(n_instruments: int, n_bars: int) -> _Book:
    """Return the prices of many instruments, and equal weights of the whole account every month."""
    long = long_prices(n_instruments * n_bars)
    opens, closes = (
        np.ascontiguousarray(long[name].to_numpy().reshape(n_instruments, n_bars).T) for name in ("open", "close")
    )
    weights = np.full(opens.shape, np.nan)
    weights[::_MONTH] = 0.95 / n_instruments
    return _Book(opens, closes, weights, pd.DatetimeIndex(long.index[:n_bars]))


def _panel(paths: Mapping[int, SignalPath]) -> pd.DataFrame:
    """Return the weights of paths as a panel, of the bars that decide."""
    weights = {n: pd.DataFrame({"target_weight": path.weights}, index=path.prices.index) for n, path in paths.items()}
    return to_panel({n: frame.dropna() for n, frame in weights.items()})
