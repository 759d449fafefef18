"""Draws a file of prices: how it is read, what was found in it, its first rows, and what was decided."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import empty_state, icon
from webapp.dashboard.components.tables import Column, data_table
from webapp.services.uploads import ASSET_CLASSES, FindingView, UploadView

CHOICE, COLUMN, DECISION, REASON = "upload-choice", "upload-column", "upload-decision", "upload-reason"

ROLES = (
    ("date", "Date"), ("time", "Time of day"), ("open", "Open"), ("high", "High"), ("low", "Low"), ("close", "Close"),
    ("volume", "Volume"), ("adjusted_close", "Adjusted close"), ("symbol", "Instrument"), ("currency", "Currency"),
)  # fmt: skip
NOTHING = "(nothing)"  # what a choice holds that holds nothing: of an empty value, the control would show nothing
_NONE = {"label": "–", "value": NOTHING}
_DETECTED = {"label": "Not told yet", "value": NOTHING}
_OPTIONS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "date_format": ("Dates", (("ymd", "Year, month, day"), ("dmy", "Day, month, year"), ("mdy", "Month, day, year"),
                              ("epoch_s", "Seconds since 1970"), ("epoch_ms", "Milliseconds since 1970"),
                              ("epoch_us", "Microseconds since 1970"), ("epoch_ns", "Nanoseconds since 1970"),
                              ("serial", "Days, as Excel counts"))),
    "decimal": ("Decimals", ((".", "After a point: 1234.5"), (",", "After a comma: 1234,5"))),
    "stamps": ("Times are of", (("session", "The session, by its date"), ("open", "The open of the bar"),
                                ("close", "The close of the bar"))),
    "calendar": ("Calendar", (("XNYS", "New York (XNYS)"), ("24/7", "Every day (24/7)"))),
}  # fmt: skip
_TEXT = {
    "encoding": ("Encoding", ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1")),
    "delimiter": ("Cells are parted by", (",", ";", "\t", "|")),
}
_SIGNS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
_ICONS = {
    "error": ("x-octagon", "Error"),
    "warning": ("exclamation-triangle", "Warning"),
    "info": ("info-circle", "Note"),
}
_TONES = {"error": "is-loss", "warning": "is-warning", "info": "muted"}
_WORDS = {"said": "Stays as it is", "repaired": "Is repaired", "quarantined": "Stays out of the store",
          "asked": "Needs your answer", "refused": "Cannot be stored"}  # fmt: skip
_DECIDED = {
    "keep": "Keep as it is",
    "repair": "Repair",
    "quarantine": "Keep out of the store",
    "refuse": "Refuse the file",
}
_MOST_LINES = 12
_PREVIEW_ROWS = 8


def reading_form(upload: UploadView) -> Component:
    """Return how the file is read, each part open to correction."""
    layout, is_fixed = upload.layout, upload.status == "stored"
    names = [{"label": name, "value": name} for name in layout.get("names", [])]
    columns = layout.get("columns", {})
    fields = [
        _field(label, {"type": COLUMN, "role": role}, [_NONE, *names], columns.get(role) or NOTHING, is_fixed=is_fixed)
        for role, label in ROLES
    ]
    for name, (label, options) in _OPTIONS.items():
        shown = [{"label": text, "value": value} for value, text in options]
        fields.append(_choice(name, label, shown, layout, is_fixed=is_fixed))
    if layout.get("kind") == "csv":
        for name, (label, values) in _TEXT.items():
            shown = [{"label": _SIGNS.get(value, value), "value": value} for value in values]
            fields.append(_choice(name, label, shown, layout, is_fixed=is_fixed))
    for name, label, listed in (("instrument", "Instrument read", "instruments"), ("sheet", "Sheet", "sheets")):
        if len(layout.get(listed) or ()) > 1:
            shown = [{"label": value, "value": value} for value in layout[listed]]
            fields.append(_choice(name, label, shown, layout, is_fixed=is_fixed))
    fields.append(_zone(layout, is_fixed=is_fixed))
    fields.append(
        dbc.Switch(
            id={"type": CHOICE, "name": "close_only"},
            value=bool(layout.get("close_only")),
            disabled=is_fixed,
            label="Take the close for open, high and low",
        )
    )
    return html.Div(fields, className="form-grid")


def findings_list(upload: UploadView) -> Component:
    """Return everything that was found, and a place to decide otherwise."""
    if not upload.findings:
        return empty_state("check2-circle", "Nothing to say: every row is sound.", small=True)
    decided = {each.code: each.decision for each in upload.decisions}
    is_fixed = upload.status == "stored"
    items = [_finding(each, decided.get(each.code) or NOTHING, is_fixed=is_fixed) for each in upload.findings]
    return html.Ul(items, className="upload-findings")


def preview_table(upload: UploadView) -> Component:
    """Return the first rows as they stand in the file."""
    names = upload.layout.get("names", [])
    columns = [Column("Line"), *(Column(name, is_number=False) for name in names)]
    rows = [[str(line), *cells] for line, cells in upload.preview[:_PREVIEW_ROWS]]
    return html.Div(data_table(columns, rows), className="upload-preview")


def decisions_table(upload: UploadView) -> Component | None:
    """Return all that was ever decided, or nothing."""
    if not upload.decisions:
        return None
    columns = [Column(title, is_number=False) for title in ("Finding", "Decision", "Reason", "When")]
    rows = [
        [
            code_words(each.code),
            _DECIDED.get(each.decision or "", "Taken back"),
            each.reason,
            f"{each.at:%Y-%m-%d %H:%M} UTC",
        ]
        for each in upload.decisions
    ]
    return data_table(columns, rows)


def store_form(upload: UploadView) -> Component:
    """Return what the instrument is to be called."""
    guess = upload.layout.get("instrument") or upload.filename.rpartition(".")[0][:32]
    symbol = "".join(each for each in guess if each.isascii() and (each.isalnum() or each in "^./_=-"))
    classes = [{"label": each.capitalize(), "value": each} for each in ASSET_CLASSES]
    return html.Div(
        [
            _entry("Symbol", "upload-symbol", symbol.upper(), "What you choose it by in a new analysis."),
            _entry("Name", "upload-name", "", "What a person calls it; may be left out."),
            _entry("Currency", "upload-currency", "USD", "Three letters."),
            _field("Kind", "upload-class", classes, "equity", is_fixed=False),
        ],
        className="form-grid",
    )


def choices_of(upload: UploadView, values: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person has said about the layout: what differs from what was detected, or answers a question."""
    asked = {each.option for each in upload.findings if each.treatment == "asked"}
    said: dict[str, Any] = {}
    for name, shown in values.items():
        value, known = chosen(shown), upload.layout.get(name)
        if value != (known or None) or name in upload.choices or (name in asked and value):
            said[name] = value
    taken = {role: name for role, name in columns.items() if chosen(name)}
    if taken and (taken != upload.layout.get("columns") or "columns" in upload.choices or "columns" in asked):
        said["columns"] = taken
    return said


