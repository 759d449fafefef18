import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.labels.triple_barrier import triple_barrier
from tests.quant.features.generated import price_walks


def label(prices, **changes):
    parameters = {"horizon": 2, "width": 1.0, "volatility_window": 2, "classes": "three_way"} | changes
    return triple_barrier(prices, **parameters)


def bars(*rows):
    """Bars of (open, high, low, close); after closes of 100, 110, 99 the volatility of two returns is known."""
    before = [(100, 100, 100, 100), (110, 110, 110, 110), (99, 99, 99, 99)]
    index = pd.date_range("2024-01-01 21:00", periods=3 + len(rows), tz="UTC", unit="us", name="timestamp")
    frame = pd.DataFrame([*before, *rows], columns=["open", "high", "low", "close"], index=index, dtype=float)
    return frame.assign(session=index.tz_localize(None).normalize(), volume=1.0, split_factor=1.0, dividend=0.0)


# ln(110/100) = 0.0953, ln(99/110) = -0.1054: deviation 0.14190, times √2 bars: barriers 20.07 % away from the entry.
DISTANCE = np.std(np.log([110 / 100, 99 / 110]), ddof=1) * np.sqrt(2)
ENTERED = (100, 105, 95, 100)


@pytest.mark.parametrize(
    ("rows", "expected", "outcome", "n_bars"),
    [
        ([(100, 121, 99, 100), ENTERED, ENTERED], 1, DISTANCE, 1),
        ([(100, 101, 79, 100), ENTERED, ENTERED], -1, -DISTANCE, 1),
        ([ENTERED, (100, 121, 99, 100), ENTERED], 1, DISTANCE, 2),
        ([ENTERED, (125, 126, 124, 125), ENTERED], 1, 0.25, 2),
        ([ENTERED, (70, 130, 60, 100), ENTERED], -1, -0.30, 2),
        ([(100, 121, 79, 100), ENTERED, ENTERED], -1, -DISTANCE, 1),
        ([ENTERED, ENTERED, (107, 150, 50, 100)], 0, 0.07, 3),
        ([ENTERED, ENTERED, (130, 130, 130, 130)], 1, 0.30, 3),
    ],
    ids=[
        "up in the bar of entry",
        "down in the bar of entry",
        "up in the second bar",
        "opens above",
        "opens below, then reaches the other",
        "both in one bar: the worse",
        "neither: only the last open counts",
        "beyond at the last open",
    ],
)
def test_known_answers(rows, expected, outcome, n_bars):
    labels = label(bars(*rows))
    row = labels.iloc[2]
    assert row["label"] == expected
    assert row["outcome"] == pytest.approx(outcome, abs=1e-12)
    assert row["label_end"] == labels.index[2 + n_bars]
    assert row["known_at"] == labels.index[5]
    assert labels["label"].notna().tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize(("last_open", "expected"), [(107, 1), (93, 0), (100, 0)])
def test_of_two_classes_the_end_decides_by_its_sign(last_open, expected):
    labels = label(bars(ENTERED, ENTERED, (last_open, 150, 50, 100)), classes="two_way")
    assert labels["label"].iloc[2] == expected
    assert labels["outcome"].iloc[2] == pytest.approx(last_open / 100 - 1)


def test_without_volatility_there_are_no_barriers():
    still = bars(*[(99, 99, 99, 99)] * 8)
    labels = label(still, volatility_window=3)
    assert labels["label"].notna().tolist() == [False] * 3 + [True] * 2 + [False] * 6


def test_an_unknown_price_on_the_way_leaves_no_label_unless_a_barrier_came_first():
    prices = bars(ENTERED, ENTERED, ENTERED)
    prices.iloc[4, prices.columns.get_loc("low")] = np.nan
    assert np.isnan(label(prices)["label"].iloc[2])
    prices.iloc[3, prices.columns.get_loc("high")] = 130
    assert label(prices)["label"].iloc[2] == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"horizon": 0}, "horizon to be at least 1"),
        ({"width": 0.0}, "width to be above 0"),
        ({"width": float("nan")}, "width to be above 0"),
        ({"volatility_window": 1}, "volatility_window to be at least 2"),
    ],
)
def test_parameters_out_of_bounds_are_refused(wrong, message):
    with pytest.raises(InvalidSpec, match=message):
        label(bars(ENTERED, ENTERED, ENTERED), **wrong)


def read_aloud(prices, row, horizon, width, window):
    """The definition, bar by bar."""
    returns = np.log(prices["close"] / prices["close"].shift()).to_numpy()[row - window + 1 : row + 1]
    distance = width * returns.std(ddof=1) * np.sqrt(horizon)
    entry = prices["open"].iloc[row + 1]
    for bar in range(row + 1, row + horizon + 1):
        _, open_, high, low = prices[["session", "open", "high", "low"]].iloc[bar]
        if low / entry - 1 <= -distance:
            return -1, bar, min(open_ / entry - 1, -distance)
        if high / entry - 1 >= distance:
            return 1, bar, max(open_ / entry - 1, distance)
    end = row + horizon + 1
    last = prices["open"].iloc[end] / entry - 1
    return (int(np.sign(last)) if abs(last) >= distance else 0), end, last


@settings(max_examples=30)
@given(
    prices=price_walks(40, 120),
    horizon=st.integers(1, 12),
    width=st.floats(0.1, 3.0),
    window=st.integers(2, 20),
)
def test_equals_the_definition_read_aloud(prices, horizon, width, window):
    labels = label(prices, horizon=horizon, width=width, volatility_window=window)
    assert labels["label"].iloc[:window].isna().all()
    for row in np.flatnonzero(labels["label"].notna()):
        side, end, outcome = read_aloud(prices, row, horizon, width, window)
        assert (labels["label"].iloc[row], labels["label_end"].iloc[row]) == (side, prices.index[end])
        assert labels["outcome"].iloc[row] == pytest.approx(outcome, rel=1e-9, abs=1e-12)


@settings(max_examples=20)
@given(prices=price_walks(60, 120), cut=st.integers(45, 60))
def test_a_shorter_history_says_the_same_bit_for_bit(prices, cut):
    whole, part = (label(each, horizon=5, volatility_window=10) for each in (prices, prices.iloc[:cut]))
    known = whole["known_at"] <= prices.index[cut - 1]
    pd.testing.assert_frame_equal(part[known.iloc[:cut]], whole[known], check_exact=True)
    assert part[~known.iloc[:cut]].isna().all(axis=None)
