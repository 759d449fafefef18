"""How a model is judged, as part of a question."""

from typing import Literal, Self

from pydantic import Field, model_validator

from quant.catalog import Spec, Task

ScoreName = Literal[
    "roc_auc", "log_loss", "brier", "accuracy", "r2", "information_coefficient", "rank_ic", "mean_error", "hit_rate",
    "pinball_loss",
]  # fmt: skip
CLASS_SCORES: tuple[ScoreName, ...] = ("roc_auc", "log_loss", "brier", "accuracy")
NUMBER_SCORES: tuple[ScoreName, ...] = ("r2", "information_coefficient", "rank_ic", "mean_error", "hit_rate")
QUANTILE_SCORES: tuple[ScoreName, ...] = ("pinball_loss",)  # of models that predict quantiles only
LOSSES = frozenset({"log_loss", "brier", "mean_error", "pinball_loss"})

# What a coin gets, and of three classes a die: a target on its other side would be met by guessing. What the classes'
# own shares get is known once there are labels, see `quant.learning.meets_target`. How far off a guess of a return is
# depends on the returns.
GUESSING: dict[ScoreName, float] = {
    "roc_auc": 0.5,
    "log_loss": 0.6931,
    "brier": 0.25,
    "accuracy": 0.5,
    "r2": 0.0,
    "information_coefficient": 0.0,
    "rank_ic": 0.0,
    "hit_rate": 0.5,
}
GUESSING_OF_THREE: dict[ScoreName, float] = {**GUESSING, "log_loss": 1.0986, "brier": 0.3333, "accuracy": 0.3333}


class ValidationSpec(Spec):
    """Walk-forward for the traded curve, purged k-fold inside the training span for choosing the model."""

    train_bars: int = Field(
        default=1000,
        ge=100,
        le=20000,
        description="Bars of the first training window, counted from the first complete bar.",
    )
    test_bars: int = Field(
        default=125, ge=5, le=5000, description="Bars that each walk-forward model trades before the next is trained."
    )
    expanding: bool = Field(
        default=True, description="Keep all earlier bars in training (on), or only the last `train_bars` (off)."
    )
    embargo_bars: int = Field(
        default=5, ge=0, le=500, description="Bars left out beside a test window, beyond those that purging removes."
    )
    n_folds: int = Field(default=5, ge=2, le=20, description="Purged folds inside the first training window.")
    nested: bool = Field(
        default=False,
        description="Choose the model, and tune it if need be, anew for each walk-forward fold, on purged folds inside "
        "its own training rows (on), or once inside the first training window (off).",
    )
    score: ScoreName = Field(default="roc_auc", description="Score by which models are compared on the purged folds.")
    target: float | None = Field(
        default=0.55,
        description="Mean score that counts as good enough. If it is missed, tuning starts; empty: no target.",
    )

    @model_validator(mode="after")
    def _target_is_better_than_guessing(self) -> Self:
        self.check_target("three_way")  # a die is worse than a coin; the label is not known here
        return self

    def check_target(self, task: Task) -> None:
        """Raise ValueError if a target would be met by guessing."""
        guess = (GUESSING_OF_THREE if task == "three_way" else GUESSING).get(self.score)
        if self.target is None or guess is None:
            return
        is_loss = self.score in LOSSES
        if self.target >= guess if is_loss else self.target <= guess:
            guesser = (
                "guessing"
                if guess == GUESSING[self.score] == GUESSING_OF_THREE[self.score]
                else ("a die of three classes" if task == "three_way" else "a coin")
            )
            raise ValueError(
                f"target must be {'below' if is_loss else 'above'} {guess:g}, the {self.score} of {guesser}; "
                f"found {self.target:g}"
            )


class IntervalSpec(Spec):
    """Intervals for the return that follows, from errors of earlier out-of-sample predictions only."""

    level: float = Field(default=0.8, ge=0.5, le=0.99, description="Share of returns that should lie inside.")
    window: int = Field(
        default=500, ge=50, le=5000, description="Latest predictions, with known outcome, that an interval is made of."
    )
    adaptive: bool = Field(
        default=True,
        description="Widen after misses and narrow after hits, so that coverage holds when markets change.",
    )


class TuningSpec(Spec):
    """A search inside the training span, started only when the validation target is missed."""

    method: Literal["random", "grid", "tpe"] = Field(
        default="random",
        description="Parameters at random, on a grid, or where earlier trials did well (`tpe`, tree-structured Parzen "
        "estimators).",
    )
    enabled: bool = Field(default=True, description="Search for better parameters when the target is missed.")
    n_trials: int = Field(default=20, ge=1, le=500, description="Parameter sets to try, all models together.")
    round_size: int = Field(
        default=5,
        ge=1,
        le=50,
        description="Trials of `tpe` that are chosen at once: what they find is learned from together, so that the "
        "number of workers changes no result.",
    )
    time_budget_seconds: int = Field(default=120, ge=5, le=86400, description="Start no further trial after this long.")


class OverfittingSpec(Spec):
    """How luck is looked for, beside counting the trials."""

    n_resamples: int = Field(
        default=199,
        ge=0,
        le=10000,
        description="Times the traded returns are put in another order, in blocks, to see how often the same signals "
        "do as well; 0: never.",
    )
    path_groups: int = Field(
        default=0,
        ge=0,
        le=10,
        description="Groups of bars of combinatorial purged cross-validation: the chosen model is fitted on every "
        "choice of all but some groups, and its predictions make several paths through the same history; 0: none.",
    )
    path_test_groups: int = Field(
        default=2, ge=2, le=3, description="Groups that each of these fits leaves out and predicts."
    )

    n_chance_runs: int = Field(
        default=0,
        ge=0,
        le=500,
        description="Times that all of choosing, tuning and walking forward is repeated on outcomes of other bars, to "
        "see how often it does as well where there is nothing to find; each costs the fits of a run. 0: never.",
    )
    chance_order: Literal["permuted", "bootstrapped"] = Field(
        default="permuted",
        description="Blocks of outcomes are shuffled, so that each comes once, or drawn again and again.",
    )

    @model_validator(mode="after")
    def _most_groups_are_trained_on(self) -> Self:
        if self.path_groups and self.path_groups < 2 * self.path_test_groups:
            raise ValueError(
                f"path_groups must be 0, or at least {2 * self.path_test_groups}: twice path_test_groups, so that at "
                f"least half of the groups are learned from; found {self.path_groups}"
            )
        return self
