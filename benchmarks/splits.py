"""Claim: leaving out what would leak costs no more than splitting without a thought."""

import statistics
import time

import numpy as np
from sklearn.model_selection import KFold

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from benchmarks.peers import PURGEDCV
from benchmarks.timing import compare
from quant.frames import Labels, to_panel
from quant.labels.forward_return import forward_return
from quant.validation.splits import Fold, purged_k_fold

GOAL = (
    "purged and embargoed folds take at most as long as scikit-learn's plain ones, and are made at least 400 times as "
    "fast as by purgedcv."
)
_N_FOLDS, _EMBARGO, _HORIZON = 5, 5, 5
_MOST_DIFFERENT = 2  # rows on each side of a test block: a label that ends where a block begins, or the other way round


def measure(*, quick: bool = False) -> Finding:
    """Time the making of all folds, from labels to positions."""
    n_bars, rounds, peer_rounds = (2_000, 2, 1) if quick else (100_000, 15, 3)
    labels = to_panel({0: forward_return(long_prices(n_bars), horizon=_HORIZON, threshold=0.0)})
    labels = labels[labels["label"].notna()]  # purgedcv takes no row whose label is not known yet
    positions = np.arange(len(labels))
    plain = KFold(_N_FOLDS)
    theirs = PURGEDCV.measure("purged_folds", _handed(labels), rounds=peer_rounds)
    _agree(purged_k_fold(labels, _N_FOLDS, _EMBARGO), theirs["left_out"], len(labels))
    timed = compare(
        {
            "purged": lambda: purged_k_fold(labels, _N_FOLDS, _EMBARGO),
            "plain": lambda: list(plain.split(positions)),
        },
        rounds=rounds,
        clock=time.process_time,
    )
    purged_ms, plain_ms = (1e3 * timed.seconds(name) for name in ("purged", "plain"))
    peer_ms = 1e3 * statistics.median(theirs["purgedcv"])
    ratio = timed.ratio("purged", "plain")
    return Finding(
        name="splits",
        title="Splits",
        goal=GOAL,
        how=(
            f"All {_N_FOLDS} folds of {len(labels):,} labels with an embargo of {_EMBARGO} bars, from the panel of "
            "labels to arrays of rows, checks included, against scikit-learn's KFold, which purges nothing and is "
            "given no labels. purgedcv 0.1.11 runs in an environment of its own, and leaves out the same rows but for "
            "those whose label ends exactly where a test block begins; so all times are of the processor. Medians of "
            f"{rounds} rounds, each at least 5 ms long; of purgedcv {peer_rounds}."
        ),
        goals=(
            Goal("purged over plain k-fold", ratio, 1.0, "×"),
            Goal("faster than purgedcv", peer_ms / purged_ms, 400.0, "×", at_least=True),
        ),
        tables=(
            Table(
                "All folds, milliseconds:",
                ("labels", "purged", "KFold", "purgedcv", "purged over KFold"),
                ((len(labels), purged_ms, plain_ms, peer_ms, ratio),),
            ),
        ),
    )


def _handed(labels: Labels) -> np.ndarray:
    """Return one array for the peer's script: times and label ends of the rows; the last column says how.

    The peer counts its embargo from the end of a test block, ours begins after the block's last label end.
    """
    begin = labels.index.get_level_values("timestamp").as_unit("us").asi8
    end = labels["label_end"].dt.as_unit("us").astype("int64").to_numpy()
    return np.column_stack([np.vstack([begin, end]), [_EMBARGO + _HORIZON, 0]])


def _agree(folds: list[Fold], left_out: list[list[int]], n_rows: int) -> None:
    """Hold the rows that are neither trained nor tested on against the peer's."""
    for fold, theirs in zip(folds, left_out, strict=True):
        ours = np.setdiff1d(np.arange(n_rows), np.concatenate((fold.train, fold.test)))
        different = np.setxor1d(ours, theirs)
        if len(different) > 2 * _MOST_DIFFERENT:
            raise AssertionError(f"Expected the rows that purgedcv leaves out; found {different} different.")
