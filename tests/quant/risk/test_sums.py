import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.frames import microseconds
from quant.returns import RETURN_ROUNDING
from quant.risk.drawdown import drawdowns, longest_drawdown, ulcer_index
from quant.risk.sums import depth, fall, tally, tally_jointly, tally_use

LENGTHS = [1, 2, 7, 8, 9, 127, 128, 129, 500, 2519, 10_007]


@pytest.mark.parametrize("n", LENGTHS)
def test_a_tally_is_what_numpy_computes_to_the_last_bit(n):
    values = np.random.default_rng(n).normal(0.001, 0.01, n)
    found, centred = tally(values, n), values - values.mean()
    standardised = centred / np.sqrt(np.add.reduce(centred * centred) / n) if n > 1 else np.array([np.nan])
    squared = standardised * standardised
    below = np.minimum(values, 0.0)

    np.testing.assert_array_equal(
        found,
        [
            values.mean(), np.add.reduce(centred * centred),
            (squared * standardised).mean(), (squared * squared).mean(),
            np.count_nonzero(values > 0),
            np.maximum(values, 0.0).sum(), -below.sum(), (below * below).sum(),
        ],
    )  # fmt: skip


def test_a_tally_of_nothing_knows_no_mean():
    found = tally(np.empty(0), 0)

    assert np.isnan([found.mean, found.third, found.fourth]).all()
    assert (found.n_above, found.gained, found.missed) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("n", LENGTHS)
def test_a_tally_of_two_leaves_out_what_one_lacks_and_is_that_of_numpy(n):
    rng = np.random.default_rng(n)
    own, other = rng.normal(0.0, 0.01, (2, n + 2))
    own[0], other[n // 2 + 1] = np.nan, np.nan
    found = tally_jointly(own, other)
    both = ~(np.isnan(own) | np.isnan(other))
    ours, theirs = own[both], other[both]

    assert found.n == both.sum()
    if len(ours):
        a, b, active = ours - ours.mean(), theirs - theirs.mean(), ours - theirs
        assert found.covariance_sum == (a * b).sum()
        assert (found.own_square_sum, found.other_square_sum) == ((a * a).sum(), (b * b).sum())
        assert (found.active_mean, found.active_square_sum) == (active.mean(), ((active - active.mean()) ** 2).sum())
        for chosen, side in ((theirs > 0, found.up), (theirs < 0, found.down)):
            assert side[0] == chosen.sum()
            if chosen.any():
                assert side[1:3] == (ours[chosen].mean(), theirs[chosen].mean())
                assert side.n_counting == (np.abs(theirs[chosen]) > RETURN_ROUNDING).sum()


@given(st.lists(st.sampled_from([-0.5, -0.01, 0.0, 0.01, 0.02, 1.0]), min_size=1, max_size=40), st.integers(0, 9))
@settings(max_examples=60)
def test_falls_are_those_of_the_drawdowns(changes, seed):
    hours = np.random.default_rng(seed).integers(1, 60, len(changes) + 1).cumsum()
    index = pd.DatetimeIndex(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h")).as_unit("us")
    curve = pd.Series(100.0 * np.cumprod([1.0, *(1.0 + np.array(changes))]), index=index)
    found = fall(curve.to_numpy(), microseconds(curve.index))
    longest = longest_drawdown(curve)

    assert found.depth == drawdowns(curve.to_numpy()).min()
    assert np.sqrt(found.square_sum / len(changes)) == ulcer_index(curve)
    assert (found.n_bars, found.n_days) == longest


def test_a_curve_of_one_value_fell_nowhere():
    found = fall(np.array([100.0]), np.zeros(1, dtype=np.int64))

    assert (found.depth, found.n_bars, found.n_days) == (0.0, 0.0, 0.0)
    assert np.isnan(found.square_sum)


def test_the_use_of_an_account_begins_after_its_first_bar():
    rng = np.random.default_rng(5)
    exposure, turnover, costs = rng.random((3, 500)) * (rng.random((3, 500)) < 0.5)
    exposure[7], turnover[9] = np.nan, np.nan
    use = tally_use(exposure, turnover, costs)
    held, traded = (values[1:][~np.isnan(values[1:])] for values in (exposure, turnover))

    assert (use.n_exposures, use.n_held, use.exposure_sum) == (498, np.count_nonzero(held), np.add.reduce(held))
    assert (use.n_turnovers, use.turnover_sum) == (498, np.add.reduce(traded))
    assert use.cost_sum == np.add.reduce(costs)


@pytest.mark.parametrize("n", [1, 2, 511, 512, 513, 1024, 1025, 10_007])
@pytest.mark.parametrize("drift", [-0.002, 0.0, 0.002])
def test_the_depth_is_the_lowest_drawdown_to_the_last_bit(n, drift):
    equity = 1e5 * np.cumprod(1 + np.random.default_rng(n).normal(drift, 0.02, n))
    assert depth(equity) == np.min(drawdowns(equity))
    assert depth(equity[::-1].copy()) == np.min(drawdowns(equity[::-1]))


@pytest.mark.parametrize("place", [0, 100, 700])
def test_the_depth_of_a_curve_with_an_unknown_value_is_unknown(place):
    equity = np.linspace(2.0, 1.0, 1000)
    equity[place] = np.nan
    assert np.isnan(depth(equity))
    assert np.isnan(depth(np.array([])))


@pytest.mark.parametrize("rounding", [0.0, 1e-16, 3e-16, 1e-15])
@pytest.mark.parametrize("lost", [0.4, 1.7, 1e9])
def test_a_depth_that_is_deeper_by_a_rounding_is_found(lost, rounding):
    equity = np.full(3000, 100.0)
    equity[[700, 2000]] = 100.0 * (1.0 - lost) * np.array([1.0, 1.0 + np.sign(lost - 1.0) * rounding])
    assert depth(equity) == np.min(drawdowns(equity))


def test_the_depth_of_an_account_that_owes_money_is_more_than_all():
    assert depth(np.array([100.0, -50.0, 100.0])) == -1.5
