"""How bad the bad bars are. Both measures are losses: positive fractions, with their confidence."""

from quant.errors import InvalidSpec
from quant.risk.arrays import Values, to_sample
from quant.risk.formulas import historical_expected_shortfall, historical_value_at_risk


def value_at_risk(returns: Values, *, confidence: float = 0.95) -> float:
    """Return the loss per bar that is not exceeded with the given confidence.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    confidence : float, default=0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    float
        A loss as a positive fraction (negative if even that bar gained); NaN without returns.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1.

    Notes
    -----
    Timing: uses all of `returns`; historical, no distribution is assumed.

    The quantile rule is the inverse of the empirical distribution of losses: the smallest observed loss that at least
    a share `confidence` of all losses does not exceed. Nothing is interpolated, which would understate the tail.

    References
    ----------
    Rockafellar and Uryasev 2002, Conditional value-at-risk for general loss distributions, Journal of Banking & Finance
    26, definition 1. Differs from empyrical (interpolated, sign of a return) always, and from skfolio where
    `confidence * n_returns` is whole: it takes the next worse loss there.

    Examples
    --------
    >>> returns = [-0.05, -0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04]
    >>> value_at_risk(returns, confidence=0.85)
    0.04
    """
    check_confidence(confidence)
    ascending = to_sample(returns).ascending
    return historical_value_at_risk(ascending, len(ascending), confidence)


def expected_shortfall(returns: Values, *, confidence: float = 0.95) -> float:
    """Return the mean loss per bar in the worst part of all bars.

    Parameters
    ----------
    returns : Series or array of shape (n_returns,)
        Simple returns per bar; NaN are left out.
    confidence : float, default=0.95
        Between 0 and 1, both excluded; the worst part is `1 - confidence`.

    Returns
    -------
    float
        A loss as a positive fraction, never below the value at risk; NaN without returns.

    Raises
    ------
    InvalidSpec
        If the confidence is not between 0 and 1.

    Notes
    -----
    Timing: uses all of `returns`.

    The mean of exactly the worst `(1 - confidence) * n_returns` losses: where that is not whole, the last one counts by
    the fraction that is left. The mean of all losses at or beyond the value at risk takes the whole of it, which is too
    mild.

    References
    ----------
    Acerbi and Tasche 2002, On the coherence of expected shortfall, Journal of Banking & Finance 26; Rockafellar and
    Uryasev 2002, proposition 8. Differs from empyrical's `conditional_value_at_risk`, which is the plain mean.

    Examples
    --------
    >>> returns = [-0.05, -0.04, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.04]
    >>> round(expected_shortfall(returns, confidence=0.85), 6)
    0.046667
    """
    check_confidence(confidence)
    ascending = to_sample(returns).ascending
    return historical_expected_shortfall(ascending, len(ascending), confidence)


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is none, such as one in per cent."""
    if not 0 < confidence < 1:
        raise InvalidSpec(
            f"Expected a confidence between 0 and 1; found {confidence}. Write 95 per cent as 0.95.", field="confidence"
        )
