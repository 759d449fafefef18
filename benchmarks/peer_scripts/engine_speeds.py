"""Time vectorbt and backtesting.py on one instrument, few and many bars, and vectorbt on one account of many.

Handed an archive with `short.*` and `long.*` as `follow_signals.py` has them for a path, `panel.open`, `panel.close`
and `panel.weights` of shape (n_bars, n_instruments), and `rounds`. Writes seconds of processor time a call, a number a
round, and the last equity of vectorbt.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import vectorbt as vbt
from follow_signals import Path, by_backtesting


def one(path: Path) -> tuple[float, ...]:
    """Run vectorbt on one instrument: result, trades and three measures."""
    _, commission, slippage, cash = path["rates"]
    portfolio = vbt.Portfolio.from_orders(
        pd.Series(path["close"], index=pd.date_range("1800-01-01", periods=len(path["close"]), freq="D")),
        size=np.concatenate([[np.nan], path["weights"][:-1]]),
        size_type="targetpercent",
        price=path["open"],
        val_price=np.concatenate([path["close"][:1], path["close"][:-1]]),
        fees=commission,
        slippage=slippage,
        init_cash=cash,
    )
    n_trades = len(portfolio.positions.records_arr)
    measures = portfolio.total_return(), portfolio.sharpe_ratio(), portfolio.max_drawdown()
    return (*map(float, measures), n_trades, float(portfolio.final_value()))


def panel(path: Path) -> tuple[float, ...]:
    """Run vectorbt on one account of many instruments: result and three measures."""
    index = pd.date_range("2000-01-03", periods=len(path["close"]), freq="D")
    portfolio = vbt.Portfolio.from_orders(
        pd.DataFrame(path["close"], index=index),
        size=np.vstack([np.full((1, path["close"].shape[1]), np.nan), path["weights"][:-1]]),
        size_type="targetpercent",
        price=path["open"],
        val_price=np.vstack([path["close"][:1], path["close"][:-1]]),
        fees=0.001,
        init_cash=1e6,
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
    )
    measures = portfolio.total_return(), portfolio.sharpe_ratio(), portfolio.max_drawdown()
    return (*map(float, measures), float(portfolio.final_value()))


def timed(call: Callable[[], object], rounds: int) -> list[float]:
    """Return the processor time of each call, after one to warm up."""
    call()
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return seconds


if __name__ == "__main__":
    handed = np.load(sys.argv[1])
    paths = {
        name: {key.split(".")[1]: handed[key] for key in handed if key.startswith(f"{name}.")}
        for name in ("short", "long", "panel")
    }
    rounds = int(handed["rounds"])
    made = {
        "short.vectorbt": timed(lambda: one(paths["short"]), 3 * rounds),
        "long.vectorbt": timed(lambda: one(paths["long"]), rounds),
        "panel.vectorbt": timed(lambda: panel(paths["panel"]), rounds),
        "short.backtesting": timed(lambda: by_backtesting(paths["short"]), rounds),
        "short.last": one(paths["short"])[-1:],
        "long.last": one(paths["long"])[-1:],
        "panel.last": panel(paths["panel"])[-1:],
    }
    began = time.process_time()
    by_backtesting(paths["long"])
    made["long.backtesting"] = [time.process_time() - began]
    np.savez(sys.argv[2], **{name: np.array(values) for name, values in made.items()})
