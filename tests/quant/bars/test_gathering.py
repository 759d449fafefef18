import numpy as np

from quant.bars.gathering import BAR_COLUMNS, gather
from quant.bars.trades import read_tape
from tests.quant.bars.tapes import tape


def test_known_answer():
    trades = tape(6, seed=1).assign(price=[10.0, 11.0, 9.0, 9.0, 12.0, 10.0], size=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    bars = gather(read_tape(trades), np.array([3, 5]))
    assert tuple(bars.columns) == BAR_COLUMNS
    assert bars.index.tolist() == [trades.index[2], trades.index[4]]
    assert bars["opened_at"].tolist() == [trades.index[0], trades.index[3]]
    expected = [[10.0, 11.0, 9.0, 9.0, 6.0, 59.0, 3.0, 2.0, 3.0], [9.0, 12.0, 9.0, 12.0, 9.0, 96.0, 2.0, 5.0, 4.0]]
    assert bars[list(BAR_COLUMNS[1:])].to_numpy().tolist() == expected


def test_no_end_is_a_frame_of_no_bar():
    bars = gather(read_tape(tape(6, seed=1)), np.array([], dtype=np.int64))
    assert len(bars) == 0
    assert tuple(bars.columns) == BAR_COLUMNS
