import json

import numpy as np
import pytest

from quant.report import describe_trial
from quant.stages import canonical_json
from tests.quant.test_learning import tried


def test_facts_are_json_without_nan(quick_result):
    assert json.loads(canonical_json(quick_result.facts)) == json.loads(json.dumps(quick_result.facts))


def test_scores_are_of_all_out_of_sample_predictions(quick_result):
    predictions = quick_result.frames["predictions"].dropna(subset=["label"])
    accuracy = ((predictions["probability"] > 0.5) == (predictions["label"] == 1)).mean()

    assert quick_result.facts["scores"]["accuracy"] == pytest.approx(accuracy)


def test_prices_are_raw_and_their_adjusted_close_ends_at_the_raw_one(quick_result):
    prices = quick_result.frames["prices"]

    assert prices["adjusted_close"].iloc[-1] == prices["close"].iloc[-1]
    assert prices.index.get_level_values("timestamp")[0] == quick_result.frames["equity"].index[0]


def test_drawdowns_count_the_initial_cash_as_a_peak(quick_result):
    equity = quick_result.frames["equity"]
    expected = equity["equity"] / np.maximum.accumulate(equity["equity"]) - 1

    np.testing.assert_allclose(equity["drawdown"], expected, atol=1e-15)


def test_a_trial_reads_as_a_line():
    assert describe_trial(tried()) == "Candidate 1: logistic (c 0.1): roc_auc 0.5200."
    assert describe_trial(tried(score=None, kind="tuning", number=2)).endswith("no score.")


def test_the_choice_is_held_against_the_others_and_probabilities_against_what_came(quick_result):
    facts, bins = quick_result.facts, quick_result.frames["calibration"]
    distance = (bins["mean_probability"] - bins["observed_share"]).abs()

    assert facts["calibration"]["expected_error"] == pytest.approx(
        (distance * bins["n_rows"]).sum() / bins["n_rows"].sum()
    )
    assert facts["calibration"]["n_bins"] == len(bins)
    trials = quick_result.frames["candidates"]
    for each in facts["comparison"]:
        assert each["difference"] == pytest.approx(facts["chosen"]["score"] - trials["score"][each["trial"]])
        assert each["model"] == trials["model"][each["trial"]]
