"""Every indicator that TA-Lib has too gives what TA-Lib gives; where ours differ from a peer, one table says why.

Measures of risk equal those of empyrical (`tests/quant/risk`), scores those of scikit-learn and scipy, and purged
splits those of skfolio (`tests/quant/validation`); what does not is in the table, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import pytest
import talib

from quant.features.channels import donchian_channel, keltner_channels
from quant.features.cross_asset import rolling_beta, rolling_correlation
from quant.features.directional import aroon, directional_movement
from quant.features.flows import accumulation_distribution, on_balance_volume
from quant.features.momentum import rate_of_change, relative_strength_index
from quant.features.oscillators import (
    commodity_channel_index,
    money_flow_index,
    stochastic_oscillator,
    true_strength_index,
    williams_percent_range,
)
from quant.features.regression import linear_regression
from quant.features.trend import exponential_moving_average, macd, simple_moving_average, weighted_moving_average
from quant.features.volatility import average_true_range, bollinger_bands, rolling_standard_deviation, true_range
from quant.risk.tails import tail_ratio

SAMPLE = Path(__file__).parents[3] / "quant" / "data" / "sample"
CLOSES = (
    44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28,
    46.28, 46.00, 46.03, 46.41, 46.22, 45.64, 46.21, 46.25, 45.71, 46.45, 45.78, 45.35, 44.03, 44.18,
    44.22, 44.57, 43.42, 42.66, 43.13,
)  # fmt: skip  # the known answer of RSI, see test_momentum

Bars = dict[str, np.ndarray]
Computed = Callable[[Bars], np.ndarray]


def bars_of(frame) -> Bars:
    return {name: frame[name].to_numpy(dtype=np.float64) for name in ("open", "high", "low", "close", "volume")}


def ranges(bars):
    return bars["high"], bars["low"], bars["close"]


# Name: ours and theirs, at each of several windows.
SAME: dict[str, tuple[Callable, Callable]] = {
    "SMA": (lambda b, w: simple_moving_average(b["close"], w), lambda b, w: talib.SMA(b["close"], w)),
    "EMA": (lambda b, w: exponential_moving_average(b["close"], w), lambda b, w: talib.EMA(b["close"], w)),
    "RSI": (lambda b, w: relative_strength_index(b["close"], w), lambda b, w: talib.RSI(b["close"], w)),
    "ROC": (lambda b, w: rate_of_change(b["close"], w), lambda b, w: talib.ROCP(b["close"], w)),
    "ATR": (lambda b, w: average_true_range(*ranges(b), w), lambda b, w: talib.ATR(*ranges(b), w)),
    "true range": (lambda b, _: true_range(*ranges(b)), lambda b, _: talib.TRANGE(*ranges(b))),
    "deviation": (
        lambda b, w: rolling_standard_deviation(b["close"], w, ddof=0),
        lambda b, w: talib.STDDEV(b["close"], w, 1.0),
    ),
    **{
        f"Bollinger {line}": (
            lambda b, w, place=place: bollinger_bands(b["close"], w, 1.5)[2 - place],
            lambda b, w, place=place: talib.BBANDS(b["close"], w, 1.5, 1.5)[place],
        )
        for place, line in enumerate(("upper", "middle", "lower"))
    },
    **{
        f"MACD {line}": (
            lambda b, w, place=place: macd(b["close"], w, 2 * w, 9)[place],
            lambda b, w, place=place: talib.MACD(b["close"], w, 2 * w, 9)[place],
        )
        for place, line in enumerate(("line", "signal", "histogram"))
    },
    "beta": (
        lambda b, w: rolling_beta(b["close"], b["open"], w),
        lambda b, w: talib.BETA(b["open"], b["close"], w),
    ),
    "correlation": (
        lambda b, w: rolling_correlation(b["close"], b["open"], w)[1:],
        lambda b, w: talib.CORREL(*(np.diff(b[name]) / b[name][:-1] for name in ("close", "open")), w),
    ),
    "WMA": (lambda b, w: weighted_moving_average(b["close"], w), lambda b, w: talib.WMA(b["close"], w)),
    "ADX": (lambda b, w: directional_movement(*ranges(b), w).strength, lambda b, w: talib.ADX(*ranges(b), w)),
    "+DI": (lambda b, w: directional_movement(*ranges(b), w).plus, lambda b, w: talib.PLUS_DI(*ranges(b), w)),
    "-DI": (lambda b, w: directional_movement(*ranges(b), w).minus, lambda b, w: talib.MINUS_DI(*ranges(b), w)),
    "Aroon up": (lambda b, w: aroon(b["high"], b["low"], w).up, lambda b, w: talib.AROON(b["high"], b["low"], w)[1]),
    "Aroon down": (
        lambda b, w: aroon(b["high"], b["low"], w).down,
        lambda b, w: talib.AROON(b["high"], b["low"], w)[0],
    ),
    "stochastic K": (
        lambda b, w: stochastic_oscillator(*ranges(b), w).k,
        lambda b, w: talib.STOCH(*ranges(b), w, 3, 0, 3, 0)[0],
    ),
    "stochastic D": (
        lambda b, w: stochastic_oscillator(*ranges(b), w, 5, 2).d,
        lambda b, w: talib.STOCH(*ranges(b), w, 5, 0, 2, 0)[1],
    ),
    "Williams %R": (lambda b, w: williams_percent_range(*ranges(b), w), lambda b, w: talib.WILLR(*ranges(b), w)),
    "CCI": (lambda b, w: commodity_channel_index(*ranges(b), w), lambda b, w: talib.CCI(*ranges(b), w)),
    "MFI": (
        lambda b, w: money_flow_index(*ranges(b), b["volume"], w),
        lambda b, w: talib.MFI(*ranges(b), b["volume"], w),
    ),
    "TSI": (
        lambda b, w: true_strength_index(b["close"], 2 * w, w),
        lambda b, w: _tsi_of_averages(np.diff(b["close"], prepend=np.nan), 2 * w, w),
    ),
    "slope": (lambda b, w: linear_regression(b["close"], w).slope, lambda b, w: talib.LINEARREG_SLOPE(b["close"], w)),
    "share explained": (
        lambda b, w: linear_regression(b["close"], w).r_squared,
        lambda b, w: talib.CORREL(b["close"], np.arange(len(b["close"]), dtype=np.float64), w) ** 2,
    ),
    "Donchian": (lambda b, w: donchian_channel(b["high"], b["low"], w).upper, lambda b, w: talib.MAX(b["high"], w)),
    "Keltner": (
        lambda b, w: keltner_channels(*ranges(b), w, 1.5, w).lower[w:],
        lambda b, w: (talib.EMA(b["close"], w) - 1.5 * talib.ATR(*ranges(b), w))[w:],
    ),
    "OBV": (lambda b, _: on_balance_volume(b["close"], b["volume"]), lambda b, _: talib.OBV(b["close"], b["volume"])),
    "AD": (
        lambda b, _: accumulation_distribution(*ranges(b), b["volume"]),
        lambda b, _: talib.AD(*ranges(b), b["volume"]),
    ),
}


def _tsi_of_averages(changes, slow, fast):
    net, gross = (talib.EMA(talib.EMA(each, slow), fast) for each in (changes, np.abs(changes)))
    return 100.0 * net / gross


@pytest.mark.parametrize("window", [3, 14, 50])
@pytest.mark.parametrize("name", SAME)
def test_ours_is_theirs(real, name, window):
    bars = bars_of(real)
    ours, theirs = (each(bars, window) for each in SAME[name])
    known = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.isnan(ours), ~known)
    # What both compute by taking nearly equal numbers from each other is as far apart as those are rounded.
    scale = np.abs(theirs[known]).max()
    np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-9, atol=1e-9 * scale)


@dataclass(frozen=True)
class Deviation:
    """A peer that gives something else: from which bar on, by how much at most, on which bars, and who is right."""

    what: str
    peer: str
    ours: Computed
    theirs: Computed
    bars: str
    first: int
    size: float
    source: str


EXCEPTIONS = (
    Deviation(
        what="RSI without movement",
        peer="TA-Lib RSI",
        ours=lambda b: relative_strength_index(b["close"], 14),
        theirs=lambda b: talib.RSI(b["close"], 14),
        bars="still",
        first=14,
        size=50.0,
        source="Wilder leaves 0 / 0 open. No movement is neither overbought nor oversold: 50. TA-Lib gives 0.",
    ),
    Deviation(
        what="RSI, seed",
        peer="pandas ewm(alpha=1/14, adjust=False)",
        ours=lambda b: relative_strength_index(b["close"], 14),
        theirs=lambda b: _rsi_by_ewm(b["close"]),
        bars="A1",
        first=1,
        size=19.80672,
        source="Wilder 1978, section VI: the first average is that of 14 changes. pandas begins with the first change.",
    ),
    Deviation(
        what="stochastic without range",
        peer="TA-Lib STOCH",
        ours=lambda b: stochastic_oscillator(*ranges(b)).k,
        theirs=lambda b: talib.STOCH(*ranges(b), 14, 3, 0, 3, 0)[0],
        bars="still",
        first=17,
        size=50.0,
        source="Lane leaves 0 / 0 open. The close is as far from either end: 50. TA-Lib gives 0.",
    ),
    Deviation(
        what="Williams %R without range",
        peer="TA-Lib WILLR",
        ours=lambda b: williams_percent_range(*ranges(b)),
        theirs=lambda b: talib.WILLR(*ranges(b), 14),
        bars="still",
        first=13,
        size=50.0,
        source="As for the stochastic: -50. TA-Lib gives 0, which is the highest.",
    ),
    Deviation(
        what="MFI without movement",
        peer="TA-Lib MFI",
        ours=lambda b: money_flow_index(*ranges(b), b["volume"]),
        theirs=lambda b: talib.MFI(*ranges(b), b["volume"], 14),
        bars="still",
        first=14,
        size=50.0,
        source="As for RSI: 50. TA-Lib gives 0.",
    ),
    Deviation(
        what="Bollinger width",
        peer="pandas rolling.std()",
        ours=lambda b: np.subtract(*bollinger_bands(b["close"])[::-2]),
        theirs=lambda b: 4.0 * pd.Series(b["close"]).rolling(20).std().to_numpy(),
        bars="GOOG",
        first=19,
        size=5.52929,
        source="Bollinger 2001: the deviation of a population. pandas' is that of a sample, sqrt(20 / 19) wider.",
    ),
    Deviation(
        what="MACD, seed",
        peer="pandas ewm(span, adjust=False)",
        ours=lambda b: macd(b["close"]).line,
        theirs=lambda b: _macd_by_ewm(b["close"]),
        bars="GOOG",
        first=0,
        size=0.663342,
        source="Each average seeded by a simple one of its length, as TA-Lib. pandas begins with the first close.",
    ),
    Deviation(
        what="tail ratio, quantiles",
        peer="empyrical tail_ratio",
        ours=lambda b: np.array([tail_ratio(_returns(b))]),
        theirs=lambda b: np.array([empyrical.tail_ratio(_returns(b))]),
        bars="GOOG",
        first=0,
        size=7.03129e-5,
        source="As value at risk: the inverse of the distribution, a return that came. empyrical interpolates.",
    ),
)


def _returns(bars):
    return np.diff(bars["close"]) / bars["close"][:-1]


def _rsi_by_ewm(close):
    change = pd.Series(close).diff()
    gain, loss = (each.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean() for each in (change, -change))
    return (100.0 * gain / (gain + loss)).to_numpy()


def _macd_by_ewm(close):
    fast, slow = (pd.Series(close).ewm(span=span, adjust=False).mean().to_numpy() for span in (12, 26))
    return fast - slow


@pytest.mark.parametrize("each", EXCEPTIONS, ids=lambda each: each.what)
def test_the_table_of_exceptions_is_true(each, example_bars):
    bars = example_bars(each.bars)
    ours, theirs = each.ours(bars), each.theirs(bars)
    distance = np.abs(ours - theirs)
    differ = (np.isnan(ours) != np.isnan(theirs)) | (distance > 1e-9 * np.abs(ours))
    assert int(np.argmax(differ)) == each.first
    assert np.nanmax(distance) == pytest.approx(each.size, rel=1e-3)


@pytest.fixture
def example_bars():
    """Return bars by name: real ones, those of which nothing ever moves, and the closes of a known answer."""

    def bars(name):
        if name == "GOOG":
            return bars_of(pd.read_csv(SAMPLE / "GOOG.csv"))
        close = np.array(CLOSES) if name == "A1" else np.full(40, 12.5)
        return {**dict.fromkeys(("open", "high", "low", "close"), close), "volume": np.full(close.size, 100.0)}

    return bars


@pytest.mark.parametrize("name", SAME)
def test_series_and_arrays_give_the_same_bits(real, name):
    ours, _ = SAME[name]
    series = {column: real[column] for column in ("open", "high", "low", "close", "volume")}
    np.testing.assert_array_equal(ours(series, 14), ours(bars_of(real), 14))
