"""Daily bars of Yahoo Finance by yfinance: no account; asked only when somebody wants something fetched."""

import datetime
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quant.calendars import ALWAYS_OPEN, is_session, listed_dates, session_closes
from quant.data.provider import ACTION_COLUMNS, DELIVERED_COLUMNS, Delivered, PriceQuery
from quant.errors import InvalidSpec, NotEnoughData, ProviderUnavailable, QuantError, RateLimited, SymbolNotFound

if TYPE_CHECKING:
    from yfinance import Ticker

INTERVAL = "1d"

# What Yahoo calls a kind of instrument, and what we call it.
ASSET_CLASSES = {
    "EQUITY": "equity",
    "ETF": "etf",
    "INDEX": "index",
    "MUTUALFUND": "fund",
    "CRYPTOCURRENCY": "crypto",
}
# The calendar of the exchanges in a time zone, for what trades in their hours.
CALENDARS = {"America/New_York": "XNYS"}

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Volume": "volume",
    "Adj Close": "adjusted_close",
}
_NAME_LENGTH = 120


def _no_pace() -> None:
    """Wait for nothing."""


def _utc_now() -> datetime.datetime:
    """Return the present instant."""
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class YahooProvider:
    """Daily bars of Yahoo Finance, adjusted for splits as it delivers them, with its list of splits and dividends.

    Attributes
    ----------
    cache : Path
        Folder in which yfinance keeps cookies and time zones; by default one under the system's temporary folder.
    base_url : str
        Where to send every request instead of to Yahoo: a gateway, or the server of a test.
    timeout_seconds : float
        The longest that one request may take.
    pace : callable
        Called before each request; waits if there were too many.
    clock : callable
        Returns the present instant: a bar that has not closed by then is left out.
    """

    cache: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / "assay-yahoo")
    base_url: str = ""
    timeout_seconds: float = 20.0
    pace: Callable[[], None] = field(default=_no_pace, repr=False)
    clock: Callable[[], datetime.datetime] = field(default=_utc_now, repr=False)
    name: str = "yahoo"

    def symbols(self) -> tuple[str, ...]:
        """Return nothing: Yahoo cannot list what it has."""
        return ()

    def fetch(self, query: PriceQuery) -> Delivered:
        """Ask Yahoo for the bars of one instrument.

        Parameters
        ----------
        query : PriceQuery
            Symbol as Yahoo writes it, interval `"1d"`, and the first and last session wanted; without a first one, all
            there are.

        Returns
        -------
        Delivered
            Bars adjusted for splits, `adjusted_close`, and the splits and dividends from the first bar up to now, later
            ones than the last bar included: they are what undoes the adjustment. `notes` says what was left out.

        Raises
        ------
        SymbolNotFound
            If Yahoo does not know the symbol, or no longer.
        InvalidSpec
            If the interval is not `"1d"`, or the instrument trades by a calendar that we do not know.
        NotEnoughData
            If Yahoo has no bar in the range that has closed.
        ProviderUnavailable
            If it cannot be reached, refuses our session, or answers something else than prices.
        RateLimited
            If it asks to wait.

        Notes
        -----
        Timing: a bar is delivered once its session has closed by the exchange's calendar; Yahoo shows it earlier.

        An unknown volume comes as zero: yfinance makes it so. Capital gains of funds are not taken in; Yahoo counts
        some of them among the dividends as well.
        """
        symbol = query.symbol.upper()
        if query.interval != INTERVAL:
            raise InvalidSpec(f"Yahoo is asked for the interval 1d only; found {query.interval!r}.", field="interval")
        if _ISIN.fullmatch(symbol):
            raise SymbolNotFound(f"Expected a symbol as Yahoo writes it, such as AAPL; found the ISIN {symbol}.")
        frame, about = self._ask(symbol, query.start)
        calendar = _calendar_of(symbol, about)
        bars, actions, notes = _split_up(frame, calendar, self.clock())
        if query.end is not None:
            bars = bars[bars["session"] <= pd.Timestamp(query.end)]
        if query.start is not None:
            bars = bars[bars["session"] >= pd.Timestamp(query.start)]
        if bars.empty:
            raise NotEnoughData(
                f"Expected bars of {symbol} from {query.start or 'the first'} to {query.end or 'now'} that have "
                "closed; found none. Choose another range, or ask again after the close."
            )
        return Delivered(
            symbol=symbol,
            bars=bars.reset_index(drop=True),
            currency=str(about.get("currency") or "unknown"),
            calendar=calendar,
            timezone=str(about["exchangeTimezoneName"]),
            instrument_name=str(about.get("longName") or about.get("shortName") or symbol)[:_NAME_LENGTH],
            asset_class=ASSET_CLASSES[about["instrumentType"]],
            basis="split_adjusted",
            actions=actions,
            dividend_basis="previous_close",
            notes=notes,
        )

    def _ask(self, symbol: str, start: datetime.date | None) -> tuple[pd.DataFrame, Mapping[str, Any]]:
        """Return yfinance's frame and what Yahoo says about the instrument, or one of our errors."""
        import curl_cffi.requests  # noqa: PLC0415  # only who fetches waits for these imports
        import yfinance  # noqa: PLC0415
        from yfinance.exceptions import YFException, YFRateLimitError, YFTickerMissingError  # noqa: PLC0415

        from quant.data import yahoo_session  # noqa: PLC0415

        session = yahoo_session.open_session(self.base_url, self.cache)
        session.begin(self.pace)
        try:
            return self._history(yfinance.Ticker(symbol, session=session), start)
        except QuantError:
            raise
        except YFRateLimitError as error:
            raise RateLimited(
                "Yahoo received too many requests from here and asks to wait.",
                retry_after=yahoo_session.RETRY_AFTER_SECONDS,
            ) from error
        except YFTickerMissingError as error:
            raise NotEnoughData(f"Yahoo sent no prices of {symbol}: {error.rationale}.") from error
        except (curl_cffi.requests.exceptions.RequestException, OSError) as error:
            yahoo_session.forget_session()
            raise ProviderUnavailable(
                f"Yahoo cannot be reached from this machine ({type(error).__name__}). Look whether it has a connection "
                "to the internet; what is stored stays as it is."
            ) from error
        except (YFException, ValueError, KeyError, TypeError, IndexError) as error:
            yahoo_session.forget_session()
            raise ProviderUnavailable(
                f"Yahoo's answer about {symbol} cannot be read ({type(error).__name__}: {str(error)[:200]}). It may "
                "have changed its form; try again, or update yfinance."
            ) from error

    def _history(self, ticker: "Ticker", start: datetime.date | None) -> tuple[pd.DataFrame, Mapping[str, Any]]:
        # Always up to now: only so the list of splits is complete, which undoes the adjustment.
        since: dict[str, Any] = {"period": "max"} if start is None else {"start": start.isoformat()}
        frame = ticker.history(
            **since,
            interval=INTERVAL,
            auto_adjust=False,
            actions=True,
            repair=False,
            keepna=True,
            timeout=self.timeout_seconds,
        )
        return frame, _about(ticker)


