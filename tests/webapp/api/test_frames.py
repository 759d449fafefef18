import datetime

import numpy as np
import orjson
import pandas as pd
import pytest

from webapp.api.frames import to_columns, to_csv


@pytest.fixture
def frame():
    moments = pd.to_datetime(["2024-03-08 21:00", None, "2024-03-11 20:00"], utc=True).as_unit("us")
    return pd.DataFrame(
        {
            "at": moments,
            "session": pd.to_datetime(["2024-03-08", "2024-03-11", None]).as_unit("us"),
            "value": [0.1, np.nan, -1e-300],
            "count": [1, 2, 2**53],
            "is_open": [True, False, True],
            "text": ['a,"b"', "c\nd", "ü"],
        }
    )


def test_columns_keep_their_order_and_values(frame):
    columns = orjson.loads(orjson.dumps(to_columns(frame), option=orjson.OPT_SERIALIZE_NUMPY))

    assert columns == {
        "at": ["2024-03-08T21:00:00Z", None, "2024-03-11T20:00:00Z"],
        "session": ["2024-03-08", "2024-03-11", None],
        "value": [0.1, None, -1e-300],
        "count": [1, 2, 2**53],
        "is_open": [True, False, True],
        "text": ['a,"b"', "c\nd", "ü"],
    }
    assert list(columns) == list(frame.columns)


def test_csv_has_names_first_and_nothing_for_unknown(frame):
    assert to_csv(frame) == (
        "at,session,value,count,is_open,text\n"
        '2024-03-08T21:00:00Z,2024-03-08,0.1,1,true,"a,""b"""\n'
        ',2024-03-11,,2,false,"c\nd"\n'
        "2024-03-11T20:00:00Z,,-1e-300,9007199254740992,true,ü\n"
    )


def test_moments_of_another_zone_are_told_in_utc():
    moments = pd.Series(pd.to_datetime(["2024-07-01 16:00"]).tz_localize("America/New_York").as_unit("us"))

    assert to_columns(moments.to_frame("at"))["at"] == ["2024-07-01T20:00:00Z"]


def test_moments_between_seconds_keep_their_microseconds():
    moment = datetime.datetime(2024, 1, 1, 0, 0, 0, 5, tzinfo=datetime.UTC)

    assert to_columns(pd.DataFrame({"at": [moment]}))["at"] == ["2024-01-01T00:00:00.000005Z"]


def test_every_digit_survives_csv():
    values = np.random.default_rng(1).normal(size=1000) * 10.0 ** np.arange(-500, 500, dtype=float).clip(-300, 300)
    lines = to_csv(pd.DataFrame({"value": values})).splitlines()[1:]

    np.testing.assert_array_equal([float(line) for line in lines], values)


def test_a_view_of_another_frame_can_be_written():
    wide = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))

    assert orjson.dumps(to_columns(wide[["b", "d"]].iloc[::2]), option=orjson.OPT_SERIALIZE_NUMPY) == (
        b'{"b":[1.0,9.0],"d":[3.0,11.0]}'
    )


def test_an_empty_frame_is_a_line_of_names():
    empty = pd.DataFrame({"a": pd.Series(dtype="float64"), "at": pd.Series(dtype="datetime64[us, UTC]")})

    assert to_csv(empty) == "a,at\n"
    assert orjson.dumps(to_columns(empty), option=orjson.OPT_SERIALIZE_NUMPY) == b'{"a":[],"at":[]}'
