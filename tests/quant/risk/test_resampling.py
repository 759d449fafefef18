import math

import numpy as np
import pytest

from quant.block_length import automatic_block
from quant.errors import InvalidSpec
from quant.risk.drawdown import max_drawdown
from quant.risk.performance import sharpe_ratio
from quant.risk.resampling import Interval, Luck, judge_luck, luck_in_words


@pytest.mark.parametrize("method", ["block_bootstrap", "normal"])
def test_the_spread_of_the_sharpe_ratio_is_that_of_lo(method):
    """Independent normal returns: the ratio's standard error is sqrt((1 + SR² / 2) / n) per bar (Lo 2002)."""
    values = np.random.default_rng(5).normal(0.001, 0.01, 1_000)
    found = judge_luck(values, periods_per_year=1, seed=3, method=method, n_curves=2_000)
    expected = math.sqrt((1 + found.sharpe_ratio.value**2 / 2) / 1_000)
    width = (found.sharpe_ratio.upper - found.sharpe_ratio.lower) / (2 * 1.96)
    assert width == pytest.approx(expected, rel=0.1)


def test_the_measures_of_the_real_curve_are_those_of_the_room(real_returns):
    values = real_returns["GOOG"]
    plain = values.to_numpy()
    found = judge_luck(values, periods_per_year=252, seed=1, risk_free_annual=0.02, n_curves=100)
    expected = sharpe_ratio(values, periods_per_year=252, risk_free_annual=0.02)
    assert found.sharpe_ratio.value == pytest.approx(expected, rel=1e-12)
    curve = np.cumprod(np.concatenate([[1.0], 1.0 + values]))
    assert found.max_drawdown.value == pytest.approx(max_drawdown(curve), rel=1e-12)
    assert found.mean_block == automatic_block(plain, np.abs(plain - plain.mean())) > 10.0
    for interval in (found.sharpe_ratio, found.max_drawdown):
        assert interval.lower <= interval.middle <= interval.upper
    assert -1 <= found.max_drawdown.lower <= found.max_drawdown.upper <= 0
    assert 0 <= found.share_of_losses <= 1


def test_the_seed_alone_decides(real_returns):
    values = real_returns["IBM"].iloc[:300]
    one, same = (judge_luck(values, periods_per_year=252, seed=7, n_curves=100) for _ in range(2))
    other = judge_luck(values, periods_per_year=252, seed=8, n_curves=100)
    assert one == same
    assert one != other
    assert one.sharpe_ratio.value == other.sharpe_ratio.value


def test_a_multiple_of_the_returns_has_the_same_ratios(real_returns):
    values = real_returns["IBM"].iloc[:300].to_numpy()
    one, half = (judge_luck(v, periods_per_year=252, seed=7, n_curves=100) for v in (values, values / 2))
    assert half.sharpe_ratio.lower == pytest.approx(one.sharpe_ratio.lower, rel=1e-9)
    assert half.max_drawdown.lower > one.max_drawdown.lower


@pytest.mark.parametrize("values", [[], [0.01] * 19, [0.01] * 100, [np.nan] * 100])
def test_nothing_to_draw_from_is_none(values):
    assert judge_luck(values, periods_per_year=252, seed=1) is None


@pytest.mark.parametrize("wrong", [{"confidence": 95.0}, {"n_curves": 10}, {"mean_block": 0.5}])
def test_what_makes_no_curves_is_refused(wrong):
    with pytest.raises(InvalidSpec, match="at least 100 curves"):
        judge_luck(np.linspace(-0.1, 0.1, 50), periods_per_year=252, seed=1, **wrong)


def test_words_say_where_zero_is():
    depth = Interval(-0.2, -0.4, -0.22, -0.12)
    for ratio, expected in (
        (Interval(1.0, 0.2, 1.0, 1.8), "zero is below all"),
        (Interval(-1.0, -1.8, -1.0, -0.2), "zero is above all"),
        (Interval(0.1, -0.8, 0.1, 1.0), "zero is among them"),
    ):
        assert expected in luck_in_words(Luck("normal", 500, 1.0, 0.95, ratio, depth, 0.04))
