from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skfolio.model_selection import CombinatorialPurgedCV

from quant.errors import InvalidSpec, NotEnoughData
from quant.validation.catalog import ValidationSpec
from quant.validation.certificate import purge_certificate
from quant.validation.splits import combinatorial_purged, combine_paths, purged_k_fold, walk_forward


def window(**fields):
    """Return a specification that may be smaller than the form allows."""
    return ValidationSpec.model_construct(**{"train_bars": 20, "test_bars": 7, "embargo_bars": 0} | fields)


@st.composite
def panels(draw):
    """Instruments on calendars of their own, labels that end anywhere, also between bars, some of them unknown."""
    n_bars = draw(st.integers(24, 60))
    n_instruments = draw(st.integers(1, 3))
    horizon = draw(st.integers(0, 9))
    share_unknown = draw(st.sampled_from([0.0, 0.1]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    gaps = rng.choice([1, 1, 1, 3], n_bars + horizon + 1)
    stamps = pd.Timestamp("2020-01-01", tz="UTC").as_unit("us") + pd.to_timedelta(np.cumsum(gaps), unit="D")
    rows = [
        (stamps[bar], instrument, bar)
        for bar in range(n_bars)
        for instrument in range(n_instruments)
        if instrument == bar % n_instruments or rng.random() < 0.7  # each bar has at least one instrument
    ]
    index = pd.MultiIndex.from_tuples([row[:2] for row in rows], names=["timestamp", "instrument"])
    bars_ahead = rng.integers(0, horizon + 1, len(rows))
    ends = stamps[np.array([row[2] for row in rows]) + bars_ahead] + pd.to_timedelta(
        rng.integers(0, 2, len(rows)) * 7, "h"
    )
    labels = pd.DataFrame({"label": rng.integers(0, 2, len(rows)).astype(float), "label_end": ends}, index=index)
    labels["label_end"] = labels["label_end"].dt.as_unit("us")
    is_unknown = rng.random(len(rows)) < share_unknown
    labels.loc[is_unknown, "label"] = np.nan
    labels.loc[is_unknown, "label_end"] = pd.NaT
    return labels


def intervals(labels):
    """Return timestamp, label end (None if unknown) of each row, as plain Python."""
    timestamps = labels.index.get_level_values("timestamp")
    known = labels["label"].notna()
    return [(t, end if k else None) for t, end, k in zip(timestamps, labels["label_end"], known, strict=True)]


def test_a_hundred_rows_in_five_folds_have_the_known_sizes(daily_labels):
    labels = daily_labels(100, horizon=5)
    assert [len(fold.train) for fold in purged_k_fold(labels, 5, 0)] == [75, 70, 70, 70, 75]
    assert [len(fold.train) for fold in purged_k_fold(labels, 5, 1)] == [74, 69, 69, 69, 75]


def test_purging_takes_both_sides_by_label_end(daily_labels):
    middle = purged_k_fold(daily_labels(100, horizon=5), 5, 2)[2]
    assert middle.test.tolist() == list(range(40, 60))
    # Row 35 ends at bar 40, the first tested. The last test label ends at bar 64; 65 and 66 are the embargo.
    assert middle.train.tolist() == [*range(35), *range(67, 100)]


def test_walk_forward_gap_is_the_label_and_the_embargo(daily_labels):
    first, second = walk_forward(daily_labels(40, horizon=3), window(embargo_bars=2, test_bars=10))
    # The label of row 14 ends at bar 17; bars 18 and 19 are the embargo.
    assert first.train.tolist() == list(range(15))
    assert first.test.tolist() == list(range(20, 30))
    assert second.train.tolist() == list(range(25))


def test_rolling_windows_keep_the_last_bars_only(daily_labels):
    folds = walk_forward(daily_labels(60, horizon=1), window(expanding=False))
    assert [fold.train[0] for fold in folds] == [0, 7, 14, 21, 28, 35]
    assert {len(fold.train) for fold in folds} == {19}


def test_spans_are_those_of_the_rows(daily_labels):
    labels = daily_labels(40, horizon=3)
    fold = walk_forward(labels, window(test_bars=10))[1]
    stamps = labels.index.get_level_values("timestamp")
    assert fold.window == (stamps[0], stamps[29])
    assert fold.train_span == (stamps[0], stamps[26])
    assert fold.test_span == (stamps[30], stamps[39])


def test_bars_are_counted_once_for_all_instruments(daily_labels):
    one, three = (walk_forward(daily_labels(45, n_instruments=n), window()) for n in (1, 3))
    assert [fold.test_span for fold in one] == [fold.test_span for fold in three]
    assert [3 * len(fold.train) for fold in one] == [len(fold.train) for fold in three]


def test_an_instrument_that_pauses_does_not_shift_the_purge(daily_labels):
    labels = daily_labels(40, n_instruments=2, horizon=1)
    stamps = labels.index.get_level_values("timestamp").unique()
    # Instrument 1 pauses from bar 11 to bar 24: the label of its bar 10 ends inside the test block.
    labels.loc[(stamps[10], 1), "label_end"] = stamps[25]
    labels = labels.drop([(stamp, 1) for stamp in stamps[11:25]])
    fold = walk_forward(labels, window())[0]
    assert labels.index.get_loc((stamps[10], 0)) in fold.train
    assert labels.index.get_loc((stamps[10], 1)) not in fold.train


def test_unknown_labels_are_tested_and_never_trained_on(daily_labels):
    labels = daily_labels(45, n_unknown=5)
    folds = walk_forward(labels, window())
    assert folds[-1].test.tolist() == [41, 42, 43, 44]
    labels.iloc[3] = np.nan, pd.NaT
    assert 3 not in walk_forward(labels, window())[0].train
    assert all(3 not in fold.train for fold in purged_k_fold(labels, 3, 0))


def test_the_last_block_may_be_one_bar(daily_labels):
    assert [len(fold.test) for fold in walk_forward(daily_labels(35), window())] == [7, 7, 1]


def test_positions_cannot_be_changed(daily_labels):
    fold = purged_k_fold(daily_labels(30), 3, 0)[1]
    for positions in (fold.train, fold.test):
        with pytest.raises(ValueError, match="read-only"):
            positions[0] = 1


def trainable(rows, bars, low, first, embargo):
    """Return the rows from bar `first` on that have ended, with at least `embargo` bars between, before bar `low`."""
    return [
        row
        for row, (timestamp, end) in enumerate(rows)
        if end is not None
        and bars[first] <= timestamp
        and end < bars[low]
        and sum(end < bar < bars[low] for bar in bars) >= embargo
    ]


@settings(max_examples=150, deadline=None)
@given(labels=panels(), embargo=st.integers(0, 8), test_bars=st.integers(1, 15), expanding=st.booleans())
def test_walk_forward_trains_on_exactly_what_had_ended(labels, embargo, test_bars, expanding):
    spec = window(train_bars=20, test_bars=test_bars, embargo_bars=embargo, expanding=expanding)
    rows = intervals(labels)
    bars = sorted({timestamp for timestamp, _ in rows})
    try:
        folds = walk_forward(labels, spec)
    except NotEnoughData:  # also when a later rolling window has no row left
        assert any(
            not trainable(rows, bars, low, 0 if expanding else low - 20, embargo)
            for low in range(20, len(bars), test_bars)
        )
        return
    tested = [bar for fold in folds for bar in bars if fold.test_span[0] <= bar <= fold.test_span[1]]
    assert tested == bars[20:]  # each bar out of sample once, in order
    for fold in folds:
        begin = fold.test_span[0]
        low = bars.index(begin)
        assert fold.train.tolist() == trainable(rows, bars, low, 0 if expanding else low - 20, embargo)
        assert fold.test.tolist() == [row for row, (t, _) in enumerate(rows) if begin <= t <= fold.test_span[1]]
        assert not set(fold.train) & set(fold.test)


def purged(rows, bars, block, embargo):
    """Return the rows whose label interval stays clear of the block's, on the right by `embargo` bars more."""
    begin = block[0]
    end = max([block[-1], *(end for timestamp, end in rows if end is not None and begin <= timestamp <= block[-1])])
    return [
        row
        for row, (timestamp, label_end) in enumerate(rows)
        if label_end is not None
        and (label_end < begin or (timestamp > end and sum(end < bar < timestamp for bar in bars) >= embargo))
    ]


@settings(max_examples=150, deadline=None)
@given(labels=panels(), embargo=st.integers(0, 6), n_folds=st.integers(2, 6))
def test_no_training_interval_meets_a_purged_fold(labels, embargo, n_folds):
    rows = intervals(labels)
    bars = sorted({timestamp for timestamp, _ in rows})
    blocks = np.array_split(np.array(bars, dtype=object), n_folds)
    expected = [purged(rows, bars, block, embargo) for block in blocks]
    try:
        folds = purged_k_fold(labels, n_folds, embargo)
    except NotEnoughData:
        assert not all(expected)
        return
    assert [fold.train.tolist() for fold in folds] == expected
    assert [fold.test_span for fold in folds] == [(block[0], block[-1]) for block in blocks]
    assert np.concatenate([fold.test for fold in folds]).tolist() == list(range(len(rows)))
    for fold in folds:
        tested = [(rows[row][0], rows[row][1] or rows[row][0]) for row in fold.test]
        trained = [rows[row] for row in fold.train]
        assert not any(start <= end and begin <= stop for start, stop in trained for begin, end in tested)


@settings(max_examples=60, deadline=None)
@given(labels=panels(), embargo=st.integers(0, 4), n_last=st.integers(1, 25))
def test_folds_do_not_depend_on_later_bars(labels, embargo, n_last):
    bars = labels.index.get_level_values("timestamp").unique()
    if len(bars) - n_last <= 20:
        return
    cut = bars[-n_last - 1]
    shorter = labels[labels.index.get_level_values("timestamp") <= cut].copy()
    is_future = shorter["label_end"] > cut
    shorter.loc[is_future, "label"] = np.nan
    shorter.loc[is_future, "label_end"] = pd.NaT
    try:
        folds = walk_forward(labels, window(embargo_bars=embargo))
    except NotEnoughData:
        return
    for fold, same in zip(walk_forward(shorter, window(embargo_bars=embargo)), folds, strict=False):
        assert fold.train.tolist() == same.train.tolist()
        assert fold.test.tolist() == [row for row in same.test if row < len(shorter)]


@settings(max_examples=60, deadline=None)
@given(labels=panels(), embargo=st.integers(0, 3))
def test_purged_folds_of_the_first_training_rows_know_nothing_of_what_is_traded(labels, embargo):
    try:
        first = walk_forward(labels, window(embargo_bars=embargo))[0]
        inner = labels.iloc[first.train]
        folds = purged_k_fold(inner, 2, embargo)
    except NotEnoughData:
        return
    assert inner["label_end"].max() < first.test_span[0]
    assert max(fold.test_span[1] for fold in folds) < first.test_span[0]


@pytest.mark.parametrize(("n_folds", "embargo", "field"), [(1, 0, "n_folds"), (3, -1, "embargo_bars")])
def test_numbers_out_of_bounds_are_refused(daily_labels, n_folds, embargo, field):
    with pytest.raises(InvalidSpec) as refused:
        purged_k_fold(daily_labels(30), n_folds, embargo)
    assert refused.value.field == field


def test_too_short_a_history_is_refused(daily_labels):
    with pytest.raises(NotEnoughData, match="more than 20 bars"):
        walk_forward(daily_labels(20), window())
    with pytest.raises(NotEnoughData, match="one bar a fold, 5; found 4"):
        purged_k_fold(daily_labels(4), 5, 0)
    with pytest.raises(NotEnoughData, match="outside purge and embargo"):
        walk_forward(daily_labels(30), window(embargo_bars=20))
    with pytest.raises(NotEnoughData, match="outside purge and embargo"):
        purged_k_fold(daily_labels(10, horizon=8), 2, 0)
    with pytest.raises(NotEnoughData, match="found 0"):
        purged_k_fold(daily_labels(10).iloc[:0], 2, 0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda labels: labels.droplevel("instrument"), "indexed by"),
        (lambda labels: labels.iloc[::-1], "sorted by timestamp"),
        (lambda labels: labels.assign(label_end=labels["label_end"].dt.tz_localize(None)), "with a time zone"),
        (
            lambda labels: labels.assign(label_end=labels["label_end"].where(labels["label"] > 1)),
            "label end at or after",
        ),
        (lambda labels: labels.assign(label_end=labels["label_end"] - pd.Timedelta(days=2)), "label end at or after"),
    ],
)
def test_what_is_no_labels_panel_is_refused(daily_labels, spoil, message):
    with pytest.raises(InvalidSpec, match=message):
        purged_k_fold(spoil(daily_labels(30)), 3, 0)


