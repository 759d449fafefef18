"""Tables about prices: instruments, requests for prices, findings, vintages."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.cards import icon
from webapp.dashboard.components.grid import GridColumn, Row, action, badge
from webapp.dashboard.components.status import WORDS
from webapp.dashboard.components.tables import Column, data_table
from webapp.services.acquisitions import AcquisitionView
from webapp.services.coverage import Freshness, RevisionEntry
from webapp.services.prices import InstrumentView
from webapp.services.workflow import Status

SOURCES = {"sample": "Sample", "yahoo": "Yahoo", "upload": "Upload"}

REFRESH, CANCEL = "refresh", "cancel"

INSTRUMENT_COLUMNS = (
    GridColumn("symbol", "Symbol", "name"),
    GridColumn("fresh", "Freshness", "badge", help_text="Sessions that have closed since the last bar"),
    GridColumn(REFRESH, "", "action"),
    GridColumn("findings", "Quality", "badge", help_text="What the quality report found; open the row to read it"),
    GridColumn("last", "Last bar", "date"),
    GridColumn("n_bars", "Bars", "count"),
    GridColumn("name", "Name", grows=1, is_optional=True),
    GridColumn("source", "Source", is_optional=True),
    GridColumn("owner", "Whose", help_text="Shared by all, or seen by you alone", is_optional=True),
    GridColumn("interval", "Interval", is_optional=True),
    GridColumn("first", "First bar", "date", is_optional=True),
    GridColumn("revision", "Vintages", "count", help_text="How often its bars grew or changed", is_optional=True),
)

REQUEST_COLUMNS = (
    GridColumn("symbol", "Symbol"),
    GridColumn("status", "Status", "badge"),
    GridColumn("words", "What came of it", "name"),
    GridColumn(CANCEL, "", "action"),
    GridColumn("source", "Source", is_optional=True),
    GridColumn("asked", "Asked", "ago", is_optional=True),
)

_STATUS_ICONS = {
    Status.QUEUED: "clock",
    Status.RUNNING: "arrow-repeat",
    Status.SUCCEEDED: "check-circle",
    Status.FAILED: "x-circle",
    Status.CANCELLED: "slash-circle",
}
_SEVERITIES = {
    "error": ("x-circle", "failed", "Error"),
    "warning": ("exclamation-triangle", "not-credible", "Warning"),
    "info": ("info-circle", "queued", "Note"),
}
_SHOWN_DATES = 6


def instrument_rows(
    instruments: Sequence[InstrumentView],
    fresh: Sequence[Freshness],
    requests: Sequence[AcquisitionView],
    *,
    may_fetch: bool,
) -> list[Row]:
    """Return the rows of the instruments; one that is being fetched says so instead of how fresh it is."""
    under_way = {(each.source, each.symbol): each for each in requests if not each.status.is_final}
    return [
        {
            "id": item.id,
            "href": paths.data(instrument_id=item.id),
            "symbol": item.symbol,
            "name": item.name,
            "source": SOURCES.get(item.source, item.source),
            "owner": "Mine" if item.is_own else "Shared",
            "interval": item.interval,
            "first": item.first_session,
            "last": item.last_session,
            "n_bars": item.n_bars,
            "fresh": _freshness(item, state, under_way.get((item.source, item.symbol))),
            "findings": findings_badge(item.quality),
            "revision": item.revision,
            REFRESH: action("Refresh", "arrow-repeat")
            if may_fetch and state.can_be_fetched and (item.source, item.symbol) not in under_way
            else None,
        }
        for item, state in zip(instruments, fresh, strict=True)
    ]


def request_rows(requests: Sequence[AcquisitionView], *, may_fetch: bool) -> list[Row]:
    """Return the rows of the actor's requests for prices."""
    return [
        {
            "id": item.id,
            "href": paths.data(instrument_id=item.instrument_id) if item.instrument_id else None,
            "symbol": item.symbol,
            "source": SOURCES.get(item.source, item.source),
            "status": _status(item),
            "words": request_in_words(item),
            "asked": item.submitted_at,
            CANCEL: action("Cancel", "x-lg") if may_fetch and not item.status.is_final else None,
        }
        for item in requests
    ]


def request_in_words(item: AcquisitionView) -> str:
    """Return what came of a request, or why there is nothing yet."""
    if item.status is Status.QUEUED:
        return " ".join(text for text in (item.error_message, item.waits_for) if text)
    if item.status is Status.RUNNING:
        return "The source is being asked."
    if item.status is Status.CANCELLED:
        return "Nothing of it was kept."
    return item.error_message or item.message or ""


def findings_badge(quality: Mapping[str, int]) -> dict[str, Any]:
    """Return the most severe kind of finding, and how many there are of it."""
    for severity, (icon_name, tone, word) in _SEVERITIES.items():
        if n := quality.get(severity, 0):
            return badge(formats.plural(n, word.lower()), icon_name, tone)
    return badge("Clean", "check-circle", "succeeded")


def findings_table(findings: Sequence[Any]) -> Component:
    """Return what the quality report found, the most severe first."""
    columns = (
        Column("Severity", is_number=False),
        Column("Bars"),
        Column("What was found", is_number=False),
        Column("Sessions", is_number=False),
    )
    rows = []
    for each in findings:
        icon_name, tone, word = _SEVERITIES[each.severity]
        severity = html.Span([icon(icon_name), word], className=f"status status-{tone}")
        dates = ", ".join(formats.date(day) for day in each.sessions[:_SHOWN_DATES])
        rest = len(each.sessions) - _SHOWN_DATES
        more = f" and {formats.count(rest)} more" if rest > 0 else ""
        rows.append((severity, formats.count(each.count), each.message, f"{dates}{more}"))
    return data_table(columns, rows, caption="Findings")


def revisions_table(revisions: Sequence[RevisionEntry]) -> Component:
    """Return the vintages of an instrument, newest first."""
    columns = (
        Column("Vintage"),
        Column("Came", is_number=False),
        Column("Why", is_number=False),
        Column("Bars"),
        Column("New or changed"),
        Column("Withdrawn"),
        Column("Reaches", is_number=False),
    )
    rows = [
        (
            str(each.number),
            html.Span(formats.date(each.created_at), title=formats.moment(each.created_at), className="text-nowrap"),
            each.reason,
            formats.count(each.n_bars),
            formats.count(each.n_changed),
            formats.count(each.n_withdrawn),
            f"{formats.date(each.first_session)} to {formats.date(each.last_session)}",
        )
        for each in revisions
    ]
    return data_table(columns, rows, caption="Vintages")


def _freshness(item: InstrumentView, fresh: Freshness, request: AcquisitionView | None) -> dict[str, Any]:
    if request is not None:
        return _status(request)
    if fresh.n_sessions_behind is None:
        return badge("No bars", "dash-circle", "cancelled")
    if not fresh.can_be_fetched:
        return badge(f"Ends {item.last_session:%Y}", "archive", "cancelled")
    if fresh.n_sessions_behind == 0:
        return badge("Up to date", "check-circle", "succeeded")
    return badge(f"{formats.count(fresh.n_sessions_behind)} behind", "clock-history", "not-credible")


def _status(item: AcquisitionView) -> dict[str, Any]:
    share = min(99, int(item.progress * 100)) if item.status is Status.RUNNING else None
    return badge(WORDS[item.status], _STATUS_ICONS[item.status], item.status.value, share=share)
