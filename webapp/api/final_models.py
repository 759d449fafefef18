"""The final model of an answer: taken away, and asked about the newest bar."""

from http import HTTPStatus

from flask import Response

from webapp.api.answers import is_known, not_modified, tagged, to_json
from webapp.api.operations import NOT_NOW, Answer, operation
from webapp.api.result_schemas import NewestPrediction
from webapp.auth.session import current_actor, parts, read
from webapp.permissions import Permission
from webapp.services import final_models

_ARCHIVE = "application/octet-stream"  # a skops archive; clients are made to keep what is named so as a file


@operation(
    "GET",
    "/analyses/<analysis_id>/model",
    tag="Results",
    summary="Take the final model away",
    permission=Permission.ANALYSES_READ,
    answers={HTTPStatus.OK: Answer("The fitted model, with the steps of its preparation.", None, (_ARCHIVE,))},
    refusals=NOT_NOW,
)
def take_model(analysis_id: str) -> Response:
    """Return the final model as a skops archive, which has no code in it; its SHA-256 is the `ETag`.

    `skops.io.load` reads it, with the types of `quant.models.persistence.TRUSTED` and this program's `quant` at hand.
    """
    with read() as session:
        tag = f"model-{final_models.tag_of(session, parts().store, current_actor(), analysis_id)}"
        if is_known(tag):
            return not_modified(tag)
        found = final_models.read_model(session, parts().store, current_actor(), analysis_id)
    response = Response(found.data, content_type=_ARCHIVE)
    response.headers["Content-Disposition"] = f'attachment; filename="{found.filename}"'
    return tagged(response, tag)


@operation(
    "GET",
    "/analyses/<analysis_id>/newest",
    tag="Results",
    summary="Predict the newest bar",
    permission=Permission.ANALYSES_RUN,
    answers={HTTPStatus.OK: Answer("What the final model says about it.", NewestPrediction)},
    refusals=(*NOT_NOW, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def predict_newest(analysis_id: str) -> Response:
    """Ask the final model of your answer about the newest bar of its instruments, without a run; nothing is stored.

    422 if there is no newer bar, or a feature is unknown; 409 if the model was not kept, is too large, or was made
    by other features, libraries or series; 429 while another is being predicted.
    """
    with read() as session:
        said = final_models.predict_newest(session, parts().store, current_actor(), analysis_id)
    return to_json(NewestPrediction.model_validate(dict(said)))
