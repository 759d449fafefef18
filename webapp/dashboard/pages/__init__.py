"""The pages, in the order of the menu. Each has PATH, TITLE, layout() and register(app)."""

from webapp.dashboard.pages import (
    analyses,
    analysis,
    compare,
    dashboard,
    jobs,
    new_analysis,
    not_found_404,
    upload,
    user,
    users,
)

PAGES = (dashboard, analyses, compare, new_analysis, upload, analysis, jobs, users, user, not_found_404)
