"""The whole chain on real prices: reproducible, resumable, cancellable, independent of threads, and free of luck."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from quant.analysis import Silent, run_analysis
from quant.errors import AnalysisCancelled, ModelError, NotEnoughData
from quant.learning import TrainingSpan
from quant.preparation import Instrument, fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore
from tests.quant.conftest import QUICK


class Recorder(Silent):
    """Keeps what it is told; raises at a stage, if asked to."""

    def __init__(self, stop_at=None, after=0):
        self.stages, self.trials, self.n_tuning, self.messages = [], [], None, []
        self._stop_at, self._after = stop_at, after

    def at(self, stage, fraction, message=""):
        self.stages.append((stage, fraction))
        if message:
            self.messages.append(message)
        if stage == self._stop_at and sum(name == stage for name, _ in self.stages) > self._after:
            raise AnalysisCancelled("Stop.")

    def tried(self, models):
        self.trials += models

    def tuned(self, n_trials):
        self.n_tuning = n_trials


class CountingStore(MemoryStore):
    """Counts what is computed anew."""

    def __init__(self):
        super().__init__()
        self.puts = []

    def put(self, key, output):
        self.puts.append(key)
        super().put(key, output)


def question(**changes):
    return AnalysisSpec.model_validate({**QUICK, **changes})


def test_the_same_question_has_the_same_answer_whatever_the_threads(quick_spec, quick_result):
    again = run_analysis(quick_spec, fetch_instruments, n_jobs=3)

    assert again.hash() == quick_result.hash()


def test_another_seed_gives_another_answer(quick_result):
    assert run_analysis(question(seed=1), fetch_instruments).hash() != quick_result.hash()


def test_the_curve_is_of_predictions_by_models_that_came_before(quick_result):
    folds = quick_result.frames["fold_scores"]
    predictions = quick_result.frames["predictions"]

    assert (folds["train_end"] < folds["test_start"]).all()
    assert predictions.index.is_unique
    assert predictions.index.get_level_values("timestamp").min() == folds["test_start"].min()
    assert quick_result.frames["equity"].index[0] == folds["test_start"].min()


def test_equity_adds_up(quick_result):
    equity, trades = quick_result.frames["equity"], quick_result.frames["trades"]

    np.testing.assert_allclose(equity["cash"] + equity["position_value"], equity["equity"], rtol=1e-12)
    assert equity["equity"].iloc[0] == 100_000
    assert trades["pnl"].sum() == pytest.approx(equity["equity"].iloc[-1] - 100_000)
    assert len(trades) > 0


def test_stages_come_in_the_order_of_the_workflow_and_fractions_grow(quick_spec):
    recorder = Recorder()
    run_analysis(quick_spec, fetch_instruments, watcher=recorder)

    from webapp.services.workflow import STAGES  # noqa: PLC0415  # what the pages show is what the chain reports

    order = [stage for stage in STAGES if stage not in {"tune", "paths", "chance"}]  # on request
    seen = list(dict.fromkeys(stage for stage, _ in recorder.stages))
    assert seen == order
    for stage in seen:
        fractions = [fraction for name, fraction in recorder.stages if name == stage]
        assert fractions == sorted(fractions)
        assert 0 <= fractions[0] <= fractions[-1] <= 1


@pytest.mark.parametrize("stage", ["clean", "train", "predict", "importance", "audit"])
def test_a_run_that_is_no_longer_wanted_ends_at_once(quick_spec, stage):
    with pytest.raises(AnalysisCancelled):
        run_analysis(quick_spec, fetch_instruments, watcher=Recorder(stop_at=stage))


def test_an_interrupted_run_goes_on_where_it_stopped(quick_spec, quick_result):
    store = CountingStore()
    with pytest.raises(AnalysisCancelled):
        run_analysis(quick_spec, fetch_instruments, store=store, watcher=Recorder(stop_at="predict", after=2))
    before = list(store.puts)
    assert before

    result = run_analysis(quick_spec, fetch_instruments, store=store)
    assert result.hash() == quick_result.hash()
    assert len(store.puts) == len(set(store.puts))  # nothing was computed twice


def test_a_finished_run_repeated_on_its_store_computes_no_stage(quick_spec, quick_result):
    store = CountingStore()
    run_analysis(quick_spec, fetch_instruments, store=store)
    n_puts = len(store.puts)

    assert run_analysis(quick_spec, fetch_instruments, store=store).hash() == quick_result.hash()
    assert len(store.puts) == n_puts


def test_stages_are_shared_only_by_questions_that_agree_on_them(quick_spec):
    store = CountingStore()
    run_analysis(quick_spec, fetch_instruments, store=store)
    n_puts = len(store.puts)
    costs = question(backtest={"costs": {"commission_bps": 50}})
    run_analysis(costs, fetch_instruments, store=store)
    assert len(store.puts) == n_puts  # the same models, other costs

    run_analysis(question(label={"name": "forward_return", "horizon": 4}), fetch_instruments, store=store)
    assert len(store.puts) > n_puts


def test_the_order_of_instruments_is_part_of_what_a_stage_is_addressed_by():
    """Their features are told apart by position: swapped ones must not be found under the same address."""
    store = MemoryStore()
    pair = [{"symbol": "IBM"}, {"symbol": "MSFT"}]
    spec = {"models": [{"name": "logistic"}], "end": "2003-12-31"}
    run_analysis(question(instruments=pair, **spec), fetch_instruments, store=store)
    swapped = question(instruments=pair[::-1], **spec)

    assert (
        run_analysis(swapped, fetch_instruments, store=store).hash() == run_analysis(swapped, fetch_instruments).hash()
    )


@pytest.mark.parametrize("surplus", [1, 2])
def test_a_traded_span_too_short_to_measure_is_refused_before_anything_is_tried(surplus):
    recorder = Recorder()
    n_complete = 1101 - question().warm_up  # GOOG's bars up to 2008
    spec = question(validation={**QUICK["validation"], "train_bars": n_complete - surplus})
    with pytest.raises(NotEnoughData, match=f"found {surplus}"):
        run_analysis(spec, fetch_instruments, watcher=recorder)
    assert recorder.trials == []


def test_leverage_alone_is_not_promising():
    always_long = {"enter_above": 0.0, "exit_below": 0.0, "short_below": 0.0, "cover_above": 0.0}
    spec = question(
        end="2007-10-31",
        models=[{"name": "logistic"}],
        strategy=always_long,
        validation={**QUICK["validation"], "train_bars": 100},
        backtest={"sizing": {"name": "fixed_fraction", "fraction": 2}},
    )
    result = run_analysis(spec, fetch_instruments)

    values = {metric["name"]: metric for metric in result.facts["metrics"]}
    assert values["total_return"]["value"] > values["total_return"]["benchmark_value"]
    assert result.facts["verdict"]["level"] == "behind_benchmark"


def test_too_little_money_for_one_share_is_said_as_it_is():
    result = run_analysis(question(backtest={"initial_cash": 100}), fetch_instruments)
    assert "too little money for a whole share" in result.facts["verdict"]["text"]


def test_a_missed_target_starts_tuning_in_the_training_span_and_is_said():
    recorder = Recorder()
    spec = question(
        validation={**QUICK["validation"], "target": 0.99}, tuning={"n_trials": 3, "time_budget_seconds": 600}
    )
    result = run_analysis(spec, fetch_instruments, watcher=recorder)

    tuning = result.facts["tuning"]
    assert tuning == {"started": True, "n_trials": 3, "target_met_before": False, "target_met": False}
    assert recorder.n_tuning == 3
    assert [(trial.kind, trial.number) for trial in recorder.trials] == [
        ("candidate", 0),
        ("candidate", 1),
        ("tuning", 0),
        ("tuning", 1),
        ("tuning", 2),
    ]
    assert result.facts["honesty"]["luck"]["n_trials"] == 5
    assert "No model met the validation target of 0.99" in result.facts["verdict"]["text"]
    best = max(trial.score for trial in recorder.trials)
    assert result.facts["chosen"]["score"] == best


def test_a_rerun_makes_as_many_trials_as_fitted_the_first_time():
    spec = question(
        validation={**QUICK["validation"], "target": 0.99}, tuning={"n_trials": 4, "time_budget_seconds": 600}
    )
    first = run_analysis(spec, fetch_instruments, pinned_n_tuning_trials=2)
    again = run_analysis(spec, fetch_instruments, pinned_n_tuning_trials=2)

    assert first.facts["tuning"]["n_trials"] == 2
    assert first.hash() == again.hash()


def test_without_tuning_a_missed_target_is_still_recorded():
    spec = question(validation={**QUICK["validation"], "target": 0.99}, tuning={"enabled": False})
    result = run_analysis(spec, fetch_instruments)

    assert result.facts["tuning"] == {
        "started": False,
        "n_trials": 0,
        "target_met_before": False,
        "target_met": False,
    }


def test_too_short_a_history_is_said_with_what_to_do():
    with pytest.raises(NotEnoughData, match="shorter training window"):
        run_analysis(question(end="2005-06-30"), fetch_instruments)


def test_dates_without_bars_are_said_with_the_dates_there_are():
    with pytest.raises(NotEnoughData, match="2004-08-19"):
        run_analysis(question(start="1990-01-01", end="1991-01-01"), fetch_instruments)


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="colour"):
        question(colour="red")


def test_several_instruments_share_one_account():
    spec = question(
        instruments=[{"symbol": symbol} for symbol in ("GOOG", "IBM", "MSFT")],
        start="2004-08-19",
        models=[{"name": "logistic"}],
        strategy={"direction": "long_short", "enter_above": 0.52, "short_below": 0.48},
        backtest={"sizing": {"name": "volatility_target"}},
    )
    result = run_analysis(spec, fetch_instruments)

    assert set(result.frames["trades"]["instrument"]) == {0, 1, 2}
    assert set(result.frames["trades"]["direction"]) == {"long", "short"}
    assert result.facts["honesty"]["audit"]["passed"]
    assert result.frames["predictions"].index.get_level_values("instrument").nunique() == 3


def test_an_instrument_that_comes_later_joins_when_it_is_there():
    spec = question(
        instruments=[{"symbol": "IBM"}, {"symbol": "GOOG"}],
        start="2003-01-02",
        models=[{"name": "logistic"}],
        backtest={"sizing": {"name": "volatility_target"}},
    )
    result = run_analysis(spec, fetch_instruments)

    first = result.frames["predictions"].groupby(level="instrument").apply(lambda rows: rows.index[0][0])
    assert first[0] < pd.Timestamp("2004-08-19", tz="UTC") < first[1]
    assert result.facts["honesty"]["audit"]["passed"]


def noise(seed):
    """A random walk with GOOG's dates: prices in which there is nothing to find."""
    real = fetch_instruments(question())[0]
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.015, len(real.prices))))
    open_ = close * np.exp(rng.normal(0, 0.004, len(close)))
    prices = real.prices.assign(
        open=open_,
        high=np.maximum(open_, close) * 1.004,
        low=np.minimum(open_, close) * 0.996,
        close=close,
        volume=rng.uniform(1e6, 2e6, len(close)),
        split_factor=1.0,
        dividend=0.0,
    )
    return dataclasses.replace(real, prices=prices)


