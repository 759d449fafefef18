"""Entropies of the last returns, written in few symbols: how much of what comes next is new.

All are divided by what symbols by chance come to: 1 is chance, whatever the number of symbols. Symbols are chosen by
the window itself, its median or its quartiles, which look at nothing outside of it.
"""

import numpy as np
from numba import types
from numpy.typing import ArrayLike, NDArray

from quant.errors import InvalidSpec
from quant.features.arrays import COUNT, INPUT, NUMBER, OUTPUT, Values, as_values, check_at_least, kernel
from quant.features.catalog import KontoyiannisEntropy, LempelZivComplexity, PlugInEntropy
from quant.features.catalog.entropy import Encoding
from quant.features.columns import column_values, feature
from quant.features.entropy import COUNTS, Counts, entropy_of, logarithms
from quant.features.runs import over_runs, returns_of
from quant.frames import Prices

# Sets of places in a window, a bit a place, 64 in a number; the last number stays empty.
_WORD, _SET, _SETS = types.uint64, types.Array(types.uint64, 1, "C"), types.Array(types.uint64, 2, "C")
_ONES = np.uint64(2**64 - 1)
_ONE, _SIX, _LAST = np.uint64(1), np.uint64(6), np.uint64(63)  # numba makes fractions of numbers of two kinds

# Symbols of an encoding. Three stand for the signs; others part the window into equally many.
_SIGNS = 3
_SMALLEST = np.nextafter(0.0, 1.0)  # whatever is above zero reaches it
_N_SYMBOLS: dict[str, int] = {"sign": _SIGNS, "halves": 2, "quarters": 4}


def rolling_plug_in(values: ArrayLike, window: int, encoding: Encoding = "halves", length: int = 3) -> Values:
    """Return the entropy of the words that occur in the last values, written in symbols.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as a return; finite or NaN (unknown).
    window : int
        Values to look back, at least 2 and more than `length`.
    encoding : {"halves", "quarters", "sign"}, default="halves"
        Symbols by the median or the quartiles of the window, or by sign (below, at and above zero).
    length : int, default=3
        Symbols of a word, from 1 to 4.

    Returns
    -------
    ndarray of shape (n_bars,)
        Entropy a symbol over that of symbols by chance: from 0 to 1. NaN before the window is full and while it holds
        an unknown value.

    Raises
    ------
    InvalidSpec
        If a parameter is out of its bounds or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    Words overlap. There are fewer words than possible ones in a short window, which makes chance seem less than 1.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 18.3 and snippet 18.1.
    """
    n_symbols = _n_symbols(encoding)
    check_at_least(1, length=length)
    check_at_least(max(2, length + 1), window=window)
    return over_runs(as_values(values), window, lambda run, outputs: _plug_in(run, window, n_symbols, length, outputs))


def rolling_lempel_ziv(values: ArrayLike, window: int, encoding: Encoding = "halves") -> Values:
    """Return the complexity of the last values, written in symbols: how many words it takes to tell them.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as a return; finite or NaN (unknown).
    window : int
        Values to look back, at least 4.
    encoding : {"halves", "quarters", "sign"}, default="halves"
        Symbols by the median or the quartiles of the window, or by sign (below, at and above zero).

    Returns
    -------
    ndarray of shape (n_bars,)
        `c log(n) / n`, the logarithm to the base of the number of symbols, with `c` words in `n` values: about 1 by
        chance, a little more in short windows. NaN before the window is full and while it holds an unknown value.

    Raises
    ------
    InvalidSpec
        If a parameter is out of its bounds or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    A word is the shortest that has not occurred in what stands before its last symbol.

    References
    ----------
    Lempel & Ziv 1976, IEEE Transactions on Information Theory 22(1), 75; the algorithm of Kaspar & Schuster 1987,
    Physical Review A 36(2), 842. Of two symbols equal to antropy's `lziv_complexity` with `normalize`.
    """
    n_symbols = _n_symbols(encoding)
    check_at_least(4, window=window)
    return over_runs(as_values(values), window, lambda run, outputs: _lempel_ziv(run, window, n_symbols, outputs))


