"""What is wrong, or odd, about prices: a report, and no repair.

An **error** is a contradiction: such a frame must not be used, and `quant.frames.check_prices` refuses it. A
**warning** is improbable but possible: extreme moves do happen, and only a person can tell. **Info** is a fact worth
knowing, such as a change that cleaning made.

Each check is one function `(bars: Bars) -> list[Finding]` in the tuple `CHECKS`. Checks look at the whole frame, later
bars included, and therefore never change it.
"""

from collections.abc import Callable

import pandas as pd

from quant.data import contradictions, oddities
from quant.data.findings import Bars, Finding
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS, TIMESTAMP_DTYPE, Prices

CHECKS: tuple[Callable[[Bars], list[Finding]], ...] = (
    contradictions.missing_values,
    contradictions.non_positive_prices,
    contradictions.negative_volume,
    contradictions.price_order,
    contradictions.impossible_actions,
    contradictions.repeated_timestamps,
    contradictions.unsorted_timestamps,
    contradictions.future_timestamps,
    contradictions.bars_without_session,
    oddities.sessions_without_bar,
    oddities.decimal_slips,
    oddities.price_spikes,
    oddities.suspected_splits,
    oddities.price_jumps,
    oddities.repeated_blocks,
    oddities.stale_bars,
    oddities.repeated_opens,
    oddities.zero_volume,
)


def quality_report(prices: Prices, calendar: str = "XNYS", *, now: pd.Timestamp | None = None) -> list[Finding]:
    """Return everything that is wrong or odd about prices; the most severe first.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Frame with the columns and the index of a price frame; its values and their order may be in any state.
    calendar : str, default="XNYS"
        Name of the exchange calendar, for sessions without a bar and bars without a session.
    now : Timestamp, optional
        The present moment, with a time zone, after which no bar can have closed; by default that of the clock.

    Returns
    -------
    list of Finding
        Empty if nothing is worth saying. There is a finding with severity `"error"` if `check_prices` refuses the
        frame, if a bar lies in the future, or if it is on a date without a session.

    Raises
    ------
    InvalidPrices
        If the columns or the index are not those of a price frame, so that nothing can be judged.
    InvalidSpec
        If the calendar is not known.

    Notes
    -----
    Timing: a report on all bars as they are known now. It may use later bars to judge an earlier one (a spike is a
    spike because the price comes back), so nothing computed at `t` may depend on it.

    Examples
    --------
    >>> from quant.data.provider import PriceQuery, create_provider
    >>> from quant.data.snapshot import to_prices
    >>> prices = to_prices(create_provider("sample").fetch(PriceQuery("GOOG")))
    >>> quality_report(prices)
    []
    >>> [(finding.code, finding.count) for finding in quality_report(prices.drop(prices.index[1:3]))]
    [('missing_sessions', 2)]
    """
    if tuple(prices.columns) != PRICE_COLUMNS or prices.index.dtype != TIMESTAMP_DTYPE:
        raise InvalidPrices(
            f"Expected the columns {', '.join(PRICE_COLUMNS)} and an index of {TIMESTAMP_DTYPE}; found "
            f"{', '.join(map(str, prices.columns))} and {prices.index.dtype}."
        )
    bars = Bars(prices, calendar, pd.Timestamp.now("UTC") if now is None else now)
    findings = [finding for check in CHECKS for finding in check(bars)]
    return sorted(findings, key=lambda finding: ("error", "warning", "info").index(finding.severity))
