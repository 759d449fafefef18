"""Another future for the same past: what came after a bar, in another order and upside down."""

import numpy as np
import pandas as pd

from quant.frames import Prices


def scrambled_after(prices: Prices, cut: pd.Timestamp, seed: int) -> Prices:
    """Return prices whose bars after `cut` are others, and still bars that a market could have made.

    Parameters
    ----------
    prices : DataFrame of shape (n_bars, 8)
        Raw price frame of one instrument, as defined in `quant.frames`.
    cut : Timestamp
        The last bar that stays what it is.
    seed : int
        Start of the random numbers; they depend on the number of bars up to the cut, too.

    Returns
    -------
    DataFrame of shape (n_bars, 8)
        Same index and sessions, and bit-equal up to `cut`. Later bars are put in another order, each move against the
        close before turned into its inverse, splits and dividends with their bars; volume is half as large again. If
        there is nothing before, or nothing after, the prices themselves.

    Notes
    -----
    Timing: what the result is up to the cut depends on nothing later; that is what the look-ahead audit is about.
    """
    n_known = int(prices.index.searchsorted(cut, side="right"))
    if n_known in (0, len(prices)):
        return prices
    numbers = prices.iloc[n_known - 1 :][["open", "high", "low", "close"]].to_numpy(dtype=np.float64)
    later = prices.iloc[n_known:]
    order = np.random.default_rng([seed, n_known]).permutation(len(later))
    split = later["split_factor"].to_numpy(dtype=np.float64)
    before = numbers[:-1, 3] / split  # the close before, in shares of this bar
    moves = before[:, None] / numbers[1:, [0, 2, 1, 3]]  # upside down, the lowest is the highest
    paid = later["dividend"].to_numpy(dtype=np.float64) / before
    moves, split, paid = moves[order], split[order], paid[order]
    close = numbers[0, 3] * np.cumprod(moves[:, 3] / split)
    base = np.concatenate((numbers[:1, 3], close[:-1])) / split
    new = {column: moves[:, place] * base for place, column in enumerate(("open", "high", "low", "close"))}
    new |= {
        "volume": np.round(1.5 * later["volume"].to_numpy(dtype=np.float64)[order]),
        "split_factor": split,
        "dividend": paid * base,
    }
    known = prices.iloc[:n_known]
    return prices.assign(**{column: np.concatenate((known[column], values)) for column, values in new.items()})
