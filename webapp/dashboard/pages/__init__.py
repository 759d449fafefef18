"""The pages, in the order of the menu. Each has PATH, TITLE, layout() and register(app)."""

from webapp.dashboard.pages import analyses, analysis, dashboard, new_analysis, not_found_404

PAGES = (dashboard, analyses, new_analysis, analysis, not_found_404)
