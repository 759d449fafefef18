"""The list of analyses: its state as it stands in the address, its filters, and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.grid import GridColumn, fact
from webapp.dashboard.components.status import WORDS, status_cell
from webapp.dashboard.components.times import now
from webapp.services.analyses import AnalysisPage, AnalysisSummary
from webapp.services.listing import Archived, Filters, Members, Scope, Sort
from webapp.services.workflow import Status

FIELDS = ("text", "scope", "status", "credible", "tag", "archived", "members", "sort")
MOST_CHARACTERS = 120
_MOST_PAGES = 100_000

_ANY = "any"
_ANY_TAG = ","  # no tag has a comma
_SCOPES = {Scope.MINE: "Mine", Scope.SHARED: "Shared with me", Scope.ALL: "Everybody’s"}
_CREDIBLE = {_ANY: "Any audit", "yes": "Credible", "no": "Not credible"}
_ARCHIVED = {Archived.NO: "Not archived", Archived.ONLY: "Archived", Archived.ALSO: "Archived or not"}
_MEMBERS = {Members.NO: "Not of studies", Members.ONLY: "Of studies", Members.ALSO: "Of studies or not"}
_SORTS = {Sort.NEWEST: "Newest first", Sort.OLDEST: "Oldest first", Sort.TITLE: "By title", Sort.STATUS: "By status"}

COLUMNS = (
    GridColumn("title", "Analysis", "name", below="verdict"),
    GridColumn("status", "Status", "badge", widest="Running 100 %"),
    GridColumn("verdict", "Verdict", grows=5, is_optional=True),
    GridColumn("symbols", "Instruments", widest="GOOG, IBM, MSFT", is_optional=True),
    GridColumn("tags", "Tags", "tags", widest="baseline, google", is_optional=True),
    GridColumn("submitted", "Submitted", "ago", is_optional=True),
    GridColumn("took", "Took", "duration", widest="59 min 59 s", is_optional=True),
)

# Codes whose words alone would say little.
FAILURES = {
    "internal": "Fault of the program",
    "leakage_error": "A training label met a test window",
    "model_error": "A model did not fit",
}


@dataclass(frozen=True)
class ListState:
    """What is looked at: the filters and the page, from 0. What makes no sense is taken for what it is by itself."""

    text: str = ""
    scope: Scope = Scope.MINE
    status: str = _ANY
    credible: str = _ANY
    tag: str = ""
    archived: Archived = Archived.NO
    members: Members = Members.NO
    sort: Sort = Sort.NEWEST
    page: int = 0

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that an address or a form says; both are input."""
        text = {name: str(values.get(name) or "").strip() for name in (*FIELDS, "page")}
        number = text["page"]
        return cls(
            text=text["text"][:MOST_CHARACTERS],
            scope=Scope(text["scope"]) if text["scope"] in set(Scope) else Scope.MINE,
            status=text["status"] if text["status"] in set(Status) else _ANY,
            credible=text["credible"] if text["credible"] in _CREDIBLE else _ANY,
            tag="" if text["tag"] == _ANY_TAG else text["tag"][:MOST_CHARACTERS],
            archived=Archived(text["archived"]) if text["archived"] in set(Archived) else Archived.NO,
            members=Members(text["members"]) if text["members"] in set(Members) else Members.NO,
            sort=Sort(text["sort"]) if text["sort"] in set(Sort) else Sort.NEWEST,
            page=min(int(number), _MOST_PAGES) if number.isascii() and number.isdigit() else 0,
        )

    @property
    def filters(self) -> Filters:
        """The same as the service takes it; of everybody's, content is not asked for."""
        is_all = self.scope is Scope.ALL
        return Filters(
            scope=self.scope,
            status=() if self.status == _ANY else (Status(self.status),),
            text=self.text if self.text.isprintable() else "",
            is_credible=None if self.credible == _ANY or is_all else self.credible == "yes",
            tag="" if is_all or not self.tag.isprintable() else self.tag,
            archived=self.archived,
            members=self.members,
        )

    @property
    def order(self) -> Sort:
        """What it is sorted by."""
        return Sort.NEWEST if self.scope is Scope.ALL and self.sort is Sort.TITLE else self.sort

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the page is chosen."""
        return self != ListState(page=self.page, sort=self.sort)

    @property
    def search(self) -> str:
        """The part of the address after the path; empty when nothing is chosen."""
        usual = ListState()
        chosen = {name: str(getattr(self, name)) for name in (*FIELDS, "page")}
        query = urlencode({name: each for name, each in chosen.items() if each != str(getattr(usual, name))})
        return f"?{query}" if query else ""


def filters(state: ListState, tags: Sequence[str], *, sees_all: bool) -> Component:
    """Return the row of filters, as the state has them."""
    scopes = [scope for scope in _SCOPES if scope is not Scope.ALL or sees_all]
    statuses = {_ANY: "All", **{each.value: word for each, word in WORDS.items()}}
    return html.Div(
        [
            html.Label("Search title, symbol or model", htmlFor="analyses-text", className="visually-hidden"),
            dbc.Input(
                id="analyses-text",
                type="search",
                value=state.text,
                placeholder="Title, symbol or model",
                debounce=300,
                maxLength=MOST_CHARACTERS,
                className="filter-text",
            ),
            _segments("analyses-scope", "Whose", {scope: _SCOPES[scope] for scope in scopes}, state.scope),
            _segments("analyses-status", "Status", statuses, state.status),
            _select("analyses-credible", "Audit", _CREDIBLE, state.credible),
            _select("analyses-tag", "Tag", {_ANY_TAG: "Any tag", **{tag: tag for tag in tags}}, state.tag or _ANY_TAG),
            _select("analyses-archived", "Archive", _ARCHIVED, state.archived),
            _select("analyses-members", "Studies", _MEMBERS, state.members),
            _select("analyses-sort", "Order", _SORTS, state.sort),
        ],
        className="filters no-print",
    )


def rows(page: AnalysisPage) -> list[dict[str, Any]]:
    """Return the rows of a page; of what is somebody else's affair, whose it is and nothing that it contains."""
    return [
        {
            "id": item.id,
            "href": paths.analysis(item.id) if item.title else None,
            "title": item.title or f"{item.owner}, {item.id}",
            "symbols": ", ".join(item.symbols) or None,
            "status": status_cell(item),
            # Below the title on phones, where there is no room for tags: so it is said here, too.
            "verdict": f"Imported. {_words(item)}" if item.is_imported else _words(item),
            "tags": _tags(item),
            "submitted": item.submitted_at,
            "took": None if item.status is Status.QUEUED else _seconds(item),
        }
        for item in page.items
    ]


