import datetime
import json

import numpy as np
import pandas as pd

from quant.data.findings import Bars, Finding, log_ratio, runs_of, to_dates


def test_a_finding_is_json():
    finding = Finding("code", "warning", "message", 1, (4,), (datetime.date(2001, 9, 17),))
    assert json.loads(json.dumps(finding.to_dict())) == {
        "code": "code",
        "severity": "warning",
        "message": "message",
        "count": 1,
        "rows": [4],
        "sessions": ["2001-09-17"],
    }


def test_runs():
    assert runs_of(np.array([True, True, False, True])).tolist() == [[0, 2], [3, 4]]
    assert runs_of(np.array([False, False])).tolist() == []
    assert runs_of(np.array([], dtype=bool)).tolist() == []


def test_a_ratio_with_an_impossible_price_is_unknown():
    ratio = log_ratio(np.array([np.e, 1.0, -1.0, np.nan, 0.0, 1.0]), np.array([1.0, 0.0, 1.0, 1.0, 1.0, np.inf]))
    np.testing.assert_array_equal(ratio, [1.0, np.nan, np.nan, np.nan, np.nan, np.nan])


def test_unknown_dates_are_left_out():
    assert to_dates(pd.DatetimeIndex(["2001-09-17", None])) == (datetime.date(2001, 9, 17),)


def test_moves_take_in_splits_and_dividends(make_prices):
    prices = make_prices([(0.0, 1.0, 0.0), (0.1, 2.0, 0.0), (-0.2, 1.0, 0.05)])
    bars = Bars(prices, "XNYS", pd.Timestamp("2026-01-02", tz="UTC"))
    np.testing.assert_allclose(bars.moves, [np.nan, 0.1, -0.2])
    np.testing.assert_allclose(bars.usual_move, 1.4826 * 0.15)


def test_many_dates_are_cut_short_in_words_and_not_in_data(calm):
    bars = Bars(calm, "XNYS", pd.Timestamp("2026-01-02", tz="UTC"))
    (finding,) = bars.found("code", "info", np.arange(300) < 7, "{n}: {dates}")
    assert finding.message == "7 bars: 2004-01-02, 2004-01-05, 2004-01-06, 2004-01-07, 2004-01-08 and 2 more"
    assert len(finding.sessions) == 7
