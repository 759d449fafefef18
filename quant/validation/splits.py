"""Which rows a model learns from and which it is judged on: folds by time, purged and embargoed.

A **bar** is a distinct timestamp of the labels, whatever the number of instruments that have it; windows, blocks and
embargoes count bars from the first one. A row's label interval is the closed span from its timestamp to its label end.
Folding and purging go by time across all instruments: while a bar of one instrument is in a test block, no label of any
other may look into it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.errors import InvalidSpec, NotEnoughData
from quant.frames import PANEL_LEVELS, Labels
from quant.validation.catalog import ValidationSpec

Span = tuple[pd.Timestamp, pd.Timestamp]
Positions = NDArray[np.intp]

MOST_SPLITS = 1000  # each is a fit; a slip in a number must not ask for millions


@dataclass(frozen=True, eq=False)
class Fold:
    """One split of the rows into training and test.

    Attributes
    ----------
    number : int
        From 0, in the order of the test blocks; of combinatorial splits, in the lexical order of their groups.
    train, test : ndarray of int
        Row positions in the labels, ascending, read-only. Test rows may have unknown labels, training rows may not.
    window : tuple of two Timestamps
        First and last bar that training rows could come from, before purge and embargo.
    train_span, test_span : tuple of two Timestamps
        First and last timestamp of the rows.
    """

    number: int
    train: Positions
    test: Positions
    window: Span
    train_span: Span
    test_span: Span


@dataclass(frozen=True, eq=False)
class _Timeline:
    """Rows of a labels frame on the axis of its bars; times are microseconds since 1970."""

    bars: NDArray[np.int64]  # time of each bar
    stamps: pd.Index  # the same among others, to show
    codes: NDArray[np.integer]  # where in `stamps` the time of each row stands
    first_row: Positions  # first row of each bar, and the number of rows at the end
    known: Positions  # rows whose label is known
    label_end: NDArray[np.int64]  # of the known rows
    latest_end: NDArray[np.int64]  # latest label end of the known rows so far

    def rows(self, low: int, high: int) -> Positions:
        """Return the rows of the bars from `low` to before `high`."""
        return np.arange(self.first_row[low], self.first_row[high])

    def known_between(self, low: int, high: int) -> tuple[int, int]:
        """Return where in `known` the rows of the bars from `low` to before `high` stand."""
        first, last = np.searchsorted(self.known, (self.first_row[low], self.first_row[high]))
        return int(first), int(last)

    def ended_before(self, low: int, high: int, cutoff: int) -> Positions:
        """Return the known rows of the bars from `low` to before `high` whose label ends before `cutoff`."""
        first, last = self.known_between(low, high)
        # Up to `doubtful` every label has ended; behind it, which is a few horizons of rows, each is looked at.
        doubtful = min(max(int(np.searchsorted(self.latest_end, cutoff)), first), last)
        late = np.flatnonzero(self.label_end[doubtful:last] < cutoff) + doubtful
        if not late.size:
            return self.known[first:doubtful]
        return np.concatenate((self.known[first:doubtful], self.known[late]))

    def span(self, low: int, high: int) -> Span:
        """Return the first and last timestamp of the bars from `low` to before `high`."""
        return self.stamp(self.first_row[low]), self.stamp(self.first_row[high - 1])

    def stamp(self, row: np.intp) -> pd.Timestamp:
        """Return the timestamp of a row."""
        stamp: pd.Timestamp = self.stamps[self.codes[row]]
        return stamp


def walk_forward(labels: Labels, spec: ValidationSpec) -> list[Fold]:
    """Split into blocks that each follow their training rows in time: the only folds whose predictions are traded.

    Parameters
    ----------
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel as defined in `quant.frames`, from the first complete bar on.
    spec : ValidationSpec
        Its `train_bars`, `test_bars`, `expanding` and `embargo_bars` are used.

    Returns
    -------
    list of Fold
        Test blocks of `test_bars` bars from bar `train_bars` on, so that each later bar is tested exactly once. The
        last block has what remains, at least one bar. A fold trains on the known rows before its block (with
        `expanding` off, of the last `train_bars` bars before it) whose label has ended when the `embargo_bars` bars
        before the block begin.

    Raises
    ------
    InvalidSpec
        If `labels` is not a labels panel.
    NotEnoughData
        If there are not more than `train_bars` bars, or a fold has no row to train on.

    Notes
    -----
    Timing: a fold's training uses nothing after the close of the bar `embargo_bars + 1` bars before its first test bar.
    Boundaries depend on bars before them only: folds of a shorter history are those of a longer one, cut off.

    Examples
    --------
    >>> stamps = pd.date_range("2024-01-01", periods=10, tz="UTC", unit="us", name="timestamp")
    >>> index = pd.MultiIndex.from_product([stamps, [0]], names=["timestamp", "instrument"])
    >>> labels = pd.DataFrame({"label": 1.0, "label_end": stamps + pd.Timedelta(days=2)}, index=index)
    >>> spec = ValidationSpec.model_construct(train_bars=5, test_bars=3, embargo_bars=0)
    >>> for fold in walk_forward(labels, spec):
    ...     print(fold.train, fold.test)
    [0 1 2] [5 6 7]
    [0 1 2 3 4 5] [8 9]
    """
    timeline = _timeline(labels)
    n_bars = len(timeline.bars)
    if n_bars <= spec.train_bars:
        raise NotEnoughData(
            f"Expected more than {spec.train_bars} bars, the first training window; found {n_bars}. "
            "Use a longer history or a shorter training window."
        )
    folds = []
    for number, low in enumerate(range(spec.train_bars, n_bars, spec.test_bars)):
        high = min(low + spec.test_bars, n_bars)
        first = 0 if spec.expanding else low - spec.train_bars
        cut = low - spec.embargo_bars
        train = timeline.ended_before(first, low, int(timeline.bars[cut])) if cut > 0 else timeline.known[:0]
        folds.append(_fold(timeline, number, train, [(low, high)], timeline.span(first, low)))
    return folds


def purged_k_fold(labels: Labels, n_folds: int, embargo_bars: int) -> list[Fold]:
    """Split into contiguous blocks that are each tested by a model of the others: for scores and choices, never traded.

    Parameters
    ----------
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel as defined in `quant.frames`.
    n_folds : int
        Number of blocks, at least 2. Their numbers of bars differ by at most one, the longer ones first.
    embargo_bars : int
        Bars left out after the last label end of the test block, in addition to the purge; at least 0.

    Returns
    -------
    list of Fold
        A fold trains on the known rows before its block whose label ends before the block's first bar, and on the known
        rows from `embargo_bars` bars after the block's last label end. Label ends are the actual ones, of each row.

    Raises
    ------
    InvalidSpec
        If `labels` is not a labels panel, or a number is out of its bounds.
    NotEnoughData
        If there are fewer bars than folds, or a fold has no row to train on.

    Notes
    -----
    Timing: training rows lie on both sides of the test block, so a model has seen what came after it. Its score is an
    honest estimate of skill only because no training label interval meets the test block's, from its first bar to its
    last label end.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 7.4 and snippets 7.1 to 7.3. Differs from
    mlfinpy 0.1, whose purge starts at the end of the first test label and so leaves overlapping rows before each block.

    Examples
    --------
    >>> stamps = pd.date_range("2024-01-01", periods=100, tz="UTC", unit="us", name="timestamp")
    >>> index = pd.MultiIndex.from_product([stamps, [0]], names=["timestamp", "instrument"])
    >>> labels = pd.DataFrame({"label": 1.0, "label_end": stamps + pd.Timedelta(days=5)}, index=index)
    >>> [len(fold.train) for fold in purged_k_fold(labels, n_folds=5, embargo_bars=0)]
    [75, 70, 70, 70, 75]
    """
    if n_folds < 2:  # noqa: PLR2004  # one to test, one to train
        raise InvalidSpec(f"Expected at least 2 folds; found {n_folds}.", field="n_folds")
    timeline = _embargoed_timeline(labels, embargo_bars)
    n_bars = len(timeline.bars)
    edges = _edges(n_bars, n_folds)
    folds, window = [], timeline.span(0, n_bars)
    for number, (low, high) in enumerate(pairwise(edges)):
        before = timeline.ended_before(0, low, int(timeline.bars[low]))
        after = timeline.known[timeline.known_between(_resumed_at(timeline, low, high, embargo_bars), n_bars)[0] :]
        train = np.concatenate((before, after)) if len(before) and len(after) else (before if len(before) else after)
        folds.append(_fold(timeline, number, train, [(low, high)], window))
    return folds


def combinatorial_purged(labels: Labels, n_groups: int, n_test_groups: int, embargo_bars: int) -> list[Fold]:
    """Split into groups of bars of which each choice of several is tested by a model of the others: for distributions.

    Parameters
    ----------
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel as defined in `quant.frames`.
    n_groups : int
        Contiguous groups of bars, at least 2. Their numbers of bars differ by at most one, the longer ones first.
    n_test_groups : int
        Groups that a split tests, at least 1 and fewer than there are.
    embargo_bars : int
        Bars left out after the last label end of each test block, in addition to the purge; at least 0.

    Returns
    -------
    list of Fold
        One for each choice of groups, in lexical order: (0, 1), (0, 2) and so on. Groups that touch are one test block;
        purge and embargo go round each block, never round the hull of several. `combine_paths` says which split
        predicts a group on which path.

    Raises
    ------
    InvalidSpec
        If `labels` is not a labels panel, a number is out of its bounds, or there are more than 1,000 choices.
    NotEnoughData
        If there are fewer bars than groups, or a fold has no row to train on.

    Notes
    -----
    Timing: as `purged_k_fold`, training rows lie on both sides of what is tested. What is predicted so is never traded.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 12.3. Differs from skfolio 1.12, which purges a
    constant number of rows, by going by each row's own label end, and in whose last group the odd bars are.

    Examples
    --------
    >>> stamps = pd.date_range("2024-01-01", periods=60, tz="UTC", unit="us", name="timestamp")
    >>> index = pd.MultiIndex.from_product([stamps, [0]], names=["timestamp", "instrument"])
    >>> labels = pd.DataFrame({"label": 1.0, "label_end": stamps + pd.Timedelta(days=2)}, index=index)
    >>> folds = combinatorial_purged(labels, n_groups=6, n_test_groups=2, embargo_bars=0)
    >>> len(folds), [len(fold.train) for fold in folds[:3]]
    (15, [38, 34, 34])
    """
    groups = _choices(n_groups, n_test_groups)
    timeline = _embargoed_timeline(labels, embargo_bars)
    n_bars = len(timeline.bars)
    edges = _edges(n_bars, n_groups)
    rows = timeline.known
    folds, window = [], timeline.span(0, n_bars)
    for number, tested in enumerate(groups):
        blocks = _joined((edges[group], edges[group + 1]) for group in tested)
        is_clear = np.ones(len(rows), dtype=bool)
        for low, high in blocks:
            first, _ = timeline.known_between(low, high)
            resumed, _ = timeline.known_between(_resumed_at(timeline, low, high, embargo_bars), n_bars)
            is_clear[:first] &= timeline.label_end[:first] < timeline.bars[low]
            is_clear[first:resumed] = False
        folds.append(_fold(timeline, number, rows[is_clear], blocks, window))
    return folds


def combine_paths(n_groups: int, n_test_groups: int) -> Positions:
    """Return which combinatorial split predicts each group on each path.

    Parameters
    ----------
    n_groups, n_test_groups : int
        As for `combinatorial_purged`.

    Returns
    -------
    ndarray of int of shape (n_paths, n_groups)
        Numbers of splits. A path goes through all groups once, so it is a full out-of-sample sequence; each test group
        of each split is on one path. There are as many paths as splits that test a group: n_test_groups / n_groups of
        all.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 12.3 and figure 12.1.

    Examples
    --------
    >>> combine_paths(3, 2)
    array([[0, 0, 1],
           [1, 2, 2]])
    """
    groups = np.array(_choices(n_groups, n_test_groups))
    return np.stack([np.flatnonzero((groups == group).any(axis=1)) for group in range(n_groups)], axis=1)


@cache
def _choices(n_groups: int, n_test_groups: int) -> tuple[tuple[int, ...], ...]:
    """Return the groups that each combinatorial split tests."""
    if n_groups < 2:  # noqa: PLR2004  # one to test, one to train
        raise InvalidSpec(f"Expected at least 2 groups; found {n_groups}.", field="n_groups")
    if not 1 <= n_test_groups < n_groups:
        raise InvalidSpec(
            f"Expected to test from 1 to {n_groups - 1} of {n_groups} groups; found {n_test_groups}.",
            field="n_test_groups",
        )
    if comb(n_groups, n_test_groups) > MOST_SPLITS:
        raise InvalidSpec(
            f"Expected at most {MOST_SPLITS:,} splits; found {comb(n_groups, n_test_groups):,}. Use fewer groups.",
            field="n_groups",
        )
    return tuple(combinations(range(n_groups), n_test_groups))


def _edges(n_bars: int, n_blocks: int) -> list[int]:
    """Return where contiguous blocks of bars begin, and the number of bars."""
    if n_bars < n_blocks:
        raise NotEnoughData(f"Expected at least one bar a fold, {n_blocks}; found {n_bars}. Use fewer folds.")
    shorter, n_longer = divmod(n_bars, n_blocks)
    return [number * shorter + min(number, n_longer) for number in range(n_blocks + 1)]


def _joined(blocks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return blocks in which those that touch are one."""
    joined: list[tuple[int, int]] = []
    for low, high in blocks:
        begin = joined.pop()[0] if joined and joined[-1][1] == low else low
        joined.append((begin, high))
    return joined


