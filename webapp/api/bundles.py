"""Bundles: an analysis that was computed elsewhere, brought as a file."""

from http import HTTPStatus

from flask import Response, url_for

from webapp.api.answers import to_json
from webapp.api.operations import Answer, operation
from webapp.api.schemas import AnalysisDetail
from webapp.api.sent_files import FORM, sent_file
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.permissions import Permission
from webapp.services import analyses, bundle_imports


@operation(
    "POST",
    "/bundles",
    tag="Analyses",
    summary="Import a bundle",
    permission=Permission.ANALYSES_RUN,
    file_types=(FORM, "application/zip", "application/octet-stream"),
    answers={
        HTTPStatus.CREATED: Answer("The analysis, now yours.", AnalysisDetail, headers={"Location": "Its address."})
    },
    refusals=(HTTPStatus.TOO_MANY_REQUESTS,),
)
def import_bundle() -> Response:
    """Make an analysis that another Assay exported one of yours: same question, same answer, marked as imported.

    Send the bundle as the field `file` of a form, or as the body itself. Anything in it that was changed since is found
    and named. It counts nowhere as computed here. Whether its numbers are true, only running it again shows.
    """
    _, chunks = sent_file()
    actor, files = current_actor(), parts().files
    content_hash = bundle_imports.receive(files, chunks)
    with read() as session:
        bundle = bundle_imports.read(session, files, actor, content_hash)
    with write() as session:
        new_id = bundle_imports.create(
            session, parts().store, actor, bundle, content_hash=content_hash, address=client_address()
        )
        view = analyses.get(session, actor, new_id)
    answer = AnalysisDetail.model_validate({**vars(view.summary), **vars(view)})
    location = url_for("api.get_analysis", analysis_id=new_id)
    return to_json(answer, HTTPStatus.CREATED, Location=location)
