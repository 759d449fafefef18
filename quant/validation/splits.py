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
from typing import Any

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
    window_rows : tuple of int
        First and last of the rows of the bars that training rows could come from, before purge and embargo.
    index : MultiIndex of shape (n_rows,)
        That of the labels, which says when a row is.
    """

    number: int
    train: Positions
    test: Positions
    window_rows: tuple[int, int]
    index: pd.Index

    @property
    def window(self) -> Span:
        """First and last bar that training rows could come from, before purge and embargo."""
        return self._span(*self.window_rows)

    @property
    def train_span(self) -> Span:
        """First and last timestamp of the training rows."""
        return self._span(self.train[0], self.train[-1])

    @property
    def test_span(self) -> Span:
        """First and last timestamp of the test rows."""
        return self._span(self.test[0], self.test[-1])

    def _span(self, first: int | np.intp, last: int | np.intp) -> Span:
        stamps: Any = [self.index[int(row)][0] for row in (first, last)]
        return stamps[0], stamps[1]


@dataclass(frozen=True, eq=False)
class _Timeline:
    """Rows of a labels frame on the axis of its bars; times are microseconds since 1970."""

    bars: NDArray[np.int64]  # time of each bar
    index: pd.MultiIndex  # of the labels
    places: Positions  # the number of each row, and how many there are at the end; what is handed out are slices of it
    first_row: Positions  # first row of each bar, and the number of rows at the end
    known: Positions  # rows whose label is known
    label_end: NDArray[np.int64]  # of the known rows
    latest_end: NDArray[np.int64]  # latest label end of the known rows so far

    def rows(self, low: int, high: int) -> Positions:
        """Return the rows of the bars from `low` to before `high`."""
        return self.places[self.first_row[low] : self.first_row[high]]

    def known_from(self, bars: Sequence[int]) -> list[int]:
        """Return where in `known` the rows from each of these bars on begin."""
        begin: list[int] = self.known.searchsorted(self.first_row[np.asarray(bars)]).tolist()
        return begin

    def ended_before(self, first: int, last: int, cutoff: np.int64) -> Positions:
        """Return those of the known rows from place `first` to before `last` whose label ends before `cutoff`."""
        # Up to `doubtful` every label has ended; behind it, which is a few horizons of rows, each is looked at.
        doubtful = min(max(int(self.latest_end.searchsorted(cutoff)), first), last)
        is_late = self.label_end[doubtful:last] < cutoff
        if not is_late.any():
            return self.known[first:doubtful]
        return np.concatenate((self.known[first:doubtful], self.known[doubtful:last][is_late]))


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
        begin, end = timeline.known_from((first, low))
        train = timeline.ended_before(begin, end, timeline.bars[cut]) if cut > 0 else timeline.known[:0]
        folds.append(_fold(timeline, number, train, [(low, high)], (first, low)))
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
    folds, places = [], pairwise(timeline.known_from(edges))
    for number, ((low, high), (first, last)) in enumerate(zip(pairwise(edges), places, strict=True)):
        before = timeline.ended_before(0, first, timeline.bars[low])
        after = timeline.known[_resumed_at(timeline, first, last, high, embargo_bars) :]
        train = np.concatenate((before, after)) if len(before) and len(after) else (before if len(before) else after)
        folds.append(_fold(timeline, number, train, [(low, high)], (0, n_bars)))
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
    folds = []
    for number, tested in enumerate(groups):
        blocks = _joined((edges[group], edges[group + 1]) for group in tested)
        is_clear = np.ones(len(rows), dtype=bool)
        for low, high in blocks:
            first, last = timeline.known_from((low, high))
            resumed = _resumed_at(timeline, first, last, high, embargo_bars)
            is_clear[:first] &= timeline.label_end[:first] < timeline.bars[low]
            is_clear[first:resumed] = False
        folds.append(_fold(timeline, number, rows[is_clear], blocks, (0, n_bars)))
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


def _resumed_at(timeline: _Timeline, first: int, last: int, high: int, embargo_bars: int) -> int:
    """Return from where in `known` on rows may be trained on after a test block up to before the bar `high`.

    The known rows of the block stand from `first` to before `last`.
    """
    end = timeline.label_end[first:last].max(initial=timeline.bars[high - 1])
    bar = int(timeline.bars.searchsorted(end, side="right")) + embargo_bars
    return int(timeline.known.searchsorted(timeline.first_row[min(bar, len(timeline.bars))]))


def _fold(
    timeline: _Timeline, number: int, train: Positions, blocks: Sequence[tuple[int, int]], window: tuple[int, int]
) -> Fold:
    """Return a split as a fold: test blocks and window, of bars, are each from one to before another."""
    rows = [timeline.rows(*block) for block in blocks]
    test = rows[0] if len(rows) == 1 else np.concatenate(rows)
    train.flags.writeable = test.flags.writeable = False
    window_rows = (int(timeline.first_row[window[0]]), int(timeline.first_row[window[1]]) - 1)
    fold = Fold(number, train, test, window_rows, timeline.index)
    if not train.size:
        begin, end = fold.test_span
        raise NotEnoughData(
            f"Expected rows to train on for the test block from {begin.isoformat()} to {end.isoformat()}; found none "
            "with a known label outside purge and embargo. Use a longer history, a shorter label horizon or a smaller "
            "embargo."
        )
    return fold


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
    stamps, label, label_end = index.levels[0], labels["label"], labels["label_end"].array
    if not all(isinstance(times.dtype, pd.DatetimeTZDtype) for times in (stamps, label_end)):
        raise InvalidSpec(
            f"Expected timestamps and label ends with a time zone; found {stamps.dtype} and {label_end.dtype}.",
            field="labels",
        )
    stamps, codes = _in_order(_in_microseconds(stamps), np.asarray(index.codes[0]))
    n_rows, times = len(codes), stamps.asi8
    is_new = codes[1:] > codes[:-1]
    are_bars = bool(is_new.all())  # as usual with one instrument: each row is a bar
    if n_rows and (codes[0] < 0 or not (are_bars or (codes[1:] >= codes[:-1]).all())):
        raise InvalidSpec("Expected labels sorted by timestamp, none missing; sort the panel first.", field="labels")
    is_slice = n_rows > 0 and are_bars and codes[-1] - codes[0] == n_rows - 1  # then nothing needs picking one by one
    start = times[codes[0] : codes[0] + n_rows] if is_slice else times.take(codes)
    places = np.arange(n_rows + 1)
    places.flags.writeable = False
    first_row = places if are_bars else np.concatenate((places[:1], np.flatnonzero(is_new) + 1, places[-1:]))
    known, label_end = _known_ends(label, _in_microseconds(label_end).asi8, start, places)
    return _Timeline(
        bars=start if are_bars else start[first_row[:-1]],
        index=index,
        places=places,
        first_row=first_row,
        known=known,
        label_end=label_end,
        latest_end=np.maximum.accumulate(label_end) if (label_end[1:] < label_end[:-1]).any() else label_end,
    )


def _in_order(stamps: pd.DatetimeIndex, codes: NDArray[np.integer]) -> tuple[pd.DatetimeIndex, NDArray[np.integer]]:
    """Return distinct stamps in the order of time, with the codes that point into them; −1 stays −1."""
    if stamps.is_monotonic_increasing and stamps.is_unique:  # as usual; pandas looks once and remembers
        return stamps, codes
    _, first, rank = np.unique(stamps.asi8, return_index=True, return_inverse=True)
    return stamps[first], np.append(rank, -1)[codes]


def _in_microseconds(times: Any) -> Any:
    """Return dates of pandas in the unit that all are compared in; as usual they are in it, and nothing is copied."""
    return times if times.unit == "us" else times.as_unit("us")


def _known_ends(
    label: pd.Series, label_end: NDArray[np.int64], start: NDArray[np.int64], places: Positions
) -> tuple[Positions, NDArray[np.int64]]:
    """Return the rows whose label is known, and their label ends."""
    is_unknown = np.isnan(label.to_numpy(dtype=np.float64))
    n_known = len(is_unknown) - int(np.count_nonzero(is_unknown))
    if not is_unknown[:n_known].any():  # as usual, only the last rows are unknown: no need to pick row by row
        known, label_end, start = places[:n_known], label_end[:n_known], start[:n_known]
    else:
        known = np.flatnonzero(~is_unknown)
        known.flags.writeable = False
        label_end, start = label_end[known], start[known]
    # A missing label end is the least integer, so that this refuses it too.
    if (label_end < start).any():
        raise InvalidSpec(
            "Expected a label end at or after the bar of each known label; found labels that end before it or never.",
            field="labels",
        )
    return known, label_end
