"""Addresses of the dashboard's pages: the one place where they are spelt."""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlencode

PREFIX = "/app/"
MARKS = f"{PREFIX}marks/"  # where open pages ask whether anything has changed

# As Dash registers them, below `PREFIX`.
DASHBOARD = "/"
ANALYSES = "/analyses"
NEW_ANALYSIS = "/new"
STUDIES = "/studies"
STUDY = "/studies/<public_id>"
NEW_STUDY = "/new-study"
ANALYSIS = "/analyses/<public_id>"
ACCOUNT = "/account"
USERS = "/admin/users"
AUDIT = "/admin/audit"
USER = "/admin/users/<public_id>"
GROUPS = "/admin/groups"
GROUP = "/admin/groups/<public_id>"
DATA = "/data"
UPLOAD = "/data/upload"
IMPORT = "/import"
JOBS = "/jobs"
COMPARE = "/compare"

TABS = ("overview", "metrics", "risk", "trades", "model", "honesty", "reproduce")

_PUBLIC_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")


def dashboard() -> str:
    """Return the address of the first page."""
    return PREFIX


def analyses() -> str:
    """Return the address of the list."""
    return f"{PREFIX}analyses"


def new_analysis(*, from_id: str | None = None, instrument: str | None = None) -> str:
    """Return the address of the form; it starts from an analysis's question, or from an instrument."""
    start = {"from": from_id} if from_id else {"instrument": instrument} if instrument else {}
    query = "?" + urlencode(start) if start else ""
    return f"{PREFIX}new{query}"


def analysis(public_id: str, *, tab: str | None = None) -> str:
    """Return the address of an analysis; with `tab`, of one of its tabs."""
    query = "?" + urlencode({"tab": tab}) if tab else ""
    return f"{PREFIX}analyses/{quote(public_id, safe='')}{query}"


def analysis_mark(public_id: str, *, tab: str) -> str:
    """Return the address that says whether anything about an analysis has changed; of its answer, this tab."""
    return f"{MARKS}analyses/{quote(public_id, safe='')}?{urlencode({'tab': tab})}"


def studies() -> str:
    """Return the address of the list of studies."""
    return f"{PREFIX}studies"


def study(public_id: str) -> str:
    """Return the address of a study."""
    return f"{studies()}/{quote(public_id, safe='')}"


def new_study(*, from_id: str | None = None) -> str:
    """Return the address of the form of a study; it starts from an analysis's question."""
    query = "?" + urlencode({"from": from_id}) if from_id else ""
    return f"{PREFIX}new-study{query}"


def account() -> str:
    """Return the address of one's own account."""
    return f"{PREFIX}account"


def users() -> str:
    """Return the address of the list of users, for administrators."""
    return f"{PREFIX}admin/users"


def user(public_id: str) -> str:
    """Return the address of a user, for administrators."""
    return f"{users()}/{quote(public_id, safe='')}"


def groups() -> str:
    """Return the address of the list of groups, for administrators."""
    return f"{PREFIX}admin/groups"


def group(public_id: str) -> str:
    """Return the address of a group, for administrators."""
    return f"{groups()}/{quote(public_id, safe='')}"


def upload(upload_id: str | None = None) -> str:
    """Return the address of the page that takes files; with `upload_id`, of one that was brought."""
    query = "?" + urlencode({"upload": upload_id}) if upload_id else ""
    return f"{PREFIX}data/upload{query}"


def import_bundle() -> str:
    """Return the address of the page that takes bundles."""
    return f"{PREFIX}import"


def jobs() -> str:
    """Return the address of what waits and runs."""
    return f"{PREFIX}jobs"


def compare(ids: Sequence[str]) -> str:
    """Return the address of the comparison of these analyses."""
    return f"{PREFIX}compare?ids={','.join(quote(each, safe='') for each in ids)}"


def audit() -> str:
    """Return the address of the audit trail, for administrators."""
    return f"{PREFIX}admin/audit"


def audit_export(**filters: str) -> str:
    """Return the address of the audit trail as CSV: a route of REST, which the browser's session opens, too."""
    query = urlencode({name: value for name, value in filters.items() if value})
    return f"/api/v1/audit/export{'?' if query else ''}{query}"


def data(*, instrument_id: str | None = None) -> str:
    """Return the address of the instruments; with `instrument_id`, with the report of that one opened."""
    query = "?" + urlencode({"instrument": instrument_id}) if instrument_id else ""
    return f"{PREFIX}data{query}"


def is_public_id(text: object) -> bool:
    """Whether the text could be a public id: what comes from the browser is checked before it is used."""
    return isinstance(text, str) and _PUBLIC_ID.fullmatch(text) is not None


def document(public_id: str, *, kind: str) -> str:
    """Return the address of a finished document: a route of REST, which the browser's session opens, too."""
    return f"/api/v1/analyses/{quote(public_id, safe='')}/document?{urlencode({'kind': kind})}"


def model(public_id: str) -> str:
    """Return the address of an answer's final model: a route of REST, which the browser's session opens, too."""
    return f"/api/v1/analyses/{quote(public_id, safe='')}/model"


def trades(public_id: str, **filters: str) -> str:
    """Return the address of the trades that match as a file, the filters and the order as REST takes them."""
    query = urlencode({"format": "csv", **filters})
    return f"/api/v1/analyses/{quote(public_id, safe='')}/trades?{query}"


def export(public_id: str, *, table: str, file_format: str) -> str:
    """Return the address of a table of an answer as a file: a route of REST, which the browser's session opens, too."""
    query = urlencode({"table": table, "format": file_format})
    return f"/api/v1/analyses/{quote(public_id, safe='')}/export?{query}"
