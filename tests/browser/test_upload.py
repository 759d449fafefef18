"""A file of prices from its choice to the page Data, as a person brings it: asked about, mapped, overruled, stored."""

import pytest

from tests.webapp.bundles import packed
from tests.webapp.services.upload_files import SOUND

pytestmark = pytest.mark.browser


def spoilt():
    """Return real prices whose close has a name that says nothing, and one bar of which is three times too high."""
    names, *rows = [line.split(",")[:6] for line in SOUND.splitlines()]
    rows[20][1:5] = [f"{float(cell) * 3:.4f}" for cell in rows[20][1:5]]
    return "\n".join(",".join(row) for row in [[*names[:4], "zettel", names[5]], *rows]).encode()


def test_a_file_is_chosen_mapped_overruled_stored_and_seen(open_page, live_app):
    page = open_page("/app/data/upload")
    page.set_input_files("#upload-file", {"name": "mine.csv", "mimeType": "text/csv", "buffer": spoilt()})

    page.get_by_role("heading", name="Missing column").wait_for()
    assert page.locator("#upload-store").is_disabled()
    assert page.locator(".upload-preview tbody tr").count() > 0
    page.get_by_role("combobox", name="Close", exact=True).select_option("zettel")
    page.click("#upload-check")

    page.get_by_role("heading", name="Price spike").wait_for()
    page.get_by_label("Decide about: Price spike").select_option("quarantine")
    page.get_by_label("Reason for: Price spike").fill("A misprint, by another source")
    page.click("#upload-check")

    page.get_by_text("A misprint, by another source").wait_for()
    page.get_by_role("link", name="Rows that stay out").wait_for()
    page.fill("#upload-symbol", "MINE")
    page.click("#upload-store")
    page.get_by_text("Stored as MINE, vintage 1.").wait_for()

    page.goto(f"{live_app.url}/app/data")
    page.get_by_role("gridcell", name="MINE", exact=False).first.wait_for()


def test_a_file_that_is_not_wanted_is_deleted(open_page, live_app):
    page = open_page("/app/data/upload")
    page.set_input_files("#upload-file", {"name": "unwanted.csv", "mimeType": "text/csv", "buffer": spoilt()})
    page.get_by_role("button", name="Delete").click()

    page.wait_for_url(f"{live_app.url}/app/data/upload")
    page.get_by_role("heading", name="Your files").wait_for()
    assert page.get_by_text("unwanted.csv").count() == 0


def test_a_bundle_becomes_an_analysis_that_says_where_it_comes_from(open_page):
    page = open_page("/app/import")
    page.set_input_files(
        "#import-file", {"name": "answer.zip", "mimeType": "application/zip", "buffer": packed.content()}
    )

    page.get_by_role("heading", name="Google").wait_for()
    page.get_by_text("imported, computed elsewhere").wait_for()
    page.get_by_role("tab", name="Reproduce").click()
    page.get_by_text("The prices it was computed from are not here").wait_for()


def test_a_changed_bundle_is_refused_where_one_stands(open_page, complaints):
    complaints.expect("422")
    page = open_page("/app/import")
    data = bytearray(packed.content())
    data[data.index(b'"is_credible"')] ^= 1
    page.set_input_files("#import-file", {"name": "x.zip", "mimeType": "application/zip", "buffer": bytes(data)})

    page.get_by_text("answer.json was changed since").wait_for()
    assert page.locator("#import-file").is_enabled()
