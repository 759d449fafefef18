"""Keys: shortcuts where nobody types, a dialog that lists them, and a walk with Tab on which one sees where one is."""

import pytest
from playwright.sync_api import expect

from webapp.dashboard import paths

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const each = document.activeElement, box = each.getBoundingClientRect();
  const rings = [each, each.nextElementSibling].filter(Boolean);
  const isMarked = node => ['', '::after', '::before'].some(part => {
    const style = getComputedStyle(node, part || null);
    return style.boxShadow !== 'none' || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0);
  });
  return {
    name: each.outerHTML.slice(0, 160), isBody: each === document.body, isMarked: rings.some(isMarked),
    isSeen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""


def test_letters_lead_to_pages_and_a_field_keeps_what_is_typed(open_page):
    page = open_page(paths.dashboard())
    page.locator("h1").wait_for()

    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url(f"**{paths.analyses()}")
    field = page.locator("#analyses-text")
    field.wait_for()
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("g n?/")

    expect(field).to_have_value("g n?/")
    assert page.url.endswith(paths.analyses())
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_question_mark_lists_the_keys_and_escape_goes_back(open_page):
    page = open_page(paths.dashboard())
    opener = page.get_by_role("button", name="Keyboard shortcuts")
    opener.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    for _ in range(30):  # the focus stays inside
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("g")
    page.keyboard.press("n")
    assert page.url.endswith(paths.dashboard())  # a dialog hides what lies below, from keys too

    page.keyboard.press("Escape")

    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_page_in_the_list_of_keys_opens_without_a_reload(open_page):
    page = open_page(paths.dashboard())
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.evaluate("window.isTheSamePage = true")

    page.get_by_role("dialog").get_by_role("link", name="New analysis").click()

    page.wait_for_url(f"**{paths.new_analysis()}")
    assert page.evaluate("window.isTheSamePage")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("path", [paths.dashboard(), paths.new_analysis()])
def test_whoever_walks_with_tab_sees_where_they_are_and_comes_round(open_page, live_app, path):
    live_app.add(title="Something to stop at", status="succeeded")
    page = open_page(path)
    page.emulate_media(reduced_motion="reduce")  # else the page would still be scrolling when it is looked at
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")

    stops = []
    for _ in range(150):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["isBody"]:
            break
        stops.append(stop)

    assert len(stops) > 10
    assert stop["isBody"], "The walk does not end."
    assert [each["name"] for each in stops if not each["isSeen"]] == []
    assert [each["name"] for each in stops if not each["isMarked"]] == []
