"""The whole question: one class that the form, the REST body, the database, the worker and the docs share."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from quant.backtest.catalog import BacktestSpec
from quant.bars.day_catalog import BarsSpec, DailyBars
from quant.catalog import Session, Spec
from quant.data.catalog import CleaningSpec, InstrumentSpec
from quant.errors import InvalidSpec
from quant.features.catalog import (
    AverageTrueRange,
    BollingerBands,
    ExponentialMovingAverage,
    FeatureSpec,
    FractionalDifference,
    Macd,
    RelativeStrengthIndex,
    RelativeVolume,
    Return,
    SimpleMovingAverage,
    Volatility,
)
from quant.labels.catalog import EventSpec, ForwardReturn, LabelSpec, MetaLabel, TripleBarrier, WeightSpec
from quant.models.catalog import (
    MODELS,
    CalibrationSpec,
    LogisticRegression,
    ModelEntry,
    ModelSpec,
    RandomForest,
    XgBoost,
)
from quant.models.explanation_catalog import ExplanationSpec
from quant.portfolio.catalog import AllocationSpec, EqualShares
from quant.risk.catalog import RiskSpec
from quant.stages import hash_json
from quant.strategies.catalog import (
    BetSize,
    FilteredRule,
    ForecastEntry,
    PairSpread,
    RankOfForecasts,
    RuleEntry,
    StrategySpec,
    Thresholds,
)
from quant.strategies.combinations import checked_sweep, combine
from quant.strategies.sweep_catalog import SweepSpec
from quant.transforms.catalog import ChooseOrder, Impute, TransformSpec
from quant.validation.catalog import (
    CLASS_SCORES,
    NUMBER_SCORES,
    QUANTILE_SCORES,
    IntervalSpec,
    OverfittingSpec,
    TuningSpec,
    ValidationSpec,
)

SPEC_VERSION: Literal[1] = 1

# From each earlier version of the form to the next: a question stored under it, as JSON, in and out. What only adds
# fields with defaults needs none. The stored question itself is never rewritten.
UPGRADERS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

# What a rule of prices alone has no use for. It stands at its defaults, whatever was said, so that two questions that
# ask the same have one hash.
LEARNING: tuple[str, ...] = (
    "features", "preparation", "label", "events", "weights", "models", "validation", "tuning", "intervals",
    "calibration", "explanation", "importance",
)  # fmt: skip


def _default_features() -> tuple[FeatureSpec, ...]:
    return (
        Return(window=1),
        Return(window=5),
        Return(window=20),
        Volatility(),
        RelativeVolume(),
        SimpleMovingAverage(),
        ExponentialMovingAverage(),
        RelativeStrengthIndex(),
        Macd(),
        BollingerBands(),
        AverageTrueRange(),
    )


def _default_models() -> tuple[ModelSpec, ...]:
    return (LogisticRegression(), RandomForest(), XgBoost())


def _without_negative_zero(value: Any) -> Any:
    """Return JSON in which −0.0 is 0.0: the two are equal, so questions that differ in it must hash alike."""
    if isinstance(value, dict):
        return {key: _without_negative_zero(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_negative_zero(item) for item in value]
    return value + 0.0 if isinstance(value, float) else value


def _without_later(entry: ModelEntry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's parameters without those that it did not always have and that stand at their defaults."""
    usual = type(entry)().model_dump(mode="json")
    later = entry.later_parameters
    return {name: value for name, value in asked.items() if name not in later or value != usual[name]}


# Parts of an account that it did not always have.
_LATER_OF_BACKTESTS = ("entry", "exits", "liquidity", "interest", "margin", "touched_limits", "delisting")


