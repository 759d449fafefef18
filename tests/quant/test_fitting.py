import numpy as np
import pandas as pd
import pytest

from quant.analysis import run_analysis
from quant.fitting import fit_folds
from quant.models.catalog import LogisticRegression
from quant.preparation import (
    bar_returns,
    clean_prices,
    features_panel,
    fetch_instruments,
    labels_panel,
    samples,
    traded_folds,
)
from quant.spec import AnalysisSpec
from quant.validation import cross_validation

TWO = {"instruments": [{"symbol": "IBM"}, {"symbol": "MSFT"}], "end": "2002-12-31"}


def asking(quick_spec, **changes):
    return AnalysisSpec.model_validate({**quick_spec.resolved(), **changes})


def fitted(spec, monkeypatch, spoil=lambda bars: bars):
    """Fit the first two walk-forward folds; return the predictions and the weights that each fit was given."""
    clean = clean_prices(spec, dict(enumerate(fetch_instruments(spec))))
    features, labels = samples(spec, features_panel(spec, clean.adjusted), labels_panel(spec, clean.adjusted))
    given, honest = {}, cross_validation._fit_predict

    def note(*arguments):
        fold, parameters = arguments[4], arguments[6]
        given[fold.number] = None if parameters is None else parameters(fold)
        return honest(*arguments)

    folds, bars = traded_folds(spec, labels)[:2], spoil(bar_returns(clean.adjusted))
    with monkeypatch.context() as patch:
        patch.setattr(cross_validation, "_fit_predict", note)
        predictions, _ = fit_folds(spec, LogisticRegression(), features, labels, folds, bars=bars)
    return predictions, given, labels, folds


def test_without_weights_a_fit_is_given_none(quick_spec, monkeypatch):
    _, given, _, _ = fitted(quick_spec, monkeypatch)
    assert given == {0: None, 1: None}


@pytest.mark.parametrize("by", ["uniqueness", "attribution"])
def test_weights_are_those_of_each_folds_own_training_rows(quick_spec, monkeypatch, by):
    spec = asking(quick_spec, **TWO, weights={"by": by, "decay": 0.5, "balanced": True})
    plain, _, _, _ = fitted(asking(quick_spec, **TWO), monkeypatch)
    predictions, given, labels, folds = fitted(spec, monkeypatch)
    assert not np.allclose(predictions["probability"], plain["probability"])
    for fold in folds:
        weights = given[fold.number]["model__sample_weight"]
        assert weights.shape == fold.train.shape
        assert weights.sum() == pytest.approx(len(fold.train))
        of_class = np.bincount(labels["label"].iloc[fold.train].astype(int), weights=weights)
        assert of_class[0] == pytest.approx(of_class[1])
    first, second = (given[number]["model__sample_weight"] for number in (0, 1))
    assert not np.allclose(second[: len(first)] / second[0], first / first[0])  # decay and overlap are the fold's own


def test_weights_use_no_bar_behind_the_training_labels(quick_spec, monkeypatch):
    spec = asking(quick_spec, **TWO, weights={"by": "attribution"})
    _, given, labels, folds = fitted(spec, monkeypatch)
    last = labels["label_end"].iloc[folds[0].train].max()

    def spoiled(bars):
        return bars.where(bars.index.get_level_values("timestamp") <= last, 99.0)

    _, again, _, _ = fitted(spec, monkeypatch, spoiled)
    np.testing.assert_array_equal(again[0]["model__sample_weight"], given[0]["model__sample_weight"])
    assert not np.array_equal(again[1]["model__sample_weight"], given[1]["model__sample_weight"])


def test_a_model_that_takes_spans_is_given_them(quick_spec, monkeypatch):
    monkeypatch.setattr(LogisticRegression, "takes_spans", True)
    given = []

    def note(_build, _features, _labels, folds, *, fit_parameters, **_options):
        given.extend(fit_parameters(fold)["model__label_spans"] for fold in folds)
        return pd.DataFrame(), []

    monkeypatch.setattr("quant.fitting.fit_predict_folds", note)
    _, _, _, folds = fitted(quick_spec, monkeypatch)
    for fold, spans in zip(folds, given, strict=True):
        assert spans.shape == (len(fold.train), 2)
        assert (spans[:, 1] - spans[:, 0] == quick_spec.label.horizon_bars).all()


def test_a_weighted_run_passes_its_audit_and_differs_from_one_without(quick_spec, quick_result):
    spec = asking(quick_spec, weights={"by": "attribution", "decay": -0.2, "balanced": True})
    result = run_analysis(spec, fetch_instruments)
    audit = result.facts["honesty"]["audit"]
    assert audit["differences"] == []
    assert result.hash() != quick_result.hash()
