import numpy as np
import pandas as pd
import pytest

from webapp.dashboard.figures import explanation
from webapp.dashboard.figures.palette import PALETTES

CURVE = pd.DataFrame(
    {"feature": "a", "value": [0.0, 1.0], "mean": [0.4, 0.6], "lower": [0.3, 0.5], "upper": [0.5, 0.7]}
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_band_lies_around_the_mean(theme):
    lower, upper, mean = explanation.dependence(CURVE, theme=theme, is_share=True, span=(0.2, 0.8))["data"]

    assert (lower["y"], mean["y"], upper["y"]) == ([0.3, 0.5], [0.4, 0.6], [0.5, 0.7])
    assert upper["fill"] == "tonexty"


def test_single_features_stand_beside_all_of_them():
    scores = pd.DataFrame({"feature": ["a", "b"], "mean": [0.52, np.nan], "std": [0.02, np.nan]})
    drawn = explanation.single_features(scores, theme="light", score_title="Area", together=0.55)

    assert drawn["data"][0]["x"] == [0.52]
    assert drawn["layout"]["shapes"][0]["x0"] == 0.55
    assert drawn["layout"]["xaxis"]["range"] == pytest.approx([0.49, 0.58])
    assert (
        "shapes" not in explanation.single_features(scores, theme="dark", score_title="Area", together=None)["layout"]
    )


def test_groups_are_drawn_by_their_features():
    clusters = pd.DataFrame({"features": ["a, b", "c"], "n_features": [2, 1], "mean": [0.0, 0.1], "std": [0.1, np.nan]})
    drawn = explanation.groups(clusters, theme="light")

    assert drawn["data"][0]["customdata"] == ["a, b", "c"]


def test_a_learning_curve_has_a_line_of_later_bars_and_one_of_training_bars():
    curve = pd.DataFrame(
        {
            "n_bars": [200, 400],
            "mean": [0.5, 0.52],
            "std": [0.01, np.nan],
            "training_mean": [0.7, 0.6],
            "training_std": 0.02,
        }
    )
    later, training = explanation.learning_curve(curve, theme="light", score_title="Area")["data"]

    assert (later["x"], later["y"], later["error_y"]["array"]) == ([200, 400], [0.5, 0.52], [0.01, 0.0])
    assert training["y"] == [0.7, 0.6]
    assert later["line"] != training["line"]


@pytest.mark.parametrize(("middle", "far"), [(0.5, 0.2), (0.0, 0.7)])
def test_a_boundary_has_its_middle_in_the_middle_of_the_colours(middle, far):
    grid = pd.DataFrame(
        {
            "across": "a",
            "up": "b",
            "x": [0.0, 1.0, 0.0, 1.0],
            "y": [0.0, 0.0, 2.0, 2.0],
            "predicted": [0.4, 0.5, 0.6, 0.7],
        }
    )
    heat, line = explanation.boundary(grid, theme="dark", is_share=True, middle=middle)["data"]

    assert heat["z"] == [[0.4, 0.5], [0.6, 0.7]]
    assert (heat["zmin"], heat["zmax"]) == pytest.approx((middle - far, middle + far))
    assert (line["contours"]["start"], line["contours"]["end"]) == (middle, middle)


def test_what_features_add_has_the_colour_of_its_direction():
    frame = pd.DataFrame(
        {"feature": list("abc"), "mean": [0.3, 0.2, 0.1], "std": [0.1] * 3, "direction": [0.5, -0.5, np.nan]}
    )
    (trace,) = explanation.shap(frame, theme="light", unit="in log odds")["data"]
    palette = PALETTES["light"]

    assert trace["customdata"] == ["c", "b", "a"]
    assert trace["marker"]["color"] == [palette.benchmark, palette.loss, palette.gain]
    assert trace["text"][1] == "higher values lower them (rank correlation -0.50)"
