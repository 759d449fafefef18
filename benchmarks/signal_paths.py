"""Signals that say long, short or flat, on real prices: the questions that other engines are asked beside ours."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.backtest.catalog import BacktestSpec, CostSpec
from quant.backtest.engine import BacktestResult, run_backtest
from quant.backtest.trades import trades_from_fills
from quant.data.adjustment import forward_adjusted
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.features.trend import simple_moving_average
from quant.frames import Prices, to_panel

CASH = 1_000_000.0
N_PATHS, N_BARS = 200, 250
_SEED = 20261126
_KEPT = 0.9  # of the bars keep the signal of the bar before
FIELDS = ("open", "high", "low", "close")
FIELDS_OF_TRADES = ("side", "entry row", "exit row", "shares", "entry price", "exit price", "profit")


@dataclass(frozen=True, eq=False)
class SignalPath:
    """Prices without actions, the weight that is decided at each close (NaN: nothing is), and the convention.

    With `whole_shares`, weights leave room for gaps and costs, so that nobody has to cut or cancel a purchase; without,
    a path is invested to the last cent and purchases are cut.
    """

    name: str
    prices: Prices
    weights: NDArray[np.float64]
    whole_shares: bool
    commission_rate: float
    slippage_rate: float
    convention: int = 0  # as in `peer_scripts/follow_signals.py`: another one than ours, which peers are to follow

    def spec(self) -> BacktestSpec:
        """Return the account that our engine keeps of it."""
        bps = 1e4
        costs = CostSpec(
            commission_bps=self.commission_rate * bps,
            commission_per_share=0.0,
            commission_minimum=0.0,
            slippage_bps=self.slippage_rate * bps,
            borrow_annual=0.0,
        )
        return BacktestSpec(initial_cash=CASH, costs=costs, whole_shares=self.whole_shares, rebalance_threshold=0.0)

    def run(self) -> BacktestResult:
        """Run our engine on it."""
        decided = pd.DataFrame({"target_weight": self.weights}, index=self.prices.index).dropna()
        return run_backtest({0: self.prices}, to_panel({0: decided}), self.spec())

    def for_peers(self) -> dict[str, NDArray[np.float64]]:
        """Return it as arrays, for those who do not know us."""
        market = {name: self.prices[name].to_numpy() for name in FIELDS}
        rates = np.array([float(self.whole_shares), self.commission_rate, self.slippage_rate, CASH])
        return {**market, "weights": self.weights, "rates": rates, "convention": np.array(self.convention)}


def signal_paths(n_paths: int = N_PATHS) -> list[SignalPath]:
    """Return random paths on stretches of the packaged prices, and a crossing of averages on each of them as a whole.

    Every other path trades whole shares. All begin at the second bar, before which backtesting.py decides nothing.
    """
    provider = create_provider("sample")
    symbols = provider.symbols()
    market = {symbol: _without_actions(to_prices(provider.fetch(PriceQuery(symbol)))) for symbol in symbols}
    paths = []
    for seed in range(n_paths):
        rng = np.random.default_rng([_SEED, seed])
        symbol, whole = symbols[seed % len(symbols)], seed % 2 == 0
        begin = int(rng.integers(0, len(market[symbol]) - N_BARS))
        sides = rng.integers(-1, 2, N_BARS).astype(np.float64)
        sides[rng.random(N_BARS) < _KEPT] = np.nan
        size = float(rng.choice([0.3, 0.5, 0.7])) if whole else 1.0
        rate, slippage = float(rng.choice([0.0, 0.0005, 0.002])), float(rng.choice([0.0, 0.0005]))
        prices = market[symbol].iloc[begin : begin + N_BARS]
        weights = changes(sides) * size
        paths.append(SignalPath(f"{symbol} {seed}", prices, weights, whole, rate, 0.0 if whole else slippage))
    for symbol in symbols:
        close = market[symbol]["close"].to_numpy()
        above = np.sign(simple_moving_average(close, 20) - simple_moving_average(close, 50))
        for whole in (True, False):
            weights = changes(above) * (0.7 if whole else 1.0)
            paths.append(
                SignalPath(f"{symbol} {'whole' if whole else 'all'}", market[symbol], weights, whole, 0.001, 0.0)
            )
    return paths


def other_conventions() -> dict[str, tuple[str, SignalPath]]:
    """Return paths on which peers follow a convention that is not ours: by its name the peer and the path."""
    whole = signal_paths(0)[0]
    return {
        "fills at the close that decided": ("vectorbt", replace(whole, convention=1)),
        "pays a spread at the entry alone": ("backtesting", replace(whole, convention=2)),
        "cancels what cash does not pay": (
            "backtesting",
            replace(whole, weights=whole.weights / np.nanmax(whole.weights)),
        ),
    }


def trades_of(result: BacktestResult) -> NDArray[np.float64]:
    """Return a row a trade, its columns `FIELDS_OF_TRADES`; the exit of one that is open has row -1 and price 0."""
    trades, rows = trades_from_fills(result), result.bars.timestamps
    is_open = trades["is_open"].to_numpy(dtype=np.bool_)
    exits = rows.get_indexer(pd.DatetimeIndex(trades["exit_at"].where(~is_open, rows[0])))
    return np.column_stack(
        [
            np.where(trades["direction"] == "long", 1.0, -1.0),
            rows.get_indexer(pd.DatetimeIndex(trades["entry_at"])),
            np.where(is_open, -1, exits),
            trades["max_shares"],
            trades["entry_price"],
            trades["exit_price"].fillna(0.0),
            trades["pnl"],
        ]
    )


def changes(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sides where they change, from the second bar on, and the first one, a flat one if there is none."""
    decided = pd.Series(sides)
    decided.iloc[:2] = [np.nan, 0.0]
    last = decided.ffill()
    return decided.where(last.ne(last.shift())).to_numpy()


def _without_actions(prices: Prices) -> Prices:
    """Return adjusted prices: other engines know neither splits nor dividends."""
    return forward_adjusted(prices)
