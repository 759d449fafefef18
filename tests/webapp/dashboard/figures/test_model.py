import numpy as np
import pandas as pd
import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.figures import model
from webapp.dashboard.figures.palette import PALETTES


def test_roc_has_the_line_of_guessing_beside_it(result):
    figure = model.roc(result.frames["roc"], theme="light")

    guess, curve = figure["data"]
    assert (guess["x"], guess["y"]) == ([0, 1], [0, 1])
    assert (curve["x"][0], curve["y"][-1]) == (0.0, 1.0)
    assert curve["y"] == result.frames["roc"]["true_positive_rate"].tolist()


def test_calibration_has_equal_axes(result):
    layout = model.calibration(result.frames["calibration"], theme="light")["layout"]

    low, high = layout["xaxis"]["range"]
    assert layout["yaxis"]["range"] == [low, high]
    shown = result.frames["calibration"][["mean_probability", "observed_share"]].to_numpy()
    assert low <= shown.min() < shown.max() <= high


def test_an_unknown_score_is_a_gap():
    figure = model.scores_by_fold(["a", "b"], [("Forest", [0.5, None]), ("Tree", [np.nan, 0.6])], theme="light",
                                  score_title="Accuracy", target=0.55)  # fmt: skip

    assert [trace["y"] for trace in figure["data"]] == [[0.5, None], [None, 0.6]]
    assert figure["layout"]["shapes"][0]["y0"] == 0.55
    assert figure["layout"]["showlegend"] is True


def test_models_differ_in_shape_and_not_in_colour_only():
    series = [(str(number), [0.5]) for number in range(6)]

    figure = model.scores_by_fold(["a"], series, theme="light", score_title="Accuracy")

    assert len({trace["marker"]["symbol"] for trace in figure["data"]}) == 6


@pytest.mark.parametrize("n_folds", [1, 5, 9, 200])
def test_labels_of_folds_are_few_enough_for_a_phone(n_folds):
    labels = [f"2024-{number}" for number in range(n_folds)]

    axis = model.scores_by_fold(labels, [("A", [0.5] * n_folds)], theme="light", score_title="S")["layout"]["xaxis"]

    assert 1 <= len(axis["tickvals"]) <= 5
    assert axis["ticktext"][0] == labels[0]


def test_the_most_important_feature_is_on_top(result):
    trace = model.feature_importance(result.frames["importance"], theme="light")["data"][0]

    assert trace["x"] == sorted(trace["x"])
    assert trace["customdata"][-1] == result.frames["importance"].sort_values("mean")["feature"].iloc[-1]


def test_many_features_are_cut_and_long_names_shortened_but_whole_on_hover():
    names = [f"a_very_long_name_of_a_feature_{number}" for number in range(40)]
    frame = pd.DataFrame({"feature": names, "mean": np.arange(40.0), "std": np.nan})

    figure = model.feature_importance(frame, theme="light")

    trace = figure["data"][0]
    assert len(trace["y"]) == 25
    assert max(map(len, trace["y"])) <= 26
    assert set(trace["customdata"]) <= set(names)
    assert trace["error_x"]["array"] == [0.0] * 25


@pytest.mark.parametrize(("higher", "best"), [(True, [0.5, 0.5, 0.6]), (False, [0.5, 0.4, 0.4])])
def test_the_best_so_far_follows_what_is_better(higher, best):
    trials = pd.DataFrame({"number": [1, 2, 3], "model": ["a", "b", "c"], "score": [0.5, 0.4, 0.6]})

    figure = model.trial_scores(trials, theme="light", score_title="S", target=None, higher_is_better=higher)

    assert figure["data"][0]["y"] == best


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_colours_are_the_themes_own(result, theme):
    frames = result.frames
    figures = [
        model.roc(frames["roc"], theme=theme),
        model.calibration(frames["calibration"], theme=theme),
        model.feature_importance(frames["importance"], theme=theme),
        model.trial_scores(frames["candidates"], theme=theme, score_title="S", target=0.5, higher_is_better=True),
        model.scores_by_fold(["a"], [("A", [0.5])], theme=theme, score_title="S", target=0.5),
    ]

    assert reading.colours_in(figures) <= set(PALETTES[theme].tokens().values())


def test_coverage_has_the_level_that_was_asked_for(result):
    figure = model.coverage(result.frames["coverage"], level=0.8, theme="dark")
    assert figure["layout"]["shapes"][0]["y0"] == 0.8
    assert len(figure["data"][0]["y"]) == result.frames["coverage"]["covered"].notna().sum()


def test_predictions_of_returns_are_held_against_the_line_on_which_they_are_right():
    bins = pd.DataFrame({"mean_predicted": [-0.01, 0.02], "mean_outcome": [0.0, np.nan], "n_rows": [10, 11]})
    line, points = model.forecast_bins(bins, theme="light")["data"]
    assert line["x"] == line["y"] == [-0.01, 0.02]
    assert points["y"] == [0.0, None]


def test_importance_in_training_is_another_chart(result):
    figure = model.impurity_importance(result.frames["importance"], theme="light", title="Share")
    assert figure["layout"]["xaxis"]["title"] == {"text": "Share"}
    assert max(figure["data"][0]["x"]) == pytest.approx(result.frames["importance"]["impurity"].max())
