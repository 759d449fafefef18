"""Claim: array indicators keep up with TA-Lib, and the features of an analysis are quicker than plain pandas."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import talib

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.timing import compare
from quant.features.catalog import FeatureEntry
from quant.features.compute import compute_features
from quant.features.momentum import relative_strength_index
from quant.features.trend import exponential_moving_average, macd, simple_moving_average
from quant.features.volatility import average_true_range, bollinger_bands
from quant.frames import Features, Prices
from quant.spec import AnalysisSpec

GOAL = (
    "each array indicator takes at most as long as TA-Lib's; the default features at least 14 times faster than pandas."
)
_SETTLED_BARS = 1500  # after this many bars nothing is left of how a recursive average was seeded


def measure(*, quick: bool = False) -> Finding:
    """Time indicators and the default features, and check that all compute the same."""
    n_long, sizes, rounds = (3_000, (2_000,), 2) if quick else (100_000, (2_500, 100_000), 15)
    arrays = _arrays(n_long, rounds)
    frames = [_frames(n_bars, rounds) for n_bars in sizes]
    return Finding(
        name="features",
        title="Features",
        goal=GOAL,
        how=(
            f"Array indicators against TA-Lib's on the same arrays of {n_long:,} bars; then the default features of an "
            "analysis, frame in and frame out, against the same written in plain pandas. One thread. Medians of "
            f"{rounds} rounds, each at least 5 ms long. The results are compared before anything is timed."
        ),
        goals=(
            Goal("slowest array indicator over TA-Lib", max(float(row[3]) for row in arrays), 1.0, "×"),
            Goal(
                f"default features, {sizes[0]:,} bars, pandas over ours", float(frames[0][3]), 14.0, "×", at_least=True
            ),
        ),
        tables=(
            Table(
                f"Array indicators, {n_long:,} bars, microseconds a call:",
                ("indicator", "ours", "TA-Lib", "ours over TA-Lib"),
                tuple(arrays),
            ),
            Table(
                "The default features as a frame, milliseconds:",
                ("bars", "ours", "pandas", "pandas over ours"),
                tuple(frames),
            ),
        ),
    )


def _arrays(n_bars: int, rounds: int) -> list[tuple[str, float, float, float]]:
    prices = long_prices(n_bars)
    rows = []
    for name, (ours, theirs) in _pairs(prices).items():
        for one, other in zip(_several(ours()), _several(theirs()), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
        timed = compare({"ours": ours, "theirs": theirs}, rounds=rounds)
        seconds = timed.seconds("ours"), timed.seconds("theirs")
        rows.append((name, 1e6 * seconds[0], 1e6 * seconds[1], timed.ratio("ours", "theirs")))
    return rows


def _pairs(prices: Prices) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Return, for each indicator, our function and TA-Lib's, on the same arrays and in the same order of outputs."""
    high, low, close = (np.ascontiguousarray(prices[name].to_numpy()) for name in ("high", "low", "close"))
    return {
        "SMA 20": (lambda: simple_moving_average(close, 20), lambda: talib.SMA(close, 20)),
        "EMA 20": (lambda: exponential_moving_average(close, 20), lambda: talib.EMA(close, 20)),
        "RSI 14": (lambda: relative_strength_index(close, 14), lambda: talib.RSI(close, 14)),
        "MACD 12 26 9": (lambda: macd(close, 12, 26, 9), lambda: talib.MACD(close, 12, 26, 9)),
        "Bollinger 20 2": (
            lambda: bollinger_bands(close, 20, 2.0)[::-1],
            lambda: talib.BBANDS(close, 20, 2.0, 2.0),
        ),
        "ATR 14": (lambda: average_true_range(high, low, close, 14), lambda: talib.ATR(high, low, close, 14)),
    }


def _several(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple) else (values,)


def _frames(n_bars: int, rounds: int) -> tuple[int, float, float, float]:
    prices = long_prices(n_bars)
    specs = AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}]}).features
    ours, theirs = compute_features(prices, specs), features_by_pandas(prices, specs)
    np.testing.assert_allclose(ours.iloc[_SETTLED_BARS:], theirs.iloc[_SETTLED_BARS:], rtol=1e-6, atol=1e-9)
    timed = compare(
        {"ours": lambda: compute_features(prices, specs), "pandas": lambda: features_by_pandas(prices, specs)},
        rounds=rounds,
    )
    ours_ms, pandas_ms = (1e3 * timed.seconds(name) for name in ("ours", "pandas"))
    return n_bars, ours_ms, pandas_ms, timed.ratio("pandas", "ours")


def features_by_pandas(prices: Prices, specs: tuple[FeatureEntry, ...]) -> Features:
    """Return the same features as anybody would write them with pandas; averages are seeded by the first value."""
    parts = [_BY_PANDAS[type(spec).model_fields["name"].default](prices, **spec.parameters()) for spec in specs]
    columns = [column for spec in specs for column in spec.columns]
    frame: Features = pd.concat(parts, axis=1).set_axis(columns, axis=1)
    return frame


def _return(prices: Prices, window: int) -> pd.Series:
    return prices["close"].pct_change(window)


def _volatility(prices: Prices, window: int) -> pd.Series:
    return prices["close"].pct_change().rolling(window).std()


def _relative_volume(prices: Prices, window: int) -> pd.Series:
    ratio = prices["volume"] / prices["volume"].rolling(window).mean()
    return ((1 + ratio) / 2).transform(np.log)


def _sma(prices: Prices, window: int) -> pd.Series:
    return prices["close"] / prices["close"].rolling(window).mean() - 1


def _ema(prices: Prices, window: int) -> pd.Series:
    return prices["close"] / prices["close"].ewm(span=window, adjust=False).mean() - 1


def _rsi(prices: Prices, window: int) -> pd.Series:
    change = prices["close"].diff()
    gain = change.clip(lower=0).ewm(alpha=1 / window, adjust=False).mean()
    loss = (-change).clip(lower=0).ewm(alpha=1 / window, adjust=False).mean()
    return 100 * gain / (gain + loss)


def _macd(prices: Prices, fast: int, slow: int, signal: int) -> pd.DataFrame:
    close = prices["close"]
    line = close.ewm(span=fast, adjust=False).mean() - close.ewm(span=slow, adjust=False).mean()
    smooth = line.ewm(span=signal, adjust=False).mean()
    return pd.concat([line / close, smooth / close, (line - smooth) / close], axis=1)


def _bollinger(prices: Prices, window: int, width: float) -> pd.DataFrame:
    close = prices["close"]
    middle, deviation = close.rolling(window).mean(), close.rolling(window).std(ddof=0)
    lower, upper = middle - width * deviation, middle + width * deviation
    return pd.concat([(close - lower) / (upper - lower), (upper - lower) / middle], axis=1)


def _atr(prices: Prices, window: int) -> pd.Series:
    before = prices["close"].shift()
    ranges = [prices["high"] - prices["low"], (prices["high"] - before).abs(), (prices["low"] - before).abs()]
    return pd.concat(ranges, axis=1).max(axis=1).ewm(alpha=1 / window, adjust=False).mean() / prices["close"]


_BY_PANDAS: dict[str, Callable[..., Any]] = {
    "return": _return,
    "volatility": _volatility,
    "relative_volume": _relative_volume,
    "sma": _sma,
    "ema": _ema,
    "rsi": _rsi,
    "macd": _macd,
    "bollinger": _bollinger,
    "atr": _atr,
}
