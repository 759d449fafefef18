"""The audit trail, for administrators."""

from flask import Response

from webapp.api.account_schemas import Trail, TrailEntry, TrailQuery
from webapp.api.answers import to_json
from webapp.api.operations import Answer, operation
from webapp.auth.session import current_actor, read
from webapp.permissions import Permission
from webapp.services import trail


@operation(
    "GET",
    "/audit",
    tag="Audit",
    summary="Read the audit trail",
    permission=Permission.AUDIT_READ,
    query=TrailQuery,
    answers={200: Answer("Lines of the trail, newest first.", Trail)},
)
def read_audit(query: TrailQuery) -> Response:
    """Return what was done, by whom, to what and from where, newest first."""
    with read() as session:
        page = trail.read_trail(
            session,
            current_actor(),
            user_id=query.user,
            action=query.action,
            start=query.start,
            end=query.end,
            limit=query.limit,
            cursor=query.cursor,
        )
    return to_json(Trail(items=[TrailEntry.model_validate(item) for item in page.items], next=page.next))
