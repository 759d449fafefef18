import numpy as np
import pandas as pd
import pytest

from quant.analysis import run_analysis
from quant.frames import QUANTILE_COLUMNS
from quant.preparation import fetch_instruments
from quant.validation.intervals import BANDS
from quant.validation.quantile_bands import quantile_bands


def panel(n_bars):
    stamps = pd.date_range("2020-01-01 21:00", periods=n_bars, freq="D", tz="UTC", unit="us")
    return pd.MultiIndex.from_product([stamps, [0]], names=["timestamp", "instrument"])


def test_shares_are_counted_between_and_below():
    outcome = pd.Series([-0.03, -0.01, 0.0, 0.01, 0.03, np.nan], index=panel(6))
    said = [0.0, -0.02, -0.005, 0.005, 0.02]
    predictions = pd.DataFrame([said] * 6, index=panel(6), columns=["predicted_return", *QUANTILE_COLUMNS])

    moved = dict(
        zip(("conformal_10", "conformal_25", "conformal_75", "conformal_90"), (-9, -0.01, 0.01, 9), strict=True)
    )
    intervals = pd.DataFrame(moved, index=panel(6), dtype=float)
    intervals.iloc[0] = np.nan  # nothing is known at first

    facts, rolling = quantile_bands(predictions, intervals, outcome, window=5)

    assert [(band["conformal"]["n_scored"], band["conformal"]["covered"]) for band in facts["bands"]] == [
        (4, 0.75),
        (4, 1.0),
    ]
    assert rolling["conformal_covered_80"].isna().all()  # four of five
    assert [(band["level"], band["n_scored"], band["covered"]) for band in facts["bands"]] == [
        (0.5, 5, 0.2),
        (0.8, 5, 0.6),
    ]
    assert [band["mean_width"] for band in facts["bands"]] == pytest.approx([0.01, 0.04])
    assert [(each["quantile"], each["below"]) for each in facts["quantiles"]] == [
        (0.1, 0.2), (0.25, 0.4), (0.5, 0.6), (0.75, 0.6), (0.9, 0.8),
    ]  # fmt: skip
    assert rolling["covered_80"].dropna().tolist() == [0.6]
    assert rolling["covered_50"].dropna().tolist() == [0.2]


def test_without_a_known_outcome_nothing_is_said():
    predictions = pd.DataFrame(0.0, index=panel(3), columns=["predicted_return", *QUANTILE_COLUMNS])

    unknown = pd.DataFrame(np.nan, index=panel(3), columns=[each for _, _, pair in BANDS for each in pair])
    facts, rolling = quantile_bands(predictions, unknown, pd.Series(np.nan, index=panel(3)), window=2)

    assert {band["covered"] for band in facts["bands"]} == {each["below"] for each in facts["quantiles"]} == {None}
    assert rolling.empty


def test_an_analysis_says_what_its_bands_held(quick_spec):
    spec = type(quick_spec).model_validate(
        {
            **quick_spec.resolved(),
            "label": {"name": "forward_return_size", "horizon": 3},
            "models": [{"name": "hist_boosting_quantiles", "n_rounds": 10}],
            "validation": {**quick_spec.resolved()["validation"], "score": "pinball_loss"},
            "strategy": {"enter_return": 0.003},
            "audit": {"n_cuts": 2},
            "explanation": {"partial_dependence": True},
        }
    )
    result = run_analysis(spec, fetch_instruments)

    predictions, facts = result.frames["predictions"], result.facts["quantiles"]
    assert (predictions["quantile_10"] <= predictions["quantile_25"]).all()
    assert (predictions["predicted_return"] <= predictions["quantile_75"]).all()
    came = predictions["outcome"].dropna()
    inside = came.between(predictions["quantile_10"].loc[came.index], predictions["quantile_90"].loc[came.index])
    assert facts["bands"][1]["covered"] == pytest.approx(inside.mean())
    moved = predictions["conformal_10"].notna()
    assert moved.any()
    assert (predictions["conformal_10"][moved] <= predictions["conformal_90"][moved]).all()
    assert facts["bands"][1]["conformal"]["n_scored"] == (moved & predictions["outcome"].notna()).sum()
    assert list(result.frames["quantile_coverage"]) == [
        "covered_50", "conformal_covered_50", "covered_80", "conformal_covered_80",
    ]  # fmt: skip
    assert result.facts["scores"]["pinball_loss"] > 0
    assert "pinball_loss" in result.frames["fold_scores"]
    (said,) = result.facts["latest"]["predictions"]
    assert said["quantile_10"] < said["predicted_return"] < said["quantile_90"]
    assert said["conformal_10"] < said["conformal_90"]
    assert result.facts["honesty"]["audit"]["differences"] == []
    assert len(result.frames["partial_dependence"]) > 0
