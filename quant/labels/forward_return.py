"""The fixed-horizon label: whether the price rose by enough over the next bars."""

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec, NotEnoughData
from quant.frames import TIMESTAMP_DTYPE, Labels, Prices, check_finite


def forward_return(prices: Prices, *, horizon: int, threshold: float) -> Labels:
    """Label each bar by the return from the next open to an open `horizon` bars later.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    horizon : int
        Bars from the open at which the return begins to the open at which it ends, at least 1.
    threshold : float
        Return, as a fraction, above which the label is 1.

    Returns
    -------
    DataFrame of shape (n_bars, 3)
        `label`, 1.0 if the return is above `threshold` and 0.0 if not; `label_end`, the close of the bar with the last
        open; `outcome`, the return as a fraction. The last `horizon + 1` rows, and rows for which one of the two opens
        is unknown, are NaN and NaT.

    Raises
    ------
    InvalidSpec
        If `horizon` is less than 1.
    NotEnoughData
        If `prices` has no more than `horizon + 1` bars, so that no label is known.
    InvalidPrices
        If a price that the label is made of is infinite.

    Notes
    -----
    Timing: the label at `t` looks at the opens of `t + 1` and `t + 1 + horizon`, and at nothing else. It is an outcome,
    never a feature.

    The return begins at the next open because that is the first price at which one could act on what is known at the
    close of `t`. The last open is known early in its bar; `label_end` is the close of that bar, which is when the bar
    arrives, so that purging by it drops rather one sample too many.

    References
    ----------
    López de Prado, Advances in Financial Machine Learning, 2018, section 3.2 (fixed-time horizon method), there from
    close to close.
    """
    if horizon < 1:
        raise InvalidSpec(f"Expected horizon to be at least 1; found {horizon}.", field="horizon")
    reach = horizon + 1
    if len(prices) <= reach:
        raise NotEnoughData(
            f"Expected more than {reach} bars to label a return over {horizon} bars; found {len(prices)}. "
            "Ask for a longer history or a shorter horizon."
        )
    check_finite(prices, ["open"])
    opens = prices["open"].to_numpy(dtype=np.float64)
    outcome = np.full(len(prices), np.nan)
    outcome[:-reach] = opens[reach:] / opens[1:-horizon] - 1.0
    is_known = ~np.isnan(outcome)
    label = np.where(is_known, outcome > threshold, np.nan)
    ends = prices.index[reach:].append(pd.DatetimeIndex([pd.NaT] * reach, dtype=TIMESTAMP_DTYPE))
    return pd.DataFrame({"label": label, "label_end": ends.where(is_known), "outcome": outcome}, index=prices.index)


def forward_return_size(prices: Prices, *, horizon: int) -> Labels:
    """Label each bar with the return from the next open to an open `horizon` bars later.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    horizon : int
        Bars from the open at which the return begins to the open at which it ends, at least 1.

    Returns
    -------
    DataFrame of shape (n_bars, 3)
        As `forward_return` has it, but `label` is the `outcome` itself, as a fraction.

    Raises
    ------
    InvalidSpec
        If `horizon` is less than 1.
    NotEnoughData
        If `prices` has no more than `horizon + 1` bars, so that no label is known.
    InvalidPrices
        If a price that the label is made of is infinite.

    Notes
    -----
    Timing: that of `forward_return`.
    """
    labels = forward_return(prices, horizon=horizon, threshold=0.0)
    return labels.assign(label=labels["outcome"])