def test_noise_is_not_taken_for_skill():
    results = [run_analysis(question(audit={"enabled": False}), lambda _spec, n=n: [noise(n)]) for n in range(5)]

    assert sum(result.facts["verdict"]["level"] == "promising" for result in results) <= 1
    assert np.mean([result.facts["scores"]["roc_auc"] for result in results]) == pytest.approx(0.5, abs=0.04)


def test_a_future_that_leaks_into_prices_is_skill_beyond_belief():
    """The counter-check: if the pipeline could not see a signal, finding none in noise would mean nothing."""

    def foretold(_spec):
        item = noise(1)
        prices = item.prices
        # Volume tells whether the next bars rise: a perfect, causal signal.
        rises = (prices["open"].shift(-4) > prices["open"].shift(-1)).to_numpy()
        return [Instrument(item.spec, prices.assign(volume=np.where(rises, 4e6, 1e6)), item.calendar, item.currency)]

    spec = question(features=[{"name": "relative_volume", "window": 20}], audit={"enabled": False})
    result = run_analysis(spec, foretold)

    assert result.facts["scores"]["roc_auc"] > 0.95
    assert result.facts["verdict"]["level"] == "promising"


def test_frames_keep_what_their_module_promises(quick_result):
    frames = quick_result.frames
    assert set(frames) == {
        "equity",
        "trades",
        "fills",
        "predictions",
        "candidates",
        "fold_scores",
        "cv_scores",
        "roc",
        "calibration",
        "confusion",
        "null_test",
        "importance",
        "monthly_returns",
        "yearly_returns",
        "stress",
        "drawdowns",
        "rolling",
        "coverage",
        "prices",
    }
    assert list(frames["monthly_returns"].columns) == ["year", "month", "return", "benchmark_return"]
    assert (frames["equity"]["drawdown"] <= 0).all()
    assert frames["prices"].index.names == ["timestamp", "instrument"]
    assert isinstance(frames["equity"].index, pd.DatetimeIndex)