def test_other_time_units_and_unused_levels_change_nothing(daily_labels):
    labels = daily_labels(60, horizon=4, n_instruments=2)
    coarse = labels.assign(label_end=labels["label_end"].dt.as_unit("s"))
    coarse.index = coarse.index.set_levels(coarse.index.levels[0].as_unit("ns"), level="timestamp")
    for fold, same in zip(purged_k_fold(labels, 4, 2), purged_k_fold(coarse, 4, 2), strict=True):
        assert fold.train.tolist() == same.train.tolist()
        assert fold.test_span == same.test_span
    later = labels.iloc[20:]  # the index still holds the levels of the rows that were cut off
    rebuilt = pd.DataFrame(later.to_dict("list"), index=pd.MultiIndex.from_tuples(later.index, names=later.index.names))
    for fold, same in zip(purged_k_fold(later, 4, 2), purged_k_fold(rebuilt, 4, 2), strict=True):
        assert fold.train.tolist() == same.train.tolist()
        assert fold.train_span == same.train_span


def test_prices_from_before_1970_are_split_alike(daily_labels):
    labels = daily_labels(60, horizon=4)
    early = labels.assign(label_end=labels["label_end"] - pd.Timedelta(days=20_000))
    early.index = early.index.set_levels(early.index.levels[0] - pd.Timedelta(days=20_000), level="timestamp")
    for splitter in (lambda panel: purged_k_fold(panel, 4, 2), lambda panel: walk_forward(panel, window())):
        for fold, same in zip(splitter(early), splitter(labels), strict=True):
            assert fold.train.tolist() == same.train.tolist()
            assert fold.test.tolist() == same.test.tolist()


