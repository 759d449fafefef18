"""What trading costs: three formulas, compiled into the simulation and callable from Python.

All take and return money or shares as they are, and rates as fractions. They are small enough to be inlined into the
kernel of `quant.backtest.simulation`, whose compiled form on disk numba renews when *that* file changes and not when
this one does: after a change here, save that file too.
"""

from typing import NamedTuple

from numba import njit

from quant.backtest.catalog import CostSpec

BASIS_POINT = 1e-4
DAYS_PER_YEAR = 365.0


class CostRates(NamedTuple):
    """A `CostSpec` in the units of the formulas: fractions and money."""

    commission_rate: float
    commission_per_share: float
    commission_minimum: float
    slippage_rate: float
    borrow_annual: float


def to_rates(spec: CostSpec) -> CostRates:
    """Return the rates of a cost specification, basis points as fractions.

    Examples
    --------
    >>> to_rates(CostSpec(commission_bps=5.0)).commission_rate
    0.0005
    """
    return CostRates(
        commission_rate=spec.commission_bps * BASIS_POINT,
        commission_per_share=spec.commission_per_share,
        commission_minimum=spec.commission_minimum,
        slippage_rate=spec.slippage_bps * BASIS_POINT,
        borrow_annual=spec.borrow_annual,
    )


def scaled(spec: CostSpec, multiple: float) -> CostSpec:
    """Return costs so many times as high: commissions, slippage and borrow fees alike.

    Examples
    --------
    >>> scaled(CostSpec(commission_bps=5.0, commission_minimum=1.0), 2.0).commission_minimum
    2.0
    """
    # Copied, not validated: five times what may be asked for may be more than may be asked for.
    return spec.model_copy(update={name: multiple * getattr(spec, name) for name in CostSpec.model_fields})


def flat(spec: CostSpec, bps: float) -> CostSpec:
    """Return costs of so many basis points of each trade, in place of commissions and slippage.

    Examples
    --------
    >>> flat(CostSpec(slippage_bps=5.0, borrow_annual=0.02), 7.5)
    CostSpec(commission_bps=7.5, commission_per_share=0.0, commission_minimum=0.0, slippage_bps=0.0, borrow_annual=0.02)
    """
    nothing = {"commission_per_share": 0.0, "commission_minimum": 0.0, "slippage_bps": 0.0}
    return spec.model_copy(update={**nothing, "commission_bps": bps})


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
    >>> from quant.backtest.catalog import CostSpec
    >>> rates = to_rates(CostSpec(commission_bps=10.0, commission_per_share=0.005, commission_minimum=1.0))
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
