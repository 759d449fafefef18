"""Saving and loading answers; the rows themselves are compared with a real worker's in tests/flows."""

import dataclasses

import pandas as pd
import pytest

from quant.result import AnalysisResult
from quant.spec import AnalysisSpec
from tests import factories
from webapp.errors import Conflict, LeaseLost, NotFound
from webapp.services import jobs, results, trials
from webapp.storage import FrameStore
from webapp.tables import Analysis, Artifact, Backtest, FittedModel, PerformanceMetric, Prediction, TradeRow

BARS = pd.date_range("2008-01-02 21:00", periods=3, freq="D", tz="UTC", unit="us", name="timestamp")
RESULT = AnalysisResult(
    frames={
        "equity": pd.DataFrame({"equity": [100.0, 101.0, 99.0]}, index=BARS),
        "trades": pd.DataFrame(
            {
                "instrument": [0, 0],
                "direction": ["long", "short"],
                "entry_at": [BARS[0], BARS[1]],
                "exit_at": [BARS[1], pd.NaT],
                "entry_price": [10.0, 11.0],
                "exit_price": [11.0, float("nan")],
                "max_shares": [1.0, 2.0],
                "pnl": [1.0, -2.0],
                "return_on_entry_value": [0.1, -0.09],
                "costs": [0.0, 0.0],
                "bars_held": [1, 1],
                "max_adverse_excursion": [0.0, -0.1],
                "max_favourable_excursion": [0.1, 0.0],
                "is_open": [False, True],
                "exit_reason": ["stop_loss", "open"],
            }
        ),
        "fold_scores": pd.DataFrame(
            {
                "fold": [0],
                "train_start": BARS[:1],
                "train_end": BARS[:1],
                "test_start": BARS[1:2],
                "test_end": BARS[2:],
                "n_train": [1],
                "n_test": [2],
                "roc_auc": [float("nan")],
            }
        ),
        "monthly_returns": pd.DataFrame({"year": [2008], "month": [1], "return": [-0.01], "benchmark_return": [0.02]}),
    },
    facts={
        "verdict": {"text": "Not distinguishable from luck.", "is_credible": True},
        "metrics": [{"name": "sharpe_ratio", "value": 0.5, "benchmark_value": None, "segment": "out_of_sample"}],
        "chosen": {"model": "logistic", "parameters": {"c": 0.1}},
        "scores": {"roc_auc": None},
        "latest": {
            "as_of": BARS[2].isoformat(),
            "task": "two_way",
            "level": 0.8,
            "n_train": 2,
            "train_start": BARS[0].isoformat(),
            "train_end": BARS[1].isoformat(),
            "predictions": [{"instrument": 0, "probability": 0.6, "lower": -0.1, "upper": None, "signal": 1}],
        },
        "honesty": {"luck": {"sharpe_ratio": 0.03, "n_returns": 2}},
        "brackets": {
            "scenarios": [
                {"name": "costs_1x", "final_equity": 101.0, "n_trades": 2},
                {"name": "costs_2x", "final_equity": 100.5, "n_trades": 2},
                {"name": "best_fills", "final_equity": 103.0, "n_trades": 2},
            ]
        },
        "seed": 1,
    },
    stage_keys={"features": "f" * 64},
    versions={"numpy": "2"},
)


@pytest.fixture
def store(tmp_path):
    return FrameStore(tmp_path / "frames")


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


@pytest.fixture
def claim(session, actor):
    factories.create_analysis(session, actor, spec=AnalysisSpec(instruments=[{"symbol": "GOOG"}]).resolved())
    return jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=5)


def save(session, store, claim, result=RESULT):
    stored = results.store_result(store, claim, result)
    series = factories.create_series(session)
    results.save(session, claim, result, stored, series_ids=(series.id,))
    session.flush()
    session.expire_all()
    return stored.key


CHOICES = [
    {"fold": fold, "model": name, "title": name.title(), "parameters": {"c": c}, "score": 0.5}
    for fold, name, c in ((0, "svm", 0.1), (1, "logistic", 10.0))
]


def test_each_fold_is_saved_with_the_model_that_it_chose_for_itself(session, store, claim):
    honesty = {**RESULT.facts["honesty"], "nested": {"folds": CHOICES}}
    save(session, store, claim, dataclasses.replace(RESULT, facts={**RESULT.facts, "honesty": honesty}))
    models = {each.fold: (each.name, each.parameters) for each in session.query(FittedModel)}
    assert models == {0: ("svm", {"c": 0.1}), None: ("logistic", {"c": 10.0})}


