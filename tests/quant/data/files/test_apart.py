"""Files that could unfold to much are judged apart: the answer is the same, and memory and time are bounded."""

import io

import numpy as np
import openpyxl
import pandas as pd
import pytest

from quant.data.files import apart
from quant.data.files.apart import judge
from quant.data.files.examination import examine
from quant.data.files.layout import LayoutChoices
from quant.errors import InvalidSpec, UnreadableFile

NOW = pd.Timestamp("2020-06-30 22:00", tz="UTC")


@pytest.fixture
def put(tmp_path):
    def write(content):
        file = tmp_path / "prices"
        file.write_bytes(content)
        return file

    return write


def parquet(frame):
    stream = io.BytesIO()
    frame.to_parquet(stream, index=False)
    return stream.getvalue()


def prices(n_rows):
    dates = pd.bdate_range("1990-01-01", periods=n_rows) if n_rows < 5000 else pd.Timestamp("2012-01-03")
    close = np.linspace(100, 120, n_rows)
    cells = {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 10}
    return pd.DataFrame({"date": dates, **cells})


def test_a_file_is_judged_apart_as_it_is_here(put):
    frame = prices(60)
    frame.loc[30, "close"] = -1.0
    file = put(parquet(frame))
    there, here = judge(file, now=NOW), examine(file, now=NOW)

    assert there.findings == here.findings
    assert there.layout == here.layout
    assert there.bars.equals(here.bars)
    assert there.quarantined() == here.quarantined()
    assert "non_positive_price" in {code for _, code, _ in there.quarantined()}
    assert (there.n_rows, there.n_kept, there.n_quarantined) == (here.n_rows, here.n_kept, here.n_quarantined)
    assert there.preview == here.preview


def test_small_text_starts_no_process(put, monkeypatch):
    monkeypatch.setattr(apart, "ask", None)

    assert judge(put(prices(60).to_csv(index=False).encode()), now=NOW).n_rows == 60


def test_a_file_that_takes_more_memory_than_it_may_is_refused(put):
    with pytest.raises(UnreadableFile, match="of memory; this one takes more") as refusal:
        judge(put(parquet(prices(400_000))), memory_bytes=40_000_000)
    assert refusal.value.reason == "too_large"


def test_a_file_that_takes_longer_than_it_may_is_refused(put):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in prices(30_000).astype({"date": str}).itertuples(index=False):
        sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)

    with pytest.raises(UnreadableFile, match="this one takes longer") as refusal:
        judge(put(stream.getvalue()), seconds=0.01)
    assert refusal.value.reason == "too_slow"


def test_refusals_and_impossible_choices_come_back_as_they_are(put):
    with pytest.raises(UnreadableFile, match="Expected a whole Parquet file") as refusal:
        judge(put(b"PAR1" + bytes(100)))
    assert refusal.value.reason == "damaged_file"
    with pytest.raises(InvalidSpec, match="Expected columns of the file") as impossible:
        judge(put(parquet(prices(60))), LayoutChoices(columns={"date": "nowhere"}))
    assert impossible.value.field == "columns"
