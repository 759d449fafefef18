"""The file that was sent: as the field `file` of a form, or as the body itself."""

from collections.abc import Iterator

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from webapp.errors import InvalidInput

FORM = "multipart/form-data"
_CHUNK_BYTES = 1024**2


def sent_file(name: str = "") -> tuple[str, Iterator[bytes]]:
    """Return the name and the pieces of the file that was sent; `name` is for one that is the body itself."""
    if request.mimetype == "application/json":
        raise UnsupportedMediaType
    if request.mimetype != FORM:
        stream = request.stream
        return name or "upload", iter(lambda: stream.read(_CHUNK_BYTES), b"")
    sent = request.files.getlist("file")
    if len(sent) != 1 or len(request.files) != 1:
        raise InvalidInput(
            "Expected one file in the field `file` of the form.",
            fields={"file": f"expected one file; found {len(sent)} here and {len(request.files)} fields with files"},
        )
    file = sent[0]
    return file.filename or "upload", iter(lambda: file.stream.read(_CHUNK_BYTES), b"")
