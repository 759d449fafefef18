import dataclasses

import pandas as pd

from tests.webapp.dashboard import reading
from webapp.dashboard.components.bands import bands

FACTS = {
    "window": 125,
    "bands": [
        {"level": 0.5, "n_scored": 400, "covered": 0.47, "mean_width": 0.02},
        {"level": 0.8, "n_scored": 400, "covered": 0.76, "mean_width": 0.05},
    ],
    "quantiles": [{"quantile": share, "below": share + 0.01} for share in (0.1, 0.25, 0.5, 0.75, 0.9)],
}


def with_quantiles(result, facts=FACTS, shares=(0.5, 0.8)):
    index = result.frames["coverage"].index
    rolling = pd.DataFrame([shares] * len(index), index=index, columns=["covered_50", "covered_80"])
    frames = {**result.frames, "quantile_coverage": rolling}
    return dataclasses.replace(result, frames=frames, facts={**result.facts, "quantiles": facts})


def test_models_that_predict_no_quantiles_have_intervals_alone(result):
    (intervals,) = bands(result, "light")

    assert "Prediction intervals" in reading.text(intervals)
    assert "Quantile bands" not in reading.text(intervals)


def test_bands_stand_beside_the_intervals_with_what_they_held(result):
    (pair,) = bands(with_quantiles(result), "dark")

    words = reading.text(pair).replace("\u202f", " ").replace("\u00a0", " ")
    assert "Prediction intervals" in words
    assert "76.0 % of 400 outcomes lay between the predicted quantiles that should hold 80 %" in words
    assert "47.0 % between those that should hold 50 %" in words
    assert "where they crossed, they were sorted" in words
    assert "91.0 %" in words
    figure = reading.by_id(pair, "analysis-quantiles").figure
    assert [trace["name"] for trace in figure["data"]] == ["50% band", "80% band"]
    assert [line["y0"] for line in figure["layout"]["shapes"]] == [0.5, 0.8]


def test_bands_that_learned_from_what_they_missed_are_held_against_what_came_too(result):
    held = {"n_scored": 350, "mean_width": 0.06}
    moved = [
        {**band, "conformal": {**held, "covered": covered}}
        for band, covered in zip(FACTS["bands"], (0.5, 0.81), strict=True)
    ]
    answer = with_quantiles(result, {**FACTS, "bands": moved})
    rolling = answer.frames["quantile_coverage"].assign(conformal_covered_50=0.5, conformal_covered_80=0.81)
    answer = dataclasses.replace(answer, frames={**answer.frames, "quantile_coverage": rolling})
    (pair,) = bands(answer, "light")

    words = reading.text(pair).replace("\u202f", " ").replace("\u00a0", " ")
    assert "they held 81.0 % and 50.0 % of 350 outcomes, 6.0 % and 6.0 % wide" in words
    figure = reading.by_id(pair, "analysis-quantiles").figure
    assert [trace["name"] for trace in figure["data"]] == [
        "50% band", "50% band, moved", "80% band", "80% band, moved",
    ]  # fmt: skip


def test_too_few_outcomes_leave_words_and_no_empty_chart(result):
    (pair,) = bands(with_quantiles(result, shares=(float("nan"), 0.8)), "light")
    assert "analysis-quantiles" not in reading.ids(pair)

    unknown = {**FACTS, "bands": [{**band, "covered": None, "mean_width": None} for band in FACTS["bands"]]}
    (pair,) = bands(with_quantiles(result, unknown), "light")
    assert "No outcome is known yet" in reading.text(pair)
