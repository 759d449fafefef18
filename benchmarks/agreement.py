"""Claim: on one convention our engine gives what vectorbt and backtesting.py give, at every bar and trade by trade.

`python -m benchmarks.agreement` asks them again and keeps what they said in `tests/quant/backtest/agreement.json`, for
the tests, which cannot ask them: of each curve and each column of trades a few sums with random weights. A single value
that differed would move them.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.findings import Finding, Goal, Table
from benchmarks.peers import ENGINES
from benchmarks.signal_paths import CASH, FIELDS_OF_TRADES, SignalPath, other_conventions, signal_paths, trades_of

GOAL = "on one convention equity agrees with vectorbt and backtesting.py to 1e-9 at every bar, and so does every trade."
KEPT = Path(__file__).resolve().parents[1] / "tests" / "quant" / "backtest" / "agreement.json"
PEERS = ("vectorbt", "backtesting")
_N_SUMS = 3
_SEED = 7

Array = NDArray[np.float64]
Answers = Mapping[str, Array]


def measure(*, quick: bool = False) -> Finding:
    """Ask both peers and compare everything."""
    paths = signal_paths(4 if quick else 200)
    answers = ask(paths)
    rows = [_compare(peer, paths, answers) for peer in PEERS]
    return Finding(
        name="agreement",
        title="Agreement with other engines",
        goal=GOAL,
        how=(
            "Seeded random signals, long, short and flat, on stretches of 250 bars of the packaged prices, and a "
            "crossing of averages on the whole history of every packaged instrument; decided at a close, filled at the "
            "next open, with commissions, and for vectorbt with slippage. Half of the paths trade whole shares, which "
            "is all that backtesting.py trades; the others are invested to the last cent. Every bar's equity and every "
            "trade's side, bars, shares, prices and profit are compared, relative to their size."
        ),
        goals=tuple(
            Goal(f"{peer}, {what}", value, 1e-9, "")
            for (peer, _, _, *found) in rows
            for what, value in zip(
                ("largest difference of equity", "largest difference of a trade"), found, strict=True
            )
        ),
        tables=(
            Table(
                "Largest differences, relative:",
                ("peer", "paths", "trades", "equity", "trades"),
                tuple(rows),
            ),
        ),
    )


def ask(paths: list[SignalPath]) -> Answers:
    """Return what the peers answer: `N.PEER.equity` and `N.PEER.trades` of each path."""
    asked = {f"{n}.{name}": values for n, path in enumerate(paths) for name, values in path.for_peers().items()}
    return ENGINES.answer("follow_signals", asked)


def ours(path: SignalPath, peer: str) -> tuple[Array, Array]:
    """Return our equity at every bar and our trades: for backtesting.py, which lists no others, the closed ones."""
    result = path.run()
    trades, early = trades_of(result), len(path.prices) - len(result.equity)
    trades[:, 1] += early
    trades[trades[:, 2] >= 0, 2] += early
    equity = np.concatenate([np.full(early, CASH), result.equity["equity"].to_numpy()])
    return equity, trades if peer == "vectorbt" else trades[trades[:, 2] >= 0]


def sums(values: Array) -> list[float]:
    """Return sums of values with random weights: of a curve, or of each column of trades."""
    weights = np.random.default_rng(_SEED).normal(size=(_N_SUMS, len(values)))
    return [float(each) for each in (weights @ values).ravel()]


def record() -> int:
    """Ask the peers and keep their answers."""
    kept = {name: [len(values), *sums(values)] for name, values in ask(signal_paths()).items()}
    others = other_conventions()
    answers = ask([path for _, path in others.values()])
    for n, (name, (peer, _)) in enumerate(others.items()):
        kept[f"{peer} {name}"] = [float(answers[f"{n}.{peer}.equity"][-1])]
    lines = (f"{json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in sorted(kept.items()))
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


def _compare(peer: str, paths: list[SignalPath], answers: Answers) -> tuple[str, int, int, float, float]:
    """Return how many paths and trades were compared, and the largest difference of each."""
    n_paths = n_trades = 0
    worst, worst_trade = 0.0, 0.0
    for n, path in enumerate(paths):
        if f"{n}.{peer}.equity" not in answers:
            continue
        equity, trades = ours(path, peer)
        theirs, their_trades = answers[f"{n}.{peer}.equity"], answers[f"{n}.{peer}.trades"]
        if trades.shape != their_trades.shape:
            raise AssertionError(f"Expected {len(their_trades)} trades of {path.name}, as {peer}; found {len(trades)}.")
        sizes = np.maximum(np.abs(their_trades), [1.0] * (len(FIELDS_OF_TRADES) - 1) + [CASH * 1e-3])
        worst = max(worst, float(np.abs(equity / theirs - 1.0).max()))
        worst_trade = max(worst_trade, float((np.abs(trades - their_trades) / sizes).max(initial=0.0)))
        n_paths, n_trades = n_paths + 1, n_trades + len(trades)
    return peer, n_paths, n_trades, worst, worst_trade


if __name__ == "__main__":
    sys.exit(record())
