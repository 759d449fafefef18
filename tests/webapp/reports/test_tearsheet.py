import dataclasses
import re
import zlib

from tests.webapp.reports import told
from webapp.reports import tearsheet
from webapp.reports.blocks import Section
from webapp.reports.tearsheet import to_pdf


def test_it_is_a_few_pages_with_its_fonts_inside():
    paper = to_pdf(told.report())

    assert paper.startswith(b"%PDF-1.")
    assert 2 <= len(re.findall(rb"/Type /Page\b(?!s)", paper)) <= 5
    assert paper.count(b"/FontFile2") == 2
    assert b"/URI" not in paper
    assert len(paper) < 300_000


def test_what_the_fonts_lack_and_what_is_too_long_does_not_stop_it():
    report = dataclasses.replace(told.report(), title="量化 " + "a very long title " * 20, footer="x" * 500)

    assert to_pdf(report).startswith(b"%PDF-1.")


def test_long_tables_go_on_over_pages():
    table = next(each for each in told.report().sections if each.title == "Definitions").blocks[0]
    long = dataclasses.replace(table, rows=list(table.rows) * 4)
    paper = to_pdf(dataclasses.replace(told.report(), sections=[Section("Long", [long])]))

    assert len(re.findall(rb"/Type /Page\b(?!s)", paper)) > 3
    assert any(
        b"Tj" in zlib.decompress(each) for each in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", paper, re.DOTALL)[:1]
    )


def test_latin_greek_and_cyrillic_are_written_and_the_rest_are_question_marks():
    written = "Прогноз für Łódź, Ελλάς, Қазақстан — 5 %"
    paper = tearsheet._Paper(told.report())

    assert paper._known(written) == written
    assert paper._known("量化\u00a0x") == "?? x"
    paper.output()  # closes its fonts


def test_that_letters_were_left_out_is_said_once_where_they_were():
    def said(title):
        lines = []
        paper = tearsheet._Paper(dataclasses.replace(told.report(), title=title))
        paper._lines = lambda text, _height: lines.append(text)
        paper.head()
        paper.say_left_out()
        paper.output()
        return [line for line in lines if "no shape" in line]

    assert said("Прогноз für Łódź") == []
    (line,) = said("量化 量")
    assert line.startswith("2 letters have no shape in the fonts of this sheet")
    assert "“?”" in line
    assert len(said("量")) == 1
