import dataclasses
import datetime

import pandas as pd
import pytest

from tests.factories import NOW
from tests.webapp.dashboard import reading
from webapp.dashboard.components.dashboard.panels import panels
from webapp.services.outlooks import Outlook, Pinnable, Position, Prediction


@pytest.fixture
def outlook():
    position = Position(-0.5, 0.5, -4950.0, -45, 110.0, datetime.date(2026, 1, 2))
    prediction = Prediction(NOW, False, {"probability": 0.42}, None, None, -1)
    return Outlook(
        "a1", "A question", "Not distinguishable from luck.", True, "logistic", prediction, 0,
        position, {"sharpe_ratio": (0.5, 0.4), "beta": (None, None)}, -0.1, -0.3, pd.DataFrame(),
    )  # fmt: skip


def predicted(outlook, **changes):
    return dataclasses.replace(outlook.prediction, **changes)


def words(*given, **more):
    said = reading.text(panels(*given, **{"may_run": True, "capital": 10_000.0, **more}))
    return " ".join(said.split()).replace(" , ", ", ")


def test_signal_forecast_position_and_drawdowns_are_said_in_words_and_signs(outlook):
    said = words(outlook, [])

    for part in (
        "Short",
        "42.0 %",
        "Logistic regression",
        "−45 shares",
        "4,950 of 10,000: 50.0 %",
        "−10.0 %",
        "−30.0 %",
    ):
        assert part in said
    assert "Made at the close of 2026-01-02, out of sample, by the last walk-forward model." in said
    assert "Beta –" in said


def test_an_old_prediction_says_how_old(outlook):
    assert "3 newer bars, of which it knows nothing" in words(dataclasses.replace(outlook, n_bars_since=3), [])


def test_flat_says_what_a_position_would_be(outlook):
    flat = dataclasses.replace(outlook.position, weight=0.0, value=0.0, shares=0)

    said = words(dataclasses.replace(outlook, prediction=predicted(outlook, signal=0), position=flat), [])

    assert "Flat. A long one would take 50.0 % of 10,000" in said


def test_three_ways_and_returns_have_their_own_words(outlook):
    three = predicted(outlook, forecast={"probability": 0.3, "probability_down": 0.5})
    amount = predicted(outlook, forecast={"predicted_return": 0.012}, interval=(-0.03, 0.05), level=0.8, is_final=True)

    assert "probability of a fall" in words(dataclasses.replace(outlook, prediction=three), [])
    said = words(dataclasses.replace(outlook, prediction=amount), [])
    assert "+1.2 % predicted return" in said
    assert "Interval, 80 % −3.0 % to +5.0 %" in said
    assert "by the final model." in said


def test_without_a_pinned_one_the_newest_is_offered_or_a_new_one():
    pin = Pinnable("a1", "A question", None, True, NOW)
    tree = panels(None, [pin], may_run=True, capital=1.0)

    assert reading.attribute(reading.of_type(tree, "Button")[0], "data-pin") == "a1"
    assert [each.href for each in reading.of_type(panels(None, [], may_run=True, capital=1.0), "Link")] == ["/app/new"]
    assert reading.of_type(panels(None, [], may_run=False, capital=1.0), "Link") == []


def test_a_pin_that_leads_nowhere_says_so():
    said = words(None, [Pinnable("a1", "A question", None, True, NOW, "Ada")], is_lost=True)

    assert "is not shared with you any more, or it is gone" in said


def test_what_was_computed_elsewhere_is_marked(outlook):
    assert "imported" not in words(outlook, [])
    assert "A question · imported, computed elsewhere" in words(dataclasses.replace(outlook, is_imported=True), [])
