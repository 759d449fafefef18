import datetime
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quant import spec as spec_module
from quant.errors import InvalidSpec
from quant.models.catalog import RandomForest
from quant.spec import AnalysisSpec, read_stored

STORED = json.loads((Path(__file__).parent / "stored_questions.json").read_text())

# The default question about GOOG with every default written out. If a field is added, renamed or removed, or the way
# of hashing changes, stored hashes no longer match: raise SPEC_VERSION and write an upgrader, then pin the new hash.
GOOG = {
    "spec_version": 1,
    "instruments": [{"symbol": "GOOG", "source": "sample"}],
    "interval": "1d",
    "bars": {"name": "daily"},
    "start": None,
    "end": None,
    "cleaning": {"drop_zero_volume": False, "max_gap_sessions": 10},
    "features": [
        {"name": "return", "window": 1},
        {"name": "return", "window": 5},
        {"name": "return", "window": 20},
        {"name": "volatility", "window": 20},
        {"name": "relative_volume", "window": 20},
        {"name": "sma", "window": 50},
        {"name": "ema", "window": 20},
        {"name": "rsi", "window": 14},
        {"name": "macd", "fast": 12, "slow": 26, "signal": 9},
        {"name": "bollinger", "window": 20, "width": 2.0},
        {"name": "atr", "window": 14},
    ],
    "preparation": [],
    "label": {"name": "forward_return", "horizon": 5, "threshold": 0.0},
    "events": {"at": "all", "threshold": 2.0, "volatility_window": 50},
    "weights": {"by": "equal", "decay": 1.0, "balanced": False},
    "models": [
        {"name": "logistic", "c": 0.1},
        {"name": "random_forest", "n_trees": 300, "max_depth": 5, "min_samples_leaf": 20, "max_features": 0.5},
        {
            "name": "xgboost",
            "n_rounds": 200,
            "max_depth": 3,
            "learning_rate": 0.03,
            "subsample": 0.7,
            "column_share": 0.7,
            "l2": 1.0,
            "stop_early": False,
            "device": "cpu",
        },
    ],
    "validation": {
        "train_bars": 1000,
        "test_bars": 125,
        "expanding": True,
        "embargo_bars": 5,
        "n_folds": 5,
        "nested": False,
        "score": "roc_auc",
        "target": 0.55,
    },
    "tuning": {"method": "random", "enabled": True, "n_trials": 20, "round_size": 5, "time_budget_seconds": 120},
    "sweep": {"axes": [], "choose_by": "sharpe_ratio", "held_out": 0.3},
    "strategy": {
        "name": "thresholds",
        "direction": "long_flat",
        "enter_above": 0.55,
        "exit_below": 0.5,
        "short_below": 0.4,
        "cover_above": 0.5,
        "enter_return": 0.002,
        "exit_return": 0.0,
        "short_return": -0.004,
        "cover_return": 0.0,
    },
    "calibration": {"method": "none", "n_parts": 3},
    "intervals": {"level": 0.8, "window": 500, "adaptive": True},
    "allocation": {"name": "equal"},
    "backtest": {
        "initial_cash": 100000.0,
        "sizing": {"name": "fixed_fraction", "fraction": 1.0},
        "costs": {
            "commission_bps": 5.0,
            "commission_per_share": 0.0,
            "commission_minimum": 0.0,
            "slippage_bps": 5.0,
            "borrow_annual": 0.01,
        },
        "entry": {"order": "market", "distance": 0.01, "limit_distance": 0.005, "valid_bars": 1},
        "liquidity": {
            "half_spread_bps": 0.0,
            "impact_bps": 0.0,
            "impact_shape": "square_root",
            "max_volume_share": None,
            "unfilled": "waits",
        },
        "interest": {"cash_annual": 0.0, "debt_annual": 0.0},
        "margin": {"max_leverage": None, "maintenance": None},
        "exits": {"stop_loss": None, "take_profit": None, "trailing_stop": None, "intrabar": "stop_first"},
        "touched_limits": "filled",
        "delisting": {"after_bars": 5, "assumed_return": 0.0},
        "whole_shares": True,
        "rebalance_threshold": 0.05,
    },
    "risk": {"risk_free_annual": 0.0, "confidence": 0.95, "rolling_window": 126},
    "audit": {"enabled": True, "n_cuts": 8},
    "overfitting": {
        "n_resamples": 199,
        "path_groups": 0,
        "path_test_groups": 2,
        "n_chance_runs": 0,
        "chance_order": "permuted",
    },
    "explanation": {
        "partial_dependence": False,
        "decision_boundary": False,
        "boundary_x": None,
        "boundary_y": None,
        "shap": False,
        "single_feature": False,
        "clusters": False,
        "likeness": 0.5,
        "learning_curve": False,
    },
    "importance": True,
    "seed": 20240101,
}
GOOG_HASH = "0f920acc02b575f9769932b31d5a821d62268f2fe707b1391562a6121041c85c"


