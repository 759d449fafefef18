import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec
from quant.validation.likeness import independent_trials, weekly_shape
from quant.validation.overfitting import effective_trials


def bars(n_bars, start="2015-01-01 21:00"):
    return pd.date_range(start, periods=n_bars, freq="B", tz="UTC", unit="us")


def alike(n_trials, share, n_bars=1500, seed=0):
    """Return what trials earned that have a part of what they earned in common."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n_bars, 1))
    return np.sqrt(share) * common + np.sqrt(1.0 - share) * rng.normal(size=(n_bars, n_trials))


def shapes(earned, stamps):
    return [weekly_shape(stamps, column) for column in earned.T]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("n_trials", [2, 40])
def test_the_number_is_that_of_the_correlations_of_weekly_returns(share, n_trials):
    stamps = bars(1500)
    earned = alike(n_trials, share)
    weekly = pd.DataFrame(earned, index=stamps).resample("W-SUN").sum()
    expected = effective_trials(np.corrcoef(weekly, rowvar=False).clip(-1.0, 1.0))
    assert independent_trials(shapes(earned, stamps)) == pytest.approx(expected, rel=2e-3, abs=2e-3)


def test_copies_are_one_and_those_that_say_nothing_are_one_each():
    stamps = bars(400)
    earned = np.repeat(alike(1, 0.0, 400), 30, axis=1)
    assert independent_trials(shapes(earned, stamps)) == pytest.approx(1.0, abs=0.05)
    assert independent_trials([*shapes(earned, stamps), None, None]) == pytest.approx(3.0, abs=0.05)
    assert independent_trials([None]) == independent_trials(shapes(earned[:, :1], stamps)) == 1.0
    assert independent_trials([]) == 0.0


def test_trials_that_share_no_week_are_not_alike():
    earned = alike(1, 0.0, 400)[:, 0]
    earlier, later = (weekly_shape(bars(400, start), earned) for start in ("2010-01-04 21:00", "2018-01-01 21:00"))
    assert independent_trials([earlier, later]) == pytest.approx(2.0)


def test_size_and_costs_that_are_the_same_every_day_do_not_matter():
    stamps, earned = bars(500), alike(1, 0.0, 500)[:, 0]
    assert weekly_shape(stamps, earned) == weekly_shape(stamps, 4.0 * earned)
    unknown = earned.copy()
    unknown[:3] = np.nan
    assert weekly_shape(stamps, unknown) == weekly_shape(stamps[3:], earned[3:])


@pytest.mark.parametrize("earned", [np.zeros(50), np.full(50, np.nan), np.array([1.0] + [np.nan] * 49)])
def test_what_never_moves_has_no_shape(earned):
    assert weekly_shape(bars(50), earned) is None
    assert weekly_shape(bars(50)[:0], []) is None


def test_ten_years_take_a_kilobyte():
    assert len(weekly_shape(bars(2600), alike(1, 0.0, 2600)[:, 0])) < 1100


def test_lengths_must_agree():
    with pytest.raises(InvalidSpec, match="at each of 5 bars"):
        weekly_shape(bars(5), [1.0])
