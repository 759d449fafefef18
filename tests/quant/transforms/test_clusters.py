import numpy as np
import pytest

from quant.transforms.clusters import ClusterSelector, clusters_of


def test_features_that_resemble_each_other_are_one_group(rows):
    table, _ = rows
    flipped = table * [1, 1, 1, -1, 1, 1]
    assert clusters_of(table, 0.5).tolist() == clusters_of(flipped, 0.5).tolist() == [0, 1, 2, 0, 3, 4]
    assert clusters_of(table[:, :1], 0.5).tolist() == [0]


def test_a_constant_resembles_nothing(rows):
    table = np.column_stack([rows[0][:, [0, 3]], np.full(300, 0.3), np.full(300, 0.3)])
    assert clusters_of(table, 0.5).tolist() == [0, 0, 1, 2]


def test_groups_that_matter_are_kept_whole(rows):
    table, labels = rows
    step = ClusterSelector(seed=1, gap=5).fit(table, labels)
    assert {0, 1, 3} <= set(step.sources_)
    assert step.importances_[0] > step.importances_[2:].max()
    assert len(step.sources_) < 6


def test_alone_two_features_that_resemble_each_other_look_weaker_than_together(rows):
    table, labels = rows
    together = ClusterSelector(likeness=0.5, seed=1).fit(table, labels).importances_[0]
    apart = ClusterSelector(likeness=0.9999, seed=1).fit(table, labels)
    assert together > apart.importances_[0] + apart.importances_[3]


def test_of_groups_none_of_which_helps_the_best_remains():
    rng = np.random.default_rng(0)
    step = ClusterSelector(seed=2).fit(rng.normal(size=(60, 2)), rng.integers(0, 2, 60))
    assert len(step.sources_) >= 1


def test_parts_that_the_gap_leaves_nothing_of_are_refused(rows):
    with pytest.raises(ValueError, match="Choose a longer training window"):
        ClusterSelector(gap=300).fit(*rows)
