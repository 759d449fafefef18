"""Time vectorbt and backtesting.py on one instrument, few and many bars, and vectorbt on one account of many.

Handed an archive with `short.*` and `long.*` as `follow_signals.py` has them for a path, `book.open`, `book.close`,
`book.weights` of shape (n_bars, n_instruments) and `book.rates`, and `rounds`. Writes seconds of processor time a call,
a number a round, and the equity at every bar of each peer.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from follow_signals import Path, by_backtesting

warnings.simplefilter("ignore")


def account(path: Path) -> Any:
    """Return vectorbt's account of a path, or of a book of many instruments that share their cash."""
    whole, commission, _, cash = path["rates"]
    close, weights = path["close"], path["weights"]
    index = pd.date_range("2000-01-03", periods=len(close), freq="min")
    shared = {"group_by": True, "cash_sharing": True, "call_seq": "auto"} if close.ndim > 1 else {}
    return vbt.Portfolio.from_orders(
        pd.DataFrame(close, index=index) if shared else pd.Series(close, index=index),
        size=np.concatenate([np.full_like(weights[:1], np.nan), weights[:-1]]),
        size_type="targetpercent",
        price=path["open"],
        val_price=np.concatenate([close[:1], close[:-1]]),
        fees=commission,
        size_granularity=1.0 if whole else np.nan,
        init_cash=cash,
        freq="1D",
        **shared,
    )


def three(path: Path) -> list[float]:
    """Return three measures."""
    found = account(path)
    return [float(each) for each in (found.total_return(), found.sharpe_ratio(), found.max_drawdown())]


def timed(call: Callable[[], object], rounds: int) -> np.ndarray:
    """Return the processor time of each call, after one to warm up."""
    call()
    return once(call, rounds)


def once(call: Callable[[], object], rounds: int = 1) -> np.ndarray:
    """Return the processor time of each call."""
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return np.array(seconds)


if __name__ == "__main__":
    handed, made = np.load(sys.argv[1]), {}
    short, long, book = (
        {key.split(".")[1]: handed[key] for key in handed if key.startswith(f"{case}.")}
        for case in ("short", "long", "book")
    )
    rounds = int(handed["rounds"])
    made["short.vectorbt"] = timed(lambda: account(short).stats(), rounds)
    made["short.vectorbt three"] = timed(lambda: three(short), rounds)
    made["short.backtesting"] = timed(lambda: by_backtesting(short), rounds)
    made["long.vectorbt"] = timed(lambda: three(long), rounds)
    made["book.vectorbt"] = timed(lambda: three(book), rounds)
    for name, path in {"short": short, "long": long, "book": book}.items():
        made[f"{name}.vectorbt.equity"] = account(path).value().to_numpy()
    made["short.backtesting.equity"], _ = by_backtesting(short)
    found = []
    made["long.backtesting"] = once(lambda: found.append(by_backtesting(long)))
    made["long.backtesting.equity"] = found[0][0]
    np.savez(sys.argv[2], **made)
