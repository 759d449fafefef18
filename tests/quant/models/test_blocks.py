import numpy as np

from quant.models.blocks import purged_blocks


def test_each_row_is_in_one_block_and_none_beside_it_is_within_the_gap():
    blocks = purged_blocks(20, 3, 2)
    assert np.concatenate([block for block, _ in blocks]).tolist() == list(range(20))
    for block, others in blocks:
        assert len(np.intersect1d(block, others)) == 0
        assert np.abs(others[:, None] - block).min() == 3
    assert [len(others) for _, others in blocks] == [11, 9, 12]


def test_without_a_gap_all_others_are_beside_a_block():
    assert [len(others) for _, others in purged_blocks(4, 3, 0)] == [2, 3, 3]
    assert len(purged_blocks(2, 3, 0)) == 2