def _about(ticker: "Ticker") -> Mapping[str, Any]:
    """Return what came with the prices; reading all of it would make yfinance ask once more."""
    known = ticker.history_metadata
    names = ("currency", "exchangeTimezoneName", "instrumentType", "longName", "shortName", "fullExchangeName")
    return {name: known[name] for name in names if name in known}


def _calendar_of(symbol: str, about: Mapping[str, Any]) -> str:
    kind, zone = about.get("instrumentType"), about.get("exchangeTimezoneName")
    if kind == "CRYPTOCURRENCY":
        return ALWAYS_OPEN
    if kind in ASSET_CLASSES and zone in CALENDARS:
        return CALENDARS[zone]
    raise InvalidSpec(
        f"Expected an instrument whose exchange calendar is known: crypto currencies, and {', '.join(ASSET_CLASSES)} "
        f"in the time zones {', '.join(CALENDARS)}; found {symbol}: {kind} of {about.get('fullExchangeName')} in "
        f"{zone}.",
        field="symbol",
    )


def _split_up(
    frame: pd.DataFrame, calendar: str, now: datetime.datetime
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Return bars, actions, and notes on what was left out."""
    sessions = pd.DatetimeIndex(frame.index).tz_localize(None).normalize().as_unit("us")
    table = frame.set_axis(sessions).rename_axis("session").rename(columns=_COLUMNS)
    split, dividend = table["Stock Splits"], table["Dividends"]
    acts = (split != 0) | (dividend != 0)
    actions = pd.DataFrame(
        {
            "split_factor": split[acts].where(split[acts] != 0, 1.0).astype("float64"),
            "dividend": dividend[acts].astype("float64"),
            "implied": False,
        },
        columns=ACTION_COLUMNS,
    )
    bars = table[list(_COLUMNS.values())].astype("float64")
    notes = []
    is_empty = bars[list(DELIVERED_COLUMNS[1:-1])].isna().all(axis=1).to_numpy()
    is_strange = ~is_empty & ~is_session(sessions, calendar)
    if is_strange.any():
        notes.append(f"Left out bars on dates without a session of {calendar}: {listed_dates(sessions[is_strange])}.")
    bars = bars[~is_empty & ~is_strange]
    closes = session_closes(pd.DatetimeIndex(bars.index), calendar)
    is_open = np.asarray(closes > pd.Timestamp(now))
    if is_open.any():
        notes.append(
            f"Left out the session that has not closed yet: {listed_dates(pd.DatetimeIndex(bars.index[is_open]))}."
        )
    return bars[~is_open].reset_index()[[*DELIVERED_COLUMNS, "adjusted_close"]], actions, tuple(notes)
