import datetime

import numpy as np
import pandas as pd
import pytest

from quant.analysis import run_analysis
from quant.errors import NotEnoughData, SymbolNotFound
from quant.features.catalog import RelativeVolume
from quant.preparation import (
    between,
    clean_prices,
    features_panel,
    fetch_instruments,
    labels_panel,
    next_bar_returns,
    samples,
)
from quant.spec import AnalysisSpec


@pytest.fixture(scope="module")
def instruments(quick_spec):
    return fetch_instruments(quick_spec)


def test_an_unknown_symbol_is_refused_by_its_source(quick_spec):
    other = quick_spec.instruments[0].model_copy(update={"symbol": "NONE"})
    with pytest.raises(SymbolNotFound, match="GOOG, IBM, MSFT"):
        fetch_instruments(quick_spec.model_copy(update={"instruments": (other,)}))


def test_both_ends_of_the_asked_sessions_are_included(quick_spec, instruments):
    spec = quick_spec.model_copy(update={"start": datetime.date(2005, 1, 3), "end": datetime.date(2005, 1, 5)})
    sessions = between(instruments[0].prices, spec)["session"]

    assert [session.date().isoformat() for session in sessions] == ["2005-01-03", "2005-01-04", "2005-01-05"]


def test_no_bars_in_the_asked_sessions_says_which_there_are(quick_spec, instruments):
    spec = quick_spec.model_copy(update={"start": datetime.date(2030, 1, 1), "end": None})
    with pytest.raises(NotEnoughData, match="GOOG has no bars between 2030-01-01"):
        clean_prices(spec, dict(enumerate(instruments)))


def test_samples_leave_out_the_declared_warm_up_of_each_instrument_and_nothing_else(quick_spec, instruments):
    spec = quick_spec.model_copy(update={"instruments": quick_spec.instruments * 2})
    clean = clean_prices(spec, dict(enumerate([instruments[0], instruments[0]])))
    features, labels = features_panel(spec, clean.adjusted), labels_panel(spec, clean.adjusted)
    rows, outcomes = samples(spec, features, labels)

    assert len(features) - len(rows) == 2 * quick_spec.warm_up
    assert rows.index.equals(outcomes.index)
    assert not rows.isna().any(axis=None)
    assert outcomes["label"].isna().sum() == 2 * quick_spec.label.horizon_bars


def test_the_next_bars_return_is_from_the_next_open_to_the_one_after(quick_spec, instruments):
    adjusted = clean_prices(quick_spec, dict(enumerate(instruments))).adjusted
    returns = next_bar_returns(adjusted).xs(0, level="instrument")
    opens = adjusted[0]["open"].to_numpy()

    assert returns.iloc[10] == pytest.approx(opens[12] / opens[11] - 1)
    assert np.isnan(returns.iloc[-2:]).all()
    assert isinstance(returns.index, pd.DatetimeIndex)


def test_an_instrument_that_lacks_what_a_feature_needs_is_refused_by_name(quick_spec, instruments):
    spec = quick_spec.model_copy(update={"features": (RelativeVolume(),)})
    adjusted = {0: clean_prices(spec, dict(enumerate(instruments))).adjusted[0].assign(volume=0.0)}
    with pytest.raises(NotEnoughData, match="Relative volume: expected bars with volume of GOOG"):
        features_panel(spec, adjusted)
    assert features_panel(spec, adjusted, is_cut=True).iloc[-1, 0] == 0.0
    with pytest.raises(NotEnoughData, match="found 19 of GOOG"):
        features_panel(spec, {0: adjusted[0].iloc[:19]}, is_cut=True)


