"""Structural breaks: whether the price still moves as it did."""

from typing import ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from quant.features.catalog.entry import FeatureEntry


class CusumBreak(FeatureEntry):
    """Departure from a past level by more than chance explains."""

    title: ClassVar[str] = "CUSUM break"
    summary: ClassVar[str] = (
        "Farthest departure from a level of the window, over what chance reaches on its side in one of twenty: a break "
        "beyond 1 or -1."
    )
    category: ClassVar[str] = "Structural breaks"
    implementation: ClassVar[str] = "quant.features.breaks:cusum_feature"
    reference: ClassVar[str] = (
        "Chu, Stinchcombe & White 1996, Econometrica 64(5), 1045, on levels; López de Prado 2018, section 17.3.2."
    )

    name: Literal["cusum_break"] = "cusum_break"
    window: int = Field(default=100, ge=10, le=504, description="Returns to look back.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class ExplosiveRoot(FeatureEntry):
    """Supremum of augmented Dickey-Fuller statistics that end at the bar."""

    title: ClassVar[str] = "SADF"
    summary: ClassVar[str] = (
        "Greatest Dickey-Fuller statistic of the histories that end here: high when the price runs away from itself, "
        "as in a bubble."
    )
    category: ClassVar[str] = "Structural breaks"
    version: ClassVar[int] = 3
    implementation: ClassVar[str] = "quant.features.breaks:sadf_feature"
    reference: ClassVar[str] = (
        "Phillips, Wu & Yu 2011, International Economic Review 52(1), 201; López de Prado 2018, section 17.4.2, with "
        "starts no farther back than the window."
    )

    name: Literal["sadf"] = "sadf"
    window: int = Field(default=120, ge=40, le=400, description="Closes of the longest history.")
    min_rows: int = Field(default=40, ge=20, le=200, description="Rows of the shortest regression.")
    n_lags: int = Field(default=1, ge=0, le=3, description="Earlier changes that are taken into account.")

    @model_validator(mode="after")
    def _rows_fit_into_the_window(self) -> Self:
        if self.min_rows + self.n_lags + 1 > self.window:
            raise ValueError(
                f"min_rows and n_lags must leave room in the window: at most {self.window - self.n_lags - 1} rows of "
                f"{self.window} closes with {self.n_lags} lags; found {self.min_rows}"
            )
        return self

    @property
    def warm_up(self) -> int:
        """The longest history has `window` closes."""
        return self.window - 1


BreakFeature: TypeAlias = CusumBreak | ExplosiveRoot
