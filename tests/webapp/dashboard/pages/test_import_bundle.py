"""The page that takes bundles; the browser tests send one."""

import pytest

from tests.webapp.dashboard.reading import text as text_of
from webapp.dashboard.pages import import_bundle as page

pytestmark = pytest.mark.databases("sqlite")


def test_it_says_what_becomes_of_a_bundle(acting):
    with acting():
        text = text_of(page.layout())

    assert "marked as imported" in text
    assert "up to 50 MiB" in text


def test_whoever_may_not_run_is_told(acting):
    with acting("viewer"):
        assert "may read analyses but not bring any" in text_of(page.layout())
