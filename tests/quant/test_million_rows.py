"""A million rows through every entry of the catalogues of features, labels, bars and weights: one pass each.

What is said of the last bars must not depend on how many came before: no sum drifts, no count overflows.
"""

import numpy as np
import pandas as pd
import pytest

from quant.bars.catalog import BARS
from quant.bootstrap import sequential_bootstrap
from quant.features.catalog import FEATURES
from quant.labels.catalog import LABELS
from quant.labels.weights import sample_weights
from tests.quant.bars.tapes import tape
from tests.quant.features.generated import name_of, price_walk, with_others

N_ROWS = 1_000_000
N_LAST = 200
# Entries that refuse so many rows, or that no test should wait for, and why: none so far. Each has its reason.
TOO_COSTLY: dict[str, str] = {}


# Of these the last digits depend on where the series begins: sums are taken chunk by chunk, from the first bar on.
LAST_DIGITS = {"fractional_difference", "higuchi"}


@pytest.fixture(scope="module")
def prices():
    """Return bars of a million days, with jumps, stretches without movement and bars without volume."""
    days = pd.date_range("1000-01-01", periods=N_ROWS, freq="D", tz="UTC", unit="us", name="timestamp")
    return price_walk(N_ROWS, seed=1).assign(session=days.tz_localize(None)).set_axis(days, axis="index")


@pytest.mark.parametrize("kind", FEATURES, ids=name_of)
def test_a_feature_of_a_million_bars_is_known_and_does_not_drift(prices, kind):
    assert name_of(kind) not in TOO_COSTLY
    spec = kind()
    own, compute = with_others(spec, prices), spec.load()
    values = compute(own, **spec.parameters())
    assert len(values) == N_ROWS
    assert values.iloc[: spec.warm_up].isna().all(axis=None)
    assert np.isfinite(values.to_numpy()[spec.warm_up :]).all()
    # Recursions keep a trace of their seed: begun ten times as long ago as they settle in, none that could be seen.
    n_before = spec.warm_up + 10 * spec.settling
    late = compute(own.iloc[-n_before - N_LAST :], **spec.parameters()).iloc[-N_LAST:]
    if spec.settling or name_of(kind) in LAST_DIGITS:
        np.testing.assert_allclose(values.iloc[-N_LAST:], late, rtol=1e-9, atol=1e-12)
    else:
        pd.testing.assert_frame_equal(values.iloc[-N_LAST:], late, check_exact=True)


@pytest.mark.parametrize("kind", LABELS, ids=name_of)
def test_a_label_of_a_million_bars_is_that_of_the_last_thousand(prices, kind):
    assert name_of(kind) not in TOO_COSTLY
    spec = kind()
    labels = spec.load()(prices, **spec.parameters())
    late = spec.load()(prices.iloc[-1000:], **spec.parameters())
    assert labels["label"].iloc[-spec.horizon_bars :].isna().all()
    pd.testing.assert_frame_equal(labels.iloc[-500:], late.iloc[-500:], check_exact=True)


@pytest.fixture(scope="module")
def trades():
    return tape(N_ROWS, seed=3)


@pytest.mark.parametrize("kind", BARS, ids=name_of)
def test_bars_of_a_million_trades_hold_each_once_but_for_the_last(trades, kind):
    assert name_of(kind) not in TOO_COSTLY
    spec = kind()
    bars = spec.load()(trades, **spec.parameters())
    n_used = int(bars["n_trades"].sum())
    assert len(bars) > 1
    assert n_used <= N_ROWS
    np.testing.assert_allclose(bars["volume"].sum(), trades["size"].iloc[:n_used].sum())


@pytest.mark.parametrize("by", ["equal", "uniqueness", "attribution"])
def test_a_million_labels_are_weighed(by):
    starts = np.arange(N_ROWS)
    ends = np.minimum(starts + starts % 11, N_ROWS - 1)
    returns = np.random.default_rng(2).normal(0.0, 0.01, N_ROWS)
    weights = sample_weights(starts, ends, by=by, decay=0.5, returns=returns, classes=starts % 2)
    assert weights.shape == (N_ROWS,)
    assert np.isfinite(weights).all()
    assert weights.mean() == pytest.approx(1.0)
    ordinary, others = weights[starts % 2 == 0].sum(), weights[starts % 2 == 1].sum()
    assert ordinary == pytest.approx(others)


def test_a_million_labels_are_drawn_one_after_another():
    starts = np.arange(N_ROWS)
    drawn = sequential_bootstrap(starts, starts + 5, N_ROWS, np.random.default_rng(4))
    assert len(drawn) == N_ROWS
    # Drawn evenly, a label comes again with the chance 1 / e; those that overlap what is drawn come less often.
    assert len(np.unique(drawn)) > (1.0 - np.exp(-1.0)) * N_ROWS