def goog(**changes):
    return AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], **changes})


def test_the_hash_of_a_question_written_out_in_full_never_changes():
    assert AnalysisSpec.model_validate(GOOG).hash() == GOOG_HASH


def test_nothing_is_left_out_when_a_question_is_resolved():
    assert AnalysisSpec.model_validate(GOOG).resolved() == GOOG


def test_a_question_is_the_same_before_and_after_json():
    spec = goog(
        instruments=[{"symbol": "MSFT"}, {"symbol": "IBM"}],
        start="2004-01-02",
        end="2010-12-31",
        features=[{"name": "rsi", "window": 7}],
        validation={"target": None},
        backtest={"sizing": {"name": "volatility_target", "annualised_volatility": 0.1}},
    )
    again = AnalysisSpec.model_validate(json.loads(json.dumps(spec.resolved())))
    assert again == spec
    assert again.hash() == spec.hash()
    assert AnalysisSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.start == datetime.date(2004, 1, 2)


@given(
    symbols=st.lists(st.sampled_from(["GOOG", "IBM", "MSFT"]), min_size=1, max_size=3, unique=True),
    horizon=st.integers(1, 120),
    threshold=st.floats(-0.5, 0.5),
    cash=st.floats(1.0, 1e12),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_question_survives_json(symbols, horizon, threshold, cash, seed):
    spec = goog(
        instruments=[{"symbol": symbol} for symbol in symbols],
        label={"name": "forward_return", "horizon": horizon, "threshold": threshold},
        backtest={"initial_cash": cash},
        seed=seed,
    )
    again = AnalysisSpec.model_validate_json(spec.model_dump_json())
    assert again == spec
    assert again.hash() == spec.hash()


def test_what_a_model_did_not_always_have_counts_only_where_it_was_asked_for():
    old = [{"name": "xgboost"}]
    usual = [{"name": "xgboost", "stop_early": False, "device": "cpu"}]
    assert (
        goog(models=old).hash()
        == goog(models=usual).hash()
        != goog(models=[{"name": "xgboost", "stop_early": True}]).hash()
    )
    assert goog().resolved()["models"][2]["stop_early"] is False


def test_the_order_of_keys_does_not_change_the_hash_but_every_value_does():
    assert AnalysisSpec.model_validate(dict(reversed(GOOG.items()))).hash() == GOOG_HASH
    others = [
        {"seed": 1},
        {"instruments": [{"symbol": "IBM"}]},
        {"start": "2005-01-03"},
        {"features": GOOG["features"][::-1]},
        {"validation": {"target": None}},
        {"importance": False},
    ]
    assert len({GOOG_HASH, *(AnalysisSpec.model_validate({**GOOG, **change}).hash() for change in others)}) == 7


def test_fields_that_labels_have_later_leave_the_hash_of_older_questions_alone():
    older = {"name": "triple_barrier", "horizon": 10, "width": 1.0, "volatility_window": 50, "classes": "three_way"}
    asked = AnalysisSpec.model_validate({**GOOG, "label": older})
    assert asked.hash() == "5ae3c515501b7cffc8ee6d848dfe53c1d5fb2f07c56294f00cbfa85d5ef313ff"
    for change in ({"stop_width": 1.0}, {"path": "close"}):
        assert AnalysisSpec.model_validate({**GOOG, "label": {**older, **change}}).hash() != asked.hash()


def test_an_integer_for_a_number_is_the_same_question():
    costs = {"commission_bps": 5, "slippage_bps": 5}
    assert goog(backtest={"costs": costs}).hash() == goog().hash()


@pytest.mark.parametrize(
    "change",
    [
        {"benchmark": "SPY"},
        {"cleaning": {"forward_fill": True}},
        {"features": [{"name": "rsi", "window": 14, "seed": "sma"}]},
        {"models": [{"name": "logistic", "penalty": "l1"}]},
        {"backtest": {"costs": {"tax": 0.1}}},
        {"backtest": {"sizing": {"name": "fixed_fraction", "window": 3}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_unknown_field_is_refused(change):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        goog(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"spec_version": 2},
        {"interval": "1h"},
        {"instruments": []},
        {"instruments": [{"symbol": "GOOG", "source": "crystal ball"}]},
        {"features": []},
        {"features": [{"name": "astrology"}]},
        {"models": []},
        {"seed": -1},
        {"start": "2010-13-01"},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(change):
    with pytest.raises(ValidationError):
        goog(**change)


def test_nothing_is_asked_twice():
    with pytest.raises(ValidationError, match="expected each instrument once"):
        goog(instruments=[{"symbol": "GOOG"}, {"symbol": "GOOG", "source": "sample"}])
    with pytest.raises(ValidationError, match="expected each feature once; found return_5 twice"):
        goog(features=[{"name": "return"}, {"name": "rsi"}, {"name": "return", "window": 5}])


def test_start_comes_before_end():
    with pytest.raises(ValidationError, match="start must be before end"):
        goog(start="2010-01-04", end="2010-01-04")
    assert goog(start="2010-01-04", end="2010-01-05").end == datetime.date(2010, 1, 5)


def test_strict_json_takes_a_day_as_it_is_written():
    text = json.dumps({**GOOG, "end": "2010-01-05"})
    assert AnalysisSpec.model_validate_json(text, strict=True) == goog(end=datetime.date(2010, 1, 5))


def test_a_day_that_no_calendar_has_is_refused():
    with pytest.raises(ValidationError, match="expected a date such as 2024-03-15; found “2010-02-30”"):
        goog(end="2010-02-30")


@pytest.mark.parametrize(
    "thresholds",
    [
        {"enter_above": 0.45},
        {"exit_below": 0.6},
        {"exit_below": 0.3},
        {"short_below": 0.52},
        {"cover_above": 0.6},
        {"cover_above": 0.35},
    ],
    ids=str,
)
def test_thresholds_are_in_order(thresholds):
    with pytest.raises(ValidationError, match="expected short_below ≤"):
        goog(strategy=thresholds)


def test_thresholds_may_meet():
    half = dict.fromkeys(("enter_above", "exit_below", "short_below", "cover_above"), 0.5)
    assert goog(strategy=half).strategy.enter_above == 0.5


def test_a_question_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        goog().seed = 1


def test_the_warm_up_is_that_of_the_slowest_feature():
    assert goog().warm_up == 33 + 60 + 21  # MACD: known after 33 bars, its averages settle one after the other
    assert goog(features=[{"name": "sma"}, {"name": "return", "window": 3}]).warm_up == 49


def test_negative_zero_is_zero():
    zero, negative = (
        AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], "label": {"threshold": threshold}})
        for threshold in (0.0, -0.0)
    )
    assert zero.hash() == negative.hash()


def test_fields_that_came_later_leave_the_hash_of_older_questions_alone():
    later = {"sweep", "events", "intervals", "weights", "overfitting", "calibration", "explanation"}
    older = {name: part for name, part in GOOG.items() if name not in later}
    older["strategy"] = {name: value for name, value in GOOG["strategy"].items() if not name.endswith("_return")}
    older["tuning"] = {name: value for name, value in GOOG["tuning"].items() if name not in {"method", "round_size"}}
    assert AnalysisSpec.model_validate(older).hash() == GOOG_HASH
    for part, field, value in (
        ("intervals", "level", 0.9),
        ("calibration", "method", "isotonic"),
        ("explanation", "clusters", True),
        ("strategy", "enter_return", 0.01),
        ("events", "at", "cusum"),
        ("weights", "by", "uniqueness"),
        ("weights", "decay", 0.5),
        ("weights", "balanced", True),
        ("overfitting", "n_resamples", 0),
        ("overfitting", "path_groups", 6),
        ("validation", "nested", True),
        ("overfitting", "n_chance_runs", 20),
        ("tuning", "method", "grid"),
    ):
        changed = {**GOOG, part: {**GOOG[part], field: value}}
        assert AnalysisSpec.model_validate(changed).hash() != GOOG_HASH


def test_a_model_that_takes_no_weights_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(RandomForest, "takes_weights", False)
    with pytest.raises(ValidationError, match="samples can be weighted for; found Random forest"):
        goog(weights={"by": "uniqueness"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": {"name": "forward_return_size"}}, "models that predict numbers .Ridge regression"),
        ({"models": [{"name": "ridge"}]}, "models that predict classes .Logistic regression"),
        ({"validation": {"score": "rank_ic", "target": 0.1}}, "one of the scores roc_auc"),
        ({"validation": {"score": "log_loss", "target": 1.0}}, "below 0.6931, the log_loss of a coin; found 1"),
        (
            {"label": {"name": "forward_return_size"}, "models": [{"name": "ridge"}]},
            "one of the scores r2",
        ),
        (
            {
                "label": {"name": "forward_return_size"},
                "models": [{"name": "ridge"}],
                "validation": {"score": "rank_ic", "target": 0.1},
                "weights": {"balanced": True},
            },
            "asks for a label of classes; found 'Forward return, its size'",
        ),
        (
            {
                "label": {"name": "forward_return_size"},
                "models": [{"name": "ridge"}],
                "validation": {"score": "rank_ic", "target": 0.1},
                "calibration": {"method": "sigmoid"},
            },
            "which is a number: set it to none",
        ),
    ],
)
def test_models_scores_and_weights_must_fit_the_label(changes, message):
    with pytest.raises(ValidationError, match=message):
        AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], **changes})


