"""The account of one instrument of which only measures are wanted: the rules of `quant.backtest.simulation`, no rows.

A sweep asks for thousands of accounts on the same bars. What makes this one fast: nothing is written for a bar; shares
and cash stay in registers between fills, so that the equity of one bar does not wait for that of the bar before; a bar
without a position costs a comparison; and what an unaffordable purchase is cut to is solved for, not searched.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.alignment import Bars
from quant.backtest.costs import CostRates, borrow_fee, commission, fill_price
from quant.returns import RETURN_ROUNDING

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
SideArray = np.ndarray[Any, np.dtype[np.int8]]

# What is measured, in the order in which it is written.
MEASURES = (
    "sharpe_ratio",
    "total_return",
    "max_drawdown",
    "n_trades",
    "turnover",
    "time_in_market",
)
_DUST = 1e-9  # as in `quant.backtest.simulation`
_UNLEVERED = 1.0 + 1e-9
_inlined = njit(forceinline=True, error_model="numpy")


class Market(NamedTuple):
    """The bars of one instrument, each of shape (n_bars,): raw prices, and calendar days since the bar before.

    `is_plain` says that there is neither a split nor a dividend.
    """

    opens: FloatArray
    closes: FloatArray
    splits: FloatArray
    dividends: FloatArray
    n_days: FloatArray
    is_plain: BoolArray


def to_market(bars: Bars) -> Market:
    """Return bars of one instrument as `quick_account` takes them."""
    opens, closes, splits, dividends = (
        np.ascontiguousarray(each[:, 0]) for each in (bars.open, bars.close, bars.split_factor, bars.dividend)
    )
    return Market(opens, closes, splits, dividends, bars.n_days, (splits == 1.0) & (dividends == 0.0))


class QuickRules(NamedTuple):
    """How orders are made and filled; `risk_free` is a bar's."""

    initial_cash: float
    whole_shares: bool
    rebalance_threshold: float
    rates: CostRates
    risk_free: float


class _Curve(NamedTuple):
    """What is known of the equity so far; `inverse` is one over the last."""

    equity: float
    inverse: float
    total: float
    squares: float
    peak: float
    worst: float
    n_returns: int
    n_solvent: int
    n_held: int


class _Book(NamedTuple):
    """What is held and ordered, and what was traded; `price` is the last close."""

    cash: float
    held: float
    price: float
    order: float
    weight: float
    is_ordered: bool
    turnover: float
    n_trades: int