def test_blocks_are_contiguous(daily_labels):
    for fold in purged_k_fold(daily_labels(53, n_instruments=2), 5, 0):
        assert all(later - earlier == 1 for earlier, later in pairwise(fold.test))


# --- Combinatorial splits and their paths -----------------------------------------------------------------------------


@pytest.mark.parametrize(("n_groups", "n_test_groups", "n_splits", "n_paths"), [(6, 2, 15, 5), (10, 2, 45, 9)])
def test_combinations_have_the_known_numbers_of_splits_and_paths(
    daily_labels, n_groups, n_test_groups, n_splits, n_paths
):
    folds = combinatorial_purged(daily_labels(120, horizon=3), n_groups, n_test_groups, 1)
    paths = combine_paths(n_groups, n_test_groups)
    assert len(folds) == n_splits
    assert paths.shape == (n_paths, n_groups)


@pytest.mark.parametrize(("n_groups", "n_test_groups"), [(3, 1), (4, 2), (5, 3), (6, 2)])
def test_paths_go_through_all_rows_and_use_each_tested_group_once(daily_labels, n_groups, n_test_groups):
    labels = daily_labels(67, horizon=2, n_instruments=2)
    folds = combinatorial_purged(labels, n_groups, n_test_groups, 0)
    paths = combine_paths(n_groups, n_test_groups)
    blocks = [fold.test for fold in combinatorial_purged(labels, n_groups, 1, 0)]
    used = sorted((int(split), group) for path in paths for group, split in enumerate(path))
    assert used == sorted(set(used))
    assert len(used) == len(folds) * n_test_groups
    for split, group in used:
        assert set(blocks[group]) <= set(folds[split].test)
    assert np.concatenate(blocks).tolist() == list(range(len(labels)))