def test_another_instrument_that_a_feature_needs_must_be_as_old():
    spec = AnalysisSpec.model_validate(
        {
            "instruments": [{"symbol": "MSFT"}, {"symbol": "GOOG"}],
            "end": "2005-12-30",
            "features": [{"name": "spread", "against": "GOOG", "window": 20}],
        }
    )
    adjusted = clean_prices(spec, dict(enumerate(fetch_instruments(spec)))).adjusted
    with pytest.raises(NotEnoughData, match=r"Spread: expected bars of GOOG .* Ask from 2004-08-19 on"):
        features_panel(spec, adjusted)
    together = features_panel(spec, {place: prices.loc["2004-08-19":] for place, prices in adjusted.items()})
    own, same = (together["spread_GOOG_20"].xs(place, level="instrument").iloc[19:] for place in (0, 1))
    assert own.notna().all()
    assert (same == 0.0).all()

    lacking = adjusted[1].drop(adjusted[1].index[100])
    holed = features_panel(spec, {0: adjusted[0].loc["2004-08-19":], 1: lacking})["spread_GOOG_20"]
    unknown = holed.xs(0, level="instrument").iloc[19:].isna()
    assert unknown.index[unknown].tolist() == [adjusted[1].index[100]]


def asking(quick_spec, **changes):
    return AnalysisSpec.model_validate({**quick_spec.resolved(), **changes})


def prepared(spec):
    clean = clean_prices(spec, dict(enumerate(fetch_instruments(spec))))
    return labels_panel(spec, clean.adjusted)


def test_bars_that_are_no_events_have_no_label(quick_spec):
    every, some = prepared(quick_spec), prepared(asking(quick_spec, events={"at": "cusum", "threshold": 2.0}))
    known = some["label"].notna()
    assert 0 < known.sum() < every["label"].notna().sum() / 2
    pd.testing.assert_frame_equal(some[known], every[known])
    assert some[~known].isna().all(axis=None)


@pytest.mark.parametrize("events", ["all", "cusum"])
def test_a_run_by_meta_labels_follows_the_rule_and_passes_its_audit(quick_spec, events):
    """Long and short, as the rule says at each bar; learned from events, predicted and traded at every bar."""
    spec = asking(
        quick_spec,
        label={"name": "meta_label", "rule": "crossover", "fast": 5, "slow": 20, "volatility_window": 20},
        events={"at": events, "threshold": 1.0, "volatility_window": 20},
        models=[{"name": "logistic"}],
        strategy={"direction": "long_short", "enter_above": 0.5, "exit_below": 0.5, "cover_above": 0.5},
        importance=False,
    )
    result = run_analysis(spec, fetch_instruments)
    predictions = result.frames["predictions"]
    assert result.facts["honesty"]["audit"]["differences"] == []
    side, signal = predictions["side"], predictions["signal"]
    assert set(signal.unique()) == {-1, 0, 1}
    assert ((signal == 0) | (signal == side)).all()
    assert (signal[side.notna() & (predictions["probability"] >= 0.5)] != 0).all()
    assert len(predictions) == len(predictions.index.unique())
    closes = result.frames["prices"]["close"]
    averages = [closes.rolling(window).mean() for window in (5, 20)]
    expected = np.sign(averages[0] - averages[1]).to_numpy()[19 - len(side) :]
    np.testing.assert_array_equal(side.to_numpy()[19:], expected)  # Google had no splits and dividends in these years


def test_sides_of_an_instrument_that_is_too_young_for_labels_are_repeated_by_the_audit():
    spec = AnalysisSpec.model_validate(
        {
            "instruments": [{"symbol": "MSFT"}, {"symbol": "GOOG"}],
            "start": "2003-06-02",
            "end": "2005-06-30",
            "features": [{"name": "return", "window": 1}],
            "label": {"name": "meta_label", "slow": 5, "volatility_window": 5, "horizon": 25},
            "models": [{"name": "logistic"}],
            "validation": {"train_bars": 200, "test_bars": 5, "n_folds": 2, "target": None},
            "importance": False,
            "audit": {"n_cuts": 40},
        }
    )
    audit = run_analysis(spec, fetch_instruments).facts["honesty"]["audit"]
    assert audit["differences"] == []
