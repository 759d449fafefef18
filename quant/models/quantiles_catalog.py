"""Models that predict quantiles of the return: not one number, but between which numbers it will lie."""

from typing import ClassVar, Literal

from pydantic import Field

from quant.models.entry import FloatRange, ModelEntry, SearchRange
from quant.models.trees_catalog import HistogramBoosting, XgBoost


class LinearQuantiles(ModelEntry):
    """Linear quantile regression on standardised features."""

    title: ClassVar[str] = "Linear quantiles of returns"
    summary: ClassVar[str] = (
        "Five straight lines: the median return and the quantiles of 10, 25, 75 and 90 %. Slow beyond 10,000 bars."
    )
    category: ClassVar[str] = "Quantiles of returns"
    implementation: ClassVar[str] = "quant.models.quantiles:linear_quantiles"
    reference: ClassVar[str] = "Koenker and Bassett 1978."
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    predicts_quantiles: ClassVar[bool] = True
    search_space: ClassVar[dict[str, SearchRange]] = {"penalty": FloatRange(low=1e-4, high=0.1, log=True)}

    name: Literal["linear_quantiles"] = "linear_quantiles"
    penalty: float = Field(
        default=0.01,
        ge=0,
        le=100,
        description="Strength of the L1 penalty, in standard deviations of the label; larger drops more features.",
    )


class HistogramBoostingQuantiles(HistogramBoosting):
    """Gradient boosted trees of quantiles on histograms of the features, by scikit-learn."""

    title: ClassVar[str] = "Histogram boosting of quantiles of returns"
    summary: ClassVar[str] = (
        "Boosted trees of the median return, and of the quantiles of 10, 25, 75 and 90 %, each alone."
    )
    category: ClassVar[str] = "Quantiles of returns"
    implementation: ClassVar[str] = "quant.models.quantiles:histogram_boosting_quantiles"
    reference: ClassVar[str] = "Friedman 2001; Koenker and Bassett 1978."
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    predicts_quantiles: ClassVar[bool] = True

    name: Literal["hist_boosting_quantiles"] = "hist_boosting_quantiles"  # type: ignore[assignment]  # of its own


class XgBoostQuantiles(XgBoost):
    """Gradient boosted trees of quantiles by XGBoost."""

    title: ClassVar[str] = "XGBoost of quantiles of returns"
    summary: ClassVar[str] = "Trees of the median return and of the quantiles of 10, 25, 75 and 90 %, boosted together."
    category: ClassVar[str] = "Quantiles of returns"
    implementation: ClassVar[str] = "quant.models.quantiles:xgboost_quantiles"
    reference: ClassVar[str] = "Chen and Guestrin 2016; Koenker and Bassett 1978."
    learns: ClassVar[Literal["classes", "numbers"]] = "numbers"
    predicts_quantiles: ClassVar[bool] = True

    name: Literal["xgboost_quantiles"] = "xgboost_quantiles"  # type: ignore[assignment]  # of its own
