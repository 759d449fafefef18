"""Bring a file of prices: what was found in it, how it is read, what is decided, and into which instrument it goes."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from quant.errors import QuantError
from webapp import formats
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components import upload_parts
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.components.times import ago, now
from webapp.dashboard.components.toasts import tell
from webapp.errors import AppError, NotFound, PermissionDenied
from webapp.permissions import Permission, require
from webapp.services import upload_removal, uploads
from webapp.services.uploads import Decision, UploadView

PATH = paths.UPLOAD
TITLE = "Upload prices · Assay"

_N_RECENT = 20


def layout(upload: str = "", **_query: str) -> Component:
    """Return the place for a file, or what was found in the one that the address names."""
    actor = current_actor()
    if not actor.may(Permission.PRICES_WRITE):
        sentence = f"Your role, {actor.role}, may look at prices but not bring any. An administrator can change that."
        return html.Section(empty_state("lock", sentence), className="panel")
    if not upload:
        return _start()
    if not paths.is_public_id(upload):
        return not_found()
    try:
        with read() as session:
            view = uploads.get(session, actor, upload)
    except NotFound:
        return not_found()
    return html.Div(
        [
            dcc.Location(id="upload-url", refresh="callback-nav"),
            dcc.Store(id="upload-id", data=view.id),
            html.Div(_file(view), id="upload-state"),
        ],
        className="stack",
    )


def check(
    n_clicks: int | None,
    values: Sequence[Any],
    columns: Sequence[Any],
    decisions: Sequence[Any],
    reasons: Sequence[Any],
    *state: Any,
) -> tuple[Any, str]:
    """Judge the file again with what stands in the form; if it cannot be read like that, all stays as it was."""
    value_ids, column_ids, decision_ids, upload_id = state
    if not n_clicks:
        return no_update, ""
    require(current_actor(), Permission.PRICES_WRITE)
    try:
        with read() as session:
            actor, view = current_actor(), uploads.get(session, current_actor(), _checked(upload_id))
            said = upload_parts.choices_of(
                view,
                {each["name"]: value for each, value in zip(value_ids, values, strict=True)},
                {each["role"]: value for each, value in zip(column_ids, columns, strict=True)},
            )
            decided = _decisions(view, [each["code"] for each in decision_ids], decisions, reasons)
            prepared = uploads.prepare(session, parts().files, actor, view.id, layout=said, decisions=decided)
        with write() as session:
            view = uploads.change(session, actor, view.id, prepared, address=client_address())
    except (NotFound, PermissionDenied):
        raise
    except (AppError, QuantError) as error:
        return no_update, _words(error)
    return _file(view), ""


def store(
    n_clicks: int | None, symbol: str | None, name: str | None, currency: str | None, kind: str | None, upload_id: str
) -> tuple[Any, str]:
    """Store the sound rows as an instrument of the person's own."""
    if not n_clicks:
        return no_update, ""
    try:
        with read() as session:
            prepared = uploads.prepare(session, parts().files, current_actor(), _checked(upload_id))
        with write() as session:
            view = uploads.store(
                session, parts().store, current_actor(), upload_id, prepared, symbol=symbol or "", name=name or "",
                currency=currency or "", asset_class=kind or "", address=client_address(),
            )  # fmt: skip
    except (NotFound, PermissionDenied):
        raise
    except (AppError, QuantError) as error:
        return no_update, _words(error)
    tell("The prices are stored.")
    return _file(view), ""


def delete(n_clicks: int | None, upload_id: str) -> Any:
    """Forget a file that is not stored, and go back to the others."""
    if not n_clicks:
        return no_update
    with write() as session:
        actor, upload_id = current_actor(), _checked(upload_id)
        upload_removal.delete_upload(session, actor, upload_id, address=client_address())
    tell("The file is deleted.")
    return paths.upload()