@njit(cache=True, nogil=True, error_model="numpy")
def quick_account(sides: SideArray, sizes: FloatArray, market: Market, rules: QuickRules, measures: FloatArray) -> None:
    """Run the account through all bars and write its `MEASURES`.

    At each close the wish is `sides * sizes` of equity, filled at the next open, as `run_backtest` does with target
    weights. The Sharpe ratio is a bar's, of returns above the risk-free rate; turnover is two-way, of all bars
    together; NaN where there is too little to tell.
    """
    opens, closes, splits, dividends, n_days, is_plain = market
    free, borrow, threshold = rules.risk_free, rules.rates.borrow_annual, rules.rebalance_threshold
    curve = _Curve(rules.initial_cash, 1.0 / rules.initial_cash, 0.0, 0.0, rules.initial_cash, 1.0, 0, 0, 0)
    book = _Book(rules.initial_cash, 0.0, np.nan, 0.0, 0.0, False, 0.0, 0)
    row, n_bars, is_ruined = 0, sides.size, False
    while row < n_bars:
        begin, held = row, book.held
        if book.is_ordered:
            pass
        elif held == 0.0:  # pass over bars at whose close nothing is held nor wanted
            while row < n_bars and (sides[row] == 0 or is_ruined):
                row += 1
            curve = _idled(curve, row - max(begin, 1), free)
            if row > begin:
                continue
        else:  # pass over bars at whose close what is held is still wanted, up to one after which it may be traded
            cash, price, equity, direction = book.cash, book.price, curve.equity, 1.0 if held > 0.0 else -1.0
            total, squares, inverse, peak, worst = curve.total, curve.squares, curve.inverse, curve.peak, curve.worst
            while row < n_bars and sides[row] == direction and is_plain[row]:
                if held < 0.0:
                    cash -= borrow_fee(-held * price, n_days[row], borrow)
                price = closes[row]
                value = held * price
                equity = cash + value
                earned = equity * inverse - 1.0 - free
                total += earned
                squares += earned * earned
                inverse = 1.0 / equity
                peak, worst = _drawn(peak, worst, equity)
                wanted = direction * sizes[row] * equity
                row += 1
                if abs(wanted - value) > threshold * equity or abs(wanted) < price or equity <= 0.0:
                    break
            curve = _held(curve, row - begin, _Curve(equity, inverse, total, squares, peak, worst, 0, 0, 0))
            book = _Book(cash, held, price, 0.0, book.weight, False, book.turnover, book.n_trades)
        if row == begin:
            bar = opens[row], closes[row], splits[row], dividends[row], n_days[row]
            book = _act(bar, book, curve.equity, rules)
            curve = _grown(curve, book.cash + book.held * book.price, book.held != 0.0, row > 0, free)
            row += 1
        is_ruined = is_ruined or curve.equity <= 0.0
        book = _decide(book, 0.0 if is_ruined else sides[row - 1] * sizes[row - 1], curve.equity, is_ruined, rules)
    measures[0] = _ratio(curve.total, curve.squares, curve.n_returns)
    measures[1] = curve.equity / rules.initial_cash - 1.0
    measures[2] = curve.worst - 1.0
    measures[3] = book.n_trades
    measures[4] = book.turnover
    measures[5] = curve.n_held / curve.n_solvent if curve.n_solvent else np.nan


@_inlined
def _idled(curve: _Curve, n_bars: int, risk_free: float) -> _Curve:
    """Return the curve after bars without a change."""
    if n_bars <= 0 or curve.equity <= 0.0:
        return curve
    return _Curve(
        curve.equity,
        curve.inverse,
        curve.total - n_bars * risk_free,
        curve.squares + n_bars * risk_free * risk_free,
        curve.peak,
        curve.worst,
        curve.n_returns + n_bars,
        curve.n_solvent + n_bars,
        curve.n_held,
    )


@_inlined
def _held(before: _Curve, n_bars: int, after: _Curve) -> _Curve:
    """Return the curve after bars on which something was held: `after`, with its counts."""
    n_solvent = n_bars - 1 if n_bars > 0 and after.equity <= 0.0 else n_bars
    return _Curve(
        after.equity,
        after.inverse,
        after.total,
        after.squares,
        after.peak,
        after.worst,
        before.n_returns + n_bars,
        before.n_solvent + n_solvent,
        before.n_held + n_solvent,
    )


@_inlined
def _drawn(peak: float, worst: float, equity: float) -> tuple[float, float]:
    """Return the highest equity so far, and the lowest as a share of the highest before it."""
    if equity > peak:
        peak = equity
    elif equity < worst * peak:
        worst = equity / peak
    return peak, worst


@_inlined
def _act(
    bar: tuple[float, float, float, float, float],
    book: _Book,
    before: float,
    rules: QuickRules,
) -> _Book:
    """Pay fees, split, take dividends and fill, in the order of `quant.backtest.simulation`."""
    opening, close, split, dividend, n_days = bar
    cash, held, order, rates = book.cash, book.held, book.order, rules.rates
    turnover, n_trades = book.turnover, book.n_trades
    if held < 0.0:
        cash -= borrow_fee(-held * book.price, n_days, rates.borrow_annual)
    if split != 1.0:
        held *= split
        order = np.trunc(order * split) if rules.whole_shares else order * split
    if dividend > 0.0:
        cash += held * dividend
    if book.is_ordered:
        shares = _reached(held, order, book.weight, cash, opening, rules.whole_shares, rates)
        traded = shares - held
        if traded != 0.0:
            paid = fill_price(opening, traded, rates.slippage_rate)
            cash = cash - traded * paid - commission(traded, paid, rates)
            if before > 0.0:
                turnover += abs(traded) * paid / before
            n_trades += shares != 0.0 and np.sign(shares) != np.sign(held)
            held = shares
    return _Book(cash, held, close, 0.0, book.weight, False, turnover, n_trades)


