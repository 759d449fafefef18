"""Bars as columnar files, one a vintage, named by content: what charts and analyses read.

A file can be made from the rows again at any time; a missing one is no loss.
"""

import logging

import pandas as pd
import pyarrow as pa

from quant.stages import StageOutput, hash_frame
from webapp.services.price_rows import BAR_COLUMNS
from webapp.storage import FrameStore

_FRAME = "bars"
_log = logging.getLogger(__name__)


def write(store: FrameStore, bars: pd.DataFrame) -> str:
    """Store the bars of a vintage; return their content hash, which names them."""
    content_hash = hash_frame(bars)
    store.put(content_hash, StageOutput({_FRAME: bars}, {"n_bars": len(bars)}))
    return content_hash


def read(store: FrameStore, content_hash: str) -> pd.DataFrame | None:
    """Return the bars with this content hash, or None if there is no file that can be read.

    Notes
    -----
    Reads the columns straight into a frame, four times as fast as the store's own `get`, which also knows frames of any
    other shape.
    """
    try:
        with store.open_frame(content_hash, _FRAME) as file:
            table = file.read(use_threads=False)
        return _to_frame(table)
    except FileNotFoundError:
        return None
    except (OSError, KeyError, pa.ArrowException) as error:
        _log.warning("A file of prices cannot be read.", extra={"key": content_hash, "error": str(error)})
        return None


def _to_frame(table: pa.Table) -> pd.DataFrame:
    instants = table.column("timestamp").to_numpy()
    index = pd.DatetimeIndex(instants, name="timestamp").as_unit("us").tz_localize("UTC")
    return pd.DataFrame({name: table.column(name).to_numpy() for name in BAR_COLUMNS}, index=index)
