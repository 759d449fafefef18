"""Questions of longer bars, whole: no look-ahead for any entry of the catalogue, and a planted one is caught."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from quant import preparation, ruling
from quant.analysis import run_analysis
from quant.bars import days as room
from quant.bars.day_catalog import DAY_BARS
from quant.calendars import counted_periods_per_year
from quant.errors import NotEnoughData
from quant.newer import predict_newer
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec

GATHERED = [kind for kind in DAY_BARS if kind.gathers]
QUESTION = {
    "instruments": [{"symbol": "IBM"}],
    "features": [{"name": "return", "window": 1}, {"name": "volatility", "window": 5}],
    "models": [{"name": "logistic"}],
    "validation": {"train_bars": 100, "test_bars": 40, "n_folds": 2, "target": None},
    "importance": False,
    "audit": {"n_cuts": 2},
    "overfitting": {"n_resamples": 100},
}
RULE = {**QUESTION, "strategy": {"name": "crossover_rule", "fast": 2, "slow": 6}}


@pytest.fixture(scope="module")
def ibm():
    return fetch_instruments(AnalysisSpec.model_validate(QUESTION))


def asked(bars, question=QUESTION, **changes):
    return AnalysisSpec.model_validate({**question, "bars": bars, **changes})


def answer(spec):
    return run_analysis(spec, fetch_instruments)


@pytest.mark.parametrize("kind", GATHERED, ids=lambda kind: kind.model_fields["name"].default)
@pytest.mark.parametrize("question", [QUESTION, RULE], ids=["model", "rule"])
def test_every_kind_of_bars_goes_through_a_whole_run_without_look_ahead(kind, question):
    result = answer(asked(kind().model_dump(), question))
    audit, data = result.facts["honesty"]["audit"], result.facts["data"]
    assert audit["passed"], audit["differences"]
    assert audit["compared"]["bars"] > 0
    assert data["bars"]["title"] == kind.title
    [instrument] = data["instruments"]
    assert 1 < instrument["n_bars"] < instrument["n_days"]
    assert result.frames["equity"].index.isin(result.frames["prices"].index.get_level_values("timestamp")).all()
    fills = result.frames["fills"]
    assert (fills["timestamp"] > fills["decided_at"]).all()


def test_the_answer_of_days_says_nothing_of_bars(quick_result):
    assert "bars" not in quick_result.facts["data"]
    assert "n_days" not in quick_result.facts["data"]["instruments"][0]
    assert "bars" not in quick_result.facts["honesty"]["audit"]["compared"]


def test_how_many_bars_a_year_has_is_declared_or_counted():
    weekly, dollar = (answer(asked({"name": name}, RULE)).facts["data"] for name in ("weekly", "dollar"))
    assert (weekly["bars"]["a_year"], weekly["bars"]["counted"]) == (52.0, False)
    [instrument] = dollar["instruments"]
    span = pd.Timestamp(instrument["last_session"]) - pd.Timestamp(instrument["first_session"])
    assert dollar["bars"]["counted"] is True
    assert dollar["bars"]["a_year"] == pytest.approx(instrument["n_bars"] / (span.days / 365.25), rel=0.02)


def leak(monkeypatch):
    """Let the threshold be that of the whole history: every bar holds as many days of it."""
    honest = room.equal_value

    def peeking(days, **options):
        value = days.raw["close"].to_numpy() * days.raw["volume"].to_numpy()
        return honest(days, **{**options, "threshold": float(np.median(value)) * options["n_days"]})

    monkeypatch.setattr(room, "equal_value", peeking)


@pytest.mark.parametrize("question", [QUESTION, RULE], ids=["model", "rule"])
def test_a_threshold_of_the_whole_history_is_caught(question, monkeypatch):
    leak(monkeypatch)
    result = answer(asked({"name": "dollar"}, question))
    audit = result.facts["honesty"]["audit"]
    assert not audit["passed"]
    assert {difference["part"] for difference in audit["differences"]} == {"bars"}
    assert result.facts["verdict"]["level"] == "not_credible"


def test_a_bar_that_shows_its_next_day_is_caught(monkeypatch):
    honest = room.gather_days

    def peeking(days, spans):
        raw, adjusted = honest(days, spans)
        after = np.minimum(spans.ends, len(days.raw) - 1)
        return raw, adjusted.assign(volume=adjusted["volume"] + days.adjusted["volume"].to_numpy()[after])

    monkeypatch.setattr(room, "gather_days", peeking)
    differences = answer(asked({"name": "weekly"})).facts["honesty"]["audit"]["differences"]
    assert {(each["part"], each["column"]) for each in differences} == {("bars", "adjusted volume")}


def test_several_instruments_share_weeks_though_one_has_no_last_day(monkeypatch):
    """An audit cut at a week whose last day one of them lacks must not find its week missing."""
    two = asked({"name": "weekly"}, instruments=[{"symbol": "IBM"}, {"symbol": "MSFT"}], end="2004-12-31")
    fetched = fetch_instruments(two)
    is_friday = fetched[1].prices["session"].dt.weekday == 4  # a market that was closed every other week's end
    kept = ~(is_friday & (np.cumsum(is_friday) % 2 == 0))
    lacking = [fetched[0], dataclasses.replace(fetched[1], prices=fetched[1].prices[kept])]
    audit = run_analysis(two, lambda _: lacking).facts["honesty"]["audit"]
    assert audit["passed"], audit["differences"]


def test_a_question_of_a_rule_with_two_instruments_is_audited_from_where_both_have_bars():
    two = asked({"name": "monthly"}, RULE, instruments=[{"symbol": "IBM"}, {"symbol": "GOOG"}])
    audit = answer(two).facts["honesty"]["audit"]
    assert audit["passed"]
    assert min(audit["cuts"]) > "2004-09"


def test_the_choice_of_a_sweep_knows_no_later_bar(ibm):
    """Not even how many bars a year will have had, which the rate without risk is divided by."""
    sweep = {"axes": [{"name": "range", "parameter": "fast", "first": 2, "last": 5, "step": 1}], "held_out": 0.3}
    spec = asked({"name": "dollar"}, RULE, sweep=sweep, risk={"risk_free_annual": 0.05})
    found = run_analysis(spec, lambda _: ibm).facts["sweep"]
    cut = pd.Timestamp(found["last_at"])
    clean = preparation.clean_prices(spec, {0: ibm[0]})
    ground = ruling.Ground(ibm, clean, 1.0, {"prices": ""}, None, None)  # type: ignore[arg-type]  # neither is asked
    a_year = counted_periods_per_year(clean.adjusted[0].loc[:cut].index)
    assert ground.choice(spec)._risk_free == pytest.approx(1.05 ** (1.0 / a_year) - 1.0, rel=1e-12)


def test_a_kept_model_speaks_about_the_newest_finished_bar(ibm):
    from quant.latest import final_model  # noqa: PLC0415  # imports scikit-learn
    from quant.stages import MemoryStore  # noqa: PLC0415  # used here only

    spec = asked({"name": "weekly"}, end="2012-11-30")
    store = MemoryStore()
    result = run_analysis(spec, lambda _: ibm, store=store)
    model = final_model(store.get(result.stage_keys["final"]))
    latest, predictions = result.facts["latest"], result.frames["predictions"]
    known = {name: predictions[name] for name in ("probability", "fold")}
    said = predict_newer(spec, model, ibm, pd.DataFrame(known), latest)
    assert said["is_as_before"] is True
    assert said["as_of"] == "2013-03-01T21:00:00+00:00"  # the last Friday of the sample
    assert said["n_bars_since"] == 13
    unfinished = [dataclasses.replace(ibm[0], prices=ibm[0].prices.iloc[:-2])]
    before = predict_newer(spec, model, unfinished, pd.DataFrame(known), latest)
    assert before["as_of"] == "2013-02-22T21:00:00+00:00"


def test_an_instrument_without_volume_is_refused_by_name(ibm):
    silent = [dataclasses.replace(ibm[0], prices=ibm[0].prices.assign(volume=0.0))]
    with pytest.raises(NotEnoughData, match="Dollar bars: expected days with volume of IBM"):
        run_analysis(asked({"name": "dollar"}), lambda _: silent)


def test_too_short_a_history_is_refused_by_name(ibm):
    with pytest.raises(NotEnoughData, match="IBM has not one of the monthly bars that were asked for in 3 days"):
        run_analysis(asked({"name": "monthly"}, end="2000-03-03"), lambda _: ibm)
