"""Splits and dividends: found, if the source does not tell, and taken into prices.

Prices are stored raw with the actions beside them; adjusted prices are derived, as of a moment. Two scales exist:

- **forward**: the first bar is as traded, every later bar is scaled by the actions up to it. Later actions never change
  an earlier value, so this is what features, labels and models see.
- **back**: the last bar is as traded, every earlier bar is scaled by the actions after it. This is what charts show;
  each new action changes all of history.

Both have the same returns. Sizes of positions, commissions and price filters belong to raw prices.
"""

import datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from quant.data.provider import DividendBasis
from quant.errors import InvalidPrices
from quant.frames import Prices, check_prices

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

PRICE_NAMES = ["open", "high", "low", "close"]

# New shares for old ones, as they are declared: 2:1, 3:2, 3:1, ... and the reverse splits that are their inverses.
_DECLARED = (
    *(Fraction(new) for new in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)),
    *(Fraction(new, old) for new, old in ((3, 2), (5, 2), (7, 2), (4, 3), (5, 3), (5, 4), (6, 5), (7, 5), (8, 5))),
)
SPLIT_RATIOS = tuple(sorted(float(ratio) for fraction in _DECLARED for ratio in (fraction, 1 / fraction)))

# Changes of unit that no split has: thousands. Those by 100 look like a split.
UNIT_RATIOS = (1000.0, 0.001)

# No dividend is this small a part of its price, and no source is this exact when it computes in 32-bit floats.
_NOISE = 1e-6

# Steps up to here are dividends unless they are exactly a split: a third of the price, as the largest specials are.
_LARGEST_DIVIDEND_ALONE = 1.5

# Part of the price that a dividend on the day of a split may have before the two can no longer be told apart, and how
# far a split may miss its ratio in a source that rounds roughly.
_LARGEST_DIVIDEND_BESIDE_SPLIT = 0.05
_ROUGH = 0.001

# Dividends are declared in hundredths of a cent at the finest; the implied ones are rounded to that when they are that
# close to it anyway.
_DIVIDEND_DECIMALS = 4


