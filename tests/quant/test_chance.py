"""The whole way on outcomes of other bars: no trial of anybody, the same again, beaten where there is something."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import quant.chance
from quant.analysis import run_analysis
from quant.chance import ChanceRuns, share_as_good
from quant.errors import ModelError
from quant.fitting import fit_folds
from quant.preparation import fetch_instruments, traded_folds
from quant.spec import AnalysisSpec
from quant.stages import hash_json
from quant.watcher import Silent

ASKED = {
    "instruments": [{"symbol": "GOOG"}],
    "end": "2006-12-29",
    "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 10}],
    "label": {"name": "forward_return", "horizon": 3},
    "models": [{"name": "logistic"}],
    "validation": {"train_bars": 200, "test_bars": 100, "n_folds": 2, "target": 0.99},
    "tuning": {"n_trials": 2},
    "strategy": {"enter_above": 0.5, "exit_below": 0.5},
    "overfitting": {"n_resamples": 0, "n_chance_runs": 4},
    "audit": {"enabled": False},
    "importance": False,
}


class Noting(Silent):
    """A watcher that counts the trials it is told of."""

    def __init__(self):
        self.n_tried, self.stages = 0, set()

    def at(self, stage, *_rest):
        self.stages.add(stage)

    def tried(self, models):
        self.n_tried += len(models)


def asked(**changes):
    return AnalysisSpec.model_validate({**ASKED, **changes})


@pytest.fixture(scope="module")
def seen():
    """What the chain hands over, with the answer and what its watcher was told."""
    found = {}
    honest = ChanceRuns.judge

    def noted(runs, predictions, n_tuning_trials, stored):
        found.update(runs=runs, predictions=predictions, n_tuning_trials=n_tuning_trials)
        return honest(runs, predictions, n_tuning_trials, stored)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChanceRuns, "judge", noted)
        found["watcher"] = Noting()
        found["result"] = run_analysis(asked(), fetch_instruments, watcher=found["watcher"])
    return found


def directly(_name, _part, compute):
    return compute()


def test_the_facts_are_those_of_the_frame(seen):
    facts, frame = seen["result"].facts["honesty"]["chance_runs"], seen["result"].frames["chance_runs"]
    assert len(frame) == facts["n_runs"] == 4
    assert frame["score"].nunique() == 4
    assert facts["score"] == pytest.approx(seen["result"].facts["scores"]["roc_auc"])
    assert facts["score_p_value"] == (1 + (frame["score"] >= facts["score"]).sum()) / 5
    assert facts["sharpe_p_value"] == (1 + (frame["sharpe_ratio"] >= facts["sharpe_ratio"]).sum()) / 5


def test_repetitions_are_no_trials_of_anybody(seen):
    assert seen["n_tuning_trials"] == 2
    assert seen["watcher"].n_tried == 3  # one candidate, two of the search
    assert "chance" in seen["watcher"].stages


def test_threads_change_nothing_and_another_number_does(seen):
    one, two = (dataclasses.replace(seen["runs"], n_jobs=n).run(1, 2) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert one["score"].item() == seen["result"].frames["chance_runs"]["score"][1]


def test_permuted_outcomes_come_once_each_with_what_was_earned_there(seen):
    runs = seen["runs"]
    labels, returns = runs.reordered(0)
    before = runs.outcomes.assign(earned=runs.next_returns.reindex(runs.outcomes.index))
    after = labels.assign(earned=returns)
    known = before["label"].notna()

    assert (after["label"].isna() == before["label"].isna()).all()
    pd.testing.assert_series_equal(after["label_end"], before["label_end"])
    columns = ["label", "outcome", "earned"]
    moved, kept = (np.sort(frame.loc[known, columns].to_records(index=False), axis=0) for frame in (after, before))
    assert (moved == kept).all()
    assert (after.loc[known, "outcome"] != before.loc[known, "outcome"]).mean() > 0.9
    places = pd.Series(np.arange(len(labels), dtype=float), index=labels.index)
    _, came_from = dataclasses.replace(runs, next_returns=places).reordered(0)
    assert (came_from[known].diff() == 1).mean() > 0.7  # neighbours stay neighbours, inside blocks


def test_bootstrapped_outcomes_come_again_and_again(seen):
    spec = asked(overfitting={"n_chance_runs": 4, "chance_order": "bootstrapped"})
    runs = dataclasses.replace(seen["runs"], spec=spec)
    labels, _ = runs.reordered(0)
    known = labels["label"].notna()
    assert labels.loc[known, "outcome"].isin(runs.outcomes["outcome"]).all()
    assert labels.loc[known, "outcome"].nunique() < 0.8 * known.sum()


def of_instruments(runs, is_there, is_known, order="permuted"):
    """Runs of instruments that have the same outcomes but for one in a thousand, where they have any."""
    n_bars, n_instruments = is_there.shape
    stamps = runs.outcomes.index.get_level_values("timestamp")[:n_bars]
    index = pd.MultiIndex.from_product([stamps, range(n_instruments)], names=["timestamp", "instrument"])
    values = np.where(is_known, np.arange(n_bars)[:, None] + np.arange(n_instruments) / 1000, np.nan).ravel()
    frame = pd.DataFrame({"label": values, "label_end": index.get_level_values("timestamp"), "outcome": values}, index)
    outcomes = frame[is_there.ravel()]
    returns = outcomes["outcome"].rename("earned")
    spec = asked(overfitting={"n_chance_runs": 4, "chance_order": order})
    return dataclasses.replace(runs, spec=spec, outcomes=outcomes, next_returns=returns)


@pytest.mark.parametrize("order", ["permuted", "bootstrapped"])
@pytest.mark.parametrize("first", [0, 1, 100])
def test_instruments_move_together_also_where_one_has_fewer_bars(seen, order, first):
    is_there = np.ones((200, 2), dtype=bool)
    is_there[:first, 1] = False
    is_known = is_there & (np.arange(200) < 197)[:, None]  # the last outcomes are still to come
    both = of_instruments(seen["runs"], is_there, is_known, order)

    labels, returns = both.reordered(3)
    one, two = (labels["label"].xs(each, level="instrument") for each in (0, 1))
    assert (labels["label"].isna() == both.outcomes["label"].isna()).all()
    together = np.isclose(two, one[two.index] + 0.001)[two.notna()].mean()
    assert together > (0.95 if first <= 1 else 0.3)
    assert (two.diff() == 1).mean() > 0.7
    pd.testing.assert_series_equal(labels["outcome"], returns, check_names=False)


@pytest.mark.parametrize("order", ["permuted", "bootstrapped"])
@pytest.mark.parametrize("n_instruments", [1, 2, 5])
def test_outcomes_of_rare_events_move_whatever_the_other_instruments_lack(seen, order, n_instruments):
    is_known = np.random.default_rng(1).random((500, n_instruments)) < 0.15
    is_known[:, -1] &= np.arange(500) > 250  # few, and late
    sparse = of_instruments(seen["runs"], np.ones_like(is_known), is_known, order)
    before = sparse.outcomes["label"]

    after = sparse.reordered(0)[0]["label"]
    assert (after.isna() == before.isna()).all()
    assert (after == before)[before.notna()].mean() < 0.1
    for instrument in range(n_instruments):
        own, moved = (each.xs(instrument, level="instrument").dropna() for each in (before, after))
        assert moved.isin(own).all()
        if order == "permuted":
            assert sorted(moved) == sorted(own)


def test_runs_of_another_target_and_of_a_choice_for_each_fold_are_others(seen):
    def key_of(**changes):
        parts = []
        spec = asked(validation={**ASKED["validation"], **changes})
        runs = dataclasses.replace(seen["runs"], spec=spec)
        runs.judge(seen["predictions"], 2, lambda _name, part, _compute: parts.append(part) or found)
        return hash_json(parts)

    found = seen["result"].frames["chance_runs"][:1]
    assert len({key_of(), key_of(target=0.6), key_of(nested=True)}) == 3
    assert key_of() == key_of()


@pytest.mark.parametrize("score", ["roc_auc", "log_loss"])
def test_what_can_be_known_is_hardly_ever_found_by_chance(seen, score):
    spec = asked(validation={**ASKED["validation"], "score": score, "target": None})
    outcome = seen["runs"].outcomes["outcome"].fillna(0.0)
    told = dataclasses.replace(seen["runs"], spec=spec, rows=seen["runs"].rows.assign(leak=outcome))
    folds = traded_folds(spec, told.outcomes)
    predictions, _ = fit_folds(spec, spec.models[0], told.rows, told.outcomes, folds, bars=told.bars)

    facts = told.judge(predictions, 0, directly).facts
    assert facts["score_p_value"] == facts["sharpe_p_value"] == 1 / 5


def test_a_model_that_does_not_fit_counts_as_one_that_does_as_well(seen, monkeypatch):
    def refuse(*_arguments, **_options):
        raise ModelError("Expected a model that fits; found none.")

    monkeypatch.setattr(quant.chance, "fit_chosen", refuse)
    facts = seen["runs"].judge(seen["predictions"], 2, directly).facts
    assert (facts["n_failed"], facts["score_p_value"], facts["sharpe_p_value"]) == (4, 1.0, 1.0)


@pytest.mark.parametrize("score", ["information_coefficient", "rank_ic"])
def test_a_fitted_model_whose_forecasts_never_differ_has_found_nothing_and_has_not_failed(seen, score):
    spec = asked(
        label={"name": "forward_return_size", "horizon": 3},
        models=[{"name": "ridge"}],
        validation={"train_bars": 200, "test_bars": 400, "n_folds": 2, "target": None, "score": score},
        strategy={"enter_return": 0.01, "exit_return": 0.0},
    )
    outcomes = seen["runs"].outcomes.assign(label=lambda frame: frame["outcome"])
    rows = seen["runs"].rows * 0.0
    runs = dataclasses.replace(seen["runs"], spec=spec, rows=rows, outcomes=outcomes)
    predictions = pd.DataFrame({"predicted_return": outcomes["outcome"], "fold": 0}).dropna()

    told = runs.judge(predictions, 0, directly)
    assert told.frames["chance_runs"]["score"].tolist() == [0.0] * 4
    assert (told.facts["n_failed"], told.facts["score_p_value"]) == (0, 1 / 5)


def test_what_is_not_known_of_the_run_has_no_probability():
    assert share_as_good(np.nan, np.array([1.0])) is None
    assert share_as_good(0.5, np.array([])) == 1.0


def test_who_does_not_ask_gets_none(seen):
    runs = dataclasses.replace(seen["runs"], spec=asked(overfitting={"n_resamples": 0}))
    assert runs.judge(seen["predictions"], 0, directly).facts is None
