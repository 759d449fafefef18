"""Panels, single numbers, lists of facts, empty states: the boxes that pages are made of."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from webapp.dashboard.components.attributes import aria, data

Children = Component | str | Sequence[Component | str] | None


def icon(name: str, *, label: str | None = None, className: str = "") -> Component:  # noqa: N803  # Dash's own word
    """Return an icon; without a label it says nothing to a screen reader, for a word stands beside it."""
    spoken = {"role": "img", **aria(label=label)} if label else aria(hidden="true")
    return html.I(className=f"bi bi-{name} {className}".strip(), **spoken)


def panel(title: str, *children: Component | None, note: Children = None, flush: bool = False) -> Component:
    """Return a card with a title; `flush` lets a table reach its edges."""
    header: list[Component] = [html.H2(title)]
    if note:
        header.append(html.Div(note, className="panel-note"))
    return html.Section(
        [html.Div(header, className="panel-header"), *[child for child in children if child is not None]],
        className="panel panel-flush" if flush else "panel",
    )


def metric_card(
    label: str,
    value: str,
    *,
    aside: str = "",
    help_text: str = "",
    is_main: bool = False,
    tone: str = "",
) -> Component:
    """Return one number with its name above and what to compare it with below."""
    return html.Div(
        [
            html.Div(label, className="metric-label", title=help_text or None),
            html.Div(value, className=f"metric-value {tone}".strip()),
            html.Div(aside or "\u00a0", className="metric-aside"),
        ],
        className="metric metric-main" if is_main else "metric",
    )


def facts(pairs: Sequence[tuple[str, Children]], *, in_rows: bool = False) -> Component:
    """Return names with their values, side by side or one below the other."""
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in pairs]
    return html.Dl(lines, className="facts facts-rows" if in_rows else "facts")


def empty_state(icon_name: str, sentence: str, action: Component | None = None, *, small: bool = False) -> Component:
    """Return what stands where nothing is yet: one sentence, and the button that changes it."""
    children = [icon(icon_name), html.P(sentence)]
    if action is not None:
        children.append(action)
    return html.Div(children, className="empty empty-small" if small else "empty")


def skeleton(height: int) -> Component:
    """Return a grey block of the height of what will stand there, so that nothing jumps."""
    return html.Div(className="skeleton", style={"height": f"{height}px"}, **aria(hidden="true"))


def check_line(passed: bool | None, text: Children) -> Component:  # noqa: FBT001  # the mark is the point of the line
    """Return a line of a check list: passed, failed, or not tried."""
    name, tone, word = {
        True: ("check-circle-fill", "is-gain", "Passed"),
        False: ("x-circle-fill", "is-loss", "Failed"),
        None: ("dash-circle", "muted", "Not tried"),
    }[passed]
    return html.Li([icon(name, label=word, className=tone), html.Div(text)])


def copy_button(target: str, *, label: str = "Copy") -> Component:
    """Return a button that copies the text of the element with the id `target`, or `target` itself."""
    return html.Button(
        icon("copy"), type="button", className="copy", title=label, **aria(label=label), **data(copy=target)
    )


def hash_value(value: str | None) -> Component:
    """Return a hash, whole, with a button that copies it."""
    if not value:
        return html.Span("\u2013", className="muted")
    return html.Span([html.Span(value, className="hash"), copy_button(value)])
