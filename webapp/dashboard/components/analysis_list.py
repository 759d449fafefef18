"""The list of analyses: its state as it stands in the address, its filters, and its rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from webapp.dashboard import formats, paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.status import WORDS, status_badge
from webapp.dashboard.components.times import ago, now
from webapp.services.analyses import AnalysisPage, AnalysisSummary
from webapp.services.listing import Archived, Filters, Scope, Sort
from webapp.services.workflow import Status

PICK = "analyses-pick"
FIELDS = ("text", "scope", "status", "credible", "tag", "archived", "sort")
MOST_CHARACTERS = 120
_MOST_PAGES = 100_000

_ANY = "any"
_ANY_TAG = ","  # no tag has a comma
_SCOPES = {Scope.MINE: "Mine", Scope.SHARED: "Shared with me", Scope.ALL: "Everybody’s"}
_CREDIBLE = {_ANY: "Any audit", "yes": "Credible", "no": "Not credible"}
_ARCHIVED = {Archived.NO: "Not archived", Archived.ONLY: "Archived", Archived.ALSO: "Archived or not"}
_SORTS = {Sort.NEWEST: "Newest first", Sort.OLDEST: "Oldest first", Sort.TITLE: "By title", Sort.STATUS: "By status"}

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
            _select("analyses-sort", "Order", _SORTS, state.sort),
        ],
        className="filters no-print",
    )


def table(page: AnalysisPage, picked: Collection[str], *, may_pick: bool) -> Component:
    """Return the rows of a page, and where in the whole they stand."""
    titles = (("Analysis", ""), ("Status", ""), ("Verdict", ""), ("Submitted", "number"), ("Took", "number"))
    head = html.Thead(html.Tr([html.Th(title, scope="col", className=side or None) for title, side in titles]))
    moment = now()
    rows = [_row(item, ago(item.submitted_at, moment), picked, may_pick=may_pick) for item in page.items]
    body = html.Section(
        html.Table([head, html.Tbody(rows)], className="data-table list-table"), className="panel panel-flush"
    )
    return html.Div([body, _position(page)], className="stack")


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


def _row(item: AnalysisSummary, submitted: Component, picked: Collection[str], *, may_pick: bool) -> Component:
    took = "" if item.status is Status.QUEUED else formats.duration(_seconds(item))
    return html.Tr(
        [
            html.Th(_name(item, picked, may_pick=may_pick), scope="row", className="cell-title"),
            html.Td(status_badge(item), className="cell-status"),
            html.Td(html.Div(_words(item), className="list-verdict"), className="cell-verdict"),
            html.Td(submitted, className="number cell-when"),
            html.Td(took, className="number cell-optional"),
        ]
    )


def _name(item: AnalysisSummary, picked: Collection[str], *, may_pick: bool) -> Component:
    if not item.title:  # metadata: whose it is, and nothing that it contains
        return html.Div([html.Span(item.owner), html.Span(item.id, className="mono muted small list-id")])
    facts: list[Any] = [html.Span(", ".join(item.symbols), className="muted small")]
    if not item.is_own:
        facts.append(html.Span(f"shared by {item.owner}", className="muted small"))
    if item.is_archived:
        facts.append(html.Span([icon("archive"), " archived"], className="muted small"))
    facts += [html.Span(tag, className="tag") for tag in item.tags]
    title = dcc.Link(item.title, href=paths.analysis(item.id), className="list-title", title=item.title)
    box = dbc.Checkbox(
        id={"type": PICK, "id": item.id},
        value=item.id in picked,
        label=html.Span(f"Pick {item.title}", className="visually-hidden"),
        className="list-pick",
    )
    words = html.Div([title, html.Div(facts, className="list-facts")], className="list-words")
    return html.Div([box, words] if may_pick else [words], className="list-name")


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


def _position(page: AnalysisPage) -> Component:
    first, last = page.offset + 1, page.offset + len(page.items)
    return html.Div(
        f"{formats.count(first)}–{formats.count(last)} of {formats.count(page.total)}", className="muted small"
    )
