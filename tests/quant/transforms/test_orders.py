import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import lfilter

from quant.features.catalog import FractionalDifference
from quant.fitting import fit_folds
from quant.models.catalog import LogisticRegression
from quant.preparation import (
    bar_returns,
    clean_prices,
    features_panel,
    fetch_instruments,
    labels_panel,
    samples,
    traded_folds,
)
from quant.spec import AnalysisSpec
from quant.transforms.catalog import ChooseOrder
from quant.transforms.orders import OrderChooser

ORDERS = (0.2, 0.5, 0.8)
QUESTION = {
    "instruments": [{"symbol": "IBM"}, {"symbol": "MSFT"}],
    "end": "2002-12-31",
    "features": [
        {"name": "return", "window": 5},
        *({"name": "fractional_difference", "order": order} for order in reversed(ORDERS)),
    ],
    "preparation": [{"name": "fractional_order"}, {"name": "standard_scale"}],
    "validation": {"train_bars": 250, "test_bars": 60, "n_folds": 2, "target": None},
}


@pytest.fixture
def candidates():
    """Return a row of noise, then a walk differenced less and less; the last is the walk."""
    noise = np.random.default_rng(3).normal(size=(400, 2))
    walk = np.cumsum(noise[:, 1])
    return np.column_stack([noise[:, 0], noise[:, 1], 0.05 * walk + noise[:, 1], walk])


def test_the_first_candidate_that_passes_is_kept_with_all_that_is_none(candidates):
    step = OrderChooser((3, 2, 1)).fit(candidates)
    assert step.place_ in {1, 2}
    assert step.sources_.tolist() == [0, step.place_]
    np.testing.assert_array_equal(step.transform(candidates), candidates[:, [0, step.place_]])
    assert OrderChooser((3,)).fit(candidates).sources_.tolist() == [0, 1, 2, 3]
    assert OrderChooser().fit(candidates).sources_.tolist() == [0, 1, 2, 3]


def test_each_instrument_has_a_series_of_its_own(candidates):
    quiet = np.random.default_rng(4).normal(size=candidates.shape)
    rows, instruments = np.concatenate([candidates, quiet]), np.repeat([0, 1], len(candidates))
    mixed = np.random.default_rng(5).permutation(np.tile([0, 1], len(candidates)))
    order = np.argsort(mixed, kind="stable")
    woven = np.empty_like(rows)
    woven[order] = rows
    assert OrderChooser((3, 1)).fit(quiet).place_ == 3
    assert OrderChooser((3, 1)).fit(rows, instruments=instruments).place_ == 1
    assert OrderChooser((3, 1)).fit(woven, instruments=mixed).place_ == 1


def test_unknown_values_are_passed_over_and_too_few_are_refused(candidates):
    candidates[::7, 3] = np.nan
    assert OrderChooser((3, 1)).fit(candidates).place_ == 1
    with pytest.raises(ValueError, match=r"with 21 training rows .* the most are 18"):
        OrderChooser((3, 1)).fit(candidates[1:21], instruments=np.zeros(20))


def test_rows_that_are_far_apart_are_taken_for_neighbours():
    """What the help says of events: of a slow series in leaps a smaller order passes than of all its bars."""
    noise = np.random.default_rng(0).normal(size=(3000, 2))
    slow = lfilter([1.0], [1.0, -0.97], noise[:, 0])
    rows = np.column_stack([slow, noise[:, 1]])
    assert OrderChooser((0, 1)).fit(rows[:200]).place_ == 1
    assert OrderChooser((0, 1)).fit(rows[:2000:10]).place_ == 0
    assert "takes events days apart for neighbours" in ChooseOrder.summary


@pytest.mark.parametrize("calibration", [{}, {"method": "sigmoid"}])
def test_the_order_of_a_fold_depends_on_its_training_rows_alone(calibration):
    spec = AnalysisSpec.model_validate({**QUESTION, "calibration": calibration})
    clean = clean_prices(spec, dict(enumerate(fetch_instruments(spec))))
    features, labels = samples(spec, features_panel(spec, clean.adjusted), labels_panel(spec, clean.adjusted))
    fold = traded_folds(spec, labels)[1]
    bars = bar_returns(clean.adjusted)
    changed = features.copy()
    later = np.setdiff1d(np.arange(len(features)), fold.train)
    changed.iloc[later] = np.random.default_rng(6).normal(size=(len(later), features.shape[1])).cumsum(axis=0)

    chosen = []
    for rows in (features, changed):
        _, (model,) = fit_folds(spec, LogisticRegression(), rows, labels, [fold], bars=bars)
        inner = model.named_steps["model"].pipeline_ if calibration else model
        chosen.append(inner.named_steps["fractional_order"].place_)
    assert chosen[0] == chosen[1]

    names = [FractionalDifference(order=order).columns[0] for order in ORDERS]
    of_each = [
        OrderChooser(tuple(features.columns.get_loc(name) for name in names))
        .fit(features.iloc[fold.train].xs(place, level="instrument").to_numpy())
        .place_
        for place in (0, 1)
    ]
    assert chosen[0] == min(of_each)  # the columns stand by falling order: the least differenced last


def test_a_choice_needs_two_orders_and_comes_first():
    one = {**QUESTION, "features": QUESTION["features"][:2]}
    with pytest.raises(ValidationError, match="at least two orders; found 1"):
        AnalysisSpec.model_validate(one)
    late = {**QUESTION, "preparation": QUESTION["preparation"][::-1]}
    with pytest.raises(ValidationError, match="before all other steps; found it as number 2"):
        AnalysisSpec.model_validate(late)
