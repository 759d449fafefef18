import numpy as np
import pytest

from webapp.dashboard.figures import honesty


def test_a_fold_is_drawn_from_its_first_bar_to_the_end_of_its_last(result):
    folds = result.facts["honesty"]["purge"]["purged_k_fold"]["folds"]
    left_out, train, test = honesty.fold_timeline(folds, theme="light", name="folds")["data"]

    assert len(train["y"]) == len(folds) + 1  # the middle one of three trains on both sides
    assert test["y"] == ["1", "2", "3"]
    middle = folds[1]["train_spans"]
    assert [days for row, days in zip(train["y"], train["customdata"], strict=True) if row == "2"] == [
        [begin[:10], end[:10]] for begin, end in middle
    ]
    day = 86_400_000
    assert all(length % day == 0 and length > 0 for length in train["x"])
    # What is left out lies behind: its bar goes from the first bar to the last of a fold.
    assert left_out["x"][1] > sum(length for row, length in zip(train["y"], train["x"], strict=True) if row == "2")


def test_the_first_fold_is_on_top_and_many_are_cut_off(result):
    fold = result.facts["honesty"]["purge"]["walk_forward"]["folds"][0]
    figure = honesty.fold_timeline([{**fold, "number": n} for n in range(99)], theme="dark", name="folds")
    assert figure["layout"]["yaxis"]["categoryarray"][-1] == "1"
    assert len(figure["data"][2]["y"]) == honesty.MOST_FOLDS


def test_bins_of_logits_differ_in_colour_by_their_sign(result):
    bins = result.frames["overfitting"]
    trace = honesty.choice_logits(bins, theme="light")["data"][0]
    assert sum(trace["y"]) == 12_870
    colours = {middle < 0: colour for middle, colour in zip(trace["x"], trace["marker"]["color"], strict=True)}
    assert len(set(colours.values())) == 2


@pytest.mark.parametrize("observed", [-0.5, 0.0, 0.9])
def test_what_was_observed_is_marked_inside_the_picture(observed):
    drawn = np.r_[np.random.default_rng(0).normal(0, 0.05, 99), np.nan]
    figure = honesty.null_distribution(drawn, observed, theme="light")
    trace = figure["data"][0]
    assert sum(trace["y"]) == 99
    assert figure["layout"]["shapes"][0]["x0"] == observed
    half = trace["width"] / 2
    assert trace["x"][0] - half - 1e-9 <= observed <= trace["x"][-1] + half + 1e-9


def test_each_path_is_a_line_with_the_middle_on_top(result):
    walked = result.frames["paths"]
    *lines, middle = honesty.path_fan(walked, theme="dark")["data"]
    assert len(lines) == walked.shape[1]
    for line, path in zip(lines, walked, strict=True):
        assert line["y"][-1] == pytest.approx((1 + walked[path].fillna(0.0)).prod())
        assert len(line["x"]) <= 250
    assert middle["y"][-1] == pytest.approx(np.median([line["y"][-1] for line in lines]))


@pytest.mark.parametrize(
    ("ratios", "traded", "n_counted", "n_marks"),
    [([0.1, None, -0.1], 0.02, 2, 1), ([0.1], None, 1, 0), ([None], None, 0, 0), ([0.1, 0.1], 0.1, 2, 1)],
)
def test_ratios_of_paths_are_counted_and_the_traded_one_is_marked(ratios, traded, n_counted, n_marks):
    figure = honesty.path_distribution(ratios, traded, theme="light")
    assert sum(figure["data"][0]["y"]) == n_counted
    assert len(figure["layout"]["shapes"]) == n_marks
