import dataclasses
import json

import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.webapp.dashboard import reading
from webapp import formats
from webapp.dashboard.components.tabs import TABS, overview


def with_verdict(result, level, text="What a colleague would say."):
    facts = {**result.facts, "verdict": {"level": level, "text": text, "is_credible": True}}
    return dataclasses.replace(result, facts=facts)


def test_the_verdict_comes_first_in_its_own_words(view, result):
    tree = overview.content(view(), result, "light")

    assert reading.text(tree).startswith(result.facts["verdict"]["text"])


def test_the_number_that_matters_is_the_deflated_sharpe_ratio(view, result):
    tree = overview.content(view(), result, "light")

    (main,) = reading.of_class(tree, "metric-main")
    deflated = formats.p_value(result.facts["honesty"]["luck"]["deflated_sharpe_ratio"])
    assert reading.text(main).startswith(f"Deflated Sharpe {deflated} after 5 trials")


def test_numbers_stand_beside_the_benchmarks(view, result):
    cards = reading.of_class(overview.content(view(), result, "light"), "metric")

    assert len(cards) == 6
    assert sum("benchmark" in reading.text(card) for card in cards) == 5


@pytest.fixture(scope="module")
def of_rule(result):
    """The answer of a rule alone, as doors read it."""
    spec = AnalysisSpec.model_validate(
        {
            "instruments": [{"symbol": "GOOG"}],
            "end": "2005-12-30",
            "strategy": {"name": "crossover_rule"},
            "audit": {"n_cuts": 2},
        }
    )
    answer = run_analysis(spec, fetch_instruments)
    facts = json.loads(json.dumps(answer.facts))
    return dataclasses.replace(result, frames=answer.frames, facts=facts, result_hash=answer.hash())


def test_every_tab_shows_the_answer_of_a_rule(view, of_rule):
    shown = {name: reading.text(tab.content(view(), of_rule, "light")) for name, tab in TABS.items()}

    assert "the whole range, after costs: a rule learns nothing" in shown["overview"]
    assert "Latest signal" in shown["overview"]
    assert "Crossover of averages is a rule of prices alone" in shown["model"]
    assert "There is no split to purge" in shown["honesty"]
    assert "Fills and account" in shown["honesty"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_curve_is_drawn_in_the_readers_theme(view, result, theme):
    tree = overview.content(view(), result, theme)

    figure = reading.by_id(tree, "analysis-equity").figure
    assert figure["layout"]["meta"]["theme"] == theme
    assert figure["data"][1]["name"] == "Buy and hold, 2 in equal parts"
    assert len(figure["layout"]["shapes"]) == len(result.frames["fold_scores"])


@pytest.mark.parametrize("level", ["promising", "behind_benchmark", "luck", "no_trades", "not_credible"])
def test_every_level_has_its_look(result, level):
    block = overview.verdict(with_verdict(result, level))

    assert reading.text(block) == "What a colleague would say."
    assert level in overview._TONES
    assert reading.of_type(block, "I")


def test_only_what_is_worth_a_look_looks_good(result):
    good = {
        level for level in overview._TONES if "verdict-good" in overview.verdict(with_verdict(result, level)).className
    }

    assert good == {"promising"}


def test_it_reads_no_more_than_it_shows(view, result):
    narrow = dataclasses.replace(result, frames={name: result.frames[name] for name in overview.FRAMES})

    assert reading.text(overview.content(view(), narrow, "light"))


def test_the_cost_bracket_names_its_scenarios_and_says_them_in_words(view, result):
    found = result.facts["brackets"]
    shown = reading.text(overview.bracket(result))

    assert formats.sentence(found["costs_in_words"]) in shown
    assert formats.sentence(found["fills_in_words"]) in shown
    for each in found["scenarios"]:
        assert overview.SCENARIOS[each["name"]] in shown
        assert formats.money(each["final_equity"]) in shown


def test_an_answer_from_before_there_were_brackets_is_shown_without(view, result):
    facts = {name: fact for name, fact in result.facts.items() if name != "brackets"}
    older = dataclasses.replace(result, facts=facts)

    assert "Cost bracket" not in reading.text(overview.content(view(), older, "light"))
