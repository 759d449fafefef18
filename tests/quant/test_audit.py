"""A run without look-ahead passes; each planted cheat is caught, with the column and a bar at which it cheats."""

from dataclasses import replace

import pandas as pd
import pytest

from quant.analysis import run_analysis
from quant.audit import Difference
from quant.features import momentum
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.watcher import Silent


def audit_of(spec):
    return run_analysis(spec, fetch_instruments).facts["honesty"]["audit"]


def parts_of(audit):
    return {difference["part"] for difference in audit["differences"]}


def test_an_honest_run_passes_and_says_how_much_was_compared(quick_result):
    audit = quick_result.facts["honesty"]["audit"]

    assert audit["passed"]
    assert audit["differences"] == []
    assert len(audit["cuts"]) == 3
    assert all(n_values > 0 for n_values in audit["compared"].values())
    assert quick_result.facts["verdict"]["is_credible"] is True


def test_cuts_lie_inside_the_traded_span_and_differ(quick_result):
    cuts = [pd.Timestamp(cut) for cut in quick_result.facts["honesty"]["audit"]["cuts"]]
    bars = quick_result.frames["predictions"].index.unique("timestamp")

    assert cuts == sorted(set(cuts))
    assert bars[0] <= cuts[0]
    assert cuts[-1] < bars[-1]


def test_a_feature_that_peeks_one_bar_ahead_is_caught_with_its_column_and_bar(quick_spec, monkeypatch):
    honest = momentum.trailing_return

    def peek(prices, *, window):
        return honest(prices, window=window).shift(-1)

    # With the peeking feature's last value unknown, only bars before it can be predicted.
    monkeypatch.setattr(momentum, "trailing_return", lambda prices, *, window: peek(prices, window=window).fillna(0.0))
    audit = audit_of(quick_spec)

    assert not audit["passed"]
    first = audit["differences"][0]
    assert (first["part"], first["column"]) == ("features", "return_5")
    assert first["first_bar"] == first["cut"]  # the last bar before the cut is the one that misses its next bar
    assert "used what came after" in first["in_words"]


def test_a_feature_scaled_by_the_whole_sample_is_caught(quick_spec, monkeypatch):
    honest = momentum.trailing_return

    def scaled(prices, *, window):
        values = honest(prices, window=window)
        return (values - values.mean()) / values.std()

    monkeypatch.setattr(momentum, "trailing_return", scaled)
    result = run_analysis(quick_spec, fetch_instruments)

    assert not result.facts["honesty"]["audit"]["passed"]
    assert result.facts["verdict"]["level"] == "not_credible"
    assert result.facts["verdict"]["text"].startswith("Not credible: return_5 (features) at 2004-")


def test_a_scaler_fitted_on_all_rows_is_caught(quick_spec, monkeypatch):
    """The features themselves are honest; the model sees them standardised by rows that it should not know.

    With the linear model only: to trees, a feature on another scale is the same feature, and nothing would have leaked.
    """
    import quant.fitting  # noqa: PLC0415  # patched here only

    honest = quant.fitting.fit_predict_folds

    def leaky(build, features, labels, folds, **options):
        return honest(build, (features - features.mean()) / features.std(), labels, folds, **options)

    monkeypatch.setattr(quant.fitting, "fit_predict_folds", leaky)
    audit = audit_of(quick_spec.model_copy(update={"models": quick_spec.models[:1]}))

    assert not audit["passed"]
    assert "predictions" in parts_of(audit)
    assert "features" not in parts_of(audit)


def test_signals_that_rank_the_whole_sample_are_caught(quick_spec, monkeypatch):
    import quant.analysis  # noqa: PLC0415  # both users of the function are patched

    honest = quant.audit.decide

    def leaky(spec, predictions, adjusted, periods_per_year):
        ranked = predictions.assign(probability=predictions["probability"].rank(pct=True))
        return honest(spec, ranked, adjusted, periods_per_year)

    monkeypatch.setattr(quant.analysis, "decide", leaky)
    monkeypatch.setattr(quant.audit, "decide", leaky)
    assert parts_of(audit_of(quick_spec)) == {"signals", "account"}


