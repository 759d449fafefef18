"""From target weights to fills, positions and an equity curve."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from quant.backtest.account_frames import (
    equity_frame,
    fills_frame,
    pending_frame,
    positions_frame,
    values_held,
)
from quant.backtest.alignment import Bars, align, over_instruments
from quant.backtest.catalog import BacktestSpec
from quant.backtest.costs import CostRates, to_rates
from quant.backtest.decisions import on_timeline, read_weights
from quant.backtest.delisting import has_delistings, to_delistings
from quant.backtest.desk import N_DESK_FILL_COLUMNS, to_limits
from quant.backtest.entries import N_DESK_BOOK_PLANES, to_entries
from quant.backtest.exits import to_exits
from quant.backtest.journal import Journal, empty_journal, in_full
from quant.backtest.margin import to_margin
from quant.backtest.orders import simulate_orders
from quant.backtest.simulation import Account, Decisions, Rules, empty_account, simulate
from quant.frames import Prices

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """What became of the money: arrays, and frames of them that are made when they are first asked for.

    Attributes
    ----------
    equity : DataFrame of shape (n_bars, 8)
        Index `timestamp`, from the close at which the first weight is decided. After each close: `cash`,
        `position_value` (shorts negative) and `equity`, their sum; `return`, the change of equity as a fraction of the
        equity before, NaN on the first bar and where the equity before was not positive; `exposure`, the sum of the
        absolute position values as a fraction of equity (gross; the net exposure is `position_value / equity`), NaN
        where equity is not positive; `turnover`, the value bought plus the value sold (two-way) as a fraction of the
        equity at the previous close; `costs` of the bar in money: commissions, slippage (spread
        and impact included) and borrow fees; `interest`, what cash has earned since the close before, or debt has cost
        (negative).
    positions : DataFrame of shape (n_bars * n_instruments, 6)
        Panel, a row for every bar and instrument: `shares` held at the close (negative: short), `price`, the last raw
        close (NaN before an instrument's first), `value`, `weight` as a fraction of equity, and the money of that bar
        from having held at the previous close: `dividends` received (negative: paid) and `borrow_fees` paid.
    fills : DataFrame of shape (n_fills, 11)
        One row a fill, in the order of execution: `timestamp` of the bar in which it was filled, `decided_at` (of a
        protective order: the row before, up to which it was known; of a delisting: the last bar), `instrument`, `side`
        ("buy" or "sell"), `shares` (positive), `price`, `reference_price` (the raw open, the level that was touched, or
        what a delisting paid), `commission`,
        `slippage_cost` (both money, zero or more), `value` (`shares * price`) and `reason` (one of `REASONS`).
    pending : DataFrame of shape (n_pending, 7)
        Orders that found no next bar, or lie in the market still: `decided_at`, `instrument`, `side`, `shares`, `order`
        ("market", "limit", "stop" or "stop_limit"), `stop_price` and `limit_price` (NaN where it has none). What to do
        next.
    ruined_at : Timestamp or None
        The close at which equity was zero or less and the account was closed; None if that never happened.
    bars : Bars
        The bars it ran on.
    levels : ndarray of shape (n_bars,)
        Equity after each close, for those who measure a curve and look at no frame of it.
    final_equity : float
        Equity after the last close.
    written : Journal or Account
        What the simulation wrote: the account after each bar, or, without a desk, after those in which something
        happened.
    n_entries : int
        How many bars are written down.
    account : Account
        The account after each bar, for those who look at what was held; written out when it is first asked for.
    fill_table : ndarray of shape (6 or 10, n_fills)
        The fills as the simulation wrote them; with their reference prices, their reasons, the shares held after each
        and the prices they could not be worse than, if the account was kept at a desk (`BacktestSpec.needs_a_desk`, or
        an instrument that is delisted).
    rates : CostRates
        What was charged.
    """

    bars: Bars
    written: Journal | Account
    n_entries: int
    fill_table: FloatArray
    rates: CostRates
    ruined_at: pd.Timestamp | None

    @cached_property
    def equity(self) -> pd.DataFrame:
        """The account after each close."""
        return equity_frame(self.bars, self.account, self.fill_table, self.rates)

    @cached_property
    def account(self) -> Account:
        """The account after each bar."""
        if isinstance(self.written, Account):
            return self.written
        return in_full(self.written, self.n_entries, self.bars.close)

    @cached_property
    def levels(self) -> FloatArray:
        """Equity after each close, as an array."""
        if isinstance(self.written, Journal):
            return self.written.levels
        return self.account.cash + over_instruments(values_held(self.account.ledger))

    @cached_property
    def positions(self) -> pd.DataFrame:
        """What was held after each close."""
        return positions_frame(self.bars, self.account)

    @cached_property
    def fills(self) -> pd.DataFrame:
        """What was traded."""
        return fills_frame(self.bars, self.fill_table)

    @cached_property
    def pending(self) -> pd.DataFrame:
        """What is still to be traded."""
        return pending_frame(self.bars, self.written.book)

    @property
    def final_equity(self) -> float:
        """Equity after the last close."""
        return float(self.levels[-1])

    @property
    def is_ruined(self) -> bool:
        """Whether the account lost everything."""
        return self.ruined_at is not None


def run_backtest(
    prices: Mapping[int, Prices] | Bars,
    target_weights: pd.DataFrame,
    spec: BacktestSpec,
    *,
    trading_on: Collection[int] = (),
) -> BacktestResult:
    """Execute target weights on raw prices, with costs, in one account shared by all instruments.

    Parameters
    ----------
    prices : mapping of int to DataFrame, or Bars
        **Raw** price frame of each instrument, actions included. Timestamps may differ between instruments. Or what
        `quant.backtest.alignment.align` made of them: whoever runs several backtests has them checked once.
    target_weights : DataFrame of shape (n_rows, n_columns)
        Panel with `target_weight`, each at the close of a bar of its instrument. A bar without a row decides nothing:
        what is held stays.
    spec : BacktestSpec
        Initial cash, costs, protective orders, whole shares, the rebalance threshold and what is left of a delisting.
    trading_on : collection of int, default=()
        Instruments that are known not to be delisted, although these prices end before their next bar: for whoever
        repeats a backtest on the beginning of its prices.

    Returns
    -------
    BacktestResult
        Equity curve, positions, fills and pending orders.

    Raises
    ------
    NotEnoughData
        If there are no weights or no prices.
    InvalidPrices
        If prices are not those of price frames.
    DataError
        If weights are not a sorted panel, are not finite, or stand where their instrument has no bar.

    Notes
    -----
    Timing: a weight decided at the close of `t` uses nothing after it. It is turned into shares with the equity and the
    raw close of `t`, and filled at the raw open of the next bar of its instrument. Equity up to `t` never changes when
    later prices or weights do. A decision on an instrument's last bar is not filled but reported as pending.

    Sizes: whole shares are cut off towards zero. A position within `rebalance_threshold` of its target is left alone,
    unless the target is zero or on the other side; a difference of less than a billionth of it is rounding and never
    traded. Prices, sizes and commissions are raw, as traded.

    Money: cash at a close, less the value of what is sold short, earns `interest.cash_annual` until the next, and debt
    costs `interest.debt_annual`: simple interest by calendar day. While the target weights to be long add up to 1 or
    less, purchases that open or enlarge long positions never take cash below zero: when a gap or the costs make them
    dearer than planned, all purchases of that open are cut by one common part (then to whole shares), after sales have
    been paid.
    Sales and covering are never cut; only a commission above the proceeds of its own sale can take such an account
    below zero. A book whose long targets add up to more than 1 borrows on purpose and has no such floor.

    Actions: splits multiply shares held, and shares ordered, before the open. A fraction of a share that a split leaves
    stays in the position until the next fill, also with whole shares: no cash is paid in lieu. Dividends are credited
    on the ex-date, before the open, to shares held at the previous close, after a split of the same day; short
    positions pay them. Borrow fees accrue by calendar day on the value of short positions at the previous close.

    Missing bars: an instrument without a bar is valued at its last close and not traded; its order waits. That is so of
    a halted one, however long it is. One that begins later is worth nothing before, and its first weight can only stand
    at its first bar.

    Delisting: an instrument without a bar among the last `delisting.after_bars` of the account is delisted. So many
    bars after its own last, what is held of it is settled in cash before the open, at its last price times 1 plus
    `delisting.assumed_return`, without costs, and its orders are taken back. Until then it is valued at its last price.
    What a delisting left is not known from bars: the return is an assumption. That it is no halt is known from later
    bars, as it was to everybody by announcement; an instrument whose bars end less than that before those of the
    account keeps its last price, and what should leave it is pending.

    Entries (`spec.entry`): a position is opened or enlarged at the next open, or by an order that lies in the market
    from the next bar of its instrument on for `valid_bars` of its bars; positions are always left at the next open.
    Levels count from the close of the decision. A limit order is filled at its limit when a bar touches it
    (`touched_limits`: or only when it trades beyond it), without slippage, and where a bar opens on the better
    side, at the open with slippage, but never beyond its limit. A stop order is filled at its stop, or where a bar
    opens beyond it at the open, with slippage. A stop-limit order is a limit order from the bar on that reaches its
    stop: it may not be filled. While an order lies, weights of the same side leave it where it is, and cut it to
    what they want if that is less; a weight of zero or of the other side, a smaller one than is held, and a
    protective order take it back. When it has run out, the next weight of that side places another.

    Within a bar, what is held is protected before anything is entered; what is entered in it, after. Prices fell to a
    limit and rose to a stop: what lies beyond came after the entry. What lies on the other side may have come before:
    it counts if the bar closed beyond it, else as `intrabar` says (a stop counts if stops are first, a take-profit if
    they are not).

    Protective orders (`spec.exits`) lie in the market from the fill that opened a position, in that fill's bar too.
    Stops are market orders: where a bar opens beyond the level, they fill at the open, else at the level, with
    slippage. A take-profit is a limit order: it fills at its level without slippage, and where a bar opens beyond
    it, at the open with slippage, but never worse than its level. Levels count from the average price of the fills
    that opened or enlarged the position; a trailing stop from the best price up to the close before. A bar that
    touches both is taken to have touched first what `intrabar` says. An order by a weight that leaves the position
    at the same open goes before. What a protective order has left is not entered again on the same side until a
    weight of zero, or of the other side, has been decided.

    Leverage: with `margin.max_leverage`, the weights decided at a close are cut by one common part, so that the gross
    exposure that is planned with the prices of that close keeps within it; what is held or ordered of instruments
    without a new weight has its room first. A gap, and what prices do later, may take it beyond. With
    `margin.maintenance`, a close (nothing is called within a bar, nor for one instrument alone) at which equity is
    less than this fraction of the gross exposure calls: at the next open everything held is reduced by one common
    part to where, at the prices of the close, it would be met, in place of all other orders but such as reduce it
    further.

    Ruin: at the first close with equity zero or below, everything held is ordered to zero at the next open, and nothing
    is ever bought again.

    Volume: fills do not look at it unless `liquidity` asks. With an impact, a fill is the worse the more of its bar's
    volume it takes, and that is known after the bar only: an outcome, not an input of any decision. With a greatest
    share of the volume, no more is filled in a bar; the rest waits for the next, as a market order does, or is dropped,
    until another weight is decided. Purchases are cut to the cash first at the open, after the volume has cut them.
    What is left of a stop waits too; what is left of a take-profit lies on at its level. Once either was touched,
    what waited to be added is not. In
    bars without volume nothing is filled then, as in bars that are missing.

    References
    ----------
    Differs from engines that fill at the close that gave the signal (vectorbt's default): those trade on a price that
    is known only when it is too late.
    """
    start, index, weights = read_weights(target_weights)
    bars = align(prices, start=start)
    decided = on_timeline(index, weights, bars)
    rules = Rules(spec.whole_shares, spec.rebalance_threshold, to_rates(spec))
    written: Journal | Account
    if spec.needs_a_desk or has_delistings(bars, spec.delisting, trading_on):
        written = _empty_desk_account(bars, spec, len(weights))
        n_fills, ruined_row = simulate_orders(
            bars.values,
            bars.n_days,
            _as_plane(decided, bars),
            spec.initial_cash,
            rules,
            to_limits(spec),
            to_entries(spec.entry),
            to_exits(spec.exits),
            to_margin(spec.margin),
            to_delistings(bars, spec.delisting, trading_on),
            *written,
        )
        n_entries = len(bars.timestamps)
    else:
        written = empty_journal(len(bars.timestamps), len(bars.instruments), len(weights))
        stamps = bars.timestamps.asi8
        n_fills, ruined_row, n_entries = simulate(
            bars.values, bars.close, stamps, bars.action_rows, decided, spec.initial_cash, rules, *written
        )
    return BacktestResult(
        bars=bars,
        written=written,
        n_entries=n_entries,
        fill_table=written.fills[:n_fills].T,
        rates=rules.rates,
        ruined_at=bars.timestamps[ruined_row] if ruined_row >= 0 else None,
    )


def _empty_desk_account(bars: Bars, spec: BacktestSpec, n_decisions: int) -> Account:
    """Return an account to be written, with room for all fills there can be."""
    n_bars, n_instruments = bars.has_bar.shape
    if spec.liquidity.looks_at_volume or spec.margin.maintenance is not None:
        n_decisions = n_bars * n_instruments  # what waits may be filled a little in every bar, or be reduced in it
    return empty_account(
        n_bars,
        n_instruments,
        n_decisions,
        n_fill_columns=N_DESK_FILL_COLUMNS,
        n_book_planes=N_DESK_BOOK_PLANES,
        n_per_order=3,  # one that leaves, one that opens, and one that protects what was opened
    )


def _as_plane(decided: Decisions, bars: Bars) -> FloatArray:
    """Return the weights as an array of the shape of the bars, NaN where nothing is decided."""
    plane = np.full(bars.has_bar.shape, np.nan)
    plane[decided.rows, decided.instruments] = decided.weights
    return plane