def _later_defaults() -> dict[str, Any]:
    """Return what questions did not always have: whole parts, or fields of parts, each with its default."""
    backtest = BacktestSpec().model_dump(mode="json")
    strategy, tuning = (part.model_dump(mode="json") for part in (Thresholds(), TuningSpec()))
    barriers = TripleBarrier().model_dump(mode="json")
    returns = ("enter_return", "exit_return", "short_return", "cover_return")
    return {
        "bars": DailyBars().model_dump(mode="json"),
        "label": {name: barriers[name] for name in ("stop_width", "path")},
        "preparation": [],
        "allocation": EqualShares().model_dump(mode="json"),
        "events": EventSpec().model_dump(mode="json"),
        "weights": WeightSpec().model_dump(mode="json"),
        "calibration": CalibrationSpec().model_dump(mode="json"),
        "explanation": ExplanationSpec().model_dump(mode="json"),
        "intervals": IntervalSpec().model_dump(mode="json"),
        "overfitting": OverfittingSpec().model_dump(mode="json"),
        "strategy": {name: strategy[name] for name in ("name", *returns)} | {"hedge": PairSpread().hedge},
        "sweep": SweepSpec().model_dump(mode="json"),
        "backtest": {name: backtest[name] for name in _LATER_OF_BACKTESTS},
        "validation": {"nested": False},
        "tuning": {name: tuning[name] for name in ("method", "round_size")},
    }


class AuditSpec(Spec):
    """How the finished run is searched for look-ahead."""

    enabled: bool = Field(default=True, description="Recompute the run on shortened history and compare.")
    n_cuts: int = Field(default=8, ge=1, le=100, description="Places at which the history is cut off.")