@_inlined
def _grown(
    curve: _Curve,
    equity: float,
    is_held: bool,  # noqa: FBT001 - as above
    has_return: bool,  # noqa: FBT001 - as above
    risk_free: float,
) -> _Curve:
    """Return the curve with one more close."""
    total, squares, n_returns = curve.total, curve.squares, curve.n_returns
    if has_return and curve.equity > 0.0:
        earned = equity * curve.inverse - 1.0 - risk_free
        total += earned
        squares += earned * earned
        n_returns += 1
    is_counted = has_return and equity > 0.0
    peak, worst = _drawn(curve.peak, curve.worst, equity)
    return _Curve(
        equity,
        1.0 / equity,
        total,
        squares,
        peak,
        worst,
        n_returns,
        curve.n_solvent + is_counted,
        curve.n_held + (is_counted and is_held),
    )


@_inlined
def _decide(
    book: _Book,
    weight: float,
    equity: float,
    is_ruined: bool,  # noqa: FBT001 - as above
    rules: QuickRules,
) -> _Book:
    """Order what is wanted, unless what is held is near enough."""
    held, price = book.held, book.price
    wanted = weight * equity
    shares = wanted / price
    if rules.whole_shares:
        shares = np.trunc(shares)
    is_far = abs(wanted - held * price) > rules.rebalance_threshold * equity or np.sign(shares) != np.sign(held)
    is_ordered = held != 0.0 if is_ruined else is_far and abs(shares - held) > _DUST * abs(held)
    return _Book(book.cash, held, price, shares, weight, is_ordered, book.turnover, book.n_trades)


@_inlined
def _ratio(total: float, squares: float, n_returns: int) -> float:
    """Return the mean over the sample deviation, NaN where nothing moved by more than rounding."""
    if n_returns < 2:  # noqa: PLR2004 - one return has no deviation
        return np.nan
    mean = total / n_returns
    variance = (squares - mean * total) / (n_returns - 1)
    return mean / np.sqrt(variance) if variance > RETURN_ROUNDING * RETURN_ROUNDING else np.nan


@_inlined
def _reached(
    held: float,
    order: float,
    weight: float,
    cash: float,
    opening: float,
    whole: bool,  # noqa: FBT001 - numba kernels take positions only
    rates: CostRates,
) -> float:
    """Return the shares to hold after the open: what was ordered, or as much of a purchase as cash pays for."""
    start = max(held, 0.0)
    if order <= start or weight > _UNLEVERED:
        return order
    price = fill_price(opening, order - held, rates.slippage_rate)
    if _left(cash, order - held, price, rates) >= 0.0:
        return order
    # Covering is never cut: what is left after it buys.
    covering = start - held
    budget = cash - covering * price
    unit = price * (1.0 + rates.commission_rate) + rates.commission_per_share
    own = covering * (price * rates.commission_rate + rates.commission_per_share)
    bought = (budget - own) / unit
    traded = covering + bought
    if traded * (unit - price) < rates.commission_minimum:
        bought = (budget - rates.commission_minimum) / price
    if whole:
        bought = np.floor(bought)
        if bought >= 0.0 and _left(cash, covering + bought + 1.0, price, rates) >= 0.0:
            bought += 1.0
        if bought > 0.0 and _left(cash, covering + bought, price, rates) < 0.0:
            bought -= 1.0
    if bought < _DUST * (order - start):
        return start
    return start + bought


@_inlined
def _left(cash: float, traded: float, price: float, rates: CostRates) -> float:
    return cash - traded * price - commission(traded, price, rates)
