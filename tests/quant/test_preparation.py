import datetime

import numpy as np
import pandas as pd
import pytest

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
