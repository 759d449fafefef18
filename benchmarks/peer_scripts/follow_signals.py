"""Run vectorbt and backtesting.py on signal paths: decided at a close, filled at the next open.

Handed an archive with arrays `N.open`, `N.high`, `N.low`, `N.close`, `N.weights`, `N.rates` (whole shares or not,
commission, slippage, cash) and `N.convention` (0, or one of those below) for each path N. Writes an archive with
`N.PEER.equity` and `N.PEER.trades`: side, rows of entry and exit (-1: open), shares, both prices, profit.
backtesting.py trades whole shares only, and its spread is paid at the entry alone: it is asked paths of whole shares,
which have no slippage.
"""

import sys
import warnings

import numpy as np
import pandas as pd
import vectorbt as vbt
from backtesting import Backtest, Strategy

warnings.simplefilter("ignore")
Path = dict[str, np.ndarray]
Answer = tuple[np.ndarray, np.ndarray]
AT_THE_CLOSE, SPREAD = 1, 2  # conventions that are not ours: vectorbt's default, and slippage as backtesting.py has it


def by_vectorbt(path: Path) -> Answer:
    """Return the equity and the trades that vectorbt makes of a path."""
    weights, close = path["weights"], path["close"]
    whole, commission, slippage, cash = path["rates"]
    if path["convention"] == AT_THE_CLOSE:
        index = pd.date_range("2000-01-03", periods=len(close), freq="D")
        same = vbt.Portfolio.from_orders(
            pd.Series(close, index=index), size=weights, size_type="targetpercent", fees=commission,
            size_granularity=1.0, init_cash=cash,
        )  # fmt: skip
        return same.value().to_numpy(), np.empty((0, 7))
    index = pd.date_range("2000-01-03", periods=len(close), freq="D")
    previous = np.concatenate([close[:1], close[:-1]])  # at which what was decided was counted
    portfolio = vbt.Portfolio.from_orders(
        pd.Series(close, index=index),
        size=np.concatenate([[np.nan], weights[:-1]]),
        size_type="targetpercent",
        price=path["open"],
        val_price=previous,
        fees=commission,
        slippage=slippage,
        size_granularity=1.0 if whole else np.nan,
        init_cash=cash,
    )
    found = portfolio.positions.records_arr
    is_open = found["status"] == 0
    rows = [
        np.where(found["direction"] == 0, 1.0, -1.0), found["entry_idx"], np.where(is_open, -1, found["exit_idx"]),
        found["size"], found["entry_price"], np.where(is_open, 0.0, found["exit_price"]), found["pnl"],
    ]  # fmt: skip
    return portfolio.value().to_numpy(), np.column_stack(rows)


class Follow(Strategy):
    """Hold, in whole shares, the weight that is decided at each close."""

    weights: np.ndarray

    def init(self) -> None:
        """Prepare nothing."""

    def next(self) -> None:
        """Order what is missing."""
        weight = self.weights[len(self.data) - 1]
        if np.isnan(weight):
            return
        wanted = int(np.trunc(weight * self.equity / self.data.Close[-1]))
        change = wanted - self.position.size
        if change > 0:
            self.buy(size=change)
        elif change < 0:
            self.sell(size=-change)


def by_backtesting(path: Path) -> Answer:
    """Return the equity and the closed trades that backtesting.py makes of a path."""
    index = pd.date_range("2000-01-03", periods=len(path["close"]), freq="D")
    columns = {name.capitalize(): path[name] for name in ("open", "high", "low", "close")}
    _, commission, _, cash = path["rates"]
    costs = {"commission": commission}
    if path["convention"] == SPREAD:
        costs = {"commission": 0.0, "spread": commission}
    Follow.weights = path["weights"]
    run = Backtest(pd.DataFrame(columns, index=index), Follow, cash=cash, finalize_trades=False, **costs)
    found = run.run()
    trades = found["_trades"].sort_values("EntryBar")
    rows = [
        np.sign(trades["Size"]), trades["EntryBar"], trades["ExitBar"], trades["Size"].abs(),
        trades["EntryPrice"], trades["ExitPrice"], trades["PnL"],
    ]  # fmt: skip
    return found["_equity_curve"]["Equity"].to_numpy(), np.column_stack(rows).astype(float)


if __name__ == "__main__":
    handed, made = np.load(sys.argv[1]), {}
    for name in sorted({key.split(".")[0] for key in handed}, key=int):
        path = {key.split(".")[1]: handed[key] for key in handed if key.startswith(f"{name}.")}
        peers = {"vectorbt": by_vectorbt} | ({"backtesting": by_backtesting} if path["rates"][0] else {})
        if path["convention"]:
            peers = {"vectorbt": by_vectorbt} if path["convention"] == AT_THE_CLOSE else {"backtesting": by_backtesting}
        for peer, run in peers.items():
            made[f"{name}.{peer}.equity"], made[f"{name}.{peer}.trades"] = run(path)
    np.savez(sys.argv[2], **made)
