"""Questions to start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quant.spec import AnalysisSpec
from webapp.services.templates import KEPT


@dataclass(frozen=True)
class Template:
    """A named question without instruments: how it differs from the defaults."""

    name: str
    title: str
    summary: str
    changes: Mapping[str, Any]


TEMPLATES: tuple[Template, ...] = (
    Template(
        "quick",
        "Quick look",
        "Two small models and few features: an answer in seconds, rough.",
        {
            "features": [
                {"name": "return", "window": 1},
                {"name": "return", "window": 20},
                {"name": "volatility"},
                {"name": "rsi"},
                {"name": "sma"},
            ],
            "models": [{"name": "logistic"}, {"name": "random_forest", "n_trees": 100}],
            "validation": {"n_folds": 3, "test_bars": 250},
            "tuning": {"enabled": False},
            "audit": {"n_cuts": 3},
        },
    ),
    Template(
        "default",
        "Default",
        "Eleven features, three models, a search for better parameters when none is good enough.",
        {},
    ),
    Template(
        "returns",
        "Predict the return itself",
        "Four models of the size of the return; long when enough is predicted, with intervals.",
        {
            "label": {"name": "forward_return_size"},
            "models": [
                {"name": "ridge"},
                {"name": "random_forest_regression"},
                {"name": "xgboost_regression"},
                {"name": "svm_regression"},
            ],
            "validation": {"score": "rank_ic", "target": 0.05},
        },
    ),
    Template(
        "barriers",
        "Triple barrier",
        "Up first, down first or neither, by barriers as wide as the market is wild; long or short.",
        {
            "label": {"name": "triple_barrier"},
            "strategy": {"direction": "long_short", "enter_above": 0.55, "exit_below": 0.5, "short_below": 0.45},
        },
    ),
    Template(
        "meta",
        "When does a rule pay?",
        "Averages say long or short; the model learns from events when following them pays, and follows them then.",
        {
            "label": {"name": "meta_label", "rule": "crossover"},
            "events": {"at": "cusum", "threshold": 1.0},
            "weights": {"by": "uniqueness"},
            "strategy": {"direction": "long_short", "enter_above": 0.55, "exit_below": 0.5, "short_below": 0.45},
        },
    ),
    Template(
        "rule",
        "A rule alone",
        "No model: long while the average of 20 closes is above that of 50. Other rules stand under Strategy.",
        {"strategy": {"name": "crossover_rule"}},
    ),
    Template(
        "filtered",
        "A rule, filtered by a model",
        "A breakout says when to enter; the model learns when such breakouts pay, and only those are traded.",
        {
            "label": {"name": "meta_label", "rule": "strategy"},
            "strategy": {"name": "filtered_rule", "rule": {"name": "breakout_rule", "direction": "long_short"}},
        },
    ),
    Template(
        "long-short",
        "Long/short with volatility target",
        "Bets on falls as well, and holds less when the market is wild.",
        {
            "strategy": {"direction": "long_short", "enter_above": 0.55, "exit_below": 0.5, "short_below": 0.45},
            "backtest": {"sizing": {"name": "volatility_target", "annualised_volatility": 0.15}},
        },
    ),
)


def from_template(name: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template's question, every default in it, with the instruments and dates of the present one."""
    template = next(template for template in TEMPLATES if template.name == name)
    stand_in = {"instruments": [{"symbol": "X"}], **template.changes}
    resolved = AnalysisSpec.model_validate(stand_in).resolved()
    return {**resolved, "instruments": [], **{key: question[key] for key in KEPT if key in question}}
