"""Which column has what."""

import pytest

from quant.errors import InvalidSpec


def lines(*rows):
    return "\n".join(rows).encode()


LONG = lines(
    "Ticker,Date,Open,High,Low,Close,Volume",
    "IBM,2012-01-03,1,2,0.5,1,10",
    "GOOG,2012-01-03,5,6,4,5,10",
    "IBM,2012-01-04,1,2,0.5,1.5,10",
)
WIDE = lines(
    "Date,IBM Open,IBM High,IBM Low,IBM Close,IBM Volume,GOOG Open,GOOG High,GOOG Low,GOOG Close,GOOG Volume",
    "2012-01-03,1,2,0.5,1,10,5,6,4,5,10",
    "2012-01-04,1,2,0.5,1.5,10,5,6,4,5.5,10",
)
CLOSES = lines("Date,IBM,GOOG", "2012-01-03,1,5", "2012-01-04,1.5,5.5")


@pytest.mark.parametrize(("content", "shape"), [(LONG, "long"), (WIDE, "wide")])
def test_of_several_instruments_one_is_chosen(judge, codes, content, shape):
    asked = judge(content)
    assert (asked.layout.shape, set(asked.layout.instruments)) == (shape, {"GOOG", "IBM"})
    assert codes(asked)["several_instruments"].option == "instrument"

    assert judge(content, instrument="IBM").bars["close"].tolist() == [1.0, 1.5]
    assert judge(content, instrument="IBM").is_storable
    with pytest.raises(InvalidSpec, match="found 'MSFT'"):
        judge(content, instrument="MSFT")


def test_a_close_stands_for_all_prices_only_when_a_person_says_so(judge, codes):
    asked = judge(CLOSES, instrument="GOOG")
    assert codes(asked)["missing_column"].columns == ("open", "high", "low")
    assert not asked.is_storable

    taken = judge(CLOSES, instrument="GOOG", close_only=True, decisions={"no_volume": "repair"})
    assert taken.is_storable
    assert taken.bars[["open", "high", "low", "close"]].to_numpy().tolist() == [[5.0] * 4, [5.5] * 4]
    assert taken.bars["volume"].tolist() == [0.0, 0.0]
    assert codes(taken)["close_only"].treatment == "said"


def test_missing_columns_are_named_and_nothing_is_put_in_their_place(judge, codes):
    found = judge(lines("date,open,high,volume", "2012-01-03,1,2,3", "2012-01-04,1,2,3"))

    assert codes(found)["missing_column"].count == 2
    assert codes(found)["missing_column"].columns == ("low", "close")
    assert not found.is_storable


def test_columns_without_names_are_guessed_and_asked(judge, codes, sample_rows):
    content = "\n".join(",".join(row[:6]) for row in sample_rows(n_rows=20)).encode()
    asked = judge(content)
    assert asked.layout.columns == {
        "date": "column 1", "open": "column 2", "high": "column 3", "low": "column 4", "close": "column 5",
        "volume": "column 6",
    }  # fmt: skip
    assert codes(asked)["header_missing"].treatment == "asked"

    assert judge(content, columns=asked.layout.columns).is_storable


def test_a_person_says_which_column_has_what(judge, codes):
    content = lines("a,b,c,d,e,f", "2012-01-03,1,2,0.5,1,10", "2012-01-04,1,2,0.5,1.5,10")
    columns = dict(zip(["date", "open", "high", "low", "close", "volume"], "abcdef", strict=True))

    assert "missing_column" in codes(judge(content))
    assert judge(content, columns=columns).is_storable
    with pytest.raises(InvalidSpec, match="found z"):
        judge(content, columns={**columns, "date": "z"})


def test_cells_that_a_spreadsheet_would_run_are_named(judge, codes, sample_rows):
    notes = ["ok", "=1+1", "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "-", "-5.5", "- 3", "--", "+1e5"]
    rows = [[*row, note] for row, note in zip(sample_rows(n_rows=10), notes, strict=True)]
    found = codes(judge(rows, header=["date", "open", "high", "low", "close", "volume", "adj close", "note"]))

    assert found["formula_cell"].lines == (3, 4, 5, 6)
    assert found["unknown_column"].columns == ("note",)


def test_text_above_the_names_and_foreign_names_are_said(judge, codes):
    found = codes(judge("Kurse von heute\nDatum;Erster;Hoch;Tief;Schluss;Volumen\n2.1.2012;1;2;1;1;5\n"
                        "13.1.2012;1;2;1;1;5\n".encode("cp1252")))  # fmt: skip

    assert found["preamble"].lines == (1,)
    assert found["unknown_headers"].count == 6


def test_an_encoding_other_than_the_usual_is_said(judge, codes, sample_rows):
    content = "date,open,high,low,close,volume\n" + "\n".join(",".join(row[:6]) for row in sample_rows(n_rows=5))

    assert codes(judge(content.encode("utf-16")))["encoding"].facts == {"detected": "utf-16"}


def test_values_behind_the_last_name_are_asked_about(judge, codes, sample_rows):
    rows = sample_rows(n_rows=20)
    shifted = [[str(number), *row] for number, row in enumerate(rows)]  # the name of the first column is missing
    split = [[row[0], *",".join(f"{float(cell):.2f}".replace(".", ",") for cell in row[1:]).split(",")] for row in rows]
    for damaged in (shifted, split):
        found = judge(damaged)
        assert codes(found)["unnamed_cells"].treatment == "asked"
        assert found.n_kept == 0

    empty = judge([[*row, ""] for row in rows])  # a delimiter at the end of each line
    assert empty.is_storable
    names = dict(zip(["open", "high", "low", "close", "volume"], ["high", "low", "close", "volume", "adjusted_close"],
                     strict=True))  # fmt: skip
    assert judge(shifted, columns={"date": "open", **names}).layout.columns["date"] == "open"


def test_two_columns_of_one_name_that_differ_are_asked_about(judge, codes, sample_rows):
    header = ["date", "open", "high", "low", "close", "volume", "close"]
    rows = [[*row[:6], f"{float(row[4]) * 1.5}"] for row in sample_rows(n_rows=20)]

    assert codes(judge(rows, header=header))["repeated_column"].columns == ("close", "close (2)")
    same = judge([[*row[:6], row[4]] for row in rows], header=header)
    assert "repeated_column" not in codes(same)
    columns = {"date": "date", "open": "open", "high": "high", "low": "low", "close": "close (2)", "volume": "volume"}
    assert "repeated_column" not in codes(judge(rows, header=header, columns=columns))
