import numpy as np
import pandas as pd
import pytest
from scipy import stats

from quant.validation.fold_intervals import fold_intervals, mean_interval


@pytest.mark.parametrize("n_folds", [3, 4, 11])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_is_that_of_scipy(n_folds, level):
    scores = np.random.default_rng(n_folds).normal(0.5, 0.03, n_folds)
    mean, *bounds = mean_interval(np.append(scores, np.nan), level=level)
    expected = stats.t.interval(level, n_folds - 1, loc=scores.mean(), scale=stats.sem(scores))
    assert mean == pytest.approx(scores.mean())
    assert bounds == pytest.approx(expected, rel=1e-9)


def test_it_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = [lower <= 0.5 <= upper for _, lower, upper in (mean_interval(rng.normal(0.5, 0.1, 6)) for _ in range(2000))]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_too_few_folds_have_no_interval():
    table = pd.DataFrame({"roc_auc": [0.5, 0.6, np.nan], "brier": [np.nan] * 3, "accuracy": [0.4, 0.4, 0.4]})
    assert fold_intervals(table, list(table)) == {
        "roc_auc": {"mean": pytest.approx(0.55), "lower": None, "upper": None, "level": 0.95, "n_folds": 2},
        "brier": {"mean": None, "lower": None, "upper": None, "level": 0.95, "n_folds": 0},
        "accuracy": {
            "mean": pytest.approx(0.4), "lower": pytest.approx(0.4), "upper": pytest.approx(0.4), "level": 0.95,
            "n_folds": 3,
        },
    }  # fmt: skip
