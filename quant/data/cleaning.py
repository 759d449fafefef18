"""Make prices fit to be used, as the question says, and report every change."""

import numpy as np
import pandas as pd

from quant.calendars import listed_dates
from quant.data.catalog import CleaningSpec
from quant.data.checks import quality_report
from quant.data.findings import Finding, counted, to_dates
from quant.data.oddities import longest_gap
from quant.data.snapshot import place_actions
from quant.errors import InvalidPrices, NotEnoughData
from quant.frames import Prices, check_prices


def clean(
    prices: Prices,
    spec: CleaningSpec,
    calendar: str = "XNYS",
    *,
    now: pd.Timestamp | None = None,
    is_repeat: bool = False,
) -> tuple[Prices, list[Finding]]:
    """Return prices fit to be used, and everything that was found or changed.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Raw price frame of one instrument in any state, from `quant.data.snapshot.to_prices`.
    spec : CleaningSpec
        What to do.
    calendar : str, default="XNYS"
        Name of the exchange calendar.
    now : Timestamp, optional
        The present moment; by default that of the clock.
    is_repeat : bool, default=False
        Whether these prices, or more of them, were reported on before: then they are not reported on again. The report
        changes no price.

    Returns
    -------
    prices : DataFrame of shape (n_bars or fewer, 8)
        A price frame that `quant.frames.check_prices` accepts. Bars are left out, never invented, changed or filled.
    findings : list of Finding
        The quality report on the given prices, unless it is a repeat; then one finding for each kind of change.

    Raises
    ------
    InvalidPrices
        If the prices contradict themselves, or if more sessions than `spec.max_gap_sessions` are missing in a row after
        cleaning.
    NotEnoughData
        If no bar is left.
    InvalidSpec
        If the calendar is not known.

    Notes
    -----
    Timing: whether a bar is kept depends on that bar alone. A split or dividend of a bar that is left out takes effect
    at the next bar, so that adjusted returns do not change.

    Cleaning what has been cleaned changes nothing.

    Examples
    --------
    >>> from quant.data.provider import PriceQuery, create_provider
    >>> from quant.data.snapshot import to_prices
    >>> prices = to_prices(create_provider("sample").fetch(PriceQuery("GOOG")))
    >>> cleaned, findings = clean(prices, CleaningSpec())
    >>> cleaned.equals(prices), findings
    (True, [])
    """
    findings = [] if is_repeat else quality_report(prices, calendar, now=now)
    errors = [finding.message for finding in findings if finding.severity == "error"]
    if errors:
        raise InvalidPrices(" ".join(errors))
    if spec.drop_zero_volume:
        prices, dropped = _without_zero_volume(prices)
        findings += dropped
    if prices.empty:
        raise NotEnoughData("Expected bars; found none to use. Ask for a longer range, or for another instrument.")
    gap = longest_gap(pd.DatetimeIndex(prices["session"]), calendar)
    if gap > spec.max_gap_sessions:
        raise InvalidPrices(
            f"Expected at most {spec.max_gap_sessions} sessions without a bar in a row; found {gap}. Choose a range "
            "without the hole, or allow longer ones."
        )
    return check_prices(prices), findings


def _without_zero_volume(prices: Prices) -> tuple[Prices, list[Finding]]:
    """Return the bars in which something was traded, with all actions, and what was left out."""
    is_empty = prices["volume"].to_numpy() == 0
    if not is_empty.any():
        return prices, []
    rows = np.flatnonzero(is_empty)
    sessions = pd.DatetimeIndex(prices["session"].iloc[rows])
    finding = Finding(
        "dropped_zero_volume",
        "info",
        f"Left out {counted(len(rows))} in which nothing was traded, as the question asks: {listed_dates(sessions)}.",
        len(rows),
        tuple(int(row) for row in rows),
        to_dates(sessions),
    )
    actions = prices.set_index("session")[["split_factor", "dividend"]]
    has_action = (actions["split_factor"] != 1) | (actions["dividend"] != 0)
    return place_actions(prices[~is_empty], actions[has_action]), [finding]
