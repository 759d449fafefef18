"""Paths through the same history: complete, purged, the same again, and only for who asks."""

import dataclasses
from math import comb

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import quant.learning
import quant.paths
from quant.analysis import run_analysis
from quant.errors import LeakageError
from quant.fitting import fit_folds
from quant.luck import look_at_returns
from quant.paths import judge_paths
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.validation.overfitting import return_moments
from quant.validation.splits import combine_paths

ASKED = {
    "instruments": [{"symbol": "GOOG"}],
    "end": "2006-09-29",
    "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 10}],
    "label": {"name": "forward_return", "horizon": 3, "threshold": 0.01},
    "models": [{"name": "logistic", "c": c} for c in (0.001, 0.01, 0.1, 1.0, 10.0)],
    "validation": {"train_bars": 200, "test_bars": 100, "n_folds": 2, "embargo_bars": 2, "target": None},
    "strategy": {"enter_above": 0.45, "exit_below": 0.45, "cover_above": 0.45},
    "overfitting": {"n_resamples": 0, "path_groups": 4},
    "audit": {"enabled": False},
    "importance": False,
}


def asked(**changes):
    return AnalysisSpec.model_validate({**ASKED, **changes})


@pytest.fixture(scope="module")
def seen():
    """What the chain hands over, with the answer."""
    found = {}
    honest = quant.paths.Paths.judge

    def noted(paths, chosen, stored):
        found.update(paths=paths, folds=paths.folds(), model=chosen)
        return honest(paths, chosen, stored)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quant.paths.Paths, "judge", noted)
        found["result"] = run_analysis(asked(), fetch_instruments)
    return found


@pytest.mark.parametrize(("n_groups", "n_left_out"), [(4, 2), (6, 2), (6, 3)])
def test_each_path_predicts_each_row_once_and_there_are_phi_of_them(seen, n_groups, n_left_out):
    spec = asked(overfitting={"n_resamples": 0, "path_groups": n_groups, "path_test_groups": n_left_out})
    paths = dataclasses.replace(seen["paths"], spec=spec)
    predicted = paths.predict(seen["model"], paths.folds())
    assert len(predicted) == comb(n_groups, n_left_out) * n_left_out // n_groups
    for predictions in predicted:
        assert predictions.index.equals(paths.rows.index)


def test_each_path_is_predicted_by_models_that_left_its_bars_out(seen):
    paths, folds = seen["paths"], seen["folds"]
    walked = paths.walk(seen["model"], folds)
    n_bars = len(paths.outcomes)
    assert list(walked) == ["path_1", "path_2", "path_3"]
    assert walked.index.equals(paths.outcomes.index.unique("timestamp"))
    assert walked.notna().all(axis=1).sum() == n_bars - 2  # what follows the last two bars is not known

    last = combine_paths(4, 2)[2]
    group_of = np.repeat(range(4), [len(part) for part in np.array_split(np.arange(n_bars), 4)])
    for group, split in enumerate(last):
        rows = np.flatnonzero(group_of == group)
        assert np.isin(rows, folds[split].test).all()
        assert not np.isin(rows, folds[split].train).any()
    probability = np.concatenate(
        [
            fit_folds(paths.spec, seen["model"], paths.rows, paths.outcomes, [folds[split]], bars=paths.bars)[0]
            .loc[paths.outcomes.index[group_of == group], "probability"]
            .to_numpy()
            for group, split in enumerate(last)
        ]
    )
    held = probability >= 0.45  # in above the threshold, out below it
    expected = held * paths.next_returns.reindex(paths.outcomes.index).to_numpy()
    np.testing.assert_allclose(walked["path_3"], expected, rtol=1e-12)


def test_threads_change_nothing(seen):
    one, two = (dataclasses.replace(seen["paths"], n_jobs=n).walk(seen["model"], seen["folds"]) for n in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_the_facts_are_those_of_the_frame(seen):
    result = seen["result"]
    found, walked = result.facts["honesty"]["paths"], result.frames["paths"]
    ratios = [return_moments(walked[path]).sharpe for path in walked]
    assert found["sharpe_ratios"] == ratios
    assert (found["n_splits"], found["n_paths"]) == (6, 3)
    assert (found["least"], found["median"], found["most"]) == (min(ratios), sorted(ratios)[1], max(ratios))
    assert found["share_at_or_below_zero"] == np.mean([ratio <= 0 for ratio in ratios])


def test_the_choice_among_five_models_is_judged_by_their_mean_paths(seen):
    found = seen["result"].facts["honesty"]["paths"]["overfitting"]
    means = [
        seen["paths"].walk(model, seen["folds"]).mean(axis=1, skipna=False).to_numpy()
        for model in seen["paths"].spec.models
    ]
    assert found["n_trials"] == 5
    expected = look_at_returns(np.column_stack(means)).facts
    assert found == expected


def test_every_split_has_its_certificate(seen):
    certificate = seen["result"].facts["honesty"]["purge"]["paths"]
    assert certificate["n_folds"] == 6
    assert certificate["n_purged"] > 0
    assert certificate["n_embargoed"] > 0


@pytest.mark.parametrize(("module", "name"), [(quant.paths, "combinatorial_purged"), (quant.learning, "purged_k_fold")])
def test_a_splitter_that_forgets_to_purge_stops_the_run(monkeypatch, module, name):
    """One training row too many, right before or after a test block, in one of the folds."""
    honest = getattr(module, name)

    def forgetful(labels, *sizes):
        folds = honest(labels, *sizes)
        beside = folds[-1].test[0] - 1
        return [*folds[:-1], dataclasses.replace(folds[-1], train=np.union1d(folds[-1].train, [beside]))]

    monkeypatch.setattr(module, name, forgetful)
    with pytest.raises(LeakageError, match="meets"):
        run_analysis(asked(models=ASKED["models"][:1]), fetch_instruments)


def test_who_does_not_ask_gets_none():
    spec = asked(models=ASKED["models"][:1], overfitting={"n_resamples": 0})
    result = run_analysis(spec, fetch_instruments)
    assert "paths" not in result.facts["honesty"]
    assert "paths" not in result.frames
    assert "paths" not in result.facts["honesty"]["purge"]


def test_paths_on_which_nothing_is_held_have_no_ratio():
    still = pd.DataFrame({"path_1": [0.0, 0.0, np.nan], "path_2": [0.0, 0.0, np.nan]})
    found = judge_paths(asked(), still, []).facts
    assert found["sharpe_ratios"] == [None, None]
    assert found["share_at_or_below_zero"] is None
    assert found["overfitting"] is None
    assert found["n_bars"] == 2


@pytest.mark.parametrize(("groups", "left_out"), [(3, 2), (5, 3), (11, 2), (4, 1)])
def test_most_of_history_is_learned_from(groups, left_out):
    with pytest.raises(ValidationError):
        asked(overfitting={"path_groups": groups, "path_test_groups": left_out})
