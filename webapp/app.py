"""The web application: the one place where its parts meet."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, redirect
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.api import register_api
from webapp.auth import health, views
from webapp.auth.csrf import install_csrf
from webapp.auth.devices import install_devices
from webapp.auth.guard import install_guard
from webapp.auth.headers import install_headers
from webapp.auth.limits import install_limits
from webapp.auth.local_paths import HOME
from webapp.auth.login import install_login
from webapp.auth.metrics import install_metrics
from webapp.auth.problems import install_problems
from webapp.auth.request_ids import install_request_ids
from webapp.auth.session import Parts, install_parts, parts_of
from webapp.config import Settings
from webapp.dashboard.app import mount_dashboard
from webapp.db import Database
from webapp.jobs import Queue
from webapp.secrets import TWO_FACTOR, SecretBox
from webapp.storage import open_files, open_frames

_MAX_BODY_BYTES = 4 * 1024**2

# Pages are left out: they are small, and one that holds a secret beside what a stranger chose must not be compressed.
_COMPRESSED = ["text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml", "text/csv"]


def create_app(settings: Settings) -> Flask:
    """Build the web application: guard first, then doors.

    It opens no connection before its first request, so that servers may fork.
    """
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=_MAX_BODY_BYTES, COMPRESS_MIMETYPES=_COMPRESSED)
    install_parts(
        app,
        Parts(
            settings=settings,
            database=Database(settings.resolved_database_url),
            queue=Queue(settings.resolved_redis_url),
            store=open_frames(settings),
            files=open_files(settings),
            two_factor_box=SecretBox(settings.secret_key.get_secret_value(), TWO_FACTOR),
        ),
    )
    install_request_ids(app)
    install_problems(app)
    install_metrics(app, parts_of(app).database, is_on=bool(settings.metrics_token.get_secret_value()))
    install_login(app, settings)
    install_guard(app)  # before everything that answers requests
    install_csrf(app, settings)
    install_devices(app, settings)
    install_limits(app, settings)
    Compress(app)
    app.after_request(_read_whole)
    _name_static_files_by_content(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(health.blueprint)
    app.add_url_rule("/", "home", lambda: redirect(HOME))
    register_api(app)
    dashboard = mount_dashboard(app)
    install_headers(app, settings, dashboard.csp_hashes)
    if settings.trusted_proxies:
        n_proxies = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n_proxies, x_proto=n_proxies)  # type: ignore[method-assign]
    return app


def _read_whole(response: Response) -> Response:
    """Read a file that will be compressed: Flask-Compress forgets to close those that it compresses piece by piece."""
    if response.direct_passthrough and response.mimetype in _COMPRESSED:
        response.direct_passthrough = False
        response.get_data()
    return response


def _name_static_files_by_content(app: Flask) -> None:
    """Let browsers keep style and scripts for a year: their address changes with what is in them."""
    folder = Path(str(app.static_folder))

    @cache
    def fingerprint(filename: str) -> str:
        return hashlib.sha256((folder / filename).read_bytes()).hexdigest()[:10]

    @app.url_defaults
    def add_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values:
            values["v"] = fingerprint(values["filename"])
