"""Several accounts as one: capital is divided among them, drifts with what each earns, and is divided again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec, NotEnoughData
from quant.portfolio.allocation import shares_of_returns
from quant.portfolio.catalog import BooksSpec

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

LEAST_BARS = 20  # after the first division


@dataclass(frozen=True, eq=False)
class Books:
    """Accounts that were held together.

    Attributes
    ----------
    curve : DataFrame of shape (n_bars, 4)
        Index `timestamp`, from the bar of the first division on: `equity` from 1, `return` (NaN at first), `turnover`
        (moved in and out of accounts, as a fraction of equity) and `costs` (as a fraction of equity), both at the bar
        that begins with it.
    shares : DataFrame of shape (n_bars, n_accounts)
        The share with which each goes into the next bar; each row sums to 1, and to 0 once all is lost.
    n_divisions : int
        How often capital was divided, the first time included.
    """

    curve: pd.DataFrame
    shares: pd.DataFrame
    n_divisions: int


def hold_together(returns: pd.DataFrame, spec: BooksSpec) -> Books:
    """Divide capital among accounts by what was known, and hold them.

    Parameters
    ----------
    returns : DataFrame of shape (n_bars, n_accounts)
        Simple returns a bar, ascending in time; the first row is not looked at, and none other is unknown. A column an
        account.
    spec : BooksSpec
        How to divide, how often, and what it costs.

    Returns
    -------
    Books
        The curve of all together, and the shares.

    Raises
    ------
    NotEnoughData
        If there are no accounts, or fewer than 20 bars after the window.
    InvalidSpec
        If a return is unknown or infinite.

    Notes
    -----
    Timing: capital is divided at the close of every `rebalance_bars`-th bar, for the first time when `window` returns
    are known, by returns up to that close; the new shares earn from the next bar on. Bars that are appended change
    nothing before them.

    Between divisions shares drift with what each account earns. What is moved is the sum of what goes into and out of
    accounts; its cost is taken from the next bar's wealth. The first division costs nothing: each account begins with
    its share, as it would alone. If everything is lost, nothing is held any more.

    Columns are looked at in the order of their names, so that the order in which they come changes nothing.
    """
    _check(returns, spec)
    ordered = returns[sorted(returns.columns, key=str)]
    values, first = ordered.to_numpy(dtype=np.float64), spec.window
    wanted = shares_of_returns(ordered, spec.allocation).to_numpy()
    n = len(values)
    wealth, shares = np.ones(n), np.zeros(values.shape)
    turnover, costs = np.zeros(n), np.zeros(n)
    n_divisions = 0
    for begin in range(first, n, spec.rebalance_bars):
        n_divisions += 1
        moved = 0.0 if begin == first else float(np.abs(wanted[begin] - shares[begin]).sum())
        shares[begin] = wanted[begin]
        if begin + 1 == n:
            break
        end = min(begin + spec.rebalance_bars, n - 1)
        turnover[begin + 1], costs[begin + 1] = moved, moved * spec.cost_bps / 1e4
        parts = wanted[begin] * np.cumprod(1.0 + values[begin + 1 : end + 1], axis=0)
        total = parts.sum(axis=1)
        lost = np.flatnonzero(total <= 0)
        stop = begin + 1 + int(lost[0]) if len(lost) else end
        wealth[begin + 1 : end + 1] = wealth[begin] * (1.0 - costs[begin + 1]) * total
        shares[begin + 1 : end + 1] = parts / np.where(total > 0, total, np.inf)[:, np.newaxis]
        if len(lost):
            wealth[stop:], shares[stop:] = wealth[stop], 0.0
            break
    curve = {
        "equity": wealth,
        "return": np.append(np.nan, _changes(wealth)),
        "turnover": turnover,
        "costs": costs,
    }
    held = pd.DataFrame(shares, index=returns.index, columns=ordered.columns)[list(returns.columns)]
    frame = pd.DataFrame(curve, index=returns.index).iloc[first:]
    frame.iloc[0, 1] = np.nan
    return Books(frame, held.iloc[first:], n_divisions)


@dataclass(frozen=True, eq=False)
class Common:
    """Accounts on the bars that all of them have.

    Attributes
    ----------
    returns : DataFrame of shape (n_bars, n_accounts)
        Simple returns from each common bar to the next; the first row is NaN.
    left_out : mapping of str to int
        Those that have too few bars in common with the rest, and how many they have in common with the longest one.
    """

    returns: pd.DataFrame
    left_out: Mapping[str, int]


def on_common_bars(wealth: Mapping[str, pd.Series], *, least: int) -> Common:
    """Bring accounts to the bars that they have in common, and leave out what would leave too few.

    Parameters
    ----------
    wealth : mapping of str to Series
        The value of each account by `timestamp`, ascending.
    least : int
        Fewest common bars.

    Returns
    -------
    Common
        Returns on common bars. What an account earned at bars that another lacks is in its next common return.

    Raises
    ------
    NotEnoughData
        If not even the longest has so many bars.

    Notes
    -----
    Timing: which bars there are is looked at, never what was earned.

    While there are too few common bars, that account goes which has the fewest in common with the longest; the longest
    stays. Once an account has lost everything its return is 0: whoever held it holds nothing.
    """
    if not wealth or max(map(len, wealth.values())) < least:
        longest = max(map(len, wealth.values()), default=0)
        raise NotEnoughData(
            f"Expected at least {least} bars: the window, and {LEAST_BARS} after it; found {longest}. Use a shorter "
            "window."
        )
    anchor = max(wealth, key=lambda name: len(wealth[name]))
    overlap = {name: len(wealth[anchor].index.intersection(each.index)) for name, each in wealth.items()}
    by_overlap = sorted((name for name in wealth if name != anchor), key=lambda name: overlap[name])
    for n_gone in range(len(wealth)):
        kept = [name for name in wealth if name not in by_overlap[:n_gone]]
        common = wealth[kept[0]].index
        for name in kept[1:]:
            common = common.intersection(wealth[name].index)
        if len(common) >= least:
            break
    frame = pd.DataFrame({name: _returns(wealth[name].loc[common]) for name in kept}, index=common)
    return Common(frame, {name: overlap[name] for name in by_overlap[:n_gone]})


def _returns(wealth: pd.Series) -> FloatArray:
    """Return simple returns; from the bar on at which all is lost, 0."""
    values = wealth.to_numpy(dtype=np.float64)
    return np.append(np.nan, _changes(values))


def _changes(values: FloatArray) -> FloatArray:
    before, after = values[:-1], values[1:]
    is_alive = np.logical_and.accumulate(before > 0)
    return np.where(is_alive, after / np.where(is_alive, before, 1.0) - 1.0, 0.0)


def _check(returns: pd.DataFrame, spec: BooksSpec) -> None:
    n_bars, n_accounts = returns.shape
    if not n_accounts or n_bars < spec.window + LEAST_BARS:
        raise NotEnoughData(
            f"Expected an account and at least {spec.window + LEAST_BARS} bars, {LEAST_BARS} after the window; found "
            f"{n_accounts} of {n_bars}. Use a shorter window."
        )
    known = np.isfinite(returns.to_numpy(dtype=np.float64)[1:])
    if not known.all():
        raise InvalidSpec(
            f"Expected returns at every bar but the first; found {int((~known).sum())} unknown or infinite ones. Bring "
            "accounts to common bars first.",
            field="returns",
        )
