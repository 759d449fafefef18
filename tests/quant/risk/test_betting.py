import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.errors import InvalidSpec
from quant.risk.betting import Bet, advice_in_words, advise, fraction_for_volatility, kelly_fraction

outcomes = st.lists(st.floats(-0.9, 2.0).map(lambda r: round(r, 3)), min_size=2, max_size=30)


@pytest.mark.parametrize(("n_wins", "n_losses", "win"), [(6, 4, 1.0), (3, 2, 1.0), (4, 6, 2.0), (9, 1, 0.5)])
def test_two_outcomes_have_the_formula_of_kelly(n_wins, n_losses, win):
    p = n_wins / (n_wins + n_losses)
    expected = p - (1 - p) / win
    assert kelly_fraction([win] * n_wins + [-1.0] * n_losses) == pytest.approx(expected, abs=1e-9)


def test_small_bets_are_mean_over_variance():
    values = np.random.default_rng(2).normal(0.0002, 0.01, 5_000)
    assert kelly_fraction(values) == pytest.approx(values.mean() / np.mean(values**2), rel=0.05)


@settings(deadline=None, max_examples=40)
@given(values=outcomes)
def test_no_other_fraction_grows_faster(values):
    array = np.array(values)
    found = kelly_fraction(array)
    if np.isnan(found):
        assert (array == 0).all()
        return
    assert 0 <= found <= 10
    limit = min(10.0, -1 / array.min() if array.min() < 0 else 10.0)
    best = scipy.optimize.minimize_scalar(
        lambda f: -np.mean(np.log1p(f * array)), bounds=(0, limit * (1 - 1e-9)), method="bounded"
    )
    if found * -array.min() < 1:
        assert np.mean(np.log1p(found * array)) >= -best.fun - 1e-9


@settings(deadline=None, max_examples=40)
@given(values=outcomes, scale=st.floats(0.2, 1.0))
def test_bets_of_a_part_of_the_size_are_larger_by_as_much(values, scale):
    array = np.array(values)
    whole, part = kelly_fraction(array), kelly_fraction(array * scale)
    if 0 < whole < 10 * scale:
        assert part == pytest.approx(whole / scale, rel=1e-6)


def test_uncertainty_shrinks_with_trades():
    rng = np.random.default_rng(4)
    few, many = (advise(rng.normal(0.02, 0.1, n), seed=1) for n in (40, 1_500))
    assert many.upper - many.lower < few.upper - few.lower
    assert many.lower <= many.kelly_fraction <= many.upper
    assert many.n_trades == 1_500
    assert advise(rng.normal(0.02, 0.1, 3_000), seed=1).n_trades == 2_000


def test_the_seed_alone_decides():
    values = np.random.default_rng(4).normal(0.02, 0.1, 50)
    assert advise(values, seed=1) == advise(values, seed=1)
    assert advise(values, seed=1) != advise(values, seed=2)
    with pytest.raises(InvalidSpec, match="seed"):
        advise(values, seed=-1)


def test_edges():
    assert np.isnan(kelly_fraction([]))
    assert np.isnan(kelly_fraction([0.0, 0.0]))
    assert kelly_fraction([-0.1, 0.05]) == 0.0
    assert kelly_fraction([0.1, 0.2]) == pytest.approx(10.0)
    assert advise([0.1] * 9, seed=1) is None
    assert advise([0.0] * 20, seed=1) is None
    assert advise([np.nan] * 20, seed=1) is None


def test_words_say_when_there_is_no_ground():
    assert "no ground for any size" in advice_in_words(Bet(30, 0.4, 0.0, 1.0, 0.2))
    assert "lost on average" in advice_in_words(Bet(30, 0.0, 0.0, 0.3, 0.8))
    assert "half of the lower figure" in advice_in_words(Bet(30, 0.4, 0.2, 1.0, 0.0))


def test_factor_for_a_volatility():
    assert fraction_for_volatility(0.2, 0.1) == 0.5
    assert np.isnan(fraction_for_volatility(0.0, 0.1))
    with pytest.raises(InvalidSpec, match="above 0"):
        fraction_for_volatility(0.2, 0.0)
