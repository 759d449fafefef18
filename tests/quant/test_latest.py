import hashlib

import numpy as np
import pandas as pd
import pytest

from quant.analysis import run_analysis
from quant.errors import ModelError, NotEnoughData
from quant.latest import final_fold, final_model, fit_final
from quant.models.prediction import predict_probability
from quant.preparation import clean_prices, features_panel, fetch_instruments, labels_panel, samples
from quant.stages import StageOutput, unpack_bytes
from quant.validation.certificate import purge_certificate


@pytest.fixture(scope="module")
def panels(quick_spec):
    clean = clean_prices(quick_spec, dict(enumerate(fetch_instruments(quick_spec))))
    return samples(quick_spec, features_panel(quick_spec, clean.adjusted), labels_panel(quick_spec, clean.adjusted))


def test_the_final_model_learns_every_label_known_before_the_last_bar(quick_spec, panels):
    _, labels = panels
    fold = final_fold(labels, 7)
    ends = labels["label_end"]
    assert fold.train.tolist() == np.flatnonzero(ends < labels.index[-1][0]).tolist()
    assert len(fold.train) == labels["label"].notna().sum() - 1  # the one that is known at the last close is left out
    assert fold.test.tolist() == [len(labels) - 1]
    assert purge_certificate([fold], labels)["n_labels_checked"] == len(fold.train)


def test_without_a_known_label_there_is_nothing_to_learn(panels):
    _, labels = panels
    with pytest.raises(NotEnoughData, match="known before the last bar"):
        final_fold(labels.iloc[-3:], 0)


def test_what_is_said_is_what_the_model_predicts_of_the_last_bar(quick_spec, quick_result, panels):
    features, labels = panels
    model = next(each for each in quick_spec.models if each.name == quick_result.facts["chosen"]["model"])
    fold = final_fold(labels, 0)
    no_bars = pd.Series(dtype="float64")  # samples weigh the same
    fitted = fit_final(quick_spec, model, features, labels, fold, bars=no_bars)
    expected = fitted.frames["predictions"]["probability"].iloc[0]

    latest = quick_result.facts["latest"]
    (said,) = latest["predictions"]

    assert said["probability"] == expected
    assert latest["as_of"] == labels.index[-1][0].isoformat() == "2008-12-31T21:00:00+00:00"
    assert pd.Timestamp(latest["last_label_end"]) < pd.Timestamp(latest["as_of"])
    assert said["close"] == quick_result.frames["prices"]["close"].iloc[-1]
    assert said["lower"] < 0 < said["upper"]
    assert said["signal"] in {-1, 0, 1}
    assert quick_result.facts["honesty"]["purge"]["final"]["n_folds"] == 1


def test_the_final_model_is_kept_and_says_the_same_again(quick_spec, panels):
    features, labels = panels
    fold = final_fold(labels, 0)
    fitted = fit_final(quick_spec, quick_spec.models[0], features, labels, fold, bars=pd.Series(dtype="float64"))
    again = final_model(fitted)

    last = features.iloc[fold.test]
    assert predict_probability(again, last).tolist() == fitted.frames["predictions"]["probability"].tolist()
    data = unpack_bytes(fitted.frames["model"], fitted.facts["n_bytes"])
    assert hashlib.sha256(data).hexdigest() == fitted.facts["digest"]
    broken = StageOutput(fitted.frames, {**fitted.facts, "digest": "0" * 64})
    with pytest.raises(ModelError, match="damaged or another's"):
        final_model(broken)


@pytest.mark.parametrize("model", ["svm_regression", "ridge"])
def test_a_return_is_predicted_with_an_interval_and_a_signal(quick_spec, model):
    spec = type(quick_spec).model_validate(
        {
            **quick_spec.resolved(),
            "label": {"name": "forward_return_size", "horizon": 3},
            "models": [{"name": model}],
            "validation": {**quick_spec.resolved()["validation"], "score": "rank_ic"},
            "strategy": {"direction": "long_short", "enter_return": 0.003, "short_return": -0.001},
        }
    )
    result = run_analysis(spec, fetch_instruments)

    (said,) = result.facts["latest"]["predictions"]
    assert said["lower"] < said["predicted_return"] < said["upper"]
    assert set(result.facts["scores"]) == {"r2", "information_coefficient", "rank_ic", "mean_error", "hit_rate"}
    assert result.facts["honesty"]["audit"]["differences"] == []
    assert 0.7 < result.facts["intervals"]["covered"] < 0.9
    assert "roc" not in result.frames
    assert result.frames["forecast_bins"]["n_rows"].sum() == result.frames["predictions"]["label"].notna().sum()
    enter = result.frames["predictions"]["predicted_return"] >= 0.003
    assert (result.frames["predictions"]["signal"][enter] == 1).all()
