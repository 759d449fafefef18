"""Time vectorbt's sweep of crossing averages: rows open and close; in the last column windows, their longest, costs."""

import json
import sys
import time
import warnings
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt

warnings.filterwarnings("ignore")
CHUNK = 500
handed = np.load(sys.argv[1])
(shortest, longest, fees, slippage), values = handed[:4, -1], handed[:, :-1]
index = pd.date_range("2000-01-01", periods=values.shape[1], freq="D")
opens, close = (pd.Series(row, index=index) for row in values[:2])
windows = np.arange(int(shortest), int(longest) + 1)
first = int(longest) - 1  # the bar from which on every average is known
costs = {"fees": fees, "slippage": slippage, "freq": "1D", "init_cash": 100_000.0}


def measured(portfolio: Any) -> list[Any]:
    """Return total returns, Sharpe ratios and drawdowns."""
    return [np.asarray(each) for each in (portfolio.total_return(), portfolio.sharpe_ratio(), portfolio.max_drawdown())]


def recipe() -> list[Any]:
    """As its documentation has it, all at once; decided at a close, filled at the next open."""
    fast, slow = vbt.MA.run_combs(close, window=windows, r=2, short_names=["fast", "slow"])
    entries, exits = (
        each.iloc[first:].shift(1, fill_value=False) for each in (fast.ma_above(slow), fast.ma_below(slow))
    )
    return measured(vbt.Portfolio.from_signals(close.iloc[first:], entries, exits, price=opens.iloc[first:], **costs))


def expert() -> list[Any]:
    """In chunks of columns, signals by numpy."""
    averages = np.column_stack([vbt.MA.run(close, window=int(window)).ma.to_numpy() for window in windows])[first:]
    pairs = np.array(list(combinations(range(len(windows)), 2)))
    found = []
    for begin in range(0, len(pairs), CHUNK):
        fast, slow = (averages[:, each] for each in pairs[begin : begin + CHUNK].T)
        entries, exits = (
            np.vstack([np.zeros((1, each.shape[1]), bool), each[:-1]]) for each in (fast > slow, fast < slow)
        )
        portfolio = vbt.Portfolio.from_signals(close.iloc[first:], entries, exits, price=opens.iloc[first:], **costs)
        found.append(measured(portfolio))
    return [np.concatenate(each) for each in zip(*found, strict=True)]


seconds = {}
for name, sweep in {"recipe": recipe, "expert": expert}.items():
    sweep()  # compiles
    seconds[name] = []
    for _ in range(int(sys.argv[2])):
        began = time.process_time()
        found = sweep()
        seconds[name].append(time.process_time() - began)
    seconds[f"{name} returns"], _, seconds[f"{name} drawdowns"] = ([float(each) for each in values] for values in found)
print(json.dumps(seconds))
