import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import DataError
from quant.strategies.catalog import Thresholds
from quant.strategies.signals import signals_from_predictions

LONG_FLAT = Thresholds()
LONG_SHORT = Thresholds(direction="long_short")


def panel(*columns):
    """One list of probabilities an instrument; all with the same bars."""
    timestamps = pd.date_range("2020-01-01 21:00", periods=len(columns[0]), tz="UTC", unit="us")
    index = pd.MultiIndex.from_product([timestamps, range(len(columns))], names=["timestamp", "instrument"])
    return pd.DataFrame({"probability": np.array(columns, dtype=float).T.ravel()}, index=index)


def signals(probabilities, spec):
    return signals_from_predictions(panel(probabilities), spec)["signal"].tolist()


def test_hysteresis_holds_between_the_thresholds():
    probabilities = [0.54, 0.55, 0.50, 0.4999, 0.54, 0.56, 0.39, 0.54]
    assert signals(probabilities, LONG_FLAT) == [0, 1, 1, 0, 0, 1, 0, 0]


def test_short_side_mirrors_the_long_side():
    probabilities = [0.41, 0.40, 0.45, 0.50, 0.5001, 0.45, 0.30, 0.56, 0.40]
    assert signals(probabilities, LONG_SHORT) == [0, -1, -1, -1, 0, 0, -1, 1, -1]


def test_long_flat_never_goes_short():
    assert signals([0.0, 0.1, 0.9, 0.0], LONG_FLAT) == [0, 0, 1, 0]


def test_unknown_probability_ends_any_position():
    assert signals([0.9, np.nan, 0.52, 0.1, np.nan, 0.45], LONG_SHORT) == [1, 0, 0, -1, 0, 0]


def test_a_probability_on_both_entry_thresholds_is_long():
    spec = Thresholds(direction="long_short", enter_above=0.5, exit_below=0.5, short_below=0.5, cover_above=0.5)
    assert signals([0.5, 0.49, 0.51], spec) == [1, -1, 1]


def test_instruments_do_not_touch_each_other():
    found = signals_from_predictions(panel([0.9, 0.52, 0.52], [0.52, 0.52, 0.9]), LONG_FLAT)["signal"]
    assert found.xs(0, level="instrument").tolist() == [1, 1, 1]
    assert found.xs(1, level="instrument").tolist() == [0, 0, 1]
    assert found.dtype == np.int64


def test_panel_of_no_rows_gives_no_signals():
    assert signals_from_predictions(panel([0.9]).iloc[:0], LONG_FLAT).empty


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda p: p[::-1], "sort the panel"),
        (lambda p: pd.concat([p, p]).sort_index(), "duplicates"),
        (lambda p: p.reset_index("instrument", drop=True), "panel"),
        (lambda p: p + 0.5, "between 0 and 1; found 1.4"),
        (lambda p: p - 1.0, "between 0 and 1"),
    ],
)
def test_what_is_no_panel_of_probabilities_is_refused(broken, message):
    with pytest.raises(DataError, match=message):
        signals_from_predictions(broken(panel([0.9, 0.52, 0.2])), LONG_FLAT)


probabilities = st.lists(
    st.tuples(*[st.one_of(st.sampled_from([0.4, 0.5, 0.55, np.nan]), st.floats(0, 1))] * 2), min_size=1, max_size=60
)
specs = st.sampled_from([LONG_FLAT, LONG_SHORT, Thresholds(direction="long_short", enter_above=0.7, short_below=0.2)])


@settings(deadline=None)
@given(rows=probabilities, spec=specs, cut=st.integers(0, 60))
def test_later_probabilities_never_change_an_earlier_signal(rows, spec, cut):
    whole = panel(*zip(*rows, strict=True))
    n_kept = 2 * min(cut, len(rows))
    pd.testing.assert_frame_equal(
        signals_from_predictions(whole, spec).iloc[:n_kept], signals_from_predictions(whole.iloc[:n_kept], spec)
    )


@settings(deadline=None)
@given(rows=probabilities, spec=specs)
def test_equals_the_rules_read_aloud(rows, spec):
    whole = panel(*zip(*rows, strict=True))
    held = {0: 0, 1: 0}
    for (_, instrument), p, signal in zip(
        whole.index, whole["probability"], signals_from_predictions(whole, spec)["signal"], strict=True
    ):
        if p >= spec.enter_above:
            expected = 1
        elif spec.direction == "long_short" and p <= spec.short_below:
            expected = -1
        elif held[instrument] == 1:
            expected = int(p >= spec.exit_below)
        elif held[instrument] == -1:
            expected = -int(p <= spec.cover_above)
        else:
            expected = 0
        assert signal == expected
        held[instrument] = signal


def test_of_three_classes_neither_counts_half():
    up, down = [0.4, 0.3, 0.2, 0.1, 0.3], [0.2, 0.3, 0.35, 0.5, 0.2]
    three = panel(up).assign(probability_down=down)
    two = panel([(1 + u - d) / 2 for u, d in zip(up, down, strict=True)])
    expected = signals_from_predictions(two, LONG_SHORT)["signal"].tolist()
    assert signals_from_predictions(three, LONG_SHORT)["signal"].tolist() == expected == [1, 1, 0, -1, 1]


def test_a_probability_of_a_fall_is_checked_too():
    with pytest.raises(DataError, match=r"between 0 and 1; found 1\.2"):
        signals_from_predictions(panel([0.5]).assign(probability_down=1.2), LONG_SHORT)


def with_sides(probabilities, sides):
    return panel(probabilities).assign(side=np.array(sides, dtype=float))


def test_a_given_side_is_taken_when_it_is_likely_to_pay():
    probabilities = [0.60, 0.52, 0.49, 0.60, 0.60, 0.52, 0.52, 0.60]
    sides = [1, 1, 1, -1, -1, -1, 1, 0]
    both = signals_from_predictions(with_sides(probabilities, sides), LONG_SHORT)["signal"]
    assert both.tolist() == [1, 1, 0, -1, -1, -1, 0, 0]
    long = signals_from_predictions(with_sides(probabilities, sides), LONG_FLAT)["signal"]
    assert long.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert both.dtype == long.dtype == np.int64


def test_a_side_that_turns_is_followed_only_if_that_is_likely_to_pay_too():
    probabilities, sides = [0.60, 0.60, 0.52], [1, -1, -1]
    found = signals_from_predictions(with_sides(probabilities, sides), LONG_SHORT)["signal"]
    assert found.tolist() == [1, -1, -1]
    unlikely = signals_from_predictions(with_sides([0.60, 0.52, 0.52], sides), LONG_SHORT)["signal"]
    assert unlikely.tolist() == [1, 0, 0]


def test_without_a_side_there_is_no_signal():
    found = signals_from_predictions(with_sides([0.9, 0.9, 0.9], [1, np.nan, 0]), LONG_SHORT)["signal"]
    assert found.tolist() == [1, 0, 0]
