"""Claim: indicators are quicker than TA-Lib's, and the features of an analysis than plain pandas.

TA-Lib's standard set is timed as TA-Lib is used: each indicator returns an array of its own. Ours writes into one
block, which is used again, for it can be said where to write.
"""

import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
import talib
from talib import abstract

from benchmarks.findings import Finding, Goal, Table
from benchmarks.indicator_loop import standard_loop
from benchmarks.long_prices import long_prices
from benchmarks.timing import Comparison, compare
from quant.features.catalog import FEATURES, FeatureEntry
from quant.features.compute import beside, compute_features
from quant.features.momentum import relative_strength_index
from quant.features.standard import standard_set, standard_values
from quant.features.trend import exponential_moving_average, macd, simple_moving_average
from quant.features.volatility import average_true_range, bollinger_bands
from quant.frames import Features, Prices
from quant.spec import AnalysisSpec

GOAL = (
    "each array indicator takes at most as long as TA-Lib's; the standard set of seven at most 0.6 times as long on a "
    "million bars, and 1.5 times as long as one compiled loop; as a frame of 1,000 bars at most 0.35 times as long as "
    "TA-Lib on a frame; the default features at least 14 times faster than pandas; all features on 500 × 2,500 bars "
    "within 6 s on two slots."
)
_SETTLED_BARS = 1500  # after this many bars nothing is left of how a recursive average was seeded


