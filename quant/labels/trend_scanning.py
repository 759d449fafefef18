"""The trend-scanning label: which way the price goes, over the stretch ahead on which it goes there most clearly."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec, NotEnoughData
from quant.frames import TIMESTAMP_DTYPE, Labels, Prices, check_finite

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

LEAST_BARS = 2  # ahead: three points, the fewest that a line need not go through


def trend_scanning(
    prices: Prices, *, shortest: int, longest: int, classes: Literal["two_way", "three_way"], least_t: float
) -> Labels:
    """Label each bar by the sign of the clearest linear trend that begins at its close.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Adjusted price frame of one instrument, as defined in `quant.frames`.
    shortest, longest : int
        Least and most bars ahead to which a trend is fitted, from 2 on.
    classes : {"two_way", "three_way"}
        1 for a rise and 0 for anything else; or 1, -1, and 0 where the clearest trend is not clear enough.
    least_t : float
        Size of the t-value from which a trend is clear enough (`three_way` only), 0 or more.

    Returns
    -------
    DataFrame of shape (n_bars, 3)
        `label`; `label_end`, the close of the bar `longest` bars later; `outcome`, the return from the next open to the
        close at which the chosen trend ends, as a fraction. The last `longest` rows, and rows with an unknown price on
        the way, are NaN and NaT.

    Raises
    ------
    InvalidSpec
        If a number is out of its bounds.
    NotEnoughData
        If `prices` has no more than `longest` bars, so that no label is known.
    InvalidPrices
        If a price that the label is made of is infinite.

    Notes
    -----
    Timing: the label at `t` looks at the closes from `t` to `t + longest`, and at the next open. All of them have a say
    in which stretch is chosen, so the label ends with the longest, not with the chosen one as in the source: purged by
    the latter, a training label could have been chosen by prices of the test window.

    References
    ----------
    López de Prado 2019 (SSRN 3365282) and 2020, Machine Learning for Asset Managers, section 5.4 and snippets 5.1 and
    5.2.
    """
    if not LEAST_BARS <= shortest <= longest:
        raise InvalidSpec(
            f"Expected {LEAST_BARS} ≤ shortest ≤ longest; found {shortest} and {longest}.", field="shortest"
        )
    if not least_t >= 0.0:
        raise InvalidSpec(f"Expected least_t to be 0 or more; found {least_t}.", field="least_t")
    if len(prices) <= longest:
        raise NotEnoughData(
            f"Expected more than {longest} bars to look for trends over up to {longest} bars; found {len(prices)}. "
            "Ask for a longer history or a shorter stretch."
        )
    check_finite(prices, ["open", "close"])
    closes, opens = (prices[name].to_numpy(dtype=np.float64) for name in ("close", "open"))
    t_value, length = clearest_trends(closes, shortest, longest)
    outcome = np.full(len(prices), np.nan)
    rows = np.arange(len(prices) - longest)
    outcome[rows] = closes[rows + length[rows]] / opens[rows + 1] - 1.0
    is_known = ~np.isnan(t_value + outcome)
    if classes == "two_way":
        label = np.where(t_value > 0.0, 1.0, 0.0)
    else:
        label = np.where(np.abs(t_value) >= least_t, np.sign(t_value), 0.0)
    ends = prices.index[longest:].append(pd.DatetimeIndex([pd.NaT] * longest, dtype=TIMESTAMP_DTYPE))
    return pd.DataFrame(
        {
            "label": np.where(is_known, label, np.nan),
            "label_end": ends.where(is_known),
            "outcome": np.where(is_known, outcome, np.nan),
        },
        index=prices.index,
    )


def clearest_trends(closes: FloatArray, shortest: int, longest: int) -> tuple[FloatArray, IntArray]:
    """Return the t-value of the slope of the clearest trend ahead of each bar, and how many bars ahead it ends.

    Parameters
    ----------
    closes : ndarray of shape (n_bars,)
        Prices.
    shortest, longest : int
        Least and most bars ahead, from 2 on.

    Returns
    -------
    t_value : ndarray of shape (n_bars,)
        Of the slope of a straight line through the closes from the bar on, by least squares, where it is largest in
        size; of equals, the shortest. 0 where prices stand still, infinite where they lie on a line. The last `longest`
        and those with an unknown close ahead are NaN.
    length : ndarray of shape (n_bars,)
        Bars ahead at which the line ends, int64; `shortest` where nothing is known.

    Notes
    -----
    Timing: the value at `t` uses the closes from `t` to `t + longest`.

    References
    ----------
    López de Prado 2020, Machine Learning for Asset Managers, snippets 5.1 and 5.2.
    """
    best, length = np.full(len(closes), np.nan), np.full(len(closes), shortest)
    n_known = len(closes) - longest
    if n_known <= 0:
        return best, length
    begin = closes[:n_known]
    total, moment, square = np.zeros(n_known), np.zeros(n_known), np.zeros(n_known)
    clearest = np.full(n_known, -1.0)
    for ahead in range(1, longest + 1):
        away = (
            closes[ahead : ahead + n_known] - begin
        )  # from the first close, so that sums of squares keep their digits
        total += away
        moment += ahead * away
        square += away * away
        if ahead < shortest:
            continue
        n_points = ahead + 1
        spread = n_points * (n_points**2 - 1) / 12.0  # sum of squared distances of the places from their mean
        slope = (moment - total * (ahead / 2.0)) / spread
        unexplained = np.maximum(square - total * total / n_points - slope * slope * spread, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t_value = slope / np.sqrt(unexplained / (n_points - 2) / spread)
        t_value[slope == 0.0] = 0.0
        is_clearer = np.abs(t_value) > clearest
        clearest = np.where(is_clearer, np.abs(t_value), clearest)
        best[:n_known] = np.where(is_clearer, t_value, best[:n_known])
        length[:n_known] = np.where(is_clearer, ahead, length[:n_known])
    is_unknown = np.isnan(square)
    best[:n_known][is_unknown], length[:n_known][is_unknown] = np.nan, shortest
    return best, length
