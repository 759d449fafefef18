import dataclasses

import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec, LeakageError
from quant.stages import canonical_json
from quant.validation.catalog import ValidationSpec
from quant.validation.certificate import purge_certificate
from quant.validation.splits import purged_k_fold, walk_forward


def with_training_row(fold, row):
    """Plant one more row among those a fold trains on."""
    return dataclasses.replace(fold, train=np.union1d(fold.train, [row]))


def walk(**fields):
    return ValidationSpec.model_construct(**{"train_bars": 20, "test_bars": 10, "embargo_bars": 0} | fields)


def test_facts_of_the_known_folds(daily_labels):
    labels = daily_labels(100, horizon=5)
    facts = purge_certificate(purged_k_fold(labels, 5, 1), labels)
    assert [fold["n_train"] for fold in facts["folds"]] == [74, 69, 69, 69, 75]
    assert [fold["n_purged"] for fold in facts["folds"]] == [5, 10, 10, 10, 5]
    assert [fold["n_embargoed"] for fold in facts["folds"]] == [1, 1, 1, 1, 0]
    assert [fold["bars_before"] for fold in facts["folds"]] == [None, 0, 0, 0, 0]
    assert [fold["bars_after"] for fold in facts["folds"]] == [1, 1, 1, 1, None]
    assert facts["n_labels_checked"] == 74 + 3 * 69 + 75
    assert (facts["n_folds"], facts["n_purged"], facts["n_embargoed"]) == (5, 40, 4)
    assert (facts["least_bars_before"], facts["least_bars_after"]) == (0, 1)


def test_facts_of_walk_forward(daily_labels):
    labels = daily_labels(40, horizon=3, n_instruments=2, n_unknown=3)
    facts = purge_certificate(walk_forward(labels, walk(embargo_bars=2)), labels)
    first = facts["folds"][0]
    assert first == {
        "number": 0,
        "n_train": 30,
        "n_test": 20,
        "n_purged": 6,
        "n_embargoed": 4,
        "train_from": "2020-01-01T00:00:00+00:00",
        "train_to": "2020-01-15T00:00:00+00:00",
        "test_from": "2020-01-21T00:00:00+00:00",
        "test_to": "2020-01-30T00:00:00+00:00",
        "train_spans": [["2020-01-01T00:00:00+00:00", "2020-01-15T00:00:00+00:00"]],
        "test_spans": [["2020-01-21T00:00:00+00:00", "2020-01-30T00:00:00+00:00"]],
        "last_label_end_before": "2020-01-18T00:00:00+00:00",
        "bars_before": 2,
        "bars_after": None,
    }
    assert facts["least_bars_after"] is None


def test_rows_before_a_rolling_window_are_neither_purged_nor_embargoed(daily_labels):
    labels = daily_labels(60, horizon=3)
    facts = purge_certificate(walk_forward(labels, walk(expanding=False)), labels)
    assert {(fold["n_purged"], fold["n_embargoed"]) for fold in facts["folds"]} == {(3, 0)}


def test_facts_are_json(daily_labels):
    labels = daily_labels(60, horizon=3, n_unknown=3)
    assert canonical_json(purge_certificate(purged_k_fold(labels, 3, 2), labels))


@pytest.mark.parametrize("n_instruments", [1, 3])
def test_every_single_planted_leak_is_caught(daily_labels, n_instruments):
    labels = daily_labels(60, horizon=4, n_instruments=n_instruments)
    for fold in [*purged_k_fold(labels, 4, 0), *walk_forward(labels, walk())]:
        inside = [row for row in range(len(labels)) if fold.window[0] <= labels.index[row][0] <= fold.window[1]]
        left_out = np.setdiff1d(inside, np.concatenate((fold.train, fold.test)))
        assert len(left_out) >= 4 * n_instruments
        for row in [*left_out, fold.test[0], fold.test[-1]]:
            with pytest.raises(LeakageError, match=f"found 1 in fold {fold.number}"):
                purge_certificate([with_training_row(fold, row)], labels)


def test_an_embargoed_row_is_no_leak_but_shows(daily_labels):
    labels = daily_labels(60, horizon=4)
    fold = purged_k_fold(labels, 3, 2)[0]
    assert purge_certificate([fold], labels)["least_bars_after"] == 2
    nearer = with_training_row(fold, fold.train[0] - 1)
    facts = purge_certificate([nearer], labels)
    assert (facts["least_bars_after"], facts["n_embargoed"]) == (1, 1)


def test_a_leak_through_another_instrument_is_caught(daily_labels):
    labels = daily_labels(60, horizon=1, n_instruments=2)
    fold = purged_k_fold(labels, 3, 0)[2]
    row = int(fold.train[0]) + 1
    assert labels.index[row][1] == 1
    labels.iloc[row, labels.columns.get_loc("label_end")] = fold.test_span[1]
    with pytest.raises(LeakageError, match="instrument 1 at 2020-01-01"):
        purge_certificate([fold], labels)


def test_a_training_row_without_a_label_is_refused(daily_labels):
    labels = daily_labels(60, horizon=1)
    fold = purged_k_fold(labels, 3, 0)[2]
    labels.iloc[5] = np.nan, pd.NaT
    with pytest.raises(LeakageError, match="its label has no end yet"):
        purge_certificate([fold], labels)


def test_rows_between_two_test_blocks_may_be_trained_on(daily_labels):
    labels = daily_labels(60, horizon=2)
    first, middle, last = purged_k_fold(labels, 3, 0)
    test = np.concatenate((first.test, last.test))
    fold = dataclasses.replace(middle, test=test, train=np.arange(22, 38))
    facts = purge_certificate([fold], labels)["folds"][0]
    assert (facts["n_train"], facts["n_test"], facts["n_purged"]) == (16, 40, 4)
    for row in (21, 38):
        with pytest.raises(LeakageError):
            purge_certificate([with_training_row(fold, row)], labels)


def test_an_empty_fold_is_refused(daily_labels):
    labels = daily_labels(60)
    fold = dataclasses.replace(purged_k_fold(labels, 3, 0)[0], test=np.array([], dtype=np.intp))
    with pytest.raises(InvalidSpec, match="found 39 and 0"):
        purge_certificate([fold], labels)
