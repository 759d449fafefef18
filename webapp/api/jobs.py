"""What waits, runs and ran."""

from typing import Literal

from flask import Response
from pydantic import Field

from webapp.api.answers import to_json
from webapp.api.columns import Moment, PageView, View
from webapp.api.operations import Answer, operation
from webapp.api.reading import PageQuery, QueryNumber
from webapp.auth.session import current_actor, read
from webapp.permissions import Permission
from webapp.services import job_lists
from webapp.services.workflow import Status


class JobQuery(PageQuery):
    """Whose jobs."""

    whose: Literal["mine", "all"] = Field(
        default="mine", description="`all`: everybody's, for those with `users:manage`; of others' no title and no id."
    )
    limit: QueryNumber = Field(default=50, ge=1, le=200, description="At most this many that are over.")


class Job(View):
    """An analysis, a fetch of prices, an import of a file, or a document that is made."""

    id: str = Field(
        description="Of the analysis or acquisition, or of what a document tells of; empty if it is another's."
    )
    kind: Literal["analysis", "fetch", "import", "report", "tear_sheet", "bundle"]
    title: str = Field(description="Empty if it is another's.")
    owner: str
    is_own: bool
    status: Status
    stage: str | None
    progress: float = Field(description="Share that is done, 0 to 1.")
    elapsed_seconds: float | None = Field(description="Seconds since it was first begun.")
    eta_seconds: float | None = Field(description="About how many seconds remain; null until enough is known.")
    position: int | None = Field(description="Place among the queued, from 1.")
    waits_for: str | None = Field(description="Why it waits, in words; null if it does not, or is another's.")
    worker: str | None
    error_code: str | None
    submitted_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class Jobs(PageView):
    """What waits or runs, and a page of what is over."""

    active: list[Job] = Field(description="Running ones first, then those that wait, by place; of the first page only.")
    finished: list[Job] = Field(description="Those submitted last first.")
    n_more: int = Field(description="That wait or run beside those in `active`, which names up to 200 of a kind.")


@operation(
    "GET",
    "/jobs",
    tag="Jobs",
    summary="See what waits, runs and ran",
    permission=Permission.ANALYSES_READ,
    query=JobQuery,
    answers={200: Answer("Jobs.", Jobs)},
)
def list_jobs(query: JobQuery) -> Response:
    """Return analyses, acquisitions and documents side by side; cancel and repeat them at their own addresses."""
    with read() as session:
        found = job_lists.list_jobs(
            session, current_actor(), everybody=query.whose == "all", limit=query.limit, cursor=query.cursor
        )
    return to_json(Jobs.model_validate(found))
