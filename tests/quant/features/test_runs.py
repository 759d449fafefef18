import numpy as np

from quant.features.runs import LANES, for_lanes, over_runs, returns_of


def test_each_run_that_is_long_enough_is_computed_by_itself():
    values = np.array([1.0, 2.0, np.nan, 3.0, 4.0, 5.0, np.inf, 6.0])
    seen = []

    def compute(run, outputs):
        seen.append(run.tolist())
        outputs[1:] = run.sum()

    outputs = over_runs(values, 2, compute)
    assert seen == [[1.0, 2.0], [3.0, 4.0, 5.0]]
    np.testing.assert_array_equal(outputs, [np.nan, 3.0, np.nan, np.nan, 12.0, 12.0, np.nan, np.nan])


def test_nothing_and_nothing_known_are_no_error():
    assert over_runs(np.array([]), 1, lambda run, outputs: outputs.fill(run.sum())).size == 0
    assert np.isnan(over_runs(np.full(3, np.nan), 1, lambda run, outputs: outputs.fill(run.sum()))).all()
    assert returns_of(np.array([])).size == 0


def test_returns_are_logarithmic_and_the_first_is_unknown():
    prices = np.array([10.0, 11.0, np.nan, 9.0])
    np.testing.assert_allclose(returns_of(prices), [np.nan, np.log(1.1), np.nan, np.nan])


def test_a_run_for_lanes_has_as_many_zeros_behind_it():
    padded = for_lanes(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(padded, [1.0, 2.0, *[0.0] * LANES])
