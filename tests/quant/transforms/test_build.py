import numpy as np
import pytest
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from quant.transforms.build import build_steps
from quant.transforms.catalog import TRANSFORMS, SelectByElimination, SelectByInformation

SPECS = [entry(n_kept=3) if entry in {SelectByElimination, SelectByInformation} else entry() for entry in TRANSFORMS]
by_name = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
LABELS_TOO = {"select_information", "select_elimination", "select_clusters"}


def unfitted(spec, learns="classes", seed=3):
    ((name, step),) = build_steps([spec], learns=learns, seed=seed, gap=5, orders={2: 0.3, 4: 0.2})
    assert name == spec.name
    return step


@by_name
def test_two_fits_are_equal_bit_for_bit_on_any_number_of_cores(spec, rows):
    table, labels = rows
    first = unfitted(spec).fit_transform(table, labels)
    with threadpool_limits(limits=1):
        assert np.array_equal(unfitted(spec).fit_transform(table, labels), first)
    assert clone(unfitted(spec)).get_params() == unfitted(spec).get_params()


@by_name
def test_a_row_becomes_the_same_alone_and_among_others_however_it_lies_in_memory(spec, rows):
    table, labels = rows
    step = unfitted(spec).fit(table[:200], labels[:200])
    together = step.transform(table)
    assert np.array_equal(step.transform(np.asfortranarray(table)), together)
    assert np.array_equal(unfitted(spec).fit(np.asfortranarray(table[:200]), labels[:200]).transform(table), together)
    alone = [step.transform(table[row : row + 1])[0] for row in range(20)]
    assert np.array_equal(np.array(alone), together[:20])


@by_name
def test_each_column_says_what_it_is_made_of(spec, rows):
    table, labels = rows
    step = unfitted(spec).fit(table, labels)
    made = step.transform(table)
    assert np.isfinite(made).all()
    assert hasattr(step, "sources_") == (spec.name != "pca")
    if hasattr(step, "sources_"):
        assert made.shape[1] == len(step.sources_)
        assert all(
            np.corrcoef(made[:, place], table[:, source])[0, 1] > 0.9 for place, source in enumerate(step.sources_)
        )


@by_name
def test_steps_learn_from_numbers_too(spec, rows):
    table, _ = rows
    step = unfitted(spec, learns="numbers").fit(table, table[:, 0] + 0.1 * table[:, 4])
    assert np.isfinite(step.transform(table)).all()


@by_name
def test_labels_move_only_what_looks_at_them(spec, rows):
    table, labels = rows
    other = (table[:, 5] > 0).astype(np.int64)
    same = np.array_equal(
        unfitted(spec).fit_transform(table, labels), unfitted(spec).fit(table, other).transform(table)
    )
    assert same == (spec.name not in LABELS_TOO)


@by_name
@pytest.mark.parametrize("kind", ["unknown", "infinite", "constant", "one row", "never known"])
def test_odd_rows_are_prepared_or_refused(spec, rows, kind):
    table, labels = rows[0].copy(), rows[1]
    if kind == "one row":
        table, labels = table[:1], labels[:1]
    elif kind == "constant":
        table[:, 2] = 7.1
    elif kind == "never known":
        table[:, 2] = np.nan
    else:
        table[::7, 2] = np.nan if kind == "unknown" else np.inf
    step, is_refused = unfitted(spec), False
    try:
        made = step.fit(table, labels).transform(table)
    except ValueError:  # what the folds turn into an error of ours
        is_refused = True
    if is_refused:
        assert kind != "constant"
        assert kind == "infinite" or not (spec.takes_unknown and kind == "unknown")
        return
    assert not np.isinf(made).any()
    passes_on = kind in {"unknown", "never known"} and spec.takes_unknown and spec.name != "impute"
    assert np.isnan(made).any() == (passes_on and 2 in step.sources_)