def test_an_answer_is_saved_in_rows_and_read_back(session, store, actor, claim):
    key = save(session, store, claim)

    view = results.load(session, store, actor, claim.public_id)
    assert view.result_hash == RESULT.hash()
    assert view.facts == RESULT.facts
    pd.testing.assert_frame_equal(view.frames["equity"], RESULT.frames["equity"], check_freq=False)
    row = session.get(Analysis, claim.analysis_id)
    assert (row.status, row.verdict, row.is_credible) == ("succeeded", "Not distinguishable from luck.", True)
    assert [(artifact.name, artifact.key) for artifact in session.query(Artifact)] == [("result", key)]
    trades = session.query(TradeRow).order_by(TradeRow.number).all()
    assert [(trade.direction, trade.exit_at is None, trade.exit_price, trade.exit_reason) for trade in trades] == [
        ("long", False, 11.0, "stop_loss"),
        ("short", True, None, None),
    ]
    said = session.query(Prediction).one()
    final = session.get(FittedModel, said.model_id)
    assert (said.probability, said.predicted_return, said.lower, said.upper) == (0.6, None, -0.1, None)
    assert (said.signal, said.timestamp, said.task) == ("long", BARS[2].to_pydatetime(), "two_way")
    assert (final.fold, final.n_train, final.train_end) == (None, 2, BARS[1].to_pydatetime())
    metrics = {(metric.name, metric.period): metric.value for metric in session.query(PerformanceMetric)}
    assert metrics == {("sharpe_ratio", "all"): 0.5, ("total_return", "2008-01"): -0.01}
    backtests = {each.name: (each.final_equity, each.n_trades) for each in session.query(Backtest)}
    headline = (RESULT.frames["equity"]["equity"].iloc[-1], 2)
    assert backtests == {"headline": headline, "costs_2x": (100.5, 2), "best_fills": (103.0, 2)}


def test_the_answer_of_a_rule_has_neither_models_nor_features(session, store, actor, claim):
    latest = {**RESULT.facts["latest"], "task": "rule", "level": None}
    metrics = [{**each, "segment": "whole_range"} for each in RESULT.facts["metrics"]]
    of_rule = dataclasses.replace(RESULT, facts={**RESULT.facts, "latest": latest, "metrics": metrics}, stage_keys={})
    save(session, store, claim, of_rule)

    assert session.query(FittedModel).count() == session.query(Prediction).count() == 0
    assert {metric.segment for metric in session.query(PerformanceMetric)} == {"whole_range"}
    assert session.query(TradeRow).count() == 2


def test_only_the_frames_that_are_asked_for_are_read(session, store, actor, claim):
    save(session, store, claim)
    assert set(results.load(session, store, actor, claim.public_id, ["equity"]).frames) == {"equity"}


def test_a_stale_worker_saves_nothing(session, store, claim):
    stale = dataclasses.replace(claim, attempt=claim.attempt - 1)
    with pytest.raises(LeaseLost):
        save(session, store, stale)
    assert session.query(Backtest).count() == 0


def test_another_users_answer_is_not_found(session, store, claim):
    save(session, store, claim)
    stranger = factories.create_actor(session, "admin")
    with pytest.raises(NotFound):
        results.load(session, store, stranger, claim.public_id)


def test_what_has_no_answer_yet_says_so(session, store, actor, claim):
    with pytest.raises(Conflict, match="running"):
        results.load(session, store, actor, claim.public_id)


def test_an_answer_whose_files_are_gone_says_what_to_do(session, store, actor, claim):
    store.remove(save(session, store, claim))
    with pytest.raises(NotFound, match="run the analysis again"):
        results.load(session, store, actor, claim.public_id)


def test_the_ledger_is_counted_as_of_today(session, store, actor, claim):
    save(session, store, claim)
    assert results.load(session, store, actor, claim.public_id, []).n_ledger_trials == 0

    series = factories.create_series(session)
    ground = trials.Ground((series.id,), "1d", BARS[0].date(), BARS[-1].date())
    entry = trials.TrialEntry("candidate", 0, "logistic", {}, "roc_auc", 0.5, None)
    trials.record(session, owner_id=1, analysis_id=claim.analysis_id, ground=ground, entries=[entry])
    trials.record(session, owner_id=2, analysis_id=claim.analysis_id + 1, ground=ground, entries=[entry])
    assert results.load(session, store, actor, claim.public_id, []).n_ledger_trials == 2
    assert results.load(session, store, actor, claim.public_id, []).n_ledger_independent is None
    assert results.load(session, store, actor, claim.public_id, [], looks_for_trials=False).n_ledger_trials == 0
    looked = results.load(session, store, actor, claim.public_id, [], looks_for_likeness=True)
    assert looked.n_ledger_independent == 2.0  # nothing is known of what they earned


@pytest.mark.parametrize("n_ledger", [0, 5, 500])
def test_the_sharpe_ratio_deflated_by_the_ledger_is_never_kinder(n_ledger):
    luck = {
        "sharpe_ratio": 0.06,
        "n_returns": 1000,
        "skewness": 0.0,
        "raw_kurtosis": 3.0,
        "trial_variance": 1 / 999,
        "n_trials": 3,
    }
    view = results.ResultView("x", {}, {"honesty": {"luck": luck}}, "h", {}, n_ledger)
    own = dataclasses.replace(view, n_ledger_trials=3)

    assert view.deflated_by_ledger <= own.deflated_by_ledger
    assert view.deflated_by_independent is None
    alike = dataclasses.replace(view, n_ledger_independent=n_ledger / 2)
    assert view.deflated_by_ledger <= alike.deflated_by_independent
    still = dataclasses.replace(view, facts={"honesty": {"luck": {**luck, "sharpe_ratio": None}}})
    assert still.deflated_by_ledger is None