@pytest.mark.parametrize(
    "leak",
    [
        lambda signal: signal.shift(-1),
        lambda signal: signal.rolling(3, center=True).median(),
    ],
    ids=["tomorrow's signal", "smoothed from both sides"],
)
def test_signals_that_peek_one_bar_ahead_are_caught_though_they_seldom_change(quick_spec, monkeypatch, leak):
    """They differ from honest ones only where a signal changes, which evenly spread cuts almost never hit."""
    import quant.trading  # noqa: PLC0415  # patched here only

    honest = quant.trading.signals_from_predictions

    def leaky(predictions, strategy):
        signals = honest(predictions, strategy)
        leaked = signals["signal"].groupby(level="instrument").transform(leak)
        return signals.assign(signal=leaked.fillna(signals["signal"]).astype("int64"))

    monkeypatch.setattr(quant.trading, "signals_from_predictions", leaky)
    audit = audit_of(quick_spec.model_copy(update={"audit": quick_spec.audit.model_copy(update={"n_cuts": 1})}))

    assert audit["n_signal_cuts"] > 1
    assert parts_of(audit) >= {"signals"}


def test_an_instrument_younger_than_the_horizon_at_a_cut_is_no_leak():
    """Its first bars are in the run's timeline though it has no known label yet; the repeat must keep them."""
    spec = AnalysisSpec.model_validate(
        {
            "instruments": [{"symbol": "MSFT"}, {"symbol": "GOOG"}],
            "start": "2003-06-02",
            "end": "2005-06-30",
            "features": [{"name": "return", "window": 1}],
            "label": {"name": "forward_return", "horizon": 25},
            "models": [{"name": "logistic"}],
            "validation": {"train_bars": 200, "test_bars": 5, "n_folds": 2, "target": None},
            "importance": False,
            "audit": {"n_cuts": 60},
        }
    )

    def with_holes(spec):
        microsoft, google = fetch_instruments(spec)
        first = microsoft.prices.index.get_indexer([google.prices.index[0]])[0]
        holes = microsoft.prices.index[first + 2 : first + 6]
        return [replace(microsoft, prices=microsoft.prices.drop(holes)), google]

    audit = run_analysis(spec, with_holes).facts["honesty"]["audit"]
    assert audit["differences"] == []


def test_labels_that_end_later_than_they_say_are_caught(quick_spec, monkeypatch):
    from quant.labels import forward_return as room  # noqa: PLC0415  # patched here only

    honest = room.forward_return

    def late(prices, *, horizon, threshold):
        claimed, longer = (honest(prices, horizon=bars, threshold=threshold) for bars in (horizon, horizon + 5))
        return claimed.assign(label=longer["label"].fillna(0.0).where(claimed["label"].notna()))

    monkeypatch.setattr(room, "forward_return", late)
    assert "labels" in parts_of(audit_of(quick_spec))


def test_a_difference_reads_as_a_sentence():
    difference = Difference("features", "rsi_14", "2007-01-03T21:00:00+00:00", "2008-05-05T20:00:00+00:00", 3)
    assert difference.in_words() == "rsi_14 (features) at 2007-01-03 used what came after 2008-05-05."


@pytest.mark.parametrize("n_cuts", [1, 2, 40])
def test_any_number_of_cuts_works(quick_spec, n_cuts):
    spec = quick_spec.model_copy(update={"audit": quick_spec.audit.model_copy(update={"n_cuts": n_cuts})})
    if n_cuts == 40:
        spec = spec.model_copy(update={"models": spec.models[:1]})  # the logistic one is quick to fit
    assert len(audit_of(spec)["cuts"]) == n_cuts


def test_each_cut_has_both_kinds_of_future_and_they_take_turns_at_the_fit(quick_spec, monkeypatch):
    import quant.audit  # noqa: PLC0415  # patched here only

    honest, begun, fitted = quant.audit.with_later, [], []

    def begin(item, cut, later, seed):
        begun.append(later)
        return honest(item, cut, later, seed)

    def go_on(*_arguments):
        fitted.append(begun[-1])
        return []

    monkeypatch.setattr(quant.audit, "with_later", begin)
    monkeypatch.setattr(quant.audit, "_go_on", go_on)
    audit = audit_of(quick_spec.model_copy(update={"models": quick_spec.models[:1]}))

    assert begun == ["removed", "replaced"] * 3
    assert fitted == ["removed", "replaced", "removed"]
    assert audit["n_replaced"] == 1


