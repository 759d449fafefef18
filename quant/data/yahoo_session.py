"""How yfinance talks to Yahoo for us: paced, where we say, and with every refusal turned into an error of ours.

Importing this module loads yfinance and its HTTP client; only `yahoo` does, when something is fetched. yfinance keeps
one session for the whole process, and so do we: Yahoo's cookie and crumb belong to it.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yfinance
from curl_cffi.requests import Response, Session
from yfinance.data import YfData

from quant.errors import NotEnoughData, ProviderUnavailable, QuantError, RateLimited, SymbolNotFound

RETRY_AFTER_SECONDS = 60.0  # when Yahoo asks to wait and does not say how long
LONGEST_RETRY_AFTER_SECONDS = 900.0

_CHART = "/v8/finance/chart/"
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_REFUSALS_ALLOWED = 1  # yfinance then gets itself another cookie and crumb and asks once more


class YahooSession(Session[Response]):
    """A browser-like session that yfinance is given.

    Parameters
    ----------
    base_url : str
        Sends every request there, whatever host it is meant for; empty: to Yahoo.
    """

    def __init__(self, base_url: str = "") -> None:
        super().__init__(impersonate="chrome")
        self.base_url = base_url.rstrip("/")
        self.begin(lambda: None)

    def begin(self, pace: Callable[[], None]) -> None:
        """Begin a fetch; `pace` is called before each request, and may wait."""
        self._pace = pace
        self._n_refusals = 0

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:
        """Ask, and raise one of our errors if a chart was asked for and did not come."""
        self._pace()
        parts = urlsplit(url)
        address = f"{self.base_url}{parts.path or '/'}" if self.base_url else url
        if self.base_url and parts.query:
            address = f"{address}?{parts.query}"
        answer = super().request(method, address, *args, **options)
        if parts.path.startswith(_CHART):
            self._check_chart(answer, parts.path.removeprefix(_CHART))
        return answer

    def _check_chart(self, answer: Response, symbol: str) -> None:
        status = answer.status_code
        if status in _REFUSED:
            self._n_refusals += 1
            if self._n_refusals > _REFUSALS_ALLOWED:
                raise ProviderUnavailable(
                    f"Yahoo refused our session twice ({status}, invalid cookie or crumb). This usually passes; try "
                    "again in some minutes."
                )
            return
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(
                "Yahoo received too many requests from here and asks to wait.", retry_after=_retry_after(answer)
            )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ProviderUnavailable(f"Yahoo has a problem of its own (status {status}). Try again in some minutes.")
        chart = _chart_of(answer)
        if error := chart.get("error"):
            raise _why(symbol, status, error)
        if status >= HTTPStatus.BAD_REQUEST:
            raise ProviderUnavailable(f"Yahoo refused the request (status {status}) without saying why.")
        if not chart.get("result"):
            raise NotEnoughData(f"Yahoo knows {symbol} but sent no bars. It may be delisted, or too new.")


@lru_cache(maxsize=4)
def open_session(base_url: str, cache: Path) -> YahooSession:
    """Return this process's session, with yfinance set up to raise what goes wrong and to keep its files in `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(cache))
    yfinance.config.debug.hide_exceptions = False
    return YahooSession(base_url)


def forget_session() -> None:
    """Forget cookie, crumb and remembered answers: the next fetch begins as a stranger."""
    YfData.cache_get.cache_clear()
    YfData._instances.clear()  # noqa: SLF001  # its only way to forget
    open_session.cache_clear()


def _chart_of(answer: Response) -> dict[str, Any]:
    try:
        chart = answer.json()["chart"]
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(
            f"Expected prices as JSON from Yahoo; found {_kind_of(answer)} (status {answer.status_code}). A proxy or a "
            "consent page may stand in between; try again, or open finance.yahoo.com from this machine."
        ) from error
    return chart if isinstance(chart, dict) else {}


def _kind_of(answer: Response) -> str:
    return "a web page" if "<html" in answer.text[:1000].lower() else "something else"


def _why(symbol: str, status: int, error: dict[str, Any]) -> QuantError:
    code, description = str(error.get("code")), str(error.get("description") or "")
    if code == "Not Found" or status == HTTPStatus.NOT_FOUND:
        return SymbolNotFound(
            f"Yahoo does not know the symbol {symbol!r}, or no longer: it may be delisted. Write it as Yahoo does, "
            "such as BRK-B, ^GSPC, BTC-USD or VOD.L."
        )
    if "Too Many Requests" in description:
        return RateLimited("Yahoo received too many requests from here and asks to wait.", retry_after=60.0)
    if re.search(r"doesn't exist for startDate|[Nn]o data", description):
        return NotEnoughData(f"Yahoo has no bars of {symbol} in this range: {description}")
    return ProviderUnavailable(f"Yahoo did not answer the question about {symbol}: {code}: {description}")


def _retry_after(answer: Response) -> float:
    try:
        seconds = float(answer.headers.get("Retry-After") or RETRY_AFTER_SECONDS)
    except ValueError:  # a date, which Yahoo does not use
        seconds = RETRY_AFTER_SECONDS
    return min(max(seconds, 1.0), LONGEST_RETRY_AFTER_SECONDS)
