"""The questions that are measured: the example, parts of it switched off or on, and a small one to warm up with."""

from quant.spec import AnalysisSpec
from webapp.services.example import example_spec


def small() -> AnalysisSpec:
    """Return a question that takes well under a second."""
    return AnalysisSpec.model_validate(
        {
            "instruments": [{"symbol": "GOOG"}],
            "end": "2007-12-31",
            "models": [{"name": "logistic"}, {"name": "xgboost", "n_rounds": 10}],
            "validation": {"train_bars": 300, "test_bars": 150, "n_folds": 2, "target": None},
            "audit": {"n_cuts": 1},
        }
    )


def trivial() -> AnalysisSpec:
    """Return a question of which hardly anything is left to do when its costly stages are stored."""
    return _changed(without_extras(small()), models=[{"name": "logistic"}])


def trained() -> AnalysisSpec:
    """Return a question of which the training is left to do when its other costly stages are stored."""
    return _changed(without_extras(small()), models=[{"name": "xgboost", "n_rounds": 50}])


def without_extras(spec: AnalysisSpec) -> AnalysisSpec:
    """Return a question without tuning, importance and audit."""
    return _changed(spec, importance=False, tuning={"enabled": False}, audit={"enabled": False})


def with_extras(spec: AnalysisSpec, *, n_trials: int) -> AnalysisSpec:
    """Return a question with importance, audit, and tuning that no score of a candidate prevents."""
    return _changed(
        spec, importance=True, tuning={"n_trials": n_trials}, audit={"enabled": True}, validation={"target": 0.99}
    )


def tuned(n_trials: int, *, n_trees: int) -> AnalysisSpec:
    """Return a question that is tuned, because no model meets its target, and asks for nothing else that takes long."""
    models = [{"name": "random_forest", "n_trees": n_trees}]
    tuning = {"enabled": True, "n_trials": n_trials, "time_budget_seconds": 3600}
    return _changed(without_extras(small()), models=models, tuning=tuning, validation={"target": 0.99})


def audited() -> AnalysisSpec:
    """Return a question with its audit that fits next to nothing besides: one logistic regression."""
    return AnalysisSpec.model_validate(
        {"instruments": [{"symbol": "GOOG"}], "models": [{"name": "logistic"}], "tuning": {"enabled": False}}
    )


def the_example() -> AnalysisSpec:
    """Return the example analysis, as every new installation runs it."""
    return example_spec()


def _changed(spec: AnalysisSpec, **changes: object) -> AnalysisSpec:
    values = spec.resolved()
    for name, change in changes.items():
        values[name] = {**values[name], **change} if isinstance(change, dict) else change  # type: ignore[dict-item]
    return AnalysisSpec.model_validate(values)