def rolling_kontoyiannis(values: ArrayLike, window: int, encoding: Encoding = "halves") -> Values:
    """Return an estimate of the entropy rate of the last values, from the lengths of what repeats.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar, such as a return; finite or NaN (unknown).
    window : int
        Values to look back, at least 4.
    encoding : {"halves", "quarters", "sign"}, default="halves"
        Symbols by the median or the quartiles of the window, or by sign (below, at and above zero).

    Returns
    -------
    ndarray of shape (n_bars,)
        Entropy a symbol over that of symbols by chance: about 1 by chance, less if they repeat. NaN before the window
        is full and while it holds an unknown value.

    Raises
    ------
    InvalidSpec
        If a parameter is out of its bounds or `values` is not one-dimensional.

    Notes
    -----
    Timing: the value at `t` uses values `t - window + 1` to `t` and is known when `values[t]` is.

    For each place `i` from 1 to half of the window: the longest word that begins there and begins at an earlier place
    too, at most `i` long, one symbol more, is `L`; the estimate is the mean of `log2(i + 1) / L`. The cost of a value
    grows with the square of the window.

    References
    ----------
    Kontoyiannis 1997, Stanford technical report NSF-95; López de Prado 2018, snippet 18.4 with an expanding window.
    """
    n_symbols = _n_symbols(encoding)
    check_at_least(4, window=window)
    return over_runs(as_values(values), window, lambda run, outputs: _kontoyiannis(run, window, n_symbols, outputs))


def _n_symbols(encoding: str) -> int:
    if encoding not in _N_SYMBOLS:
        raise InvalidSpec(f"Expected an encoding of {', '.join(_N_SYMBOLS)}; found {encoding!r}.", field="encoding")
    return _N_SYMBOLS[encoding]


@kernel(INPUT, NUMBER, returns=COUNT)
def _n_below(values: Values, bound: float) -> int:
    n = 0
    for i in range(values.size):
        n += values[i] < bound
    return n


@kernel(INPUT, COUNT, COUNT, OUTPUT)
def _rank(values: Values, end: int, window: int, ranked: Values) -> None:
    """Sort the first window; in the order of a later one, exchange what left the window for what came."""
    if end == window:
        ranked[:] = np.sort(values[:end])
        return
    old, new = values[end - window - 1], values[end - 1]
    left, came = np.uint64(_n_below(ranked, old)), np.uint64(_n_below(ranked, new))
    if old < new:
        came -= _ONE
        while left < came:
            ranked[left] = ranked[left + _ONE]
            left += _ONE
    else:
        while left > came:
            ranked[left] = ranked[left - _ONE]
            left -= _ONE
    ranked[came] = new


