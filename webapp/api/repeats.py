"""`Idempotency-Key`: a program that got no answer sends its request again, and nothing is made twice.

Every POST has this from `operation`, and nobody writes a line for it. The key is claimed in the first transaction that
the route writes in, with what the route makes; so a route that makes something does it in one `write()`.
"""

import hashlib
import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from flask import Response, g, request
from werkzeug.datastructures import FileStorage

from webapp.auth.session import begin_writing_with, parts, read, write
from webapp.errors import Conflict, InvalidInput
from webapp.services import idempotency
from webapp.services.idempotency import KeptAnswer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
PATTERN = r"^[\x21-\x7e]{1,128}$"
_JSON = "application/json"
_FORM = "multipart/form-data"
_PIECE_BYTES = 1024**2
_KEPT_HEADERS = ("Content-Type", "Location")
_WAIT_SECONDS = 3.0  # for the answer to the same request, which is being made at this moment


class _Taken(Exception):
    """Another request with this key was faster."""


@dataclass
class _Claim:
    """The first step of the route's transaction, and whether it was made."""

    asked: idempotency.Request
    is_made: bool = False

    def __call__(self, session: "Session") -> None:
        if not self.is_made and not idempotency.claim(session, self.asked):
            raise _Taken
        self.is_made = True


def answer_once(make: Callable[[], Response]) -> Response:
    """Answer a request: by what was answered to the same one before, if it has a key, else by `make`.

    What is refused is not kept: nothing was made, so the key may be used again.

    Raises
    ------
    InvalidInput
        If the key is none.
    IdempotencyKeyReused
        If the key stood for another request.
    Conflict
        If the first request with it is not answered yet.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return make()
    if not re.fullmatch(PATTERN, key):
        message = "expected 1 to 128 printable ASCII characters without blanks"
        raise InvalidInput("This is no key.", fields={HEADER: message})
    asked = _asked(key)
    with read() as session:
        kept = idempotency.find(session, asked)
    return _replay(kept) if kept else _answer_first(asked, make)


def _answer_first(asked: idempotency.Request, make: Callable[[], Response]) -> Response:
    claim = _Claim(asked)
    begin_writing_with(claim)
    is_kept = False
    try:
        response = make()
        if response.status_code < HTTPStatus.BAD_REQUEST:
            _keep(claim, response)
            is_kept = True
    except _Taken:
        return _replay(_wait_for(asked))
    finally:
        begin_writing_with(None)
        if claim.is_made and not is_kept:
            with write() as session:
                idempotency.give_back(session, asked)
    return response


def _keep(claim: _Claim, response: Response) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    answer = KeptAnswer(response.status_code, headers, response.get_data(as_text=True))
    with write() as session:
        claim(session)  # of a route that wrote nothing
        idempotency.keep_answer(session, claim.asked, answer)


def _wait_for(asked: idempotency.Request) -> KeptAnswer:
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            with read() as session:
                kept = idempotency.find(session, asked)
        except Conflict:
            if time.monotonic() > until:
                raise
        else:
            if kept is not None:
                return kept
            raise Conflict("The first request with this Idempotency-Key came to nothing. Send yours again.")
        time.sleep(0.05)


def _asked(key: str) -> idempotency.Request:
    actor = g.get("actor")
    head = f"{request.method} {request.full_path}\n{request.mimetype}\n"
    return idempotency.request_of(
        parts().settings.secret_key.get_secret_value(),
        user_id=actor.user_id if actor else None,
        key=key,
        content=head.encode("utf-8", "surrogatepass") + _content(),
    )


def _content() -> bytes:
    """Return the body, written in one way if it is JSON, or what tells it from others: of a form, what is in it."""
    if request.mimetype == _FORM:  # parted by signs that a program makes up anew each time
        return orjson.dumps([sorted(request.form.items(multi=True)), [_of_file(*each) for each in _files()]])
    text = request.get_data()
    if request.mimetype != _JSON:
        request.stream = io.BytesIO(text)  # for whoever reads it piece by piece
        return hashlib.sha256(text).digest()
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return text


def _files() -> list[tuple[str, FileStorage]]:
    return list(request.files.items(multi=True))


def _of_file(field: str, file: FileStorage) -> list[str]:
    digest = hashlib.sha256()
    for piece in iter(lambda: file.stream.read(_PIECE_BYTES), b""):
        digest.update(piece)
    file.stream.seek(0)
    return [field, file.filename or "", digest.hexdigest()]


def _replay(kept: KeptAnswer) -> Response:
    response = Response(kept.body, status=kept.status, headers={**kept.headers, REPLAYED: "true"})
    if "Content-Type" not in kept.headers:
        del response.headers["Content-Type"]
    return response
