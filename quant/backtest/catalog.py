"""How signals become positions and what trading costs, as parts of a question."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quant.catalog import Spec


class FixedFraction(Spec):
    """The same share of equity in every position."""

    name: Literal["fixed_fraction"] = "fixed_fraction"
    fraction: float = Field(
        default=1.0,
        gt=0,
        le=4,
        description="Share of equity to hold, over all instruments together; above 1 it is borrowed.",
    )


class VolatilityTarget(Spec):
    """Larger when calm, smaller when wild: a position sized to a target volatility."""

    name: Literal["volatility_target"] = "volatility_target"
    annualised_volatility: float = Field(
        default=0.15, gt=0, le=2, description="Volatility a year to aim at, as a fraction."
    )
    window: int = Field(default=60, ge=5, le=520, description="Returns from which the volatility is measured.")
    max_fraction: float = Field(
        default=1.0,
        gt=0,
        le=4,
        description="Greatest share of equity, however calm it is, over all instruments together.",
    )


class Kelly(Spec):
    """A part of the share that would have grown the money fastest on the signals before; none while they are few."""

    name: Literal["kelly"] = "kelly"
    part: float = Field(default=0.5, gt=0, le=1, description="Part of the Kelly fraction to hold: a half is usual.")
    window: int = Field(
        default=126, ge=20, le=2520, description="Latest bars with a signal from which it is estimated; not fewer."
    )
    max_fraction: float = Field(
        default=1.0, gt=0, le=4, description="Greatest share of equity, however good it was, over all instruments."
    )


SizingSpec = Annotated[FixedFraction | VolatilityTarget | Kelly, Field(discriminator="name")]


class CostSpec(Spec):
    """What trading costs."""

    commission_bps: float = Field(
        default=5.0, ge=0, le=1000, description="Commission a side, in basis points of traded value."
    )
    commission_per_share: float = Field(
        default=0.0, ge=0, le=10, description="Commission a side for each share, in money."
    )
    commission_minimum: float = Field(default=0.0, ge=0, le=1000, description="Least commission of one fill, in money.")
    slippage_bps: float = Field(
        default=5.0, ge=0, le=1000, description="How much worse than the open each fill is, in basis points."
    )
    borrow_annual: float = Field(
        default=0.01,
        ge=0,
        le=2,
        description="Fee a year on the value of short positions, as a fraction, by calendar day.",
    )


class LiquiditySpec(Spec):
    """What the market gives: its spread, how an order moves it, and how much of a bar one order may be."""

    half_spread_bps: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="Half of the quoted spread, in basis points, that an order at the market pays beside slippage.",
    )
    impact_bps: float = Field(
        default=0.0,
        ge=0,
        le=2000,
        description="How much worse a fill of a bar's whole volume would be, in basis points; 0: size moves no price.",
    )
    impact_shape: Literal["square_root", "linear"] = Field(
        default="square_root", description="What of the share of the bar's volume the impact grows with."
    )
    max_volume_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Greatest share of a bar's volume that is filled; empty: fills do not look at volume.",
    )
    unfilled: Literal["waits", "dropped"] = Field(
        default="waits",
        description="What becomes of the rest: it waits for the next bar, or is dropped until the next decision.",
    )

    @property
    def looks_at_volume(self) -> bool:
        """Whether fills depend on the volume of their bars."""
        return self.max_volume_share is not None or self.impact_bps > 0.0


class InterestSpec(Spec):
    """What money earns and costs, by calendar day."""

    cash_annual: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description=(
            "Rate a year on cash, as a fraction; not on the value of what is sold short. Ratios subtract "
            "the risk-free rate (Risk): with 0 here, cash lags behind it."
        ),
    )
    debt_annual: float = Field(
        default=0.0, ge=0, le=1, description="Rate a year on borrowed cash, as a fraction; 0: leverage is free."
    )


class EntrySpec(Spec):
    """How positions are opened and enlarged: at the market, or by an order that lies there for some bars."""

    order: Literal["market", "limit", "stop", "stop_limit"] = Field(
        default="market", description="At the next open, or when a price is reached. Positions are left at the market."
    )
    distance: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        description=(
            "How far the order lies from the close at which it is decided, as a fraction: a limit on the better side, "
            "a stop on the worse one."
        ),
    )
    limit_distance: float = Field(
        default=0.005, ge=0, le=0.5, description="How far beyond its stop a stop-limit order still buys, as a fraction."
    )
    valid_bars: int = Field(
        default=1,
        ge=1,
        le=250,
        description="Bars for which the order lies; then the signal, if it lasts, places another.",
    )

    @property
    def is_used(self) -> bool:
        """Whether orders lie in the market."""
        return self.order != "market"


class MarginSpec(Spec):
    """How much may be held beside the equity, and what happens when equity falls short of it."""

    max_leverage: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="Greatest gross exposure that orders plan for, as a multiple of equity; empty: no limit.",
    )
    maintenance: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description=(
            "Least equity at a close, as a fraction of the gross exposure; below it, everything held is reduced at the "
            "next open, in one part, to where it is met. Empty: no margin calls."
        ),
    )

    @model_validator(mode="after")
    def _leverage_is_within_the_margin(self) -> Self:
        if self.max_leverage and self.maintenance and self.max_leverage * self.maintenance > 1.0:
            raise ValueError(
                f"expected a leverage of at most 1 / maintenance = {1.0 / self.maintenance:g}; found "
                f"{self.max_leverage:g}, which would be called at once"
            )
        return self

    @property
    def is_used(self) -> bool:
        """Whether there is a limit or a margin."""
        return (self.max_leverage, self.maintenance) != (None, None)


class DelistingSpec(Spec):
    """What becomes of a position in an instrument whose bars end before those of the account do."""

    after_bars: int = Field(
        default=5,
        ge=1,
        le=250,
        description=(
            "Bars of the account after the last one of an instrument at which what is held of it is settled. One that "
            "has a bar again later was halted, and is never settled."
        ),
    )
    assumed_return: float = Field(
        default=0.0,
        ge=-1,
        le=1,
        description=(
            "What is paid out, as a return on the last price; 0: the last price. Of shares delisted for poor "
            "performance it was about -0.3 on the large exchanges (Shumway 1997), -0.55 on Nasdaq."
        ),
    )


class ExitSpec(Spec):
    """Orders that protect what is held: they lie in the market from the fill that opened it."""

    stop_loss: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Leave at this fraction against the average entry price; empty: no stop-loss.",
    )
    take_profit: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="Leave at this fraction in favour of the average entry price; empty: no take-profit.",
    )
    trailing_stop: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Leave at this fraction against the best price since, moved on at each close; empty: none.",
    )
    intrabar: Literal["stop_first", "target_first"] = Field(
        default="stop_first",
        description="What a bar that touches both a stop and the take-profit is taken to have touched first.",
    )

    @property
    def is_used(self) -> bool:
        """Whether any such order is asked for."""
        return (self.stop_loss, self.take_profit, self.trailing_stop) != (None, None, None)


class BacktestSpec(Spec):
    """How signals are executed: decided at the close, filled at the next open."""

    initial_cash: float = Field(default=100_000.0, gt=0, le=1e12, description="Money at the start.")
    sizing: SizingSpec = Field(default_factory=FixedFraction, description="How large a position is.")
    costs: CostSpec = Field(default_factory=CostSpec, description="What trading costs.")
    whole_shares: bool = Field(default=True, description="Trade whole shares only.")
    rebalance_threshold: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Leave a position alone while it is within this share of equity of its target.",
    )
    entry: EntrySpec = Field(default_factory=EntrySpec, description="How positions are opened.")
    liquidity: LiquiditySpec = Field(
        default_factory=LiquiditySpec, description="What the market gives: spread, impact and volume."
    )
    interest: InterestSpec = Field(default_factory=InterestSpec, description="What money earns and costs.")
    margin: MarginSpec = Field(default_factory=MarginSpec, description="How much may be held beside the equity.")
    exits: ExitSpec = Field(default_factory=ExitSpec, description="Which orders protect a position.")
    touched_limits: Literal["filled", "missed"] = Field(
        default="filled",
        description=(
            "What becomes of a limit order or a take-profit whose price a bar touches and does not trade beyond. "
            "Filled is kind: others may stand before it."
        ),
    )
    delisting: DelistingSpec = Field(
        default_factory=DelistingSpec, description="What is left of an instrument that is no longer traded."
    )

    @property
    def has_limits(self) -> bool:
        """Whether an order may not be filled beyond a limit."""
        return self.entry.order in {"limit", "stop_limit"} or self.exits.take_profit is not None

    @property
    def needs_a_desk(self) -> bool:
        """Whether anything is asked for that the quick account has not."""
        return self.entry.is_used or self.exits.is_used or self.margin.is_used or self.liquidity.looks_at_volume
