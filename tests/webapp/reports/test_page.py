import re
from html.parser import HTMLParser

from tests.webapp.reports import told
from webapp.reports.page import to_html

_VOID = {"meta"}


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "xlink:href", "data"}]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_one_file_that_asks_nobody_for_anything():
    page = to_html(told.report()).decode()
    reader = Reader()
    reader.feed(page)

    assert reader.open == [], "every element ends"
    assert reader.addresses == []
    assert not {"script", "link", "img", "iframe", "form", "a"} & set(reader.tags)
    assert "url(" not in page
    assert "@import" not in page
    assert re.findall(r"https?://", page) == []
    assert "default-src 'none'" in page


def test_what_people_wrote_is_text():
    page = to_html(told.report()).decode()

    assert "Google: &lt;b&gt;is it luck&lt;/b&gt; &amp; if so, why?" in page
    assert "<b>is it" not in page


def test_it_can_be_read_without_seeing_it():
    page = to_html(told.report()).decode()

    assert page.count("<h1>") == 1
    assert 'lang="en"' in page
    assert page.count('role="img" aria-label="') == page.count("<svg")
    assert page.count("<h2>") == len(told.report().sections)
    assert '<th scope="row"' in page
    assert '<span class="off">Holds: </span>' in page


def test_it_has_both_themes_and_paper():
    page = to_html(told.report()).decode()

    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page