@kernel(INPUT, COUNT, COUNT, OUTPUT, OUTPUT)
def _find_edges(values: Values, end: int, window: int, ranked: Values, edges: Values) -> None:
    """Write what values of a window must reach to be of the second symbol, the third, and so on."""
    n_symbols = edges.size + 1
    if n_symbols == _SIGNS:
        edges[0], edges[1] = 0.0, _SMALLEST
        return
    _rank(values, end, window, ranked)
    for part in range(1, n_symbols):
        edges[part - 1] = ranked[part * window // n_symbols]


@kernel(INPUT, INPUT, _SET)
def _encode(values: Values, edges: Values, symbols: NDArray[np.uint64]) -> None:
    """Write the symbol of each value of a window."""
    symbols[:] = np.uint64(0)
    for edge in edges:
        for i in range(values.size):
            symbols[i] += np.uint64(values[i] >= edge)


@kernel(INPUT, NUMBER, returns=_WORD)
def _reaching(values: Values, edge: float) -> np.uint64:
    """Return the set of the places, of up to 64, whose values reach an edge."""
    found = np.uint64(0)
    for i in range(values.size):
        found |= np.uint64(values[i] >= edge) << np.uint64(i)
    return found


@kernel(INPUT, INPUT, _SETS)
def _find(values: Values, edges: Values, places: NDArray[np.uint64]) -> None:
    """Write the set of the places of each symbol in a window."""
    for first in range(0, values.size, 64):
        part = values[first : min(first + 64, values.size)]
        reaching = _ONES >> np.uint64(64 - part.size)
        for symbol in range(edges.size):
            higher = _reaching(part, edges[symbol])
            places[symbol, first // 64] = reaching & ~higher
            reaching = higher
        places[edges.size, first // 64] = reaching


@kernel(_SET, _SETS, COUNT, returns=COUNT)
def _longest_match(symbols: NDArray[np.uint64], places: NDArray[np.uint64], place: int) -> int:
    """Return how long the longest word at a place is that begins at an earlier place too.

    Of 64 earlier places at a time those stay in a set, symbol by symbol, where it goes on alike.
    """
    longest, rest = np.uint64(0), symbols[place:]
    for word in range((place + 63) >> 6):
        n_earlier = min(place - 64 * word, 64)
        alike, same = _ONES >> np.uint64(64 - n_earlier), np.uint64(0)
        while same < rest.size:
            own, at, by = places[rest[same], word:], same >> _SIX, same & _LAST
            alike &= (own[at] >> by) | ((own[at + _ONE] << _ONE) << (_LAST - by))
            if alike == 0:
                break
            same += _ONE
        longest = max(longest, same)
    return int(longest)


@kernel(_WORD, _WORD, _WORD, _SET)
def _compare(own: np.uint64, others: np.uint64, before: np.uint64, alike: NDArray[np.uint64]) -> None:
    """Add to each set the places of a symbol that it also has 0, 1, 2, ... places before, in `others` and `before`."""
    for i in range(alike.size):
        by = np.uint64(i)
        alike[i] |= own & ((others << by) | ((before >> np.uint64(1)) >> (np.uint64(63) - by)))


@kernel(_SETS, COUNT, _SETS)
def _compare_all(places: NDArray[np.uint64], half: int, alike: NDArray[np.uint64]) -> None:
    """Write which places are like those some places earlier; `alike` has a column a distance, up to `half`."""
    alike[:] = np.uint64(0)
    for symbol in range(places.shape[0]):
        own = places[symbol]
        for word in range(places.shape[1] - 1):
            for first in range(0, min(half + 1, 64 * word + 64), 64):
                skip = word - (first >> 6)
                before = own[skip - 1] if skip > 0 else np.uint64(0)
                _compare(own[word], own[skip], before, alike[word, first : first + 64])


@kernel(_SET, _SET, _WORD, _SET, returns=_WORD)
def _go_on(alike: NDArray[np.uint64], later: NDArray[np.uint64], by: np.uint64, left: NDArray[np.uint64]) -> np.uint64:
    """Keep in each set the places that are alike so many places later too; return which are left in any."""
    found = np.uint64(0)
    for i in range(left.size):
        left[i] &= (alike[i] >> by) | ((later[i] << np.uint64(1)) << (np.uint64(63) - by))
        found |= left[i]
    return found


@kernel(_WORD, COUNT, COUNTS)
def _add_digit(places: np.uint64, digit: int, lengths: Counts) -> None:
    for i in range(lengths.size):
        lengths[i] += np.int64((places >> np.uint64(i)) & np.uint64(1)) << digit


@kernel(_SETS, COUNT, COUNTS)
def _longest_matches(alike: NDArray[np.uint64], half: int, lengths: Counts) -> None:
    """Write how long the longest word at each place up to `half` is that begins at one of the earlier places too.

    How long is counted for 64 places at once: the ones of all counts are a set, the twos another, and so on.
    """
    left, digits = np.empty(half, dtype=np.uint64), np.empty(64, dtype=np.uint64)
    for word in range((half >> 6) + 1):
        left[:], digits[:] = _ONES, np.uint64(0)
        same, n_digits = 0, 0
        while True:
            at = word + (same >> 6)
            carry = _go_on(alike[at, 1:], alike[at + 1, 1:], np.uint64(same & 63), left)
            if carry == 0:
                break
            same += 1
            digit = 0
            while carry != 0:
                digits[digit], carry = digits[digit] ^ carry, digits[digit] & carry
                digit += 1
            n_digits = max(n_digits, digit)
        lengths[64 * word : 64 * word + 64] = 0
        for digit in range(n_digits):
            _add_digit(digits[digit], digit, lengths[64 * word : 64 * word + 64])


@kernel(_SET, _WORD, _SET)
def _append(symbols: NDArray[np.uint64], n_symbols: np.uint64, words: NDArray[np.uint64]) -> None:
    """Make each word longer by a symbol."""
    for i in range(words.size):
        words[i] = words[i] * n_symbols + symbols[i]


@kernel(INPUT, COUNT, COUNT, COUNT, OUTPUT)
def _plug_in(values: Values, window: int, n_symbols: int, length: int, outputs: Values) -> None:
    ranked, edges, symbols = np.empty(window), np.empty(n_symbols - 1), np.empty(window, dtype=np.uint64)
    counts = np.empty(n_symbols**length, dtype=np.int64)
    logs = logarithms(window)
    words = np.empty(window - length + 1, dtype=np.uint64)
    for end in range(window, values.size + 1):
        _find_edges(values, end, window, ranked, edges)
        _encode(values[end - window : end], edges, symbols)
        counts[:] = 0
        words[:] = symbols[: words.size]
        for later in range(1, length):
            _append(symbols[later : later + words.size], np.uint64(n_symbols), words)
        for word in words:
            counts[word] += 1
        outputs[end - 1] = entropy_of(counts, logs) / (length * np.log(n_symbols))


@kernel(INPUT, COUNT, COUNT, OUTPUT)
def _lempel_ziv(values: Values, window: int, n_symbols: int, outputs: Values) -> None:
    ranked, edges, symbols = np.empty(window), np.empty(n_symbols - 1), np.empty(window, dtype=np.uint64)
    places = np.zeros((n_symbols, window // 64 + 2), dtype=np.uint64)
    usual = window * np.log(n_symbols) / np.log(window)
    for end in range(window, values.size + 1):
        _find_edges(values, end, window, ranked, edges)
        _encode(values[end - window : end], edges, symbols)
        _find(values[end - window : end], edges, places)
        n_words, begin = 0, 0
        while begin < window:
            n_words += 1
            begin += _longest_match(symbols, places, begin) + 1
        outputs[end - 1] = n_words / usual


@kernel(INPUT, COUNT, COUNT, OUTPUT)
def _kontoyiannis(values: Values, window: int, n_symbols: int, outputs: Values) -> None:
    ranked, edges = np.empty(window), np.empty(n_symbols - 1)
    half, n_words = window // 2, window // 64 + 1
    places = np.zeros((n_symbols, n_words + 1), dtype=np.uint64)
    alike = np.zeros((n_words + 1, half + 1), dtype=np.uint64)
    lengths = np.zeros(64 * n_words, dtype=np.int64)
    logs = np.log(np.arange(half + 1) + 1.0)
    for end in range(window, values.size + 1):
        _find_edges(values, end, window, ranked, edges)
        _find(values[end - window : end], edges, places)
        _compare_all(places, half, alike)
        _longest_matches(alike, half, lengths)
        total = 0.0
        for place in range(1, half + 1):
            total += logs[place] / (min(lengths[place], place) + 1)
        outputs[end - 1] = total / half / np.log(n_symbols)


@feature(PlugInEntropy)
def plug_in_feature(prices: Prices, *, window: int, encoding: Encoding, length: int) -> Values:
    """Return the plug-in entropy of the logarithmic returns of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back.
    encoding : {"sign", "halves", "quarters"}
        How returns become symbols.
    length : int
        Symbols of a word.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The entropy, see `rolling_plug_in`. NaN at the first `window` bars and wherever the window holds
        an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.PlugInEntropy`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_plug_in(returns_of(column_values(prices, "close")), window, encoding, length)


@feature(LempelZivComplexity)
def lempel_ziv_feature(prices: Prices, *, window: int, encoding: Encoding) -> Values:
    """Return the Lempel-Ziv complexity of the logarithmic returns of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back.
    encoding : {"sign", "halves", "quarters"}
        How returns become symbols.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The complexity, see `rolling_lempel_ziv`. NaN at the first `window` bars and wherever the window holds
        an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.LempelZivComplexity`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_lempel_ziv(returns_of(column_values(prices, "close")), window, encoding)


@feature(KontoyiannisEntropy)
def kontoyiannis_feature(prices: Prices, *, window: int, encoding: Encoding) -> Values:
    """Return Kontoyiannis' entropy of the logarithmic returns of the close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    window : int
        Returns to look back.
    encoding : {"sign", "halves", "quarters"}
        How returns become symbols.

    Returns
    -------
    DataFrame of shape (n_bars, 1)
        The entropy, see `rolling_kontoyiannis`. NaN at the first `window` bars and wherever the window holds
        an unknown close.

    Raises
    ------
    ValidationError
        If a parameter is out of the bounds of `quant.features.catalog.KontoyiannisEntropy`; pydantic's, a ValueError.

    Notes
    -----
    Timing: the value at `t` uses closes up to `t`; the open of `t + 1` is the first at which one could act on it.
    """
    return rolling_kontoyiannis(returns_of(column_values(prices, "close")), window, encoding)
