"""The pages, in the order of the menu. Each has PATH, TITLE, layout() and register(app)."""

from webapp.dashboard.pages import (
    account,
    analyses,
    analysis,
    audit,
    compare,
    dashboard,
    data,
    group,
    groups,
    jobs,
    new_analysis,
    not_found_404,
    upload,
    user,
    users,
)

PAGES = (
    dashboard,
    analyses,
    compare,
    new_analysis,
    data,
    upload,
    analysis,
    jobs,
    account,
    users,
    user,
    groups,
    group,
    audit,
    not_found_404,
)