@pytest.fixture
def failing(monkeypatch):
    """`failing(kind, number)` makes one trial fail to fit."""
    honest = TrainingSpan.judge

    def fail(kind, number):
        def judge(span, model, **options):
            if (options["kind"], options["number"]) == (kind, number):
                raise ModelError("Expected a model that fits; found one that does not.")
            return honest(span, model, **options)

        monkeypatch.setattr(TrainingSpan, "judge", judge)

    return fail


def test_a_tuning_trial_that_does_not_fit_is_counted_and_the_search_goes_on(failing):
    failing("tuning", 1)
    recorder = Recorder()
    target = {**QUICK["validation"], "target": 0.99}
    spec = question(validation=target, tuning={"n_trials": 3}, importance=False, audit={"enabled": False})
    result = run_analysis(spec, fetch_instruments, watcher=recorder)

    assert [(trial.kind, trial.number, trial.score is None) for trial in recorder.trials] == [
        ("candidate", 0, False),
        ("candidate", 1, False),
        ("tuning", 0, False),
        ("tuning", 1, True),
        ("tuning", 2, False),
    ]
    assert result.facts["honesty"]["luck"]["n_trials"] == 5
    assert len(result.frames["candidates"]) == 5
    assert any(message.startswith("Did not fit: Expected a model that fits") for message in recorder.messages)


