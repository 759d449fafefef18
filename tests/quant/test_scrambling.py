import numpy as np
import pandas as pd
import pytest

from quant.data.adjustment import forward_adjusted
from quant.frames import check_prices
from quant.scrambling import scrambled_after


@pytest.fixture
def with_actions(prices):
    """Real bars, with a split and a dividend among the later ones."""
    changed = prices.copy()
    changed.loc[changed.index[300:], ["open", "high", "low", "close"]] /= 2.0
    changed.loc[changed.index[300], "split_factor"] = 2.0
    changed.loc[changed.index[350], "dividend"] = 1.0
    return changed.iloc[:400]


@pytest.mark.parametrize("n_known", [1, 200, 299, 300, 350, 399])
def test_the_past_stays_and_every_later_bar_is_another(with_actions, n_known):
    other = scrambled_after(with_actions, with_actions.index[n_known - 1], seed=1)
    pd.testing.assert_frame_equal(other.iloc[:n_known], with_actions.iloc[:n_known], check_exact=True)
    assert other.index.equals(with_actions.index)
    assert other["session"].equals(with_actions["session"])
    later, was = other.iloc[n_known:], with_actions.iloc[n_known:]
    assert (later[["close", "volume"]].to_numpy() != was[["close", "volume"]].to_numpy()).all()


def test_the_other_bars_are_sound_and_have_the_moves_of_the_true_ones_upside_down(with_actions):
    other = scrambled_after(with_actions, with_actions.index[250], seed=1)
    check_prices(other)
    moves, opposite = (
        np.log(forward_adjusted(frame)["close"]).diff().iloc[251:].to_numpy() for frame in (with_actions, other)
    )
    is_plain = np.abs(moves) < np.inf
    is_plain[350 - 251] = False  # a dividend is no move: it stays what it is
    np.testing.assert_allclose(np.sort(-moves[is_plain])[5:-5], np.sort(opposite)[5:-6], atol=0.01)
    assert sorted(other["split_factor"].iloc[251:]) == sorted(with_actions["split_factor"].iloc[251:])
    assert (other["dividend"] > 0).sum() == 1


def test_it_is_the_same_for_the_same_seed_and_cut(with_actions):
    cut = with_actions.index[250]
    first, again, other = (scrambled_after(with_actions, cut, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_nothing_before_or_after_the_cut_leaves_the_prices_alone(with_actions):
    for cut in (with_actions.index[-1], with_actions.index[0] - pd.Timedelta(days=1)):
        assert scrambled_after(with_actions, cut, seed=1) is with_actions
