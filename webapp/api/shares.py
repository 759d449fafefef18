"""Sharing an analysis for reading, and opening a link that somebody else made."""

from http import HTTPStatus
from typing import Annotated, Self

from flask import Response, url_for
from pydantic import Field, model_validator

from webapp.api.answers import to_json
from webapp.api.columns import Moment, View
from webapp.api.operations import NOT_THERE, Answer, operation
from webapp.api.reading import Body
from webapp.api.schemas import AnalysisState
from webapp.auth.session import client_address, current_actor, read, write
from webapp.permissions import Permission
from webapp.services import analyses, shares
from webapp.services.shares import MOST_DAYS, ShareKind, ShareView

_FULL = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)


class NewShare(Body):
    """Whom to let read: a user by `email`, a group by `group_id`, or whoever has the link that is made."""

    kind: ShareKind
    email: str | None = Field(default=None, max_length=254, description="Of the user; needed for `user`.")
    group_id: str | None = Field(default=None, max_length=32, description="Of a group of yours; needed for `group`.")
    expires_in_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = Field(
        default=None, description="Days until it ends by itself; left out: until it is taken back."
    )

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        given = {ShareKind.USER: self.email, ShareKind.GROUP: self.group_id}
        if [kind for kind, value in given.items() if value is not None] != [
            kind for kind in given if kind == self.kind
        ]:
            raise ValueError("expected `email` for `user`, `group_id` for `group`, and neither for `link`")
        return self


class Share(View):
    """One leave to read."""

    id: str
    kind: ShareKind
    name: str = Field(description="Of the user or the group; empty for a link.")
    email: str | None = Field(description="Of the user; null for groups and links.")
    created_at: Moment
    expires_at: Moment | None = Field(description="When it ends by itself; null: when it is taken back.")
    opened_by: list[str] = Field(description="Names of those who have opened the link.")


class MadeShare(Share):
    """One leave to read that was just given, and the link, which is shown this once."""

    link: str | None = Field(description="Address of the link, for signed-in users of this server; null without one.")
    secret: str | None = Field(description="The link's secret, for `POST /links/open`; null without a link.")


class ShareList(View):
    """Who else may read an analysis, oldest first."""

    items: list[Share]


class LinkSecret(Body):
    """A link's secret."""

    secret: str = Field(max_length=128, description="The last part of the link's address.")


@operation(
    "GET",
    "/analyses/<analysis_id>/shares",
    tag="Sharing",
    summary="List who may read an analysis",
    permission=Permission.ANALYSES_READ,
    answers={200: Answer("Who else may read it; without the secrets of links.", ShareList)},
    refusals=NOT_THERE,
)
def list_shares(analysis_id: str) -> Response:
    """Return with whom your analysis is shared. Readers do not see each other: to them this is not found."""
    with read() as session:
        views = shares.list_shares(session, current_actor(), analysis_id)
    return to_json(ShareList(items=[Share.model_validate(view) for view in views]))


@operation(
    "POST",
    "/analyses/<analysis_id>/shares",
    tag="Sharing",
    summary="Share an analysis",
    permission=Permission.ANALYSES_RUN,
    body=NewShare,
    answers={HTTPStatus.CREATED: Answer("They may read it from now on.", MadeShare)},
    refusals=_FULL,
)
def share_analysis(analysis_id: str, body: NewShare) -> Response:
    """Let others read your analysis, and do nothing else with it.

    Sharing again with the same user or group changes until when. Each link is a new one.
    """
    view, secret = _share(analysis_id, body)
    link = url_for("shared_link", secret=secret, _external=True) if secret else None
    return to_json(MadeShare.model_validate({**vars(view), "link": link, "secret": secret}), HTTPStatus.CREATED)


@operation(
    "DELETE",
    "/analyses/<analysis_id>/shares/<share_id>",
    tag="Sharing",
    summary="Take a share back",
    permission=Permission.ANALYSES_RUN,
    answers={HTTPStatus.NO_CONTENT: Answer("Who read by it does not find the analysis any more.", media_types=())},
    refusals=NOT_THERE,
)
def revoke_share(analysis_id: str, share_id: str) -> Response:
    """Take back what you gave; it holds from the next request on."""
    with write() as session:
        shares.revoke(session, current_actor(), analysis_id, share_id, address=client_address())
    response = Response(status=HTTPStatus.NO_CONTENT)
    del response.headers["Content-Type"]
    return response


@operation(
    "POST",
    "/links/open",
    tag="Sharing",
    summary="Open a link",
    permission=Permission.ANALYSES_READ,
    body=LinkSecret,
    answers={200: Answer("The analysis that it leads to.", AnalysisState)},
    refusals=NOT_THERE,
)
def open_link(body: LinkSecret) -> Response:
    """Find the analysis that a link leads to; you may read it as long as the link is not taken back."""
    with write() as session:
        analysis_id = shares.open_link(session, current_actor(), body.secret, address=client_address())
        view = analyses.get(session, current_actor(), analysis_id)
    return to_json(AnalysisState(id=view.id, status=view.status))


def _share(analysis_id: str, body: NewShare) -> tuple[ShareView, str | None]:
    actor, address, days = current_actor(), client_address(), body.expires_in_days
    with write() as session:
        if body.kind is ShareKind.LINK:
            return shares.make_link(session, actor, analysis_id, expires_in_days=days, address=address)
        if body.kind is ShareKind.GROUP:
            group_id = body.group_id or ""
            view = shares.share_with_group(
                session, actor, analysis_id, group_id=group_id, expires_in_days=days, address=address
            )
        else:
            email = body.email or ""
            view = shares.share_with_user(
                session, actor, analysis_id, email=email, expires_in_days=days, address=address
            )
    return view, None
