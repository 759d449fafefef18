"""REST under `/api/v1`: each route reads its input, calls a service and writes the answer; OpenAPI describes all."""

from flask import Flask

from webapp.api import (
    acquisitions,
    analyses,
    audit,
    bundles,
    catalog,
    charts,
    compare,
    documents,
    exports,
    final_models,
    groups,
    instruments,
    invitations,
    jobs,
    limits,
    me,
    openapi,
    results,
    shares,
    studies,
    templates,
    tokens,
    uploads,
    users,
)
from webapp.api.operations import blueprint

__all__ = [
    "acquisitions",
    "analyses",
    "audit",
    "bundles",
    "catalog",
    "charts",
    "compare",
    "documents",
    "exports",
    "final_models",
    "groups",
    "instruments",
    "invitations",
    "jobs",
    "limits",
    "me",
    "openapi",
    "register_api",
    "results",
    "shares",
    "studies",
    "templates",
    "tokens",
    "uploads",
    "users",
]


def register_api(server: Flask) -> None:
    """Add the REST routes to a server that already guards them."""
    server.register_blueprint(blueprint)
