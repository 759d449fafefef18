import csv
import datetime
import hashlib
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from quant.data.provider import PriceQuery
from quant.data.sample import SampleProvider
from quant.errors import InvalidSpec, NotEnoughData, SymbolNotFound

FOLDER = resources.files("quant.data").joinpath("sample")

# The files as they were packaged: a change of one byte is a change of data, and must be meant.
DIGESTS = {
    "GOOG": "d86753b56f24c20b054cbc031c9268e1c7135f50dcce413847e94c8abbcea9aa",
    "IBM": "12a95681451f20706e23023756971ff1315c07a24ea5b693e348e2fb2f8555e3",
    "MSFT": "57734aa07674cad9548e802461212e34364f2ea503dd9658170eb859623e4cab",
}


@pytest.mark.parametrize(("symbol", "digest"), DIGESTS.items())
def test_the_packaged_files_are_unchanged(symbol, digest):
    assert hashlib.sha256(FOLDER.joinpath(f"{symbol}.csv").read_bytes()).hexdigest() == digest


def test_the_notice_names_origin_and_licence():
    notice = FOLDER.joinpath("NOTICE.md").read_text(encoding="utf-8")
    for word in ("bokeh_sampledata", "2026.1", "public domain", "BSD-3-Clause", *DIGESTS):
        assert word in notice


def test_symbols():
    assert SampleProvider().symbols() == tuple(DIGESTS)


@pytest.mark.parametrize("symbol", DIGESTS)
def test_every_number_is_read_exactly(symbol):
    bars = SampleProvider().fetch(PriceQuery(symbol)).bars
    with FOLDER.joinpath(f"{symbol}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert bars["session"].dt.strftime("%Y-%m-%d").tolist() == [row["timestamp"] for row in rows]
    for column in ("open", "high", "low", "close", "volume", "adjusted_close"):
        assert bars[column].tolist() == [float(row[column]) for row in rows]


def test_what_is_delivered():
    delivered = SampleProvider().fetch(PriceQuery("IBM"))
    assert (delivered.currency, delivered.calendar, delivered.basis) == ("USD", "XNYS", "raw")
    assert delivered.actions is None
    assert delivered.bars["session"].dtype == np.dtype("datetime64[us]")
    assert len(delivered.bars) == 3270


def test_both_ends_of_the_range_are_included():
    query = PriceQuery("MSFT", start=datetime.date(2001, 9, 10), end=datetime.date(2001, 9, 17))
    assert SampleProvider().fetch(query).bars["session"].dt.date.tolist() == [
        datetime.date(2001, 9, 10),
        datetime.date(2001, 9, 17),
    ]


def test_an_unknown_symbol_is_told_which_there_are():
    with pytest.raises(SymbolNotFound, match="GOOG, IBM, MSFT; found the symbol 'AAPL'"):
        SampleProvider().fetch(PriceQuery("AAPL"))


def test_an_empty_range_is_told_which_dates_there_are():
    query = PriceQuery("GOOG", start=datetime.date(2020, 1, 1))
    with pytest.raises(NotEnoughData, match="from 2004-08-19 to 2013-03-01"):
        SampleProvider().fetch(query)


def test_only_daily_bars():
    with pytest.raises(InvalidSpec, match="1d only") as caught:
        SampleProvider().fetch(PriceQuery("GOOG", interval="1h"))
    assert caught.value.field == "interval"


def test_a_caller_cannot_spoil_the_next_answer():
    first = SampleProvider().fetch(PriceQuery("GOOG")).bars
    first.loc[0, "close"] = -1.0
    again = SampleProvider().fetch(PriceQuery("GOOG")).bars
    assert again.loc[0, "close"] == 100.335
    assert isinstance(again, pd.DataFrame)
