import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.labels.triple_barrier import label_events, triple_barrier
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
        ({"stop_width": -1.0}, "stop_width to be above 0"),
        ({"volatility_window": 1}, "volatility_window to be at least 2"),
    ],
)
def test_parameters_out_of_bounds_are_refused(wrong, message):
    with pytest.raises(InvalidSpec, match=message):
        label(bars(ENTERED, ENTERED, ENTERED), **wrong)


def read_aloud(prices, row, horizon, up, down, path):
    """The definition, bar by bar."""
    entry = prices["open"].iloc[row + 1]
    for bar in range(row + 1, row + horizon + 1):
        open_, high, low, close = prices[["open", "high", "low", "close"]].iloc[bar]
        if path == "close":
            open_ = high = low = close
        if low / entry - 1 <= -down:
            return -1, bar, min(open_ / entry - 1, -down)
        if high / entry - 1 >= up:
            return 1, bar, max(open_ / entry - 1, up)
    end = row + horizon + 1
    last = prices["open"].iloc[end] / entry - 1
    return (1 if last >= up else -1 if last <= -down else 0), end, last


@settings(max_examples=30)
@given(
    prices=price_walks(40, 120),
    horizon=st.integers(1, 12),
    width=st.floats(0.1, 3.0),
    stop_width=st.none() | st.floats(0.1, 3.0),
    window=st.integers(2, 20),
    path=st.sampled_from(["range", "close"]),
)
def test_equals_the_definition_read_aloud(prices, horizon, width, stop_width, window, path):
    labels = label(prices, horizon=horizon, width=width, stop_width=stop_width, volatility_window=window, path=path)
    assert labels["label"].iloc[:window].isna().all()
    returns = np.log(prices["close"] / prices["close"].shift()).to_numpy()
    for row in np.flatnonzero(labels["label"].notna()):
        deviation = returns[row - window + 1 : row + 1].std(ddof=1) * np.sqrt(horizon)
        up, down = width * deviation, (stop_width or width) * deviation
        side, end, outcome = read_aloud(prices, row, horizon, up, down, path)
        assert (labels["label"].iloc[row], labels["label_end"].iloc[row]) == (side, prices.index[end])
        assert labels["outcome"].iloc[row] == pytest.approx(outcome, rel=1e-9, abs=1e-12)


@settings(max_examples=20)
@given(prices=price_walks(60, 120), cut=st.integers(45, 60))
def test_a_shorter_history_says_the_same_bit_for_bit(prices, cut):
    whole, part = (label(each, horizon=5, volatility_window=10) for each in (prices, prices.iloc[:cut]))
    known = whole["known_at"] <= prices.index[cut - 1]
    pd.testing.assert_frame_equal(part[known.iloc[:cut]], whole[known], check_exact=True)
    assert part[~known.iloc[:cut]].isna().all(axis=None)


def test_a_lower_barrier_may_be_at_another_distance():
    fallen = bars((100, 105, 85, 100), ENTERED, ENTERED)  # by 15 %, of 20 % to a barrier as far as the upper one
    assert label(fallen)["label"].iloc[2] == 0
    tighter = label(fallen, stop_width=0.5).iloc[2]
    assert tighter["label"] == -1
    assert tighter["outcome"] == pytest.approx(-DISTANCE / 2)


def test_closes_alone_touch_if_asked():
    wicks = (100, 130, 70, 100)  # beyond both barriers, and back
    assert label(bars(wicks, ENTERED, ENTERED))["label"].iloc[2] == -1
    closed = label(bars(wicks, (100, 130, 70, 125), ENTERED), path="close").iloc[2]
    assert (closed["label"], closed["outcome"]) == (1, pytest.approx(0.25))


# Of a position from the open at 100: profit 10 % away, stop 5 %.
@pytest.mark.parametrize(
    ("side", "bar", "label_", "outcome"),
    [
        (1, (100, 111, 99, 100), 1, 0.10),
        (1, (100, 101, 94, 100), -1, -0.05),
        (-1, (100, 101, 89, 100), 1, 0.10),
        (-1, (100, 106, 99, 100), -1, -0.05),
        (1, (100, 111, 94, 100), -1, -0.05),
        (-1, (100, 106, 89, 100), -1, -0.05),
        (-1, (100, 103, 97, 100), 0, 0.04),
    ],
    ids=["long gains", "long loses", "short gains", "short loses", "long, both", "short, both", "short, neither"],
)
def test_a_side_has_its_own_profit_and_stop(side, bar, label_, outcome):
    prices = bars(bar, (100, 102, 98, 100), (96, 96, 96, 96))
    events = prices.index[[2]]
    profit, stop, sides = (np.array([value]) for value in (0.10, 0.05, float(side)))
    (row,) = label_events(prices, events, profit=profit, stop=stop, horizon=2, side=sides).to_dict("records")
    assert row["label"] == label_
    assert row["outcome"] == pytest.approx(outcome)


@settings(max_examples=20)
@given(prices=price_walks(30, 90), horizon=st.integers(1, 8), seed=st.integers(0, 2**32 - 1))
def test_a_short_position_is_a_long_one_in_prices_upside_down(prices, horizon, seed):
    """In closes: what goes up by a factor goes down by it."""
    rng = np.random.default_rng(seed)
    up = rng.uniform(0.01, 0.1, len(prices))
    events = pd.DatetimeIndex(prices.index)
    mirrored = prices.assign(**{name: 1.0 / prices[name] for name in ("open", "high", "low", "close")})
    # 1 / (1 + up) - 1 = -up / (1 + up) is as far below as up is above.
    short = label_events(
        prices, events, profit=up / (1 + up), stop=up, horizon=horizon, path="close", side=np.full(len(up), -1.0)
    )
    long = label_events(mirrored, events, profit=up, stop=up / (1 + up), horizon=horizon, path="close")
    both = short["label"].notna()
    assert (long["label"].notna() == both).all()
    assert (short["label"][both] == long["label"][both]).mean() > 0.99  # a tie may fall either way by a rounding
    assert (short["label_end"][both] == long["label_end"][both]).mean() > 0.99


def test_events_are_bars_and_have_numbers_of_their_own():
    prices = bars(ENTERED, ENTERED, ENTERED)
    one = np.array([0.1])
    with pytest.raises(InvalidSpec, match="events that are bars"):
        label_events(prices, prices.index[[2]] + pd.Timedelta(hours=1), profit=one, stop=one, horizon=2)
    with pytest.raises(InvalidSpec, match="distance and a side for each event"):
        label_events(prices, prices.index[[1, 2]], profit=one, stop=one, horizon=2)
    with pytest.raises(InvalidSpec, match="horizon to be at least 1"):
        label_events(prices, prices.index[[2]], profit=one, stop=one, horizon=0)
    assert len(label_events(prices, prices.index[:0], profit=one[:0], stop=one[:0], horizon=2)) == 0
    unknown = label_events(prices, prices.index[[2]], profit=one, stop=one, horizon=2, side=np.array([0.0]))
    assert unknown.isna().all(axis=None)
