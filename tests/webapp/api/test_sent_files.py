import io

import pytest
from werkzeug.exceptions import UnsupportedMediaType

from webapp.api.sent_files import FORM, sent_file
from webapp.errors import InvalidInput


def test_a_body_and_a_form_are_read_alike(app):
    with app.test_request_context("/", method="POST", data=b"abc", content_type="application/zip"):
        name, chunks = sent_file("x.zip")
        assert (name, b"".join(chunks)) == ("x.zip", b"abc")
    form = {"file": (io.BytesIO(b"abc"), "y.zip")}
    with app.test_request_context("/", method="POST", data=form, content_type=FORM):
        name, chunks = sent_file()
        assert (name, b"".join(chunks)) == ("y.zip", b"abc")


def test_anything_else_is_refused(app):
    with app.test_request_context("/", method="POST", json={}), pytest.raises(UnsupportedMediaType):
        sent_file()
    two = {"file": [(io.BytesIO(b"a"), "a"), (io.BytesIO(b"b"), "b")]}
    with app.test_request_context("/", method="POST", data=two, content_type=FORM), pytest.raises(InvalidInput):
        sent_file()
