"""Whether a series returns to a level, or wanders."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.errors import InvalidSpec, NotEnoughData

# Response surface of the Dickey-Fuller distribution with a constant: level, then the powers of 1 / n.
_CRITICAL = {
    0.01: (-3.43035, -6.5393, -16.786, -79.433),
    0.05: (-2.86154, -2.8903, -4.234, -40.040),
    0.10: (-2.56677, -1.5384, -2.809, 0.0),
}
FEWEST_FOR_A_TEST = 20


class DickeyFuller(NamedTuple):
    """An augmented Dickey-Fuller test."""

    statistic: float
    critical: float

    @property
    def is_stationary(self) -> bool:
        """Whether a unit root is refused."""
        return self.statistic < self.critical


def dickey_fuller(values: ArrayLike, n_lags: int = 1, level: float = 0.05) -> DickeyFuller:
    """Test whether a series has a unit root, that is, wanders without a level to return to.

    Parameters
    ----------
    values : array-like of shape (n_bars,)
        One number a bar; unknown ones (NaN) are left out at both ends and not allowed in between.
    n_lags : int, default=1
        Earlier changes that are taken into account.
    level : {0.01, 0.05, 0.1}, default=0.05
        How often a series with a unit root may be said to have none.

    Returns
    -------
    DickeyFuller
        The statistic, and the critical value below which it refuses a unit root.

    Raises
    ------
    InvalidSpec
        If `level` is another, `n_lags` negative, or a value in between is unknown.
    NotEnoughData
        If there are fewer than 20 values besides the lags.

    Notes
    -----
    Timing: the answer is about the whole of `values`; ask it about rows that one may learn from.

    The change is regressed on a constant, the value before, and `n_lags` changes before; the statistic is that of the
    value before. A series that does not move has no unit root and is said to be stationary.

    References
    ----------
    Dickey & Fuller 1979, JASA 74, 427; critical values by MacKinnon 2010, Queen's Economics Department working paper
    1227, table 2.
    """
    if level not in _CRITICAL:
        raise InvalidSpec(f"Expected a level of {', '.join(map(str, _CRITICAL))}; found {level}.", field="level")
    array = np.asarray(values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(array))
    array = array[known[0] : known[-1] + 1] if known.size else array[:0]
    if np.isnan(array).any() or n_lags < 0:
        raise InvalidSpec("Expected values without a gap and lags that are not negative. Pass a run of known values.")
    if array.size < FEWEST_FOR_A_TEST + n_lags:
        raise NotEnoughData(
            f"Expected at least {FEWEST_FOR_A_TEST + n_lags} known values to test for a unit root; found {array.size}."
        )
    change = np.diff(array)
    target = change[n_lags:]
    rows = [np.ones(target.size), array[n_lags:-1], *(change[n_lags - k : -k] for k in range(1, n_lags + 1))]
    design = np.stack(rows, axis=1)
    factors, triangle = np.linalg.qr(design)
    critical = sum(term / target.size**power for power, term in enumerate(_CRITICAL[level]))
    diagonal = np.abs(np.diag(triangle))
    if diagonal.min() <= 1e-12 * diagonal.max():
        return DickeyFuller(-math.inf, critical)
    inverse = np.linalg.inv(triangle)
    beta = inverse @ (factors.T @ target)
    residuals = target - design @ beta
    variance = float(residuals @ residuals) / (target.size - design.shape[1])
    error = math.sqrt(variance * float(inverse[1] @ inverse[1]))
    return DickeyFuller(float(beta[1]) / error if error > 0.0 else -math.inf, critical)
