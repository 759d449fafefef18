"""The parts by which a page follows what it shows, while asking costs the server next to nothing.

A timer has the browser ask an address of `webapp.dashboard.marks`, with the mark of what is shown. See `polls.js`.
"""

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from webapp.dashboard.components.attributes import data

# With what a worker waits before it reports, and what the server shares for a moment, less than two seconds.
POLL_MILLISECONDS = 1500


def watch(name: str, address: str, *, mark: str, is_over: bool) -> list[Component]:
    """Return the parts for one page: timer, address, and mark; `is_over`: nothing will change any more."""
    timer = f"{name}-poll"
    return [
        dcc.Store(id=f"{name}-mark", data=mark),
        dcc.Store(id=f"{name}-mark-address", data=address),
        dcc.Interval(id=timer, interval=POLL_MILLISECONDS, disabled=is_over),
        html.Div(hidden=True, **data(polls=timer, watches=address)),
    ]


def register_watch(app: Dash, name: str) -> None:
    """Let the browser ask by itself; what is to be shown, it sets when the answer has come."""
    app.clientside_callback(  # type: ignore[no-untyped-call]  # Dash has no types here
        ClientsideFunction("assay", "watch"),
        Output(f"{name}-mark", "data"),
        Input(f"{name}-poll", "n_intervals"),
        State(f"{name}-mark", "data"),
        State(f"{name}-mark-address", "data"),
        prevent_initial_call=True,
    )
