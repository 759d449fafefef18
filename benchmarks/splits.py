"""Claim: leaving out what would leak costs no more than splitting without a thought."""

import numpy as np
from sklearn.model_selection import KFold

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.timing import compare
from quant.frames import to_panel
from quant.labels.forward_return import forward_return
from quant.validation.splits import purged_k_fold

GOAL = "purged and embargoed folds take at most as long as scikit-learn's plain ones."
_N_FOLDS, _EMBARGO = 5, 5


def measure(*, quick: bool = False) -> Finding:
    """Time the making of all folds, from labels to positions."""
    n_bars, rounds = (2_000, 2) if quick else (100_000, 15)
    labels = to_panel({0: forward_return(long_prices(n_bars), horizon=5, threshold=0.0)})
    positions = np.arange(n_bars)
    plain = KFold(_N_FOLDS)
    timed = compare(
        {
            "purged": lambda: purged_k_fold(labels, _N_FOLDS, _EMBARGO),
            "plain": lambda: list(plain.split(positions)),
        },
        rounds=rounds,
    )
    purged_ms, plain_ms = (1e3 * timed.seconds(name) for name in ("purged", "plain"))
    ratio = timed.ratio("purged", "plain")
    return Finding(
        name="splits",
        title="Splits",
        goal=GOAL,
        how=(
            f"All {_N_FOLDS} folds of {n_bars:,} labels with an embargo of {_EMBARGO} bars, against scikit-learn's "
            f"KFold, which purges nothing. Medians of {rounds} rounds, each at least 5 ms long."
        ),
        goals=(Goal("purged over plain k-fold", ratio, 1.0, "×"),),
        tables=(
            Table(
                "All folds, milliseconds:",
                ("labels", "purged", "KFold", "purged over KFold"),
                ((n_bars, purged_ms, plain_ms, ratio),),
            ),
        ),
    )
