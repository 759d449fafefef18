"""The web application, as gunicorn finds it: `gunicorn wsgi:app`."""

from webapp.app import create_app
from webapp.config import load_settings
from webapp.logs import configure_logging

settings = load_settings()
configure_logging(settings.log_level)
app = create_app(settings)
