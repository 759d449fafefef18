"""How long the blocks of a bootstrap are to be, so that they keep together what depends on each other.

Without compiled code: web processes ask too, which load none.
"""

import math
from typing import Any

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
_ROUNDING = 1e-24  # of a variance, against the square of the greatest value
_IN_A_ROW = 5  # lags without correlation that end it: of fewer than 10^25 bars


def automatic_block(*series: FloatArray) -> float:
    """Return the mean length of a block that the dependence of a series asks for: the greatest of several.

    Parameters
    ----------
    *series : ndarray of shape (n_bars,)
        Known values in the order of time.

    Returns
    -------
    float
        From 1, where nothing depends on what was before, to a third of the bars, and to three times their root.

    Notes
    -----
    Timing: uses all bars; a statement about the past.

    Autocovariances are summed up to twice the lag after which five autocorrelations in a row are within
    `2 sqrt(log10(n) / n)`, with a window that is flat for its first half. The length at which the variance of a mean is
    estimated best is the third root of the number of bars times the squared ratio of their first moment to their sum.

    References
    ----------
    Politis and White 2004, Automatic Block-Length Selection for the Dependent Bootstrap, Econometric Reviews 23(1);
    Patton, Politis and White 2009, Correction, Econometric Reviews 28(4), for the constant of the stationary bootstrap.

    Examples
    --------
    >>> automatic_block(np.zeros(100))
    1.0
    """
    return max(_block_of(values) for values in series)


def usual_block(*returns: FloatArray) -> float:
    """Return the mean length of a block that keeps together what depends on each other: returns, and their size.

    Parameters
    ----------
    *returns : ndarray of shape (n_bars,)
        Known returns of one or more curves, each in the order of time.

    Returns
    -------
    float
        The greatest of `automatic_block` of the returns and of their distances from their mean.

    Notes
    -----
    Timing: uses all bars; a statement about the past.
    """
    return automatic_block(*returns, *(np.abs(each - each.mean()) if each.size else each for each in returns))


def _block_of(values: FloatArray) -> float:
    n = len(values)
    centred = values - values.mean() if n else values
    most = min(math.ceil(3.0 * math.sqrt(n)), n / 3.0)
    variance = float(centred @ centred) / n if n else 0.0
    if most <= 1.0 or variance <= _ROUNDING * float(np.abs(values).max()) ** 2:
        return 1.0
    covariances, last = _autocovariances(centred, variance)
    reach = min(2 * max(last, 1), len(covariances) - 1)
    lags = np.arange(1, reach + 1)
    window = np.minimum(1.0, 2.0 * (1.0 - lags / reach))
    weighted = 2.0 * window * covariances[1 : reach + 1]
    spectrum = float(covariances[0] + weighted.sum())
    moment = float((weighted * lags).sum())
    # A spectrum of nothing at zero is that of a series that takes back what it does: the longest blocks.
    length = most if spectrum == 0.0 else (abs(moment / spectrum) ** 2 * n) ** (1.0 / 3.0)
    return float(min(max(length, 1.0), most))


def _autocovariances(centred: FloatArray, variance: float) -> tuple[FloatArray, int]:
    """Return as many as are asked for, and the last lag that is more than chance."""
    n = len(centred)
    n_lags = min(math.ceil(math.sqrt(n)) + _IN_A_ROW, n - 1)
    bound = 2.0 * math.sqrt(math.log10(n) / n) * variance
    found = np.zeros(n_lags + 1)
    found[0] = variance
    last = 0
    for lag in range(1, n_lags + 1):
        if lag > max(last + _IN_A_ROW, 2 * last):
            break
        found[lag] = float(centred[lag:] @ centred[:-lag]) / n
        if lag <= last + _IN_A_ROW and abs(found[lag]) >= bound:
            last = lag
    return found, last
