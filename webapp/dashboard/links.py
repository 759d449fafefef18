"""Links that people gave each other: opening one leads to the analysis, for whoever is signed in here."""

from flask import Flask, redirect
from flask.typing import ResponseReturnValue

from webapp.auth.session import client_address, current_actor, write
from webapp.dashboard import paths
from webapp.services import shares


def install_links(server: Flask) -> None:
    """Answer the addresses of links. Whoever is not signed in is asked to, and comes back here."""
    server.add_url_rule(f"{paths.PREFIX}shared/<secret>", "shared_link", _open, methods=["GET"])


def _open(secret: str) -> ResponseReturnValue:
    with write() as session:
        analysis_id = shares.open_link(session, current_actor(), secret, address=client_address())
    return redirect(paths.analysis(analysis_id))
