"""Tables made quickly are those that pandas and Arrow make together."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.quant.conftest import QUICK
from webapp.arrow import to_table

STAMPS = pd.date_range("2024-03-08 21:00", periods=3, tz="UTC", name="timestamp").as_unit("us")


def assert_equal(frame):
    for _ in range(2):  # its kind unknown, and known
        made, expected = to_table(frame), pa.Table.from_pandas(frame, nthreads=1)
        assert made.equals(expected)
        assert made.schema.equals(expected.schema, check_metadata=True)
    pd.testing.assert_frame_equal(made.to_pandas(), expected.to_pandas())


def test_every_frame_of_an_answer_makes_the_same_table():
    spec = AnalysisSpec.model_validate({**QUICK, "models": [{"name": "logistic"}], "audit": {"enabled": False}})
    for frame in run_analysis(spec, fetch_instruments).frames.values():
        assert_equal(frame)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.0, np.nan, -0.0], "b": [True, False, True]}, index=STAMPS),
        pd.DataFrame({"at": STAMPS.tz_convert("America/New_York"), "naive": STAMPS.tz_localize(None).as_unit("ns")}),
        pd.DataFrame({"at": pd.Series([STAMPS[0], pd.NaT, STAMPS[1]])}),
        pd.DataFrame({"word": pd.Series(["a", None, "é"], dtype="str")}),
        pd.DataFrame({"mixed": pd.Series(["a", None, "b"], dtype=object)}),
        pd.DataFrame({"kind": pd.Categorical(["a", "b", "a"])}),
        pd.DataFrame({1: [1.0, 2.0]}),
        pd.DataFrame({"a": [1.0, 2.0]}, index=[3, 4]),
        pd.DataFrame({"a": [1.0, 2.0, 3.0]}).iloc[1:],
        pd.DataFrame({"a": pd.Series(dtype="float64"), "word": pd.Series(dtype="str")}),
        pd.DataFrame(index=STAMPS),
        pd.DataFrame({"a": np.arange(6.0)}, index=pd.MultiIndex.from_product([STAMPS, [0, 1]], names=["at", "n"])),
        pd.DataFrame({"a": np.arange(6.0)}, index=pd.MultiIndex.from_product([STAMPS, list("xy")], names=["at", "w"])),
    ],
)  # fmt: skip
def test_any_other_frame_makes_the_same_table(frame):
    assert_equal(frame)


def test_of_a_kind_that_was_met_before_other_values_are_taken():
    first, second = (pd.DataFrame({"a": [value, 2.0]}, index=STAMPS[:2]) for value in (1.0, np.nan))
    to_table(first)
    assert_equal(second)
