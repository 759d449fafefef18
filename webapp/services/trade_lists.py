"""The trades of an answer that match a filter, in a chosen order: for the tab of trades and for REST."""

import datetime
from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.permissions import Actor
from webapp.services import results
from webapp.services.results import ResultView
from webapp.storage import FrameStore

Side = Literal["long", "short"]
Outcome = Literal["won", "lost"]
Reason = Literal["signal", "stop_loss", "take_profit", "trailing_stop", "margin_call", "delisted", "open"]
Order = Literal["entry", "exit", "return", "result", "costs", "bars", "worst", "best"]

SIDES: Final = get_args(Side)
OUTCOMES: Final = get_args(Outcome)
REASONS: Final = get_args(Reason)
ORDERS: Final = get_args(Order)

_BY: dict[str, str] = {
    "entry": "number",
    "exit": "exit_at",
    "return": "return_on_entry_value",
    "result": "pnl",
    "costs": "costs",
    "bars": "bars_held",
    "worst": "max_adverse_excursion",
    "best": "max_favourable_excursion",
}


@dataclass(frozen=True)
class TradeFilter:
    """Which trades are looked at; what is None does not matter.

    Attributes
    ----------
    instrument : int or None
        Position of the instrument in the question, from 0.
    side : {"long", "short"} or None
        Which way it was.
    outcome : {"won", "lost"} or None
        Whether money was made after all costs; a trade that made exactly nothing counts as lost.
    reason : str or None
        One of `REASONS`: why it was left. Answers from before reasons were kept know only whether a trade is open; all
        others were left by the signal then.
    first, last : date or None
        First and last day (UTC) on which it may have been entered.
    least_bars, most_bars : int or None
        Closes at which it was held, at least and at most.
    """

    instrument: int | None = None
    side: Side | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    first: datetime.date | None = None
    last: datetime.date | None = None
    least_bars: int | None = None
    most_bars: int | None = None

    @property
    def is_used(self) -> bool:
        """Whether anything is left out."""
        return any(getattr(self, each.name) is not None for each in fields(self))

    @property
    def key(self) -> str:
        """A short text that differs between filters."""
        return "_".join("" if (value := getattr(self, each.name)) is None else str(value) for each in fields(self))


EVERY: Final = TradeFilter()


@dataclass(frozen=True)
class TradeList:
    """The trades that match, whole.

    Attributes
    ----------
    result : ResultView
        The answer with the frames that were asked for.
    trades : DataFrame of shape (n_matching, n_columns)
        The columns of the answer's `trades`, before them `number`: the place of a trade among all, from 1.
    n_all : int
        How many trades there are without a filter.
    """

    result: ResultView
    trades: pd.DataFrame
    n_all: int


def read_trades(
    session: Session,
    store: FrameStore,
    actor: Actor,
    analysis_id: str,
    wanted: TradeFilter = EVERY,
    *,
    order: Order = "entry",
    descending: bool = False,
    names: tuple[str, ...] = ("trades",),
) -> TradeList:
    """Return the trades of an answer that match a filter.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    store : FrameStore
        Where answers are kept.
    actor : Actor
        Who asks; must be allowed to read the analysis.
    analysis_id : str
        Public id of the analysis.
    wanted : TradeFilter, optional
        Which trades; by default all.
    order : str, default="entry"
        One of `ORDERS`: by what they are sorted; equal ones, by entry. What is unknown comes last.
    descending : bool, default=False
        Whether the greatest comes first.
    names : tuple of str, default=("trades",)
        Frames of the answer to read, `trades` among them.

    Returns
    -------
    TradeList
        All that match: nothing is cut off, however many they are.

    Raises
    ------
    NotFound
        If there is no such analysis that the actor may see.
    Conflict
        If it has no answer (yet).
    InvalidInput
        If the question has no such instrument, or a range ends before it begins.
    """
    result = results.load(session, store, actor, analysis_id, names)
    check(wanted, n_instruments=len(result.facts["data"]["instruments"]))
    every = result.frames["trades"]
    return TradeList(result, sort(choose(every, wanted), order, descending=descending), len(every))


def check(wanted: TradeFilter, *, n_instruments: int) -> None:
    """Refuse a filter that no trade can match because it contradicts itself or its question.

    Raises
    ------
    InvalidInput
        If the question has no such instrument, or a range ends before it begins.
    """
    wrong: dict[str, str] = {}
    if wanted.instrument is not None and not 0 <= wanted.instrument < n_instruments:
        wrong["instrument"] = f"Expected a position from 0 to {n_instruments - 1}; found {wanted.instrument}."
    if wanted.first and wanted.last and wanted.first > wanted.last:
        wrong["last"] = f"Expected a last day not before the first; found {wanted.first} and {wanted.last}."
    if wanted.least_bars is not None and wanted.most_bars is not None and wanted.least_bars > wanted.most_bars:
        wrong["most_bars"] = f"Expected {wanted.least_bars} bars, the least, or more; found {wanted.most_bars}."
    if wrong:
        raise InvalidInput("A filter asks for what no trade of this analysis can be.", fields=wrong)


def choose(trades: pd.DataFrame, wanted: TradeFilter) -> pd.DataFrame:
    """Return the trades that match, with their `number` among all, from 1, as the first column."""
    numbered = trades.reset_index(drop=True)
    numbered.insert(0, "number", range(1, len(numbered) + 1))
    keeps = pd.Series(True, index=numbered.index)
    if wanted.instrument is not None:
        keeps &= numbered["instrument"] == wanted.instrument
    if wanted.side is not None:
        keeps &= numbered["direction"] == wanted.side
    if wanted.outcome is not None:
        keeps &= (numbered["pnl"] > 0) == (wanted.outcome == "won")
    if wanted.reason is not None:
        keeps &= reasons(numbered) == wanted.reason
    entered = pd.DatetimeIndex(numbered["entry_at"]).tz_localize(None).to_numpy().astype("datetime64[D]")
    if wanted.first is not None:
        keeps &= entered >= np.datetime64(wanted.first)
    if wanted.last is not None:
        keeps &= entered <= np.datetime64(wanted.last)
    if wanted.least_bars is not None:
        keeps &= numbered["bars_held"] >= wanted.least_bars
    if wanted.most_bars is not None:
        keeps &= numbered["bars_held"] <= wanted.most_bars
    return numbered[keeps]


def sort(trades: pd.DataFrame, order: Order, *, descending: bool = False) -> pd.DataFrame:
    """Return trades by one of `ORDERS`; equal ones by entry, unknown ones last."""
    return trades.sort_values(_BY[order], ascending=not descending, kind="stable", na_position="last")


def reasons(trades: pd.DataFrame) -> pd.Series:
    """Return why each trade was left, as one of `REASONS`; older answers know signals and open trades only."""
    left = trades["exit_reason"] if "exit_reason" in trades else pd.Series("signal", index=trades.index, dtype=object)
    return left.astype(object).mask(trades["is_open"].astype(bool), "open")
