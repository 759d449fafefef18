import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from quant.validation.catalog import IntervalSpec
from quant.validation.intervals import coverage, prediction_intervals, uncertainty_of

HORIZON = 3


def panels(n_bars, seed=0, *, column="predicted_return", n_instruments=1, spread=0.02):
    rng = np.random.default_rng(seed)
    stamps = pd.date_range("2020-01-01 21:00", periods=n_bars, tz="UTC", unit="us")
    index = pd.MultiIndex.from_product([stamps, range(n_instruments)], names=["timestamp", "instrument"])
    forecast = rng.normal(0.0, 0.01, len(index)) if column == "predicted_return" else rng.random(len(index))
    outcome = forecast + rng.normal(0.0, spread, len(index))
    ends = pd.Series(index.get_level_values("timestamp") + pd.Timedelta(days=HORIZON), index=index)
    known = (ends <= stamps[-1]).to_numpy()
    labels = pd.DataFrame(
        {"label": np.where(known, outcome, np.nan), "label_end": ends.where(known), "outcome": outcome}, index=index
    )
    labels["outcome"] = labels["outcome"].where(known)
    return pd.DataFrame({column: forecast, "fold": 0}, index=index), labels


def test_the_interval_is_the_prediction_and_the_ordered_errors_that_were_known():
    predictions, labels = panels(90)
    spec = IntervalSpec(level=0.8, window=60, adaptive=False)
    bounds = prediction_intervals(predictions, labels, spec)

    assert bounds["lower"].first_valid_index() == predictions.index[50 + HORIZON - 1]
    row = 80
    known = slice(row - HORIZON + 1 - 60, row - HORIZON + 1)
    errors = np.sort((labels["outcome"] - predictions["predicted_return"]).iloc[known])
    centre = predictions["predicted_return"].iloc[row]
    low = int(np.floor(61 * 0.1)) - 1
    found = bounds[["lower", "upper"]].iloc[row]
    assert found.tolist() == pytest.approx([centre + errors[low], centre + errors[59 - low]])


def test_a_classifiers_interval_is_of_outcomes_after_similar_predictions():
    predictions, labels = panels(400, column="probability", spread=0.01)
    bounds = prediction_intervals(predictions, labels, IntervalSpec(adaptive=False))
    last = bounds.iloc[-100:].assign(probability=predictions["probability"])
    assert np.corrcoef(last["probability"], last["lower"])[0, 1] > 0.9  # outcomes here follow the probability


def with_quantiles(predictions, scale):
    """Return predictions of a model that says four quantiles around its median, of normal returns with this spread."""
    shares = {"quantile_10": -1.2816, "quantile_25": -0.6745, "quantile_75": 0.6745, "quantile_90": 1.2816}
    median = predictions["predicted_return"]
    return predictions.assign(**{name: median + place * scale for name, place in shares.items()})


def test_a_band_of_quantiles_is_moved_by_the_ordered_errors_of_its_own_bounds():
    """Romano, Patterson and Candès 2019, theorem 2, written down once more."""
    predictions, labels = panels(90)
    predictions = with_quantiles(predictions, 0.01 + 0.0001 * np.arange(90))
    bounds = prediction_intervals(predictions, labels, IntervalSpec(window=60, adaptive=False))

    row, n, misses = 80, 60, 0.2
    known = slice(row - HORIZON + 1 - n, row - HORIZON + 1)
    place = int(np.ceil((1 - misses / 2) * (n + 1))) - 1
    came = labels["outcome"].iloc[known]
    short = np.sort(predictions["quantile_10"].iloc[known] - came)[place]
    over = np.sort(came - predictions["quantile_90"].iloc[known])[place]
    said = predictions.iloc[row]
    assert bounds["conformal_10"].iloc[row] == pytest.approx(said["quantile_10"] - short)
    assert bounds["conformal_90"].iloc[row] == pytest.approx(said["quantile_90"] + over)


@pytest.mark.parametrize("honesty", [0.5, 1.0, 2.0])
def test_a_band_holds_what_it_should_however_far_off_the_model_is(honesty):
    """Spreads that the model knows up to a factor: the moved band keeps their shape and mends the factor."""
    predictions, labels = panels(3000, spread=0.0)
    rng = np.random.default_rng(5)
    spreads = 0.005 + 0.03 * rng.random(len(predictions)) ** 2
    labels["outcome"] += spreads * rng.normal(size=len(predictions))
    predictions = with_quantiles(predictions, honesty * spreads)
    bounds = prediction_intervals(predictions, labels, IntervalSpec(window=500))

    for pair, level in ((("conformal_25", "conformal_75"), 0.5), (("conformal_10", "conformal_90"), 0.8)):
        moved = bounds[list(pair)].set_axis(["lower", "upper"], axis=1)
        assert coverage(moved, labels["outcome"], window=100)[0]["covered"] == pytest.approx(level, abs=0.02)
    width = (bounds["conformal_90"] - bounds["conformal_10"]).dropna()
    assert np.corrcoef(width, pd.Series(spreads, predictions.index).loc[width.index])[0, 1] > 0.9


def test_bounds_that_cross_change_places():
    predictions, labels = panels(200, spread=1e-6)
    predictions = with_quantiles(predictions, 0.001 + 0.1 * (np.arange(200) % 10 == 0))  # now and then far too wide
    bounds = prediction_intervals(predictions, labels, IntervalSpec(window=60)).dropna()
    assert (bounds["conformal_10"] <= bounds["conformal_90"]).all()
    assert (bounds["conformal_25"] <= bounds["conformal_75"]).all()


