"""How curves move together: with each other, and with factors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quant.errors import InvalidSpec, NotEnoughData
from quant.returns import RETURN_ROUNDING
from quant.risk.arrays import FloatArray, to_array

_LEAST_COMMON = 2


@dataclass(frozen=True, eq=False)
class FactorModel:
    """Returns explained by factors.

    Attributes
    ----------
    coefficients : DataFrame of shape (n_factors + 1, 4)
        Index `factor`: `alpha`, the part that no factor explains, per bar, then the factors. `coefficient`;
        `standard_error`, the classical one; `robust_error`, right also where residuals vary in size and depend on those
        before; `t_value`, the coefficient over the robust error.
    n_observations : int
        Bars at which all are known.
    r_squared : float
        Share of the variance that the factors explain; NaN if the returns do not vary.
    """

    coefficients: pd.DataFrame
    n_observations: int
    r_squared: float


def correlation_matrix(returns: pd.DataFrame) -> pd.DataFrame:
    """Return how closely each pair of columns moves together.

    Parameters
    ----------
    returns : DataFrame of shape (n_bars, n_columns)
        Simple returns per bar, one column an instrument or a strategy.

    Returns
    -------
    DataFrame of shape (n_columns, n_columns)
        Pearson's correlation over the bars at which both are known, 1 on the diagonal. NaN with fewer than two such
        bars, or if one side varies there by no more than `quant.returns.RETURN_ROUNDING`.

    Notes
    -----
    Timing: uses all bars. Pairs are compared at the same timestamp, never by position, and nothing is filled: with
    other holidays, other bars count for each pair.

    References
    ----------
    Pearson 1895. Equals pandas' `DataFrame.corr`, which calls the correlation of rounding errors one as well.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [0.01, -0.02, 0.03], "b": [0.02, -0.04, 0.06], "c": [0.0, 0.0, 0.0]})
    >>> correlation_matrix(frame).round(10).to_numpy().tolist()
    [[1.0, 1.0, nan], [1.0, 1.0, nan], [nan, nan, nan]]
    """
    table = returns.to_numpy(dtype=np.float64)
    n = table.shape[1]
    found = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(i, n):
            found[i, j] = found[j, i] = _correlation(table[:, i], table[:, j])
    return pd.DataFrame(found, index=returns.columns, columns=returns.columns)


def _correlation(own: FloatArray, other: FloatArray) -> float:
    both = ~(np.isnan(own) | np.isnan(other))
    if np.count_nonzero(both) < _LEAST_COMMON:
        return np.nan
    own, other = own[both], other[both]
    own, other = own - own.mean(), other - other.mean()
    spreads = [float(np.sqrt((side * side).sum() / (len(side) - 1))) for side in (own, other)]
    if not min(spreads) > RETURN_ROUNDING:
        return np.nan
    return float(np.clip((own * other).sum() / np.sqrt((own * own).sum() * (other * other).sum()), -1.0, 1.0))


def factor_betas(returns: pd.Series, factors: pd.DataFrame, *, n_lags: int | None = None) -> FactorModel:
    """Explain returns by factors, all at once.

    Parameters
    ----------
    returns : Series of shape (n_bars,)
        Simple excess returns per bar, with timestamps of its own.
    factors : DataFrame of shape (n_bars, n_factors)
        Returns of the factors per bar, such as market, size and value, with timestamps of their own.
    n_lags : int, optional
        Bars over which the residuals may depend on each other, for the robust error. None: the whole part of
        `4 (n / 100)^(2/9)`; 0: none, which is White's error.

    Returns
    -------
    FactorModel
        Coefficients with their errors.

    Raises
    ------
    InvalidSpec
        If there are no factors, one is called `alpha`, or `n_lags` is negative.
    NotEnoughData
        If fewer bars are known on both sides than there are coefficients and one more, or if a factor does not vary, or
        is a mixture of the others.

    Notes
    -----
    Timing: uses all common bars; a statement about the past. Compared where all are known at the same timestamp.

    References
    ----------
    Fama and French 1993, Journal of Financial Economics 33; Newey and West 1987, Econometrica 55(3), Bartlett kernel,
    without a correction for small samples.

    Examples
    --------
    >>> index = pd.date_range("2024-01-01", periods=5, tz="UTC")
    >>> market = pd.Series([0.01, -0.02, 0.03, 0.0, 0.01], index=index)
    >>> found = factor_betas(0.001 + 2 * market, market.to_frame("market"))
    >>> found.coefficients["coefficient"].round(10).to_dict()
    {'alpha': 0.001, 'market': 2.0}
    """
    names = [str(name) for name in factors.columns]
    if not names or "alpha" in names or (n_lags is not None and n_lags < 0):
        raise InvalidSpec(
            f"Expected at least one factor, none of them called alpha, and lags of 0 or more; found {names} and "
            f"{n_lags} lags.",
            field="factors",
        )
    common = returns.index.intersection(factors.index).sort_values()
    own, table = to_array(returns.loc[common]), factors.loc[common].to_numpy(dtype=np.float64)
    is_known = ~(np.isnan(own) | np.isnan(table).any(axis=1))
    own, table = own[is_known], table[is_known]
    n, k = len(own), len(names) + 1
    design = np.column_stack([np.ones(n), table])
    if n <= k or not _is_full(design):
        raise NotEnoughData(
            f"Expected more than {k} common bars, and factors that vary and are no mixtures of one another; found {n} "
            "bars. Take a longer history, or leave a factor out."
        )
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ own)
    residuals = own - design @ coefficients
    classical = np.sqrt(np.diag(inverse) * float(residuals @ residuals) / (n - k))
    lags = min(int(4 * (n / 100) ** (2 / 9)) if n_lags is None else n_lags, n - 1)
    robust = np.sqrt(np.maximum(np.diag(inverse @ _scatter(design * residuals[:, None], lags) @ inverse), 0.0))
    spread = float(((own - own.mean()) ** 2).sum())
    table_of = {
        "coefficient": coefficients,
        "standard_error": classical,
        "robust_error": robust,
        "t_value": np.divide(coefficients, robust, out=np.full(k, np.nan), where=robust > RETURN_ROUNDING),
    }
    return FactorModel(
        coefficients=pd.DataFrame(table_of, index=pd.Index(["alpha", *names], name="factor")),
        n_observations=n,
        r_squared=1.0 - float(residuals @ residuals) / spread if spread > n * RETURN_ROUNDING**2 else np.nan,
    )


def _is_full(design: FloatArray) -> bool:
    """Return whether every column says something that the others do not, whatever the unit of each."""
    scales = np.sqrt((design * design).mean(axis=0))
    centred = design[:, 1:] - design[:, 1:].mean(axis=0)
    if not (np.abs(centred).max(axis=0) > RETURN_ROUNDING).all():
        return False
    rank = int(np.linalg.matrix_rank(design / scales, tol=1e-9 * np.sqrt(len(design))))
    return bool(rank == design.shape[1])


def _scatter(scores: FloatArray, lags: int) -> FloatArray:
    """Return the long-run sum of the products of scores, by the Bartlett kernel."""
    total: FloatArray = scores.T @ scores
    for lag in range(1, lags + 1):
        product = scores[lag:].T @ scores[:-lag]
        total = total + (1.0 - lag / (lags + 1.0)) * (product + product.T)
    return total
