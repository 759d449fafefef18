"""Claim: ten thousand combinations of a rule's numbers are tried in the time of one look."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import ENGINES
from benchmarks.sweep_loop import averages, sweep
from benchmarks.timing import compare
from quant.backtest.catalog import BacktestSpec, CostSpec
from quant.frames import Prices
from quant.strategies.catalog import Crossover
from quant.strategies.combinations import combine
from quant.strategies.sweep_catalog import Range
from quant.sweeping import sweep_rule

GOAL = (
    "10,000 combinations on 2,500 bars, each with its own account, are tried at least 60 times as fast as by the "
    "recipe of vectorbt and 30 times as fast as by its best configuration, in at most 1.3 times the time of a compiled "
    "loop that does nothing else, in under 100 MB however many they are, and at least 1.8 times as fast on two cores."
)
_FEES, _SLIPPAGE, _SHORTEST = 0.001, 0.0005, 2
_LOOPS = "the compiled loop, twice in turn", "the compiled loop, twice at once"
_ACCOUNT = BacktestSpec(
    costs=CostSpec(commission_bps=1e4 * _FEES, slippage_bps=1e4 * _SLIPPAGE, borrow_annual=0.0),
    whole_shares=False,
    rebalance_threshold=1.0,
)


@dataclass(frozen=True)
class _Both:
    """The same sweep by us and by the loop."""

    prices: Prices
    longest: int

    @property
    def n_pairs(self) -> int:
        """How many pairs of averages there are."""
        n_windows = self.longest - _SHORTEST + 1
        return n_windows * (n_windows - 1) // 2

    def ours(self, n_threads: int = 1, part: slice = slice(None)) -> np.ndarray:
        """Return the measures of pairs, from axes to a frame."""
        axes = [Range(parameter=name, first=_SHORTEST, last=self.longest, step=1) for name in ("fast", "slow")]
        combinations = combine(Crossover(), axes)
        options = {"periods_per_year": 252.0, "part": part, "n_threads": n_threads}
        return sweep_rule(combinations, self.prices, self.prices, _ACCOUNT, **options).to_numpy()  # type: ignore[arg-type]

    def loop(self) -> np.ndarray:
        """Return Sharpe ratio, return and drawdown of all pairs."""
        opens, closes = self.prices["open"].to_numpy(), self.prices["close"].to_numpy()
        measures, windows = np.empty((self.n_pairs, 3)), np.arange(_SHORTEST, self.longest + 1)
        sweep(averages(closes / closes[0], windows), self.longest - 1, opens, closes, _FEES, _SLIPPAGE, measures)
        return measures

    def handed(self) -> np.ndarray:
        """Return what the script of vectorbt takes."""
        handed = np.zeros((4, len(self.prices) + 1))
        handed[0, :-1], handed[1, :-1] = self.prices["open"], self.prices["close"]
        handed[:, -1] = (_SHORTEST, self.longest, _FEES, _SLIPPAGE)
        return handed


def measure(*, quick: bool = False) -> Finding:
    """Time all pairs of averages through the public functions, from axes to a frame."""
    n_bars, longest, rounds, peer_rounds = (400, 20, 2, 1) if quick else (2_500, 143, 9, 2)
    both = _Both(_opened_where_it_closed(long_prices(n_bars)), longest)
    ours, loop, n = both.ours, both.loop, both.n_pairs
    theirs = ENGINES.measure("sweep_vectorbt", both.handed(), rounds=peer_rounds)
    found = ours()
    np.testing.assert_allclose(found[:, :3], loop(), rtol=1e-9, atol=1e-12)
    for name in ("recipe", "expert"):
        np.testing.assert_allclose(found[:, 1], theirs[f"{name} returns"], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found[:, 2], theirs[f"{name} drawdowns"], rtol=1e-9, atol=1e-9)
    by_processor = compare({"ours": ours, "loop": loop}, rounds=rounds, clock=time.process_time)
    by_clock = compare(
        {
            "one core": ours,
            "two cores": lambda: ours(n_threads=2),
            **{name: partial(_twice, loop, n_threads) for n_threads, name in enumerate(_LOOPS, start=1)},
        },
        rounds=rounds,
    )
    peak, quarter = _peak_bytes(ours), _peak_bytes(lambda: ours(part=slice(0, n // 4)))
    seconds = {
        "vectorbt's recipe": statistics.median(theirs["recipe"]),
        "vectorbt in chunks of 500": statistics.median(theirs["expert"]),
        "the compiled loop": by_processor.seconds("loop"),
        "a sweep": by_processor.seconds("ours"),
    }
    own = seconds["a sweep"]
    return Finding(
        name="sweep",
        title="Sweeps",
        goal=GOAL,
        how=(
            f"All {n:,} pairs of moving averages of {_SHORTEST} to {longest} bars on {n_bars:,} bars, long or out, "
            "decided at a close and filled at the next open with commission and slippage; Sharpe ratio, return and "
            "drawdown of each, ours from axes to a frame. Every return and drawdown is vectorbt's (1.2.0, in an "
            "environment of its own) to 1e-9, and every measure that of the loop. Opens are the closes before, because "
            f"vectorbt sizes an order at its fill and we at the close. Processor time, medians of {rounds} rounds, of "
            f"vectorbt {peer_rounds} after one that compiles; two cores by the clock, and beside them what they give "
            f"to two of the compiled loop: {by_clock.ratio(*_LOOPS):.2f} times as much as one of them. Memory is "
            "what numpy and Python ask for."
        ),
        goals=(
            Goal("faster than vectorbt's recipe", seconds["vectorbt's recipe"] / own, 60.0, "×", at_least=True),
            Goal(
                "faster than vectorbt in chunks", seconds["vectorbt in chunks of 500"] / own, 30.0, "×", at_least=True
            ),
            Goal("over the compiled loop", by_processor.ratio("ours", "loop"), 1.3, "×"),
            Goal("faster on two cores", by_clock.ratio("one core", "two cores"), 1.8, "×", at_least=True),
            Goal("memory of all", peak / 1e6, 100.0, "MB"),
            Goal("memory of one combination more", (peak - quarter) / (n - n // 4), 500.0, "bytes"),
        ),
        tables=(
            Table("Seconds:", ("what", "s"), tuple(seconds.items())),
            Table(
                "Seconds by the clock:",
                ("what", "s"),
                tuple((name, by_clock.seconds(name)) for name in by_clock.samples),
            ),
        ),
    )


def _twice(call: Callable[[], object], n_threads: int) -> None:
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(lambda _: call(), range(2)))


def _opened_where_it_closed(prices: Prices) -> Prices:
    """Return prices without gaps: the one case in which both engines buy for all the money there is."""
    opens = prices["close"].shift(1).fillna(prices["open"])
    return prices.assign(open=opens, high=prices["high"].clip(lower=opens), low=prices["low"].clip(upper=opens))


def _peak_bytes(call: object) -> int:
    tracemalloc.start()
    try:
        call()  # type: ignore[operator]  # a function without arguments
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
