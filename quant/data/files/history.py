"""Rows among the others: order, repetition, jumps, standstill and holes, on what is left of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quant.calendars import listed_dates, missing_sessions, session_closes
from quant.data import oddities
from quant.data.adjustment import PRICE_NAMES, SPLIT_RATIOS, UNIT_RATIOS, implied_actions
from quant.data.files.rows import Rows
from quant.data.files.sessions import Placed
from quant.data.files.verdicts import Record, counted_rows, sentence
from quant.data.findings import Bars, BoolArray, Finding, FloatArray, log_ratio
from quant.data.provider import ACTION_COLUMNS
from quant.data.snapshot import place_actions
from quant.errors import InvalidPrices
from quant.frames import PRICE_COLUMNS, Prices

# More sessions than this in a row without a bar are a hole; an analysis refuses it unless told otherwise.
_GAP_SESSIONS = 10
_GAP_DAYS = 16
# An implied split must move the price as a split does, and one that is taken back so soon is a slip.
_SPLIT_TOLERANCE = float(np.log(1.35))
_SLIP_BARS = 6
_UNIT_RATIOS = (100.0, 0.01, *UNIT_RATIOS)  # pence and pounds, cents and dollars, thousands
# So many rows that contradict an earlier one, and such a part of all sessions, are no slips.
_STACKED_LEAST = 5
_STACKED_SHARE = 0.1
_SLIP_TOLERANCE = float(np.log(1.2))
_HALF = 0.5


_STUCK = "Expected prices to change; found {n} that repeat the row before. The feed may have been stuck."
_SILENT = "Expected trades in every bar; found none in {n}. Their prices are only indications."
_NO_OPENS = (
    "Expected opens of their own; found {n} that repeat the previous close. Fills at the open are not realistic."
)
_JUMPED = "Expected moves of a size with those around; found {n} at which prices jump and stay, by no ratio of a split."
_PASTED = (
    "Expected bars of their own; found {n} that repeat earlier ones in the same order. A part may be pasted twice."
)
_ODDITIES = (
    (oddities.price_jumps, "price_jump", _JUMPED),
    (oddities.repeated_blocks, "repeated_block", _PASTED),
    (oddities.stale_bars, "stale_prices", _STUCK),
    (oddities.zero_volume, "zero_volume", _SILENT),
    (oddities.repeated_opens, "opens_repeat_closes", _NO_OPENS),
)


@dataclass(eq=False)
class History:
    """Bars that are left, ascending, and the splits and dividends that are known or decided."""

    bars: pd.DataFrame  # session, open, high, low, close, volume and, where the file has it, adjusted_close
    places: np.ndarray[Any, np.dtype[np.intp]]  # row of the table of each bar
    actions: pd.DataFrame | None  # None: nothing but adjusted_close tells


def judge_order(placed: Placed, rows: Rows, record: Record) -> None:
    """Note rows that are earlier than the one before, and rows that say again what another says already.

    Of several rows of a session the first that is sound is kept.
    """
    keys = placed.keys
    known = np.flatnonzero(~np.isnat(keys))
    earlier = np.zeros(len(keys), dtype=np.bool_)
    earlier[known[1:]] = keys[known[1:]] < keys[known[:-1]]
    what = "newest first" if len(known) > 1 and earlier.sum() >= len(known) - 1 else "earlier than the row before"
    found = f"Expected rows in the order of time; found {counted_rows(earlier)} {what}."
    record.rows(
        "unsorted", earlier, sentence(found, {"repaired": "They are put in order."}, record.treatment("unsorted"))
    )
    copies, conflicting = _repeated(placed, rows, known, record)
    if not copies.any():
        return
    found = f"Expected each session once; found it again in {counted_rows(copies)}."
    treatment = record.treatment("duplicate_timestamp")
    record.rows(
        "duplicate_timestamp", copies,
        sentence(found, {"repaired": "Exact copies are left out."}, treatment),
    )  # fmt: skip
    found = f"Expected one answer for each session; found {counted_rows(conflicting)} that contradict an earlier one."
    rest = {"quarantined": "The earlier row is kept; these stay out of the store and can be downloaded."}
    record.rows("conflicting_duplicate", conflicting, sentence(found, rest, record.treatment("conflicting_duplicate")))
    for place in np.flatnonzero(copies):
        record.reasons.setdefault(int(place), "duplicate_timestamp")


def _repeated(
    placed: Placed, rows: Rows, known: np.ndarray[Any, np.dtype[np.intp]], record: Record
) -> tuple[BoolArray, BoolArray]:
    """Return the rows whose session has a better one, the first sound one, and those that contradict it."""
    is_out = np.array([place in record.reasons for place in known], dtype=np.bool_)
    ordered = known[np.lexsort((known, is_out, placed.keys[known]))]  # of one session, the sound rows first
    keys = placed.keys[ordered]
    again = np.zeros(len(ordered), dtype=np.bool_)
    again[1:] = keys[1:] == keys[:-1]
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(ordered))))
    parts = [rows.market, rows.volume[:, None]]
    if rows.adjusted_close is not None:
        parts.append(rows.adjusted_close[:, None])
    cells = np.column_stack(parts)[ordered]
    same = ((cells == cells[first]) | (np.isnan(cells) & np.isnan(cells[first]))).all(axis=1)
    copies, conflicting = (np.zeros(len(placed.keys), dtype=np.bool_) for _ in range(2))
    copies[ordered[again]] = True
    conflicting[ordered[again & ~same]] = True
    return copies, conflicting


def judge_stack(placed: Placed, record: Record) -> None:
    """Note it if so many sessions are told twice, and differently, that the rows are of several instruments."""
    n_sessions = len(np.unique(placed.keys[~np.isnat(placed.keys)]))
    n_conflicts = sum(finding.count for finding in record.findings if finding.code == "conflicting_duplicate")
    if n_conflicts >= max(_STACKED_LEAST, _STACKED_SHARE * n_sessions):
        record.add(
            "stacked_series", n_conflicts,
            f"Expected the rows of one instrument; found {n_conflicts:,} that contradict an earlier one, in "
            f"{n_sessions:,} sessions. The file probably has several instruments and no column that names them. Split "
            "it, say which column names them, or decide to keep the first row of each session.",
            option="columns",
        )  # fmt: skip


def judge_gaps(placed: Placed, record: Record) -> None:
    """Note holes: long ones, also those before bars that are kept out because they lie in the future."""
    out = np.zeros(len(placed.keys), dtype=np.bool_)
    for place, code in record.reasons.items():
        out[place] = code != "future_timestamp"
    usable = np.flatnonzero(~np.isnat(placed.keys) & ~out)
    if not len(usable):
        return
    ordered = usable[np.argsort(placed.keys[usable], kind="stable")]
    dates = placed.keys[ordered].astype("datetime64[D]")
    days = np.append(0, np.diff(dates).astype(np.int64))
    wide = np.flatnonzero(days > _GAP_DAYS)
    in_future = {place for place, code in record.reasons.items() if code == "future_timestamp"}
    gaps = [
        (int(ordered[at]), int(days[at])) for at in wide
        if int(ordered[at]) in in_future or _n_missing(dates[at - 1 : at + 1], placed.calendar) > _GAP_SESSIONS
    ]  # fmt: skip
    if gaps:
        where = np.zeros(len(placed.keys), dtype=np.bool_)
        where[[place for place, _ in gaps]] = True
        longest = max(n_days for _, n_days in gaps)
        record.rows(
            "gap", where,
            f"Expected at most {_GAP_SESSIONS} sessions in a row without a bar; found longer holes before "
            f"{counted_rows(where)}, the longest of {longest:,} days. Nothing is filled in; an analysis refuses such "
            "a range unless it is told to allow it.",
            longest_days=longest,
        )  # fmt: skip


def build_history(rows: Rows, placed: Placed, record: Record) -> History:
    """Return the bars that are left, in the order of time.

    Notes
    -----
    Timing: whether a bar is kept depends on that bar and on the rows of its own session alone.
    """
    out = np.zeros(len(placed.keys), dtype=np.bool_)
    out[list(record.reasons)] = True
    sound = np.flatnonzero(~out & ~np.isnat(placed.keys))
    places = sound[np.argsort(placed.keys[sound], kind="stable")]
    bars = pd.DataFrame(rows.market[places], columns=PRICE_NAMES)
    bars.insert(0, "session", placed.keys[places].astype("datetime64[us]"))
    bars["volume"] = rows.volume[places]
    if rows.adjusted_close is not None and np.isfinite(rows.adjusted_close[places]).any():
        bars["adjusted_close"] = rows.adjusted_close[places]
    return History(bars, places, None)


def judge_history(history: History, calendar: str, record: Record, now: pd.Timestamp) -> History:
    """Note jumps, suspected splits, standstill and holes, and do what was decided about them.

    Parameters
    ----------
    history : History
        Sound bars.
    calendar : str
        Name of the exchange calendar.
    record : Record
        What is found is noted there; what was decided is read from there.
    now : Timestamp
        The present moment.

    Returns
    -------
    History
        The bars to store, and their actions.

    Notes
    -----
    Timing: a report on all bars, later ones included. It changes no bar unless a person has decided so.
    """
    history = _judge_slips(history, calendar, record, now)
    history = _judge_adjusted(history, record)
    history = _judge_splits(history, calendar, record, now)
    bars = Bars(_to_prices(history, calendar), calendar, now)
    for check, code, what in _ODDITIES:
        if code == "zero_volume" and any(finding.code == "no_volume" for finding in record.findings):
            continue
        where = _where(history, check(bars), len(record.lines))
        where[list(record.without_volume)] &= code != "zero_volume"
        record.rows(code, where, sentence(what.format(n=counted_rows(where)), {}, record.treatment(code)))
    missing = missing_sessions(bars.sessions, calendar)
    if len(missing):
        record.add(
            "missing_sessions", len(missing),
            f"Expected a bar for every session of {calendar}; found none for {len(missing)}: "
            f"{listed_dates(missing)}. "
            "Nothing is filled in; returns over these holes span several sessions.",
            sessions=[str(day.date()) for day in missing[:20]],
        )  # fmt: skip
    return _without(history, record)


def _judge_slips(history: History, calendar: str, record: Record, now: pd.Timestamp) -> History:
    """Judge prices that jump away and come back. No action explains them, so none is looked at."""
    n_rows = len(record.lines)
    bare = Bars(_to_prices(history, calendar, actions=False), calendar, now)
    whole = np.zeros(len(history.bars), dtype=np.bool_)
    for finding in oddities.decimal_slips(bare):
        whole[list(finding.rows)] = True
    factors = _slip_factors(bare, whole)
    slipped = (factors != 1).any(axis=1)
    spikes = slipped.copy()
    for finding in oddities.price_spikes(bare):
        spikes[list(finding.rows)] = True
    treatment = record.treatment("decimal_slip")
    where = np.zeros(n_rows, dtype=np.bool_)
    where[history.places[slipped]] = True
    by = sorted({float(f"{factor:g}") for factor in factors[slipped].ravel() if factor != 1})
    record.rows(
        "decimal_slip", where,
        sentence(
            f"Expected prices near those of the rows around; found {counted_rows(where)} about "
            f"{' or '.join(f'{factor:g}' for factor in by)} times as high, for a while.",
            {"repaired": "They are divided by that, as you decided.",
             "said": "They are stored as they are: decide to repair or leave out what is a slip of the decimal point."},
            treatment,
        ),
        factors=by,
    )  # fmt: skip
    if treatment == "repaired":
        history.bars[PRICE_NAMES] = history.bars[PRICE_NAMES].to_numpy() / factors
        spikes &= ~slipped
    where = np.zeros(n_rows, dtype=np.bool_)
    where[history.places[spikes]] = True
    facts = {"factor": by[0]} if len(by) == 1 and (spikes == slipped).all() else {}
    record.rows(
        "price_spike", where,
        sentence(
            f"Expected moves of a size with those around; found {counted_rows(where)} in which a price jumps away and "
            "comes straight back.",
            {"said": "They are stored as they are: compare with another source before you trust results."},
            record.treatment("price_spike"),
        ),
        **facts,
    )  # fmt: skip
    return _without(history, record)


def _slip_factors(bars: Bars, whole: BoolArray) -> FloatArray:
    """Return by how much each price is too high: a power of ten, or 1."""
    open_, high, low, close = bars.market.T
    factors = np.ones((len(close), 4))
    sound = pd.Series(np.where(whole, np.nan, close)).ffill().to_numpy(dtype=np.float64)
    off = log_ratio(close, np.asarray(sound, dtype=np.float64))
    factors[whole] = 10.0 ** np.round(off[whole] / np.log(10.0))[:, None]
    for column, ratio in (
        (1, log_ratio(high, np.maximum(open_, close))),
        (2, log_ratio(low, np.minimum(open_, close))),
    ):
        power = np.round(ratio / np.log(10.0))
        near = (np.abs(ratio - power * np.log(10.0)) < _SLIP_TOLERANCE) & np.isin(np.abs(power), (1, 2)) & ~whole
        factors[near, column] = 10.0 ** power[near]
    return factors


def _judge_adjusted(history: History, record: Record) -> History:
    """Keep `adjusted_close` only where the splits it implies are in the prices too: they become actions."""
    bars = history.bars
    if "adjusted_close" not in bars:
        return history
    try:
        actions = implied_actions(bars)
    except InvalidPrices as error:
        return _without_adjusted(history, record, np.zeros(len(bars), dtype=np.bool_), str(error))
    splits = actions.index[actions["split_factor"] != 1]
    at = pd.DatetimeIndex(bars["session"]).get_indexer(splits)
    ratio = np.log(actions["split_factor"][actions["split_factor"] != 1].to_numpy(dtype=np.float64))
    close = bars["close"].to_numpy(dtype=np.float64)
    wrong = np.abs(np.log(close[at - 1] / close[at]) - ratio) > _SPLIT_TOLERANCE
    for first in range(len(at)):
        back = (at[first + 1 :] - at[first] < _SLIP_BARS) & (
            np.abs(ratio[first + 1 :] + ratio[first]) < _SPLIT_TOLERANCE
        )
        wrong[first] |= back.any()
    paid = pd.DatetimeIndex(bars["session"]).get_indexer(pd.DatetimeIndex(actions.index))
    large = actions["dividend"].to_numpy(dtype=np.float64) > _HALF * close[paid - 1]
    if wrong.any() or large.any():
        where = np.zeros(len(bars), dtype=np.bool_)
        where[at[wrong]] = True
        where[paid[large]] = True
        return _without_adjusted(history, record, where, "")
    return history


def _without_adjusted(history: History, record: Record, where: BoolArray, why: str) -> History:
    rows = np.zeros(len(record.lines), dtype=np.bool_)
    rows[history.places[where]] = True
    lines = record.lines[np.flatnonzero(rows)]
    treatment = record.treatment("adjusted_close_inconsistent")
    record.add(
        "adjusted_close_inconsistent", max(1, len(lines)),
        sentence(
            "Expected adjusted closes that differ from the closes by splits and dividends; found steps that neither "
            f"explains. {why}".strip(),
            {"repaired": "The column is left out: no split or dividend is taken from it."}, treatment,
        ),
        lines=lines,
    )  # fmt: skip
    return History(history.bars.drop(columns="adjusted_close"), history.places, history.actions)


def _judge_splits(history: History, calendar: str, record: Record, now: pd.Timestamp) -> History:
    """Judge gaps of the size of a split: those that `adjusted_close` explains are said, all others asked about."""
    bars = history.bars
    if "adjusted_close" in bars:
        actions = implied_actions(bars)
        splits = actions[actions["split_factor"] != 1]
        for session, row in splits.iterrows():
            place = int(history.places[int(np.flatnonzero(bars["session"] == session)[0])])
            record.add(
                "split_suspected", 1,
                f"Found prices that fall to 1/{row['split_factor']:g} on {session.date()}, and an adjusted close that "  # type: ignore[attr-defined]  # a Timestamp
                f"does not: a split, {row['split_factor']:g} new shares for an old one. It is recorded beside the "
                "prices, which stay as traded; returns take it in.",
                lines=[record.lines[place]], treatment="said", ratio=float(row["split_factor"]),
                date=str(session.date()), explained=True,  # type: ignore[attr-defined]  # a Timestamp
            )  # fmt: skip
    suspects = oddities.suspected_splits(Bars(_to_prices(history, calendar), calendar, now))
    sessions = pd.DatetimeIndex(bars["session"])
    suspected = [row for finding in suspects for row in finding.rows]
    close, open_ = bars["close"].to_numpy(), bars["open"].to_numpy()
    decided: dict[Any, float] = {}
    for at in suspected:
        ratio = _ratio(close[at - 1] / open_[at])
        code = "unit_change_suspected" if ratio in _UNIT_RATIOS else "split_suspected"
        _ask(record, code, int(history.places[at]), sessions[at], ratio)
        if record.treatment(code) == "repaired" and code == "split_suspected":
            decided[sessions[at]] = ratio
        elif record.treatment(code) == "repaired":
            names = [*PRICE_NAMES, *(["adjusted_close"] if "adjusted_close" in bars else [])]
            bars.loc[: at - 1, names] = bars.loc[: at - 1, names] / ratio
    if decided:
        history.actions = _with_splits(bars, decided)
    elif "adjusted_close" not in bars:
        history.actions = _no_actions()
    return history


def _ask(record: Record, code: str, place: int, session: pd.Timestamp, ratio: float) -> None:
    treatment = record.treatment(code)
    what = (
        f"a jump by {ratio:g} that stays, on {session.date()}, as when a quote changes its unit from pence to pounds"
        if code == "unit_change_suspected"
        else f"a jump to {1 / ratio:.3g} of the price that stays, on {session.date()}, as at a split of {ratio:g} for 1"
    )
    ends = {
        "unit_change_suspected": f"Earlier prices are divided by {ratio:g}, as you decided.",
        "split_suspected": f"A split of {ratio:g} for 1 is recorded beside the prices, as you decided.",
    }
    ask = (
        "Decide whether to bring the earlier prices to the later unit (repair) or to keep them (keep)."
        if code == "unit_change_suspected"
        else "Decide whether it was a split (repair: it is recorded, and returns take it in) or a true move (keep); "
        "nothing is adjusted without your word."
    )
    record.add(
        code, 1,
        sentence(
            f"Expected prices without jumps, or an adjusted close that explains them; found {what}.",
            {"asked": ask, "repaired": ends[code]}, treatment,
        ),
        lines=[record.lines[place]], ratio=ratio, date=str(session.date()),
    )  # fmt: skip


def _ratio(jump: float) -> float:
    nearest = min((*SPLIT_RATIOS, *UNIT_RATIOS), key=lambda ratio: abs(np.log(jump / ratio)))
    return float(f"{nearest:.12g}")


def _with_splits(bars: pd.DataFrame, decided: dict[Any, float]) -> pd.DataFrame:
    found = implied_actions(bars) if "adjusted_close" in bars else _no_actions()
    index = pd.DatetimeIndex(list(decided), name="session").as_unit("us")
    added = pd.DataFrame({"split_factor": list(decided.values()), "dividend": 0.0, "implied": True}, index=index)
    return pd.concat([each for each in (found, added) if len(each)]).sort_index()[list(ACTION_COLUMNS)]


def _no_actions() -> pd.DataFrame:
    index = pd.DatetimeIndex([], dtype="datetime64[us]", name="session")
    types = zip(ACTION_COLUMNS, ("float64", "float64", "bool"), strict=True)
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types}).set_index(index)


def _to_prices(history: History, calendar: str, *, actions: bool = True) -> Prices:
    bars = history.bars
    known = _no_actions()
    if actions and history.actions is not None:
        known = history.actions
    elif actions and "adjusted_close" in bars:
        known = implied_actions(bars)
    prices = place_actions(bars, known)[list(PRICE_COLUMNS)]
    return prices.set_index(session_closes(pd.DatetimeIndex(bars["session"]), calendar))


def _without(history: History, record: Record) -> History:
    """Return the history without bars that were kept out meanwhile."""
    kept = np.array([int(place) not in record.reasons for place in history.places], dtype=np.bool_)
    if kept.all():
        return history
    return History(history.bars[kept].reset_index(drop=True), history.places[kept], history.actions)


def _where(history: History, findings: list[Finding], n_rows: int) -> BoolArray:
    where = np.zeros(n_rows, dtype=np.bool_)
    for finding in findings:
        where[history.places[list(finding.rows)]] = True
    return where


def _n_missing(dates: Any, calendar: str) -> int:
    return len(missing_sessions(pd.DatetimeIndex(dates).as_unit("us"), calendar))