def _resumed_at(timeline: _Timeline, low: int, high: int, embargo_bars: int) -> int:
    """Return the bar from which rows after a test block may be trained on."""
    first, last = timeline.known_between(low, high)
    end = timeline.label_end[first:last].max(initial=timeline.bars[high - 1])
    return min(int(np.searchsorted(timeline.bars, end, side="right")) + embargo_bars, len(timeline.bars))


def _fold(timeline: _Timeline, number: int, train: Positions, blocks: Sequence[tuple[int, int]], window: Span) -> Fold:
    test_span = timeline.span(blocks[0][0], blocks[-1][1])
    if not train.size:
        raise NotEnoughData(
            f"Expected rows to train on for the test block from {test_span[0].isoformat()} to "
            f"{test_span[1].isoformat()}; found none with a known label outside purge and embargo. Use a longer "
            "history, a shorter label horizon or a smaller embargo."
        )
    rows = [timeline.rows(*block) for block in blocks]
    test = rows[0] if len(rows) == 1 else np.concatenate(rows)
    train.flags.writeable = test.flags.writeable = False
    return Fold(
        number=number,
        train=train,
        test=test,
        window=window,
        train_span=(timeline.stamp(train[0]), timeline.stamp(train[-1])),
        test_span=test_span,
    )


