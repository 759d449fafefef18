"""Cross-asset: an instrument beside another one of the question."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry


def closes_of(symbol: str) -> str:
    """Return the column in which the closes of another instrument stand beside the prices of one.

    Examples
    --------
    >>> closes_of("SPY"), closes_of("")
    ('close of SPY', 'close of the first instrument')
    """
    return f"close of {symbol or 'the first instrument'}"


class CrossAssetEntry(FeatureEntry):
    """A feature of the closes of two instruments."""

    category: ClassVar[str] = "Cross-asset"
    version: ClassVar[int] = 2

    against: str = Field(
        default="",
        max_length=32,
        pattern=r"^[A-Za-z0-9^./_=-]*$",
        description=(
            "Symbol of the other instrument, one of the question's; empty: the first of them. Where that has no bar "
            "the feature is unknown: let the preparation impute it."
        ),
        json_schema_extra={"x-choice-of": "instruments"},
    )

    @property
    def others(self) -> tuple[str, ...]:
        """The other instrument."""
        return (self.against,)

    @property
    def needs(self) -> tuple[str, ...]:
        """Both closes."""
        return ("close", closes_of(self.against))

    @property
    def columns(self) -> tuple[str, ...]:
        """The other instrument stands in the name."""
        return (self.column().replace("__", "_first_", 1),) if not self.against else (self.column(),)


class Beta(CrossAssetEntry):
    """Slope of the returns on those of the other instrument."""

    title: ClassVar[str] = "Beta"
    summary: ClassVar[str] = "How much of a move of another instrument this one makes too; 0 if that does not move."
    implementation: ClassVar[str] = "quant.features.cross_asset:beta_feature"
    reference: ClassVar[str] = "Sharpe 1964, Journal of Finance 19(3), 425; of plain returns."

    name: Literal["beta"] = "beta"
    window: int = Field(default=60, ge=10, le=504, description="Returns to look back.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class Correlation(CrossAssetEntry):
    """Correlation of the returns with those of the other instrument."""

    title: ClassVar[str] = "Correlation"
    summary: ClassVar[str] = "How closely returns go together with those of another instrument, from -1 to 1."
    implementation: ClassVar[str] = "quant.features.cross_asset:correlation_feature"
    reference: ClassVar[str] = "Pearson 1895, Proceedings of the Royal Society 58, 240."

    name: Literal["correlation"] = "correlation"
    window: int = Field(default=60, ge=10, le=504, description="Returns to look back.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class Spread(CrossAssetEntry):
    """Distance of the ratio of the closes from its mean, in deviations."""

    title: ClassVar[str] = "Spread"
    summary: ClassVar[str] = (
        "How far the price stands from its usual ratio to that of another instrument, in standard deviations."
    )
    implementation: ClassVar[str] = "quant.features.cross_asset:spread_feature"
    reference: ClassVar[str] = (
        "Gatev, Goetzmann & Rouwenhorst 2006, Review of Financial Studies 19(3), 797, with a ratio in place of a "
        "difference."
    )

    name: Literal["spread"] = "spread"
    window: int = Field(default=60, ge=10, le=504, description="Bars of the usual ratio.")

    @property
    def warm_up(self) -> int:
        """The usual ratio is that of `window` closes."""
        return self.window - 1


class PriceRatio(CrossAssetEntry):
    """Ratio of the closes over its mean."""

    title: ClassVar[str] = "Price ratio"
    summary: ClassVar[str] = (
        "Price over that of another instrument, against the mean of that ratio: above 0 it has gained on the other."
    )
    implementation: ClassVar[str] = "quant.features.cross_asset:ratio_feature"
    reference: ClassVar[str] = "Levy 1967, Journal of Finance 22(4), 595: relative strength."

    name: Literal["price_ratio"] = "price_ratio"
    window: int = Field(default=60, ge=2, le=504, description="Bars of the mean ratio.")

    @property
    def warm_up(self) -> int:
        """The mean ratio is that of `window` closes."""
        return self.window - 1


CrossAssetFeature: TypeAlias = Beta | Correlation | Spread | PriceRatio
