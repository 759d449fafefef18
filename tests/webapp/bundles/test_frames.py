import pandas as pd
import pyarrow as pa
import pytest

from quant.frames import PANEL_LEVELS
from tests.webapp.api.answered import answer
from webapp.bundles import frames


def faults(name, frame):
    table = pa.Table.from_pandas(frame)
    return [*frames.faults_of_schema(table.schema, len(frame)), *frames.faults_of_frame(name, frame)]


def test_every_frame_of_a_real_answer_is_sound():
    for name, frame in answer().frames.items():
        assert faults(name, frame) == []
        assert faults(name, frame.iloc[:0]) == []


def test_what_is_always_there_is_there():
    assert set(frames.ALWAYS) <= set(answer().frames)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="pnl"), "pnl"),
        (lambda frame: frame.assign(pnl="much"), "pnl as text"),
        (lambda frame: frame.assign(direction="<a href='x'>long</a>"), "direction"),
        (lambda frame: frame.assign(direction="x" * 20_000), "direction"),
        (lambda frame: frame.assign(note=[{"a": 1}] * len(frame)), "struct"),
    ],
)
def test_what_is_not_is_named(change, words):
    assert words in faults("trades", change(answer().frames["trades"]))[0]


def test_an_index_must_be_what_its_readers_expect():
    equity = answer().frames["equity"]

    assert PANEL_LEVELS[0] in faults("equity", equity.reset_index(drop=True))[0]
    assert "order" in faults("equity", equity.iloc[::-1])[0]


def test_too_much_is_told_before_it_is_read():
    schema = pa.schema([("x", pa.float64())])

    assert list(frames.faults_of_schema(schema, frames.MOST_ROWS + 1))
    twice = pa.schema([("x", pa.float64()), ("x", pa.float64())])
    assert list(frames.faults_of_schema(twice, 1)) == ["expected each column once; found some twice"]


def test_what_a_later_program_knows_is_taken_if_it_is_plain():
    assert faults("heat_map", pd.DataFrame({"fast": [1], "sharpe_ratio": [0.5]})) == []
