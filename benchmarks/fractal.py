"""Claim: fractal measures of a moving window cost little, because windows share what they are made of."""

import math
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import FRACTALS
from quant.features.dimensions import rolling_higuchi, rolling_katz
from quant.features.fractal import rolling_hurst

GOAL = (
    "Hurst's exponent and Higuchi's dimension of every window of 252 bars are found at least 150 and 8 times as fast "
    "as by the packages hurst and antropy in pandas' apply."
)
_WINDOW = 252
# What the peers' numbers are known to differ by; see `_agree`.
_LENGTHS = (10, 17, 31, 56, 100, 177, 252)


def measure(*, quick: bool = False) -> Finding:
    """Time rolling measures of real bars in another order."""
    n_bars, rounds, peer_rounds = (400, 2, 1) if quick else (2500, 25, 3)
    close = long_prices(n_bars + 1)["close"].to_numpy()
    returns, close = np.diff(np.log(close)), close[1:]
    theirs = FRACTALS.measure("fractals", np.stack([returns, close]), rounds=peer_rounds)
    ours: dict[str, Callable[[], np.ndarray]] = {
        "hurst": lambda: rolling_hurst(returns, _WINDOW, corrected=False),
        "higuchi": lambda: rolling_higuchi(close, _WINDOW),
        "katz": lambda: rolling_katz(close, _WINDOW),
    }
    for name in ("higuchi", "katz"):
        expected = np.array(theirs[f"{name} values"])
        is_plane = expected < 2.0 if name == "katz" else np.isfinite(expected)
        np.testing.assert_allclose(ours[name]()[_WINDOW - 1 :][is_plane], expected[is_plane], rtol=1e-9)
    _agree(ours["hurst"]()[_WINDOW - 1 :], np.array(theirs["hurst values"]))
    rows = []
    for name, function in ours.items():
        seconds = statistics.median(_processor_seconds(function) for _ in range(rounds))
        peer = statistics.median(theirs[name])
        rows.append((name, 1e3 * seconds, 1e3 * peer, peer / seconds))
    speed = {row[0]: row[3] for row in rows}
    return Finding(
        name="fractal",
        title="Fractal measures",
        goal=GOAL,
        how=(
            f"Windows of {_WINDOW} over {n_bars:,} real bars in another order, with the same numbers as hurst 0.0.5 "
            f"and antropy 0.2.3, which run in their own environment, applied by pandas to one window after another. "
            f"Processor time, medians of {rounds} rounds and of {peer_rounds} of the peers."
        ),
        goals=(
            Goal("Hurst, faster than hurst", speed["hurst"], 150.0, "×", at_least=True),
            Goal("Higuchi, faster than antropy", speed["higuchi"], 8.0, "×", at_least=True),
        ),
        tables=(Table("All windows, milliseconds:", ("measure", "ours", "peer", "peer over ours"), tuple(rows)),),
    )


def _processor_seconds(function: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(5):
        function()
    return (time.process_time() - began) / 5


def _agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Hold our exponents against those of hurst, which divides by the deviation of a sample.

    That lowers the logarithm of each length by half of log(n / (n - 1)), and the slope by the slope of that.
    """
    logs = np.log(_LENGTHS)
    lowered = [0.5 * math.log(n / (n - 1)) for n in _LENGTHS]
    shift = np.polyfit(logs, lowered, 1)[0]
    np.testing.assert_allclose(ours - shift, theirs, rtol=1e-6)
