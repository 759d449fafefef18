"""What the API adds to a problem: `webapp.auth.problems` knows which error has which status, for all doors alike."""

import orjson
from flask import Response

_MEDIA_TYPE = "application/problem+json"


def complete(response: Response) -> Response:
    """List the fields that a problem names, each with its message; other answers stay as they are."""
    if response.mimetype != _MEDIA_TYPE:
        return response
    problem = orjson.loads(response.get_data())
    fields = problem.pop("fields", None)
    if fields:
        problem["errors"] = [{"field": field, "message": message} for field, message in fields.items()]
        response.set_data(orjson.dumps(problem))
    return response