@settings(max_examples=60, deadline=None)
@given(labels=panels(), embargo=st.integers(0, 4), n_groups=st.integers(2, 6), data=st.data())
def test_no_training_interval_meets_a_block_of_a_combination(labels, embargo, n_groups, data):
    n_tested = data.draw(st.integers(1, n_groups - 1))
    rows = intervals(labels)
    bars = sorted({timestamp for timestamp, _ in rows})
    groups = np.array_split(np.arange(len(bars)), n_groups)
    expected = []
    for choice in combinations(range(n_groups), n_tested):
        tested = np.concatenate([groups[group] for group in choice])
        blocks = np.split(tested, np.flatnonzero(np.diff(tested) > 1) + 1)
        clear = [set(purged(rows, bars, [bars[place] for place in block], embargo)) for block in blocks]
        expected.append(sorted(set.intersection(*clear)))
    try:
        folds = combinatorial_purged(labels, n_groups, n_tested, embargo)
    except NotEnoughData:
        assert not all(expected)
        return
    assert [fold.train.tolist() for fold in folds] == expected
    purge_certificate(folds, labels)  # the second look refuses what meets


def test_combinations_of_one_group_are_purged_folds(daily_labels):
    labels = daily_labels(83, horizon=4)
    for fold, same in zip(combinatorial_purged(labels, 5, 1, 2), purged_k_fold(labels, 5, 2), strict=True):
        assert fold.train.tolist() == same.train.tolist()
        assert fold.test.tolist() == same.test.tolist()