def implied_actions(
    bars: pd.DataFrame, *, dividend_basis: DividendBasis = "previous_close", decimals: int | None = None
) -> pd.DataFrame:
    """Derive splits and dividends from the steps of `adjusted_close / close`.

    Parameters
    ----------
    bars : DataFrame of shape (n_bars, n_columns)
        At least `session`, `close` (raw) and `adjusted_close`, ascending by session. Bars in which either price is
        unknown or not positive are passed over.
    dividend_basis : {"previous_close", "ex_close"}, default="previous_close"
        How the source takes a dividend `d` on day `t` into its adjusted prices: earlier prices times
        `1 - d / close[t - 1]` (the rule of CRSP and Yahoo), or divided by `1 + d / close[t]` (the rule of Quandl, whose
        adjusted returns are total returns). It decides the size of a dividend, not whether there is one.
    decimals : int, optional
        Decimals to which the source rounded `adjusted_close`; by default read off its values. Steps that this rounding
        explains are no actions.

    Returns
    -------
    DataFrame of shape (n_actions, 3)
        Index `session`, the ex-date, ascending; `split_factor` (1.0: none), `dividend` (0.0: none; cash a share after
        the split of that day) and `implied`, True throughout: nobody announced these, the prices imply them.

    Raises
    ------
    InvalidPrices
        If the sessions do not ascend, or if `adjusted_close` falls against `close` and no reverse split explains it.

    Notes
    -----
    Timing: an action is known from the bars of its ex-date and of the one before.

    A step at a declared split ratio is a split. A fall, or a rise by more than half, that ends up to 5 per cent above
    such a ratio is a split with a dividend on the same day. Every other rise is a dividend; a spin-off or a rights
    issue is then a dividend of equal effect on returns.

    Examples
    --------
    >>> bars = pd.DataFrame(
    ...     {
    ...         "session": pd.DatetimeIndex(["2003-02-14", "2003-02-18", "2003-02-19"]),
    ...         "close": [48.30, 24.96, 24.53],
    ...         "adjusted_close": [16.076443, 16.615653, 16.382661],
    ...     }
    ... )
    >>> implied_actions(bars, dividend_basis="ex_close").reset_index().to_numpy().tolist()
    [[Timestamp('2003-02-18 00:00:00'), 2.0, 0.0, True], [Timestamp('2003-02-19 00:00:00'), 1.0, 0.08, True]]
    """
    if not bars["session"].is_monotonic_increasing or bars["session"].duplicated().any():
        raise InvalidPrices(
            "Expected bars in strictly ascending order to derive splits and dividends; sort them and remove duplicates "
            "first."
        )
    known = bars[(bars["close"] > 0) & (bars["adjusted_close"] > 0)]
    close = known["close"].to_numpy(dtype=np.float64)
    adjusted = known["adjusted_close"].to_numpy(dtype=np.float64)
    step = np.ones(len(known))
    tolerance = np.full(len(known), _NOISE)
    step[1:] = (adjusted[1:] / close[1:]) / (adjusted[:-1] / close[:-1])
    rounding = 0.5 * 10.0 ** -(_decimals_of(adjusted) if decimals is None else decimals)
    tolerance[1:] += rounding * (1 / adjusted[1:] + 1 / adjusted[:-1])
    rows: list[tuple[float, float]] = []
    positions = np.flatnonzero(np.abs(step - 1) > tolerance)
    for t in positions:
        split = _split_of(step[t], tolerance[t], known["session"].iloc[t])
        rest = step[t] / split
        scale = close[t] if dividend_basis == "ex_close" else close[t - 1] / (split * rest)
        dividend = (rest - 1) * scale if rest - 1 > tolerance[t] else 0.0
        rounded = round(dividend, _DIVIDEND_DECIMALS)
        rows.append((split, rounded if abs(rounded - dividend) <= tolerance[t] * scale else dividend))
    index = pd.DatetimeIndex(known["session"].iloc[positions], name="session")
    actions = pd.DataFrame(rows, index=index, columns=["split_factor", "dividend"], dtype="float64")
    return actions.assign(implied=True)


def forward_adjusted(prices: Prices) -> Prices:
    """Scale each bar by the splits and dividends up to it, so that later ones never change it.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Raw price frame of one instrument, as defined in `quant.frames`.

    Returns
    -------
    DataFrame of shape (n_bars, 8)
        Prices on the scale of the first bar; volume divided by the splits only. `split_factor` is 1 and `dividend` 0
        throughout: they are in the prices now.

    Raises
    ------
    InvalidPrices
        If `prices` is not a price frame, or if a dividend is not smaller than the previous close.

    Notes
    -----
    Timing: bar `t` is scaled by the actions whose ex-date is `t` or earlier, which are known before the open of `t`.
    Cutting the frame off after any bar gives bit-equal values up to it.

    A split multiplies by `split_factor`; a dividend divides by `1 - dividend / close[t - 1]`, the previous close taken
    in shares after a split of the same day. Actions on the first bar change nothing: its scale is the base.

    References
    ----------
    CRSP, Data Descriptions Guide, "Factor to adjust price". Differs from total returns, `(close + dividend) / previous
    close - 1`, in the second order: the dividend is taken to be reinvested at the close before the ex-date.

    Examples
    --------
    >>> from quant.data.provider import PriceQuery
    >>> from quant.data.sample import SampleProvider
    >>> from quant.data.snapshot import to_prices
    >>> prices = to_prices(SampleProvider().fetch(PriceQuery("MSFT")))
    >>> around = prices["session"].between("2003-02-14", "2003-02-18")
    >>> prices.loc[around, "close"].tolist()
    [48.3, 24.96]
    >>> forward_adjusted(prices).loc[around, "close"].tolist()
    [48.3, 49.92]
    """
    price_factor, share_factor = _cumulative_factors(check_prices(prices), dividends=True)
    return _scaled(prices, price_factor, share_factor).assign(split_factor=1.0, dividend=0.0)


