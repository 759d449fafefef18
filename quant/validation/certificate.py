"""A second look at folds, to show that they were purged.

Written independently of `quant.validation.splits`, by plain comparisons of every row, so that a mistake there is found
here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.errors import InvalidSpec, LeakageError
from quant.frames import Labels
from quant.validation.splits import Fold

Mask = NDArray[np.bool_]


def purge_certificate(folds: Sequence[Fold], labels: Labels) -> dict[str, Any]:
    """Return what separates training from test in each fold, or refuse folds in which they meet.

    Parameters
    ----------
    folds : sequence of Fold
        Folds to examine, of any splitter; a fold may have several test blocks.
    labels : DataFrame of shape (n_rows, n_columns)
        The labels panel that was split.

    Returns
    -------
    dict
        JSON facts. `n_folds`; `n_labels_checked`, training labels over all folds; `n_purged` and `n_embargoed`
        likewise; `least_bars_before` and `least_bars_after` over the folds; and `folds`, a list of dicts with

        - `number`, `n_train`, `n_test`;
        - `n_purged`: known rows of the window that were left out and whose label interval meets a test block's;
        - `n_embargoed`: known rows of the window that were left out although their label interval meets none;
        - `train_from`, `train_to`, `test_from`, `test_to`: first and last timestamps, ISO 8601;
        - `last_label_end_before`: latest label end of training rows before the first test bar, or None;
        - `train_spans`, `test_spans`: first and last timestamps of each run of neighbouring bars that are trained or
          tested on, ISO 8601, in the order of time;
        - `bars_before`: bars strictly between that label end and the first test bar, or None;
        - `bars_after`: bars strictly between the last test label end and the first training row after it, or None.

    Raises
    ------
    InvalidSpec
        If a fold has no training or no test rows.
    LeakageError
        If a training row's label interval [timestamp, label end], both included, meets the interval of a test block,
        from its first timestamp to its last label end; or if a training row's label is unknown, so that nothing can be
        shown.

    Notes
    -----
    Timing: folds whose `bars_after` is None train on nothing later than their test block, as those of walk-forward do.
    """
    timestamps = pd.DatetimeIndex(labels.index.get_level_values("timestamp"))
    bars = pd.DatetimeIndex(timestamps.unique())
    facts = [_certify(fold, labels, timestamps, bars) for fold in folds]

    def least(key: str) -> int | None:
        return min((fact[key] for fact in facts if fact[key] is not None), default=None)

    return {
        "n_folds": len(facts),
        "n_labels_checked": sum(fact["n_train"] for fact in facts),
        "n_purged": sum(fact["n_purged"] for fact in facts),
        "n_embargoed": sum(fact["n_embargoed"] for fact in facts),
        "least_bars_before": least("bars_before"),
        "least_bars_after": least("bars_after"),
        "folds": facts,
    }


def _certify(fold: Fold, labels: Labels, timestamps: pd.DatetimeIndex, bars: pd.DatetimeIndex) -> dict[str, Any]:
    if not len(fold.train) or not len(fold.test):
        raise InvalidSpec(
            f"Expected rows to train and to test on in fold {fold.number}; found {len(fold.train)} and "
            f"{len(fold.test)}.",
            field="folds",
        )
    known = labels["label"].notna().to_numpy()
    label_end = pd.DatetimeIndex(labels["label_end"])
    is_train, is_test = np.zeros(len(labels), dtype=bool), np.zeros(len(labels), dtype=bool)
    is_train[fold.train], is_test[fold.test] = True, True
    blocks = _test_blocks(timestamps, label_end, bars, is_test, known)
    meets = np.zeros(len(labels), dtype=bool)
    for begin, end in blocks:
        # An unknown label end compares false; such rows are refused below if they are in training.
        meets |= (timestamps <= end) & ((label_end >= begin) | ((timestamps >= begin) & ~known))
    _refuse(
        fold, labels, is_train & meets, f"the test window {blocks[0][0].isoformat()} to {blocks[-1][1].isoformat()}"
    )
    _refuse(fold, labels, is_train & ~known, "what nobody knows: its label has no end yet")

    first_test, last_test_end = blocks[0][0], max(end for _, end in blocks)
    ends_before = label_end[is_train & (timestamps < first_test)]
    starts_after = timestamps[is_train & (timestamps > last_test_end)]
    in_window = (timestamps >= fold.window[0]) & (timestamps <= fold.window[1])
    left_out = known & in_window & ~is_train & ~is_test
    return {
        "number": fold.number,
        "n_train": int(is_train.sum()),
        "n_test": int(is_test.sum()),
        "n_purged": int((left_out & meets).sum()),
        "n_embargoed": int((left_out & ~meets).sum()),
        "train_from": timestamps[is_train].min().isoformat(),
        "train_to": timestamps[is_train].max().isoformat(),
        "test_from": first_test.isoformat(),
        "test_to": timestamps[is_test].max().isoformat(),
        "train_spans": _spans(timestamps, bars, is_train),
        "test_spans": _spans(timestamps, bars, is_test),
        "last_label_end_before": ends_before.max().isoformat() if len(ends_before) else None,
        "bars_before": int(((bars > ends_before.max()) & (bars < first_test)).sum()) if len(ends_before) else None,
        "bars_after": int(((bars > last_test_end) & (bars < starts_after.min())).sum()) if len(starts_after) else None,
    }


def _spans(timestamps: pd.DatetimeIndex, bars: pd.DatetimeIndex, chosen: Mask) -> list[list[str]]:
    """Return the first and last timestamp of each run of neighbouring bars of the chosen rows."""
    return [[bars[run[0]].isoformat(), bars[run[-1]].isoformat()] for run in _runs(timestamps, bars, chosen)]


def _runs(timestamps: pd.DatetimeIndex, bars: pd.DatetimeIndex, chosen: Mask) -> list[NDArray[np.intp]]:
    places = np.flatnonzero(bars.isin(timestamps[chosen]))
    return np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)


def _test_blocks(
    timestamps: pd.DatetimeIndex, label_end: pd.DatetimeIndex, bars: pd.DatetimeIndex, is_test: Mask, known: Mask
) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return first timestamp and last label end of each run of neighbouring test bars."""
    blocks = []
    for run in _runs(timestamps, bars, is_test):
        begin, end = bars[run[0]], bars[run[-1]]
        ends = label_end[is_test & known & (timestamps >= begin) & (timestamps <= end)]
        blocks.append((begin, max(end, ends.max()) if len(ends) else end))
    return blocks


def _refuse(fold: Fold, labels: Labels, leaking: Mask, what: str) -> None:
    if not leaking.any():
        return
    row = int(np.argmax(leaking))
    timestamp, instrument = labels.index[row]
    raise LeakageError(
        f"Expected no training label to look into a test window; found {int(leaking.sum())} in fold {fold.number}, the "
        f"first of instrument {instrument} at {timestamp.isoformat()} with label end {labels['label_end'].iloc[row]}: "
        f"it meets {what}. Purge the training rows by their label ends."
    )
