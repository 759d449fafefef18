import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quant.errors import UnreadableFile
from tests.webapp.bundles import packed
from webapp.bundles import apart


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(packed.content())
    return path


def test_a_sound_one_is_read_apart_and_then_here(path):
    assert apart.judge(path).manifest.analysis.title == "Google"


def test_what_is_wrong_is_said_by_the_process_that_read_it(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with pytest.raises(UnreadableFile, match="was changed") as caught:
        apart.judge(path)
    assert caught.value.reason == "changed"


def test_a_table_that_unfolds_to_more_memory_than_it_may_is_refused(path):
    zeros = pa.array(np.zeros(2_000_000))
    stream = pa.BufferOutputStream()
    pq.write_table(pa.table({f"x{number}": zeros for number in range(8)}), stream, compression="zstd")
    bomb = stream.getvalue().to_pybytes()
    assert len(bomb) < 100_000
    packed.zipped(path, packed.resealed({**packed.members(), "frames/bomb.parquet": bomb}))

    with pytest.raises(UnreadableFile, match="unfolds") as caught:
        apart.judge(path, memory_bytes=64 * 1024**2)
    assert caught.value.reason == "too_large"
