"""`ETag`, `If-None-Match` and `If-Match`: nobody fetches what they have, or overwrites what they have not seen.

Every operation has this from `operation`. What rests on a result's hash brings its own tag, before the work is done;
everything else is tagged by its content.
"""

import hashlib
from collections.abc import Callable
from http import HTTPStatus

from flask import Response, request

from webapp.api.answers import is_known, not_modified, tagged
from webapp.errors import PreconditionFailed


def with_tag(response: Response) -> Response:
    """Return what was read with the tag of its content, or 304 to whoever has this content already."""
    if response.status_code != HTTPStatus.OK or "ETag" in response.headers or response.is_streamed:
        return response
    tag = hashlib.blake2b(response.get_data(), digest_size=16).hexdigest()
    return not_modified(tag) if is_known(tag) else tagged(response, tag)


def require_match(read: Callable[[], Response]) -> None:
    """Refuse a change of what is no longer as the asker saw it; `read` answers the GET of the same address.

    Raises
    ------
    PreconditionFailed
        If the request names tags in `If-Match`, and none of them is that of today.
    """
    if "If-Match" not in request.headers:
        return
    tag, _ = with_tag(read()).get_etag()
    if tag is None or not request.if_match.contains_weak(tag):
        raise PreconditionFailed("It has changed since you read it. Read it again, and decide then.")
