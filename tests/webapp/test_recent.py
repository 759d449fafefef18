"""What a process remembers: equal to what it read, its reader's own, and bounded."""

import numpy as np
import pandas as pd
import pytest

from quant.stages import StageOutput
from webapp.recent import Recent, RecentStore
from webapp.storage import FrameStore, ScopedStore


def output(n_rows=10, value=1.0):
    return StageOutput({"numbers": pd.DataFrame({"a": np.full(n_rows, value)})}, {"scores": [value]})


def test_what_was_read_is_found_again_and_a_change_of_it_changes_nothing():
    recent = Recent()
    assert recent.get("one") is None
    recent.keep("one", output())
    found = recent.get("one")
    found.frames["numbers"].loc[0, "a"] = -1.0
    found.facts["scores"].append(2.0)

    again = recent.get("one")
    pd.testing.assert_frame_equal(again.frames["numbers"], output().frames["numbers"])
    assert again.facts == output().facts


def test_what_was_not_asked_for_the_longest_is_forgotten_first():
    n_bytes = int(output().frames["numbers"].memory_usage(deep=True).sum())
    recent = Recent(4 * n_bytes)
    for name in "abcd":
        recent.keep(name, output())
    recent.get("a")
    recent.keep("e", output())
    recent.keep("e", output())  # is there already

    assert [name for name in "abcde" if recent.get(name) is not None] == list("acde")
    assert recent.n_bytes == 4 * n_bytes


def test_what_is_too_large_is_not_kept():
    recent = Recent(1000)
    recent.keep("large", output(1000))
    assert recent.get("large") is None
    assert recent.n_bytes == 0


@pytest.mark.parametrize("is_scoped", [False, True])
def test_a_store_reads_once_and_scopes_stay_apart(tmp_path, is_scoped, monkeypatch):
    frames, recent = FrameStore(tmp_path), Recent()
    kept = ScopedStore(frames, "one") if is_scoped else frames
    store = RecentStore(kept, recent)
    assert store.get("ab" * 32) is None
    store.put("ab" * 32, output())
    first = store.get("ab" * 32)
    assert RecentStore(ScopedStore(frames, "another"), recent).get("ab" * 32) is None
    monkeypatch.setattr(kept, "get", None)  # it is not read again

    pd.testing.assert_frame_equal(store.get("ab" * 32).frames["numbers"], first.frames["numbers"])


def test_what_was_removed_is_not_remembered(tmp_path):
    frames = FrameStore(tmp_path)
    store = RecentStore(frames, Recent())
    store.put("ab" * 32, output())
    assert store.get("ab" * 32) is not None
    frames.remove("ab" * 32)

    assert store.get("ab" * 32) is None
