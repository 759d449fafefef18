"""The frame store: complete or absent, whoever writes and whatever breaks; what is read equals what was written."""

import datetime
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from pandas.testing import assert_frame_equal

from quant.stages import StageOutput, hash_frame, hash_output
from tests import schema
from webapp.config import Settings
from webapp.errors import LeaseLost, ServiceUnavailable
from webapp.places import Bucket
from webapp.storage import (
    BucketFileStore,
    BucketFrameStore,
    FileStore,
    FrameStore,
    ScopedStore,
    open_files,
    open_frames,
    places,
)

KEY = "ab" + "0" * 62


@pytest.fixture
def store(tmp_path):
    return FrameStore(tmp_path / "store")


def _timestamps(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2012-11-21 21:00", periods=n, freq="D", tz="UTC", unit="us", name="timestamp")


def _panel(n: int) -> pd.MultiIndex:
    return pd.MultiIndex.from_product([_timestamps(n), [0, 1]], names=["timestamp", "instrument"])


FRAMES = {
    "prices": pd.DataFrame(
        {
            "session": pd.date_range("2012-11-21", periods=3, unit="us"),
            "close": [1.0, np.nan, -0.0],
            "volume": [0.1 + 0.2, 1e300, 5e-324],
        },
        index=_timestamps(3),
    ),
    "panel": pd.DataFrame({"label": [0.0, 1.0, np.nan, 1.0], "label_end": [*_timestamps(3), pd.NaT]}, index=_panel(2)),
    "strings and more": pd.DataFrame({"z": ["ü", "", "a\x00b"], "a": [True, False, True], "n": [2**62, -1, 0]}),
    "no rows": pd.DataFrame({"close": pd.Series(dtype="float64")}, index=_timestamps(0)),
    "no columns": pd.DataFrame(index=_timestamps(2)),
}


def test_who_may_not_publish_leaves_nothing(store):
    @contextmanager
    def refused():
        assert not store.has(KEY)
        raise LeaseLost("Not yours.")
        yield

    with pytest.raises(LeaseLost):
        store.put(KEY, StageOutput({"frame": FRAMES["prices"]}, {}), publish=refused())
    assert [file for file in store.root.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_equal(store, name):
    frame = FRAMES[name]
    store.put(KEY, StageOutput({"frame": frame}, {}))
    read = store.get(KEY).frames["frame"]
    assert hash_frame(read) == hash_frame(frame)
    assert_frame_equal(read, frame, check_exact=True, check_freq=False)


@given(st.lists(st.floats(width=64), max_size=20))
def test_every_number_comes_back_bit_for_bit(tmp_path_factory, numbers):
    store = FrameStore(tmp_path_factory.mktemp("store"))
    frame = pd.DataFrame({"x": np.array(numbers, dtype="float64")}, index=_timestamps(len(numbers)))
    store.put(KEY, StageOutput({"frame": frame}, {}))
    read = store.get(KEY).frames["frame"]["x"].to_numpy()
    known = ~np.isnan(frame["x"].to_numpy())  # NaN has many bit patterns and one meaning
    assert np.array_equal(known, ~np.isnan(read))
    assert np.array_equal(read[known].view("i8"), frame["x"].to_numpy()[known].view("i8"))


def test_all_frames_and_facts_of_an_output_come_back(store):
    output = StageOutput(FRAMES, {"scores": [0.1, None], "nested": {"ü": "text"}})
    store.put(KEY, output)
    assert hash_output(store.get(KEY)) == hash_output(output)
    assert list(store.get(KEY).frames) == list(FRAMES)


def test_the_size_of_an_output_is_that_of_its_files(store):
    assert store.count_bytes(KEY) == 0
    store.put(KEY, StageOutput(FRAMES, {}))
    assert store.count_bytes(KEY) == sum(file.stat().st_size for file in store.folder(KEY).iterdir()) > 0


def test_scopes_share_nothing_and_each_finds_its_own(store):
    first, second = ScopedStore(store, "first"), ScopedStore(store, "second")
    first.put(KEY, StageOutput(FRAMES, {"scope": 1}))
    assert second.get(KEY) is None
    assert store.get(KEY) is None
    second.put(KEY, StageOutput({}, {"scope": 2}))
    assert first.get(KEY).facts == {"scope": 1}
    assert hash_output(StageOutput(first.get(KEY).frames, {})) == hash_output(StageOutput(FRAMES, {}))


def test_only_the_frames_that_are_asked_for_are_read(store):
    store.put(KEY, StageOutput(FRAMES, {"fact": 1}))
    some = store.get(KEY, names=["panel"])
    assert set(some.frames) == {"panel"}
    assert some.facts == {"fact": 1}
    assert store.get(KEY, names=()).frames == {}


@pytest.mark.parametrize(
    ("most_packed", "files"),
    [
        (10**6, {"frames.pack"}),
        (0, {"frames.pack", "prices.parquet", "panel.parquet", "strings and more.parquet"}),
        (-1, {f"{name}.parquet" for name in FRAMES}),
    ],
)
def test_small_frames_lie_in_one_file_and_each_is_found_alone(store, monkeypatch, most_packed, files):
    monkeypatch.setattr("webapp.storage.PACKED_VALUES", most_packed)
    store.put(KEY, StageOutput(FRAMES, {}))

    assert {file.name for file in store.folder(KEY).iterdir()} == {"facts.json", *files}
    assert hash_output(store.get(KEY)) == hash_output(StageOutput(FRAMES, {}))
    for name, frame in FRAMES.items():
        assert hash_frame(store.get(KEY, [name]).frames[name]) == hash_frame(frame)
        assert store.open_frame(KEY, name).metadata.num_rows == len(frame)


def test_a_pack_that_is_gone_is_an_output_that_is_gone(store):
    store.put(KEY, StageOutput(FRAMES, {}))
    (store.folder(KEY) / "frames.pack").unlink()
    assert store.get(KEY) is None


def test_what_was_never_written_is_none(store):
    assert store.get(KEY) is None
    assert not store.has(KEY)
    store.remove(KEY)


def test_a_second_store_of_a_key_changes_nothing(store):
    store.put(KEY, StageOutput({}, {"writer": 1}))
    store.put(KEY, StageOutput({}, {"writer": 2}))
    assert store.get(KEY).facts == {"writer": 1}


def test_what_was_removed_can_be_written_again(store):
    store.put(KEY, StageOutput(FRAMES, {}))
    store.remove(KEY)
    assert store.get(KEY) is None
    store.put(KEY, StageOutput({}, {"writer": 2}))
    assert store.get(KEY).facts == {"writer": 2}


def test_not_a_number_in_facts_is_refused_and_leaves_nothing(store):
    with pytest.raises(ValueError, match="JSON"):
        store.put(KEY, StageOutput(FRAMES, {"score": float("nan")}))
    assert not store.has(KEY)
    assert list((store.root / "drafts").iterdir()) == []


def test_two_writers_of_one_key_leave_one_whole_copy(store):
    start = threading.Barrier(4)
    errors = []

    def write(number: int) -> None:
        output = StageOutput(FRAMES, {"writer": number})
        start.wait()
        try:
            for _ in range(20):
                store.put(KEY, output)
        except Exception as error:  # noqa: BLE001  # any error at all fails the test, below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    stored = store.get(KEY)
    assert hash_output(StageOutput(stored.frames, {})) == hash_output(StageOutput(FRAMES, {}))
    assert list((store.root / "drafts").iterdir()) == []


def test_a_reader_never_sees_half_an_output(store):
    """Readers look all the time while the key is written, removed and written again."""
    done = threading.Event()
    odd = []

    def look() -> None:
        while not done.is_set():
            found = store.get(KEY)
            if found is not None and (set(found.frames) != set(FRAMES) or found.facts != {"whole": True}):
                odd.append(found)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for _ in range(15):
            store.put(KEY, StageOutput(FRAMES, {"whole": True}))
            store.remove(KEY)
    finally:
        done.set()
        reader.join()
    assert odd == []


# Writes the first of two frames, says so, and waits to be killed.
HALF_A_WRITER = f"""
import sys, time
from pathlib import Path
import pandas as pd
from quant.stages import StageOutput
from webapp import storage

write, storage.PACKED_VALUES = storage._write, 0

def write_once(frame, file):
    if file.stem == "b":
        print("half-way", flush=True)
        time.sleep(60)
    write(frame, file)

storage._write = write_once
frame = pd.DataFrame({{"x": [1.0]}})
storage.FrameStore(Path(sys.argv[1])).put("{KEY}", StageOutput({{"a": frame, "b": frame}}, {{}}))
"""


def test_a_writer_killed_half_way_leaves_nothing_visible(store):
    argv = [sys.executable, "-c", HALF_A_WRITER, str(store.root)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=schema.ROOT, text=True) as writer:
        assert writer.stdout.readline() == "half-way\n"
        os.kill(writer.pid, signal.SIGKILL)
    assert not store.has(KEY)
    assert store.get(KEY) is None
    store.put(KEY, StageOutput(FRAMES, {}))
    assert hash_output(store.get(KEY)) == hash_output(StageOutput(FRAMES, {}))


@pytest.mark.parametrize("survivor", ["facts.json", "prices.parquet", "frames.pack"])
def test_a_removal_that_breaks_off_leaves_the_key_writable(store, monkeypatch, survivor):
    """Whichever file is still there when the process dies, the key is absent and can be written again."""
    if survivor != "frames.pack":
        monkeypatch.setattr("webapp.storage.PACKED_VALUES", 0)
    store.put(KEY, StageOutput(FRAMES, {}))

    def half(folder, **_options):
        for file in folder.iterdir():
            if file.name != survivor:
                file.unlink()
        raise SystemExit

    monkeypatch.setattr(shutil, "rmtree", half)
    with pytest.raises(SystemExit):
        store.remove(KEY)
    monkeypatch.undo()
    assert store.get(KEY) is None
    store.put(KEY, StageOutput(FRAMES, {}))
    assert hash_output(store.get(KEY)) == hash_output(StageOutput(FRAMES, {}))


def test_a_file_is_received_in_pieces_and_named_by_its_content(tmp_path):
    files = FileStore(tmp_path / "files")
    content_hash, n_bytes = files.receive([b"date,", b"close\n"])

    assert n_bytes == 11
    assert files.path(content_hash).read_bytes() == b"date,close\n"
    assert files.receive([b"date,close\n"]) == (content_hash, 11)


def test_a_file_that_breaks_off_leaves_nothing(tmp_path):
    def breaks():
        yield b"date"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        FileStore(tmp_path / "files").receive(breaks())
    assert not [each for each in (tmp_path / "files").rglob("*") if each.is_file()]


def test_files_that_nobody_uses_are_removed_unless_they_are_young(tmp_path):
    files = FileStore(tmp_path / "files")
    used, unused, young = (files.receive([content])[0] for content in (b"used", b"unused", b"young"))
    for content in (used, unused):
        os.utime(files.path(content), (1e9, 1e9))

    assert files.remove_unused({used}, before=later(-1)) == 1
    assert {found.name[3:] for found in files.place.files()} == {used, young}
    assert not files._remove("00/gone", later(1))


def test_a_file_that_comes_in_again_while_it_is_removed_stays(tmp_path):
    files = FileStore(tmp_path / "files")
    content, _ = files.receive([b"again"])

    assert not files._remove(f"{content[:2]}/{content}", later(-1))
    assert files.path(content).read_bytes() == b"again"


def later(days):
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)


# --- In a bucket -----------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(object_store):
    return Bucket(object_store.url(object_store.create_bucket()), access_key="key", secret_key="secret")


@pytest.fixture
def far(bucket):
    return BucketFrameStore(bucket.below("frames"))


@pytest.mark.parametrize("most_packed", [10**6, 0])
def test_a_bucket_gives_back_what_a_folder_would(far, store, monkeypatch, most_packed):
    monkeypatch.setattr("webapp.storage.PACKED_VALUES", most_packed)
    output = StageOutput(FRAMES, {"scores": [0.1, None], "nested": {"ü": "text"}})
    assert far.get(KEY) is None
    assert (far.has(KEY), far.count_bytes(KEY)) == (False, 0)
    far.put(KEY, output)
    store.put(KEY, output)

    assert hash_output(far.get(KEY)) == hash_output(store.get(KEY)) == hash_output(output)
    assert list(far.get(KEY, names=["panel"]).frames) == ["panel"]
    assert far.open_frame(KEY, "prices").metadata.num_rows == store.open_frame(KEY, "prices").metadata.num_rows == 3
    assert 0 < far.count_bytes(KEY) <= store.count_bytes(KEY)
    far.put(KEY, StageOutput({}, {"writer": 2}))
    assert far.get(KEY).facts == output.facts, "a second store of a key changes nothing"
    far.remove(KEY)
    far.remove(KEY)
    assert (far.get(KEY), far.has(KEY), list(far.bucket.files())) == (None, False, [])


def test_scopes_in_a_bucket_share_nothing(far):
    first, second = ScopedStore(far, "first"), ScopedStore(far, "second")
    first.put(KEY, StageOutput(FRAMES, {}))
    assert second.get(KEY) is None
    assert hash_output(first.get(KEY)) == hash_output(StageOutput(FRAMES, {}))


def test_two_writers_of_one_key_in_a_bucket_leave_one_and_a_reader_never_sees_half(far):
    start, done, odd = threading.Barrier(3), threading.Event(), []

    def write(number):
        start.wait()
        far.put(KEY, StageOutput(FRAMES, {"writer": number}))

    def look():
        while not done.is_set():
            found = far.get(KEY)
            if found is not None and hash_output(StageOutput(found.frames, {})) != hash_output(StageOutput(FRAMES, {})):
                odd.append(found)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    reader = threading.Thread(target=look)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()

    assert odd == []
    winner = far.get(KEY).facts["writer"]
    far.clear_drafts(later(1))  # what the losers wrote goes; what the winner wrote stays
    assert len(list(far.bucket.files())) == 2, "the manifest and its pack"
    assert hash_output(far.get(KEY)) == hash_output(StageOutput(FRAMES, {"writer": winner}))


def test_what_a_writer_left_in_a_bucket_is_invisible_and_cleared_after_a_day(far, monkeypatch):
    with pytest.raises(ValueError, match="JSON"):
        far.put(KEY, StageOutput(FRAMES, {"score": float("nan")}))
    assert far.get(KEY) is None
    left = len(list(far.bucket.files()))
    assert left == 1
    assert far.clear_drafts(later(-1)) == 0, "its writer may live"
    assert far.clear_drafts(later(1)) == left
    assert list(far.bucket.files()) == []


def test_who_may_not_publish_leaves_nothing_visible_in_a_bucket(far):
    @contextmanager
    def refused():
        assert not far.has(KEY)
        raise LeaseLost("Not yours.")
        yield

    with pytest.raises(LeaseLost):
        far.put(KEY, StageOutput(FRAMES, {}), publish=refused())
    assert (far.get(KEY), far.has(KEY), far.count_bytes(KEY)) == (None, False, 0)


def test_drafts_of_dead_writers_are_cleared_from_a_folder(store):
    (store.root / "drafts" / "dead").mkdir(parents=True)
    store.put(KEY, StageOutput(FRAMES, {}))
    assert store.clear_drafts(later(-1)) == 0
    assert store.clear_drafts(later(1)) == 1
    assert store.get(KEY) is not None


@pytest.mark.parametrize("most_packed", [10**6, 0])
def test_a_folder_that_was_copied_into_a_bucket_is_read_there_and_the_other_way_round(
    far, store, tmp_path, monkeypatch, most_packed
):
    monkeypatch.setattr("webapp.storage.PACKED_VALUES", most_packed)
    store.put(KEY, StageOutput(FRAMES, {"from": "folder"}))
    for found in store.place.files():
        with store.place.open(found.name) as file:
            far.place.write(found.name, [file.read()])
    assert hash_output(far.get(KEY)) == hash_output(store.get(KEY))

    other = "cd" + "0" * 62
    far.put(other, StageOutput(FRAMES, {"from": "bucket"}))
    copy = FrameStore(tmp_path / "copy")
    for found in far.place.files():
        with far.place.open(found.name) as file:
            copy.place.write(found.name, [file.read()])
    assert hash_output(copy.get(other)) == hash_output(far.get(other))
    assert copy.open_frame(other, "prices").metadata.num_rows == 3
    assert copy.count_bytes(other) > far.count_bytes(other) > 0


def test_files_in_a_bucket_are_received_whole_and_lent_for_a_while(bucket, tmp_path):
    files = BucketFileStore(bucket.below("files"), tmp_path)
    content_hash, n_bytes = files.receive([b"date,", b"close\n"])
    assert files.receive([b"date,close\n"]) == (content_hash, 11) == (content_hash, n_bytes)
    with files.local(content_hash) as path:
        assert path.read_bytes() == b"date,close\n"
    assert not path.exists()
    with pytest.raises(FileNotFoundError), files.local("0" * 64):
        pass
    assert [found.name for found in files.place.files()] == [f"{content_hash[:2]}/{content_hash}"]
    assert files.remove_unused({content_hash}, before=later(1)) == 0
    assert files.remove_unused(set(), before=later(-1)) == 0
    assert files.remove_unused(set(), before=later(1)) == 1
    assert list(files.place.files()) == []
    assert list((tmp_path / "drafts").iterdir()) == []


def test_a_bucket_that_is_away_is_said_so_and_keeps_nobody_waiting():
    away = Bucket("s3://bucket/x?region=us-east-1&endpoint_override=http://127.0.0.1:1", access_key="k", secret_key="s")
    for use in (lambda: BucketFrameStore(away).get(KEY), lambda: BucketFrameStore(away).put(KEY, StageOutput({}, {}))):
        with pytest.raises(ServiceUnavailable, match="does not answer"):
            use()
    assert "connect" in away.problem()


def test_one_setting_chooses_the_place(settings, object_store, tmp_path):
    def opened(**values):
        chosen = Settings(**{**settings.model_dump(exclude={"results_url"}), **values})
        return open_frames(chosen), open_files(chosen), places(chosen)

    frames, files, _ = opened()
    assert (frames.root, files.root) == (settings.home / "frames", settings.home / "files")

    share = tmp_path / "a share"
    frames, files, found = opened(results_url=f"file://{tmp_path}/a%20share")
    with pytest.raises(ServiceUnavailable):  # it is not mounted: nothing may be written beneath
        frames.put(KEY, StageOutput(FRAMES, {}))
    assert "mounted" in found["files"].problem()
    share.mkdir()
    frames.put(KEY, StageOutput(FRAMES, {}))
    assert frames.folder(KEY).is_relative_to(share / "frames")
    assert files.root == share / "files"

    bucket = object_store.create_bucket()
    frames, files, found = opened(
        results_url=object_store.url(bucket, "team/one"), results_access_key="key", results_secret_key="secret"
    )
    assert isinstance(frames, BucketFrameStore)
    assert isinstance(files, BucketFileStore)
    assert {name: place.title for name, place in found.items()} == {
        "frames": f"s3://{bucket}/team/one/frames",
        "files": f"s3://{bucket}/team/one/files",
    }
