"""The standard set: seven indicators with their usual parameters, in one pass over the bars and one block of memory.

Every indicator here also stands alone, for any parameters. Together they share what they load, hide the waiting of one
recursion behind the others, and write where they are to stay: that is where the time goes, not into arithmetic.
"""

import math

import numpy as np
from numba import types
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec
from quant.features.arrays import INPUT, NUMBER, OUTPUT, Values, as_aligned_values, kernel
from quant.features.columns import columns_values, to_frame
from quant.features.momentum import NEUTRAL_STRENGTH, relative_strength_index
from quant.features.trend import exponential_moving_average, macd
from quant.features.volatility import average_true_range, bollinger_bands, rolling_standard_deviation
from quant.frames import Features, Prices

COLUMNS = (
    "sma_20",
    "ema_20",
    "rsi_14",
    "macd_12_26_9",
    "macd_signal_12_26_9",
    "macd_histogram_12_26_9",
    "bollinger_lower_20_2",
    "bollinger_middle_20_2",
    "bollinger_upper_20_2",
    "atr_14",
    "volatility_20",
)
PERIODS_A_YEAR = 252
SETTLED = 34  # bars after which all are known; the first 34 are made by the indicators alone

_Block = NDArray[np.float64]
_BLOCK = types.Array(types.float64, 2, "C")


def standard_values(high: ArrayLike, low: ArrayLike, close: ArrayLike, *, out: _Block | None = None) -> _Block:
    """Return the standard set of indicators, one a row.

    Parameters
    ----------
    high : array-like of shape (n_bars,)
        Highest price of each bar, or NaN (unknown).
    low : array-like of shape (n_bars,)
        Lowest price of each bar, or NaN (unknown).
    close : array-like of shape (n_bars,)
        Last price of each bar, or NaN (unknown).
    out : ndarray of shape (11, n_bars), default=None
        Where to write: for many calls of one length, most of whose time would else go into fresh memory.

    Returns
    -------
    ndarray of shape (11, n_bars)
        In the order of `COLUMNS`: SMA 20, EMA 20, RSI 14; MACD 12 26 9, its signal and histogram; Bollinger bands 20 2,
        lower, middle and upper; ATR 14; and the volatility of 20 log returns, annualised by the root of 252. NaN in the
        warm-up of each and around unknown prices, as the indicators alone.

    Raises
    ------
    InvalidSpec
        If the series differ in length or are not one-dimensional, or if `out` has another shape.

    Notes
    -----
    Timing: the values at `t` use bars up to `t` and are known at the close of `t`.

    Examples
    --------
    >>> closes = [float(n) for n in range(1, 41)]
    >>> standard_values(closes, closes, closes)[:2, -1]
    array([30.5, 30.5])
    """
    highs, lows, closes = as_aligned_values(high=high, low=low, close=close)
    shape = (len(COLUMNS), closes.size)
    block = np.empty(shape) if out is None else out
    if block.shape != shape or block.dtype != np.float64 or not block.flags.c_contiguous:
        raise InvalidSpec(
            f"Expected `out` to be contiguous numbers of shape {shape}; found {block.shape}.", field="out"
        )
    if closes.size <= SETTLED:
        _one_by_one(highs, lows, closes, block)
        return block
    _one_by_one(highs[:SETTLED], lows[:SETTLED], closes[:SETTLED], block[:, :SETTLED])
    known = sum(values[:SETTLED].sum() for values in (highs, lows, closes))
    if math.isnan(known + _fill(highs, lows, closes, block)):  # a price is unknown
        _one_by_one(highs, lows, closes, block)
    return block


def standard_set(prices: Prices) -> Features:
    """Return the standard set of indicators of one instrument, as a chart or a screen shows them.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.

    Returns
    -------
    DataFrame of shape (n_bars, 11)
        Columns `COLUMNS`, in the unit of the price but for RSI and volatility; see `standard_values`.

    Notes
    -----
    Timing: row `t` uses bars up to `t`; the open of `t + 1` is the first at which one could act on it.

    These are for the eye, and move with the adjustment of prices. What a model sees is free of scale: the features of
    `quant.features.catalog`.
    """
    return to_frame(prices, standard_values(*columns_values(prices, "high", "low", "close")), COLUMNS)


def _one_by_one(highs: Values, lows: Values, closes: Values, block: _Block) -> None:
    """Fill a block by the indicators alone."""
    bands = bollinger_bands(closes, 20, 2.0)
    rows = (
        bands.middle,
        exponential_moving_average(closes, 20),
        relative_strength_index(closes, 14),
        *macd(closes, 12, 26, 9),
        *bands,
        average_true_range(highs, lows, closes, 14),
        _volatility(closes),
    )
    for row, values in zip(block, rows, strict=True):
        row[:] = values


def _volatility(closes: Values) -> Values:
    returns = np.empty_like(closes)
    returns[:1] = np.nan
    np.log(closes[1:] / closes[:-1], out=returns[1:])
    return rolling_standard_deviation(returns, 20) * math.sqrt(PERIODS_A_YEAR)


