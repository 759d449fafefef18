"""The keys that work on every page, as a dialog that `?` opens; assets/keys.js reads from it which key leads where."""

from collections.abc import Iterable

from dash import html
from dash.development.base_component import Component

from webapp.dashboard.components.attributes import aria, data
from webapp.dashboard.components.cards import icon

DIALOG = "shell-keys"

# After `g`, by the name of the page in the navigation.
LETTERS = {
    "Dashboard": "d",
    "Analyses": "a",
    "New analysis": "n",
    "Studies": "s",
    "Compare": "c",
    "Data": "t",
    "Jobs": "j",
    "My account": "m",
    "Groups": "g",
    "Users": "u",
    "Audit": "l",
}

_EVERYWHERE = (
    (("/",), "Search this page"),
    (("?",), "Show this list"),
    (("Esc",), "Close a dialog or a menu"),
    (("Ctrl", "Enter"), "Run, in a new analysis"),
)
_IN_TABLES = (
    (("↑", "↓", "←", "→"), "Move"),
    (("Enter",), "Open the row; sort, on a heading"),
    (("Ctrl", "Enter"), "Open in a new tab; filter, on a heading"),
    (("Tab",), "Leave the table"),
)


def keys_button() -> Component:
    """Return the button that opens the dialog, for those who do not know the key yet."""
    return html.Button(
        icon("keyboard"),
        type="button",
        className="btn btn-quiet btn-icon d-none d-lg-inline-flex",
        title="Keyboard shortcuts (?)",
        **aria(label="Keyboard shortcuts", haspopup="dialog"),
        **data(opens=DIALOG),
    )


def keys_dialog(navigation: Iterable[tuple[str, str, str]]) -> Component:
    """Return the dialog for somebody's navigation: name, icon and address of each page."""
    pages = [(LETTERS[name], name, href) for name, _icon, href in navigation if name in LETTERS]
    return html.Dialog(
        [
            html.Div(
                [
                    html.H2("Keyboard shortcuts", id=f"{DIALOG}-title"),
                    html.Button(
                        icon("x-lg"),
                        type="button",
                        className="btn btn-quiet btn-icon",
                        **aria(label="Close"),
                        **data(closes=DIALOG),
                    ),
                ],
                className="dialog-header",
            ),
            html.Div(
                [
                    _group("Go to", [_page(letter, name, href) for letter, name, href in pages]),
                    _group("Everywhere", [_line(keys, text) for keys, text in _EVERYWHERE]),
                    _group("In tables", [_line(keys, text) for keys, text in _IN_TABLES]),
                ],
                className="keys",
            ),
        ],
        id=DIALOG,
        className="dialog no-print",
        **aria(labelledby=f"{DIALOG}-title"),
    )


def _group(title: str, lines: list[Component]) -> Component:
    return html.Section([html.H3(title), html.Dl(lines)])


def _page(letter: str, name: str, href: str) -> Component:
    return _line(("g", letter), html.A(name, href=href, **data(key=letter)))


def _line(keys: tuple[str, ...], text: Component | str) -> Component:
    return html.Div([html.Dt([html.Kbd(key) for key in keys]), html.Dd(text)])
