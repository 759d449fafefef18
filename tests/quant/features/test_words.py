import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.features.words import rolling_kontoyiannis, rolling_lempel_ziv, rolling_plug_in

N_SYMBOLS = {"sign": 3, "halves": 2, "quarters": 4}
every_encoding = pytest.mark.parametrize("encoding", N_SYMBOLS)


@pytest.fixture
def returns(real):
    close = real["close"].to_numpy()[:301]
    return np.log(close[1:] / close[:-1])


def message(part, encoding):
    """Return a window in letters."""
    if encoding == "sign":
        return "".join("-0+"[int(np.sign(value)) + 1] for value in part)
    n = N_SYMBOLS[encoding]
    edges = [np.sort(part)[k * len(part) // n] for k in range(1, n)]
    return "".join("abcd"[sum(value >= edge for edge in edges)] for value in part)


def plug_in_by_definition(text, length):
    counts = Counter(text[i : i + length] for i in range(len(text) - length + 1))
    n = sum(counts.values())
    return -sum(c / n * math.log(c / n) for c in counts.values()) / length


def words_by_definition(text):
    """Return the number of words of Lempel and Ziv: the shortest that does not occur before its last letter."""
    n_words, begin = 0, 0
    while begin < len(text):
        end = begin + 1
        while end <= len(text) and text[begin:end] in text[: end - 1]:
            end += 1
        n_words += 1
        begin = end
    return n_words


def kontoyiannis_by_definition(text):
    """Return what snippet 18.4 of López de Prado returns with an expanding window."""
    total, points = 0.0, range(1, len(text) // 2 + 1)
    for i in points:
        longest = ""
        for length in range(i):
            word = text[i : i + length + 1]
            if any(text[j : j + length + 1] == word for j in range(i)):
                longest = word
        total += math.log(i + 1) / (len(longest) + 1)
    return total / len(points)


@every_encoding
def test_entropies_by_their_definition(returns, encoding):
    n_symbols = N_SYMBOLS[encoding]
    plug_in = rolling_plug_in(returns, 60, encoding, 2)
    lempel_ziv, kontoyiannis = rolling_lempel_ziv(returns, 60, encoding), rolling_kontoyiannis(returns, 60, encoding)
    assert np.isnan(plug_in[:59]).all()
    for end in (60, 61, 150, 300):
        text = message(returns[end - 60 : end], encoding)
        log = math.log(n_symbols)
        assert plug_in[end - 1] == pytest.approx(plug_in_by_definition(text, 2) / log, rel=1e-9)
        assert lempel_ziv[end - 1] == pytest.approx(words_by_definition(text) * math.log(60) / log / 60, rel=1e-9)
        assert kontoyiannis[end - 1] == pytest.approx(kontoyiannis_by_definition(text) / log, rel=1e-9)


@pytest.mark.parametrize("window", [63, 64, 65, 128, 129, 200])
@pytest.mark.parametrize("habit", ["none", "three", "all"])
def test_words_that_reach_from_one_set_of_64_places_into_others(returns, window, habit):
    values = {"none": returns, "three": np.tile([0.01, 0.0, -0.01], 100), "all": np.full(300, 0.01)}[habit]
    lempel_ziv, kontoyiannis = rolling_lempel_ziv(values, window, "sign"), rolling_kontoyiannis(values, window, "sign")
    for end in (window, window + 1, 299):
        text = message(values[end - window : end], "sign")
        usual = window * math.log(3) / math.log(window)
        assert lempel_ziv[end - 1] == pytest.approx(words_by_definition(text) / usual, rel=1e-9)
        assert kontoyiannis[end - 1] == pytest.approx(kontoyiannis_by_definition(text) / math.log(3), rel=1e-9)


def test_lempel_ziv_as_antropy_says():
    """Written down from antropy 0.2.3, `lziv_complexity(halves, normalize=True)` of 100 returns of IBM, etc."""
    close = pd.read_csv("quant/data/sample/IBM.csv")["close"].to_numpy(dtype=float)[:301]
    found = rolling_lempel_ziv(np.log(close[1:] / close[:-1]), 100)[[99, 199, 299]]
    np.testing.assert_allclose(found, [1.2623326760571978, 1.1294555522617034, 1.1958941141594506], rtol=1e-12)


@pytest.mark.parametrize("measure", [rolling_plug_in, rolling_lempel_ziv, rolling_kontoyiannis])
def test_chance_says_more_than_habit(measure):
    noise = np.random.default_rng(8).normal(size=250)
    habit = np.tile([1.0, 2.0, 2.0, 1.0, 1.0], 50)
    assert measure(noise, 250)[-1] == pytest.approx(1.0, abs=0.2)
    assert measure(habit, 250)[-1] < 0.6 * measure(noise, 250)[-1]
    assert np.isfinite(measure(np.zeros(60), 60)[-1])


def test_what_cannot_be_computed_is_refused():
    with pytest.raises(InvalidSpec, match="an encoding of sign, halves, quarters; found 'thirds'"):
        rolling_lempel_ziv(np.zeros(50), 20, "thirds")
    with pytest.raises(InvalidSpec, match="window to be at least 4; found 3"):
        rolling_kontoyiannis(np.zeros(50), 3)
    with pytest.raises(InvalidSpec, match="length to be at least 1"):
        rolling_plug_in(np.zeros(50), 20, "halves", 0)