def back_adjusted(prices: Prices, as_of: datetime.date | None = None, *, dividends: bool = True) -> Prices:
    """Scale each bar by the splits and dividends after it, so that the last bar is as traded.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Raw price frame of one instrument, as defined in `quant.frames`.
    as_of : date, optional
        The view that one had on the evening of this day: later bars are left out and later actions unknown. By
        default the view of the last bar.
    dividends : bool, default=True
        Take in dividends as well as splits. If not, the column `dividend` stays, in shares of the last bar.

    Returns
    -------
    DataFrame of shape (n_bars up to as_of, 8)
        Prices on the scale of the last bar, which equals the raw one; volume multiplied by the later splits only.

    Raises
    ------
    InvalidPrices
        If `prices` is not a price frame, or if a dividend is not smaller than the previous close.

    Notes
    -----
    Timing: bar `t` is scaled by actions after `t`. For display only: its levels know the future, its returns do not.

    References
    ----------
    As `forward_adjusted`, whose returns it has.
    """
    check_prices(prices)
    if as_of is not None:
        prices = prices[prices["session"] <= pd.Timestamp(as_of)]
    if prices.empty:
        return prices
    price_factor, share_factor = _cumulative_factors(prices, dividends=dividends)
    price_factor, share_factor = price_factor / price_factor[-1], share_factor / share_factor[-1]
    adjusted = _scaled(prices, price_factor, share_factor)
    unspent = 0.0 if dividends else prices["dividend"] * share_factor
    return adjusted.assign(split_factor=1.0, dividend=unspent)


def _decimals_of(values: FloatArray) -> int:
    """Return the fewest decimals, up to the nine of 32-bit floats, that show all values in full."""
    shown = (decimals for decimals in range(9) if (np.round(values, decimals) == values).all())
    return next(shown, 9)


def _split_of(step: float, tolerance: float, session: pd.Timestamp) -> float:
    """Return the split in a step of `adjusted_close / close`, 1.0 if the step is a dividend alone."""
    nearest = min(SPLIT_RATIOS, key=lambda ratio: abs(step / ratio - 1))
    if abs(step / nearest - 1) <= tolerance:
        return nearest
    if 1 < step <= _LARGEST_DIVIDEND_ALONE:
        return 1.0
    low, high = -_ROUGH, _LARGEST_DIVIDEND_BESIDE_SPLIT
    beside_dividend = [ratio for ratio in SPLIT_RATIOS if low <= step / ratio - 1 <= high]
    if beside_dividend:
        return max(beside_dividend)
    if step < 1:
        raise InvalidPrices(
            f"Expected adjusted_close to fall against close only in a reverse split; found a fall to {step:.6f} of it "
            f"on {session.date()}, which is no split. Check adjusted_close at its source."
        )
    return 1.0


def _cumulative_factors(prices: Prices, *, dividends: bool) -> tuple[FloatArray, FloatArray]:
    """Return the products, up to each bar, of price factors and of split factors; both 1 at the first bar."""
    split = prices["split_factor"].to_numpy(dtype=np.float64).copy()
    dividend = prices["dividend"].to_numpy(dtype=np.float64)
    close = prices["close"].to_numpy(dtype=np.float64)
    kept = np.ones(len(prices))
    split[:1] = 1.0
    if dividends:
        kept[1:] = 1.0 - dividend[1:] * split[1:] / close[:-1]
    if not (kept > 0).all():
        first = int(np.argmax(kept <= 0))
        raise InvalidPrices(
            f"Expected dividends below the previous close; found {dividend[first]:g} on "
            f"{prices['session'].iloc[first].date()} after a close of {close[first - 1]:g}. Check the dividends."
        )
    # cumprod goes from left to right, one bar at a time: a longer frame gives bit-equal products on the shorter part.
    factors: FloatArray = np.cumprod(np.stack([split / kept, split]), axis=1)
    return factors[0], factors[1]


def _scaled(prices: Prices, price_factor: FloatArray, share_factor: FloatArray) -> Prices:
    scaled = {name: prices[name] * price_factor for name in PRICE_NAMES}
    return prices.assign(**scaled, volume=prices["volume"] / share_factor)