def test_a_candidate_that_does_not_fit_ends_the_run_and_is_counted(failing):
    failing("candidate", 1)
    recorder = Recorder()
    with pytest.raises(ModelError):
        run_analysis(question(), fetch_instruments, watcher=recorder)

    assert [trial.score is None for trial in recorder.trials] == [False, True]


@pytest.mark.parametrize("classes", ["three_way", "two_way"])
def test_the_triple_barrier_goes_through_the_whole_chain(classes):
    """Several instruments, so that label ends of one are purged by the bars of the other; trees and a linear model."""
    spec = question(
        instruments=[{"symbol": "GOOG"}, {"symbol": "MSFT"}],
        start="2004-08-19",
        end="2007-06-29",
        label={"name": "triple_barrier", "horizon": 5, "width": 0.8, "volatility_window": 20, "classes": classes},
        strategy={"direction": "long_short", "enter_above": 0.52, "exit_below": 0.5, "short_below": 0.48},
    )
    result = run_analysis(spec, fetch_instruments)

    predictions, confusion = result.frames["predictions"], result.frames["confusion"]
    labels = {-1.0, 0.0, 1.0} if classes == "three_way" else {0.0, 1.0}
    assert set(predictions["label"].dropna()) == set(confusion["actual"]) == labels
    assert ("probability_down" in predictions) == (classes == "three_way")
    assert set(predictions["signal"]) == {-1, 0, 1}
    assert result.facts["honesty"]["audit"]["differences"] == []
    assert all(value is not None for value in result.facts["scores"].values())
    assert result.frames["importance"]["mean"].notna().all()