def register(app: Dash) -> None:
    """Register the page and wire its three buttons."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    choice, column = {"type": upload_parts.CHOICE, "name": ALL}, {"type": upload_parts.COLUMN, "role": ALL}
    decision = {"type": upload_parts.DECISION, "code": ALL}
    app.callback(
        Output("upload-state", "children"),
        Output("upload-problem", "children"),
        Input("upload-check", "n_clicks"),
        State(choice, "value"),
        State(column, "value"),
        State(decision, "value"),
        State({"type": upload_parts.REASON, "code": ALL}, "value"),
        State(choice, "id"),
        State(column, "id"),
        State(decision, "id"),
        State("upload-id", "data"),
        prevent_initial_call=True,
    )(check)
    app.callback(
        Output("upload-state", "children", allow_duplicate=True),
        Output("upload-store-problem", "children"),
        Input("upload-store", "n_clicks"),
        State("upload-symbol", "value"),
        State("upload-name", "value"),
        State("upload-currency", "value"),
        State("upload-class", "value"),
        State("upload-id", "data"),
        prevent_initial_call=True,
    )(store)
    app.callback(
        Output("upload-url", "href"),
        Input("upload-delete", "n_clicks"),
        State("upload-id", "data"),
        prevent_initial_call=True,
    )(delete)


def _start() -> Component:
    with read() as session:
        recent, _ = uploads.list_uploads(session, current_actor(), limit=_N_RECENT)
    days = parts().settings.upload_days
    note = (
        "CSV and its like, Parquet or Excel (.xlsx), daily bars, up to 50 MiB. You alone will see it; what you do not "
        f"store is cleared away after {formats.plural(days, 'day')}."
    )
    return html.Div(
        [
            html.Div(html.Div(html.H1("Upload prices"), className="page-header-main"), className="page-header"),
            panel("A file", html.Div(id="upload-drop", className="upload-drop"), note=note),
            panel("Your files", _recent(recent), flush=bool(recent)),
        ],
        className="stack",
    )


def _recent(found: Sequence[UploadView]) -> Component:
    if not found:
        sentence = "You have brought no file yet. Its columns, dates and decimals are told by themselves, or asked."
        return empty_state("file-earmark-arrow-up", sentence, small=True)
    columns = [
        Column("File", is_number=False), Column("State", is_number=False), Column("Rows"), Column("Stay out"),
        Column("Uploaded", is_number=False),
    ]  # fmt: skip
    rows: list[list[Component | str]] = [
        [
            dcc.Link(each.filename, href=paths.upload(each.id)),
            f"Stored as {each.symbol}" if each.status == "stored" else "Waits for you",
            formats.number(each.n_rows, 0),
            formats.number(each.n_quarantined, 0),
            ago(each.created_at, now()),
        ]
        for each in found
    ]
    return data_table(columns, rows)


def _file(view: UploadView) -> Component:
    """Return all that there is to see of a file."""
    is_stored = view.status == "stored"
    again = html.Button([icon("arrow-repeat"), "Check again"], id="upload-check", type="button", disabled=is_stored,
                        className="btn btn-secondary")  # fmt: skip
    return html.Div(
        [
            _header(view),
            panel("What was found", upload_parts.findings_list(view), note=_summary(view)),
            panel(
                "How it is read",
                upload_parts.reading_form(view),
                html.Div(id="upload-problem", className="field-problem", role="alert"),
                html.Div(again, className="mt-3"),
                note="Correct what is wrong and decide above, then check again.",
            ),
            panel("First rows", upload_parts.preview_table(view), note="As they stand in the file."),
            _stored(view) if is_stored else _to_store(view),
            _decided(view),
        ],
        className="stack",
    )


def _header(view: UploadView) -> Component:
    size = f"{view.n_bytes / 1024:,.0f} KiB" if view.n_bytes < 1024**2 else f"{view.n_bytes / 1024**2:,.1f} MiB"
    words = [
        f"{formats.plural(view.n_rows, 'row')}, {view.n_kept:,} to store, {view.n_quarantined:,} stay out", size,
        "daily bars" if view.interval == "1d" else f"bars of {view.interval}",
    ]  # fmt: skip
    links: list[Component] = [
        dcc.Link([icon("arrow-left"), "All files"], href=paths.upload(), className="btn btn-quiet")
    ]
    if view.status != "stored":
        links.append(
            html.Button([icon("trash"), "Delete"], id="upload-delete", type="button", className="btn btn-secondary")
        )
    if view.n_quarantined:
        link = f"/api/v1/uploads/{view.id}/quarantine"
        links.append(html.A([icon("download"), "Rows that stay out"], href=link, className="btn btn-secondary"))
    title = html.Div([html.H1(view.filename), html.Div([html.Span(each) for each in words], className="page-facts")],
                     className="page-header-main")  # fmt: skip
    return html.Div([title, html.Div(links, className="page-header-actions")], className="page-header")


def _summary(view: UploadView) -> str:
    n_open = sum(each.treatment in {"asked", "refused"} for each in view.findings)
    if view.status == "stored":
        return "The file is stored; its findings are kept with it."
    if n_open:
        return f"{formats.plural(n_open, 'thing')} to answer or mend before it can be stored."
    return "It can be stored."


def _to_store(view: UploadView) -> Component:
    button = html.Button([icon("database-add"), "Store"], id="upload-store", type="button", className="btn btn-primary",
                         disabled=not view.is_storable)  # fmt: skip
    return panel(
        "Store it",
        upload_parts.store_form(view),
        html.Div(id="upload-store-problem", className="field-problem", role="alert"),
        html.Div(button, className="mt-3"),
        note="A series that you alone see. One of yours with this symbol is extended, and what differs is revised.",
    )


def _stored(view: UploadView) -> Component:
    link = paths.new_analysis(instrument=f"{view.symbol}@{uploads.SOURCE}")
    button = dcc.Link([icon("plus-lg"), "New analysis with it"], href=link, className="btn btn-primary")
    # The two outputs of the form that is gone: the browser looks for them.
    gone = [html.Div(id=each, hidden=True) for each in ("upload-store-problem", "upload-store")]
    sentence = f"Stored as {view.symbol}, vintage {view.revision}. It stands among your instruments."
    return panel("Store it", empty_state("check2-circle", sentence, button, small=True), *gone)


def _decided(view: UploadView) -> Component | None:
    table = upload_parts.decisions_table(view)
    return None if table is None else panel("What was decided", table, flush=True)


def _decisions(
    view: UploadView, codes: Sequence[str], decisions: Sequence[Any], reasons: Sequence[Any]
) -> list[Decision]:
    """Return what is decided otherwise than before."""
    before: Mapping[str, str | None] = {each.code: each.decision for each in view.decisions}
    return [
        Decision(code, upload_parts.chosen(decision), reason or "")
        for code, decision, reason in zip(codes, decisions, reasons, strict=True)
        if upload_parts.chosen(decision) != before.get(code)
    ]


def _checked(upload_id: str | None) -> str:
    if not paths.is_public_id(upload_id):
        raise NotFound("There is no such upload.")
    return str(upload_id)


def _words(error: AppError | QuantError) -> str:
    fields: Mapping[str, str] = getattr(error, "fields", {})
    return " ".join([str(error), *(f"{name}: {text}." for name, text in fields.items() if name != "file")])
