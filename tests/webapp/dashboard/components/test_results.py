import dataclasses
from typing import get_args

import pytest

from quant.risk.definitions import DEFINITIONS, Unit
from tests.webapp.dashboard import reading
from webapp.dashboard.components import results
from webapp.dashboard.components.results import Metrics


def test_metrics_are_found_by_name(result):
    metrics = Metrics(result)
    sharpe = next(each for each in result.facts["metrics"] if each["name"] == "sharpe_ratio")

    assert metrics.value("sharpe_ratio") == sharpe["value"]
    assert metrics.benchmark("sharpe_ratio") == sharpe["benchmark_value"]
    assert metrics.value("no such metric") is None


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_every_metric_has_a_card_with_its_title_and_definition(result, name):
    card = Metrics(result).card(name)

    assert DEFINITIONS[name].title in reading.text(card)
    assert DEFINITIONS[name].definition in [getattr(each, "title", None) for each in reading.walk(card)]


def test_a_gain_has_a_sign_and_a_colour_and_a_size_has_neither(result):
    facts = {**result.facts, "metrics": [
        {"name": "total_return", "value": 0.5, "benchmark_value": -0.1, "segment": "out_of_sample"},
        {"name": "annualised_volatility", "value": 0.2, "benchmark_value": None, "segment": "out_of_sample"},
    ]}  # fmt: skip
    metrics = Metrics(dataclasses.replace(result, facts=facts))

    assert reading.text(metrics.card("total_return")) == "Total return +50.0 % benchmark −10.0 %"
    assert len(reading.of_class(metrics.card("total_return"), "is-gain")) == 1
    assert reading.text(metrics.card("annualised_volatility")).strip() == "Volatility 20.0 %"


@pytest.mark.parametrize("unit", get_args(Unit))
def test_every_unit_is_written(unit):
    assert results.written(1234.5678, unit)
    assert results.written(None, unit) == "–"


def test_the_benchmark_says_which_it_is(view):
    assert results.benchmark_name(view(symbols=("GOOG",))) == "Buy and hold GOOG"
    assert results.benchmark_name(view()) == "Buy and hold, 2 in equal parts"
    assert results.benchmark_in_words(view(symbols=("GOOG",))) == "buy and hold GOOG"


def test_units_that_figures_do_not_carry_stand_in_the_name():
    assert results.unit_word(DEFINITIONS["final_equity"]) == "money"
    assert results.unit_word(DEFINITIONS["total_return"]) == ""


def test_bars_that_were_gathered_are_told_with_their_days(result):
    assert results.bars_in_words(result) == ""

    instrument = result.facts["data"]["instruments"][0]
    bars = {"name": "weekly", "title": "Weekly bars", "a_year": 52.0, "counted": False}
    one = {**result.facts["data"], "bars": bars, "instruments": [{**instrument, "n_bars": 160, "n_days": 801}]}
    told = dataclasses.replace(result, facts={**result.facts, "data": one})
    words = results.bars_in_words(told).replace("\N{NO-BREAK SPACE}", " ")
    assert words == "160 weekly bars of 801 days, 52 a year; "
    two = {**one, "instruments": one["instruments"] * 2}
    assert results.bars_in_words(dataclasses.replace(told, facts={**told.facts, "data": two})) == (
        "Weekly bars, 52 a year; "
    )
