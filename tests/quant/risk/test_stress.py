import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.risk.stress import EPISODES, named_windows, worst_windows

returns = st.lists(st.floats(-0.3, 0.4).map(lambda r: round(r, 3)), min_size=1, max_size=40)


@settings(deadline=None, max_examples=40)
@given(values=returns, length=st.integers(1, 10))
def test_the_worst_window_equals_a_walk_along_the_curve(curve_of, values, length):
    curve = curve_of(values)
    found = worst_windows(curve, curve * 3.0, lengths=(length,))
    changes = [curve.iloc[i + length] / curve.iloc[i] - 1 for i in range(len(curve) - length)]
    if not changes:
        assert found.empty
        return
    row, worst = found.iloc[0], int(np.argmin(changes))
    assert row["return"] == min(changes)
    assert (row["start_at"], row["end_at"]) == (curve.index[worst], curve.index[worst + length])
    assert row["n_bars"] == length
    assert row["benchmark_return"] == pytest.approx(row["return"], abs=1e-12)


def test_a_benchmark_without_the_bars_is_unknown(curve_of):
    curve = curve_of([-0.1, 0.1, 0.2])
    found = worst_windows(curve, curve.iloc[2:], lengths=(1, 9))
    assert found["n_bars"].tolist() == [1]
    assert np.isnan(found["benchmark_return"].iloc[0])
    assert worst_windows(curve)["n_bars"].tolist() == []
    assert worst_windows(curve).dtypes.equals(found.dtypes)


def test_a_lost_account_does_not_fall_any_further(curve_of):
    curve = curve_of([0.0, 0.0, 0.0])
    curve.iloc[:] = [100.0, -5.0, 3.0, 2.0]
    found = worst_windows(curve, lengths=(1,))
    assert found["return"].tolist() == [-1.05]


def test_a_window_of_no_bars_is_refused(curve_of):
    with pytest.raises(InvalidSpec, match="at least 1"):
        worst_windows(curve_of([0.1]), lengths=(0,))


def test_real_prices_in_the_financial_crisis(real_curves):
    curve = real_curves["IBM"]
    table = named_windows(curve, curve).set_index("name")
    assert "Financial crisis" in table.index
    assert "Covid" not in table.index
    crisis = table.loc["Financial crisis"]
    assert crisis["start_at"].date().isoformat() == "2007-10-09"
    assert crisis["end_at"].date().isoformat() == "2009-03-09"
    assert crisis["return"] == crisis["benchmark_return"]
    assert crisis["return"] == curve.loc["2009-03-09"].iloc[0] / curve.loc["2007-10-09"].iloc[0] - 1
    assert crisis["n_bars"] == len(curve.loc["2007-10-10":"2009-03-09"])


def test_a_window_that_is_not_covered_is_left_out(real_curves):
    curve = real_curves["IBM"]
    for part in (curve.loc["2007-10-11":], curve.loc[:"2009-03-06"]):
        assert "Financial crisis" not in named_windows(part)["name"].tolist()
    whole = named_windows(curve.loc["2007-10-09":"2009-03-09"])
    assert whole["name"].tolist() == ["Financial crisis"]
    assert np.isnan(whole["benchmark_return"].iloc[0])


def test_episodes_are_falls_in_the_order_of_time():
    starts = [pd.Timestamp(episode.start) for episode in EPISODES]
    ends = [pd.Timestamp(episode.end) for episode in EPISODES]
    assert starts == sorted(starts)
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    assert len({episode.name for episode in EPISODES}) == len(EPISODES)
