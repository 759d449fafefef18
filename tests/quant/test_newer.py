import dataclasses
import datetime

import numpy as np
import pytest

from quant.analysis import run_analysis
from quant.errors import NotEnoughData
from quant.latest import final_model
from quant.newer import predict_newer
from quant.preparation import clean_prices, features_panel, fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore

QUESTION = {
    "instruments": [{"symbol": "GOOG"}, {"symbol": "IBM"}],
    "start": "2004-10-01",
    "end": "2006-11-30",
    "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 10}],
    "label": {"name": "forward_return", "horizon": 3},
    "models": [{"name": "logistic"}],
    "validation": {"train_bars": 200, "test_bars": 100, "n_folds": 2, "target": None},
    "audit": {"enabled": False},
    "importance": False,
}


def until(instruments, day):
    return [dataclasses.replace(item, prices=item.prices.loc[: f"{day} 23:00"]) for item in instruments]


@pytest.fixture(scope="module")
def instruments():
    return fetch_instruments(AnalysisSpec.model_validate(QUESTION))


@pytest.fixture(scope="module", params=["forward_return", "forward_return_size"])
def kept(request, instruments):
    """Return a question, its answer, and the model that it kept."""
    score = {"forward_return": "roc_auc", "forward_return_size": "mean_error"}[request.param]
    model = {"forward_return": "logistic", "forward_return_size": "xgboost_quantiles"}[request.param]
    spec = AnalysisSpec.model_validate(
        {
            **QUESTION,
            "label": {"name": request.param, "horizon": 3},
            "models": [{"name": model} | ({} if model == "logistic" else {"n_rounds": 10})],
            "validation": {**QUESTION["validation"], "score": score},
        }
    )
    store = MemoryStore()
    result = run_analysis(spec, lambda _: instruments, store=store)
    return spec, result, final_model(store.get(result.stage_keys["final"]))


def ask(kept, instruments):
    spec, result, model = kept
    return predict_newer(spec, model, instruments, result.frames["predictions"], result.facts["latest"])


def test_a_newer_bar_is_what_the_model_says_of_its_features(kept, instruments):
    spec, result, model = kept
    said = ask(kept, until(instruments, "2006-12-29"))

    assert said["as_of"] == "2006-12-29T21:00:00+00:00"
    assert said["fitted_at"] == result.facts["latest"]["as_of"]
    assert said["n_bars_since"] == 20
    assert (said["left_out"], said["is_as_before"]) == ([], True)
    name = "probability" if spec.label.task == "two_way" else "predicted_return"
    now = spec.model_copy(update={"end": datetime.date(2006, 12, 29)})
    adjusted = clean_prices(now, dict(enumerate(instruments))).adjusted
    last = features_panel(now, adjusted).groupby(level="instrument").tail(1)
    values = last.to_numpy()
    forecast = model.predict_proba(values)[:, 1] if name == "probability" else np.sort(model.predict(values))[:, 2]
    for place, each in enumerate(said["predictions"]):
        assert each[name] == forecast[place]
        assert each["close"] == instruments[place].prices.loc[:"2006-12-29 23:00", "close"].iloc[-1]
        assert each["lower"] < each["upper"]
        assert each["signal"] in {-1, 0, 1}


def test_outcomes_that_are_known_by_now_move_the_interval(kept, instruments):
    one, other = (ask(kept, until(instruments, day))["predictions"][0] for day in ("2006-12-01", "2006-12-29"))
    assert (one["lower"], one["upper"]) != (other["lower"], other["upper"])


@pytest.mark.parametrize(
    ("day", "words"), [("2006-11-30", "bars end there"), ("2006-11-15", "they end earlier, at 2006-11-15")]
)
def test_without_a_newer_bar_it_says_nothing(kept, instruments, day, words):
    with pytest.raises(NotEnoughData, match=words):
        ask(kept, until(instruments, day))


def test_an_instrument_without_the_newest_bar_is_left_out_by_name(kept, instruments):
    google, ibm = instruments
    said = ask(kept, [*until([google], "2006-12-29"), *until([ibm], "2006-12-28")])

    assert said["left_out"] == ["IBM"]
    assert [each["symbol"] for each in said["predictions"]] == ["GOOG"]


def test_a_feature_that_is_unknown_is_named(kept, instruments):
    google, ibm = until(instruments, "2006-12-29")
    young = dataclasses.replace(ibm, prices=ibm.prices.iloc[-5:])
    with pytest.raises(NotEnoughData, match="IBM"):
        ask(kept, [google, young])


def test_bars_that_were_revised_are_noticed(kept, instruments):
    google, ibm = until(instruments, "2006-12-29")
    prices = google.prices.copy()
    prices.loc["2006-11-27", ["open", "high", "low", "close"]] *= 1.01
    said = ask(kept, [dataclasses.replace(google, prices=prices), ibm])

    assert said["is_as_before"] is False