def chosen(value: Any) -> Any:
    """Return what a control holds, or None if that is nothing."""
    return None if value in (NOTHING, "", False) else value


def code_words(code: str) -> str:
    """Return the code of a finding as words.

    Examples
    --------
    >>> code_words("non_positive_price")
    'Non positive price'
    """
    return code.replace("_", " ").capitalize()


def _finding(finding: FindingView, decided: str, *, is_fixed: bool) -> Component:
    name, spoken = _ICONS[finding.severity]
    where = []
    if finding.lines:
        shown = ", ".join(map(str, finding.lines[:_MOST_LINES]))
        rest = finding.count - len(finding.lines[:_MOST_LINES])
        where.append(
            f"Line{'s' if len(finding.lines) > 1 else ''} {shown}" + (f" and {rest:,} more" if rest > 0 else "")
        )
    if finding.columns:
        where.append(f"column{'s' if len(finding.columns) > 1 else ''} {', '.join(finding.columns[:_MOST_LINES])}")
    words = [
        html.H3(f"{code_words(finding.code)} · {formats.number(finding.count, 0)} · {_WORDS[finding.treatment]}"),
        html.P(finding.message),
        html.Div("; ".join(where), className="upload-where") if where else None,
    ]
    return html.Li(
        [
            icon(name, label=spoken, className=_TONES[finding.severity]),
            html.Div(words),
            _decide(finding, decided, is_fixed=is_fixed),
        ],
        className="upload-finding",
    )


def _decide(finding: FindingView, decided: str, *, is_fixed: bool) -> Component | None:
    if not finding.choices or is_fixed:
        return None
    options = [{"label": "As proposed", "value": NOTHING}]
    options += [{"label": _DECIDED[each], "value": each} for each in finding.choices]
    title = code_words(finding.code)
    decision_id, reason_id = {"type": DECISION, "code": finding.code}, {"type": REASON, "code": finding.code}
    return html.Div(
        [
            html.Label(f"Decide about: {title}", htmlFor=_html_id(decision_id), className="visually-hidden"),
            dbc.Select(id=decision_id, options=options, value=decided),
            html.Label(f"Reason for: {title}", htmlFor=_html_id(reason_id), className="visually-hidden"),
            dbc.Input(id=reason_id, placeholder="Why; it is kept with the file", autoComplete="off"),
        ],
        className="upload-decide",
    )


def _choice(
    name: str,
    label: str,
    options: Sequence[Mapping[str, str]],
    layout: Mapping[str, Any],
    *,
    is_fixed: bool,
) -> Component:
    return _field(
        label, {"type": CHOICE, "name": name}, [_DETECTED, *options], layout.get(name) or NOTHING, is_fixed=is_fixed
    )


def _zone(layout: Mapping[str, Any], *, is_fixed: bool) -> Component:
    zone_id = {"type": CHOICE, "name": "timezone"}
    return html.Div(
        [
            html.Label("Zone of times without one", htmlFor=_html_id(zone_id), className="form-label"),
            dbc.Input(id=zone_id, value=layout.get("timezone") or "", placeholder="such as America/New_York",
                      disabled=is_fixed, autoComplete="off"),
        ],
        className="field",
    )  # fmt: skip


def _field(label: str, field_id: Any, options: Sequence[Mapping[str, str]], value: str, *, is_fixed: bool) -> Component:
    known = {option["value"] for option in options}
    extra = [] if value in known else [{"label": value, "value": value}]
    return html.Div(
        [
            html.Label(label, htmlFor=_html_id(field_id), className="form-label"),
            dbc.Select(id=field_id, options=[*options, *extra], value=value, disabled=is_fixed),
        ],
        className="field",
    )


def _entry(label: str, field_id: str, value: str, help_text: str) -> Component:
    return html.Div(
        [
            html.Label(label, htmlFor=field_id, className="form-label"),
            dbc.Input(id=field_id, value=value, autoComplete="off"),
            html.Div(help_text, className="form-text"),
        ],
        className="field",
    )


def _html_id(component_id: Any) -> str:
    """Return the id as Dash writes it into the page."""
    if isinstance(component_id, str):
        return component_id
    inner = ",".join(f'"{key}":"{component_id[key]}"' for key in sorted(component_id))
    return "{" + inner + "}"