def test_the_audit_repeats_no_more_than_it_says_and_reports_on_no_prices_again(quick_spec, monkeypatch):
    """Counted, for the time that it takes is measured in the benchmarks."""
    import quant.audit  # noqa: PLC0415  # patched here only
    import quant.data.cleaning  # noqa: PLC0415  # patched here only

    counts = {}

    def count(module, name):
        honest = getattr(module, name)

        def counted(*arguments, **options):
            counts[name] = counts.get(name, 0) + 1
            return honest(*arguments, **options)

        monkeypatch.setattr(module, name, counted)

    for name in ("clean_prices", "features_panel", "fit_folds", "decide"):
        count(quant.audit, name)
    count(quant.data.cleaning, "quality_report")
    audit = audit_of(quick_spec.model_copy(update={"models": quick_spec.models[:1]}))

    n_cuts = len(audit["cuts"])
    assert counts["features_panel"] == 2 * n_cuts
    assert counts["clean_prices"] == 2 * n_cuts + 1
    assert counts["fit_folds"] == n_cuts
    assert counts["decide"] == n_cuts + audit["n_signal_cuts"]
    assert audit["n_signal_cuts"] <= quant.audit.MOST_SIGNAL_CUTS
    assert counts["quality_report"] == len(quick_spec.instruments)  # by the run itself


def test_the_audit_fits_at_most_one_and_a_half_times_what_the_run_fits(quick_spec, monkeypatch):
    """Counted in rows that models were fitted on, without any tuning: fits are what both spend their time with."""
    import quant.fitting  # noqa: PLC0415  # patched here only

    honest, n_rows = quant.fitting.fit_predict_folds, {True: 0, False: 0}
    begun = []

    def counted(build, features, labels, folds, **options):
        n_rows[bool(begun)] += sum(len(fold.train) for fold in folds)
        return honest(build, features, labels, folds, **options)

    class Listening(Silent):
        def at(self, stage, *_rest):
            begun.extend([stage] if stage == "audit" else [])

    monkeypatch.setattr(quant.fitting, "fit_predict_folds", counted)
    audit = {"audit": quick_spec.audit.model_copy(update={"n_cuts": 8}), "models": quick_spec.models[:1]}
    run_analysis(quick_spec.model_copy(update=audit), fetch_instruments, watcher=Listening())

    assert n_rows[False] > 0
    assert 0 < n_rows[True] <= 1.5 * n_rows[False]


@pytest.mark.parametrize(
    "asked",
    [
        {"strategy": {"name": "crossover_rule", "fast": 2, "slow": 3, "direction": "long_short"}},
        {
            "models": [{"name": "logistic"}],
            "features": [{"name": "return", "window": 5}],
            "validation": {"train_bars": 250, "test_bars": 125, "n_folds": 2, "target": None},
            "strategy": {"enter_above": 0.02, "exit_below": 0.01, "cover_above": 0.01, "short_below": 0.005},
        },
    ],
    ids=["rule", "model"],
)
def test_a_halt_at_a_cut_is_no_delisting_and_no_leak(asked):
    question = {
        "instruments": [{"symbol": "IBM"}, {"symbol": "MSFT"}],
        "end": "2003-12-31",
        "audit": {"n_cuts": 3},
        "overfitting": {"n_resamples": 0},
        "importance": False,
        **asked,
    }
    spec = AnalysisSpec.model_validate(question)
    halted, other = fetch_instruments(spec)
    cut = run_analysis(spec, lambda _: [halted, other]).facts["honesty"]["audit"]["cuts"][0]
    row = halted.prices.index.get_loc(pd.Timestamp(cut))
    bars = halted.prices.index[row - 7 : row + 2]  # at the cut it looks delisted for longer than it takes to settle
    found = run_analysis(spec, lambda _: [replace(halted, prices=halted.prices.drop(bars)), other])

    audit = found.facts["honesty"]["audit"]
    assert audit["cuts"][0] == cut
    trades = found.frames["trades"].query("instrument == 0")
    assert ((trades["entry_at"] < cut) & ~(trades["exit_at"] < cut)).any()
    assert audit["passed"], audit["differences"][:2]
