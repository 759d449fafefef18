import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.risk.drawdown import drawdown_table, drawdowns, longest_drawdown, max_drawdown, ulcer_index

A6 = [-0.10, -0.05, 0.02, 0.10]
returns = st.lists(st.floats(-0.3, 0.4).map(lambda r: round(r, 3)), min_size=1, max_size=60)


def test_a6_with_the_initial_capital_as_first_peak(curve_of):
    curve = curve_of(A6)
    assert max_drawdown(curve) == pytest.approx(-0.145)
    without_capital = curve.iloc[1:]
    assert max_drawdown(without_capital) == pytest.approx(-0.05)
    summed = 1 + np.concatenate([[0.0], np.cumsum(A6)])
    assert max_drawdown(summed) == pytest.approx(-0.15)


@pytest.mark.parametrize("symbol", ["GOOG", "IBM", "MSFT"])
def test_equals_empyrical_on_real_prices(real_curves, real_returns, symbol):
    assert max_drawdown(real_curves[symbol]) == pytest.approx(empyrical.max_drawdown(real_returns[symbol]), rel=1e-12)


@settings(deadline=None)
@given(values=returns)
def test_drawdowns_are_zero_or_below_and_zero_at_each_peak(curve_of, values):
    curve = curve_of(values)
    below = drawdowns(curve)
    assert (below <= 0).all()
    assert below.iloc[0] == 0
    assert (below[curve >= curve.cummax()] == 0).all()
    assert max_drawdown(curve) == below.min()


@settings(deadline=None)
@given(values=returns, scale=st.floats(0.01, 1e6))
def test_drawdowns_do_not_change_with_the_capital(curve_of, values, scale):
    curve = curve_of(values)
    np.testing.assert_allclose(drawdowns(curve * scale), drawdowns(curve), atol=1e-12)


@settings(deadline=None)
@given(values=returns)
def test_series_and_array_agree(curve_of, values):
    curve = curve_of(values)
    below = drawdowns(curve)
    assert isinstance(below, pd.Series)
    assert below.index.equals(curve.index)
    np.testing.assert_array_equal(below, drawdowns(curve.to_numpy()))
    assert max_drawdown(curve) == max_drawdown(curve.to_numpy())


@settings(deadline=None)
@given(values=returns, cut=st.integers(1, 60))
def test_later_bars_never_change_an_earlier_drawdown(curve_of, values, cut):
    curve = curve_of(values)
    pd.testing.assert_series_equal(drawdowns(curve).iloc[:cut], drawdowns(curve.iloc[:cut]), check_freq=False)


@settings(deadline=None)
@given(values=returns)
def test_table_equals_a_walk_along_the_curve(curve_of, values):
    curve = curve_of(values)
    expected, peak = [], 0
    for t in range(1, len(curve) + 1):
        is_over = t == len(curve) or curve.iloc[t] >= curve.iloc[peak]
        if not is_over:
            continue
        last = min(t, len(curve) - 1)
        inside = curve.iloc[peak : last + 1]
        if inside.min() < curve.iloc[peak]:
            depth = inside.min() / curve.iloc[peak] - 1
            recovery = curve.index[t] if t < len(curve) else pd.NaT
            expected.append((depth, curve.index[peak], inside.idxmin(), recovery, last - peak))
        peak = t
    table = drawdown_table(curve, n=1000)
    found = zip(
        table["depth"], table["peak_at"], table["valley_at"], table["recovery_at"], table["n_bars"], strict=True
    )
    by_peak = {row[1]: row for row in found}
    assert len(by_peak) == len(expected)
    for row in expected:
        assert by_peak[row[1]][0] == pytest.approx(row[0])
        assert by_peak[row[1]][2] == row[2]
        assert by_peak[row[1]][3] is row[3] or by_peak[row[1]][3] == row[3]
        assert by_peak[row[1]][4] == row[4]
    assert table["depth"].is_monotonic_increasing
    assert longest_drawdown(curve).n_bars == max((row[4] for row in expected), default=0)


def test_table_by_hand():
    days = ["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-31"]
    index = pd.DatetimeIndex([f"{day} 21:00" for day in days], tz="UTC").as_unit("us")
    curve = pd.Series([100.0, 80.0, 90.0, 100.0, 110.0, 99.0, 104.5], index=index)
    table = drawdown_table(curve)
    assert table.columns.tolist() == ["peak_at", "valley_at", "recovery_at", "depth", "n_bars", "n_days"]
    assert table["peak_at"].tolist() == [index[0], index[4]]
    assert table["valley_at"].tolist() == [index[1], index[5]]
    assert table["recovery_at"].iloc[0] == index[3]
    assert pd.isna(table["recovery_at"].iloc[1])
    np.testing.assert_allclose(table["depth"], [-0.2, -0.1])
    assert table[["n_bars", "n_days"]].to_numpy().tolist() == [[3, 7], [2, 22]]
    assert longest_drawdown(curve) == (3, 22)
    assert len(drawdown_table(curve, n=1)) == 1


def test_a_curve_that_only_rises_has_no_drawdown(curve_of):
    curve = curve_of([0.1, 0.0, 0.2])
    assert drawdown_table(curve).empty
    assert drawdown_table(curve).dtypes.equals(drawdown_table(curve_of([-0.1])).dtypes)
    assert longest_drawdown(curve) == (0, 0)
    assert max_drawdown(curve) == 0.0
    assert np.isnan(max_drawdown([]))


@settings(deadline=None, max_examples=50)
@given(values=returns, scale=st.floats(0.01, 1e6))
def test_the_ulcer_index_is_never_deeper_than_the_deepest_drawdown(curve_of, values, scale):
    curve = curve_of(values)
    assert 0 <= ulcer_index(curve) <= -max_drawdown(curve) + 1e-15
    assert ulcer_index(curve * scale) == pytest.approx(ulcer_index(curve), abs=1e-9)
    assert ulcer_index(curve) == pytest.approx(np.sqrt(np.mean(drawdowns(curve).iloc[1:] ** 2)), abs=1e-12)


def test_no_returns_no_ulcer_index():
    assert np.isnan(ulcer_index([1.0]))
