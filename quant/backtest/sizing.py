"""How large a position is: signals become target weights."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.backtest.catalog import FixedFraction, Kelly, SizingSpec, VolatilityTarget
from quant.errors import InvalidSpec
from quant.frames import Prices, to_panel
from quant.returns import simple_returns


def target_weights(
    signals: pd.DataFrame,
    adjusted_prices: Mapping[int, Prices],
    spec: SizingSpec,
    *,
    periods_per_year: float,
    cost_rate: float = 0.0,
) -> pd.DataFrame:
    """Size each signal.

    Parameters
    ----------
    signals : DataFrame of shape (n_rows, 1)
        Panel with `signal` in {-1, 0, 1}.
    adjusted_prices : mapping of int to DataFrame
        **Forward-adjusted** price frame of every instrument of the question, also of those without a signal: their
        number divides the book. Back-adjusted prices would do for returns, raw ones would not.
    spec : FixedFraction, VolatilityTarget or Kelly
        How to size.
    periods_per_year : float
        Bars a year, which annualise the measured volatility.
    cost_rate : float, default=0.0
        What a trade costs, as a fraction of its value; a Kelly fraction counts it.

    Returns
    -------
    DataFrame of shape (n_rows, 1)
        Panel with the same index and `target_weight`: the wish for the share of equity in the instrument, negative for
        short. Always known: an instrument whose volatility, or whose Kelly fraction, is unknown gets 0.

    Raises
    ------
    InvalidSpec
        If a signal is for an instrument without prices.

    Notes
    -----
    Timing: the weight at `t` uses the signal at `t` and, for a volatility target, adjusted closes up to `t`; for a
    Kelly fraction also the signals before. It is known at the close of `t` and can be acted upon at the next open.

    With k instruments, a fixed fraction f gives each f / k. A volatility target v gives each
    min(v / volatility, max_fraction) / k: every instrument has an equal part of the book, and the book's volatility
    reaches v only if all move together. The volatility is the sample standard deviation (`ddof=1`) of the last `window`
    simple returns times the square root of `periods_per_year`. Where it is exactly zero, prices did not move at all:
    the instrument did not trade, which is not the same as calm, so the weight is 0.

    A Kelly fraction gives each min(part * f, max_fraction) / k, where f is the mean over the variance (`ddof=1`) of
    what the last `window` bars with a signal earned: the simple return of a bar times the signal at the close before,
    less `cost_rate` for each unit by which the signal had changed then, and for leaving at its end. It is 0 while
    there are fewer such bars, and where they lost. Signals count whether or not they were traded, so that an
    instrument can come back.

    References
    ----------
    Kelly 1956, Bell System Technical Journal 35; Thorp 2006, The Kelly Criterion in Blackjack, Sports Betting and the
    Stock Market, eq. 7.3, of which the mean over the variance is the continuous limit.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([[0, 1], [0, 1]], names=["timestamp", "instrument"])
    >>> signals = pd.DataFrame({"signal": [1, 0, 1, -1]}, index=index)
    >>> prices = {0: pd.DataFrame(), 1: pd.DataFrame()}
    >>> target_weights(signals, prices, FixedFraction(fraction=0.8), periods_per_year=252)["target_weight"].tolist()
    [0.4, 0.0, 0.4, -0.4]
    """
    unknown = set(signals.index.unique("instrument")) - set(adjusted_prices)
    if unknown:
        raise InvalidSpec(
            f"Expected prices of every instrument that has a signal; found none of instrument {min(unknown)}. Pass the "
            "prices of all instruments of the question.",
            field="instruments",
        )
    size: float | NDArray[np.float64]
    if isinstance(spec, FixedFraction):
        size = spec.fraction
    elif isinstance(spec, Kelly):
        size = _kelly_sizes(signals, adjusted_prices, spec, cost_rate).to_numpy()
    else:
        size = _volatility_target_sizes(signals, adjusted_prices, spec, periods_per_year).to_numpy()
    # Adding zero turns the -0.0 of a flat signal into 0.0.
    weight = signals["signal"].to_numpy() * size / len(adjusted_prices) + 0.0
    return pd.DataFrame({"target_weight": weight}, index=signals.index)


def full_sizes(adjusted_prices: Prices, spec: SizingSpec, *, periods_per_year: float) -> NDArray[np.float64]:
    """Return what `target_weights` gives in a book of one instrument that is signalled long at every bar.

    Parameters
    ----------
    adjusted_prices : DataFrame of shape (n_bars, 8)
        Forward-adjusted price frame of the instrument.
    spec : FixedFraction, VolatilityTarget or Kelly
        How to size.
    periods_per_year : float
        Bars a year.

    Returns
    -------
    ndarray of shape (n_bars,)
        Share of equity, zero or more, to the last bit the same.

    Notes
    -----
    Timing: as `target_weights`.

    Examples
    --------
    >>> full_sizes(pd.DataFrame(index=range(2)), FixedFraction(fraction=0.8), periods_per_year=252).tolist()
    [0.8, 0.8]
    """
    if isinstance(spec, FixedFraction):
        return np.full(len(adjusted_prices), spec.fraction)
    if isinstance(spec, VolatilityTarget):
        return _volatility_target_size(adjusted_prices, spec, periods_per_year).to_numpy(copy=True)
    signals = to_panel({0: pd.DataFrame({"signal": 1}, index=adjusted_prices.index)})
    weights = target_weights(signals, {0: adjusted_prices}, spec, periods_per_year=periods_per_year)
    return weights["target_weight"].to_numpy(copy=True)


def realised_volatility(adjusted_prices: Prices, *, window: int) -> pd.Series:
    """Return the volatility of the last returns at each bar.

    Parameters
    ----------
    adjusted_prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument.
    window : int
        Number of returns, at least 2.

    Returns
    -------
    Series of shape (n_bars,)
        Sample standard deviation (`ddof=1`) of simple returns, per bar. The first `window` values are NaN.

    Notes
    -----
    Timing: the value at `t` uses closes from `t - window` to `t`.
    """
    return simple_returns(adjusted_prices["close"]).rolling(window).std(ddof=1)


def _kelly_sizes(
    signals: pd.DataFrame, adjusted_prices: Mapping[int, Prices], spec: Kelly, cost_rate: float
) -> pd.Series:
    """Return the size of a full position in each row of `signals`, before the book is divided."""
    sizes = {}
    for instrument in signals.index.unique("instrument"):
        returns = simple_returns(adjusted_prices[instrument]["close"])
        own = signals["signal"].xs(instrument, level="instrument").reindex(returns.index).ffill()
        held = own.shift()
        traded = (held - held.shift().fillna(0.0)).abs() + held.abs().where(own == 0.0, 0.0)
        earned = held * returns - cost_rate * traded
        latest = earned[held.fillna(0) != 0].rolling(spec.window)
        mean, variance = latest.mean(), latest.var(ddof=1)
        fraction = mean / variance.where(variance > 0)
        sizes[instrument] = fraction.reindex(returns.index).ffill().to_frame("size")
    if not sizes:
        return pd.Series(index=signals.index, dtype=np.float64)
    wanted: pd.Series = spec.part * to_panel(sizes)["size"].reindex(signals.index)
    return wanted.clip(lower=0.0, upper=spec.max_fraction).fillna(0.0)


def _volatility_target_sizes(
    signals: pd.DataFrame, adjusted_prices: Mapping[int, Prices], spec: VolatilityTarget, periods_per_year: float
) -> pd.Series:
    """Return the size of a full position in each row of `signals`, before the book is divided."""
    sizes = {
        instrument: _volatility_target_size(adjusted_prices[instrument], spec, periods_per_year).to_frame("size")
        for instrument in signals.index.unique("instrument")
    }
    if not sizes:
        return pd.Series(index=signals.index, dtype=np.float64)
    return to_panel(sizes)["size"].reindex(signals.index).fillna(0.0)


def _volatility_target_size(adjusted_prices: Prices, spec: VolatilityTarget, periods_per_year: float) -> pd.Series:
    """Return the size of a full position at each bar of an instrument."""
    annualised = realised_volatility(adjusted_prices, window=spec.window) * np.sqrt(periods_per_year)
    wanted: pd.Series = spec.annualised_volatility / annualised.where(annualised > 0)
    return wanted.clip(upper=spec.max_fraction).fillna(0.0)
