"""At least thirty planted leaks are caught, each in its part, column and first bar; thirty clean chains and more pass.

Leaks are planted where people plant them: in a feature that is made with the whole sample at hand, a label that ends
later than it says, a scaler, predictions, intervals, signals and weights, fills. What is planted is code of the chain,
which the audit calls as the run does; nothing tells it where to look.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import quant.analysis
import quant.audit
import quant.fitting
import quant.preparation
import quant.report
import quant.trading
from quant.analysis import run_analysis
from quant.errors import LeakageError
from quant.features import momentum
from quant.features.catalog import PLAIN_FEATURES
from quant.labels import forward_return as labels_room
from quant.labels.catalog import LABELS
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec

BASE = {
    "instruments": [{"symbol": "GOOG"}],
    "end": "2006-09-29",
    "features": [{"name": "return", "window": 5}, {"name": "volatility", "window": 10}],
    "label": {"name": "forward_return", "horizon": 3, "threshold": 0.01},
    "models": [{"name": "logistic"}],
    "validation": {"train_bars": 200, "test_bars": 60, "n_folds": 2, "embargo_bars": 2, "target": None},
    "strategy": {"enter_above": 0.51, "exit_below": 0.51},
    "intervals": {"window": 50},
    "audit": {"n_cuts": 2},
    "overfitting": {"n_resamples": 0},
    "importance": False,
}


@pytest.fixture(autouse=True)
def few_signal_cuts(monkeypatch):
    """Signals are repeated at fewer bars than usual: that they are repeated at many is tested elsewhere."""
    monkeypatch.setattr(quant.audit, "MOST_SIGNAL_CUTS", 40)


def audit_of(**changes):
    return run_analysis(AnalysisSpec.model_validate({**BASE, **changes}), fetch_instruments).facts["honesty"]["audit"]


# --- Features: each takes prices and the honest values, and gives values that know what comes later -------------------


def by_period(values, period):
    return values.groupby(values.index.tz_localize(None).to_period(period))


def low_pass(values):
    spectrum = np.fft.rfft(values.fillna(0.0).to_numpy())
    spectrum[len(spectrum) // 8 :] = 0.0
    return pd.Series(np.fft.irfft(spectrum, len(values)), values.index)


def trend_free(values):
    place = np.arange(len(values))
    filled = values.fillna(0.0)
    return filled - np.polyval(np.polyfit(place, filled, 1), place)


FEATURE_LEAKS = {
    "tomorrow's value": lambda _prices, x: x.shift(-1),
    "the value in a week": lambda _prices, x: x.shift(-5),
    "the next open": lambda prices, _x: prices["open"].shift(-1) / prices["close"] - 1.0,
    "the next high": lambda prices, _x: prices["high"].shift(-1) / prices["close"] - 1.0,
    "tomorrow's volume": lambda prices, _x: np.log(prices["volume"].shift(-1) / prices["volume"]),
    "a mean from both sides": lambda _prices, x: x.rolling(5, center=True).mean(),
    "a median from both sides": lambda _prices, x: x.rolling(3, center=True).median(),
    "the spread of the days to come": lambda _prices, x: x[::-1].rolling(10).std()[::-1],
    "an average that runs backwards": lambda _prices, x: x[::-1].ewm(span=10).mean()[::-1],
    "the mean of the whole sample": lambda _prices, x: x - x.mean(),
    "scores of the whole sample": lambda _prices, x: (x - x.mean()) / x.std(),
    "least and most of the whole sample": lambda _prices, x: (x - x.min()) / (x.max() - x.min()),
    "median and quartiles of the whole sample": lambda _prices, x: (
        (x - x.median()) / (x.quantile(0.75) - x.quantile(0.25))
    ),
    "the rank in the whole sample": lambda _prices, x: x.rank(pct=True),
    "deciles of the whole sample": lambda _prices, x: pd.Series(
        pd.qcut(x, 10, labels=False).to_numpy(dtype=float), x.index
    ),
    "outliers by the whole sample": lambda _prices, x: x.where((x - x.mean()).abs() < x.std(), 0.0),
    "clipped at quantiles of the whole sample": lambda _prices, x: x.clip(x.quantile(0.3), x.quantile(0.7)),
    "filled by the mean of the whole sample": lambda _prices, x: x.where(x > 0, x.mean()),
    "filled from behind": lambda _prices, x: x.where(x > 0.06).bfill(),
    "filled in a straight line": lambda _prices, x: x.where(x.abs() > 0.06).interpolate(),
    "prices on the scale of the last close": lambda prices, _x: prices["close"] / prices["close"].iloc[-1],
    "distance from the highest price of all": lambda prices, _x: prices["close"] / prices["close"].max() - 1.0,
    "the close of the week on its Monday": lambda prices, _x: (
        by_period(prices["close"], "W").transform("last") / prices["close"] - 1.0
    ),
    "the mean of the month on its first day": lambda _prices, x: by_period(x, "M").transform("mean"),
    "a season of the whole sample": lambda _prices, x: x - x.groupby(x.index.dayofweek).transform("mean"),
    "a trend of the whole sample": lambda _prices, x: trend_free(x),
    "waves of the whole sample": lambda _prices, x: low_pass(x),
    "a count of bars": lambda _prices, x: pd.Series(np.arange(len(x)) / len(x), x.index),
    # What follows behaves where bars are missing: only other bars show it.
    "tomorrow's value, if there is one": lambda _prices, x: x.shift(-1).fillna(x),
    "the week ahead in a long history": lambda _prices, x: x.shift(-5).fillna(x) if len(x) == FULL_LENGTH else x,
}
FULL_LENGTH = 534


def planted(leak, honest):
    def leaky(prices, *, window):
        values = honest(prices, window=window)
        column = values.columns[0]
        found = leak(prices, values[column])
        # Unknown values after the warm-up would be refused before anything could leak.
        return pd.DataFrame({column: found.fillna(0.0).where(values[column].notna())})

    return leaky


@pytest.mark.parametrize("name", FEATURE_LEAKS)
def test_a_feature_that_knows_what_comes_is_caught_with_its_column_and_first_bar(monkeypatch, name):
    leaky = planted(FEATURE_LEAKS[name], momentum.trailing_return)
    monkeypatch.setattr(momentum, "trailing_return", leaky)
    audit = audit_of()
    found = [each for each in audit["differences"] if each["part"] == "features"]
    assert {each["column"] for each in found} == {"return_5"}

    prices = fetch_instruments(AnalysisSpec.model_validate(BASE))[0].prices
    prices = prices[prices["session"] <= BASE["end"]]
    assert len(prices) == FULL_LENGTH
    removed = [each for each in found if each["later"] == "removed"]
    for each in removed:
        known = prices.loc[: pd.Timestamp(each["cut"])]
        with_all, with_known = (leaky(frame, window=5)["return_5"].loc[known.index] for frame in (prices, known))
        differs = with_all.ne(with_known) & ~(with_all.isna() & with_known.isna())
        assert each["first_bar"] == known.index[differs.to_numpy()][0].isoformat()
        assert each["n_values"] == differs.sum()


def test_a_feature_that_knows_the_next_close_of_another_instrument_is_caught(monkeypatch):
    honest = quant.preparation.beside

    def leaky(prices, others):
        return honest(
            prices, {symbol: other.assign(close=other["close"].shift(-1).ffill()) for symbol, other in others.items()}
        )

    monkeypatch.setattr(quant.preparation, "beside", leaky)
    audit = audit_of(
        instruments=[{"symbol": "GOOG"}, {"symbol": "MSFT"}],
        start="2004-08-19",
        features=[{"name": "return", "window": 5}, {"name": "beta", "against": "MSFT", "window": 20}],
    )
    found = [each for each in audit["differences"] if each["part"] == "features"]
    assert {each["column"] for each in found} == {"beta_MSFT_20"}
    assert {each["later"] for each in found} == {"removed", "replaced"}
    assert all(each["first_bar"] == each["cut"] for each in found)


# --- Everything behind the features ----------------------------------------------------------------------------------


def fitting(monkeypatch, leaky):
    """Let the run and the audit fit through another function."""
    for module in (quant.fitting, quant.audit, quant.learning):
        monkeypatch.setattr(module, "fit_folds", leaky)


def both(monkeypatch, name, leaky):
    """Plant in the run and in its audit, which know the function by the same name."""
    for module in (quant.analysis, quant.audit, quant.report, quant.learning, quant.preparation, quant.trading):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, leaky)


def leak_label_end(monkeypatch):
    honest = labels_room.forward_return

    def leaky(prices, *, horizon, threshold):
        claimed, longer = (honest(prices, horizon=bars, threshold=threshold) for bars in (horizon, horizon + 5))
        return claimed.assign(label=longer["label"].fillna(0.0).where(claimed["label"].notna()))

    monkeypatch.setattr(labels_room, "forward_return", leaky)


def leak_label_threshold(monkeypatch):
    honest = labels_room.forward_return

    def leaky(prices, *, horizon, threshold):
        labels = honest(prices, horizon=horizon, threshold=threshold)
        is_above = (labels["outcome"] > labels["outcome"].quantile(0.6)).astype(float)
        return labels.assign(label=is_above.where(labels["label"].notna()))

    monkeypatch.setattr(labels_room, "forward_return", leaky)


def leak_label_shift(monkeypatch):
    honest = labels_room.forward_return

    def leaky(prices, *, horizon, threshold):
        labels = honest(prices, horizon=horizon, threshold=threshold)
        return labels.assign(label=labels["label"].shift(-5).fillna(labels["label"]))

    monkeypatch.setattr(labels_room, "forward_return", leaky)


def leak_split(monkeypatch):
    honest = quant.preparation.walk_forward

    def leaky(labels, spec):
        outcome = labels["outcome"].to_numpy()
        usual = outcome < np.nanquantile(outcome, 0.9)
        return [dataclasses.replace(fold, train=fold.train[usual[fold.train]]) for fold in honest(labels, spec)]

    monkeypatch.setattr(quant.preparation, "walk_forward", leaky)


def leak_scaler(monkeypatch):
    honest = quant.fitting.fit_folds

    def leaky(spec, model, features, labels, folds, **options):
        return honest(spec, model, (features - features.mean()) / features.std(), labels, folds, **options)

    fitting(monkeypatch, leaky)


def leak_components(monkeypatch):
    honest = quant.fitting.fit_folds

    def leaky(spec, model, features, labels, folds, **options):
        centred = features - features.mean()
        directions = np.linalg.svd(centred.to_numpy(), full_matrices=False)[2]
        return honest(spec, model, centred @ directions.T, labels, folds, **options)

    fitting(monkeypatch, leaky)


def after_fitting(change):
    def leak(monkeypatch):
        honest = quant.fitting.fit_folds

        def leaky(*arguments, on_fold=None, **options):
            predictions, models = honest(*arguments, **options)
            predictions = predictions.assign(probability=change(predictions["probability"]))
            for number, fold in enumerate(arguments[4]):
                if on_fold is not None:
                    one = predictions[predictions["fold"] == fold.number]
                    on_fold(quant.analysis.FoldResult(fold, models[number], one, 0.0))
            return predictions, models

        fitting(monkeypatch, leaky)

    return leak


def leak_intervals(monkeypatch):
    honest = quant.audit.prediction_intervals

    def leaky(predictions, labels, spec):
        bounds = honest(predictions, labels, spec)
        return bounds.shift(-1).fillna(bounds)

    both(monkeypatch, "prediction_intervals", leaky)


def leak_signals(change):
    def leak(monkeypatch):
        honest = quant.trading.signals_from_predictions

        def leaky(predictions, strategy):
            signals = honest(predictions, strategy)
            return signals.assign(signal=change(signals["signal"]).fillna(signals["signal"]).astype("int64"))

        monkeypatch.setattr(quant.trading, "signals_from_predictions", leaky)

    return leak


def leak_weights(change):
    def leak(monkeypatch):
        honest = quant.trading.target_weights

        def leaky(signals, adjusted, sizing, **options):
            weights = honest(signals, adjusted, sizing, **options)
            scale = change(adjusted[0]["close"].pct_change())
            return weights.assign(target_weight=weights["target_weight"] * scale)

        monkeypatch.setattr(quant.trading, "target_weights", leaky)

    return leak


def leak_account(change):
    def leak(monkeypatch):
        honest = quant.audit.run_backtest

        def leaky(raw, decisions, spec, **known):
            outcome = honest(raw, decisions, spec, **known)
            vars(outcome)["equity"] = change(outcome.equity)  # the frame is made once, when it is first asked for
            return outcome

        both(monkeypatch, "run_backtest", leaky)

    return leak


LATER_LEAKS = {
    "labels that end later than they say": (leak_label_end, "labels", "label"),
    "a threshold that half of all outcomes reach": (leak_label_threshold, "labels", "label"),
    "the label of a week later": (leak_label_shift, "labels", "label"),
    "training rows without what was extreme in all": (leak_split, "split", "rows"),
    "a scaler of all rows": (leak_scaler, "predictions", "probability"),
    "components of all rows": (leak_components, "predictions", "probability"),
    "tomorrow's prediction": (after_fitting(lambda p: p.shift(-1).fillna(p)), "predictions", "probability"),
    "predictions smoothed from both sides": (
        after_fitting(lambda p: p.rolling(5, center=True, min_periods=1).mean()), "predictions", "probability",
    ),
    "predictions calibrated on themselves": (after_fitting(lambda p: p.rank(pct=True)), "predictions", "probability"),
    "tomorrow's interval": (leak_intervals, "intervals", "lower"),
    "tomorrow's signal": (leak_signals(lambda s: s.shift(-1)), "signals", "signal"),
    "signals smoothed from both sides": (
        leak_signals(lambda s: s.rolling(3, center=True).median()), "signals", "signal",
    ),
    "no signals before the last one of all": (
        leak_signals(lambda s: s.where(s.index == s.index[-1], 0)), "signals", "signal",
    ),
    "a size by the spread of the whole sample": (leak_weights(lambda r: 0.01 / r.std()), "signals", "target_weight"),
    "a size by the worst day of all": (leak_weights(lambda r: -0.05 / r.min()), "signals", "target_weight"),
    "costs spread over the whole run": (
        leak_account(lambda e: e.assign(costs=e["costs"].mean())), "account", "costs",
    ),
    "a share of the last value": (
        leak_account(lambda e: e.assign(equity=e["equity"] / e["equity"].iloc[-1])), "account", "equity",
    ),
}  # fmt: skip
ORDER = quant.audit.PARTS


@pytest.mark.parametrize("name", LATER_LEAKS)
def test_what_knows_the_future_behind_the_features_is_caught_in_its_part(monkeypatch, name):
    plant, part, column = LATER_LEAKS[name]
    plant(monkeypatch)
    audit = audit_of()
    found = audit["differences"]
    assert found, "nothing was caught"
    first = min((ORDER.index(each["part"]) for each in found), default=None)
    assert ORDER[first] == part
    assert column is None or column in {each["column"] for each in found if each["part"] == part}
    assert all(each["first_bar"] <= each["cut"] for each in found)


def test_there_are_at_least_thirty_leaks():
    assert len(FEATURE_LEAKS) + len(LATER_LEAKS) >= 30


def test_training_on_what_is_tested_stops_the_run(monkeypatch):
    honest = quant.preparation.walk_forward

    def leaky(labels, spec):
        return [dataclasses.replace(fold, train=np.union1d(fold.train, fold.test[:1])) for fold in honest(labels, spec)]

    monkeypatch.setattr(quant.preparation, "walk_forward", leaky)
    with pytest.raises(LeakageError, match="meets"):
        audit_of()


# --- Clean chains ----------------------------------------------------------------------------------------------------

QUICK_MODELS = {
    "classes": (
        {"name": "logistic"},
        {"name": "random_forest", "n_trees": 10},
        {"name": "xgboost", "n_rounds": 10},
    ),
    "numbers": (
        {"name": "ridge"},
        {"name": "random_forest_regression", "n_trees": 10},
        {"name": "xgboost_regression", "n_rounds": 10},
    ),
}
SIZINGS = ({"name": "fixed_fraction"}, {"name": "volatility_target"})
WEIGHTS = ({}, {"by": "uniqueness"}, {"by": "attribution", "decay": 0.5})
PREPARATIONS = ([], [{"name": "clip"}, {"name": "standard_scale"}], [{"name": "robust_scale"}, {"name": "pca"}])


def clean_chain(place):
    """Return a question that has one entry of each catalogue, each feature in one of them."""
    feature, label = PLAIN_FEATURES[place % len(PLAIN_FEATURES)], LABELS[place % len(LABELS)]
    learns = "numbers" if label().task == "regression" else "classes"
    return {
        "instruments": [{"symbol": "GOOG"}, {"symbol": "MSFT"}]
        if place % 4 == 0 or feature().others
        else [{"symbol": "IBM"}],
        "start": "2004-08-19",
        "end": "2007-03-30",
        "features": [{"name": "return", "window": 7}, {"name": feature.model_fields["name"].default}],
        "label": {"name": label.model_fields["name"].default},
        "models": [QUICK_MODELS[learns][place % 3]],
        "preparation": PREPARATIONS[place % len(PREPARATIONS)],
        "weights": WEIGHTS[place // 2 % len(WEIGHTS)],
        "validation": {
            **BASE["validation"],
            "expanding": place % 2 == 0,
            "score": "rank_ic" if learns == "numbers" else "roc_auc",
        },
        "strategy": {"direction": "long_short" if place % 2 else "long_flat", "enter_return": 0.0},
        "backtest": {"sizing": SIZINGS[place // 3 % 2]},
    }


@pytest.mark.parametrize("place", range(max(30, len(PLAIN_FEATURES))))
def test_a_clean_chain_passes(place):
    audit = audit_of(**clean_chain(place))
    assert audit["differences"] == []
    assert audit["passed"]
    assert all(n_values > 0 for n_values in audit["compared"].values())
