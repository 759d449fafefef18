"""From the bytes of a file to its cells."""

import time
import zipfile

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quant.data.files import reading
from quant.data.files.layout import LayoutChoices
from quant.data.files.reading import read_table
from quant.errors import UnreadableFile


@pytest.fixture
def frame(sample_rows):
    rows = sample_rows(n_rows=30)
    table = pd.DataFrame([row[:6] for row in rows], columns=["Date", "Open", "High", "Low", "Close", "Volume"])
    table["Date"] = pd.to_datetime(table["Date"])
    return table.astype(dict.fromkeys(["Open", "High", "Low", "Close", "Volume"], float))


def reason(path):
    with pytest.raises(UnreadableFile, match="Expected") as caught:
        read_table(path, LayoutChoices())
    return caught.value.reason


def test_parquet_and_workbooks_say_the_same_as_text(judge, frame, tmp_path, sample_rows):
    frame.to_parquet(tmp_path / "prices.parquet")
    frame.set_index("Date").to_parquet(tmp_path / "indexed.parquet")
    frame.to_excel(tmp_path / "prices.xlsx", index=False)
    text = judge(sample_rows(n_rows=30)).bars.drop(columns="adjusted_close")

    for name in ("prices.parquet", "indexed.parquet", "prices.xlsx"):
        found = judge((tmp_path / name).read_bytes())
        assert found.is_storable, name
        pd.testing.assert_frame_equal(found.bars, text)


def test_days_as_a_spreadsheet_counts_them_are_dates(judge, frame, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(list(frame))
    for day, *cells in frame.itertuples(index=False):
        book.active.append([(day - pd.Timestamp("1899-12-30")).days, *cells])
    book.save(tmp_path / "serials.xlsx")
    examination = judge((tmp_path / "serials.xlsx").read_bytes())

    assert examination.bars["session"].tolist() == frame["Date"].tolist()
    assert examination.layout.date_format == "serial"


def test_what_unfolds_to_too_much_is_refused_before_it_is_unfolded(tmp_path, monkeypatch, frame):
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    monkeypatch.setattr(reading, "_MOST_BYTES", 10_000_000)
    assert reason(bomb) == "too_large"

    frame.to_parquet(tmp_path / "prices.parquet")
    monkeypatch.setattr(reading, "_MOST_CELLS", 10)
    assert reason(tmp_path / "prices.parquet") == "too_large"


def test_a_text_that_a_small_file_repeats_is_not_unfolded(tmp_path, monkeypatch):
    bomb = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"Date": pa.array(["x" * 1000])}).take(pa.array([0] * 20_000)), bomb)
    assert bomb.stat().st_size < 20_000
    monkeypatch.setattr(reading, "_MOST_TEXT", 10_000_000)
    assert reason(bomb) == "too_large"


def test_of_parquet_only_columns_with_one_short_value_a_row_are_read(tmp_path):
    columns = {
        "a.b": ["x"], "list": [[1]], "bytes": pa.array([b"ab"], pa.binary(2)), "price": [1.5], "null": pa.nulls(1),
        "word": pa.array(["q"]).dictionary_encode(), "code": pa.array([b"z"], pa.binary()),
        "view": pa.array(["v"], pa.string_view()),
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "p")
    cells = read_table(tmp_path / "p", LayoutChoices()).cells.to_pylist()
    assert cells == [{"a.b": "x", "price": "1.5", "null": "", "word": "q", "code": "z", "view": "v"}]


@pytest.mark.parametrize(
    "cells",
    [
        f"{'1' * 20_000}x", f"{' ' * 9_000}{'1' * 9_000}x", "(" * 50_000, ",a" * 1_500, ",1" * 1_500,
    ],
)  # fmt: skip
def test_no_cell_and_no_name_takes_long_to_look_at(tmp_path, cells):
    (tmp_path / "slow.csv").write_text(f"Date,Close,{cells}\n2020-01-01,1,{cells}\n2020-01-02,2,{cells}\n")
    began = time.process_time()
    assert read_table(tmp_path / "slow.csv", LayoutChoices()).cells.num_rows >= 2
    assert time.process_time() - began < 5  # they took minutes


def test_too_many_columns_are_refused(tmp_path):
    (tmp_path / "wide.csv").write_text(f"Date{',a' * 2_500}\n2020-01-01{',1' * 2_500}\n")
    assert reason(tmp_path / "wide.csv") == "too_large"


def test_damaged_files_are_refused(tmp_path, frame):
    frame.to_parquet(tmp_path / "prices.parquet")
    (tmp_path / "half.parquet").write_bytes((tmp_path / "prices.parquet").read_bytes()[:200])
    (tmp_path / "half.xlsx").write_bytes(b"PK\x03\x04" + b"\x00" * 50)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("prices.csv", "date,close\n")
    (tmp_path / "names.csv").write_text("date,open,high,low,close\n")

    assert reason(tmp_path / "half.parquet") == "damaged_file"
    assert reason(tmp_path / "half.xlsx") == "damaged_file"
    assert reason(tmp_path / "other.zip") == "not_a_table"
    assert reason(tmp_path / "names.csv") == "empty_file"


def test_a_large_file_of_text_keeps_its_lines(judge, sample_rows):
    rows = sample_rows("IBM", 0, 3000)
    rows[2500][4] = "-1"

    assert judge(rows).quarantined()[0][0] == 2502


def test_several_sheets_with_prices_are_asked_about(judge, codes, frame, tmp_path):
    with pd.ExcelWriter(tmp_path / "prices.xlsx") as book:
        for sheet in ("GOOG", "IBM"):
            frame.to_excel(book, sheet_name=sheet, index=False)
    content = (tmp_path / "prices.xlsx").read_bytes()

    assert codes(judge(content))["several_sheets"].option == "sheet"
    assert judge(content, sheet="IBM").is_storable


def test_an_index_without_a_name_is_the_date_whatever_counts_it(judge, frame, tmp_path, sample_rows):
    dates = [row[0] for row in sample_rows(n_rows=30)]
    for index in (
        frame["Date"],
        frame["Date"].astype("datetime64[ns]").astype("int64"),
        frame["Date"].dt.tz_localize("America/New_York"),
    ):
        frame.drop(columns="Date").set_axis(pd.Index(index, name=None)).to_parquet(tmp_path / "prices.parquet")
        found = judge((tmp_path / "prices.parquet").read_bytes())
        if found.layout.stamps is None:  # midnight in New York, as UTC has it
            found = judge((tmp_path / "prices.parquet").read_bytes(), stamps="open")
        assert found.bars["session"].dt.strftime("%Y-%m-%d").tolist() == dates


def test_names_that_pandas_made_of_several_words_are_taken_apart(judge, frame, tmp_path):
    names = ["Open", "High", "Low", "Close", "Volume"]
    both = pd.concat({symbol: frame.set_index("Date")[names] for symbol in ("GOOG", "IBM")}, axis=1).swaplevel(axis=1)
    both.to_parquet(tmp_path / "prices.parquet")

    assert judge((tmp_path / "prices.parquet").read_bytes()).layout.instruments == ("GOOG", "IBM")
