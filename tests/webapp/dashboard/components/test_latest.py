import dataclasses

from quant.errors import NotEnoughData
from tests.webapp.dashboard import reading
from webapp.dashboard.components import latest


def test_the_latest_prediction_has_its_value_interval_and_signal(view, result):
    words = reading.text(latest.latest_prediction(view(), result))
    assert "80" in words
    for said in result.facts["latest"]["predictions"]:
        assert said["symbol"] in words
        assert {1: "Long", 0: "Flat", -1: "Short"}[said["signal"]] in words


def test_how_little_a_prediction_says_stands_beside_it(view, result):
    words = reading.text(latest.latest_prediction(view(), result)).replace("\u202f", " ").replace("\u00a0", " ")
    assert f"{100 * result.facts['latest']['predictions'][0]['uncertainty']:.1f} %" in words
    assert "Uncertainty" in words


def test_an_interval_that_is_not_known_is_said_so(view, result):
    facts = result.facts["latest"]
    said = {**facts["predictions"][0], "lower": None, "upper": None, "predicted_return": -0.012, "signal": -1}
    del said["probability"]
    facts = {**result.facts, "latest": {**facts, "predictions": [said]}}
    words = reading.text(latest.latest_prediction(view(), dataclasses.replace(result, facts=facts)))
    assert "too few outcomes yet" in words
    assert "Predicted return" in words
    assert "Short" in words


def test_quantiles_are_said_as_they_were_moved_and_as_the_model_said_them(view, result):
    facts = result.facts["latest"]
    quantiles = {"quantile_10": -0.02, "quantile_25": -0.01, "quantile_75": 0.011, "quantile_90": 0.021}
    moved = {"conformal_10": -0.03, "conformal_25": None, "conformal_75": None, "conformal_90": 0.031}
    said_of_it = {**facts["predictions"][0], **quantiles, **moved, "predicted_return": 0.001}
    del said_of_it["probability"]
    answer = dataclasses.replace(result, facts={**result.facts, "latest": {**facts, "predictions": [said_of_it]}})
    words = reading.text(latest.latest_prediction(view(), answer)).replace("\u202f", " ").replace("\u00a0", " ")

    assert "Four fifths of returns" in words
    assert "-3.0 % to +3.1 %" in words.replace("\u2212", "-")
    assert "model: -2.0 % to +2.1 %" in words.replace("\u2212", "-")
    assert "-1.0 % to +1.1 %" in words.replace("\u2212", "-")  # too few outcomes to move it


def said(result, **changes):
    latest_facts = result.facts["latest"]
    since = {"fitted_at": latest_facts["as_of"], "n_bars_since": 3, "left_out": [], "is_as_before": True}
    return {**latest_facts, "as_of": "2007-01-05T21:00:00+00:00", **since, **changes}


def test_whoever_owns_it_may_ask_about_a_newer_bar_and_take_the_model(view, result):
    own, shared = view(), view()
    shared = dataclasses.replace(shared, summary=dataclasses.replace(shared.summary, is_own=False))

    assert {"analysis-newest", "analysis-newest-said"} <= set(reading.ids(latest.latest_prediction(own, result)))
    for_reader = latest.latest_prediction(shared, result)
    assert "analysis-newest" not in reading.ids(for_reader)
    assert "Model" in reading.text(for_reader).split()


def test_a_model_that_was_not_kept_is_not_offered(view, result):
    panel = latest.latest_prediction(view(), dataclasses.replace(result, has_model=False))

    assert "analysis-newest" not in reading.ids(panel)
    assert "Model" not in reading.text(panel).split()


def test_a_newer_bar_is_said_with_what_the_model_knows_of_it(result):
    words = " ".join(reading.text(part) for part in latest.newest_prediction(said(result))).replace("\u00a0", " ")

    assert "3 bars after the last one that the model was made with" in words
    assert "It has learned nothing since" in words
    assert all(each["symbol"] in words for each in result.facts["latest"]["predictions"])
    assert "revised" not in words
    assert "left out" not in words


def test_what_is_left_out_and_what_was_revised_is_said(result):
    told = latest.newest_prediction(said(result, left_out=["IBM"], is_as_before=False))
    words = " ".join(map(reading.text, told))

    assert "left out: IBM." in words
    assert "revised since" in words


def test_why_there_is_nothing_is_said(result):
    (words,) = map(reading.text, latest.no_newest(NotEnoughData("There is no newer bar.")))
    assert words == "There is no newer bar."
