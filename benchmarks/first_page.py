"""Claim: the first page is light, and what browsers may keep they do not ask for again."""

import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.findings import Finding, Goal, Table
from benchmarks.installation import Installation, installation
from benchmarks.memory import start_web
from tests.servers import chromium_program
from webapp.dashboard import paths

GOAL = (
    "sign-in and Dashboard take under 1,400 kB on the wire beyond plotly.js; a later visit takes no script, style or "
    "font again; from the sign-in to a painted Dashboard are under 1.5 s once the browser has the files."
)

CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_IS_DRAWN = (
    "() => document.querySelector('.js-plotly-plot .main-svg')"
    " && !document.querySelector('.chart .skeleton:not([hidden])')"
)
_KEPT = ("Script", "Stylesheet", "Font")
_A_QUESTION = 1_000  # bytes: more than the headers of "not changed", and less than any file


@dataclass
class Traffic:
    """What a page asked for: kind, address and bytes on the wire of each answer."""

    kinds: dict[str, tuple[str, str]] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)

    def watch(self, page: Page) -> None:
        """Listen to the browser's own accounts, which know what came compressed and what from the cache."""
        accounts = page.context.new_cdp_session(page)
        accounts.send("Network.enable")
        accounts.on("Network.responseReceived", self._answered)
        accounts.on("Network.loadingFinished", self._finished)

    def clear(self) -> None:
        """Begin anew."""
        self.kinds.clear()
        self.sizes.clear()

    def bytes(self, *kinds: str, plotly: bool) -> float:
        """Return the bytes of answers of these kinds, or of all, plotly.js alone or left out."""
        return sum(
            size
            for request, size in self.sizes.items()
            if request in self.kinds
            and (not kinds or self.kinds[request][0] in kinds)
            and ("/plotly/" in self.kinds[request][1]) is plotly
        )

    def fetched(self) -> list[str]:
        """Return the files that came over the wire though a browser may keep them."""
        return [
            address
            for request, (kind, address) in self.kinds.items()
            if kind in _KEPT and self.sizes.get(request, 0) > _A_QUESTION
        ]

    def _answered(self, event: dict[str, Any]) -> None:
        self.kinds[event["requestId"]] = (event["type"], event["response"]["url"])

    def _finished(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = event["encodedDataLength"]


def measure(*, quick: bool = False) -> Finding:
    """Sign in with a browser that has nothing yet, and again with one that has been there."""
    n_visits = 1 if quick else 7
    with installation() as site, sync_playwright() as playwright:
        start_web(site)
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=CHROMIUM_FLAGS)
        traffic = Traffic()
        first_seconds = _visit(browser, site, traffic)
        first = Traffic(dict(traffic.kinds), dict(traffic.sizes))
        later = Traffic()
        seconds = _visit_again(browser, site, later, n_visits)
        browser.close()
    return _finding(first, first_seconds, later, seconds, n_visits)


def _visit(browser: Browser, site: Installation, traffic: Traffic) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    traffic.watch(page)
    seconds = _sign_in(page, site)
    context.close()
    return seconds


def _visit_again(browser: Browser, site: Installation, traffic: Traffic, n_visits: int) -> list[float]:
    """Sign in several times with one cache; the traffic is that of the last visit."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    traffic.watch(page)
    _sign_in(page, site)
    seconds = []
    for _ in range(n_visits):
        context.clear_cookies()
        traffic.clear()
        seconds.append(_sign_in(page, site))
    context.close()
    return seconds


def _sign_in(page: Page, site: Installation) -> float:
    """Sign in; return the seconds from sending the form until the chart is drawn."""
    address = f"http://127.0.0.1:{site.settings.port}"
    page.goto(f"{address}/login")
    page.fill("#email", site.settings.admin_email)
    page.fill("#password", site.password)
    began = time.perf_counter()
    page.press("#password", "Enter")
    page.wait_for_url(address + paths.dashboard())
    page.wait_for_function(_IS_DRAWN)
    seconds = time.perf_counter() - began
    page.wait_for_load_state("networkidle")
    return seconds


def _finding(first: Traffic, first_seconds: float, later: Traffic, seconds: list[float], n_visits: int) -> Finding:
    kinds = (("scripts", "Script"), ("styles", "Stylesheet"), ("fonts", "Font"))
    rows = [
        (what, first.bytes(kind, plotly=False) / 1e3, later.bytes(kind, plotly=False) / 1e3) for what, kind in kinds
    ]
    totals = (first.bytes(plotly=False) / 1e3, later.bytes(plotly=False) / 1e3)
    rest = tuple(total - sum(row[place] for row in rows) for place, total in enumerate(totals, start=1))
    return Finding(
        name="first_page",
        title="The first page",
        goal=GOAL,
        how=(
            "Chromium at 1440 × 900 signs in by the form and comes to the Dashboard, once with an empty cache, then "
            f"{n_visits} times with what it kept; one web process, the packaged prices. Bytes are those on the wire by "
            "the browser's own account, headers and compression included; seconds run from sending the form until the "
            "price chart is drawn. *Beyond plotly.js*, whose one file comes to "
            f"{first.bytes(plotly=True) / 1e3:,.0f} kB."
        ),
        goals=(
            Goal("first visit beyond plotly.js", totals[0], 1_400.0, "kB"),
            Goal("files that a later visit fetched again", float(len(later.fetched())), 0.0),
            Goal("sign-in to painted Dashboard, median of later visits", statistics.median(seconds), 1.5, "s"),
        ),
        tables=(
            Table(
                "Kilobytes on the wire beyond plotly.js:",
                ("what", "first visit", "later visit"),
                (*rows, ("pages and data", *rest), ("together", *totals)),
            ),
            Table(
                "Seconds from the sign-in to the drawn chart:",
                ("visit", "median", "least", "most"),
                (
                    ("first", first_seconds, first_seconds, first_seconds),
                    ("later", statistics.median(seconds), min(seconds), max(seconds)),
                ),
            ),
        ),
    )
