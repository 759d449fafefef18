"""How predictions become signals, as part of a question."""

from typing import Literal, Self

from pydantic import Field, model_validator

from quant.catalog import Spec


class StrategySpec(Spec):
    """Thresholds on the predicted probability (of three classes, that of up with half of neither) or return."""

    direction: Literal["long_flat", "long_short"] = Field(
        default="long_flat", description="Long or in cash (`long_flat`), or short as well (`long_short`)."
    )
    enter_above: float = Field(
        default=0.55, ge=0.0, le=1.0, description="Go long when the probability is at least this."
    )
    exit_below: float = Field(
        default=0.50, ge=0.0, le=1.0, description="Leave a long position when the probability falls below this."
    )
    short_below: float = Field(
        default=0.40, ge=0.0, le=1.0, description="Go short when the probability is at most this (`long_short` only)."
    )
    cover_above: float = Field(
        default=0.50, ge=0.0, le=1.0, description="Leave a short position when the probability rises above this."
    )

    enter_return: float = Field(
        default=0.002, ge=-0.5, le=0.5, description="Models of returns: go long when at least this is predicted."
    )
    exit_return: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="Models of returns: leave a long position when less is predicted."
    )
    short_return: float = Field(
        default=-0.004,
        ge=-0.5,
        le=0.5,
        description="Models of returns: go short when at most this is predicted (`long_short` only).",
    )
    cover_return: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="Models of returns: leave a short position when more is predicted."
    )

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        for leave in ("exit_return", "cover_return"):
            if not self.short_return <= getattr(self, leave) <= self.enter_return:
                raise ValueError(
                    f"expected short_return ≤ {leave} ≤ enter_return; "
                    f"found {self.short_return}, {getattr(self, leave)} and {self.enter_return}"
                )
        if not self.short_below <= self.exit_below <= self.enter_above:
            raise ValueError(
                "expected short_below ≤ exit_below ≤ enter_above; "
                f"found {self.short_below}, {self.exit_below} and {self.enter_above}"
            )
        if not self.short_below <= self.cover_above <= self.enter_above:
            raise ValueError(
                "expected short_below ≤ cover_above ≤ enter_above; "
                f"found {self.short_below}, {self.cover_above} and {self.enter_above}"
            )
        return self
