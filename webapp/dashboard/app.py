"""Mounts the Dash application on the Flask server: the one place where pages and shell meet."""

import hashlib
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dash import Dash
from dash.exceptions import DependencyException, InvalidCallbackReturnValue
from flask import Flask, request
from werkzeug.exceptions import BadRequest, NotFound

from webapp.dashboard import alerts, layout, links, marks, paths
from webapp.dashboard.pages import PAGES

_log = logging.getLogger(__name__)

_STATIC = Path(__file__).parents[1] / "static"

_STYLES = ("vendor/bootstrap/bootstrap.min.css", "vendor/bootstrap-icons/bootstrap-icons.min.css", "assay.css")

_FONT = "vendor/inter/inter-latin-wght-normal.woff2"  # by the address under which assay.css asks for it

# The theme is chosen before anything is painted, so its script comes first and is not deferred.
_INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {{%metas%}}
    <title>{{%title%}}</title>
    <link rel="icon" type="image/svg+xml" href="{logo}">
    <link rel="preload" href="{font}" as="font" type="font/woff2" crossorigin>
    <script src="{theme}"></script>
    {{%css%}}
  </head>
  <body>
    {{%app_entry%}}
    <div>
      {{%config%}}
      {{%scripts%}}
      {{%renderer%}}
    </div>
  </body>
</html>
"""


def mount_dashboard(server: Flask) -> Dash:
    """Build the dashboard under `/app/` on a server that already guards it, and return it.

    The caller computes the hashes for its Content-Security-Policy from the returned application for each HTML answer,
    because Dash adds scripts at its first request.
    """
    app = Dash(
        "assay",
        server=server,  # type: ignore[arg-type]  # Dash types it as a flag only
        url_base_pathname=paths.PREFIX,
        use_pages=True,
        pages_folder="",
        assets_folder=str(Path(__file__).parent / "assets"),
        index_string=_INDEX.format(theme=static_url("theme.js"), logo=static_url("logo.svg"), font=static_url(_FONT)),
        external_stylesheets=[static_url(name) for name in _STYLES],
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
        include_pages_meta=False,  # it would print the whole address, query included, into the page
        serve_locally=True,
        title="Assay",
        update_title="",  # polling would make the tab's title flicker
        suppress_callback_exceptions=True,  # pages come and go; errors inside callbacks are not what this is about
        on_error=alerts.on_error,
        add_log_handler=False,
        compress=False,  # the application compresses all answers alike
        enable_mcp=False,
        use_async=False,
    )
    app.layout = layout.shell
    layout.register(app)
    for page in PAGES:
        page.register(app)
    _refuse_malformed(server, app)
    links.install_links(server)
    marks.install_marks(server)
    return app


def _refuse_malformed(server: Flask, app: Dash) -> None:
    """Answer with 400 or 404 what no page of ours sends: Dash itself would take it for a fault of the program."""
    update = f"{paths.PREFIX}_dash-update-component"
    suites = f"{paths.PREFIX}_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"
    dispatch, serve = server.view_functions[update], server.view_functions[suites]

    def dispatch_if_whole() -> Any:
        try:
            call = request.get_json()
            if not isinstance(call, dict) or not isinstance(call.get("output"), str):
                raise BadRequest
            if call["output"] not in app.callback_map:
                raise NotFound
            if not _is_whole(call, app.callback_map[call["output"]]):
                raise BadRequest
            return dispatch()
        except RecursionError as error:
            raise BadRequest from error
        except InvalidCallbackReturnValue as error:  # as many outputs as the browser says it has, or our mistake
            _log.warning("A callback did not return what it was asked for: %s", error)
            raise BadRequest from error

    def serve_if_there(**names: str) -> Any:
        try:
            return serve(**names)
        except DependencyException as error:
            raise NotFound from error

    server.view_functions |= {update: dispatch_if_whole, suites: serve_if_there}


def _is_whole(call: Mapping[str, Any], declared: Mapping[str, Any]) -> bool:
    """Whether a call of a callback has all that was declared, in the form in which the browser sends it."""
    outputs, changed = call.get("outputs"), call.get("changedPropIds")
    return (
        _are_properties(call.get("inputs"), len(declared["inputs"]))
        and _are_properties(call.get("state", []), len(declared["state"]))
        and (_are_properties(outputs) if isinstance(outputs, list) else _is_property(outputs))
        and isinstance(changed, list)
        and all(isinstance(each, str) for each in changed)
    )


def _are_properties(sent: Any, count: int | None = None) -> bool:
    """Whether this is a list of properties, where a pattern stands for a list of them."""
    return (
        isinstance(sent, list)
        and count in {None, len(sent)}
        and all(all(map(_is_property, each)) if isinstance(each, list) else _is_property(each) for each in sent)
    )


def _is_property(sent: Any) -> bool:
    return isinstance(sent, dict) and isinstance(sent.get("id"), str | dict) and isinstance(sent.get("property"), str)


@cache
def static_url(name: str) -> str:
    """Return the address of a static file, with a mark that changes with its content, so that browsers may keep it."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
