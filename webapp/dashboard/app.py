"""Mounts the Dash application on the Flask server: the one place where pages and shell meet."""

import hashlib
from functools import cache
from pathlib import Path

from dash import Dash
from flask import Flask

from webapp.dashboard import alerts, layout, paths
from webapp.dashboard.pages import PAGES

_STATIC = Path(__file__).parents[1] / "static"

_STYLES = ("vendor/bootstrap/bootstrap.min.css", "vendor/bootstrap-icons/bootstrap-icons.min.css", "assay.css")

_FONT = "/static/vendor/inter/inter-latin-wght-normal.woff2"  # as assay.css names it

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
        index_string=_INDEX.format(theme=static_url("theme.js"), logo=static_url("logo.svg"), font=_FONT),
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
    return app


@cache
def static_url(name: str) -> str:
    """Return the address of a static file, with a mark that changes with its content, so that browsers may keep it."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