_LENGTH = 20  # bars of the windows
_STRETCH = 256  # bars after which sums begin anew
_NEAR = 1.0 / 256.0  # of squares: up to a move of an eighth, the term after the last is below a bit of the first
_STATES = 7  # what is carried from one stretch to the next, in the order of `_carry`


@kernel(INPUT, OUTPUT, _BLOCK)
def _begin(closes: Values, states: Values, block: _Block) -> None:
    """Write the averages of all recursions as they are at the last bar that the indicators alone have made."""
    weight = 1.0 / 14.0
    gain = loss = 0.0
    for i in range(1, SETTLED):
        keep = 1.0 if i <= 14 else 1.0 - weight  # noqa: PLR2004  # a sum of fourteenths, then Wilder's average
        change = closes[i] - closes[i - 1]
        gain = weight * max(change, 0.0) + keep * gain
        loss = weight * max(-change, 0.0) + keep * loss
    fast, slow = closes[14:26].mean(), closes[:26].mean()
    for i in range(26, SETTLED):
        fast = 2.0 / 13.0 * closes[i] + 11.0 / 13.0 * fast
        slow = 2.0 / 27.0 * closes[i] + 25.0 / 27.0 * slow
    last = SETTLED - 1
    states[0], states[1], states[2], states[3], states[4] = block[1, last], gain, loss, fast, slow
    states[5], states[6] = block[4, last], block[9, last]


@kernel(INPUT, OUTPUT)
def _log_returns(closes: Values, returns: Values) -> None:
    """Write logarithms of ratios of neighbours; `closes` begin one bar before.

    A logarithm is twice the area tangent of difference over sum. Its series needs a few terms where that is small, and
    takes several bars at a time; the rare other bars are asked for one by one.
    """
    nows = closes[1:]
    n_far = 0
    for i in range(returns.size):
        part = (nows[i] - closes[i]) / (nows[i] + closes[i])
        s = part * part
        n_far += 1 if s > _NEAR else 0
        series = 1.0 / 9.0 + s * (1.0 / 11.0 + s * (1.0 / 13.0))
        series = 1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * series)))
        returns[i] = 2.0 * part * series
    if n_far == 0:
        return
    for i in range(returns.size):
        part = (nows[i] - closes[i]) / (nows[i] + closes[i])
        if part * part > _NEAR:
            returns[i] = np.log(nows[i] / closes[i])


@kernel(INPUT, INPUT, INPUT, OUTPUT, OUTPUT, OUTPUT, OUTPUT)
def _moves(
    highs: Values, lows: Values, closes: Values, rises: Values, falls: Values, reaches: Values, seen: Values
) -> None:
    """Write what Wilder's averages are made of, each over 14; `closes` begin one bar before the others."""
    nows = closes[1:]
    for i in range(rises.size):
        high, low, close, previous = highs[i], lows[i], nows[i], closes[i]
        change = close - previous
        rise = change if change > 0.0 else 0.0  # noqa: FURB136  # max() also asks which one is NaN
        top = high if high > previous else previous  # noqa: FURB136  # as above
        bottom = low if low < previous else previous  # noqa: FURB136  # as above
        rises[i] = 1.0 / 14.0 * rise
        falls[i] = 1.0 / 14.0 * (rise - change)
        reaches[i] = 1.0 / 14.0 * (top - bottom)
        seen[i] += high + low  # known as long as all of them are


@kernel(INPUT, OUTPUT, OUTPUT, OUTPUT, OUTPUT, OUTPUT, OUTPUT, OUTPUT, contract=True)
def _carry(
    closes: Values,
    averages: Values,
    rises: Values,
    falls: Values,
    lines: Values,
    signals: Values,
    reaches: Values,
    states: Values,
) -> None:
    """Carry all recursions on, side by side: the processor works on one while another waits for its last value.

    Rises, falls and reaches become their averages.
    """
    average, gain, loss, fast, slow = states[0], states[1], states[2], states[3], states[4]
    signal, atr = states[5], states[6]
    for i in range(closes.size):
        close = closes[i]
        average = 2.0 / 21.0 * close + 19.0 / 21.0 * average
        averages[i] = average
        gain = rises[i] + 13.0 / 14.0 * gain
        rises[i] = gain
        loss = falls[i] + 13.0 / 14.0 * loss
        falls[i] = loss
        fast = 2.0 / 13.0 * close + 11.0 / 13.0 * fast
        slow = 2.0 / 27.0 * close + 25.0 / 27.0 * slow
        line = fast - slow
        signal = 0.2 * line + 0.8 * signal
        lines[i] = line
        signals[i] = signal
        atr = reaches[i] + 13.0 / 14.0 * atr
        reaches[i] = atr
    states[0], states[1], states[2], states[3], states[4] = average, gain, loss, fast, slow
    states[5], states[6] = signal, atr


