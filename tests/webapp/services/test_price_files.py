"""Bars as files: named by content, equal when read, and no loss when they are gone."""

import logging

from pandas.testing import assert_frame_equal

from quant.stages import hash_frame
from webapp.services import price_files
from webapp.services.price_rows import BAR_COLUMNS


def test_bars_come_back_equal_under_their_content_hash(store, prices):
    bars = prices.assign(adjusted_close=prices["close"] / 2)[list(BAR_COLUMNS)]
    bars.iloc[5, 3] = float("nan")
    content_hash = price_files.write(store, bars)
    read = price_files.read(store, content_hash)
    assert content_hash == hash_frame(bars) == hash_frame(read)
    assert_frame_equal(read, bars, check_exact=True)


def test_the_quick_way_reads_what_the_store_reads(store, prices):
    key = price_files.write(store, prices.assign(adjusted_close=float("nan")))
    assert_frame_equal(price_files.read(store, key), store.get(key).frames["bars"], check_exact=True)


def test_a_file_that_is_missing_is_none(store):
    assert price_files.read(store, "0" * 64) is None


def test_a_file_that_is_broken_is_none_and_logged(store, prices, caplog):
    key = price_files.write(store, prices.assign(adjusted_close=float("nan")))
    file = store.folder(key) / "bars.parquet"
    file.write_bytes(file.read_bytes()[:1000])
    with caplog.at_level(logging.WARNING):
        assert price_files.read(store, key) is None
    assert caplog.records[0].key == key


def test_what_a_reader_changes_is_not_kept(store, prices):
    key = price_files.write(store, prices.assign(adjusted_close=float("nan")))
    read = price_files.read(store, key)
    read.iloc[:, 1:] = 0.0
    assert hash_frame(price_files.read(store, key)) == key
