"""How risk is measured, as part of a question."""

from pydantic import Field

from quant.catalog import Spec


class RiskSpec(Spec):
    """The conventions of the risk measures."""

    risk_free_annual: float = Field(
        default=0.0,
        ge=-0.05,
        le=0.5,
        description=(
            "Risk-free rate a year, as a fraction. Cash in the account earns what `backtest.interest.cash_annual` "
            "says; less than this lowers the ratios."
        ),
    )
    confidence: float = Field(
        default=0.95, ge=0.5, le=0.999, description="Confidence of value at risk and expected shortfall."
    )
    rolling_window: int = Field(default=126, ge=20, le=1000, description="Bars of the rolling measures.")
