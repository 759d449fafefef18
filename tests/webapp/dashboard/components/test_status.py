import pytest

from tests.webapp.dashboard import reading
from webapp.dashboard.components.status import status_badge
from webapp.services.workflow import Status


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_word_and_a_sign(summary, status):
    badge = status_badge(summary(status=status, progress=0.3))

    assert reading.text(badge).split()[0] == status.value.capitalize()
    assert len(badge.children) == 2


def test_statuses_differ_without_colour(summary):
    badges = [status_badge(summary(status=status)) for status in Status]

    assert len({reading.text(badge) for badge in badges}) == len(Status)
    signs = [badge.children[0].className for badge in badges]
    assert len(set(signs)) == len(Status)


def test_a_running_one_says_how_far(summary):
    assert reading.text(status_badge(summary(status=Status.RUNNING, progress=0.479))) == "Running 47 %"
    assert reading.text(status_badge(summary(status=Status.RUNNING, progress=1.0))) == "Running 99 %"


def test_what_failed_its_audit_has_not_simply_succeeded(summary):
    assert reading.text(status_badge(summary(is_credible=False))) == "Not credible"
    assert reading.text(status_badge(summary(is_credible=None))) == "Succeeded"