def test_rows_between_two_blocks_are_kept(daily_labels):
    # Groups 1 and 4 of six are tested: between them, bars 20 to 39 remain but for purge and embargo.
    labels = daily_labels(60, horizon=2)
    fold = combinatorial_purged(labels, 6, 2, 1)[list(combinations(range(6), 2)).index((1, 4))]
    assert fold.train.tolist() == [*range(8), *range(23, 38), *range(53, 60)]


@pytest.mark.parametrize(("n_groups", "n_test_groups", "embargo"), [(6, 2, 0), (6, 2, 3), (10, 2, 1), (5, 3, 2)])
def test_splits_and_paths_are_those_of_skfolio(daily_labels, n_groups, n_test_groups, embargo):
    """With labels of one length and groups of one size; with others, it purges by a constant and we by label ends."""
    horizon, n_bars = 3, 20 * n_groups
    peer = CombinatorialPurgedCV(n_groups, n_test_groups, purged_size=horizon, embargo_size=embargo)
    folds = combinatorial_purged(daily_labels(n_bars, horizon=horizon), n_groups, n_test_groups, embargo)
    for fold, (train, test) in zip(folds, peer.split(np.zeros((n_bars, 1))), strict=True):
        assert fold.train.tolist() == train.tolist()
        assert fold.test.tolist() == np.concatenate(test).tolist()
    assert combine_paths(n_groups, n_test_groups).T.tolist() == peer.recombined_paths.tolist()


@pytest.mark.parametrize(
    ("numbers", "field"),
    [((1, 1), "n_groups"), ((4, 0), "n_test_groups"), ((4, 4), "n_test_groups"), ((30, 10), "n_groups")],
)
def test_combinations_out_of_bounds_are_refused(daily_labels, numbers, field):
    for split in (lambda: combinatorial_purged(daily_labels(60), *numbers, 0), lambda: combine_paths(*numbers)):
        with pytest.raises(InvalidSpec) as refused:
            split()
        assert refused.value.field == field
