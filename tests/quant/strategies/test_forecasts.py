import numpy as np
import pandas as pd
import pytest

from quant.strategies.catalog import BetSize, FilteredRule, RankOfForecasts, SignOfForecast
from quant.strategies.signals import positions_of, signals_from_predictions


def panel(*columns, name="probability", **others):
    """One list of predictions an instrument."""
    timestamps = pd.date_range("2020-01-01 21:00", periods=len(columns[0]), tz="UTC", unit="us")
    index = pd.MultiIndex.from_product([timestamps, range(len(columns))], names=["timestamp", "instrument"])
    return pd.DataFrame({name: np.array(columns, dtype=float).T.ravel()}, index=index).assign(**others)


def held(predictions, spec):
    return positions_of(signals_from_predictions(predictions, spec)).tolist()


def test_the_sign_is_that_of_the_likelier_side():
    likely = panel([0.51, 0.5, 0.49, np.nan])
    assert held(likely, SignOfForecast()) == [1, 0, 0, 0]
    assert held(likely, SignOfForecast(direction="long_short")) == [1, 0, -1, 0]
    returns = panel([0.01, 0.0, -0.01], name="predicted_return")
    assert held(returns, SignOfForecast(direction="long_short")) == [1, 0, -1]


def test_of_a_given_side_the_sign_is_that_side_or_nothing():
    likely = panel([0.6, 0.4, 0.6, 0.6], side=[-1.0, -1.0, np.nan, 1.0])
    assert held(likely, SignOfForecast(direction="long_short")) == [-1, 0, 0, 1]
    assert held(likely, SignOfForecast()) == [0, 0, 0, 1]


def test_the_best_are_held_and_the_worst_sold_short():
    likely = panel([0.6, 0.5], [0.7, np.nan], [0.1, 0.5], [0.2, np.nan])
    spec = RankOfForecasts(n_long=1, n_short=2)
    assert held(likely, spec) == [0, 1, -1, -1, 1, 0, -1, 0]
    assert spec.n_parts == 3


def test_nobody_is_among_the_best_and_the_worst():
    assert held(panel([0.6], [np.nan]), RankOfForecasts(n_long=1, n_short=1)) == [1, 0]


# 2Φ(z) − 1 with z = (p − ½) / √(p(1 − p)), López de Prado 2018, snippet 10.1; z = 1/3 at 0.6577..., and 1 at 0.8536...
@pytest.mark.parametrize(
    ("probability", "size"), [(0.5, 0.0), (0.5 + 1 / np.sqrt(8), 0.6827), (1.0, 1.0), (0.6, 0.1617), (np.nan, 0.0)]
)
def test_the_size_is_that_of_the_formula(probability, size):
    spec = BetSize(step=0.01, direction="long_short")
    assert held(panel([probability]), spec)[0] == pytest.approx(size, abs=0.0051)
    assert held(panel([1.0 - probability]), spec)[0] == pytest.approx(-size, abs=0.0051)


def test_sizes_are_steps_and_an_unlikely_given_side_is_not_taken():
    assert held(panel([0.75]), BetSize(step=0.5)) == [0.5]
    assert held(panel([0.9, 0.1], side=[-1.0, -1.0]), BetSize(step=0.5, direction="long_short")) == [-1.0, 0.0]


def test_a_rule_is_followed_while_that_is_likely_to_pay():
    rule = {"name": "momentum_rule", "direction": "long_short"}
    spec = FilteredRule.model_validate({"rule": rule, "enter_above": 0.6, "exit_below": 0.5})
    likely = panel([0.55, 0.6, 0.55, 0.6, 0.45], side=[1.0, 1.0, 1.0, -1.0, -1.0])
    assert held(likely, spec) == [0, 1, 1, -1, 0]


@pytest.mark.parametrize("spec", [SignOfForecast(), RankOfForecasts(), BetSize()])
def test_later_predictions_change_nothing(spec):
    likely = panel([0.6, 0.7, 0.2, 0.9], [0.3, 0.8, 0.6, np.nan])
    assert held(likely, spec)[:4] == held(likely.iloc[:4], spec)
