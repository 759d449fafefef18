import pytest

from tests import factories
from tests.webapp.dashboard import reading
from webapp.dashboard.components import documents as parts
from webapp.services.documents import DocumentView
from webapp.services.workflow import Status


def view(status, kind="html", **values):
    defaults = {"n_bytes": None, "error_code": None, "error_message": None, "finished_at": None}
    return DocumentView(kind=kind, status=status, submitted_at=factories.NOW, **{**defaults, **values})


def test_a_button_for_each_document():
    menu = parts.document_menu("0123456789abcdef")

    assert [each.id for each in reading.of_type(menu, "Button")] == [
        "analysis-document-html", "analysis-document-pdf", "analysis-document-bundle"
    ]  # fmt: skip
    assert parts.kind_of("analysis-document-pdf") == "pdf"
    assert parts.kind_of("analysis-documents-poll") is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (view(Status.QUEUED), "Report: waits for a data worker …"),
        (view(Status.RUNNING, "pdf"), "Tear sheet: is being made …"),
        (view(Status.FAILED, error_message="Gone."), "Report: could not be made. Gone."),
        (view(Status.CANCELLED), "Report: cancelled."),
    ],
)
def test_how_far_each_is(state, words):
    [line] = parts.states("0123456789abcdef", [state])

    assert reading.text(line) == words
    assert parts.is_moving([state]) is not state.status.is_final


def test_what_is_there_is_a_link():
    [line] = parts.states("0123456789abcdef", [view(Status.SUCCEEDED, "pdf", n_bytes=2048)])

    [link] = reading.of_type(line, "A")
    assert link.href == "/api/v1/analyses/0123456789abcdef/document?kind=pdf"
    assert reading.text(link) == "Tear sheet, 2 KiB"