def test_three_classes_have_a_target_of_their_own():
    validation = {"score": "accuracy", "target": 0.45}
    label = {"name": "triple_barrier"}
    asked = AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}], "label": label, "validation": validation})
    assert asked.validation.target == 0.45


def test_a_question_of_an_earlier_version_is_read_in_todays_form(monkeypatch):
    """As stored by a program that called the bar's length `bar` and counted its versions from 0."""
    stored = {"spec_version": 0, "bar": "1d", "instruments": [{"symbol": "GOOG"}]}

    def from_0(question):
        interval = question.pop("bar")
        return {**question, "interval": interval, "spec_version": 1}

    monkeypatch.setattr(spec_module, "UPGRADERS", {0: from_0})
    assert read_stored(stored) == AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}]})
    assert stored["bar"] == "1d"  # what is stored is never rewritten


@pytest.mark.parametrize("version", [-1, 2, 99])
def test_a_question_that_nobody_can_read_any_more_or_yet_says_so(version):
    with pytest.raises(InvalidSpec, match=f"found {version}"):
        read_stored({"spec_version": version, "instruments": [{"symbol": "GOOG"}]})


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: f"{stored['program']}, {stored['asks']}")
def test_a_question_that_an_earlier_program_stored_is_read_and_keeps_its_hash(stored):
    """Each as the program of that commit stored it, with the hash that it gave it."""
    assert read_stored(stored["spec"]).hash() == stored["hash"]
