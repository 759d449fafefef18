"""Bars as rows: what is written comes back, on either database, and each vintage stays what it was."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import select

from quant.frames import TIMESTAMP_DTYPE
from quant.stages import hash_frame
from tests import factories
from webapp.services import price_rows
from webapp.services.price_rows import BAR_COLUMNS
from webapp.tables import PriceData, PriceRevision


def bars(*days: str, **changes: object) -> pd.DataFrame:
    """Return one bar a day, all prices 10."""
    sessions = pd.DatetimeIndex(days).as_unit("us")
    index = pd.DatetimeIndex(sessions + pd.Timedelta(hours=21), name="timestamp").as_unit("us").tz_localize("UTC")
    values = {"session": sessions.to_numpy(), **dict.fromkeys(BAR_COLUMNS[1:], 10.0), "split_factor": 1.0}
    return pd.DataFrame({**values, **changes}, index=index)[list(BAR_COLUMNS)]


@pytest.fixture
def series_id(session):
    series = factories.create_series(session)
    for number in (1, 2, 3):
        session.add(
            PriceRevision(
                series_id=series.id,
                number=number,
                content_hash="0" * 64,
                n_bars=1,
                first_session=factories.NOW.date(),
                last_session=factories.NOW.date(),
                quality={},
                reason="test",
                created_at=factories.NOW,
            )
        )
    session.flush()
    return series.id


ODD_NUMBERS = [0.1 + 0.2, 1e300, 5e-324, -0.0, 1 / 3, np.nan, np.inf, 44659000.0]


def test_bars_come_back_as_they_were(session, series_id):
    days = pd.date_range("2012-11-21", periods=len(ODD_NUMBERS)).strftime("%Y-%m-%d")
    written = bars(*days, open=ODD_NUMBERS, volume=ODD_NUMBERS[::-1], adjusted_close=np.nan)
    price_rows.insert(session, series_id, 1, written)
    read = price_rows.read(session, series_id, 1)
    assert read.index.dtype == TIMESTAMP_DTYPE
    assert_frame_equal(read, written, check_exact=True, check_freq=False)
    assert hash_frame(read) == hash_frame(written)


def test_an_unknown_value_is_null_in_the_database(session, series_id):
    price_rows.insert(session, series_id, 1, bars("2012-11-21", close=np.nan))
    row = session.scalars(select(PriceData)).one()
    assert row.close is None
    assert row.open == 10.0
    assert row.is_withdrawn is False


def test_rows_are_written_as_sqlalchemy_would_have(session, series_id):
    written = bars("2012-11-21")
    price_rows.insert(session, series_id, 1, written)
    moment = written.index[0].to_pydatetime()
    row = session.scalars(select(PriceData).where(PriceData.timestamp == moment)).one()
    assert row.timestamp == moment
    assert row.session == moment.date()


def test_a_vintage_has_the_newest_row_of_each_bar(session, series_id):
    price_rows.insert(session, series_id, 1, bars("2012-11-21", "2012-11-22", close=[1.0, 2.0]))
    price_rows.insert(session, series_id, 2, bars("2012-11-22", "2012-11-23", close=[22.0, 3.0]))
    price_rows.insert(session, series_id, 3, bars("2012-11-21", close=111.0))
    closes = [price_rows.read(session, series_id, revision)["close"].tolist() for revision in (1, 2, 3)]
    assert closes == [[1.0, 2.0], [1.0, 22.0, 3.0], [111.0, 22.0, 3.0]]


def test_a_withdrawn_bar_is_gone_from_its_vintage_on_and_may_come_back(session, series_id):
    price_rows.insert(session, series_id, 1, bars("2012-11-21", "2012-11-22"))
    price_rows.insert(session, series_id, 2, bars("2012-11-22"), is_withdrawn=True)
    price_rows.insert(session, series_id, 3, bars("2012-11-22", close=5.0))
    counts = [len(price_rows.read(session, series_id, revision)) for revision in (1, 2, 3)]
    assert counts == [2, 1, 2]


def test_no_bars_are_no_rows(session, series_id):
    price_rows.insert(session, series_id, 1, bars())
    assert session.scalars(select(PriceData)).all() == []
    assert price_rows.read(session, series_id, 1).empty


def test_a_bar_twice_in_one_vintage_is_refused(session, series_id):
    price_rows.insert(session, series_id, 1, bars("2012-11-21"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        price_rows.insert(session, series_id, 1, bars("2012-11-21"))


def test_bars_of_a_vintage_that_does_not_exist_are_refused(session, series_id):
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        price_rows.insert(session, series_id, 4, bars("2012-11-21"))
