"""The audit trail, for administrators."""

from collections.abc import Iterator

import orjson
import pandas as pd
from flask import Response

from webapp.api.account_schemas import Trail, TrailEntry, TrailFilter, TrailQuery
from webapp.api.answers import to_json
from webapp.api.frames import to_csv
from webapp.api.operations import Answer, operation
from webapp.auth.session import current_actor, parts, read
from webapp.permissions import Permission
from webapp.services import paging, trail
from webapp.services.trail import TrailPage


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


@operation(
    "GET",
    "/audit/export",
    tag="Audit",
    summary="Take the audit trail away as a file",
    permission=Permission.AUDIT_READ,
    query=TrailFilter,
    answers={200: Answer("Every line that matches, newest first.", None, media_types=("text/csv",))},
)
def export_audit(query: TrailFilter) -> Response:
    """Return every line that matches as CSV, newest first; details are JSON.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    actor, database = current_actor(), parts().database

    def page(cursor: str) -> TrailPage:
        # A transaction a page: a slow reader holds none open.
        with database.read() as session:
            return trail.read_trail(
                session,
                actor,
                user_id=query.user,
                action=query.action,
                start=query.start,
                end=query.end,
                limit=paging.MOST,
                cursor=cursor,
            )

    def pieces(shown: TrailPage) -> Iterator[str]:
        yield _csv(shown, names=True)
        while shown.next:
            shown = page(shown.next)
            yield _csv(shown, names=False)

    response = Response(pieces(page("")), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="assay-audit.csv"'
    return response


def _csv(page: TrailPage, *, names: bool) -> str:
    columns = {
        "at": pd.Series([item.at for item in page.items], dtype="datetime64[us, UTC]"),
        **{
            name: pd.Series([getattr(item, name) for item in page.items], dtype=object)
            for name in ("user", "user_id", "action", "subject", "sentence", "address")
        },
        "details": pd.Series([orjson.dumps(item.details).decode() for item in page.items], dtype=object),
    }
    return to_csv(pd.DataFrame(columns), names=names)