@settings(max_examples=25, deadline=None)
@given(
    cut=st.integers(60, 150),
    seed=st.integers(0, 99),
    column=st.sampled_from(["predicted_return", "probability", "quantiles"]),
    adaptive=st.booleans(),
)
def test_what_comes_later_changes_no_interval(cut, seed, column, adaptive):
    predictions, labels = panels(150, seed, column=column.replace("quantiles", "predicted_return"), n_instruments=2)
    if column == "quantiles":
        predictions = with_quantiles(predictions, 0.01)
    spec = IntervalSpec(window=80, adaptive=adaptive)
    whole = prediction_intervals(predictions, labels, spec)
    last = predictions.index[2 * cut - 1][0]
    late = labels["label_end"].isna() | (labels["label_end"] > last)
    garbled = labels.assign(outcome=labels["outcome"].where(~late, 9.9))  # known later: must not matter
    pd.testing.assert_frame_equal(
        prediction_intervals(predictions, garbled, spec).iloc[: 2 * cut], whole.iloc[: 2 * cut], check_exact=True
    )
    shorter = labels.where(~late).iloc[: 2 * cut]
    pd.testing.assert_frame_equal(
        prediction_intervals(predictions.iloc[: 2 * cut], shorter, spec), whole.iloc[: 2 * cut], check_exact=True
    )


@pytest.mark.parametrize("column", ["predicted_return", "probability"])
def test_an_outcome_that_never_becomes_known_is_left_out_and_not_waited_for(column):
    predictions, labels = panels(300, column=column)
    never = labels.index[100:104]
    labels.loc[never, ["label", "outcome"]] = np.nan
    labels.loc[never, "label_end"] = pd.NaT
    bounds = prediction_intervals(predictions, labels, IntervalSpec(window=60))

    without = prediction_intervals(predictions.drop(never), labels.drop(never), IntervalSpec(window=60))
    pd.testing.assert_frame_equal(bounds.drop(never), without, check_exact=True)
    assert bounds["lower"].iloc[110:].nunique() > 40


def test_outcomes_are_learned_from_in_the_order_in_which_they_become_known():
    """One that takes long keeps none that came sooner from being learned from, nor does it when history ends before."""
    predictions, labels = panels(200)
    late = labels.index[80]
    labels.loc[late, "label_end"] = labels["label_end"].iloc[140]
    whole = prediction_intervals(predictions, labels, IntervalSpec(window=60))
    unseen = labels.copy()
    unseen.loc[late, ["label", "outcome"]] = np.nan
    unseen.loc[late, "label_end"] = pd.NaT

    pd.testing.assert_frame_equal(
        whole.iloc[:140], prediction_intervals(predictions, unseen, IntervalSpec(window=60)).iloc[:140]
    )


def test_instruments_do_not_touch_each_other():
    predictions, labels = panels(120, n_instruments=2)
    spec = IntervalSpec(window=60)
    both = prediction_intervals(predictions, labels, spec)
    only = predictions.index.get_level_values("instrument") == 1
    alone = prediction_intervals(predictions[only], labels[only], spec)
    pd.testing.assert_frame_equal(both[only], alone, check_exact=True)


def test_coverage_holds_when_the_market_turns_wild_if_the_level_adapts():
    predictions, labels = panels(3000, spread=0.01)
    wild = labels.assign(
        outcome=labels["outcome"] + np.linspace(0.0, 3.0, 3000) * (labels["outcome"] - predictions["predicted_return"])
    )
    covered = {}
    for adaptive in (True, False):
        bounds = prediction_intervals(predictions, wild, IntervalSpec(level=0.8, window=1500, adaptive=adaptive))
        facts, rolling = coverage(bounds, wild["outcome"], window=100)
        covered[adaptive] = facts["covered"]
        assert rolling["covered"].notna().sum() == facts["n_scored"] - 99
    assert covered[True] == pytest.approx(0.8, abs=0.02)
    assert covered[False] < 0.77


def test_too_few_outcomes_have_no_interval_and_no_coverage():
    predictions, labels = panels(40)
    bounds = prediction_intervals(predictions, labels, IntervalSpec())
    assert bounds.isna().all(axis=None)
    facts, _ = coverage(bounds, labels["outcome"], window=10)
    assert facts == {"n_scored": 0, "covered": None, "mean_width": None}


def test_uncertainty_is_the_entropy_of_classes_and_half_of_the_interval_of_a_return():
    index = panels(4)[0].index
    two = pd.DataFrame({"probability": [0.0, 0.5, 1.0, 0.9]}, index=index)
    nothing = np.full(4, np.nan)
    expected = stats.entropy([[0.0, 0.5, 1.0, 0.9], [1.0, 0.5, 0.0, 0.1]], base=2)
    assert uncertainty_of(two, nothing, nothing).tolist() == pytest.approx(expected.tolist())
    three = pd.DataFrame(
        {"probability": [1.0, 1 / 3, 0.5, 0.2], "probability_down": [0.0, 1 / 3, 0.5, 0.7]}, index=index
    )
    expected = [0.0, 1.0, np.log(2) / np.log(3), stats.entropy([0.2, 0.7, 0.1], base=3)]
    assert uncertainty_of(three, nothing, nothing).tolist() == pytest.approx(expected)

    predictions, labels = panels(120)
    found = prediction_intervals(predictions, labels, IntervalSpec(window=60)).dropna()
    assert found["uncertainty"].tolist() == pytest.approx(((found["upper"] - found["lower"]) / 2).tolist())
