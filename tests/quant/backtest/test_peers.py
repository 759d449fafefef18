"""The engine gives what vectorbt and backtesting.py give on the same convention; other conventions stand in one table.

What the peers gave is kept in `agreement.json`, by `python -m benchmarks.agreement`, which asks them where they are
installed: see there how a few sums stand for whole curves.
"""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.agreement import KEPT, ours, sums
from benchmarks.signal_paths import CASH, N_PATHS, other_conventions, signal_paths

ANSWERS = json.loads(KEPT.read_text())
PATHS = signal_paths()

# Where a peer follows another convention: which, and our last equity over theirs on the same signals. Theirs is 1.
DIFFERENCES = {
    # We fill at the next open, at a price that nobody knew when he decided.
    ("vectorbt", "fills at the close that decided"): 0.99072,
    # We pay slippage with every fill.
    ("backtesting", "pays a spread at the entry alone"): 0.97128,
    # We buy as much as cash pays, cutting all purchases of an open by one part.
    ("backtesting", "cancels what cash does not pay"): 0.68229,
    # Not compared: backtesting.py decides nothing at the first bar and lists no open trades; it knows no fractions of
    # shares, and neither of them splits, dividends, borrow fees by calendar days, or one account of several
    # instruments of which one lacks a bar.
}


def is_about(n, peer):
    return f"{n}.{peer}.equity" in ANSWERS


def test_every_packaged_instrument_and_200_random_paths_were_asked():
    asked = [name for name in ANSWERS if name.endswith(".vectorbt.equity")]

    assert len(asked) == len(PATHS) == N_PATHS + 2 * len({path.name.split()[0] for path in PATHS})
    assert sum(is_about(n, "backtesting") for n in range(len(PATHS))) == len(PATHS) / 2


@pytest.mark.parametrize("peer", ["vectorbt", "backtesting"])
def test_equity_at_every_bar_and_every_trade_are_those_of_the_peer(peer):
    n_trades = 0
    for n, path in enumerate(PATHS):
        if is_about(n, peer):
            equity, trades = ours(path, peer)
            n_bars, *levels = ANSWERS[f"{n}.{peer}.equity"]
            assert len(equity) == n_bars
            np.testing.assert_allclose(sums(equity), levels, rtol=0.0, atol=1e-9 * equity.max(), err_msg=path.name)
            n_found, *found = ANSWERS[f"{n}.{peer}.trades"]
            assert len(trades) == n_found, path.name
            if n_found:
                scales = np.abs(trades).max(axis=0).clip(1.0)
                scales[-1] = max(scales[-1], 1e-3 * CASH)
                limits = np.tile(1e-9 * scales, 3)
                assert (np.abs(np.array(sums(trades)) - found) <= limits).all(), path.name
            n_trades += n_found
    assert n_trades > 1000


def test_a_single_value_that_differs_is_found():
    equity, _ = ours(PATHS[0], "vectorbt")
    moved = equity.copy()
    moved[100] *= 1.0 + 1e-7

    assert np.abs(np.array(sums(moved)) - sums(equity)).max() > 1e-9 * equity.max()


@pytest.mark.parametrize(("peer", "convention"), DIFFERENCES)
def test_other_conventions_make_as_much_as_the_table_says(peer, convention):
    asked, path = other_conventions()[convention]
    if "spread" in convention:
        path = replace(path, commission_rate=0.0, slippage_rate=path.commission_rate)

    assert asked == peer
    (theirs,) = ANSWERS[f"{peer} {convention}"]
    assert path.run().final_equity / theirs == pytest.approx(DIFFERENCES[peer, convention], rel=1e-4)
