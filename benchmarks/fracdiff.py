"""Claim: a fractional difference costs what the best way to sum it costs, at any length."""

import statistics
import time

import numpy as np
from scipy.signal import oaconvolve

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import MLFINPY
from benchmarks.timing import Comparison, compare
from quant.features.memory import difference_weights, fractional_difference

GOAL = (
    "a fractional difference with 282 weights is made at least 1,000 times as fast as by mlfinpy, and takes at most "
    "1.3 times the faster of a direct sum and one by Fourier transforms."
)
_ORDER, _CUT_OFF = 0.4, 1e-4


def measure(*, quick: bool = False) -> Finding:
    """Time differences of the logarithm of real closes in another order."""
    sizes, rounds, peer_rounds = ((600,), 2, 1) if quick else ((2_500, 25_000, 1_000_000), 15, 3)
    weights = difference_weights(_ORDER, _CUT_OFF)
    rows, ratios = [], []
    for n_bars in sizes:
        timed = _timed(_logs(n_bars), weights, rounds)
        # Against the faster of the two the ratio is the greater one.
        ratios.append(max(timed.ratio("ours", "direct"), timed.ratio("ours", "transforms")))
        rows.append((n_bars, *(1e3 * timed.seconds(name) for name in ("ours", "direct", "transforms")), ratios[-1]))
    values = _logs(sizes[0])
    theirs = MLFINPY.measure("fractional", values, rounds=peer_rounds)
    ours = fractional_difference(values, _ORDER, _CUT_OFF)
    np.testing.assert_allclose(ours[weights.size - 1 :], theirs["values"], rtol=1e-9)
    peer = statistics.median(theirs["mlfinpy"]) / statistics.median(_processor_seconds(values) for _ in range(rounds))
    return Finding(
        name="fracdiff",
        title="Fractional differences",
        goal=GOAL,
        how=(
            f"Order {_ORDER:g}, {weights.size} weights. Direct is numpy's convolve, transforms are scipy's oaconvolve. "
            f"mlfinpy 0.1.2 gives the same numbers in its own environment, of {sizes[0]:,} bars; against it processor "
            f"time counts. Medians of {rounds} rounds."
        ),
        goals=(
            Goal("faster than mlfinpy", peer, 1000.0, "×", at_least=True),
            Goal("over the faster sum, at worst", max(ratios), 1.3, "×"),
        ),
        tables=(Table("Milliseconds:", ("bars", "ours", "direct", "transforms", "ours over the faster"), tuple(rows)),),
    )


def _logs(n_bars: int) -> np.ndarray:
    return np.log(long_prices(n_bars)["close"].to_numpy())


def _timed(values: np.ndarray, weights: np.ndarray, rounds: int) -> Comparison:
    return compare(
        {
            "ours": lambda: fractional_difference(values, _ORDER, _CUT_OFF),
            "direct": lambda: np.convolve(values, weights, "valid"),
            "transforms": lambda: oaconvolve(values, weights, "valid"),
        },
        rounds=rounds,
    )


def _processor_seconds(values: np.ndarray) -> float:
    began = time.process_time()
    for _ in range(50):
        fractional_difference(values, _ORDER, _CUT_OFF)
    return (time.process_time() - began) / 50