def measure(*, quick: bool = False) -> Finding:
    """Time indicators and the default features, and check that all compute the same."""
    n_long, sizes, rounds = (3_000, (2_000,), 2) if quick else (100_000, (2_500, 100_000), 15)
    arrays = _arrays(n_long, rounds)
    standard = _standard(20_000 if quick else 1_000_000, rounds)
    small = _small(1_000, rounds)
    every = _every_feature(2 if quick else 500, 2_500)
    frames = [_frames(n_bars, rounds) for n_bars in sizes]
    return Finding(
        name="features",
        title="Features",
        goal=GOAL,
        how=(
            f"Array indicators against TA-Lib's on the same arrays of {n_long:,} bars; then the default features of an "
            "analysis, frame in and frame out, against the same written in plain pandas. The standard set is SMA 20, "
            "EMA 20, RSI 14, MACD, Bollinger bands, ATR 14 and the volatility of 20 log returns: eleven columns; the "
            "loop beside it is `benchmarks/indicator_loop.py`. One thread; times of the processor. Medians of "
            f"{rounds} rounds, each at least 5 ms long. The results are compared before anything is timed. All "
            "features are those of the catalogue with their defaults, one process a slot; the median of three."
        ),
        goals=(
            Goal("standard set over TA-Lib", standard.ratio("ours", "TA-Lib"), 0.6, "×"),
            Goal("standard set over the compiled loop", standard.ratio("ours", "loop"), 1.5, "×"),
            Goal("standard set as a frame of 1,000 bars over TA-Lib's", small.ratio("ours", "TA-Lib"), 0.35, "×"),
            Goal("all features, 500 × 2,500 bars, two slots", every[-1], 6.0, "s"),
            Goal("slowest array indicator over TA-Lib", max(float(row[3]) for row in arrays), 1.0, "×"),
            Goal(
                f"default features, {sizes[0]:,} bars, pandas over ours", float(frames[0][3]), 14.0, "×", at_least=True
            ),
        ),
        tables=(
            Table(
                "The standard set, milliseconds:",
                ("bars", "ours", "TA-Lib", "compiled loop"),
                (
                    _milliseconds("a million, arrays", standard, "ours", "TA-Lib", "loop"),
                    _milliseconds("1,000, frame", small, "ours", "TA-Lib", None),
                ),
            ),
            Table(
                "All features of the catalogue:",
                ("instruments × bars", "columns", "processor seconds", "seconds on two slots"),
                (every,),
            ),
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


def _standard(n_bars: int, rounds: int) -> Comparison:
    """Time the standard set on arrays, against TA-Lib and the compiled loop."""
    high, low, close = ranges = _ranges(long_prices(n_bars))
    ours, looped, returns = np.empty((11, n_bars)), np.empty((11, n_bars)), np.empty(n_bars)

    def loop() -> None:
        _log_returns(close, returns)
        standard_loop(high, low, close, returns, looped)

    loop()
    for one, other, theirs in zip(standard_values(*ranges, out=ours), looped, _by_talib(*ranges), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(one, theirs, rtol=1e-6, atol=1e-9)
    calls = {
        "ours": lambda: standard_values(*ranges, out=ours),
        "TA-Lib": lambda: _by_talib(*ranges),
        "loop": loop,
    }
    return compare(calls, rounds=rounds, clock=process_time)


def _small(n_bars: int, rounds: int) -> Comparison:
    """Time the standard set on a frame, against TA-Lib on a frame."""
    prices = long_prices(n_bars)
    calls = {"ours": lambda: standard_set(prices), "TA-Lib": lambda: _by_abstract_talib(prices)}
    return compare(calls, rounds=rounds, clock=process_time)


def _every_feature(n_instruments: int, n_bars: int) -> tuple[str, int, float, float]:
    """Time all features of the catalogue on many instruments, in two processes."""
    prices = _beside_another(n_bars)
    specs = [kind() for kind in FEATURES]
    columns = compute_features(prices, specs).shape[1]
    began = process_time()
    few = max(n_instruments // 25, 2)
    for _ in range(few):
        compute_features(prices, specs)
    seconds = (process_time() - began) / few * n_instruments
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as slots:
        list(slots.map(_compute_every, [1, 1], [n_bars, n_bars]))  # warms up
        walls = []
        for _ in range(3):
            started = perf_counter()
            list(slots.map(_compute_every, [n_instruments // 2] * 2, [n_bars] * 2))
            walls.append(perf_counter() - started)
    return f"{n_instruments} × {n_bars:,}", columns, seconds, median(walls)


def _beside_another(n_bars: int) -> Prices:
    """Return prices with those of another instrument beside them, as features that name one find them."""
    prices = long_prices(n_bars)
    return beside(prices, {"": prices.assign(close=prices["open"])})


def _compute_every(n_instruments: int, n_bars: int) -> None:
    prices = _beside_another(n_bars)
    specs = [kind() for kind in FEATURES]
    for _ in range(n_instruments):
        compute_features(prices, specs)


def _milliseconds(what: str, timed: Comparison, *names: str | None) -> tuple[str | float | None, ...]:
    return (what, *(None if name is None else 1e3 * timed.seconds(name) for name in names))


def _ranges(prices: Prices) -> tuple[Any, Any, Any]:
    high, low, close = (np.ascontiguousarray(prices[name].to_numpy()) for name in ("high", "low", "close"))
    return high, low, close


def _log_returns(close: Any, returns: Any) -> None:
    returns[0] = np.nan
    np.divide(close[1:], close[:-1], out=returns[1:])
    np.log(returns, out=returns)


def _by_talib(high: Any, low: Any, close: Any) -> list[Any]:
    returns = np.empty_like(close)
    _log_returns(close, returns)
    average, exponential, strength = talib.SMA(close, 20), talib.EMA(close, 20), talib.RSI(close, 14)
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    volatility = talib.STDDEV(returns, 20, math.sqrt(252 * 20 / 19))
    lines = talib.MACD(close, 12, 26, 9)
    return [average, exponential, strength, *lines, lower, middle, upper, talib.ATR(high, low, close, 14), volatility]


def _by_abstract_talib(prices: Prices) -> list[Any]:
    returns = np.log(prices["close"] / prices["close"].shift())
    volatility = returns.rolling(20).std() * math.sqrt(252)
    return [
        abstract.SMA(prices, 20),
        abstract.EMA(prices, 20),
        abstract.RSI(prices, 14),
        abstract.MACD(prices, 12, 26, 9),
        abstract.BBANDS(prices, 20, 2.0, 2.0),
        abstract.ATR(prices, 14),
        volatility,
    ]


def _arrays(n_bars: int, rounds: int) -> list[tuple[str, float, float, float]]:
    prices = long_prices(n_bars)
    rows = []
    for name, (ours, theirs) in _pairs(prices).items():
        for one, other in zip(_several(ours()), _several(theirs()), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
        timed = compare({"ours": ours, "theirs": theirs}, rounds=rounds, clock=process_time)
        seconds = timed.seconds("ours"), timed.seconds("theirs")
        rows.append((name, 1e6 * seconds[0], 1e6 * seconds[1], timed.ratio("ours", "theirs")))
    return rows


def _pairs(prices: Prices) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Return, for each indicator, our function and TA-Lib's, on the same arrays and in the same order of outputs."""
    high, low, close = _ranges(prices)
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
        clock=process_time,
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
