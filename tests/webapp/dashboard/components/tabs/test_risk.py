import dataclasses

import pandas as pd

from tests.webapp.dashboard import reading
from webapp.dashboard.components.tabs import risk


def test_the_losses_come_with_their_confidence(view, result):
    cards = [reading.text(card) for card in reading.of_class(risk.content(view(), result, "light"), "metric")]

    assert cards[0].startswith("Value at risk, a bar, 95 %")
    assert cards[1].startswith("Expected shortfall, 95 %")


def test_drawdowns_are_listed_deepest_first(view, result):
    table = risk.drawdown_table(result.frames["drawdowns"])
    rows = reading.of_type(reading.of_type(table, "Tbody")[0], "Tr")
    deepest = result.frames["drawdowns"].iloc[0]

    assert len(rows) == len(result.frames["drawdowns"])
    words = reading.text(rows[0])
    assert words.startswith(f"−{abs(deepest['depth']) * 100:.1f} %")
    assert f"{deepest['peak_at']:%Y-%m-%d}" in words


def test_what_has_not_recovered_says_so(result):
    table = result.frames["drawdowns"].assign(recovery_at=pd.NaT)

    assert "not yet" in reading.text(risk.drawdown_table(table))


def test_a_curve_that_never_fell_has_words_instead_of_an_empty_table(result):
    assert "never fell" in reading.text(risk.drawdown_table(result.frames["drawdowns"].iloc[:0]))


def test_rolling_measures_and_exposure_are_drawn(view, result):
    tree = risk.content(view(), result, "dark")

    ids = [each for each in reading.ids(tree) if str(each).startswith("analysis-")]
    assert ids == [
        "analysis-rolling-sharpe-ratio",
        "analysis-rolling-annualised-volatility",
        "analysis-rolling-beta",
        "analysis-exposure",
    ]
    assert "over 20 bars" in reading.text(tree)


def test_a_measure_that_was_never_known_is_left_out(view, result):
    unknown = result.frames["rolling"].assign(beta=float("nan"))
    tree = risk.content(view(), dataclasses.replace(result, frames={**result.frames, "rolling": unknown}), "light")

    assert "analysis-rolling-beta" not in reading.ids(tree)


def test_it_reads_no_more_than_it_shows(view, result):
    narrow = dataclasses.replace(
        result, frames={name: result.frames[name] for name in risk.FRAMES if name in result.frames}
    )

    assert reading.text(risk.content(view(), narrow, "light"))
