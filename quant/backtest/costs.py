"""What trading and money cost: formulas, compiled into the simulation and callable from Python.

All take and return money or shares as they are, and rates as fractions. They are small enough to be inlined into the
kernel of `quant.backtest.simulation`, whose compiled form on disk numba renews when *that* file changes and not when
this one does: after a change here, save that file too.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from quant.backtest.catalog import BacktestSpec, CostSpec, LiquiditySpec

BASIS_POINT = 1e-4
DAYS_PER_YEAR = 365.0
# However dear trading is, a sale is paid for: no fill is worse than its reference price by more than this fraction.
WORST_RATE = 0.99


class CostRates(NamedTuple):
    """The costs of a `BacktestSpec` in the units of the formulas: fractions and money."""

    commission_rate: float
    commission_per_share: float
    commission_minimum: float
    slippage_rate: float  # half the spread included
    borrow_annual: float
    impact_rate: float = 0.0
    is_square_root: bool = True
    cash_annual: float = 0.0
    debt_annual: float = 0.0


def to_rates(spec: BacktestSpec) -> CostRates:
    """Return the rates of a specification, basis points as fractions.

    Examples
    --------
    >>> to_rates(BacktestSpec()).commission_rate
    0.0005
    """
    costs, liquidity, interest = spec.costs, spec.liquidity, spec.interest
    return CostRates(
        commission_rate=costs.commission_bps * BASIS_POINT,
        commission_per_share=costs.commission_per_share,
        commission_minimum=costs.commission_minimum,
        slippage_rate=min((costs.slippage_bps + liquidity.half_spread_bps) * BASIS_POINT, WORST_RATE),
        borrow_annual=costs.borrow_annual,
        impact_rate=liquidity.impact_bps * BASIS_POINT,
        is_square_root=liquidity.impact_shape == "square_root",
        cash_annual=interest.cash_annual,
        debt_annual=interest.debt_annual,
    )


def scaled(spec: BacktestSpec, multiple: float) -> BacktestSpec:
    """Return costs so many times as high: commissions, spread, slippage, impact, borrow fees and interest on debt.

    Interest on cash is income and stays; so does the share of volume, which is no cost, and that nothing is filled in
    bars without volume, if fills looked at it.

    Examples
    --------
    >>> scaled(BacktestSpec(costs=CostSpec(commission_minimum=1.0)), 2.0).costs.commission_minimum
    2.0
    """
    liquidity, interest = spec.liquidity, spec.interest
    # Copied, not validated: five times what may be asked for may be more than may be asked for.
    costs = {name: multiple * getattr(spec.costs, name) for name in CostSpec.model_fields}
    dearer = {name: multiple * getattr(liquidity, name) for name in ("half_spread_bps", "impact_bps")}
    return spec.model_copy(
        update={
            "costs": spec.costs.model_copy(update=costs),
            "liquidity": liquidity.model_copy(update=dearer | _still_looking_at(liquidity)),
            "interest": interest.model_copy(update={"debt_annual": multiple * interest.debt_annual}),
        }
    )


def _still_looking_at(liquidity: LiquiditySpec) -> dict[str, float]:
    """Return the share of volume that lets fills look at it also without an impact: any, but of no volume nothing."""
    return {"max_volume_share": np.inf} if liquidity.looks_at_volume and liquidity.max_volume_share is None else {}


def flat(spec: BacktestSpec, bps: float) -> BacktestSpec:
    """Return costs of so many basis points of each trade, in place of commissions, slippage, spread and impact.

    Examples
    --------
    >>> flat(BacktestSpec(), 7.5).costs
    CostSpec(commission_bps=7.5, commission_per_share=0.0, commission_minimum=0.0, slippage_bps=0.0, borrow_annual=0.01)
    """
    nothing = {"commission_per_share": 0.0, "commission_minimum": 0.0, "slippage_bps": 0.0}
    return spec.model_copy(
        update={
            "costs": spec.costs.model_copy(update={**nothing, "commission_bps": bps}),
            "liquidity": spec.liquidity.model_copy(
                update={"half_spread_bps": 0.0, "impact_bps": 0.0} | _still_looking_at(spec.liquidity)
            ),
        }
    )


@njit(cache=True, nogil=True)
def fill_price(reference: float, shares: float, slippage_rate: float) -> float:
    """Return the price of a fill, worse than the reference price on both sides.

    Parameters
    ----------
    reference : float
        Raw open of the bar of the fill.
    shares : float
        Signed: positive buys, negative sells.
    slippage_rate : float
        How much worse, as a fraction of the reference.

    Returns
    -------
    float
        Above the reference for a purchase, below it for a sale.

    Examples
    --------
    >>> fill_price(100.0, 10.0, 0.0005), fill_price(100.0, -10.0, 0.0005)
    (100.05, 99.95)
    """
    return reference * (1.0 + slippage_rate) if shares > 0 else reference * (1.0 - slippage_rate)


@njit(cache=True, nogil=True)
def slippage(shares: float, volume: float, rates: CostRates) -> float:
    """Return how much worse than its reference price a fill is, as a fraction: spread, slippage and impact.

    Parameters
    ----------
    shares : float
        Signed number of raw shares; the sign does not matter.
    volume : float
        Raw volume of the bar, positive; not looked at without an impact.
    rates : CostRates
        Fixed rate, and the rate at which the whole volume of a bar would be traded.

    Returns
    -------
    float
        At most `WORST_RATE`.

    Notes
    -----
    The impact grows with the share of the bar's volume, or with its square root.

    References
    ----------
    Linear: Kyle 1985, Econometrica 53(6). Square root: Torre 1997, BARRA Market Impact Model Handbook; Almgren, Thum,
    Hauptmann and Li 2005, Risk 18(7); Tóth et al. 2011, Physical Review X 1, 021006. Those multiply by the volatility
    of a day, which stands in the rate here.

    Examples
    --------
    >>> rates = CostRates(0.0, 0.0, 0.0, 0.0005, 0.0, impact_rate=0.01)
    >>> round(slippage(-400.0, 40_000.0, rates), 12)
    0.0015
    """
    if rates.impact_rate == 0.0 or shares == 0.0:
        return rates.slippage_rate
    share = abs(shares) / volume
    impact = rates.impact_rate * (np.sqrt(share) if rates.is_square_root else share)
    return min(rates.slippage_rate + impact, WORST_RATE)


@njit(cache=True, nogil=True)
def commission(shares: float, price: float, rates: CostRates) -> float:
    """Return the commission of one fill, in money.

    Parameters
    ----------
    shares : float
        Signed number of raw shares; the sign does not matter.
    price : float
        Price of the fill, slippage included.
    rates : CostRates
        Rate on the traded value, amount a share and minimum of a fill.

    Returns
    -------
    float
        The rate times the value plus the amount a share, at least the minimum; 0 when nothing is traded.

    Examples
    --------
    >>> rates = CostRates(0.001, 0.005, 1.0, 0.0, 0.0)
    >>> commission(-200.0, 50.0, rates), commission(2.0, 50.0, rates), commission(0.0, 50.0, rates)
    (11.0, 1.0, 0.0)
    """
    if shares == 0.0:
        return 0.0
    traded = abs(shares)
    return max(traded * price * rates.commission_rate + traded * rates.commission_per_share, rates.commission_minimum)


@njit(cache=True, nogil=True)
def borrow_fee(short_value: float, n_days: float, borrow_annual: float) -> float:
    """Return the fee for having borrowed shares over some calendar days, in money.

    Parameters
    ----------
    short_value : float
        Market value of the shares sold short, positive, at the close from which the days are counted.
    n_days : float
        Calendar days, weekends and holidays included.
    borrow_annual : float
        Fee a year, as a fraction of the value.

    Returns
    -------
    float
        Simple interest over a year of 365 days.

    Examples
    --------
    >>> borrow_fee(36_500.0, 3.0, 0.01)
    3.0
    """
    return short_value * borrow_annual * n_days / DAYS_PER_YEAR


@njit(cache=True, nogil=True)
def interest(cash: float, short_value: float, n_days: float, rates: CostRates) -> float:
    """Return what cash earns, or debt costs (negative), over some calendar days, in money.

    Parameters
    ----------
    cash : float
        Cash at the close from which the days are counted.
    short_value : float
        Market value of the shares sold short, positive, at that close: their proceeds lie with the lender, unpaid for.
    n_days : float
        Calendar days, weekends and holidays included.
    rates : CostRates
        Rates a year, as fractions.

    Returns
    -------
    float
        Simple interest over a year of 365 days.

    Examples
    --------
    >>> rates = CostRates(0.0, 0.0, 0.0, 0.0, 0.0, cash_annual=0.02, debt_annual=0.05)
    >>> interest(36_500.0, 0.0, 1.0, rates), interest(36_500.0, 30_000.0, 0.0, rates)
    (2.0, 0.0)
    >>> interest(-36_500.0, 0.0, 3.0, rates)
    -15.0
    """
    if cash < 0.0:
        return cash * rates.debt_annual * n_days / DAYS_PER_YEAR
    return max(cash - short_value, 0.0) * rates.cash_annual * n_days / DAYS_PER_YEAR