def position(page: AnalysisPage) -> str:
    """Return where in the whole the rows of a page stand."""
    if not page.items:
        return ""
    first, last = page.offset + 1, page.offset + len(page.items)
    return f"{formats.count(first)}–{formats.count(last)} of {formats.count(page.total)}"


def mark(page: AnalysisPage) -> str:
    """Return a text that changes when anything shown does."""
    parts = [f"{page.total}:{page.offset}"]
    parts += [
        f"{item.id}{item.status}{item.progress:.2f}{item.title}{item.is_credible}{item.tags}{item.is_archived}"
        for item in page.items
    ]
    return "|".join(parts)


def _segments(id_: str, label: str, options: Mapping[Any, str], value: str) -> Component:
    choices = [{"label": word, "value": str(each)} for each, word in options.items()]
    items: Component = dbc.RadioItems(id=id_, options=choices, value=str(value), className="segments", inline=True)
    return html.Div(items, role="group", **aria(label=label), className="segments-group")


def _select(id_: str, label: str, options: Mapping[Any, str], value: str) -> Component:
    if value not in options:
        options = {**options, value: value}  # a tag that is on nothing any more, in an address that was kept
    choices = [{"label": word, "value": str(each)} for each, word in options.items()]
    select: Component = dbc.Select(id=id_, options=choices, value=str(value), size="sm", className="filter-select")
    return html.Div([html.Label(label, htmlFor=id_, className="visually-hidden"), select])


def _tags(item: AnalysisSummary) -> list[Any] | None:
    tags: list[Any] = list(item.tags)
    if not item.is_own and item.title:
        tags.append(fact(f"shared by {item.owner}", "person"))
    if item.is_imported:
        tags.append(fact("imported", "box-arrow-in-down"))
    if item.is_archived:
        tags.append(fact("archived", "archive"))
    return tags or None


def _words(item: AnalysisSummary) -> str:
    if item.status is Status.FAILED:
        code = item.error_code or "internal"
        return FAILURES.get(code, code.replace("_", " ").capitalize())
    if item.n_bytes is not None:
        return f"{formats.number(item.n_bytes / 1e6, 1)}{formats.NO_BREAK}MB stored"
    return formats.sentence(item.verdict or "")


def _seconds(item: AnalysisSummary) -> float | None:
    if item.started_at is None:
        return None
    return ((item.finished_at or now()) - item.started_at).total_seconds()
