"""`ETag`, `If-None-Match` and `If-Match`: nobody fetches what they have, or overwrites what they have not seen.

Every operation has this from `operation`. What rests on a result's hash brings its own tag, before the work is done;
everything else is tagged by its content.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, request

from webapp.api.answers import is_known, not_modified, tagged
from webapp.auth.session import Overtaken, begin_writing_with, reading_in
from webapp.db import serialize
from webapp.errors import PreconditionFailed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_ATTEMPTS = 3


def with_tag(response: Response) -> Response:
    """Return what was read with the tag of its content, or 304 to whoever has this content already."""
    if response.status_code != HTTPStatus.OK or "ETag" in response.headers or response.is_streamed:
        return response
    tag = hashlib.blake2b(response.get_data(), digest_size=16).hexdigest()
    return not_modified(tag) if is_known(tag) else tagged(response, tag)


def change_if_matching(read: Callable[[], Response], make: Callable[[], Response]) -> Response:
    """Make a change, but only of what still is as the asker saw it; `read` answers the GET of the same address.

    Compared at once, and again as the first step of the transaction that changes it: of two who have seen the same,
    and change it at the same moment, one is refused.

    Raises
    ------
    PreconditionFailed
        If the request names tags in `If-Match`, and none of them is that of today.
    """
    if "If-Match" not in request.headers:
        return make()
    _require_match(read)
    for _ in range(_ATTEMPTS):
        begin_writing_with(partial(_compare, read))
        try:
            return make()
        except Overtaken:
            continue  # whoever came first may have changed something else: the comparison tells
        finally:
            begin_writing_with(None)
    raise _changed()


def _compare(read: Callable[[], Response], session: "Session") -> None:
    serialize(session)
    with reading_in(session):
        _require_match(read)


def _require_match(read: Callable[[], Response]) -> None:
    tag, _ = with_tag(read()).get_etag()
    if tag is None or not request.if_match.contains_weak(tag):
        raise _changed()


def _changed() -> PreconditionFailed:
    return PreconditionFailed("It has changed since you read it. Read it again, and decide then.")
