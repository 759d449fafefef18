import dataclasses

import pandas as pd

from tests.webapp.dashboard import reading
from webapp.dashboard.components import uncertain


def words(result):
    return [reading.text(panel) for panel in uncertain.panels(result)]


def test_stress_luck_size_and_correlations_of_a_real_answer(result):
    stress, beside, factors, correlations = words(result)
    assert result.facts["factors"]["in_words"] in factors
    assert f"{result.facts['factors']['betas'][0]['beta']:.2f}" in factors
    assert stress.startswith("Stress")
    for name in result.frames["stress"]["name"]:
        assert name in stress
    for each in result.facts["risk"]["luck"]:
        assert f"{each['sharpe_ratio']['upper']:.2f}" in beside
    assert result.facts["risk"]["luck"][0]["in_words"] in beside
    assert "No advice to invest" in beside
    assert "GOOG" in correlations
    assert f"{result.frames['correlations']['correlation'].iloc[0]:.2f}" in correlations


def test_an_answer_from_before_has_none_of_it(result):
    frames = {name: frame for name, frame in result.frames.items() if name not in {"stress", "correlations"}}
    facts = {name: fact for name, fact in result.facts.items() if name not in {"risk", "factors"}}
    assert uncertain.panels(dataclasses.replace(result, frames=frames, facts=facts)) == []


def test_a_book_that_is_divided_says_how(result):
    division = pd.DataFrame({"instrument": [0], "latest": [0.25], "mean": [0.5], "least": [0.125], "most": [0.75]})
    found = words(dataclasses.replace(result, frames={**result.frames, "division": division}))[-1]
    assert "Division of the book" in found
    for share in ("25.0", "50.0", "12.5", "75.0"):
        assert share in found


def test_too_little_to_go_by_has_words_instead(result):
    nothing = {"luck": [], "bet": None, "volatility": None}
    frames = {**result.frames, "stress": result.frames["stress"].iloc[:0]}
    stress, beside, *_ = words(dataclasses.replace(result, frames=frames, facts={**result.facts, "risk": nothing}))
    assert "shorter than a week" in stress
    assert "nothing to draw from" in beside
    assert "fewer than 10 closed trades" in beside


def test_many_instruments_are_cut_and_it_says_so(result):
    data = {**result.facts["data"], "instruments": [{"symbol": f"S{n}"} for n in range(20)]}
    pairs = pd.DataFrame({"instrument": [0], "other": [1], "correlation": [float("nan")]})
    answer = dataclasses.replace(
        result, frames={**result.frames, "correlations": pairs}, facts={**result.facts, "data": data}
    )
    found = words(answer)[-1]
    assert "The first 12 of 20" in found
    assert "S11" in found
    assert "S12" not in found
