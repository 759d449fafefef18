"""Fills the installation whose pictures are taken, over REST: what a small team has after a first week.

Everything is real: packaged prices, analyses that a worker answers, and a file for the data gate that is the packaged
history of Microsoft as exports give it: without the split of 2003, with a line twice and a high below its low.
"""

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import APIRequestContext, Playwright

import quant

ANSWERED_WITHIN_SECONDS = 900.0
PACKAGED = Path(quant.__path__[0]) / "data" / "sample" / "MSFT.csv"
BARRIERS = {
    "instruments": [{"symbol": "GOOG"}],
    "label": {"name": "triple_barrier"},
    "models": [{"name": "logistic"}, {"name": "random_forest"}],
    "strategy": {"direction": "long_flat", "enter_above": 0.5, "exit_below": 0.45},
    "tuning": {"enabled": False},
}
SIZES = {
    "instruments": [{"symbol": "IBM"}],
    "label": {"name": "forward_return_size"},
    "models": [{"name": "ridge"}],
    "validation": {"score": "r2", "target": 0.01},
    "tuning": {"enabled": False},
}
INDICATORS = ["sma:window=50", "bollinger:window=20,width=2", "rsi:window=14"]
COLLEAGUES = (("ada@assay.local", "Ada"), ("grace@assay.local", "Grace"))


def furnish(playwright: Playwright, address: str, *, email: str, password: str) -> dict[str, str]:
    """Add colleagues, a group, an invitation, analyses and an upload; return the ids that pages need."""
    anonymous = playwright.request.new_context(base_url=address)
    who = {"email": email, "password": password, "name": "Notebook"}
    scopes = ["analyses:read", "analyses:run", "prices:read", "prices:write", "users:manage", "audit:read"]
    token = _ask(anonymous, "post", "tokens", who | {"scopes": scopes})["token"]
    api = playwright.request.new_context(
        base_url=address, extra_http_headers={"Authorization": f"Bearer {token}"}, timeout=120_000
    )
    users = [_ask(api, "post", "users", {"email": mail, "name": name})["user"]["id"] for mail, name in COLLEAGUES]
    group = _ask(api, "post", "groups", {"name": "Equities"})["id"]
    _ask(api, "put", f"groups/{group}/members", {"emails": [mail for mail, _ in COLLEAGUES]})
    _ask(api, "post", "invitations", {"email": "lise@assay.local"})
    first = _ask(api, "get", "analyses")["items"][-1]["id"]
    others = [
        _ask(api, "post", "analyses", {"spec": spec, "title": title})["id"]
        for spec, title in ((BARRIERS, "GOOG, where it touches a barrier first"), (SIZES, "IBM, how far in a week"))
    ]
    for each in (first, *others):
        _answered(api, each)
    _ask(api, "patch", f"analyses/{first}", {"tags": ["baseline", "goog"]})
    _ask(api, "patch", f"analyses/{others[0]}", {"tags": ["barriers", "goog"]})
    _ask(api, "post", f"analyses/{others[0]}/shares", {"kind": "group", "group_id": group})
    instruments = {each["symbol"]: each["id"] for each in _ask(api, "get", "instruments")["items"]}
    goog = instruments["GOOG"]
    choices = {"instrument": goog, "range": "1y", "indicators": INDICATORS, "pins": {goog: first}}
    _ask(api, "put", "dashboard", choices)
    return {
        "analysis": first, "other": others[0], "regression": others[1], "user": users[0], "instrument": goog,
        "upload": _upload(api),
    }  # fmt: skip


def _upload(api: APIRequestContext) -> str:
    """Upload the packaged history as an export gives it; return the upload's id."""
    lines = [line.rpartition(",")[0] for line in PACKAGED.read_text().splitlines()]  # not the adjusted close
    session, opened, high, low, *rest = lines[1200].split(",")
    lines[1200] = ",".join((session, opened, low, high, *rest))
    lines.insert(2001, lines[2000])
    sent = {"name": "msft-export.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    answer = api.post("/api/v1/uploads", multipart={"file": sent})
    return str(answer.json()["id"])


def _answered(api: APIRequestContext, analysis: str) -> None:
    """Wait for an analysis."""
    deadline = time.monotonic() + ANSWERED_WITHIN_SECONDS
    while (found := _ask(api, "get", f"analyses/{analysis}"))["status"] in {"queued", "running"}:
        if time.monotonic() > deadline:
            raise SystemExit(f"Expected an answer within {ANSWERED_WITHIN_SECONDS:g} s; found {found}.")
        time.sleep(2)
    if found["status"] != "succeeded":
        raise SystemExit(f"Expected an answer; found {found}.")


def _ask(api: APIRequestContext, method: str, path: str, body: Any = None) -> Any:
    """Send a request; return its answer, or end with what went wrong."""
    again = 2 if method == "get" else 0  # a connection that the server closed meanwhile
    answer = api.fetch(f"/api/v1/{path}", method=method, data=body, max_retries=again)
    if not answer.ok:
        raise SystemExit(f"{method} {path}: {answer.status} {answer.text()}")
    return answer.json() if answer.body() else None
