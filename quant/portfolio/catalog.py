"""The ways to divide a book among instruments, as part of a question.

Each entry's implementation takes returns, an array of shape (n_returns, n_instruments) without unknown values, and the
entry's parameters as keywords, and returns shares of shape (n_instruments,): none negative, together 1.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from quant.catalog import CatalogEntry, Spec

Covariance = Annotated[
    Literal["ledoit_wolf", "sample"],
    Field(description="Covariance as measured (`sample`), or drawn towards equal variances without correlation."),
]


class AllocationEntry(CatalogEntry):
    """A way to divide the book; `walks` says whether it looks at returns and is asked again from time to time."""

    category: ClassVar[str] = "Risk only"
    walks: ClassVar[bool] = True


class EqualShares(AllocationEntry):
    """The same share for each instrument."""

    title: ClassVar[str] = "Equal shares"
    summary: ClassVar[str] = "The same part of the book for each; hard to beat, because nothing is estimated."
    category: ClassVar[str] = "Nothing estimated"
    implementation: ClassVar[str] = "quant.portfolio.optimisation:equal_shares"
    reference: ClassVar[str] = "DeMiguel, Garlappi and Uppal 2009, Review of Financial Studies 22."
    walks: ClassVar[bool] = False

    name: Literal["equal"] = "equal"


class WalkingEntry(AllocationEntry):
    """An allocation that is estimated from past returns, and again every so many bars."""

    window: int = Field(default=252, ge=20, le=2520, description="Returns of each instrument that it is estimated of.")
    rebalance_bars: int = Field(default=21, ge=1, le=520, description="Bars after which it is estimated again.")


class InverseVolatility(WalkingEntry):
    """Shares in proportion to one over volatility."""

    title: ClassVar[str] = "Inverse volatility"
    summary: ClassVar[str] = "Less of what moves more; correlations are ignored."
    implementation: ClassVar[str] = "quant.portfolio.optimisation:inverse_volatility"
    reference: ClassVar[str] = "Maillard, Roncalli and Teïletche 2010, Journal of Portfolio Management 36(4)."

    name: Literal["inverse_volatility"] = "inverse_volatility"


class MinimumVariance(WalkingEntry):
    """The long-only portfolio of least variance."""

    title: ClassVar[str] = "Minimum variance"
    summary: ClassVar[str] = "The calmest book there was in the window; it may leave instruments out altogether."
    implementation: ClassVar[str] = "quant.portfolio.optimisation:minimum_variance"
    reference: ClassVar[str] = "Markowitz 1952; Ledoit and Wolf 2004, Journal of Multivariate Analysis 88."

    name: Literal["minimum_variance"] = "minimum_variance"
    covariance: Covariance = "ledoit_wolf"


class RiskParity(WalkingEntry):
    """Every instrument contributes the same to the variance of the book."""

    title: ClassVar[str] = "Risk parity"
    summary: ClassVar[str] = "Each instrument brings the same part of the book's risk, correlations counted."
    implementation: ClassVar[str] = "quant.portfolio.optimisation:risk_parity"
    reference: ClassVar[str] = "Maillard, Roncalli and Teïletche 2010; Griveau-Billion, Richard and Roncalli 2013."

    name: Literal["risk_parity"] = "risk_parity"
    covariance: Covariance = "ledoit_wolf"


class HierarchicalRiskParity(WalkingEntry):
    """Inverse variances along a tree of resemblance."""

    title: ClassVar[str] = "Hierarchical risk parity"
    summary: ClassVar[str] = "Those that resemble each other share one part of the book; no matrix is inverted."
    implementation: ClassVar[str] = "quant.portfolio.hierarchy:hierarchical_risk_parity"
    reference: ClassVar[str] = "López de Prado 2016, Journal of Portfolio Management 42(4)."

    name: Literal["hierarchical_risk_parity"] = "hierarchical_risk_parity"
    covariance: Covariance = "sample"


class MaximumSharpe(WalkingEntry):
    """The long-only portfolio of the highest ratio of mean return to deviation."""

    title: ClassVar[str] = "Maximum Sharpe ratio"
    summary: ClassVar[str] = "The best ratio of mean return to risk in the window; means are drawn towards each other."
    category: ClassVar[str] = "Risk and return"
    implementation: ClassVar[str] = "quant.portfolio.optimisation:maximum_sharpe"
    reference: ClassVar[str] = "Tobin 1958; Jorion 1986, Journal of Financial and Quantitative Analysis 21(3)."

    name: Literal["maximum_sharpe"] = "maximum_sharpe"
    covariance: Covariance = "ledoit_wolf"
    shrink_means: bool = Field(
        default=True,
        description="Draw mean returns towards that of the calmest portfolio, the more the less is known.",
    )


class BlackLitterman(WalkingEntry):
    """What equal shares would have to be expected to earn, blended with what the instruments did earn."""

    title: ClassVar[str] = "Black-Litterman"
    summary: ClassVar[str] = (
        "Begins at equal shares, and leans towards what rose in the window as far as it is trusted."
    )
    category: ClassVar[str] = "Risk and return"
    implementation: ClassVar[str] = "quant.portfolio.optimisation:black_litterman"
    reference: ClassVar[str] = "Black and Litterman 1992; He and Litterman 1999; Idzorek 2005."

    name: Literal["black_litterman"] = "black_litterman"
    covariance: Covariance = "ledoit_wolf"
    confidence: float = Field(
        default=0.25, ge=0, le=0.99, description="Trust in the mean returns of the window; 0 gives equal shares."
    )
    risk_aversion: float = Field(
        default=2.5, gt=0, le=50, description="Return that is asked for each unit of variance, in equilibrium."
    )


AllocationSpec = Annotated[
    EqualShares
    | InverseVolatility
    | MinimumVariance
    | RiskParity
    | HierarchicalRiskParity
    | MaximumSharpe
    | BlackLitterman,
    Field(discriminator="name"),
]
ALLOCATIONS: tuple[type[AllocationEntry], ...] = (
    EqualShares,
    InverseVolatility,
    MinimumVariance,
    RiskParity,
    HierarchicalRiskParity,
    MaximumSharpe,
    BlackLitterman,
)


AllocationName = Literal[
    "equal",
    "inverse_volatility",
    "minimum_variance",
    "risk_parity",
    "hierarchical_risk_parity",
    "maximum_sharpe",
    "black_litterman",
]


class BooksSpec(Spec):
    """How capital is divided among finished accounts, and divided again."""

    method: AllocationName = Field(
        default="hierarchical_risk_parity", description="How to divide; its other parameters stand at their defaults."
    )
    window: int = Field(default=126, ge=20, le=2520, description="Returns before the first division, and of each.")
    rebalance_bars: int = Field(default=21, ge=1, le=520, description="Bars after which capital is divided again.")
    cost_bps: float = Field(
        default=5.0,
        ge=0,
        le=1000,
        description="Cost of moving capital between accounts, in basis points of what moves.",
    )

    @property
    def allocation(self) -> AllocationEntry:
        """The entry of the catalogue that divides."""
        entry = next(each for each in ALLOCATIONS if each.model_fields["name"].default == self.method)
        if not entry.walks:
            return entry()
        return entry.model_validate({"window": self.window, "rebalance_bars": self.rebalance_bars})
