"""A server on this machine that answers as Yahoo does: cookie, crumb, charts, refusals, pages, silence."""

import datetime
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from quant.calendars import missing_sessions

NEW_YORK = ZoneInfo("America/New_York")
CRUMB = "abc.def/ghi"
PAGE = "<!DOCTYPE html><html><body>Will be back soon</body></html>"
NOT_FOUND = {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"}}}  # fmt: skip  # noqa: E501
UNAUTHORIZED = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}


def sessions(first: str, last: str) -> list[datetime.date]:
    """Return the sessions of New York from one day to another."""
    import pandas as pd  # noqa: PLC0415  # a server process that only answers needs no frames

    days = pd.DatetimeIndex([first, last])
    between = missing_sessions(days)
    return sorted({*(day.date() for day in between), *(day.date() for day in days)})


@dataclass
class Listing:
    """One instrument at Yahoo: its raw bars by day, its splits and dividends, and what Yahoo says about it."""

    bars: dict[datetime.date, tuple[float, float, float, float, float]]
    splits: dict[datetime.date, tuple[int, int]] = field(default_factory=dict)
    dividends: dict[datetime.date, float] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    def adjusted(self, day: datetime.date) -> float:
        """Return what one share of a day is in shares of today."""
        factor = 1.0
        for when, (new, old) in self.splits.items():
            factor *= new / old if when > day else 1.0
        return factor

    def chart(self, symbol: str, first: datetime.date) -> dict[str, Any]:
        """Return the chart from a day on, adjusted for splits, as Yahoo sends it."""
        zone = ZoneInfo(self.meta.get("exchangeTimezoneName", "America/New_York"))
        days = [day for day in sorted(self.bars) if day >= first]
        columns: dict[str, list[float | None]] = {name: [] for name in ("open", "high", "low", "close", "volume")}
        for day in days:
            factor = self.adjusted(day)
            *prices, volume = self.bars[day]
            for name, price in zip(("open", "high", "low", "close"), prices, strict=True):
                columns[name].append(None if price != price else price / factor)  # noqa: PLR0124  # NaN
            columns["volume"].append(round(volume * factor))
        stamps = [_opening(day, zone) for day in days]
        events: dict[str, Any] = {}
        for day, (new, old) in self.splits.items():
            if day >= first:
                at = _opening(day, zone)
                event = {"date": at, "numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}
                events.setdefault("splits", {})[str(at)] = event
        for day, amount in self.dividends.items():
            if day >= first:
                at = _opening(day, zone)
                events.setdefault("dividends", {})[str(at)] = {"amount": amount / self.adjusted(day), "date": at}
        meta = {
            "currency": "USD",
            "symbol": symbol,
            "exchangeName": "NMS",
            "fullExchangeName": "NasdaqGS",
            "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York",
            "longName": f"{symbol} Incorporated",
            "priceHint": 2,
            "dataGranularity": "1d",
            "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
            **self.meta,
        }
        result: dict[str, Any] = {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
        if days:
            result |= {"timestamp": stamps}
            result["indicators"] = {"quote": [columns], "adjclose": [{"adjclose": columns["close"]}]}
        if events:
            result["events"] = events
        return {"chart": {"result": [result], "error": None}}


@dataclass
class Answer:
    """Something else than a chart; `times` of them, then charts again. `delay` in seconds."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    times: int = 10**6


class Yahoo:
    """The server: `listings` by symbol, `instead` of charts, `crumbs` for a while, and what was `asked`."""

    def __init__(self) -> None:
        self.listings: dict[str, Listing] = {}
        self.instead: Answer | None = None
        self.crumb: Answer | None = None
        self.asked: list[str] = []
        self.n_at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.url = ""

    def charts(self) -> list[str]:
        """Return the requests for charts, without those that only ask for the time zone."""
        return [each for each in self.asked if "/v8/finance/chart/" in each and "range=1d&" not in each]

    def answer(self, target: str) -> Answer:
        """Return what Yahoo would say."""
        parts = urlsplit(target)
        if parts.path.endswith("/getcrumb"):
            return self.crumb or Answer(body=CRUMB)
        if not parts.path.startswith("/v8/finance/chart/"):
            return Answer(body=PAGE, headers={"Set-Cookie": "A3=cookie; Path=/"})
        if self.instead is not None and self.instead.times > 0:
            self.instead.times -= 1
            return self.instead
        symbol = parts.path.rpartition("/")[2]
        listing = self.listings.get(symbol)
        if listing is None:
            return Answer(404, json.dumps(NOT_FOUND))
        query = parse_qs(parts.query)
        start = int(query["period1"][0]) if "period1" in query else 0
        first = datetime.datetime.fromtimestamp(max(start, 0), NEW_YORK).date()
        return Answer(body=json.dumps(listing.chart(symbol, first)))


@contextmanager
def run_yahoo() -> Iterator[Yahoo]:
    """Run the server in a thread of this process."""
    yahoo = Yahoo()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with yahoo.lock:
                yahoo.asked.append(self.path)
                yahoo.n_at_once += 1
                yahoo.most_at_once = max(yahoo.most_at_once, yahoo.n_at_once)
            answer = yahoo.answer(self.path)
            time.sleep(answer.delay)
            body = answer.body.encode()
            with yahoo.lock:
                yahoo.n_at_once -= 1
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # who asked has given up
                self.close_connection = True

        do_POST = do_GET  # noqa: N815  # the name that the server looks for

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    yahoo.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield yahoo
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def _opening(day: datetime.date, zone: ZoneInfo) -> int:
    hour = datetime.time(0, 0) if zone.key == "UTC" else datetime.time(9, 30)
    return int(datetime.datetime.combine(day, hour, zone).timestamp())
