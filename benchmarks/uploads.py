"""Claim: bringing a file of ten years of daily prices is quicker than looking at it."""

import tempfile
from importlib import resources
from pathlib import Path
from time import perf_counter

from benchmarks.findings import Finding, Goal, Table
from benchmarks.timing import percentile
from tests import factories, schema
from tests.webapp.services.upload_files import bring, settle
from webapp.db import Database
from webapp.services.uploads import UploadView
from webapp.storage import FileStore, FrameStore

GOAL = "a file of 2,500 daily bars is read, judged and stored in at most 400 ms."
_LIMIT_MS = 400.0


def measure(*, quick: bool = False) -> Finding:
    """Time files of real prices from their bytes to a stored series, each into a series of its own."""
    n_bars, rounds = (100, 2) if quick else (2_500, 15)
    lines = resources.files("quant.data").joinpath("sample", "IBM.csv").read_text().splitlines()
    text = "\n".join(lines[: n_bars + 1])
    judged, stored = [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        schema.migrate(f"sqlite:///{home / 'assay.sqlite'}")
        database = Database(f"sqlite:///{home / 'assay.sqlite'}")
        files, frames = FileStore(home / "files"), FrameStore(home / "frames")
        with database.write() as session:
            owner = factories.create_actor(session)
        for number in range(rounds + 1):  # the first one loads the calendar
            began = perf_counter()
            with database.write() as session:
                upload: UploadView = bring(session, files, owner, text)
            middle = perf_counter()
            with database.write() as session:
                settle(session, files, frames, owner, upload.id, symbol=f"SYM{number}")
            judged.append(1e3 * (middle - began))
            stored.append(1e3 * (perf_counter() - began))
        database.dispose()
    total = percentile(stored[1:], 0.95)
    return Finding(
        name="uploads",
        title="Uploads",
        goal=GOAL,
        how=(
            f"{n_bars:,} real daily bars of IBM as CSV, on SQLite: received, read, judged and kept; judged again and "
            f"stored as a series of its own. {rounds} files after a first one; the 95th percentile counts."
        ),
        goals=(Goal("read, judged and stored, 95th percentile", total, _LIMIT_MS, "ms"),),
        tables=(
            Table(
                "Milliseconds:",
                ("bars", "read and judged", "all, median", "all, 95th percentile", "the first one"),
                ((n_bars, percentile(judged[1:], 0.5), percentile(stored[1:], 0.5), total, stored[0]),),
            ),
        ),
    )
