"""Claim: triple barriers are looked up about as fast as one loop over the prices can run."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import MLFINPY, PYMLFINANCE
from benchmarks.timing import Call, Comparison
from quant.frames import Labels, Prices
from quant.labels.triple_barrier import first_touches, label_events
from quant.labels.volatility import trailing_volatility

GOAL = (
    "100,000 events are labelled by three barriers at least 3,000 times as fast as with mlfinpy and no slower than "
    "with pymlfinance; the compiled part takes at most 1.2 times what a plain loop does."
)
_HORIZON, _WIDTH, _WINDOW = 50, 5.0, 50
_MOST_DIFFERENT = 1e-4  # share of events whose touch may lie on a barrier by a rounding


def measure(*, quick: bool = False) -> Finding:
    """Time events of real prices in another order, from timestamps to a frame."""
    n_events, rounds, peer_rounds = (300, 2, 1) if quick else (100_000, 15, 1)
    prices, target, rows = _events(10 * n_events + 2 * _WINDOW + _HORIZON, n_events)
    events, distance = pd.DatetimeIndex(prices.index[rows]), _WIDTH * target[rows]
    handed = _handed(prices, target, rows)
    slow = MLFINPY.measure("barriers_mlfinpy", handed, rounds=peer_rounds)
    quick_peer = PYMLFINANCE.measure("barriers_pymlfinance", handed, rounds=rounds)
    ours = _ours(prices, events, distance)
    _agree(ours, prices, [slow["ends"], quick_peer["ends"]])

    closes = prices["close"].to_numpy(), prices["open"].to_numpy()
    np.testing.assert_array_equal(_kernel(*closes, rows, distance), plain_loop(*closes, rows, distance, _HORIZON))
    timed = _processor_times(
        {
            "ours": lambda: _ours(prices, events, distance),
            "kernel": lambda: _kernel(*closes, rows, distance),
            "plain": lambda: plain_loop(*closes, rows, distance, _HORIZON),
        },
        rounds,
    )
    processor = timed.seconds("ours")
    mlfinpy, pymlfinance = statistics.median(slow["mlfinpy"]), statistics.median(quick_peer["pymlfinance"])
    return Finding(
        name="labels",
        title="Labels",
        goal=GOAL,
        how=(
            f"{n_events:,} events among {len(prices):,} bars of real prices in another order, each followed along the "
            f"closes to a profit, a stop or the {_HORIZON}th bar; timestamps in, frame out. Opens are the closes "
            "before, so that entering at the next open is what the peers do. mlfinpy 0.1.2 (events and bins, "
            f"{peer_rounds} time) and pymlfinance 0.1.1 (positions in, a list of objects out) run in environments of "
            "their own, so all times are of the processor. All agree on where each event ends. The loop is compiled, "
            f"and gives the same numbers. Medians of {rounds} rounds."
        ),
        goals=(
            Goal("faster than mlfinpy", mlfinpy / processor, 3000.0, "×", at_least=True),
            Goal("over pymlfinance", processor / pymlfinance, 1.0, "×"),
            Goal("compiled part over the plain loop", timed.ratio("kernel", "plain"), 1.2, "×"),
        ),
        tables=(
            Table(
                "Triple barriers, milliseconds:",
                ("events", "ours", "of it compiled", "plain loop", "pymlfinance", "mlfinpy"),
                (
                    (
                        n_events,
                        *(1e3 * timed.seconds(name) for name in ("ours", "kernel", "plain")),
                        1e3 * pymlfinance,
                        1e3 * mlfinpy,
                    ),
                ),
            ),
        ),
    )


def _events(n_bars: int, n_events: int) -> tuple[Prices, NDArray[np.float64], NDArray[np.int64]]:
    """Return prices, the volatility of each bar, and the bars that are events."""
    prices = long_prices(n_bars)
    before = prices["close"].shift(1).fillna(prices["open"])
    prices = prices.assign(open=before)
    rng = np.random.default_rng(7)
    rows = np.sort(rng.choice(np.arange(_WINDOW + 1, n_bars - _HORIZON - 1), n_events, replace=False))
    return prices, trailing_volatility(prices["close"], _WINDOW), rows


def _handed(prices: Prices, target: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return one array for the peers' scripts: closes, targets, events; the last column says how."""
    places = np.zeros(len(prices))
    places[: len(rows)] = rows
    numbers = np.vstack([prices["close"].to_numpy(), np.nan_to_num(target), places])
    return np.column_stack([numbers, [_HORIZON, _WIDTH, len(rows)]])


def _ours(prices: Prices, events: pd.DatetimeIndex, distance: NDArray[np.float64]) -> Labels:
    return label_events(prices, events, profit=distance, stop=distance, horizon=_HORIZON, path="close")


def _processor_times(functions: Mapping[str, Call], rounds: int) -> Comparison:
    """Time functions in turns, a call a round."""
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            began = time.process_time()
            function()
            samples[name].append(time.process_time() - began)
    return Comparison(samples)


def _agree(ours: Labels, prices: Prices, ends_of_peers: list[Any]) -> None:
    """Hold the ends against those of the peers; what waits to the end leaves at the open after its last close."""
    ends = prices.index.get_indexer(pd.DatetimeIndex(ours["label_end"])) - (ours["label"] == 0.0).to_numpy()
    for theirs in ends_of_peers:
        different = np.mean(ends != np.asarray(theirs))
        if different > _MOST_DIFFERENT:
            raise AssertionError(f"Expected the ends of a peer; found {different:.2%} of them different.")


def _kernel(
    closes: NDArray[np.float64], opens: NDArray[np.float64], rows: NDArray[np.int64], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    touch, end, outcome = np.full(len(rows), np.nan), np.full(len(rows), -1), np.full(len(rows), np.nan)
    side = np.ones(len(rows))
    first_touches(opens, closes, closes, closes, rows, distance, distance, side, _HORIZON, touch, end, outcome)
    return np.vstack([touch, end, outcome])


@njit(cache=True)
def plain_loop(closes: np.ndarray, opens: np.ndarray, rows: np.ndarray, distance: np.ndarray, horizon: int) -> Any:
    """Return touch, end and outcome of each event by one loop over its closes."""
    found = np.empty((3, rows.size))
    for i in range(rows.size):
        begin, last = rows[i] + 1, rows[i] + horizon + 1
        entry, wide = opens[begin], distance[i]
        upper, lower = entry * (1.0 + wide), entry * (1.0 - wide)
        touch, bar, price = 0.0, begin, entry
        while bar <= last:
            price = opens[bar] if bar == last else closes[bar]
            if price >= upper:
                touch = 1.0
                break
            if price <= lower:
                touch = -1.0
                break
            bar += 1
        earned = price / entry - 1.0
        found[0, i], found[1, i] = touch, min(bar, last)
        found[2, i] = max(earned, wide) if touch > 0.0 else (min(earned, -wide) if touch < 0.0 else earned)
    return found