@kernel(INPUT, OUTPUT, INPUT, INPUT, OUTPUT)
def _finish(losses: Values, strengths: Values, lines: Values, signals: Values, histograms: Values) -> None:
    """Turn the average gains in `strengths` into what stands there, and write the histogram; several bars at a time."""
    for i in range(strengths.size):
        whole = strengths[i] + losses[i]
        strengths[i] = 100.0 * (strengths[i] / whole) if whole > 0.0 else NEUTRAL_STRENGTH
    for i in range(histograms.size):
        histograms[i] = lines[i] - signals[i]


@kernel(INPUT, OUTPUT, OUTPUT, OUTPUT, OUTPUT)
def _window_sums(values: Values, totals: Values, squares: Values, fours: Values, square_fours: Values) -> None:
    """Write sums over windows of the distances from the first value, which is near, and of their squares.

    A sum of twenty is five sums of four, which neighbours share: unlike a sum that slides, no bar waits for the one
    before, and no rounding stays.
    """
    first = values[0]
    for i in range(totals.size + _LENGTH - 4):
        a, b, c, d = values[i] - first, values[i + 1] - first, values[i + 2] - first, values[i + 3] - first
        fours[i] = (a + b) + (c + d)
        square_fours[i] = (a * a + b * b) + (c * c + d * d)
    for i in range(totals.size):
        totals[i] = fours[i] + fours[i + 4] + (fours[i + 8] + fours[i + 12]) + fours[i + 16]
        squares[i] = (
            square_fours[i] + square_fours[i + 4] + (square_fours[i + 8] + square_fours[i + 12]) + square_fours[i + 16]
        )


@kernel(NUMBER, OUTPUT, OUTPUT, OUTPUT, OUTPUT)
def _bands(first: float, means: Values, uppers: Values, lowers: Values, middles: Values) -> None:
    """Turn the sums of distances in `means`, and of their squares in `uppers`, into what stands there."""
    for i in range(uppers.size):
        mean = means[i] * (1.0 / _LENGTH)
        variance = uppers[i] * (1.0 / _LENGTH) - mean * mean
        distance = 2.0 * np.sqrt(variance if variance > 0.0 else 0.0)  # noqa: FURB136  # max() also asks which is NaN
        mean += first
        means[i] = mean
        middles[i] = mean
        lowers[i] = mean - distance
        uppers[i] = mean + distance


@kernel(INPUT, OUTPUT)
def _deviations(moves: Values, volatilities: Values) -> None:
    """Turn the sums of squares in `volatilities` into what stands there; roots are taken several at a time."""
    for i in range(volatilities.size):
        squares = volatilities[i] - moves[i] * moves[i] * (1.0 / _LENGTH)
        variance = squares if squares > 0.0 else 0.0  # noqa: FURB136  # max() also asks which one is NaN
        volatilities[i] = np.sqrt(variance * (PERIODS_A_YEAR / (_LENGTH - 1.0)))


@kernel(INPUT, INPUT, INPUT, _BLOCK, returns=NUMBER)
def _fill(highs: Values, lows: Values, closes: Values, block: _Block) -> float:
    """Fill a block from bar `SETTLED` on; return NaN if a price is unknown.

    What is made of a stretch of bars stays in the first cache until it is done with.
    """
    states = np.empty(_STATES)
    _begin(closes, states, block)
    returns, falls, seen = np.empty(_STRETCH + _LENGTH), np.empty(_STRETCH), np.zeros(_STRETCH)
    moves, fours, square_fours = np.empty(_STRETCH), np.empty(_STRETCH + _LENGTH), np.empty(_STRETCH + _LENGTH)
    _log_returns(closes[SETTLED - _LENGTH - 1 : SETTLED], returns[:_LENGTH])
    for begin in range(SETTLED, closes.size, _STRETCH):
        end = min(begin + _STRETCH, closes.size)
        n_seen = end - begin + _LENGTH
        _log_returns(closes[begin - 1 : end], returns[_LENGTH:n_seen])
        means, uppers, volatilities = block[0, begin:end], block[8, begin:end], block[10, begin:end]
        _window_sums(closes[begin - _LENGTH + 1 : end], means, uppers, fours, square_fours)
        _bands(closes[begin - _LENGTH + 1], means, uppers, block[6, begin:end], block[7, begin:end])
        _window_sums(returns[1:n_seen], moves[: end - begin], volatilities, fours, square_fours)
        _deviations(moves[: end - begin], volatilities)
        returns[:_LENGTH] = returns[n_seen - _LENGTH : n_seen].copy()
        strengths, ranges, losses = block[2, begin:end], block[9, begin:end], falls[: end - begin]
        lines, signals = block[3, begin:end], block[4, begin:end]
        _moves(highs[begin:end], lows[begin:end], closes[begin - 1 : end], strengths, losses, ranges, seen)
        _carry(closes[begin:end], block[1, begin:end], strengths, losses, lines, signals, ranges, states)
        _finish(losses, strengths, lines, signals, block[5, begin:end])
    return float(states[0] + seen.sum())