class AnalysisSpec(Spec):
    """The question: would this model on these instruments have made money, and should one believe it.

    Frozen; unknown fields are refused. `resolved()` is what is stored and hashed.
    """

    spec_version: Literal[1] = Field(default=SPEC_VERSION, description="Version of this form of the question.")
    instruments: tuple[InstrumentSpec, ...] = Field(min_length=1, max_length=20, description="What is traded.")
    interval: Literal["1d"] = Field(default="1d", description="Length of a bar of the source.")
    start: Session | None = Field(default=None, description="First session to use; empty: the first there is.")
    end: Session | None = Field(default=None, description="Last session to use; empty: the last there is.")
    bars: BarsSpec = Field(
        default_factory=DailyBars,
        description="What is traded and learned from: days, or longer bars gathered from them.",
    )
    cleaning: CleaningSpec = Field(default_factory=CleaningSpec, description="What is done to bars first.")
    features: tuple[FeatureSpec, ...] = Field(
        default_factory=_default_features, min_length=1, max_length=60, description="What the models see at each close."
    )
    preparation: tuple[TransformSpec, ...] = Field(
        default=(),
        max_length=8,
        description="What is done to features first, in this order; fitted on the training rows of each fold.",
    )
    label: LabelSpec = Field(default_factory=ForwardReturn, description="What the models learn to predict.")
    events: EventSpec = Field(default_factory=EventSpec, description="Which bars are learned from and scored.")
    weights: WeightSpec = Field(default_factory=WeightSpec, description="How much each sample weighs in learning.")
    models: tuple[ModelSpec, ...] = Field(
        default_factory=_default_models,
        min_length=1,
        max_length=10,
        description="Candidates; the best on the purged folds is traded.",
    )
    calibration: CalibrationSpec = Field(
        default_factory=CalibrationSpec, description="Whether probabilities are corrected."
    )
    validation: ValidationSpec = Field(default_factory=ValidationSpec, description="How models are judged.")
    tuning: TuningSpec = Field(default_factory=TuningSpec, description="What happens when no model is good enough.")
    intervals: IntervalSpec = Field(default_factory=IntervalSpec, description="How sure predictions are.")
    strategy: StrategySpec = Field(
        default_factory=Thresholds,
        description="What is held: by predictions, by a rule of prices alone, which needs no model, or by both.",
    )
    sweep: SweepSpec = Field(
        default_factory=SweepSpec,
        description="Which numbers of a rule are varied, to ask about many combinations at once.",
    )
    allocation: AllocationSpec = Field(
        default_factory=EqualShares, description="How the book is divided among instruments."
    )
    backtest: BacktestSpec = Field(default_factory=BacktestSpec, description="How signals are executed.")
    risk: RiskSpec = Field(default_factory=RiskSpec, description="How risk is measured.")
    audit: AuditSpec = Field(default_factory=AuditSpec, description="How the run is searched for look-ahead.")
    overfitting: OverfittingSpec = Field(default_factory=OverfittingSpec, description="How luck is looked for.")
    explanation: ExplanationSpec = Field(
        default_factory=ExplanationSpec, description="What else is looked at in the chosen model."
    )
    importance: bool = Field(default=True, description="Measure which features mattered.")
    seed: int = Field(default=20240101, ge=0, le=2**31 - 1, description="Start of every random number.")

    @field_validator("label", mode="before")
    @classmethod
    def _label_is_named(cls, label: object) -> object:
        """Take a label without a name for the first there was: questions were once asked so."""
        return {"name": "forward_return", **label} if isinstance(label, dict) else label

    @field_validator("strategy", mode="before")
    @classmethod
    def _strategy_is_named(cls, strategy: object) -> object:
        """Take a strategy without a name for the first there was, like a label."""
        return {"name": "thresholds", **strategy} if isinstance(strategy, dict) else strategy

    @field_validator("sweep")
    @classmethod
    def _sweep_fits_the_rule(cls, sweep: SweepSpec, info: ValidationInfo) -> SweepSpec:
        return checked_sweep(sweep, info.data.get("strategy"))

    @field_validator("instruments")
    @classmethod
    def _instruments_differ(cls, instruments: tuple[InstrumentSpec, ...]) -> tuple[InstrumentSpec, ...]:
        if len(set(instruments)) != len(instruments):
            raise ValueError("expected each instrument once; found one of them twice")
        return instruments

    @field_validator("features")
    @classmethod
    def _columns_differ(cls, features: tuple[FeatureSpec, ...]) -> tuple[FeatureSpec, ...]:
        columns = [column for feature in features for column in feature.columns]
        if len(set(columns)) != len(columns):
            twice = sorted({column for column in columns if columns.count(column) > 1})
            raise ValueError(f"expected each feature once; found {', '.join(twice)} twice")
        return features

    @field_validator("preparation")
    @classmethod
    def _steps_in_order(cls, steps: tuple[TransformSpec, ...]) -> tuple[TransformSpec, ...]:
        if len({step.name for step in steps}) != len(steps):
            raise ValueError("expected each step of the preparation once; found one of them twice")
        imputed = next((place for place, step in enumerate(steps) if isinstance(step, Impute)), None)
        for step in steps[:imputed] if imputed is not None else ():
            if not step.takes_unknown:
                raise ValueError(
                    f"expected {Impute.title!r} before {type(step).title!r}, which takes no unknown value; "
                    "found it after"
                )
        return steps

    @model_validator(mode="after")
    def _orders_to_choose_among(self) -> Self:
        place = next((place for place, step in enumerate(self.preparation) if isinstance(step, ChooseOrder)), None)
        if place is None:
            return self
        orders = {feature.order for feature in self.features if isinstance(feature, FractionalDifference)}
        if len(orders) < 2:  # noqa: PLR2004  # one is no choice
            raise ValueError(
                f"{ChooseOrder.title!r} asks for features {FractionalDifference.title!r} of at least two orders; found "
                f"{len(orders)}"
            )
        if place > 0:
            raise ValueError(f"expected {ChooseOrder.title!r} before all other steps; found it as number {place + 1}")
        return self

    @field_validator("models")
    @classmethod
    def _models_differ(cls, models: tuple[ModelSpec, ...]) -> tuple[ModelSpec, ...]:
        if len(set(models)) != len(models):
            raise ValueError("expected each model once with the same parameters; found one of them twice")
        return models

    @model_validator(mode="after")
    def _rules_learn_nothing(self) -> Self:
        if self.rule is not None:
            fields = type(self).model_fields
            self.__dict__.update({part: fields[part].get_default(call_default_factory=True) for part in LEARNING})
            self.__dict__["overfitting"] = OverfittingSpec(n_resamples=self.overfitting.n_resamples)
        return self

    @model_validator(mode="after")
    def _dates_in_order(self) -> Self:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"start must be before end; found start {self.start} and end {self.end}")
        return self

    @model_validator(mode="after")
    def _models_and_score_fit_the_label(self) -> Self:
        learns = "numbers" if self.label.task == "regression" else "classes"
        others = [type(model).title for model in self.models if type(model).learns != learns]
        if others:
            fitting = ", ".join(each.title for each in MODELS if each.learns == learns)
            raise ValueError(
                f"the label {type(self.label).title!r} asks for models that predict {learns} ({fitting}); "
                f"found {', '.join(others)}"
            )
        scores = NUMBER_SCORES if learns == "numbers" else CLASS_SCORES
        if learns == "numbers" and all(type(model).predicts_quantiles for model in self.models):
            scores = (*scores, *QUANTILE_SCORES)
        elif self.validation.score in QUANTILE_SCORES:
            fitting = ", ".join(each.title for each in MODELS if each.predicts_quantiles)
            raise ValueError(
                f"the score {self.validation.score} asks for models that predict quantiles, and for no others "
                f"({fitting}); found {', '.join(type(model).title for model in self.models)}"
            )
        if self.validation.score not in scores:
            raise ValueError(
                f"the label {type(self.label).title!r} asks for one of the scores {', '.join(scores)}; "
                f"found {self.validation.score}"
            )
        return self

    @model_validator(mode="after")
    def _target_is_better_than_guessing(self) -> Self:
        self.validation.check_target(self.label.task)
        return self

    @model_validator(mode="after")
    def _explanation_fits(self) -> Self:
        self.explanation.check_columns([column for feature in self.features for column in feature.columns])
        combining = [type(step).title for step in self.preparation if type(step).combines]
        self.explanation.check_models([type(model) for model in self.models], MODELS, combining)
        return self

    @model_validator(mode="after")
    def _models_take_the_weights(self) -> Self:
        others = [type(model).title for model in self.models if not type(model).takes_weights]
        if self.weights.is_used and others:
            raise ValueError(
                f"weights ask for models that samples can be weighted for; found {', '.join(others)}. Leave "
                f"{'it' if len(others) == 1 else 'them'} out, or let samples weigh the same"
            )
        if self.weights.balanced and self.label.task == "regression":
            raise ValueError(
                f"weights.balanced asks for a label of classes; found {type(self.label).title!r}, which is a number"
            )
        return self

    @model_validator(mode="after")
    def _what_is_calibrated_is_a_probability(self) -> Self:
        if self.calibration.is_used and self.label.task == "regression":
            raise ValueError(
                f"calibration.method asks for a label of classes; found {type(self.label).title!r}, which is a number: "
                "set it to none"
            )
        return self

    @model_validator(mode="after")
    def _strategy_fits(self) -> Self:
        strategy, n_instruments = self.strategy, len(self.instruments)
        if isinstance(strategy, RankOfForecasts) and n_instruments < max(2, strategy.n_parts):
            raise ValueError(
                f"{strategy.title!r} asks for at least {max(2, strategy.n_parts)} instruments; found {n_instruments}"
            )
        if isinstance(strategy, PairSpread) and n_instruments != strategy.n_instruments:
            raise ValueError(f"{strategy.title!r} asks for {strategy.n_instruments} instruments; found {n_instruments}")
        if isinstance(strategy, RankOfForecasts | PairSpread) and self.allocation.walks:
            raise ValueError(
                f"{strategy.title!r} divides the book itself and asks for equal shares; found "
                f"{type(self.allocation).title!r}"
            )
        if isinstance(strategy, BetSize) and self.label.task == "regression":
            raise ValueError(
                f"{strategy.title!r} asks for a label of classes; found {type(self.label).title!r}, which is a number"
            )
        if isinstance(strategy, FilteredRule) != self.label_takes_the_rule:
            raise ValueError(
                f"{FilteredRule.title!r} and the label {MetaLabel.title!r} with the rule of the strategy ask for each "
                f"other; found {strategy.title!r} and {type(self.label).title!r}"
            )
        return self

    @model_validator(mode="after")
    def _other_instruments_are_there(self) -> Self:
        symbols = [instrument.symbol for instrument in self.instruments]
        for feature in self.features:
            for symbol in feature.others:
                if len(symbols) == 1:
                    raise ValueError(f"{feature.title!r} asks for a second instrument; found {symbols[0]} alone")
                if symbol and symbols.count(symbol) != 1:
                    found = "more than one of that symbol" if symbol in symbols else ", ".join(symbols)
                    raise ValueError(
                        f"{feature.title!r} asks for one instrument of the question, against {symbol!r}; found {found}"
                    )
        return self

    @model_validator(mode="after")
    def _bars_fit(self) -> Self:
        days = [type(feature).title for feature in self.features if feature.needs_days]
        self.bars.check(len(self.instruments), self.backtest.sizing.name, days)
        return self

    def position_of(self, symbol: str) -> int:
        """Return where an instrument stands that a feature names; an empty symbol is the first."""
        return next((place for place, each in enumerate(self.instruments) if each.symbol == symbol), 0)

    @property
    def rule(self) -> RuleEntry | None:
        """The rule of prices alone that is asked about, if the question has no model."""
        return self.strategy if isinstance(self.strategy, RuleEntry) else None

    @property
    def label_takes_the_rule(self) -> bool:
        """Whether what is learned is when to follow the rule of the strategy."""
        return isinstance(self.label, MetaLabel) and self.label.rule == "strategy"

    @property
    def followed(self) -> RuleEntry | None:
        """The rule that a model decides to follow or not."""
        return self.strategy.rule if isinstance(self.strategy, FilteredRule) else None

    @property
    def fills_in(self) -> bool:
        """Whether unknown features are filled in, so that they do not stop the run."""
        return any(isinstance(step, Impute) for step in self.preparation)

    @property
    def warm_up(self) -> int:
        """Number of leading bars of each instrument before every feature is known and has forgotten its seed."""
        if self.rule is not None:
            return combine(self.rule, self.sweep.axes).warm_up if self.sweep.is_used else self.rule.begins_after
        return max(feature.settled_after for feature in self.features)

    def resolved(self) -> dict[str, object]:
        """Return every field, defaults included, as JSON values: what is stored at submission."""
        resolved: dict[str, object] = _without_negative_zero(self.model_dump(mode="json"))
        return resolved

    def hash(self) -> str:
        """Return the SHA-256 of the resolved question.

        Fields that came later count only where they differ from their defaults: a question that was stored before
        there were any keeps its hash.
        """
        question, usual = self.resolved(), _later_defaults()
        for part, fields in usual.items():
            asked: Any = question[part]
            if isinstance(asked, dict):
                kept = {name: value for name, value in asked.items() if name not in fields or value != fields[name]}
            else:
                kept = {} if asked == fields else asked
            question[part] = kept
            if not kept:
                del question[part]
        models: Any = question["models"]
        question["models"] = [_without_later(entry, asked) for entry, asked in zip(self.models, models, strict=True)]
        return hash_json(question)


def forecast_strategy(spec: AnalysisSpec) -> ForecastEntry:
    """Return the strategy of a question that has predictions."""
    if not isinstance(spec.strategy, ForecastEntry):
        raise TypeError(f"Expected a strategy of predictions; found {type(spec.strategy).__name__}.")
    return spec.strategy


def read_stored(stored: Mapping[str, Any]) -> AnalysisSpec:
    """Return a question that was stored by this program or an earlier one.

    Parameters
    ----------
    stored : mapping
        The resolved question, as JSON.

    Returns
    -------
    AnalysisSpec
        In today's form.

    Raises
    ------
    InvalidSpec
        If it was stored by a later program, or none can read it any more.
    """
    question = dict(stored)
    version = question.get("spec_version", 1)
    while version in UPGRADERS:
        question = UPGRADERS[version](question)
        version = question["spec_version"]
    if version != SPEC_VERSION:
        raise InvalidSpec(
            f"Expected a question of version {SPEC_VERSION} or an earlier one; found {version}. A later version of the "
            "program asked it: run it there, or upgrade.",
            field="spec_version",
        )
    return AnalysisSpec.model_validate(question)
