import datetime

import pytest

from quant.spec import AnalysisSpec
from webapp.dashboard.components.form.estimate import Coverage, estimate

GOOG = Coverage(datetime.date(2004, 8, 19), datetime.date(2013, 3, 1), 2148)


def question(**changes):
    return AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], **changes})


def test_fits_are_counted():
    spec = question(
        models=[{"name": "logistic"}, {"name": "xgboost"}],
        features=[{"name": "sma", "window": 49}],
        validation={"train_bars": 1000, "test_bars": 100, "n_folds": 4},
        tuning={"n_trials": 7},
        audit={"n_cuts": 3},
    )

    cost = estimate(spec, {"GOOG": GOOG})

    assert cost.n_bars == 2148
    assert cost.n_traded_bars == 2148 - 48 - 1000
    assert (cost.n_judging_fits, cost.n_walk_forward_fits, cost.most_tuning_fits, cost.n_audit_fits) == (8, 11, 28, 3)
    assert cost.n_fits == 23


def test_the_estimate_of_walk_forward_fits_is_what_a_run_makes(answer, spec):
    coverage = {
        item["symbol"]: Coverage(
            datetime.date.fromisoformat(item["first_session"]),
            datetime.date.fromisoformat(item["last_session"]),
            item["n_bars"],
        )
        for item in answer.facts["data"]["instruments"]
    }

    cost = estimate(spec, coverage)

    assert cost.n_walk_forward_fits == len(answer.frames["fold_scores"])
    assert cost.n_judging_fits + cost.most_tuning_fits == len(answer.frames["cv_scores"])


@pytest.mark.parametrize("changes", [{"tuning": {"enabled": False}}, {"validation": {"target": None}}])
def test_without_tuning_or_target_nothing_is_tuned(changes):
    assert estimate(question(**changes), {"GOOG": GOOG}).most_tuning_fits == 0


def test_without_audit_nothing_is_audited():
    assert estimate(question(audit={"enabled": False}), {"GOOG": GOOG}).n_audit_fits == 0


def test_dates_limit_the_bars():
    cost = estimate(question(start="2008-12-01", end="2020-01-01"), {"GOOG": GOOG})

    assert 1000 < cost.n_bars < 1120
    assert estimate(question(start="2020-01-01"), {"GOOG": GOOG}).n_bars == 0


def test_too_few_bars_are_said_so_with_what_to_do():
    words = estimate(question(validation={"train_bars": 5000}), {"GOOG": GOOG}).in_words()

    assert len(words) == 1
    assert "too few" in words[0]
    assert "Shorten the training window" in words[0]


def test_the_cost_in_words():
    first, *_, last = (line.replace("\u00a0", " ") for line in estimate(question(), {"GOOG": GOOG}).in_words())

    assert first == (
        "33 fits in any case: 15 to choose the model, 9 walking forward, 1 for the latest prediction, 8 for the audit."
    )
    assert last.endswith("traded out of sample, of 2,148.")


def test_unknown_instruments_have_no_estimate():
    assert estimate(question(), {"IBM": GOOG}) is None


def test_the_warm_up_is_said_with_what_needs_it():
    spec = question(features=[{"name": "return", "window": 5}, {"name": "sma", "window": 49}])

    assert estimate(spec, {"GOOG": GOOG}).in_words()[-2] == (
        "The first 48\u00a0bars of each instrument warm up, the longest for Distance from SMA."
    )


def test_what_is_asked_for_beside_is_counted_with_the_fits_that_it_repeats():
    asked = {"path_groups": 6, "path_test_groups": 2, "n_chance_runs": 9}
    validation = {"train_bars": 1000, "test_bars": 100, "n_folds": 4, "nested": True}
    tuning = {"n_trials": 7}
    models = [{"name": "logistic"}, {"name": "xgboost"}]
    cost = estimate(question(models=models, overfitting=asked, validation=validation, tuning=tuning), {"GOOG": GOOG})
    plain = estimate(question(models=models, validation={**validation, "nested": False}, tuning=tuning), {"GOOG": GOOG})

    n_walks = plain.n_walk_forward_fits
    assert cost.n_judging_fits == plain.n_judging_fits * (n_walks + 1) == 8 * (n_walks + 1)
    assert cost.most_tuning_fits == 28 * (n_walks + 1)
    assert cost.n_path_fits == 15
    assert cost.n_chance_fits == 9 * (cost.n_judging_fits + n_walks)
    assert f"15 for paths, {cost.n_chance_fits:,} for chance runs." in cost.in_words()[0]
    assert "paths" not in plain.in_words()[0]


def in_words(spec):
    return [line.replace("\u00a0", " ") for line in estimate(spec, {"GOOG": GOOG}).in_words()]


def test_a_rule_fits_nothing_and_a_sweep_counts_its_combinations_beside_their_limit():
    rule = {"name": "crossover_rule"}
    assert in_words(question(strategy=rule)) == [
        "The first 49 bars of each instrument warm up.",
        "2,099 bars traded, of 2,148; nothing is fitted.",
    ]
    axes = [
        {"name": "range", "parameter": "fast", "first": 5, "last": 50, "step": 5},
        {"name": "multiples", "parameter": "slow", "first": 25, "last": 100, "factor": 2},
    ]
    lines = in_words(question(strategy=rule, sweep={"axes": axes}))
    assert lines[0] == "23 combinations of at most 25,000, each of them a trial in the ledger."
    assert lines[-1] == "Chosen on 1,435 bars, and looked at on the 614 after them."
    lines = in_words(question(strategy=rule, sweep={"axes": axes, "held_out": 0}))
    assert lines[-1] == "Chosen and looked at on the same 2,049 bars."


@pytest.mark.parametrize(
    ("bars", "n_bars"),
    [({"name": "weekly"}, 429), ({"name": "monthly"}, 102), ({"name": "dollar", "n_days": 10}, 214)],
)
def test_longer_bars_are_fewer(bars, n_bars):
    assert estimate(question(bars=bars), {"GOOG": GOOG}).n_bars == n_bars
