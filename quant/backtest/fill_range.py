"""What a curve would be if its fills had been at the best or the worst price of their bars."""

from typing import Any

import numpy as np

from quant.backtest.account_frames import price_bounds, reference_prices
from quant.backtest.alignment import HIGH, LOW
from quant.backtest.engine import BacktestResult
from quant.backtest.simulation import FILL_INSTRUMENT, FILL_PRICE, FILL_ROW, FILL_SHARES

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def best_and_worst(result: BacktestResult) -> tuple[FloatArray, FloatArray]:
    """Return the equity if every fill had been at the best, and at the worst price that its bar had.

    Parameters
    ----------
    result : BacktestResult
        What `run_backtest` returned.

    Returns
    -------
    tuple of two ndarray of shape (n_bars,)
        Equity after each close: the first nowhere below that of the result, the second nowhere above.

    Notes
    -----
    Timing: an outcome, never an input of a decision.

    What is uncertain is the price inside the bar: a daily bar says where it opened, and not whether one's own order
    traded there; a level that was touched has its price. Best is the low of its bar for each purchase and the high for
    each sale, worst the other way round, but what cannot be worse than a limit is not.
    The shares, the commissions in money and the slippage as a fraction stay as they were, and nothing is decided anew:
    so the bracket holds whatever the strategy would have done with more or less money.

    Examples
    --------
    >>> import pandas as pd
    >>> from quant.backtest.catalog import BacktestSpec, CostSpec
    >>> from quant.backtest.engine import run_backtest
    >>> index = pd.date_range("2024-01-02 21:00", periods=3, tz="UTC", unit="us", name="timestamp")
    >>> bars = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 10.0, "split_factor": 1.0, "dividend": 0.0}
    >>> prices = {0: pd.DataFrame({**bars, "volume": 1e6}, index=index)}
    >>> weights = pd.DataFrame({"timestamp": index[:1], "instrument": [0], "target_weight": [1.0]})
    >>> spec = BacktestSpec(initial_cash=1000.0, costs=CostSpec(commission_bps=0, slippage_bps=0))
    >>> result = run_backtest(prices, weights.set_index(["timestamp", "instrument"]), spec)
    >>> [curve.tolist() for curve in best_and_worst(result)]
    [[1000.0, 1100.0, 1100.0], [1000.0, 800.0, 800.0]]
    """
    bars, fills = result.bars, result.fill_table
    rows, columns = fills[FILL_ROW].astype(np.int64), fills[FILL_INSTRUMENT].astype(np.int64)
    high, low = bars.values[HIGH, rows, columns], bars.values[LOW, rows, columns]
    reference = reference_prices(bars, fills)
    is_known = reference != bars.open[rows, columns]  # a level that was touched, whenever it was; or a settlement
    price, shares, is_bought = fills[FILL_PRICE], np.abs(fills[FILL_SHARES]), fills[FILL_SHARES] > 0
    slipped = np.divide(price, reference, out=np.ones_like(price), where=reference > 0)
    high, low = np.where(is_known, price, high * slipped), np.where(is_known, price, low * slipped)
    best, worst = np.where(is_bought, low, high), np.where(is_bought, high, low)
    bound = price_bounds(fills)
    is_beyond = np.where(is_bought, worst > bound, worst < bound)  # false where there is none
    worst = np.where(is_beyond, bound, worst)
    gain = shares * np.maximum(np.where(is_bought, price - best, best - price), 0.0)
    loss = shares * np.maximum(np.where(is_bought, worst - price, price - worst), 0.0)
    equity, n_bars = result.equity["equity"].to_numpy(), len(bars.timestamps)
    return (
        equity + np.cumsum(np.bincount(rows, weights=gain, minlength=n_bars)),
        equity - np.cumsum(np.bincount(rows, weights=loss, minlength=n_bars)),
    )
