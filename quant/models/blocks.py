"""Training rows cut into blocks in the order of time, for models that divide their rows by themselves."""

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def purged_blocks(n_rows: int, n_parts: int, gap: int) -> list[tuple[IntArray, IntArray]]:
    """Return each block of the rows with the rows outside it whose labels do not overlap it.

    Parameters
    ----------
    n_rows : int
        Training rows, in the order of time.
    n_parts : int
        Blocks, as even as can be; none is empty.
    gap : int
        Rows left out on either side of a block.

    Returns
    -------
    list of tuple of two ndarrays
        Positions of the rows of a block, and of those beside it.

    Notes
    -----
    Timing: the rows beside a block are before and after it; all are training rows.
    """
    blocks = [block for block in np.array_split(np.arange(n_rows), n_parts) if len(block)]
    return [
        (
            block,
            np.concatenate([np.arange(max(0, block[0] - gap)), np.arange(block[-1] + 1 + gap, n_rows)]),
        )
        for block in blocks
    ]