def _embargoed_timeline(labels: Labels, embargo_bars: int) -> _Timeline:
    if embargo_bars < 0:
        raise InvalidSpec(f"Expected an embargo of 0 bars or more; found {embargo_bars}.", field="embargo_bars")
    return _timeline(labels)


def _timeline(labels: Labels) -> _Timeline:
    index = labels.index
    if not isinstance(index, pd.MultiIndex) or tuple(index.names) != PANEL_LEVELS:
        raise InvalidSpec(
            f"Expected labels indexed by {PANEL_LEVELS}; found {tuple(index.names)}. See quant.frames.", field="labels"
        )
    if not all(isinstance(dtype, pd.DatetimeTZDtype) for dtype in (index.levels[0].dtype, labels["label_end"].dtype)):
        raise InvalidSpec(
            "Expected timestamps and label ends with a time zone; "
            f"found {index.levels[0].dtype} and {labels['label_end'].dtype}.",
            field="labels",
        )
    stamps = pd.DatetimeIndex(index.levels[0]).as_unit("us")
    codes = np.asarray(index.codes[0])
    start = stamps.asi8.take(codes)
    if (codes < 0).any() or (start[1:] < start[:-1]).any():
        raise InvalidSpec("Expected labels sorted by timestamp, none missing; sort the panel first.", field="labels")
    is_new = start[1:] != start[:-1]
    if is_new.all():  # as usual with one instrument: each row is a bar
        bars, first_row = start, np.arange(len(start) + 1)
    else:
        first_row = np.concatenate(([0], np.flatnonzero(is_new) + 1, [len(start)]))
        bars = start[first_row[:-1]]
    known, label_end = _known_ends(labels, start)
    return _Timeline(
        bars=bars,
        stamps=stamps,
        codes=codes,
        first_row=first_row,
        known=known,
        label_end=label_end,
        latest_end=np.maximum.accumulate(label_end) if (label_end[1:] < label_end[:-1]).any() else label_end,
    )


def _known_ends(labels: Labels, start: NDArray[np.int64]) -> tuple[Positions, NDArray[np.int64]]:
    """Return the rows whose label is known, and their label ends."""
    is_known = ~np.isnan(labels["label"].to_numpy(dtype=np.float64))
    n_known = int(np.count_nonzero(is_known))
    label_end = labels["label_end"].to_numpy(dtype="datetime64[us]").view(np.int64)
    if is_known[:n_known].all():  # as usual, only the last rows are unknown: no need to pick row by row
        known, label_end, start = np.arange(n_known), label_end[:n_known], start[:n_known]
    else:
        known = np.flatnonzero(is_known)
        label_end, start = label_end[known], start[known]
    known.flags.writeable = False
    # A missing label end is the least integer, so that this refuses it too.
    if (label_end < start).any():
        raise InvalidSpec(
            "Expected a label end at or after the bar of each known label; found labels that end before it or never.",
            field="labels",
        )
    return known, label_end
