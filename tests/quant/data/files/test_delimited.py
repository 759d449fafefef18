"""Tables of text."""

import pytest

from quant.data.files.delimited import body_of_rows, outline_of, outline_of_rows, read_body
from quant.errors import UnreadableFile

HEAD = "date,open,high,low,close,volume\n"


def test_rows_keep_their_lines_past_empty_and_broken_ones():
    text = HEAD + "2012-01-03,1,2,0.5,1,10\n\n# remark\n2012-01-04,1,2,0.5,1,10\n2012-01-05,1,2\n"
    outline = outline_of(text)
    cells, lines, ragged = read_body(text, outline)

    assert outline.delimiter == ","
    assert cells.column("date").to_pylist() == ["2012-01-03", "", "2012-01-04"]
    assert lines.tolist() == [2, 3, 5]
    assert ragged == ((4, "# remark"), (6, "2012-01-05,1,2"))


def test_a_cell_that_holds_a_line_break_moves_no_line():
    text = HEAD.replace("volume", "volume,note") + '2012-01-03,1,2,0.5,1,10,"a\nb"\n2012-01-04,1,2,0.5,1,10,c\n'
    cells, lines, _ = read_body(text, outline_of(text))

    assert lines.tolist() == [2, 4]
    assert cells.column("note").to_pylist() == ["a\nb", "c"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_rows_of_equal_length(delimiter):
    text = HEAD.replace(",", delimiter) + delimiter.join(["2012-01-03", "1,5", "2,5", "0,5", "1,5", "1.000"]) + "\n"
    if delimiter != ",":
        assert outline_of(text).delimiter == delimiter
        assert len(outline_of(text).names) == 6


def test_names_that_come_twice_are_told_apart():
    text = "Date,Close,Close,\n2012-01-03,1,2,\n2012-01-04,1,2,\n"

    assert outline_of(text).names == ("Date", "Close", "Close (2)", "column 4")


def test_names_in_three_lines_are_put_together():
    text = "Price,Close,High\nTicker,IBM,IBM\nDate,,\n2012-01-03,1,2\n"
    outline = outline_of(text)
    assert (outline.names, outline.first_line) == (("Date", "Close", "High"), 4)

    several = text.replace("IBM,IBM", "IBM,GOOG")
    assert outline_of(several).names == ("Date", "IBM Close", "GOOG High")


@pytest.mark.parametrize("text", ["hello", "hello\nworld\n", "a b c\n1 2 3\n"])
def test_text_without_cells_is_no_table(text):
    with pytest.raises(UnreadableFile) as caught:
        outline_of(text)
    assert caught.value.reason == "not_a_table"


def test_rows_of_a_sheet_are_filled_up_and_parted_from_longer_ones():
    rows = [["Title"], ["date", "open", "close"], ["2012-01-03", "1"], ["2012-01-04", "1", "2", "3"]]
    outline = outline_of_rows([*rows, ["2012-01-05", "1", "2"], ["2012-01-06", "1", "2"]], [1, 3, 4, 5, 6, 7])
    cells, lines, ragged = body_of_rows(rows, [1, 3, 4, 5], outline)

    assert (outline.header_line, outline.preamble) == (3, (1,))
    assert cells.to_pylist() == [{"date": "2012-01-03", "open": "1", "close": ""}]
    assert lines.tolist() == [4]
    assert ragged == ((5, "2012-01-04,1,2,3"),)


@pytest.mark.parametrize("n_marks", [1, 2])
def test_a_stray_quotation_mark_takes_no_rows_away_in_silence(judge, sample_rows, n_marks):
    lines = [",".join([*row, "x"]) for row in sample_rows(n_rows=40)]
    for place in (10, 30)[:n_marks]:
        lines[place] = lines[place].removesuffix("x") + '"oops'
    text = "\n".join(["date,open,high,low,close,volume,adjusted_close,note", *lines])

    with pytest.raises(UnreadableFile, match="from line 12 on"):
        judge(text)


def test_names_that_say_most_stand_above_the_rows(judge, sample_rows):
    rows = "\n".join(",".join(row[:6]) for row in sample_rows(n_rows=20))
    examination = judge(f"# source\n# date,open,high\ndate,open,high,low,close,volume\n{rows}")

    assert examination.layout.header_line == 3
    assert examination.is_storable
